//! Pictures of synthetic data. `cargo test --lib chart:: -- --nocapture` with `COERCIVITY_CHARTS` set to a
//! folder also writes every picture there, to be looked at.

use super::*;

pub(super) fn provenance() -> Provenance {
    Provenance {
        scenario: "synthetic test data".into(),
        runs: 10_000,
        seed: 42,
        band: "5–95 % and 25–75 % of runs".into(),
        vintage: "none, all numbers are made up".into(),
        version: "0.1.0".into(),
    }
}

/// Renders twice in both formats, checks what every picture must hold, returns the SVG.
pub(super) fn examine(name: &str, render: impl Fn(Format) -> Result<Vec<u8>, crate::error::Error>) -> String {
    let svg = String::from_utf8(render(Format::Svg).unwrap()).unwrap();
    let png = render(Format::Png).unwrap();
    assert_eq!(svg.as_bytes(), render(Format::Svg).unwrap(), "{name}: SVG differs between calls");
    assert_eq!(png, render(Format::Png).unwrap(), "{name}: PNG differs between calls");
    well_formed(&svg);
    assert!(svg.contains("synthetic test data"), "{name}: no scenario in the footer");
    assert!(svg.contains("10,000 runs, seed 42"), "{name}: no runs in the footer");
    legible(name, &svg);
    assert_eq!(&png[..8], b"\x89PNG\r\n\x1a\n");
    let side = |at: usize| u32::from_be_bytes([png[at], png[at + 1], png[at + 2], png[at + 3]]);
    assert_eq!(side(16), 1600, "{name}: width");
    assert!(svg.contains(&format!("height=\"{}\"", side(20))), "{name}: height");
    if let Ok(folder) = std::env::var("COERCIVITY_CHARTS") {
        std::fs::create_dir_all(&folder).unwrap();
        std::fs::write(format!("{folder}/{name}.png"), &png).unwrap();
        std::fs::write(format!("{folder}/{name}.svg"), &svg).unwrap();
    }
    svg
}

/// Tags nest and close, attributes are quoted, and no stray `<` or bare `&` is left in texts.
fn well_formed(svg: &str) {
    let mut open: Vec<&str> = Vec::new();
    for piece in svg.split('<').skip(1) {
        let (tag, text) = piece.split_once('>').expect("a tag that closes");
        assert_eq!(tag.matches('"').count() % 2, 0, "quotes in <{tag}>");
        if let Some(name) = tag.strip_prefix('/') {
            assert_eq!(open.pop(), Some(name));
        } else if !tag.ends_with('/') {
            open.push(tag.split_whitespace().next().unwrap());
        }
        for entity in text.split('&').skip(1) {
            assert!(entity.split_once(';').is_some_and(|(name, _)| name.len() <= 5), "bare & in {text}");
        }
    }
    assert!(open.is_empty(), "left open: {open:?}");
    assert!(!svg.contains("NaN"));
}

/// Every text lies on the page and covers no other.
fn legible(name: &str, svg: &str) {
    let number = |tag: &str, key: &str| -> f64 {
        let rest = tag.split_once(&format!("{key}=\"")).unwrap_or_else(|| panic!("{key} in {tag}")).1;
        rest.split('"').next().unwrap().parse().unwrap()
    };
    let page = svg.split_once("viewBox=\"0 0 ").unwrap().1.split('"').next().unwrap();
    let (wide, high) =
        page.split_once(' ').map(|(w, h)| (w.parse::<f64>().unwrap(), h.parse::<f64>().unwrap())).unwrap();
    let mut boxes: Vec<(drawing::Frame, String)> = Vec::new();
    for piece in svg.split("<text ").skip(1) {
        let (tag, rest) = piece.split_once('>').unwrap();
        let text = rest.split('<').next().unwrap().trim();
        let text = text
            .replace("&amp;", "&")
            .replace("&lt;", "<")
            .replace("&gt;", ">")
            .replace("&apos;", "'")
            .replace("&quot;", "\"");
        let em = number(tag, "font-size");
        let width = drawing::text_width(&text, em, tag.contains("bold"));
        let left = number(tag, "x")
            - match tag.split_once("text-anchor=\"").unwrap().1.split('"').next().unwrap() {
                "end" => width,
                "middle" => width / 2.0,
                _ => 0.0,
            };
        let base = number(tag, "y") + 0.76 * em;
        let here = drawing::Frame::new(left, base - 0.74 * em, left + width, base);
        assert!(
            here.x0 > 0.0 && here.x1 < wide && here.y0 > 0.0 && here.y1 < high,
            "{name}: `{text}` leaves the page"
        );
        for (there, other) in &boxes {
            let across = here.x1.min(there.x1) - here.x0.max(there.x0);
            let down = here.y1.min(there.y1) - here.y0.max(there.y0);
            assert!(across < 8.0 || down < 8.0, "{name}: `{text}` covers `{other}`");
        }
        boxes.push((here, text));
    }
}

