//! Chinese shares on a chain that can be followed by hand.

#![allow(clippy::pedantic)] // tests compare, count and cast

use super::{Kernel, State, Watch};
use crate::scenario::Scenario;

/// The shipped network with the rule on foreign-made goods from 1 July 2025.
fn scenario(threshold: f64, more: &str) -> Scenario {
    let text = format!(
        "title = \"t\"\nextends = \"baseline\"\nparameter_set = \"none\"\nend = 2025-10-28\n[parameters]\ndesk_reject = 1\ndesk_return = 0\n[[shock]]\nid = \"abroad\"\nkind = \"licensing\"\nstart = 2025-07-01\nde_minimis = {threshold}\nwhere = {{ from_not = [\"CHN\"], to_not = [\"CHN\"], crosses_border = true, stage_from = [\"separation\", \"metal\", \"magnet\"] }}\n{more}"
    );
    match Scenario::parse("test", &text) {
        Ok((scenario, _)) => scenario,
        Err(error) => panic!("{error}\n{text}"),
    }
}

/// Checks every share of every step.
#[derive(Default)]
struct Bounds {
    first: Vec<[f64; 4]>,
    moved: f64,
}

impl Watch<2> for Bounds {
    fn step(&mut self, kernel: &Kernel, step: u32, state: &State<2>) {
        let origin = state.origin.as_ref().expect("the rule asks for origin");
        for line in 0..kernel.lines.pool.len() {
            for heavy in [false, true] {
                let shares = origin.of_line(line, heavy, 1);
                assert!(shares.iter().all(|share| (0.0..=1.0).contains(share)), "{shares:?} on step {step}");
                if step == 0 {
                    self.first.push(shares);
                }
                let first = self.first[2 * line + usize::from(heavy)];
                self.moved = shares.iter().zip(first).map(|(a, b)| (a - b).abs()).fold(self.moved, f64::max);
            }
        }
    }
}

fn watch(scenario: &Scenario) -> Bounds {
    let kernel = Kernel::compile(scenario);
    let mut bounds = Bounds::default();
    kernel.watch::<2>(0, &mut State::new(&kernel), &mut bounds);
    bounds
}

#[test]
fn shares_stay_put_in_calm_and_within_bounds_under_stress() {
    let mut calm = scenario(0.001, "");
    calm.days = 150;
    // Plants that open during the run bring other goods in; up to their first day shares are constant.
    assert!(watch(&calm).moved < 0.5, "shares jump without a shock");
    let stress = scenario(
        0.001,
        "[[shock]]\nid = \"stop\"\nkind = \"embargo\"\nstart = 2025-02-01\nwhere = { from = [\"CHN\"], to_not = [\"CHN\"] }",
    );
    let moved = watch(&stress).moved;
    assert!(moved > 0.1, "an embargo must take the Chinese share out of foreign goods: {moved}");
}

#[test]
fn a_share_by_hand() {
    let scenario = scenario(0.001, "");
    let kernel = Kernel::compile(&scenario);
    let mut state = State::<1>::new(&kernel);
    let graph = kernel.graph();
    super::draw::start(&kernel, &[crate::random::philox::Streams::new(1, 0)], &mut state);
    let origin = state.origin.as_ref().expect("the rule asks for origin");
    let mut checked = [0; 3];
    for (line, entry) in graph.lines.iter().enumerate() {
        let chinese = f64::from(u8::from(entry.country == crate::id::Place::CHN));
        let of = |heavy| origin.of_line(line, heavy, 0);
        match entry.stage {
            crate::network::line::Stage::Mine => {
                assert_eq!(of(false), [chinese, 0.0, 0.0, 0.0], "{}", entry.id);
                checked[0] += 1;
            }
            crate::network::line::Stage::Magnet if kernel.inputs_of(line).count() > 0 => {
                // Made into magnets here; made into metal where its metal lines stand, by tonnes of NdPr.
                assert_eq!(of(false)[3], chinese, "{}", entry.id);
                let (mut all, mut inside) = (0.0, 0.0);
                for r in kernel.inputs_of(line) {
                    let route = &graph.routes[kernel.routes.id[r].index()];
                    let supplier = &graph.lines[route.from.index()];
                    if supplier.stage != crate::network::line::Stage::Metal {
                        all = f64::NAN;
                    }
                    let tonnes = state.routes[r].base_flow[0] * graph.materials[route.material.index()].ndpr;
                    all += tonnes;
                    inside += tonnes * f64::from(u8::from(supplier.country == crate::id::Place::CHN));
                }
                if all > 0.0 {
                    assert!(
                        (of(false)[2] - inside / all).abs() < 1e-12,
                        "{}: {} by hand {}",
                        entry.id,
                        of(false)[2],
                        inside / all
                    );
                    checked[1] += 1;
                }
            }
            crate::network::line::Stage::Automaker => {
                // Part makers' goods, tonne by tonne: between the least and the most Chinese of them.
                let parts: Vec<f64> = kernel
                    .inputs_of(line)
                    .filter(|r| state.routes[*r].base_flow[0] > 0.0)
                    .map(|r| origin.of_line(kernel.routes.from[r] as usize, false, 0)[3])
                    .collect();
                let (low, high) = parts.iter().fold((1.0_f64, 0.0_f64), |(l, h), s| (l.min(*s), h.max(*s)));
                if !parts.is_empty() {
                    assert!((low - 1e-12..=high + 1e-12).contains(&of(false)[3]), "{}", entry.id);
                    checked[2] += 1;
                }
            }
            _ => {}
        }
    }
    assert!(checked.iter().all(|count| *count > 0), "{checked:?}");
}

#[test]
fn goods_without_chinese_content_need_no_licence() {
    let filed = |threshold: f64, more: &str| {
        let kernel = Kernel::compile(&scenario(threshold, more));
        let mut state = State::<1>::new(&kernel);
        kernel.watch(0, &mut state, &mut super::Blind);
        let names = &kernel.design().metrics;
        let place = names.iter().position(|metric| metric.name == "licences_filed").expect("a desk");
        kernel.outcome(&state, 0, 0).metrics[place]
    };
    let strict = filed(0.001, "");
    assert!(strict > 0.0, "some foreign goods hold Chinese dysprosium");
    assert!(filed(0.0, "") >= strict, "at nothing everybody needs one");
    assert!(filed(1.0, "") < strict, "no magnet is all dysprosium");
}

#[test]
fn nobody_else_pays_for_origin() {
    let (scenario, _) = Scenario::bundled("2025-april-controls").expect("bundled");
    assert!(Kernel::compile(&scenario).origin.is_none());
}
