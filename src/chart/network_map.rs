//! The supply network on one page: stages from left to right, regions from top to bottom, flows as ribbons.

use super::axis::number;
use super::drawing::{Anchor, Drawing, Frame, fit, text_width, wrap};
use super::page::{Page, colour_bar};
use super::theme::Colour;
use super::theme::{GRID, INK, LABEL, MUTED, PAGE_HEIGHT, SMALL, TICK, WHITE, sequential};
use super::{Format, Provenance};
use crate::error::Error;

/// All facilities of one stage in one region.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct MapBox {
    /// Position in [`NetworkMap::stages`].
    pub stage: usize,
    /// Position in [`NetworkMap::regions`].
    pub region: usize,
    /// Normal output in the unit of the flows.
    pub output: f64,
    /// Share of it that is missing, 0 to 1.
    pub shortfall: f64,
}

/// All shipments from one box to another.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct MapFlow {
    /// Position of the sender in [`NetworkMap::boxes`].
    pub from: usize,
    /// Position of the receiver in [`NetworkMap::boxes`].
    pub to: usize,
    /// Normal flow, in tonnes (one material or one common content for all flows, so that widths compare).
    pub tonnes: f64,
    /// Share of it that is missing, 0 to 1.
    pub shortfall: f64,
}

/// Stages × regions with the flows between them.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct NetworkMap {
    /// Title of the picture.
    pub caption: String,
    /// A line under the title; may be empty.
    pub subtitle: String,
    /// Names of the columns, upstream first.
    pub stages: Vec<String>,
    /// Names of the rows, from the top.
    pub regions: Vec<String>,
    /// At most one box per stage and region; further ones are added to the first.
    pub boxes: Vec<MapBox>,
    /// The flows.
    pub flows: Vec<MapFlow>,
    /// Unit of widths, e.g. "t of magnet per year".
    pub unit: String,
    /// Flows below this share of all that flows are not drawn (0.005 is a good start); a note says how much.
    pub least_share: f64,
    /// The footer.
    pub provenance: Provenance,
}

/// All that flows from one cell to another.
#[derive(Debug, Clone, Copy)]
struct Ribbon {
    from: usize,
    to: usize,
    tonnes: f64,
    shortfall: f64,
}

/// A cell of the table, with the flows that meet there.
#[derive(Debug, Clone, Default)]
struct Cell {
    output: f64,
    missing: f64,
    inflow: f64,
    outflow: f64,
    top: f64,
    used_in: f64,
    used_out: f64,
}

impl Cell {
    fn size(&self) -> f64 {
        self.output.max(self.inflow).max(self.outflow)
    }
}

const BOX_WIDTH: f64 = 74.0;

fn positive(value: f64) -> f64 {
    if value.is_finite() { value.max(0.0) } else { 0.0 }
}

/// Colour of a shortfall on a scale that ends at `top`.
fn shade(shortfall: f64, top: f64) -> Colour {
    // A calm flow is grey: colour is for what is missing.
    if positive(shortfall) < 0.01 { Colour(200, 205, 211, 1.0) } else { sequential(shortfall / top) }
}

/// End of the scale: the largest shortfall of what is wide enough to look at, up to the next round number. On a
/// scale to 100 % a year with a month of trouble would be yellow all over.
fn scale_end(boxes: impl Iterator<Item = f64>, flows: &[Ribbon]) -> f64 {
    let widest = flows.iter().map(|flow| flow.tonnes).fold(0.0, f64::max);
    let seen = flows.iter().filter(|flow| flow.tonnes >= widest * 0.02).map(|flow| flow.shortfall);
    let largest = seen.chain(boxes).map(positive).fold(0.0, f64::max);
    ((largest * 10.0).ceil() / 10.0).clamp(0.1, 1.0)
}

impl NetworkMap {
    /// Draws the map.
    ///
    /// # Errors
    /// [`Error::Chart`] when a box names no stage or region, a flow no box, or the picture cannot be encoded.
    pub fn render(&self, format: Format) -> Result<Vec<u8>, Error> {
        let failed = |problem: String| Error::Chart { chart: self.caption.clone(), problem };
        if let Some(i) =
            self.boxes.iter().position(|b| b.stage >= self.stages.len() || b.region >= self.regions.len())
        {
            return Err(failed(format!("box {i} lies outside the stages or regions")));
        }
        if let Some(i) = self.flows.iter().position(|f| f.from.max(f.to) >= self.boxes.len()) {
            return Err(failed(format!("flow {i} joins boxes that do not exist")));
        }
        self.drawing().render(format)
    }