/// Repeatable numbers in 0..1 that look irregular.
pub(super) fn wobble(i: usize, salt: usize) -> f64 {
    let mixed = (i as u64 * 2_654_435_761 + salt as u64 * 40_503).wrapping_mul(6_364_136_223_846_793_005);
    (mixed >> 40) as f64 / (1_u64 << 24) as f64
}

pub(super) fn panel(title: &str, salt: usize, level: f64, monthly: bool) -> FanPanel {
    let (count, step) = if monthly { (18, 30) } else { (78, 7) };
    let dates: Vec<i32> = (0..count).map(|i| 20_089 + i * step).collect();
    let share = |day: i32| {
        let t = f64::from(day - 20_182);
        if t < 0.0 { 1.0 } else { 1.0 - 0.85 * libm::exp(-t / 90.0) * (t / 25.0).min(1.0) }
    };
    let middle: Vec<f64> =
        dates.iter().enumerate().map(|(i, d)| level * share(*d) * (0.95 + 0.1 * wobble(i, salt))).collect();
    let spread = |k: f64| -> Vec<f64> {
        dates
            .iter()
            .zip(&middle)
            .map(|(d, m)| (m + k * level * (0.02 + (1.0 - share(*d)) * 0.25)).max(0.0))
            .collect()
    };
    FanPanel {
        title: title.into(),
        p05: spread(-1.6),
        p25: spread(-0.6),
        p75: spread(0.7),
        p95: spread(1.9),
        mean: Some(spread(0.15)),
        baseline: Some(vec![level; dates.len()]),
        observed: vec![Observed {
            label: "observed".into(),
            points: dates.iter().zip(&middle).take(12).map(|(d, m)| (*d, m * 1.04)).collect(),
        }],
        p50: middle,
        dates,
    }
}

fn events() -> Vec<Event> {
    [
        (20_182, "licences required"),
        (20_222, "Geneva truce"),
        (20_262, "general licences"),
        (20_370, "second round"),
        (20_402, "suspended"),
    ]
    .map(|(day, label)| Event { day, label: label.into() })
    .to_vec()
}

fn fan(count: usize, level: f64) -> FanChart {
    FanChart {
        caption: "Magnet exports of China (synthetic test data)".into(),
        subtitle: "All destinations, with licences required from April 2025".into(),
        quantity: "magnet exports, t per month".into(),
        panels: (0..count)
            .map(|i| {
                panel(if count == 1 { "" } else { DESTINATIONS[i % 12] }, i, level / (1.0 + i as f64), true)
            })
            .collect(),
        baseline_label: String::new(),
        events: events(),
        shared_scale: false,
        off_zero: false,
        provenance: provenance(),
    }
}

const DESTINATIONS: [&str; 12] = [
    "Germany",
    "United States",
    "Republic of Korea",
    "Viet Nam",
    "Japan",
    "India",
    "Poland",
    "Thailand",
    "France",
    "Italy",
    "Hungary and a very long list of further member states of a union",
    "Mexico",
];

#[test]
fn fan_of_one_panel() {
    let svg = examine("fan_1", |f| fan(1, 4800.0).render(f));
    for text in [
        "Magnet exports of China",
        "t per month",
        "Geneva truce",
        "May 2025",
        "baseline (calm)",
        "4,000",
        "observed",
    ] {
        assert!(svg.contains(text), "{text}");
    }
}

#[test]
fn fan_of_many_panels() {
    for count in [2, 4, 12, 43] {
        let svg = examine(&format!("fan_{count}"), |f| fan(count, 4800.0).render(f));
        assert!(svg.contains("Republic of Korea") || count < 3);
        assert!(svg.contains("(a) 4 Apr 2025 licences required"));
    }
}

#[test]
fn fan_of_small_and_large_values() {
    let small = examine("fan_small", |f| fan(1, 1e-3).render(f));
    assert!(small.contains("0.001"));
    let large = examine("fan_large", |f| fan(1, 1e8).render(f));
    assert!(large.contains("(million)"));
}

