//! The core of the licence desk: a queue in continuous time, driven by its own events.
//!
//! A case is filed, passes intake, waits for a server (if there are not enough), is served, and is approved,
//! rejected, or returned to its applicant, who brings it back to intake after a while. First come first
//! served inside a priority class, lower numbers first, nobody is interrupted. The core knows no routes, no
//! tonnes and no steps; what cases are and how long things take is the business of a [`Practice`]. Times are
//! days on any origin. Memory is kept from one replication to the next.
//!
//! Where every case is served at once, nothing can happen between an applicant's answer and the end of service
//! but that paces change, so that these days are one event. All that is known of a case lies at a seat of its own, one
//! cache line, and the calendar keeps numbers of seats: from the moment an event is put down until it is taken, nothing
//! of the seat may change that says when it is, but by [`Queue::repace`], which puts all of them down anew.

use std::cmp::{Ordering, Reverse};
use std::collections::BinaryHeap;

use super::calendar::{Calendar, Event};
use crate::machine::expect;
use crate::policy::licence::ReviewLaw;

/// What is decided about a case when its service ends.
#[derive(Clone, Copy, PartialEq, Debug)]
pub enum Verdict {
    /// It leaves with what it asked for.
    Approved,
    /// It leaves without.
    Rejected,
    /// It goes back to the applicant, who needs so many days to answer.
    Returned {
        /// Days until it is filed again.
        after: f64,
    },
}

/// A case on its way through the desk.
#[derive(Clone, Copy, Debug)]
pub struct Ticket<C> {
    /// What the practice knows it by.
    pub case: C,
    /// Day of first filing.
    pub filed: f64,
    /// Times it was returned so far.
    pub round: u32,
}

/// How cases are handled: times, order and decisions.
pub trait Practice {
    /// What a case is.
    type Case: Copy;

    /// Days of intake.
    fn intake(&mut self, case: &Self::Case, round: u32) -> f64;
    /// Days of service at pace 1, after an intake of so many days.
    fn work(&mut self, ticket: &Ticket<Self::Case>, intake: f64) -> f64;
    /// Days of work done per day of service; at 0 nothing moves.
    fn pace(&self, case: &Self::Case) -> f64;
    /// Lower numbers are served first.
    fn priority(&self, case: &Self::Case) -> u8;
    /// What is decided at the end of service.
    fn verdict(&mut self, day: f64, ticket: &Ticket<Self::Case>) -> Verdict;
    /// A case will be decided today: a moment to ask for what that takes from memory.
    fn expect(&self, case: &Self::Case) {
        let _ = case;
    }
    /// A case leaves the desk for good.
    fn close(&mut self, day: f64, ticket: &Ticket<Self::Case>, approved: bool);
}

/// Where a case is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Stage {
    /// In intake, until `from`.
    Intake,
    /// In the line for a server.
    Waiting,
    Service,
    /// With its applicant, until `from`.
    Applicant,
    /// Gone: the seat is empty.
    Closed,
}

/// A case at the desk and what is going on with it.
#[derive(Clone, Copy, Debug)]
#[repr(align(64))]
struct Seat<C> {
    case: C,
    filed: f64,
    /// In service the work left at `from`; before it, the days of its intake.
    work: f64,
    from: f64,
    pace: f64,
    /// Order of first filing.
    number: u32,
    round: u16,
    stage: Stage,
}

impl<C: Copy> Seat<C> {
    fn ticket(&self) -> Ticket<C> {
        Ticket { case: self.case, filed: self.filed, round: u32::from(self.round) }
    }

    /// What happens to the case next, and when.
    fn event(&self, seat: u32) -> Event {
        let day = if self.stage != Stage::Service || self.work <= 0.0 {
            self.from
        } else if self.pace > 0.0 {
            self.from + self.work / self.pace
        } else {
            f64::INFINITY
        };
        Event { day, number: self.number, seat }
    }
}

/// A case that waits for a server: priority, place in the line, and seat.
type Waiting = (u8, u64, u32);