    /// Flows large enough to draw, merged per pair of cells, with the share of the rest.
    fn merged(&self) -> (Vec<Ribbon>, f64) {
        let cell = |b: usize| self.boxes[b].region * self.stages.len() + self.boxes[b].stage;
        let mut pairs: std::collections::BTreeMap<(usize, usize), (f64, f64)> =
            std::collections::BTreeMap::new();
        for flow in &self.flows {
            let tonnes = positive(flow.tonnes);
            let sum = pairs.entry((cell(flow.from), cell(flow.to))).or_default();
            sum.0 += tonnes;
            sum.1 += tonnes * positive(flow.shortfall).min(1.0);
        }
        let all: f64 = pairs.values().map(|(tonnes, _)| tonnes).sum();
        let least = positive(self.least_share) * all;
        let kept: Vec<_> = pairs
            .into_iter()
            .filter(|(_, (tonnes, _))| *tonnes > 0.0 && *tonnes >= least)
            .map(|((from, to), (tonnes, missing))| Ribbon { from, to, tonnes, shortfall: missing / tonnes })
            .collect();
        let drawn: f64 = kept.iter().map(|r| r.tonnes).sum();
        (kept, if all > 0.0 { (1.0 - drawn / all).max(0.0) } else { 0.0 })
    }

    fn drawing(&self) -> Drawing {
        let mut page = Page::new(&self.caption, &self.subtitle, &self.provenance);
        page.set_height(PAGE_HEIGHT.max(300.0 + 60.0 * self.regions.len().min(100) as f64));
        let (flows, hidden) = self.merged();
        let columns = self.stages.len();
        let mut cells = vec![Cell::default(); columns * self.regions.len()];
        for b in &self.boxes {
            let cell = &mut cells[b.region * columns + b.stage];
            cell.output += positive(b.output);
            cell.missing += positive(b.output) * positive(b.shortfall).min(1.0);
        }
        for ribbon in &flows {
            cells[ribbon.from].outflow += ribbon.tonnes;
            cells[ribbon.to].inflow += ribbon.tonnes;
        }
        if cells.iter().all(|c| c.size() <= 0.0) {
            return page.nothing("no facility has an output and nothing flows");
        }
        if hidden > 0.0 {
            page.note(&format!(
                "Flows below {} % of the total are not drawn: together {} % of all tonnes.",
                number(self.least_share * 100.0),
                number((hidden * 1000.0).round() / 10.0)
            ));
        }
        let body = page.body();
        let d = &mut page.drawing;
        let bar_width = 185.0;
        let names = self.regions.iter().map(|r| text_width(r, LABEL, true)).fold(60.0, f64::max).min(220.0);
        let field =
            Frame::new(body.x0 + names + 16.0, body.y0 + LABEL * 2.5 + 6.0, body.x1 - bar_width, body.y1);

        // One scale for all boxes and ribbons; a row is as high as its largest box.
        let rows: Vec<f64> =
            cells.chunks(columns.max(1)).map(|row| row.iter().map(Cell::size).fold(0.0, f64::max)).collect();
        let shown: Vec<usize> = (0..rows.len()).filter(|r| rows[*r] > 0.0).collect();
        let pad = (SMALL + 16.0).min(field.height() / (shown.len().max(1) as f64 * 2.0));
        let room = field.height() - pad * shown.len() as f64;
        let scale = room / shown.iter().map(|r| rows[*r]).sum::<f64>().max(1e-300);

        let column_step = (field.width() - BOX_WIDTH) / (columns.max(2) - 1) as f64;
        let left = |column: usize| field.x0 + column as f64 * column_step;
        for (i, stage) in self.stages.iter().enumerate() {
            // The last column borders on the colour bar.
            let room = if i + 1 == columns { BOX_WIDTH + 50.0 } else { column_step - 14.0 };
            let lines = wrap(stage, LABEL, true, room, 2);
            let mut y = field.y0 - 12.0 - LABEL * 1.2 * (lines.len().max(1) - 1) as f64;
            for line in lines {
                d.bold((left(i), y), &line, LABEL, INK, Anchor::Left);
                y += LABEL * 1.2;
            }
        }
        let mut y = field.y0;
        for row in &shown {
            d.line(&[(body.x0, y), (field.x1, y)], 1.0, GRID);
            let height = rows[*row] * scale;
            let middle = f64::midpoint(y, y + pad + height);
            let lines =
                wrap(&self.regions[*row], LABEL, true, names, if pad + height > 50.0 { 2 } else { 1 });
            let mut at = middle + LABEL * 0.36 - LABEL * 0.6 * (lines.len().max(1) - 1) as f64;
            for line in &lines {
                d.bold((body.x0, at), line, LABEL.min((pad + height) * 0.8), INK, Anchor::Left);
                at += LABEL * 1.2;
            }
            for column in 0..columns {
                let cell = &mut cells[row * columns + column];
                // Centred in the row; room for the number above.
                cell.top = y + pad - 4.0 + (height - cell.size() * scale) / 2.0;
            }
            y += pad + height;
        }
        let missing = cells.iter().filter(|cell| cell.output > 0.0).map(|cell| cell.missing / cell.output);
        let top = scale_end(missing, &flows);
        let colour = |shortfall: f64| shade(shortfall, top);
        draw_flows(d, &flows, &mut cells, columns, scale, (&left, &colour));
        draw_boxes(d, &cells, columns, scale, (&left, &colour));

        let bar = Frame::new(field.x1 + 60.0, body.y0, body.x1, body.y0 + 380.0);
        let title = wrap("missing, % of normal", SMALL, false, bar_width - 70.0, 3);
        colour_bar(d, bar, 100.0 * top, &title);
        // The calm colour differs from the general "zero", so it is drawn over it.
        d.rect(Frame::new(bar.x0, bar.y1 - 18.0, bar.x0 + 26.0, bar.y1), shade(0.0, top));
        width_key(d, Frame::new(bar.x0, bar.y1 + 30.0, body.x1, body.y1), scale, &self.unit);
        page.finish()
    }
}