#[test]
fn fan_without_anything_says_so() {
    let mut chart = fan(0, 1.0);
    assert!(examine("fan_none", |f| chart.render(f)).contains("nothing to show"));
    chart.panels = vec![FanPanel::default()];
    assert!(examine("fan_empty", |f| chart.render(f)).contains("nothing to show"));
    chart.panels = vec![panel("gaps only", 0, 1.0, true), panel("zero", 0, 0.0, true)];
    let gaps = &mut chart.panels[0];
    for series in [&mut gaps.p05, &mut gaps.p25, &mut gaps.p50, &mut gaps.p75, &mut gaps.p95] {
        series.fill(f64::NAN);
    }
    (gaps.mean, gaps.baseline) = (None, None);
    gaps.observed.clear();
    assert!(examine("fan_nan", |f| chart.render(f)).contains("nothing to show"));
    let mut one = panel("one period", 0, 100.0, true);
    one.dates.truncate(1);
    for series in [&mut one.p05, &mut one.p25, &mut one.p50, &mut one.p75, &mut one.p95] {
        series.truncate(1);
    }
    one.baseline = Some(vec![110.0]);
    one.mean = None;
    one.observed[0].points.truncate(1);
    chart.panels = vec![one.clone()];
    examine("fan_one_period", |f| chart.render(f));
    one.p50.push(1.0);
    chart.panels = vec![one];
    assert!(chart.render(Format::Svg).is_err());
}

