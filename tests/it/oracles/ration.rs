//! Rationing: bounds, sums, monotone in what there is, blind to order, and what each rule promises.

use coercivity::id::LineId;
use coercivity::network::line::{EndUse, Stage};
use coercivity::policy::parameter::Parameter;
use coercivity::policy::response::Rationing;
use coercivity::policy::shock::Kind;

use super::build::{Capacity, Net, Run, Way, fixed, outage, run, scenario, set, shock};

const RULES: [Rationing; 6] = [
    Rationing::Proportional,
    Rationing::Priority,
    Rationing::LeastHurtFirst,
    Rationing::ContractFirst,
    Rationing::DomesticFirst,
    Rationing::Price,
];

/// Customers: demand, country, use, factor of their demand from day 8 on.
const CUSTOMERS: [(f64, &str, EndUse, f64); 5] = [
    (4.0, "CHN", EndUse::Automotive, 1.0),
    (2.0, "DEU", EndUse::Automotive, 2.0),
    (8.0, "DEU", EndUse::Wind, 1.1),
    (1.0, "USA", EndUse::Defence, 1.5),
    (3.0, "CHN", EndUse::Consumer, 0.9),
];

/// One supplier that loses a share of its capacity on day 9, and five customers whose orders went apart on
/// day 8. `order` is the order in which the customers are built.
fn star(rule: Rationing, loss: f64, order: &[usize]) -> (Run, Vec<usize>, LineId) {
    let mut net = Net::default();
    let supplier = net.facility("supplier", Stage::Magnet, "CHN", Capacity::Of(20.0), 0.0);
    let mut shocks = vec![outage(vec![net.pool(supplier)], loss, 9, 500)];
    let mut route_of = vec![0; CUSTOMERS.len()];
    for &who in order {
        let (demand, country, end_use, factor) = CUSTOMERS[who];
        let user =
            net.facility(&format!("user-{who}"), Stage::OtherDemand, country, Capacity::Of(100.0), demand);
        net.graph.lines[user.index()].end_use = end_use;
        route_of[who] = net.route(supplier, user, "magnets", Way { cover: 9.0, ..Way::default() }).index();
        let change = Kind::DemandChange { lines: vec![user], factor: fixed(factor) };
        shocks.push(shock(&format!("change-{who}"), change, 8, None));
    }
    let mut scenario = scenario(&net, 40, shocks);
    scenario.switches.rationing = rule;
    scenario.switches.priority = vec![EndUse::Defence, EndUse::Wind];
    // What is usual stays the base flow, while targets, and with them orders, go up and down.
    set(&mut scenario, Parameter::ExpectationDays, 36500.0);
    set(&mut scenario, Parameter::TrendDays, 2.0);
    set(&mut scenario, Parameter::AdjustmentDays, 5.0);
    (run(&scenario), route_of, supplier)
}

/// Requests, shipments and what there was on one day, by customer.
fn day(run: &Run, routes: &[usize], supplier: LineId, t: usize) -> (Vec<f64>, Vec<f64>, f64) {
    let asked = routes.iter().map(|r| run.steps[t - 1].book[*r]).collect();
    let sent = routes.iter().map(|r| run.steps[t].left[*r]).collect();
    (asked, sent, run.steps[t - 1].finished[supplier.index()] + run.steps[t].output[supplier.index()])
}

const ORDER: [usize; 5] = [0, 1, 2, 3, 4];

/// 0 ≤ q ≤ e and Σq = min(Q, Σe), on every day, for every rule.
#[test]
fn shipments_stay_within_requests_and_use_everything() {
    for rule in RULES {
        for loss in [0.05, 0.3, 0.6, 0.95, 1.0] {
            let (run, routes, supplier) = star(rule, loss, &ORDER);
            for t in 1..40 {
                let (asked, sent, available) = day(&run, &routes, supplier, t);
                for (q, e) in sent.iter().zip(&asked) {
                    assert!(*q >= 0.0 && *q <= e * (1.0 + 1.0e-12), "{rule:?}: {q} of {e} on day {t}");
                }
                let (all, wanted) = (sent.iter().sum::<f64>(), asked.iter().sum::<f64>());
                let expected = available.min(wanted);
                assert!(
                    (all - expected).abs() <= 1.0e-12 * (1.0 + expected),
                    "{rule:?}: {all}, not {expected}, on day {t}"
                );
            }
        }
    }
}