/// A desk with its cases.
///
/// ```
/// use coercivity::kernel::queue::{Practice, Queue, Ticket, Verdict};
///
/// /// One day of intake, two of work; everything is approved.
/// struct Clerk(Vec<(f64, char)>);
///
/// impl Practice for Clerk {
///     type Case = char;
///     fn intake(&mut self, _: &char, _: u32) -> f64 {
///         1.0
///     }
///     fn work(&mut self, _: &Ticket<char>, _: f64) -> f64 {
///         2.0
///     }
///     fn pace(&self, _: &char) -> f64 {
///         1.0
///     }
///     fn priority(&self, _: &char) -> u8 {
///         0
///     }
///     fn verdict(&mut self, _: f64, _: &Ticket<char>) -> Verdict {
///         Verdict::Approved
///     }
///     fn close(&mut self, day: f64, ticket: &Ticket<char>, _: bool) {
///         self.0.push((day, ticket.case));
///     }
/// }
///
/// let (mut desk, mut clerk) = (Queue::new(Some(1)), Clerk(Vec::new()));
/// desk.file(0.0, 'a', &mut clerk);
/// desk.file(0.0, 'b', &mut clerk);
/// desk.advance(4.0, &mut clerk);
/// assert_eq!((desk.open(), desk.in_service()), (1, 1));
/// desk.advance(10.0, &mut clerk);
/// assert_eq!(clerk.0, [(3.0, 'a'), (5.0, 'b')]);
/// ```
#[derive(Debug)]
pub struct Queue<C> {
    calendar: Calendar,
    seats: Vec<Seat<C>>,
    /// Empty seats; the last one to become so is the first to be taken.
    free: Vec<u32>,
    waiting: BinaryHeap<Reverse<Waiting>>,
    /// `None`: every case is served at once.
    servers: Option<u32>,
    busy: u32,
    numbers: u32,
    places: u64,
}

impl<C> Default for Queue<C> {
    fn default() -> Self {
        Self {
            calendar: Calendar::default(),
            seats: Vec::new(),
            free: Vec::new(),
            waiting: BinaryHeap::new(),
            servers: None,
            busy: 0,
            numbers: 0,
            places: 0,
        }
    }
}

impl<C: Copy> Queue<C> {
    /// An empty desk with `servers` of them; `None`: every case is served at once.
    #[must_use]
    pub fn new(servers: Option<u32>) -> Self {
        Self { servers, ..Self::default() }
    }

    /// Forgets every case and keeps the memory.
    pub fn clear(&mut self) {
        self.calendar.clear();
        self.seats.clear();
        self.free.clear();
        self.waiting.clear();
        (self.busy, self.numbers, self.places) = (0, 0, 0);
    }

    /// Cases filed and not yet closed, wherever they are.
    #[must_use]
    pub fn open(&self) -> usize {
        self.seats.len() - self.free.len()
    }

    /// Cases that wait for a server.
    #[must_use]
    pub fn waiting(&self) -> usize {
        self.waiting.len()
    }

    /// Cases in service; where every case is served at once, those on their way to it count, too.
    #[must_use]
    pub fn in_service(&self) -> u32 {
        self.busy
    }

    /// A new case, on a day not before any [`Queue::advance`].
    pub fn file<P: Practice<Case = C>>(&mut self, day: f64, case: C, practice: &mut P) {
        let number = self.numbers;
        self.numbers = number.wrapping_add(1);
        let (work, pace, round, stage) = (0.0, 0.0, 0, Stage::Intake);
        let seat = Seat { case, filed: day, work, from: day, pace, number, round, stage };
        let at = self.free.pop().unwrap_or_else(|| {
            self.seats.push(seat);
            u32::try_from(self.seats.len() - 1).unwrap_or(u32::MAX)
        });
        self.seats[at as usize] = seat;
        self.take_in(day, at, practice);
    }

    /// A moment to ask for the cases that are due on the next day, if that is not after `until`.
    pub(super) fn expect(&self, until: f64) {
        self.calendar.coming(until).for_each(|seat| expect(&self.seats[seat as usize]));
    }

    /// Lets everything happen that is due until `until` (inclusive), in order of time.
    ///
    /// A practice whose intake, work and answers all take no time must not return a case for ever.
    pub fn advance<P: Practice<Case = C>>(&mut self, until: f64, practice: &mut P) {
        loop {
            let seats = &self.seats;
            // What decisions read lies all over the memory: all that a day needs is fetched side by side.
            let today = |events: &[Event]| {
                events.iter().for_each(|event| practice.expect(&seats[event.seat as usize].case));
            };
            let due = |seat: u32| seats[seat as usize].event(seat);
            let Some(Event { day, seat: at, .. }) = self.calendar.next(until, due, today) else { return };
            let seat = &mut self.seats[at as usize];
            match seat.stage {
                Stage::Applicant => self.take_in(day, at, practice),
                Stage::Intake => {
                    seat.stage = Stage::Waiting;
                    let priority = practice.priority(&seat.case);
                    self.waiting.push(Reverse((priority, self.places, at)));
                    self.places += 1;
                    self.fill(day, practice);
                }
                Stage::Service => {
                    self.busy -= 1;
                    self.decide(day, at, practice);
                    self.fill(day, practice);
                }
                // Nothing happens to these by themselves.
                Stage::Waiting | Stage::Closed => {}
            }
        }
    }

