//! The core of the licence desk: a queue in continuous time, driven by its own events.
//!
//! A case is filed, passes intake, waits for a server (if there are not enough), is served, and is approved,
//! rejected, or returned to its applicant, who brings it back to intake after a while. First come first
//! served inside a priority class, lower numbers first, nobody is interrupted. The core knows no routes, no
//! tonnes and no steps; what cases are and how long things take is the business of a [`Practice`]. Times are
//! days on any origin. Memory is kept from one replication to the next.

use std::cmp::{Ordering, Reverse};
use std::collections::BinaryHeap;

use super::calendar::{Calendar, Dated};
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
    /// Days its last intake took.
    pub intake: f64,
    /// Order of first filing.
    number: u64,
}

/// How cases are handled: times, order and decisions.
pub trait Practice {
    /// What a case is.
    type Case: Copy;

    /// Days of intake.
    fn intake(&mut self, case: &Self::Case, round: u32) -> f64;
    /// Days of service at pace 1.
    fn work(&mut self, ticket: &Ticket<Self::Case>) -> f64;
    /// Days of work done per day of service; at 0 nothing moves.
    fn pace(&self, case: &Self::Case) -> f64;
    /// Lower numbers are served first.
    fn priority(&self, case: &Self::Case) -> u8;
    /// What is decided at the end of service.
    fn verdict(&mut self, day: f64, ticket: &Ticket<Self::Case>) -> Verdict;
    /// A case leaves the desk for good.
    fn close(&mut self, day: f64, ticket: &Ticket<Self::Case>, approved: bool);
}

/// What an event is the end of.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Stage {
    Intake,
    Service,
    Applicant,
}

/// Something that will happen; for a case in service also the work left at `from`.
#[derive(Clone, Copy, Debug)]
struct Event<C> {
    day: f64,
    stage: Stage,
    ticket: Ticket<C>,
    work: f64,
    from: f64,
    pace: f64,
}

impl<C> Event<C> {
    /// When work left at `from` is done.
    fn due(work: f64, from: f64, pace: f64) -> f64 {
        if work <= 0.0 {
            from
        } else if pace > 0.0 {
            from + work / pace
        } else {
            f64::INFINITY
        }
    }
}

/// Events are ordered by time, then by age, so that equal times never depend on memory layout.
impl<C> Ord for Event<C> {
    fn cmp(&self, other: &Self) -> Ordering {
        self.day.total_cmp(&other.day).then(self.ticket.number.cmp(&other.ticket.number))
    }
}
impl<C> PartialOrd for Event<C> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}
impl<C> Eq for Event<C> {}
impl<C> PartialEq for Event<C> {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl<C> Dated for Event<C> {
    fn day(&self) -> f64 {
        self.day
    }
}

/// A case that waits for a server.
#[derive(Clone, Copy, Debug)]
struct Waiting<C> {
    priority: u8,
    place: u64,
    ticket: Ticket<C>,
}

impl<C> Ord for Waiting<C> {
    fn cmp(&self, other: &Self) -> Ordering {
        (self.priority, self.place).cmp(&(other.priority, other.place))
    }
}
impl<C> PartialOrd for Waiting<C> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}
impl<C> Eq for Waiting<C> {}
impl<C> PartialEq for Waiting<C> {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

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
///     fn work(&mut self, _: &Ticket<char>) -> f64 {
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
    calendar: Calendar<Event<C>>,
    waiting: BinaryHeap<Reverse<Waiting<C>>>,
    /// `None`: every case is served at once.
    servers: Option<u32>,
    busy: u32,
    numbers: u64,
    places: u64,
    open: usize,
}

