//! Random networks: layers of lines, with what makes real ones hard: co-products, plants that open,
//! candidates, recycling.

use coercivity::id::{CoefficientId, LineId, MaterialId};
use coercivity::network::line::{Amount, Band, Carriage, Criticality, EndUse, LineGraph, LineRoute, Stage};

use super::{Builder, Dice, Plan, START, Shape, route};

const STAGES: [Stage; 6] =
    [Stage::Mine, Stage::Separation, Stage::Metal, Stage::Magnet, Stage::Component, Stage::Automaker];
const COUNTRIES: [&str; 5] = ["CHN", "CHN", "JPN", "DEU", "USA"];

/// A random network: layers of lines, each buying from the layers above.
pub(super) fn network(plan: &Plan, dice: &mut Dice) -> LineGraph {
    let mut b = Builder::default();
    let first_stage = 6 - plan.layers;
    let mut layers: Vec<Vec<LineId>> = Vec::new();
    for layer in 0..plan.layers {
        let stage = STAGES[first_stage + layer];
        let last = layer + 1 == plan.layers;
        let width = match plan.shape {
            Shape::Chain => 1,
            Shape::Diamond => 1 + usize::from(layer % 2 == 1),
            Shape::Tree => (1 << (plan.layers - 1 - layer).min(3)).min(8),
            Shape::Web | Shape::Cycle => 1 + dice.below(4),
        };
        let kinds = if width > 1 && plan.shape != Shape::Tree { 1 + dice.below(2) } else { 1 };
        let materials: Vec<MaterialId> = (0..kinds)
            .map(|kind| {
                let content = (dice.between(0.1, 1.0), if kind == 0 { dice.between(0.01, 0.1) } else { 0.0 });
                let content = if stage == Stage::Mine { (0.0, 0.0) } else { content };
                let price = dice.chance(0.5).then(|| dice.between(10.0, 1000.0));
                b.material(&format!("{}{kind}", stage.as_str()), kind == 0, content, price)
            })
            .collect();
        let mut lines = Vec::new();
        for position in 0..width {
            let demand = if last || (plan.shape == Shape::Web && dice.chance(0.15)) {
                dice.between(1.0, 100.0)
            } else {
                0.0
            };
            let stage = if last && dice.chance(0.3) { Stage::OtherDemand } else { stage };
            let line = b.line(
                &format!("{}-{position}", STAGES[first_stage + layer].as_str()),
                stage,
                dice.pick(&COUNTRIES),
                materials[position % kinds],
                demand,
            );
            let entry = &mut b.graph.lines[line.index()];
            entry.end_use = dice.pick(&[EndUse::Automotive, EndUse::Wind, EndUse::Defence, EndUse::Other]);
            let pool = &mut b.graph.pools[entry.pool.index()];
            pool.utilisation_unknown = dice.chance(0.5);
            if position > 0 && plan.shape != Shape::Tree && dice.chance(0.3) {
                b.share_pool(line, lines[position - 1]);
            }
            lines.push(line);
        }
        for (position, &line) in lines.iter().enumerate() {
            if layer > 0 {
                supply(plan, &mut b, dice, &layers, (position, width, line), stage);
            }
        }
        layers.push(lines);
    }
    if plan.rich {
        co_products(&mut b, dice, &layers);
        late_plants(&mut b, dice);
        candidates(&mut b, dice);
    }
    if plan.shape == Shape::Cycle {
        recycling(&mut b, dice, &layers);
    }
    b.finish()
}

