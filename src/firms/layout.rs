//! How a firm network lies in memory for a model in time steps.
//!
//! Everything a step does with a flow happens at its customer, except two things: the supplier's state is
//! read, and the order is added to the supplier's demand. Both go to the same supplier, so customers are cut
//! into blocks, and each block has a small table (its *desk*) with one slot per supplier it buys from. A
//! step then touches memory at random only inside a desk, which fits the second-level cache; suppliers add up
//! the slots of all desks block by block, in a fixed order. No flow is ever written by two threads, and sums
//! do not depend on the number of threads.
//!
//! Firms are dealt to blocks like cards in order of falling out-degree, so that each block has its share of
//! hubs, and sorted inside a block by number of purchases, so that row lengths are predictable.

use rayon::prelude::*;

use super::FirmNetwork;

/// Flows per block. 64 Ki flows buy from some 30 000 suppliers: 0.5 MB of desk, half of a common L2 cache. (A
/// quarter and twice as much were measured and differ by less than the noise.)
const BLOCK: usize = 1 << 16;

/// Flows from which a block outweighs what it costs to wake a thread.
const WORTHWHILE: usize = 1 << 13;

/// One block of customers, which is also a block of suppliers. Positions below are positions in the block.
pub(super) struct Plan {
    /// Position in the network of each firm.
    pub firm: Vec<u32>,
    /// Firms with one supplier per sector; they come first.
    pub plain: usize,
    /// Number of purchases of each firm.
    pub row: Vec<u32>,
    /// Number of sectors each firm that is not plain buys from.
    pub parts: Vec<u32>,
    /// Number of purchases of each such sector; firm by firm.
    pub part: Vec<u32>,
    /// Money per step of each purchase; by firm, then sector, then supplier.
    pub weight: Vec<f64>,
    /// Desk slot of each purchase's supplier.
    pub slot: Vec<u32>,
    /// Desk slots of the suppliers that live in block `b`: `run[b]..run[b + 1]`.
    pub run: Vec<u32>,
    /// Position in its own block of each slot's supplier; ascending inside a run.
    pub local: Vec<u32>,
}

/// Number of blocks: a multiple of four as soon as blocks are worth a thread's while, so that few threads end
/// together. It depends on the network alone: the cut decides the order of sums.
fn blocks(flows: usize) -> usize {
    let fewest = flows.div_ceil(BLOCK).max(1);
    if flows >= 4 * WORTHWHILE { fewest.next_multiple_of(4) } else { fewest }
}

/// Cuts a network into blocks. Flows for which `counts(firm)` of the customer is false are left out, and so
/// are flows of weight 0: they carry nothing.
pub(super) fn compile(network: &FirmNetwork, counts: impl Fn(usize) -> bool + Sync) -> Vec<Plan> {
    let n = network.len();
    let mut sales = vec![0_u32; n];
    for supplier in &network.supplier {
        sales[*supplier as usize] += 1;
    }
    let blocks = blocks(network.flow_count()).min(n.max(1));
    let mut falling: Vec<u32> = (0..u32_of(n)).collect();
    falling.sort_by_key(|firm| std::cmp::Reverse(sales[*firm as usize]));
    let kept = |firm: u32| {
        let (suppliers, weights) = network.purchases(firm as usize);
        let pairs = suppliers.iter().zip(weights).filter(|(_, weight)| **weight > 0.0);
        pairs.take(if counts(firm as usize) { suppliers.len() } else { 0 })
    };
    let sector_of = |supplier: u32| network.sector[supplier as usize];
    // (pooled, purchases) of each firm: what rows are sorted by.
    let shape: Vec<(bool, u32)> = (0..u32_of(n))
        .into_par_iter()
        .map_init(Vec::new, |sectors: &mut Vec<u32>, firm| {
            sectors.clear();
            sectors.extend(kept(firm).map(|(supplier, _)| sector_of(*supplier)));
            let purchases = u32_of(sectors.len());
            sectors.sort_unstable();
            (sectors.windows(2).any(|pair| pair[0] == pair[1]), purchases)
        })
        .collect();
    let members: Vec<Vec<u32>> = (0..blocks)
        .into_par_iter()
        .map(|block| {
            let mut firms: Vec<u32> = falling.iter().copied().skip(block).step_by(blocks).collect();
            firms.sort_by_key(|firm| shape[*firm as usize]);
            firms
        })
        .collect();
    // Place of a firm among all blocks laid end to end.
    let mut place = vec![0_u32; n];
    let mut first = Vec::with_capacity(blocks + 1);
    let mut at = 0;
    for firms in &members {
        first.push(at);
        for firm in firms {
            place[*firm as usize] = at;
            at += 1;
        }
    }
    first.push(at);
    members
        .into_par_iter()
        .map(|firms| {
            let plain = firms.partition_point(|firm| !shape[*firm as usize].0);
            let row: Vec<u32> = firms.iter().map(|firm| shape[*firm as usize].1).collect();
            let purchases: usize = row.iter().map(|length| *length as usize).sum();
            let (mut parts, mut part) = (Vec::with_capacity(firms.len() - plain), Vec::new());
            let (mut weight, mut slot) = (Vec::with_capacity(purchases), Vec::with_capacity(purchases));
            let mut bought: Vec<(u32, u32, f64)> = Vec::new();
            for (position, firm) in firms.iter().enumerate() {
                bought.clear();
                bought
                    .extend(kept(*firm).map(|(supplier, weight)| (sector_of(*supplier), *supplier, *weight)));
                bought.sort_by_key(|entry| (entry.0, entry.1));
                if position >= plain {
                    let before = part.len();
                    part.extend(bought.chunk_by(|a, b| a.0 == b.0).map(|same| u32_of(same.len())));
                    parts.push(u32_of(part.len() - before));
                }
                weight.extend(bought.iter().map(|entry| entry.2));
                slot.extend(bought.iter().map(|entry| place[entry.1 as usize]));
            }
            let mut desk = slot.clone();
            desk.sort_unstable();
            desk.dedup();
            for entry in &mut slot {
                *entry = u32_of(desk.partition_point(|place| place < entry));
            }
            let run: Vec<u32> =
                first.iter().map(|begin| u32_of(desk.partition_point(|place| place < begin))).collect();
            for (block, bounds) in run.windows(2).enumerate() {
                for entry in &mut desk[bounds[0] as usize..bounds[1] as usize] {
                    *entry -= first[block];
                }
            }
            Plan { firm: firms, plain, row, parts, part, weight, slot, run, local: desk }
        })
        .collect()
}

/// A count that is known to fit: networks hold fewer than 2³² firms and flows.
#[expect(clippy::cast_possible_truncation, reason = "see above")]
pub(super) fn u32_of(count: usize) -> u32 {
    count as u32
}
