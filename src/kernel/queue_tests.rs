//! The desk's core against closed forms of queueing theory. Rates are per day, times in days.

#![allow(clippy::pedantic)] // tests compare, count and cast

use super::queue::{Practice, Queue, Ticket, Verdict, service};
use crate::policy::licence::ReviewLaw;
use crate::random::philox::{Entity, Purpose, Streams};

/// A case: its number and its priority.
type Case = (u32, u8);

/// A desk whose draws depend on nothing but the case and its round.
struct Office {
    streams: Streams,
    law: ReviewLaw,
    /// Dead time and mean of the rest.
    times: (f64, f64),
    returned: f64,
    rejected: f64,
    answer: f64,
    intake: f64,
    pace: f64,
    /// Days of filing and closing, priority and fate of every case closed.
    closed: Vec<(f64, f64, u8, bool)>,
    /// Cases that came to the end of their service.
    decided: u32,
}

impl Office {
    fn new(law: ReviewLaw, dead: f64, mean: f64) -> Self {
        Self {
            streams: Streams::new(20_250_404, 0),
            law,
            times: (dead, mean),
            returned: 0.0,
            rejected: 0.0,
            answer: 0.0,
            intake: 0.0,
            pace: 1.0,
            closed: Vec::new(),
            decided: 0,
        }
    }

    fn draws(&self, what: &str, number: u32, round: u32) -> [f64; 2] {
        self.streams.block(Purpose::Test, Entity::of(what), round, number)
    }
}

impl Practice for Office {
    type Case = Case;
    fn intake(&mut self, _: &Case, _: u32) -> f64 {
        self.intake
    }
    fn work(&mut self, ticket: &Ticket<Case>, _: f64) -> f64 {
        service(self.law, self.times.0, self.times.1, self.draws("service", ticket.case.0, ticket.round))
    }
    fn pace(&self, _: &Case) -> f64 {
        self.pace
    }
    fn priority(&self, case: &Case) -> u8 {
        case.1
    }
    fn verdict(&mut self, _: f64, ticket: &Ticket<Case>) -> Verdict {
        self.decided += 1;
        let luck = self.draws("decision", ticket.case.0, ticket.round)[0];
        if luck < self.returned {
            Verdict::Returned { after: self.answer }
        } else if luck < self.returned + self.rejected {
            Verdict::Rejected
        } else {
            Verdict::Approved
        }
    }
    fn close(&mut self, day: f64, ticket: &Ticket<Case>, approved: bool) {
        self.closed.push((ticket.filed, day, ticket.case.1, approved));
    }
}

/// Files `count` cases at Poisson times of rate `lambda` and lets the desk empty itself. Returns the last
/// filing day and ∫ open cases over the whole time.
fn poisson(
    queue: &mut Queue<Case>,
    office: &mut Office,
    lambda: f64,
    count: u32,
    priority: impl Fn(u32) -> u8,
) -> (f64, f64) {
    let (mut day, mut area) = (0.0, 0.0);
    for number in 0..count {
        let next = day - libm::log(1.0 - office.draws("arrival", number, 0)[0]) / lambda;
        queue.advance(next, office);
        day = next;
        queue.file(day, (number, priority(number)), office);
    }
    queue.advance(f64::MAX, office);
    assert_eq!((queue.open(), queue.waiting(), queue.in_service()), (0, 0, 0));
    // ∫ N dt from the path itself: +1 at each filing, −1 at each closing.
    let mut edges: Vec<(f64, f64)> =
        office.closed.iter().flat_map(|(filed, closed, ..)| [(*filed, 1.0), (*closed, -1.0)]).collect();
    edges.sort_by(|a, b| a.0.total_cmp(&b.0).then(b.1.total_cmp(&a.1)));
    let (mut inside, mut before) = (0.0, 0.0);
    for (at, change) in edges {
        area += inside * (at - before);
        (inside, before) = (inside + change, at);
    }
    (day, area)
}