/// Whoever is served from more gets no less: on the first short day requests do not depend on the loss.
#[test]
fn more_to_share_out_leaves_nobody_with_less() {
    for rule in RULES {
        let mut last = vec![f64::INFINITY; CUSTOMERS.len()];
        for step in 0..=40 {
            let (run, routes, supplier) = star(rule, f64::from(step) / 40.0, &ORDER);
            let (_, sent, _) = day(&run, &routes, supplier, 9);
            for (who, (now, before)) in sent.iter().zip(&last).enumerate() {
                assert!(
                    *now <= before + 1.0e-12,
                    "{rule:?}: customer {who} gets {now} after {before} from less"
                );
            }
            last = sent;
        }
        assert!(last.iter().all(|q| *q == 0.0));
    }
}

/// The order in which customers stand in the file does not matter.
#[test]
fn rationing_does_not_see_the_order_of_customers() {
    for rule in RULES {
        let (one, routes, supplier) = star(rule, 0.45, &ORDER);
        let (two, other_routes, other) = star(rule, 0.45, &[3, 0, 4, 2, 1]);
        for t in 1..40 {
            let (_, sent, _) = day(&one, &routes, supplier, t);
            let (_, other_sent, _) = day(&two, &other_routes, other, t);
            for (a, b) in sent.iter().zip(&other_sent) {
                assert!((a - b).abs() <= 1.0e-12 * (1.0 + a.abs()), "{rule:?}, day {t}: {a} and {b}");
            }
        }
    }
}

/// What each rule promises on the first short day.
#[test]
fn each_rule_keeps_its_promise() {
    let on_day = |rule, loss| {
        let (run, routes, supplier) = star(rule, loss, &ORDER);
        day(&run, &routes, supplier, 9)
    };
    // Proportional: the same share of every request.
    let (asked, sent, available) = on_day(Rationing::Proportional, 0.5);
    let ratio = available / asked.iter().sum::<f64>();
    assert!(ratio < 0.9);
    sent.iter().zip(&asked).for_each(|(q, e)| assert!((q / e - ratio).abs() < 1.0e-12));
    // Priority: defence and wind before the others, who share in proportion.
    let (asked, sent, available) = on_day(Rationing::Priority, 0.4);
    assert_eq!((sent[3], sent[2]), (asked[3], asked[2]));
    let rest = (available - asked[3] - asked[2]) / (asked[0] + asked[1] + asked[4]);
    for who in [0, 1, 4] {
        assert!((sent[who] / asked[who] - rest).abs() < 1.0e-12);
    }
    assert!(rest > 0.0 && rest < 1.0);
    // Domestic first: both customers in China are served in full.
    let (asked, sent, _) = on_day(Rationing::DomesticFirst, 0.5);
    assert_eq!((sent[0], sent[4]), (asked[0], asked[4]));
    assert!(sent[1] < 0.9 * asked[1]);
    // Contract first: when there is enough for base flows nobody gets less than min(request, base flow).
    let (asked, sent, available) = on_day(Rationing::ContractFirst, 0.02);
    assert!(available < asked.iter().sum::<f64>());
    for (who, (q, e)) in sent.iter().zip(&asked).enumerate() {
        assert!(*q >= e.min(CUSTOMERS[who].0) - 1.0e-12, "customer {who}: {q} of {e}");
    }
    // Least hurt first: a common level of shipments relative to usual flow, below which requests are filled.
    let (asked, sent, _) = on_day(Rationing::LeastHurtFirst, 0.15);
    assert_eq!(sent[4], asked[4], "the customer that asks for less than usual is served in full");
    assert!((sent[0] / 4.0) < 1.0 && sent[0] < asked[0]);
    // Price: with equal prices everywhere the same as in proportion.
    let (asked, sent, available) = on_day(Rationing::Price, 0.5);
    let ratio = available / asked.iter().sum::<f64>();
    sent.iter().zip(&asked).for_each(|(q, e)| assert!((q / e - ratio).abs() < 1.0e-12));
}
