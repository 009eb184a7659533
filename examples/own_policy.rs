//! A policy of one's own, built in code instead of TOML: after the controls of April 2025, with a
//! probability of one half, nothing that one magnet maker sells leaves China for three months.
//! What that adds is read from paired differences: each run is compared with the run of the same luck.
//! `cargo run --release --example own_policy -- "Zhenghai"` names another company of the network.

use coercivity::id::{Place, RouteId};
use coercivity::kernel::Kernel;
use coercivity::network::line::Stage;
use coercivity::policy::parameter::Value;
use coercivity::policy::shock::{End, Kind, Shock, Trigger, When};
use coercivity::random::sample::Distribution;
use coercivity::scenario::Scenario;
use coercivity::study::difference::differences;
use coercivity::study::{self, Options};
use coercivity::summary::Summary;

fn simulate(scenario: &Scenario) -> Result<Summary, Box<dyn std::error::Error>> {
    let kernel = Kernel::compile(scenario);
    let options = Options::of_plan(scenario, kernel.design(), 2)?;
    Ok(study::run(&kernel, &options, &|_| {}, &|| false, None)?.summary)
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let company = std::env::args().nth(1).unwrap_or_else(|| "JL MAG".to_owned());
    let (mut base, _warnings) = Scenario::bundled("2025-april-controls")?;
    base.plan.replications = 128;

    // Where: magnets this company sells out of China.
    let china = Place::parse("CHN").ok_or("not a country")?;
    let graph = &base.lines;
    let leaves = |from: usize, to: usize| {
        let (seller, buyer) = (&graph.lines[from], &graph.lines[to]);
        let site = &graph.sites[seller.facility.index()];
        site.company == company
            && seller.stage == Stage::Magnet
            && seller.country == china
            && buyer.country != china
    };
    let routes: Vec<RouteId> = (0..graph.routes.len())
        .filter(|&i| leaves(graph.routes[i].from.index(), graph.routes[i].to.index()))
        .map(RouteId::new)
        .collect();
    if routes.is_empty() {
        return Err(format!("no magnets of `{company}` leave China in this network").into());
    }

    // When: 30 to 60 days after the controls begin, in half of the runs. How it ends: after 90 days.
    let controls =
        base.shocks.iter().position(|shock| shock.id == "april-controls").ok_or("no such shock")?;
    let mut policy = base.clone();
    println!("embargo on {} routes of {company}, with probability 0.5", routes.len());
    policy.shocks.push(Shock {
        id: "retaliation".to_owned(), // keys its random numbers
        title: format!("{company} may not export"),
        kind: Kind::Embargo { routes },
        start: When { date: base.start, delay: Value::fixed(0.0) }, // not used: a trigger decides
        end: End::After(Value::fixed(90.0)),
        trigger: Some(Trigger {
            after: controls,
            on_end: false,
            delay: Distribution::Uniform { low: 30.0, high: 60.0 }.into(),
            probability: 0.5,
        }),
    });

    let (without, with) = (simulate(&base)?, simulate(&policy)?);
    for found in differences(&with, &without) {
        if ["vehicles_lost", "vehicles_lost:EUR", "vehicles_lost:NAM", "exports"]
            .contains(&found.metric.as_str())
        {
            let (low, high) = found.difference.mean_ci;
            println!(
                "{:18} {:+.0} {} (95 % confidence {low:+.0} to {high:+.0}) on {:.0}",
                found.metric, found.difference.mean, found.unit, found.base
            );
        }
    }
    Ok(())
}