/// Mean time in the desk of the cases closed, with a standard error from 50 batches.
fn mean_time(office: &Office, wanted: impl Fn(u8) -> bool) -> (f64, f64) {
    let mut cases: Vec<(f64, f64)> = office
        .closed
        .iter()
        .filter(|case| wanted(case.2))
        .map(|(filed, closed, ..)| (*filed, closed - filed))
        .collect();
    cases.sort_by(|a, b| a.0.total_cmp(&b.0));
    let batch = cases.len() / 50;
    let means: Vec<f64> = cases
        .chunks_exact(batch)
        .take(50)
        .map(|c| c.iter().map(|x| x.1).sum::<f64>() / batch as f64)
        .collect();
    let mean = means.iter().sum::<f64>() / 50.0;
    let spread = means.iter().map(|m| (m - mean) * (m - mean)).sum::<f64>() / 49.0;
    (mean, (spread / 50.0).sqrt())
}

fn close_to((mean, error): (f64, f64), exact: f64, what: &str) {
    assert!((mean - exact).abs() < 4.0 * error, "{what}: {mean} ± {error}, exact {exact}");
    assert!(error < 0.05 * exact, "{what}: {mean} ± {error} is no test of {exact}");
}

/// Time in the system of M/G/1 with unit rate of service: Pollaczek and Khinchine.
fn pollaczek(lambda: f64, mean: f64, variance: f64) -> f64 {
    mean + lambda * (variance + mean * mean) / (2.0 * (1.0 - lambda * mean))
}

/// Time in the system of M/M/c.
fn erlang(servers: u32, lambda: f64, mean: f64) -> f64 {
    let offered = lambda * mean;
    // Erlang B by its recursion, then C.
    let blocked = (1..=servers).fold(1.0, |b, n| offered * b / (f64::from(n) + offered * b));
    let free = f64::from(servers) - offered;
    let waits = blocked / (1.0 - (offered / f64::from(servers)) * (1.0 - blocked));
    mean + waits * mean / free
}

const MANY: u32 = 200_000;

#[test]
fn one_server_follows_pollaczek_and_khinchine() {
    let (lambda, mean) = (0.6, 1.0);
    for (law, dead, rest, variance) in [
        (ReviewLaw::Exponential, 0.0, mean, mean * mean),
        (ReviewLaw::Deterministic, 0.0, mean, 0.0),
        (ReviewLaw::Gamma, 0.0, mean, 0.5 * mean * mean),
        (ReviewLaw::ShiftedExponential, 0.4, 0.6, 0.36),
    ] {
        let (mut queue, mut office) = (Queue::new(Some(1)), Office::new(law, dead, rest));
        let (days, area) = poisson(&mut queue, &mut office, lambda, MANY, |_| 0);
        let time = mean_time(&office, |_| true);
        close_to(time, pollaczek(lambda, mean, variance), "time");
        let number = area / days;
        let expected = lambda * pollaczek(lambda, mean, variance);
        assert!((number / expected - 1.0).abs() < 0.05, "{law:?}: L = {number}, exact {expected}");
        if law == ReviewLaw::Exponential {
            close_to(time, 1.0 / (1.0 / mean - lambda), "M/M/1");
        }
    }
}

#[test]
fn several_servers_follow_erlang() {
    for (servers, lambda) in [(2, 1.4), (5, 3.5), (30, 27.0)] {
        let (mut queue, mut office) =
            (Queue::new(Some(servers)), Office::new(ReviewLaw::Exponential, 0.0, 1.0));
        poisson(&mut queue, &mut office, lambda, MANY, |_| 0);
        close_to(mean_time(&office, |_| true), erlang(servers, lambda, 1.0), "M/M/c");
    }
    assert!((erlang(1, 0.6, 1.0) - 2.5).abs() < 1e-12, "one server is M/M/1");
}