impl<C> Default for Queue<C> {
    fn default() -> Self {
        Self {
            calendar: Calendar::default(),
            waiting: BinaryHeap::new(),
            servers: None,
            busy: 0,
            numbers: 0,
            places: 0,
            open: 0,
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
        self.waiting.clear();
        (self.busy, self.numbers, self.places, self.open) = (0, 0, 0, 0);
    }

    /// Cases filed and not yet closed, wherever they are.
    #[must_use]
    pub fn open(&self) -> usize {
        self.open
    }

    /// Cases that wait for a server.
    #[must_use]
    pub fn waiting(&self) -> usize {
        self.waiting.len()
    }

    /// Cases in service.
    #[must_use]
    pub fn in_service(&self) -> u32 {
        self.busy
    }

    /// A new case, on a day not before any [`Queue::advance`].
    pub fn file<P: Practice<Case = C>>(&mut self, day: f64, case: C, practice: &mut P) {
        let intake = practice.intake(&case, 0);
        let ticket = Ticket { case, filed: day, round: 0, intake, number: self.numbers };
        self.numbers += 1;
        self.open += 1;
        self.schedule(day + intake, Stage::Intake, ticket);
    }

    /// Lets everything happen that is due until `until` (inclusive), in order of time.
    ///
    /// A practice whose intake, work and answers all take no time must not return a case for ever.
    pub fn advance<P: Practice<Case = C>>(&mut self, until: f64, practice: &mut P) {
        while let Some(event) = self.calendar.next(until) {
            let (day, mut ticket) = (event.day, event.ticket);
            match event.stage {
                Stage::Applicant => {
                    ticket.round += 1;
                    ticket.intake = practice.intake(&ticket.case, ticket.round);
                    self.schedule(day + ticket.intake, Stage::Intake, ticket);
                }
                Stage::Intake if self.has_free_server() => self.serve(day, ticket, practice),
                Stage::Intake => {
                    let priority = practice.priority(&ticket.case);
                    self.waiting.push(Reverse(Waiting { priority, place: self.places, ticket }));
                    self.places += 1;
                }
                Stage::Service => {
                    self.busy -= 1;
                    match practice.verdict(day, &ticket) {
                        Verdict::Returned { after } => self.schedule(day + after, Stage::Applicant, ticket),
                        verdict => {
                            self.open -= 1;
                            practice.close(day, &ticket, verdict == Verdict::Approved);
                        }
                    }
                    self.fill(day, practice);
                }
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
        self.calendar.change(|event| {
            if event.stage != Stage::Service {
                return;
            }
            let pace = practice.pace(&event.ticket.case);
            if pace.total_cmp(&event.pace) != Ordering::Equal {
                event.work = (event.work - (day - event.from) * event.pace).max(0.0);
                (event.from, event.pace) = (day, pace);
                event.day = Event::<C>::due(event.work, day, pace);
            }
        });
    }

    fn has_free_server(&self) -> bool {
        self.servers.is_none_or(|servers| self.busy < servers)
    }

    fn fill<P: Practice<Case = C>>(&mut self, day: f64, practice: &mut P) {
        while self.has_free_server() {
            let Some(Reverse(next)) = self.waiting.pop() else { return };
            self.serve(day, next.ticket, practice);
        }
    }

    fn serve<P: Practice<Case = C>>(&mut self, day: f64, ticket: Ticket<C>, practice: &mut P) {
        self.busy += 1;
        let (work, pace) = (practice.work(&ticket), practice.pace(&ticket.case));
        let due = Event::<C>::due(work, day, pace);
        self.calendar.push(Event { day: due, stage: Stage::Service, ticket, work, from: day, pace });
    }

    fn schedule(&mut self, day: f64, stage: Stage, ticket: Ticket<C>) {
        self.calendar.push(Event { day, stage, ticket, work: 0.0, from: day, pace: 0.0 });
    }
}

/// Days of service under a law with a dead time and a mean beyond it, from two uniforms on (0, 1).
///
/// All laws have the mean `dead + mean`; only the shifted exponential keeps the dead time as such.
#[must_use]
pub fn service(law: ReviewLaw, dead: f64, mean: f64, uniforms: [f64; 2]) -> f64 {
    let [first, second] = uniforms.map(|uniform| -libm::log(1.0 - uniform));
    match law {
        ReviewLaw::ShiftedExponential => dead + mean * first,
        ReviewLaw::Gamma => (dead + mean) * 0.5 * (first + second),
        ReviewLaw::Deterministic => dead + mean,
        ReviewLaw::Exponential => (dead + mean) * first,
    }
}
