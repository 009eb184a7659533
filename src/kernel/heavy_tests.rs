//! Heavy oxide never comes out of ore that does not hold it.

use super::{Blind, Kernel, State};
use crate::network::line::Band;
use crate::scenario::Scenario;

fn baseline() -> Scenario {
    let mut scenario = Scenario::bundled("baseline").unwrap().0;
    scenario.days = 1;
    scenario
}

/// Over 128 draws of the shipped network what calm makes of Dy and Tb is in the ore: all of it at contents within
/// their bands, and some draws had to be raised or made again for it.
#[test]
fn no_draw_makes_heavy_oxide_of_nothing() {
    let kernel = Kernel::compile(&baseline());
    let graph = kernel.graph();
    let mut state = State::<8>::new(&kernel);
    let (mut whole, mut parts) = (0, 0);
    for batch in 0..16 {
        kernel.watch(batch * 8, &mut state, &mut Blind);
        let group = &kernel.groups[0];
        assert!(group.known);
        for lane in 0..8 {
            let mut held = 0.0;
            for (ore, content) in group.ores.iter().zip(&state.content[group.first..]) {
                let route = &graph.routes[kernel.routes.id[ore.route as usize].index()];
                let mine = &graph.sites[graph.lines[route.from.index()].facility.index()].id;
                let id = format!("dytb-per-reo:{mine}");
                let band =
                    graph.coefficients.iter().find(|c| c.id == id).map_or(Band::fixed(0.0), |c| c.band);
                let content = content[lane];
                assert!(band.low <= content && content <= band.high * (1.0 + 1.0e-12), "{id}: {content}");
                held += content * state.routes[ore.route as usize].base_flow[lane];
            }
            let made: f64 = group.lines.iter().map(|line| state.base_output[*line as usize][lane]).sum();
            assert!(made > 0.0 && made <= held * (1.0 + 1.0e-9), "{made} t a day of ore that holds {held}");
            assert!((state.recovery[0][lane] * held - made).abs() <= 1.0e-9 * made);
            *(if made < held * (1.0 - 1.0e-9) { &mut parts } else { &mut whole }) += 1;
        }
    }
    assert!(whole > 10 && parts > 10, "{whole} draws use up all the ore holds, {parts} do not");
}

/// Central values are the record of 2024: its ores hold what was made.
#[test]
fn the_record_of_2024_closes() {
    let mut scenario = baseline();
    scenario.switches.sample_network = false;
    let kernel = Kernel::compile(&scenario);
    let mut state = State::<1>::new(&kernel);
    kernel.watch(0, &mut state, &mut Blind);
    assert!(state.recovery[0][0] > 0.9 && state.recovery[0][0] <= 1.0 + 1.0e-9, "{}", state.recovery[0][0]);
}