    /// Service of a case ends.
    fn decide<P: Practice<Case = C>>(&mut self, day: f64, at: u32, practice: &mut P) {
        let seat = &mut self.seats[at as usize];
        match practice.verdict(day, &seat.ticket()) {
            Verdict::Returned { after } => {
                seat.round = seat.round.saturating_add(1);
                (seat.stage, seat.from) = (Stage::Applicant, day + after);
                if self.servers.is_none() {
                    self.take_in(day + after, at, practice);
                } else {
                    self.calendar.push(seat.event(at));
                }
            }
            verdict => {
                seat.stage = Stage::Closed;
                practice.close(day, &seat.ticket(), verdict == Verdict::Approved);
                self.free.push(at);
            }
        }
    }

    /// Changes the number of servers on a day to which the queue has advanced. Nobody in service is sent
    /// away: with fewer servers, those too many leave as they finish.
    pub fn staff<P: Practice<Case = C>>(&mut self, day: f64, servers: Option<u32>, practice: &mut P) {
        self.servers = servers;
        self.fill(day, practice);
    }

    /// Tells the queue, on a day to which it has advanced, that paces have changed: work left goes on at the
    /// new ones.
    pub fn repace<P: Practice<Case = C>>(&mut self, day: f64, practice: &P) {
        self.calendar.forget();
        for (seat, at) in self.seats.iter_mut().zip(0..) {
            if matches!(seat.stage, Stage::Waiting | Stage::Closed) {
                continue;
            }
            if seat.stage == Stage::Service {
                let pace = practice.pace(&seat.case);
                if seat.from < day && pace.total_cmp(&seat.pace) != Ordering::Equal {
                    seat.work = (seat.work - (day - seat.from) * seat.pace).max(0.0);
                    seat.from = day;
                }
                seat.pace = pace;
            }
            self.calendar.push(seat.event(at));
        }
    }

    fn has_free_server(&self) -> bool {
        self.servers.is_none_or(|servers| self.busy < servers)
    }

    fn fill<P: Practice<Case = C>>(&mut self, day: f64, practice: &mut P) {
        while self.has_free_server() {
            let Some(Reverse((_, _, at))) = self.waiting.pop() else { return };
            self.serve(day, at, practice);
        }
    }

    /// Intake of a case begins.
    fn take_in<P: Practice<Case = C>>(&mut self, day: f64, at: u32, practice: &mut P) {
        let seat = &mut self.seats[at as usize];
        let intake = practice.intake(&seat.case, u32::from(seat.round));
        (seat.stage, seat.work, seat.from) = (Stage::Intake, intake, day + intake);
        if self.servers.is_none() {
            self.serve(day + intake, at, practice);
        } else {
            self.calendar.push(seat.event(at));
        }
    }

    /// Service of a case begins, now or on a day to come.
    fn serve<P: Practice<Case = C>>(&mut self, day: f64, at: u32, practice: &mut P) {
        self.busy += 1;
        let seat = &mut self.seats[at as usize];
        seat.work = practice.work(&seat.ticket(), seat.work);
        seat.pace = practice.pace(&seat.case);
        (seat.stage, seat.from) = (Stage::Service, day);
        self.calendar.push(seat.event(at));
    }
}

/// Days of service under a law with a dead time and a mean beyond it, from two uniforms on (0, 1).
///
/// All laws have the mean `dead + mean`; only the shifted exponential keeps the dead time as such.
#[must_use]
pub fn service(law: ReviewLaw, dead: f64, mean: f64, uniforms: [f64; 2]) -> f64 {
    let [first, second] = uniforms.map(|uniform| move || -libm::log(1.0 - uniform));
    match law {
        ReviewLaw::ShiftedExponential => dead + mean * first(),
        ReviewLaw::Gamma => (dead + mean) * 0.5 * (first() + second()),
        ReviewLaw::Deterministic => dead + mean,
        ReviewLaw::Exponential => (dead + mean) * first(),
    }
}
