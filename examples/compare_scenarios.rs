//! What would have helped? Three policies against the record of 2025, all with the same luck, as a table
//! and as a picture: `cargo run --release --example compare_scenarios -- remedies.svg`

use coercivity::chart::{Format, Provenance, Tornado, TornadoRow};
use coercivity::kernel::Kernel;
use coercivity::scenario::Scenario;
use coercivity::study::difference::differences;
use coercivity::study::{self, Options};
use coercivity::summary::Summary;

const BASE: &str = "2025-april-controls";
const REMEDIES: [&str; 3] = ["general-licences", "stockpile-release", "heavy-free-magnets"];
const REPLICATIONS: u64 = 64;

fn simulate(name: &str) -> Result<(Scenario, Summary), Box<dyn std::error::Error>> {
    let (mut scenario, _warnings) = Scenario::bundled(name)?;
    scenario.plan.replications = REPLICATIONS;
    let kernel = Kernel::compile(&scenario);
    let options = Options::of_plan(&scenario, kernel.design(), 2)?;
    let summary = study::run(&kernel, &options, &|_| {}, &|| false, None)?.summary;
    Ok((scenario, summary))
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let path = std::env::args().nth(1).unwrap_or_else(|| "remedies.svg".to_owned());
    let (base, without) = simulate(BASE)?;
    println!("{:40} {:>18} {:>32}", "policy", "vehicles not built", "95 % confidence");

    let mut rows = Vec::new();
    for name in REMEDIES {
        let (scenario, with) = simulate(name)?;
        let found = differences(&with, &without);
        let lost = found.iter().find(|found| found.metric == "vehicles_lost").ok_or("no vehicles")?;
        let (low, high) = lost.difference.mean_ci;
        println!("{:40} {:>+18.0} {low:>+16.0} … {high:>+13.0}", scenario.title, lost.difference.mean);
        rows.push(TornadoRow {
            label: scenario.title,
            effects: vec![lost.difference.mean],
            intervals: vec![lost.difference.mean_ci],
        });
    }

    let picture = Tornado {
        caption: "What would have helped".into(),
        subtitle: format!("{}: runs of equal luck with and without each policy", base.title),
        quantity: "change of vehicles not built, mean of paired differences".into(),
        series: vec!["policy".into()],
        rows,
        most_rows: 10,
        provenance: Provenance {
            scenario: base.name,
            runs: without.count(),
            seed: base.plan.seed,
            band: "whiskers: 95 % confidence of the mean".into(),
            vintage: base.vintage,
            version: env!("CARGO_PKG_VERSION").into(),
        },
    };
    let bitmap = std::path::Path::new(&path).extension().is_some_and(|ending| ending == "png");
    std::fs::write(&path, picture.render(if bitmap { Format::Png } else { Format::Svg })?)?;
    println!("{path}");
    Ok(())
}