fn draw_flows(
    d: &mut Drawing,
    flows: &[Ribbon],
    cells: &mut [Cell],
    columns: usize,
    scale: f64,
    (left, shade): (&dyn Fn(usize) -> f64, &dyn Fn(f64) -> Colour),
) {
    // Ribbons leave and arrive in the order of the rows at their other ends, so that few cross.
    let mut starts = vec![0.0; flows.len()];
    let mut ends = vec![0.0; flows.len()];
    let mut order: Vec<usize> = (0..flows.len()).collect();
    order.sort_by_key(|i| (flows[*i].from, flows[*i].to));
    for i in &order {
        let cell = &mut cells[flows[*i].from];
        starts[*i] = cell.top + ((cell.size() - cell.outflow) / 2.0 + cell.used_out) * scale;
        cell.used_out += flows[*i].tonnes;
    }
    order.sort_by_key(|i| (flows[*i].to, flows[*i].from));
    for i in &order {
        let cell = &mut cells[flows[*i].to];
        ends[*i] = cell.top + ((cell.size() - cell.inflow) / 2.0 + cell.used_in) * scale;
        cell.used_in += flows[*i].tonnes;
    }
    // Thin ribbons last, on top of wide ones.
    order.sort_by(|a, b| flows[*b].tonnes.total_cmp(&flows[*a].tonnes).then(a.cmp(b)));
    for i in order {
        let Ribbon { from, to, tonnes, shortfall } = flows[i];
        let x0 = left(from % columns) + BOX_WIDTH;
        let x1 = left(to % columns);
        let width = (tonnes * scale).max(1.0);
        // Flows that do not go forward (returns, trade within a stage) swing out on both sides.
        let bend = if x1 > x0 { (x1 - x0) * 0.5 } else { 110.0 };
        let edge = |offset: f64| -> Vec<(f64, f64)> {
            (0..=32)
                .map(|k| {
                    let t = f64::from(k) / 32.0;
                    let u = 1.0 - t;
                    let (first, second, third, last) =
                        (u * u * u, 3.0 * t * u * u, 3.0 * t * t * u, t * t * t);
                    (
                        first * x0 + second * (x0 + bend) + third * (x1 - bend) + last * x1,
                        (first + second) * (starts[i] + offset) + (third + last) * (ends[i] + offset),
                    )
                })
                .collect()
        };
        let colour = shade(shortfall);
        if x1 <= x0 {
            // Swept edges would turn inside out where the path turns back: draw a thick line instead.
            d.line(&edge(width / 2.0), width, super::theme::mix(super::theme::WHITE, colour, 0.8));
            continue;
        }
        let (upper, lower) = (edge(0.0), edge(width));
        let outline: Vec<_> = upper.iter().copied().chain(lower.iter().rev().copied()).collect();
        d.area(outline, Colour(colour.0, colour.1, colour.2, 0.8));
        // A thin light edge keeps neighbours of one colour apart.
        if width > 4.0 {
            d.line(&upper, 0.8, WHITE);
            d.line(&lower, 0.8, WHITE);
        }
    }
}

