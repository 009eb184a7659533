//! Dated events: upright lines, with words above where there is room and letters with a key where there is not.

use super::axis::{Axis, long_date};
use super::drawing::{Anchor, Drawing, Frame, fit, text_width};
use super::theme::{MUTED, SMALL, TICK};

/// Rows of labels above a frame before letters are used instead.
const MOST_LEVELS: usize = 5;

/// Something that happened on a day, drawn as an upright line.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Event {
    /// Days since 1970-01-01.
    pub day: i32,
    /// A few words.
    pub label: String,
}

/// Events within the days of a picture, in their order.
pub(super) fn within(events: &[Event], days: (f64, f64)) -> Vec<&Event> {
    let mut shown: Vec<&Event> =
        events.iter().filter(|event| (days.0..=days.1).contains(&f64::from(event.day))).collect();
    shown.sort_by_key(|event| event.day);
    shown
}

/// Whether the words of all events find room above a frame of these ends.
pub(super) fn worded(events: &[&Event], days: (f64, f64), from: f64, to: f64) -> bool {
    event_levels(events, days, from, to).iter().all(|place| place.level < MOST_LEVELS)
}

/// Height that labels take above the frame.
pub(super) fn room(levels: &[EventPlace]) -> f64 {
    levels.iter().map(|place| place.level + 1).max().unwrap_or(0) as f64 * (TICK + 6.0)
}

/// Lines over the whole frame, with the words of `levels`, or letters where there are none.
pub(super) fn draw(d: &mut Drawing, events: &[&Event], levels: &[EventPlace], x: &Axis, frame: Frame) {
    for (i, event) in events.iter().enumerate() {
        let at = x.place(f64::from(event.day));
        if let Some(place) = levels.get(i) {
            let baseline = frame.y0 - 6.0 - place.level as f64 * (TICK + 6.0);
            d.line(&[(at, baseline + 4.0), (at, frame.y1)], 1.5, MUTED);
            d.text((place.x, baseline), &place.label, TICK, MUTED, Anchor::Left);
        } else {
            d.line(&[(at, frame.y0 - 4.0), (at, frame.y1)], 1.2, MUTED);
        }
    }
    if levels.is_empty() {
        draw_letters(d, events, x, frame.y0 - 7.0);
    }
}

/// Where the label of an event goes: which row above the frame, from which x; and where its line stands.
pub(super) struct EventPlace {
    level: usize,
    line: f64,
    x: f64,
    label: String,
}

/// Puts labels into as few rows as keep them from touching each other and each other's upright lines.
pub(super) fn event_levels(events: &[&Event], days: (f64, f64), from: f64, to: f64) -> Vec<EventPlace> {
    let x = Axis::dates(days.0, days.1, from, to, TICK);
    let mut places: Vec<EventPlace> = Vec::new();
    // From the latest to the earliest. The line of a label crosses all rows below it, so a label may share a
    // row with later ones, or lie below them, only if it ends before they begin.
    for event in events.iter().rev() {
        let label = fit(&event.label, TICK, false, (to - from) * 0.5);
        let width = text_width(&label, TICK, false);
        let line = x.place(f64::from(event.day));
        // A label that would run off the page turns to the left of its line.
        let left = if line + 5.0 + width > to { line - 5.0 - width } else { line + 5.0 };
        let free = |level: usize| {
            places.iter().all(|later| later.level < level || left + width + 8.0 < later.x.min(later.line))
        };
        let level = (0..=places.len()).find(|level| free(*level)).unwrap_or(places.len());
        places.push(EventPlace { level, line, x: left, label });
    }
    places.reverse();
    places
}

/// What the letters stand for.
pub(super) fn event_key(events: &[&Event]) -> String {
    let key: Vec<String> = events
        .iter()
        .enumerate()
        .map(|(i, e)| format!("({}) {} {}", letter(i), long_date(e.day), e.label))
        .collect();
    format!("Events: {}.", key.join("; "))
}

/// A letter above the line of each event; where letters would touch, one text for the run of them.
fn draw_letters(d: &mut Drawing, events: &[&Event], x: &Axis, y: f64) {
    let mut groups: Vec<(usize, usize)> = Vec::new();
    let place = |(first, last): (usize, usize)| -> (f64, f64, String) {
        let name =
            if first == last { letter(first) } else { format!("{}–{}", letter(first), letter(last)) };
        let middle = x.place(f64::midpoint(f64::from(events[first].day), f64::from(events[last].day)));
        (middle, text_width(&name, SMALL, false) / 2.0 + 2.0, name)
    };
    for i in 0..events.len() {
        let mut group = (i, i);
        while let Some(before) = groups.last() {
            let ((left, left_half, _), (right, right_half, _)) = (place(*before), place(group));
            if left + left_half <= right - right_half {
                break;
            }
            group.0 = before.0;
            groups.pop();
        }
        groups.push(group);
    }
    for group in groups {
        let (middle, _, name) = place(group);
        d.text((middle, y), &name, SMALL, MUTED, Anchor::Centre);
    }
}

fn letter(index: usize) -> String {
    let letter = char::from(b'a' + (index % 26) as u8);
    if index < 26 { letter.to_string() } else { format!("{letter}{}", index / 26) }
}