/// Gives a line its inputs and their suppliers.
fn supply(
    plan: &Plan,
    b: &mut Builder,
    dice: &mut Dice,
    layers: &[Vec<LineId>],
    (position, width, line): (usize, usize, LineId),
    stage: Stage,
) {
    let above = &layers[layers.len() - 1];
    let mut choice: Vec<LineId> = above.clone();
    if plan.shape == Shape::Tree {
        choice = above
            .iter()
            .enumerate()
            .filter(|(i, _)| i * width / above.len() == position)
            .map(|(_, l)| *l)
            .collect();
    } else if matches!(plan.shape, Shape::Web | Shape::Cycle) {
        choice = dice.some(above);
        if layers.len() > 1 && dice.chance(0.3) {
            choice.push(dice.pick(&layers[layers.len() - 2]));
        }
    }
    let mut materials: Vec<MaterialId> = choice.iter().map(|l| b.graph.lines[l.index()].product).collect();
    materials.sort();
    materials.dedup();
    for material in materials {
        let suppliers: Vec<LineId> =
            choice.iter().copied().filter(|l| b.graph.lines[l.index()].product == material).collect();
        let amount = dice.between(0.2, 1.2);
        let amount = if dice.chance(0.5) {
            let id = b.coefficient(
                &format!("amount-{}-{}", line.0, material.0),
                Band { low: 0.8 * amount, central: amount, high: 1.1 * amount },
            );
            Amount { terms: vec![(1.0, Some(id))], divisors: Vec::new() }
        } else {
            Amount::fixed(amount)
        };
        let input = b.input(line, material, amount);
        if plan.rich {
            let cost_share = dice.between(0.05, 0.9);
            let criticality = dice.pick(&[
                Criticality::Essential,
                Criticality::Essential,
                Criticality::NonEssential { cost_share },
                Criticality::Negligible,
            ]);
            b.graph.lines[line.index()].inputs[input as usize].criticality = criticality;
        }
        let cover = dice.between(3.0, 30.0);
        for supplier in suppliers {
            let ore = b.graph.lines[supplier.index()].stage == Stage::Mine && stage == Stage::Separation;
            add_route(b, dice, (supplier, line, input), cover, ore);
        }
    }
}

fn add_route(
    b: &mut Builder,
    dice: &mut Dice,
    (from, to, input): (LineId, LineId, u32),
    cover: f64,
    ore: bool,
) {
    let share = dice.between(0.1, 1.0);
    let yield_per_tonne = ore.then(|| {
        let mine = b.graph.sites[b.graph.lines[from.index()].facility.index()].id.clone();
        let id = format!("ndpr-per-reo:{mine}");
        let known = b.graph.coefficients.iter().position(|c| c.id == id);
        let id = known.map(CoefficientId::new).unwrap_or_else(|| {
            let content = dice.between(0.05, 0.3);
            let heavy = dice.between(0.001, 0.02);
            b.coefficient(
                &format!("dytb-per-reo:{mine}"),
                Band { low: 0.5 * heavy, central: heavy, high: 1.5 * heavy },
            );
            b.coefficient(&id, Band { low: 0.8 * content, central: content, high: 1.2 * content })
        });
        Amount { terms: vec![(1.0, Some(id))], divisors: Vec::new() }
    });
    b.route(LineRoute {
        share: Band { low: 0.6 * share, central: share, high: 1.3 * share },
        yield_per_tonne,
        surface_days: 1 + dice.below(20) as u32,
        air_days: 1 + dice.below(5) as u32,
        carriage: if dice.chance(0.4) { Carriage::SeaAndAir } else { Carriage::Surface },
        cover: Band { low: 0.5 * cover, central: cover, high: 2.0 * cover },
        ..route(from, to, input, share)
    });
}

/// Heavy oxide beside the oxide of the first separation line, bought by whoever comes after.
fn co_products(b: &mut Builder, dice: &mut Dice, layers: &[Vec<LineId>]) {
    let Some(layer) = layers.iter().position(|l| b.graph.lines[l[0].index()].stage == Stage::Separation)
    else {
        return;
    };
    if layer + 1 >= layers.len() {
        return;
    }
    let feed = dice.pick(&layers[layer]);
    let material = b.material("heavy oxide", true, (0.0, 0.9), Some(1000.0));
    let count = 1 + dice.below(2);
    let heavy: Vec<LineId> = (0..count)
        .map(|i| {
            let line = b.line(&format!("heavy-{i}"), Stage::Separation, "CHN", material, 0.0);
            b.graph.lines[line.index()].coproduct_of = Some(feed);
            line
        })
        .collect();
    for buyer in dice.some(&layers[layer + 1]) {
        let input = b.input(buyer, material, Amount::fixed(dice.between(0.001, 0.05)));
        for &supplier in &heavy {
            add_route(b, dice, (supplier, buyer, input), 20.0, false);
        }
    }
    if dice.chance(0.5) {
        let line = heavy[count - 1];
        open_later(b, dice, line);
    }
}