fn draw_boxes(
    d: &mut Drawing,
    cells: &[Cell],
    columns: usize,
    scale: f64,
    (left, shade): (&dyn Fn(usize) -> f64, &dyn Fn(f64) -> Colour),
) {
    for (i, cell) in cells.iter().enumerate().filter(|(_, c)| c.size() > 0.0) {
        let x = left(i % columns);
        let bottom = cell.top + (cell.size() * scale).max(2.0);
        let frame = Frame::new(x, cell.top, x + BOX_WIDTH, bottom);
        let colour = shade(if cell.output > 0.0 { cell.missing / cell.output } else { 0.0 });
        d.rect(frame, colour);
        for edge in [frame.y0, frame.y1] {
            d.line(&[(frame.x0, edge), (frame.x1, edge)], 1.5, INK);
        }
        for edge in [frame.x0, frame.x1] {
            d.line(&[(edge, frame.y0), (edge, frame.y1)], 1.5, INK);
        }
        if cell.output > 0.0 {
            let label = fit(&number(cell.output), SMALL, false, BOX_WIDTH + 24.0);
            if frame.height() > SMALL * 1.3 && text_width(&label, SMALL, false) < BOX_WIDTH - 4.0 {
                let ink = super::theme::text_on(colour);
                d.text(
                    (frame.centre_x(), frame.centre_y() + SMALL * 0.36),
                    &label,
                    SMALL,
                    ink,
                    Anchor::Centre,
                );
            } else {
                let half = text_width(&label, SMALL, false) / 2.0 + 3.0;
                let ground = Frame::new(
                    frame.centre_x() - half,
                    frame.y0 - SMALL - 4.0,
                    frame.centre_x() + half,
                    frame.y0 - 2.0,
                );
                d.rect(ground, Colour(255, 255, 255, 0.75));
                d.text((frame.centre_x(), frame.y0 - 5.0), &label, SMALL, INK, Anchor::Centre);
            }
        }
    }
}

