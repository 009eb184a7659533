//! Several exporter–customer pairs behind a route: nobody ships on another's licence.

#![allow(clippy::pedantic)] // tests compare, count and cast

use super::{Kernel, State, Watch};
use crate::policy::licence::Licensing;
use crate::policy::shock::Kind;
use crate::scenario::Scenario;

const WHERE: &str = r#"where = { from = ["CHN"], to_not = ["CHN"], control = "heavy" }"#;

/// A run of the shipped network to the end of October 2025 with one licensing rule on 4 April.
fn scenario(keys: &str, parameters: &str) -> Scenario {
    let text = format!(
        "title = \"t\"\nextends = \"baseline\"\nparameter_set = \"none\"\nend = 2025-10-28\n[parameters]\n{parameters}\n[[shock]]\nid = \"control\"\nkind = \"licensing\"\nstart = 2025-04-04\n{keys}\n{WHERE}\n"
    );
    match Scenario::parse("test", &text) {
        Ok((scenario, _)) => scenario,
        Err(error) => panic!("{error}\n{text}"),
    }
}

fn rule(scenario: &Scenario) -> &Licensing {
    match &scenario.shocks.last().expect("the control").kind {
        Kind::Licensing(licensing) => licensing,
        _ => panic!("no licensing rule"),
    }
}

/// Of every controlled route and day: what left, its calm flow, its book, and pairs that hold a licence.
#[derive(Default)]
struct Licensed(Vec<Vec<[f64; 4]>>);

impl Watch<1> for Licensed {
    fn step(&mut self, kernel: &Kernel, _: u32, state: &State<1>) {
        let pairs = rule(&kernel.scenario).pairs as usize;
        let of = |(c, r): (usize, &u32)| {
            let route = &state.routes[*r as usize];
            let held = (0..pairs).filter(|pair| state.desk.pair_balance(0, c, *pair, 0) > 0.0).count();
            [route.leaving[0], route.base_flow[0], route.book[0], held as f64]
        };
        self.0.push(kernel.rules[0].routes.iter().enumerate().map(of).collect());
    }
}

fn watched(pairs: u32, parameters: &str) -> Vec<Vec<[f64; 4]>> {
    let kernel = Kernel::compile(&scenario(&format!("law = \"exponential\"\npairs = {pairs}"), parameters));
    let mut seen = Licensed::default();
    kernel.watch::<1>(3, &mut State::new(&kernel), &mut seen);
    seen.0
}

/// Licences that never run out, waits of 60 days on the mean, no returns, and nobody gives an order up.
const SIXTY_DAYS: &str = "intake_low = 0\nintake_high = 0\ndesk_dead_time = 0\ndesk_mean = 60\ndesk_reject = 0\ndesk_return = 0\nlicensed_rate = 1\nlot_days = 3650\nvalidity_single = 3650\ncancellation = 0\nsubstitution_cap = 0\ngrowth = 1\nfinished_days = 30";

#[test]
fn a_route_ships_the_share_of_its_pairs_that_are_licensed() {
    let pairs = 8;
    let days = watched(pairs, SIXTY_DAYS);
    let first = 93; // 4 April
    let mut compared = 0;
    for (day, routes) in days.iter().enumerate().skip(first) {
        for [left, calm, book, held] in routes.iter().filter(|route| route[1] > 0.0) {
            let may = calm * held / f64::from(pairs);
            assert!(*left <= may * (1.0 + 1e-9), "day {day}: {left} t left, {may} t may");
            // With a book of a week left over, what may leave has left.
            if *book > 7.0 * calm && day < first + 20 {
                assert!((left - may).abs() <= 1e-9 * calm, "day {day}: {left} t left of {may} t");
                compared += 1;
            }
        }
    }
    assert!(compared > 500, "{compared}");
    // Licences come to each pair for itself: 1 − e^(−t/60) of them after t days.
    for after in [10, 40, 100] {
        let routes = &days[first + after];
        let all = routes.len() as f64 * f64::from(pairs);
        let share = routes.iter().map(|route| route[3]).sum::<f64>() / all;
        let expected = 1.0 - libm::exp(-(after as f64) / 60.0);
        let error = (expected * (1.0 - expected) / all).sqrt();
        assert!((share - expected).abs() < 4.0 * error, "after {after} days: {share}, expected {expected}");
    }
}

#[test]
fn one_pair_is_all_or_nothing() {
    let days = watched(1, SIXTY_DAYS);
    let routes = &days[93 + 40];
    assert!(routes.iter().all(|route| route[3] == 0.0 || route[3] == 1.0));
    assert!(routes.iter().any(|route| route[3] == 0.0) && routes.iter().any(|route| route[3] == 1.0));
}

/// Pairs that are all licensed at once are no control, up to the rounding of their parts.
#[test]
fn pairs_licensed_at_once_are_no_control() {
    let open = "intake_low = 0\nintake_high = 0\ndesk_dead_time = 0\ndesk_mean = 0\ndesk_reject = 0\ndesk_return = 0\nlicensed_rate = 1e9";
    let (ten, none) = (watched(10, open), watched(1, open));
    for (day, (ten, none)) in ten.iter().zip(&none).enumerate() {
        for (own, other) in ten.iter().zip(none) {
            assert!((own[0] - other[0]).abs() <= 1e-9 * other[1], "day {day}: {own:?} and {other:?}");
        }
    }
}

#[test]
fn single_licences_are_spent_pair_by_pair() {
    let parameters = "intake_low = 0\nintake_high = 0\ndesk_dead_time = 0\ndesk_mean = 20\ndesk_reject = 0\ndesk_return = 0";
    for use_ in ["single", "multi"] {
        let kernel = Kernel::compile(&scenario(&format!("pairs = 5\nuse = \"{use_}\""), parameters));
        let mut seen = Licensed::default();
        kernel.watch::<1>(1, &mut State::new(&kernel), &mut seen);
        let held = |day: usize| seen.0[day].iter().map(|route| route[3]).sum::<f64>();
        // A licence for one shipment is gone with it; one for many lasts.
        assert_eq!(held(93 + 60) == 0.0, use_ == "single", "{use_}: {}", held(93 + 60));
    }
}
