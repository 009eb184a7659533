//! What applicants know of the desk: how long their class has waited lately.
//!
//! Decisions count with the days they took and fade over the memory. Cases that are still open and have already
//! waited longer than that mean count with their days so far: who looks at decisions alone sees only the fast
//! ones, and while a desk is slow that is the news that matters.

/// Steps that a word of marks stands for.
const BITS: usize = u64::BITS as usize;

/// Waits of the classes of one rule in one lane.
#[derive(Default)]
pub(crate) struct Experience {
    /// Open cases by class and step of first filing.
    open: Vec<u32>,
    steps: usize,
    /// The steps of filing that have open cases, by class: a bit each, as most have none.
    marks: Vec<u64>,
    /// Decisions by class, faded.
    decisions: Vec<f64>,
    /// Days those decisions took, faded alike.
    days: Vec<f64>,
}

impl Experience {
    pub(crate) fn new(classes: usize, steps: u32) -> Self {
        let steps = steps as usize;
        Self {
            open: vec![0; classes * steps],
            steps,
            marks: vec![0; classes * steps.div_ceil(BITS)],
            decisions: vec![0.0; classes],
            days: vec![0.0; classes],
        }
    }

    /// Nothing is known and nothing is open.
    pub(crate) fn clear(&mut self) {
        self.close_all();
        self.decisions.fill(0.0);
        self.days.fill(0.0);
    }

    /// Nothing is open any more; what was learned stays.
    pub(crate) fn close_all(&mut self) {
        self.open.fill(0);
        self.marks.fill(0);
    }

    pub(crate) fn filed(&mut self, class: usize, step: u32, cases: u32) {
        self.open[class * self.steps + step as usize] += cases;
        if cases > 0 {
            *self.mark(class, step) |= 1 << (step as usize % BITS);
        }
    }

    /// The word that has a step's bit.
    fn mark(&mut self, class: usize, step: u32) -> &mut u64 {
        &mut self.marks[class * self.steps.div_ceil(BITS) + step as usize / BITS]
    }

    /// A case filed at `step` was decided for good after `days`.
    pub(crate) fn decided(&mut self, class: usize, step: u32, days: f64) {
        let count = &mut self.open[class * self.steps + step as usize];
        *count = count.saturating_sub(1);
        if *count == 0 {
            *self.mark(class, step) &= !(1 << (step as usize % BITS));
        }
        self.decisions[class] += 1.0;
        self.days[class] += days;
    }

    /// Open cases of a class: step of first filing and how many.
    pub(crate) fn open(&self, class: usize) -> impl Iterator<Item = (u32, u32)> + '_ {
        let open = &self.open[class * self.steps..(class + 1) * self.steps];
        (0_u32..).zip(open.iter().copied()).filter(|(_, cases)| *cases > 0)
    }

    /// `keep`: what is left of past decisions after a step.
    pub(crate) fn fade(&mut self, keep: f64) {
        for value in self.decisions.iter_mut().chain(&mut self.days) {
            *value *= keep;
        }
    }

    /// Days that an applicant of the class would say one waits; 0 while nobody has waited.
    #[allow(clippy::cast_precision_loss)]
    pub(crate) fn wait(&self, class: usize, now: f64, dt: f64) -> f64 {
        let (mut cases, mut days) = (self.decisions[class], self.days[class]);
        let mean = if cases > 0.0 { days / cases } else { 0.0 };
        let open = &self.open[class * self.steps..(class + 1) * self.steps];
        let words = self.steps.div_ceil(BITS);
        'oldest_first: for (word, marks) in self.marks[class * words..(class + 1) * words].iter().enumerate()
        {
            let mut left = *marks;
            while left != 0 {
                let step = word * BITS + left.trailing_zeros() as usize;
                left &= left - 1;
                let age = now - step as f64 * dt;
                if age <= mean {
                    break 'oldest_first;
                }
                let count = f64::from(open[step]);
                cases += count;
                days += count * age;
            }
        }
        if cases > 0.0 { days / cases } else { 0.0 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn open_cases_count_once_they_wait_longer_than_decided_ones() {
        let mut known = Experience::new(2, 200);
        assert_eq!(known.wait(0, 30.0, 1.0), 0.0, "nobody has waited");
        known.filed(0, 0, 4);
        known.filed(0, 60, 1);
        // Nothing is decided: all that is open counts, 4 cases of 100 days and one of 40.
        assert_eq!(known.wait(0, 100.0, 1.0), 88.0);
        known.decided(0, 0, 50.0);
        // Decided in 50 days; three have waited 100, the one of 40 does not count yet.
        assert_eq!(known.wait(0, 100.0, 1.0), (50.0 + 3.0 * 100.0) / 4.0);
        // Half of what was decided is forgotten.
        known.fade(0.5);
        assert_eq!(known.wait(0, 100.0, 1.0), (25.0 + 3.0 * 100.0) / 3.5);
        assert_eq!(known.wait(1, 100.0, 1.0), 0.0, "classes do not talk");
        known.close_all();
        assert_eq!(known.wait(0, 100.0, 1.0), 50.0, "what was learned stays");
        // Weekly steps: the same case filed in step 2 has waited 86 days on day 100.
        known.clear();
        known.filed(1, 2, 1);
        assert_eq!(known.wait(1, 100.0, 7.0), 86.0);
    }
}
