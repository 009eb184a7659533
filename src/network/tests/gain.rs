//! Cycles and long chains of facilities with recipes of their own.

use super::{check, template_with};
use crate::network::baseline;
use crate::network::findings::Findings;
use crate::network::load::{FILES, File, parse};

#[test]
fn a_cycle_that_needs_all_it_makes_is_refused_by_name() {
    let amount =
        |row: &'static str| template_with("recipes.csv", move |text| Some(text.replace("3.6,4,5", row)));
    // Around it: 0.02 of 0.284 t metal a tonne of magnets, times magnets per tonne of metal.
    assert!(check(&amount("3,4,5")).list().is_empty());
    for (row, told) in [("300,300,300", "central"), ("4,4,300", "end of the bands")] {
        let found = check(&amount(row));
        assert_eq!(
            found.list().iter().map(|d| d.code).collect::<Vec<_>>(),
            ["E0135"],
            "{}",
            found.render(false)
        );
        let message = &found.list()[0].message;
        assert!(
            message.contains(told) && message.contains("mag-coast → recycler-north → mag-coast"),
            "{message}"
        );
        assert_eq!(found.position(found.list()[0].labels[0].0), Some((5, 1)));
    }
}

#[test]
fn the_gain_of_a_ring_is_the_product_around_it() {
    // Three facilities with recipes, each 1 t from `amount` t of the one before; demand from a fourth.
    let ring = |amounts: [f64; 3]| {
        let node = |id: &str| format!("{id},{id},metal,CHN,CHN,10,t,1,1,invented\n");
        let nodes = format!(
            "id,name,stage,country,region,capacity,unit,utilisation,inventory_days,note\n{}{}{}{}",
            node("a"),
            node("b"),
            node("c"),
            node("d")
        )
        .replace(",1,1,", ",1,5,");
        let edges = "from,to,material,share,lead_time_days,note\na,b,pa,1,2,x\nb,c,pb,1,2,x\nc,a,pc,1,2,x\nc,d,pc,1,2,x\n";
        let recipes = format!(
            "facility,product,input,amount\na,pa,pc,{}\nb,pb,pa,{}\nc,pc,pb,{}\nd,pd,pc,1\n",
            amounts[0], amounts[1], amounts[2]
        );
        let texts = [Some(nodes), Some(edges.to_owned()), None, None, None, None, Some(recipes)];
        FILES
            .iter()
            .zip(texts)
            .map(|(name, text)| File { name: (*name).to_owned(), text })
            .collect::<Vec<_>>()
    };
    for (amounts, sound) in [
        ([0.5, 0.5, 0.5], true),
        ([20.0, 0.05, 0.999], true),
        ([20.0, 0.05, 1.001], false),
        ([1.0, 1.0, 1.0], false),
        ([1e9, 1e-9, 0.9], true),
        ([0.0, 5.0, 5.0], true),
    ] {
        let found = check(&ring(amounts));
        assert_eq!(found.error_count() == 0, sound, "{amounts:?}\n{}", found.render(false));
    }
    let (network, _) =
        parse("ring", &ring([0.5, 0.5, 0.5]), Findings::default()).map_err(|d| d.render(false)).unwrap();
    let graph = network.lines().unwrap();
    // x_c = f + 0.125 x_c, f = 10 t a year.
    let c = graph.lines.iter().position(|l| l.id == "c:pc").unwrap();
    assert!((baseline::pulled(&graph)[c] * 365.0 - 10.0 / 0.875).abs() < 1e-9);
}

#[test]
fn a_long_chain_overflows_no_stack_and_takes_no_hour() {
    let count = 30_000;
    let nodes: String = (0..count).map(|i| format!("f{i},f,metal,CHN,CHN,10,t,5\n")).collect();
    let edges: String = (1..count).map(|i| format!("f{},f{i},p{},1,2\n", i - 1, i - 1)).collect();
    let recipes: String = (0..count)
        .map(|i| if i == 0 { "f0,p0,,\n".to_owned() } else { format!("f{i},p{i},p{},1\n", i - 1) })
        .collect();
    let texts = [
        Some(format!("id,name,stage,country,region,capacity,unit,inventory_days\n{nodes}")),
        Some(format!("from,to,material,share,lead_time_days\n{edges}")),
        None,
        None,
        None,
        None,
        Some(format!("facility,product,input,amount\n{recipes}")),
    ];
    let files: Vec<File> =
        FILES.iter().zip(texts).map(|(name, text)| File { name: (*name).to_owned(), text }).collect();
    let (network, _) = parse("chain", &files, Findings::default()).map_err(|d| d.render(false)).unwrap();
    let graph = network.lines().unwrap();
    assert!((baseline::pulled(&graph)[0] * 365.0 - 10.0).abs() < 1e-6);
    assert_eq!(network.articulation_points().len(), count - 2);
}