#[test]
fn little_holds_on_every_path() {
    for (law, servers, lambda, returned) in [
        (ReviewLaw::Exponential, Some(1), 0.5, 0.3),
        (ReviewLaw::Gamma, Some(3), 2.0, 0.1),
        (ReviewLaw::ShiftedExponential, None, 5.0, 0.5),
        (ReviewLaw::Deterministic, Some(2), 9.0, 0.0),
    ] {
        let (mut queue, mut office) = (Queue::new(servers), Office::new(law, 0.2, 0.8));
        (office.returned, office.answer, office.intake) = (returned, 3.0, 0.25);
        // The queue's own count of open cases, read every hundredth of a day, against the times of its cases.
        let (mut next, mut area, mut day) = (0_u32, 0.0, 0.0);
        while next < 500 || queue.open() > 0 {
            while next < 500 && f64::from(next) / lambda <= day {
                let at = f64::from(next) / lambda;
                queue.advance(at, &mut office);
                queue.file(at, (next, 0), &mut office);
                next += 1;
            }
            queue.advance(day, &mut office);
            assert_eq!(queue.open(), next as usize - office.closed.len());
            area += 0.01 * queue.open() as f64;
            day += 0.01;
        }
        let times: f64 = office.closed.iter().map(|(filed, closed, ..)| closed - filed).sum();
        assert!((area / times - 1.0).abs() < 0.01, "{law:?}: ∫N dt = {area}, Σ times = {times}");
        assert_eq!(office.closed.len(), 500);
    }
}

#[test]
fn overload_grows_with_its_slope() {
    let (mut queue, mut office) = (Queue::new(Some(4)), Office::new(ReviewLaw::Exponential, 0.0, 1.0));
    let (lambda, horizon) = (6.0, 20_000.0);
    let mut day = 0.0;
    for number in 0.. {
        day -= libm::log(1.0 - office.draws("arrival", number, 0)[0]) / lambda;
        if day > horizon {
            break;
        }
        queue.advance(day, &mut office);
        queue.file(day, (number, 0), &mut office);
    }
    queue.advance(horizon, &mut office);
    let slope = queue.open() as f64 / horizon;
    // Arrivals and services are Poisson: the slope's standard error is √(λ + cμ)/√T.
    let error = ((lambda + 4.0) / horizon).sqrt();
    assert!((slope - 2.0).abs() < 4.0 * error, "slope {slope} ± {error}, exact 2");
}

#[test]
fn returns_raise_the_arrivals_at_the_desk() {
    let (lambda, back) = (0.35, 0.4);
    let (mut queue, mut office) = (Queue::new(Some(1)), Office::new(ReviewLaw::Exponential, 0.0, 1.0));
    office.returned = back;
    poisson(&mut queue, &mut office, lambda, MANY, |_| 0);
    let visits = f64::from(office.decided) / f64::from(MANY);
    let error = (back / ((1.0 - back) * (1.0 - back)) / f64::from(MANY)).sqrt();
    assert!((visits - 1.0 / (1.0 - back)).abs() < 4.0 * error, "{visits} visits a case");
    // With answers at once the number in the system is that of M/M/1 at λ/(1 − r): each case's whole time
    // is its number over λ.
    let load = lambda / (1.0 - back);
    close_to(mean_time(&office, |_| true), load / (1.0 - load) / lambda, "M/M/1 with feedback");
}

#[test]
fn without_limit_the_step_response_is_the_law() {
    let (count, tau, dead) = (100_000_u32, 50.0, 20.0);
    for (law, dead) in [(ReviewLaw::Exponential, 0.0), (ReviewLaw::ShiftedExponential, dead)] {
        let (mut queue, mut office) = (Queue::new(None), Office::new(law, dead, tau));
        (0..count).for_each(|number| queue.file(0.0, (number, 0), &mut office));
        if dead > 0.0 {
            queue.advance(dead - 1e-9, &mut office);
            assert_eq!(office.closed.len(), 0, "nothing leaves in the dead time");
        }
        for days in [1.0, 10.0, 50.0, 100.0, 250.0] {
            queue.advance(dead + days, &mut office);
            let expected = 1.0 - libm::exp(-days / tau);
            let share = office.closed.len() as f64 / f64::from(count);
            let error = (expected * (1.0 - expected) / f64::from(count)).sqrt();
            assert!(
                (share - expected).abs() < 4.0 * error,
                "{law:?} after {days} d: {share}, exact {expected}"
            );
        }
    }
}