/// A bar of a round number of tonnes, as a key to all widths.
fn width_key(d: &mut Drawing, frame: Frame, scale: f64, unit: &str) {
    let wanted = 40.0 / scale;
    let power = libm::exp10(libm::floor(libm::log10(wanted.clamp(1e-200, 1e200))));
    let lead = [5.0, 2.0, 1.0].into_iter().find(|l| l * power <= wanted).unwrap_or(1.0);
    let tonnes = lead * power;
    let height = tonnes * scale;
    d.rect(Frame::new(frame.x0, frame.y0, frame.x0 + 26.0, frame.y0 + height), shade(0.0, 1.0));
    d.text(
        (frame.x0 + 35.0, frame.y0 + height / 2.0 + SMALL * 0.36),
        &number(tonnes),
        SMALL,
        INK,
        Anchor::Left,
    );
    let mut y = frame.y0 + height + SMALL * 1.6;
    for line in wrap(unit, SMALL, false, frame.width(), 4) {
        d.text((frame.x0, y), &line, SMALL, INK, Anchor::Left);
        y += SMALL * 1.3;
    }
    y += SMALL * 0.6;
    for line in wrap("Numbers in boxes: normal output, same unit", SMALL, false, frame.width(), 4) {
        d.text((frame.x0, y), &line, SMALL.min(TICK), MUTED, Anchor::Left);
        y += SMALL * 1.3;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::chart::tests::{examine, provenance, wobble};

    fn map() -> NetworkMap {
        let stages = [
            "Ore concentrate",
            "Separated oxide",
            "Metal and alloy",
            "Magnets",
            "Motors and parts",
            "Vehicles",
        ];
        let regions =
            ["China", "Japan", "European Union", "United States", "Rest of Asia", "Rest of the world"];
        let size = [
            [60.0, 88.0, 92.0, 90.0, 45.0, 40.0],
            [0.0, 1.0, 6.0, 7.0, 12.0, 12.0],
            [0.0, 2.0, 1.0, 1.0, 18.0, 20.0],
            [14.0, 3.0, 0.5, 0.3, 12.0, 14.0],
            [9.0, 4.0, 1.0, 1.0, 8.0, 9.0],
            [17.0, 2.0, 0.0, 0.3, 5.0, 5.0],
        ];
        let mut boxes = Vec::new();
        for (region, row) in size.iter().enumerate() {
            for (stage, output) in row.iter().enumerate() {
                if *output > 0.0 {
                    let shortfall = if stage < 3 || region == 0 {
                        0.0
                    } else {
                        0.2 * stage as f64 * wobble(region, stage)
                    };
                    boxes.push(MapBox { stage, region, output: output * 1000.0, shortfall });
                }
            }
        }
        let mut flows = Vec::new();
        for (from, a) in boxes.iter().enumerate() {
            for (to, b) in boxes.iter().enumerate().filter(|(_, b)| b.stage == a.stage + 1) {
                let home = if a.region == b.region { 6.0 } else { 1.0 };
                let all: f64 = boxes
                    .iter()
                    .filter(|c| c.stage == b.stage)
                    .map(|c| c.output * if c.region == a.region { 6.0 } else { 1.0 })
                    .sum();
                let shortfall = if a.region == 0 && b.region != 0 && a.stage > 1 { 0.75 } else { 0.0 };
                flows.push(MapFlow { from, to, tonnes: a.output * b.output * home / all, shortfall });
            }
        }
        NetworkMap {
            caption: "Where magnets come from, and what is missing (synthetic test data)".into(),
            subtitle: "June 2025 against normal; ribbons are as wide as normal flows".into(),
            stages: stages.map(String::from).to_vec(),
            regions: regions.map(String::from).to_vec(),
            boxes,
            flows,
            unit: "t of magnet content per year".into(),
            least_share: 0.005,
            provenance: provenance(),
        }
    }

    #[test]
    fn maps() {
        let svg = examine("network_map", |f| map().render(f));
        for text in [
            "Where magnets come from",
            "Separated oxide",
            "European Union",
            "are not drawn: together",
            "missing, %",
            "t of magnet",
        ] {
            assert!(svg.contains(text), "{text}");
        }
    }

    #[test]
    fn odd_maps() {
        assert!(
            examine("network_map_none", |f| NetworkMap { provenance: provenance(), ..NetworkMap::default() }
                .render(f))
            .contains("nothing to show")
        );
        let mut odd = map();
        odd.flows.iter_mut().for_each(|f| f.tonnes = f64::NAN);
        odd.boxes.iter_mut().for_each(|b| b.output = f64::NAN);
        assert!(examine("network_map_nan", |f| odd.render(f)).contains("nothing to show"));
        let mut back = map();
        back.flows.push(MapFlow { from: 20, to: 2, tonnes: 4000.0, shortfall: 0.4 });
        back.flows.push(MapFlow { from: 4, to: 4, tonnes: 4000.0, shortfall: 0.4 });
        examine("network_map_back", |f| back.render(f));
        back.flows.push(MapFlow { from: 9999, to: 2, tonnes: 4000.0, shortfall: 0.4 });
        assert!(back.render(Format::Svg).is_err());
        let mut one = map();
        one.flows.clear();
        one.boxes.truncate(1);
        one.stages.truncate(1);
        examine("network_map_one", |f| one.render(f));
    }
}