/// Every chart, filled with the given numbers and text, in both formats: no panic, and well-formed.
#[allow(clippy::too_many_lines, reason = "one struct after the other, nothing to tell apart")]
fn hostile(name: &str, numbers: &[f64], days: &[i32], text: &str) {
    let at = |i: usize| numbers[i % numbers.len()];
    let series = |salt: usize| -> Vec<f64> { (0..days.len()).map(|i| at(i * 7 + salt)).collect() };
    let (caption, subtitle) = (text.to_string(), text.to_string());
    let mut provenance = provenance();
    provenance.vintage = text.into();
    let fan = |count: usize| FanChart {
        caption: caption.clone(),
        subtitle: subtitle.clone(),
        quantity: text.into(),
        panels: (0..count)
            .map(|k| FanPanel {
                title: text.into(),
                dates: days.to_vec(),
                p05: series(k),
                p25: series(k + 1),
                p50: series(k + 2),
                p75: series(k + 3),
                p95: series(k + 4),
                mean: Some(series(k + 5)),
                baseline: Some(series(k + 6)),
                observed: (0..k + 3)
                    .map(|kind| Observed {
                        label: text.into(),
                        points: days.iter().map(|d| (*d, at(kind))).collect(),
                    })
                    .collect(),
            })
            .collect(),
        baseline_label: text.into(),
        events: days.iter().map(|day| Event { day: *day, label: text.into() }).collect(),
        shared_scale: count == 2,
        off_zero: count == 3,
        provenance: provenance.clone(),
    };
    let heatmap = Heatmap {
        caption: caption.clone(),
        subtitle: subtitle.clone(),
        quantity: text.into(),
        dates: days.to_vec(),
        rows: (0..5)
            .map(|k| HeatmapRow { label: text.into(), group: k.to_string(), values: series(k) })
            .collect(),
        most_rows: 3,
        provenance: provenance.clone(),
    };
    let exceedance = ExceedanceChart {
        caption: caption.clone(),
        subtitle: subtitle.clone(),
        quantity: text.into(),
        curves: (0..9).map(|k| ExceedanceCurve { label: text.into(), losses: series(k) }).collect(),
        provenance: provenance.clone(),
    };
    let stops = FirstStopChart {
        caption: caption.clone(),
        subtitle: subtitle.clone(),
        rows: (0..9)
            .map(|k| FirstStopRow {
                label: text.into(),
                probability: at(k),
                interval: (at(k + 1), at(k + 2)),
                days: [at(k), at(k + 3), at(k + 1), at(k + 4), at(k + 5)],
            })
            .collect(),
        most_rows: 5,
        provenance: provenance.clone(),
    };
    let map = NetworkMap {
        caption: caption.clone(),
        subtitle: subtitle.clone(),
        stages: vec![text.into(); 3],
        regions: vec![text.into(); 4],
        boxes: (0..12)
            .map(|k| MapBox { stage: k % 3, region: k / 3, output: at(k), shortfall: at(k + 1) })
            .collect(),
        flows: (0..40)
            .map(|k| MapFlow { from: k % 12, to: (k * 5 + 1) % 12, tonnes: at(k), shortfall: at(k + 1) })
            .collect(),
        unit: text.into(),
        least_share: at(1),
        provenance: provenance.clone(),
    };
    let tornado = Tornado {
        caption: caption.clone(),
        subtitle: subtitle.clone(),
        quantity: text.into(),
        series: vec![text.into(); 2],
        rows: (0..9)
            .map(|k| TornadoRow {
                label: text.into(),
                effects: vec![at(k), at(k + 1)],
                intervals: vec![(at(k + 2), at(k)), (at(k + 4), at(k + 3))],
            })
            .collect(),
        most_rows: 5,
        provenance: provenance.clone(),
    };
    let licences = LicenceStack {
        caption: caption.clone(),
        subtitle: subtitle.clone(),
        quantity: text.into(),
        panels: (0..3)
            .map(|k| LicencePanel {
                title: text.into(),
                dates: days.to_vec(),
                approved: series(k),
                pending: series(k + 1),
                rejected: series(k + 3),
                published: days.iter().map(|day| (*day, at(k))).collect(),
            })
            .collect(),
        events: days.iter().map(|day| Event { day: *day, label: text.into() }).collect(),
        provenance: provenance.clone(),
    };
    let waiting = WaitingChart {
        caption: caption.clone(),
        subtitle: subtitle.clone(),
        classes: (0..3)
            .map(|k| WaitingClass {
                label: text.into(),
                approved: series(k).into_iter().map(|v| v as u64).collect(),
                rejected: series(k + 1).into_iter().map(|v| v as u64).collect(),
                open: vec![at(k) as u64],
            })
            .collect(),
        provenance: provenance.clone(),
    };
    let score = ScoreChart {
        caption: caption.clone(),
        subtitle: subtitle.clone(),
        parameters: (0..3)
            .map(|k| ParameterDensity {
                label: text.into(),
                unit: text.into(),
                prior: series(k),
                posterior: series(k + 1),
            })
            .collect(),
        provenance: provenance.clone(),
    };
    // The bitmap backend sees only the same coordinates: a few sets of them are enough for it.
    let formats = if numbers.len() > 6 { &[Format::Svg, Format::Png][..] } else { &[Format::Svg] };
    for format in formats.iter().copied() {
        let pictures = [
            fan(1).render(format),
            fan(2).render(format),
            heatmap.render(format),
            exceedance.render(format),
            stops.render(format),
            map.render(format),
            tornado.render(format),
            licences.render(format),
            waiting.render(format),
            score.render(format),
        ];
        for (i, picture) in pictures.into_iter().enumerate() {
            let bytes = picture.unwrap_or_else(|e| panic!("{name}, chart {i}: {e}"));
            if format == Format::Svg {
                well_formed(&String::from_utf8(bytes).unwrap());
            } else if let Ok(folder) = std::env::var("COERCIVITY_CHARTS") {
                std::fs::create_dir_all(&folder).unwrap();
                std::fs::write(format!("{folder}/hostile_{name}_{i}.png"), &bytes).unwrap();
            }
        }
    }
}

#[test]
fn no_input_breaks_a_chart() {
    let weeks: Vec<i32> = (0..40).map(|i| 20_000 + 7 * i).collect();
    let tame = [0.2, 0.5, 0.9, 0.1, 0.7];
    hostile("mixed", &[1.0, f64::NAN, -3.0, f64::INFINITY, 1e300, -1e-300, 0.0], &weeks, "mixed");
    hostile("huge", &[f64::MAX, f64::MIN, f64::MIN_POSITIVE], &weeks, "huge");
    hostile("one", &[1.0], &[20_000], "one");
    hostile("same_day", &tame, &[20_000; 30], "same day");
    hostile("far_days", &tame, &[i32::MIN, -5, 0, 9, i32::MAX], "far days");
    hostile("backwards", &tame, &weeks.iter().rev().copied().collect::<Vec<_>>(), "backwards");
    hostile("no_days", &tame, &[], "no days");
    hostile("markup", &tame, &weeks, "<b>&amp; \"quoted\" ' \u{0}\u{7}\n 稀土 —");
    hostile("long", &tame, &weeks, &"interminable ".repeat(60));
    hostile("unbroken", &tame, &weeks, &"W".repeat(900));
    hostile("blank", &tame, &weeks, "");
}