#[test]
fn approvals_are_binomial() {
    let (cases, trials, p) = (8_u32, 20_000_u32, 0.7);
    let (mut sum, mut squares, mut none) = (0.0, 0.0, 0.0);
    let mut office = Office::new(ReviewLaw::Deterministic, 0.0, 1.0);
    office.rejected = 1.0 - p;
    let mut queue = Queue::new(None);
    for trial in 0..trials {
        office.closed.clear();
        queue.clear();
        (0..cases).for_each(|number| queue.file(0.0, (trial * cases + number, 0), &mut office));
        queue.advance(2.0, &mut office);
        assert_eq!(office.closed.len(), cases as usize);
        let approved = office.closed.iter().filter(|case| case.3).count() as f64;
        sum += approved;
        squares += approved * approved;
        none += if approved < 1.0 { 1.0 } else { 0.0 };
    }
    let n = f64::from(trials);
    let (mean, np) = (sum / n, f64::from(cases) * p);
    let variance = squares / n - mean * mean;
    assert!((mean - np).abs() < 4.0 * (np * (1.0 - p) / n).sqrt(), "mean {mean}");
    assert!((variance / (np * (1.0 - p)) - 1.0).abs() < 0.05, "variance {variance}");
    let rare = (1.0 - p).powi(8);
    assert!((none / n - rare).abs() < 4.0 * (rare / n).sqrt(), "none {}", none / n);
}

#[test]
fn a_better_priority_never_lengthens_a_class_s_mean_wait() {
    for seed in 0..40 {
        for law in [
            ReviewLaw::Exponential,
            ReviewLaw::Deterministic,
            ReviewLaw::Gamma,
            ReviewLaw::ShiftedExponential,
        ] {
            // Work belongs to the case, so both orders face the same arrivals and the same work.
            let class = |number: u32| u8::from(number.wrapping_mul(2_654_435_761) >> 30 == 0);
            let mean = |favoured: bool| {
                let (mut queue, mut office) = (Queue::new(Some(1)), Office::new(law, 0.3, 0.7));
                office.streams = Streams::new(7, seed);
                let priority = |number| if class(number) == 1 { u8::from(!favoured) + 1 } else { 2 };
                poisson(&mut queue, &mut office, 0.9, 400, priority);
                let mut waits = vec![0.0; 2];
                let mut list: Vec<(f64, f64)> = office.closed.iter().map(|(f, c, ..)| (*f, c - f)).collect();
                list.sort_by(|a, b| a.0.total_cmp(&b.0));
                for (number, (_, wait)) in list.into_iter().enumerate() {
                    waits[usize::from(class(number as u32))] += wait;
                }
                waits
            };
            let (before, after) = (mean(false), mean(true));
            assert!(after[1] <= before[1] + 1e-9, "{law:?}, seed {seed}: {} > {}", after[1], before[1]);
            assert!(after[0] >= before[0] - 1e-9, "somebody pays for it");
        }
    }
}

#[test]
fn staff_change_sends_nobody_away_and_fills_at_once() {
    let (mut queue, mut office) = (Queue::new(Some(3)), Office::new(ReviewLaw::Deterministic, 0.0, 10.0));
    (0..6).for_each(|number| queue.file(0.0, (number, 0), &mut office));
    queue.advance(5.0, &mut office);
    assert_eq!((queue.in_service(), queue.waiting()), (3, 3));
    queue.staff(5.0, Some(1), &mut office);
    assert_eq!((queue.in_service(), queue.waiting()), (3, 3), "cases in service go on");
    queue.advance(10.0, &mut office);
    assert_eq!((office.closed.len(), queue.in_service()), (3, 1));
    queue.staff(10.0, Some(6), &mut office);
    assert_eq!((queue.in_service(), queue.waiting()), (3, 0));
    queue.advance(f64::MAX, &mut office);
    assert!(office.closed.iter().all(|case| case.1 <= 20.0));
}

#[test]
fn pace_acts_on_the_work_left() {
    let (mut queue, mut office) = (Queue::new(None), Office::new(ReviewLaw::Deterministic, 0.0, 10.0));
    queue.file(0.0, (0, 0), &mut office);
    queue.advance(4.0, &mut office);
    office.pace = 0.0;
    queue.repace(4.0, &office);
    queue.advance(1000.0, &mut office);
    assert_eq!(office.closed.len(), 0, "at pace 0 nothing is decided");
    office.pace = 2.0;
    queue.repace(1000.0, &office);
    queue.advance(f64::MAX, &mut office);
    assert_eq!(office.closed[0].1, 1003.0, "six days of work are left");
}