/// Turns a line into a plant that opens during the run or opened before it (so that at its start the plant is
/// in the midst of its ramp, or past it), if every buyer has another supplier.
fn open_later(b: &mut Builder, dice: &mut Dice, line: LineId) {
    let sole = b.graph.routes.iter().filter(|route| route.from == line).any(|route| {
        !b.graph.routes.iter().any(|other| {
            (other.to, other.input) == (route.to, route.input)
                && other.from != line
                && other.share.central > 0.0
        })
    });
    let entry = &b.graph.lines[line.index()];
    if sole || entry.final_demand > 0.0 || b.graph.pools[entry.pool.index()].lines.len() != 1 {
        return;
    }
    let date = match dice.below(4) {
        0 => START - 30 - dice.below(300) as i32,
        1 => START - 4000,
        _ => START + 5 + dice.below(60) as i32,
    };
    let pool = entry.pool;
    b.graph.pools[pool.index()].opens = Some(date);
    b.graph.pools[pool.index()].capacity = dice.between(1.0, 200.0);
    b.graph.pools[pool.index()].utilisation_unknown = false;
    for route in b.graph.routes.iter_mut().filter(|route| route.from == line) {
        route.opens = Some(date);
        route.share = Band { low: 0.0, central: 0.0, high: dice.between(0.05, 0.4) };
    }
}

fn late_plants(b: &mut Builder, dice: &mut Dice) {
    for line in 0..b.graph.lines.len() {
        let line = LineId::new(line);
        let entry = &b.graph.lines[line.index()];
        if entry.coproduct_of.is_none() && entry.stage != Stage::Mine && dice.chance(0.2) {
            open_later(b, dice, line);
        }
    }
}

/// Suppliers that could qualify: makers of the material that do not serve the buyer yet.
fn candidates(b: &mut Builder, dice: &mut Dice) {
    for to in 0..b.graph.lines.len() {
        for input in 0..b.graph.lines[to].inputs.len() {
            let material = b.graph.lines[to].inputs[input].material;
            let makers: Vec<LineId> = (0..b.graph.lines.len())
                .map(LineId::new)
                .filter(|maker| {
                    let line = &b.graph.lines[maker.index()];
                    line.product == material
                        && maker.index() != to
                        && b.graph.pools[line.pool.index()].opens.is_none()
                        && !b.graph.routes.iter().any(|r| (r.from, r.to.index()) == (*maker, to))
                })
                .collect();
            if makers.is_empty() || !dice.chance(0.4) {
                continue;
            }
            let maker = dice.pick(&makers);
            let ore = b.graph.lines[maker.index()].stage == Stage::Mine;
            let before = b.graph.routes.len();
            add_route(
                b,
                dice,
                (maker, LineId::new(to), input as u32),
                10.0,
                ore && b.graph.lines[to].stage == Stage::Separation,
            );
            b.graph.routes[before].share = Band { low: 0.0, central: 0.0, high: dice.between(0.1, 0.8) };
        }
    }
}

/// A recycler that makes an early material from a later one: a cycle whose gain is well below 1.
fn recycling(b: &mut Builder, dice: &mut Dice, layers: &[Vec<LineId>]) {
    if layers.len() < 3 {
        return;
    }
    let early = usize::from(b.graph.lines[layers[0][0].index()].stage == Stage::Mine);
    let late = layers.len() - 2;
    let product = b.graph.lines[layers[early][0].index()].product;
    let scrap = b.graph.lines[layers[late][0].index()].product;
    let recycler = b.line("recycler", Stage::Separation, "JPN", product, 0.0);
    let input = b.input(recycler, scrap, Amount::fixed(dice.between(0.02, 0.1)));
    add_route(b, dice, (layers[late][0], recycler, input), 10.0, false);
    if dice.chance(0.3) {
        // A line that uses some of its own product.
        let input = b.input(recycler, product, Amount::fixed(0.1));
        add_route(b, dice, (recycler, recycler, input), 10.0, false);
    }
    let buyers: Vec<(usize, usize)> = (0..b.graph.lines.len())
        .flat_map(|line| (0..b.graph.lines[line].inputs.len()).map(move |input| (line, input)))
        .filter(|(line, input)| {
            *line != recycler.index() && b.graph.lines[*line].inputs[*input].material == product
        })
        .collect();
    for (line, input) in buyers {
        add_route(b, dice, (recycler, LineId::new(line), input as u32), 10.0, false);
        b.graph.routes.last_mut().unwrap().share = Band::fixed(0.1);
    }
}
