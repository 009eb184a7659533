use coercivity::kernel::*;
use coercivity::scenario::Scenario;
fn main() {
    let name = std::env::args().nth(1).unwrap_or("baseline".into());
    let n: u64 = std::env::args().nth(2).map_or(16, |s| s.parse().unwrap());
    let scenario = match Scenario::bundled(&name) { Ok(s) => s.0, Err(coercivity::error::Error::Input(d)) => { eprintln!("{}", d.render(false)); return }, Err(e) => panic!("{e}") };
    println!("{} lines {} routes {} pools {}", scenario.name, scenario.lines.lines.len(), scenario.lines.routes.len(), scenario.lines.pools.len());
    let t = std::time::Instant::now();
    let kernel = Kernel::compile(&scenario);
    println!("compile {:?}", t.elapsed());
    let mut scratch = kernel.scratch();
    let mut out = Vec::new();
    let t = std::time::Instant::now();
    let mut first = 0;
    while first < n { kernel.replicate(first, 8, &mut scratch, &mut out); first += 8; }
    let e = t.elapsed().as_secs_f64();
    println!("{} reps in {:.3}s: {:.3e} edge-steps/s", first, e, kernel.edges() as f64 * kernel.steps() as f64 * first as f64 / e);
    let d = kernel.design();
    for (i, m) in d.metrics.iter().enumerate() {
        if m.name.contains("@") && std::env::args().nth(3).is_none() { continue; }
        let mut v: Vec<f64> = out.iter().map(|o| o.metrics[i]).collect();
        let mean = v.iter().sum::<f64>() / v.len() as f64;
        v.sort_by(f64::total_cmp);
        println!("{:40} mean {:>16.4} med {:>16.4} min {:>14.3} max {:>14.3} {}", m.name, mean, v[v.len()/2], v[0], v[v.len()-1], m.unit);
    }
    let mut off = 0;
    for s in &d.series {
        let n = s.dates.len();
        if s.group == "exports" || s.group == "price" || s.id == "output:WORLD" || s.group=="cover" || s.group=="licences" {
            print!("{:20}", s.id);
            let step = if n > 30 { 4 } else { 1 };
            for k in (0..n).step_by(step) {
                let m = out.iter().map(|o| o.series[off + k]).sum::<f64>() / out.len() as f64;
                let r = if s.reference[k] > 0. && s.group != "price" && s.group!="cover" { s.reference[k] } else { 1.0 };
                print!(" {:.2}", m / r);
            }
            println!();
        }
        off += n;
    }
}
