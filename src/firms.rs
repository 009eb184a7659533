//! Firm networks of any size: plain tables of firms and money flows, and two published models on them.
//!
//! A room of its own beside the licensing model: here a node is a firm with a sector, an edge is money
//! per step from a customer to a supplier, and nothing is known of materials, licences or dates.
//!
//! | module | what it does |
//! |---|---|
//! | [`tables`] | loads `edges.csv` and `nodes.csv` into a [`FirmNetwork`], every mistake with its place |
//! | [`generate`] | makes a network of a stated kind and writes the same two tables |
//! | [`inoue`] | production over time after Inoue and Todo: stocks, orders, rationing |
//! | [`esri`] | the economic systemic risk index after Diem and others: a fixed point, many scenarios at once |

mod block;
mod buyers;
mod cascade;
mod cells;
pub mod codes;
pub mod esri;
pub mod generate;
pub mod inoue;
mod layout;
pub mod tables;
mod visits;
mod water;

#[cfg(test)]
mod reference;

/// Firms and the flows between them, in customer order (compressed sparse rows of purchases).
///
/// Firms are numbered `0..len()` in the order of `nodes.csv`; [`FirmNetwork::ids`] holds what the file
/// calls them. Rows are sorted by supplier. Made by [`tables::load`], [`generate::generate`] or
/// [`FirmNetwork::new`].
#[derive(Clone, Debug, Default, PartialEq)]
pub struct FirmNetwork {
    ids: Vec<u64>,
    sector: Vec<u32>,
    sector_ids: Vec<u64>,
    final_demand: Vec<f64>,
    delta: Vec<f64>,
    start: Vec<u32>,
    supplier: Vec<u32>,
    weight: Vec<f64>,
}

/// One firm as it stands in `nodes.csv`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Firm {
    /// Its name, any number that no other firm has.
    pub id: u64,
    /// Its sector, any number.
    pub sector: u64,
    /// Money per step from households and other buyers outside the network; finite, ≥ 0.
    pub final_demand: f64,
    /// Share of capacity lost in the shock, 0 to 1.
    pub delta: f64,
}

/// One flow: `supplier` sells to `customer` (positions of firms, not ids) for `weight` money per step.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Flow {
    /// Position of the selling firm.
    pub supplier: u32,
    /// Position of the buying firm.
    pub customer: u32,
    /// Money per step; finite, ≥ 0.
    pub weight: f64,
}

impl FirmNetwork {
    /// Sorts flows into rows.
    ///
    /// ```
    /// use coercivity::firms::{Firm, FirmNetwork, Flow};
    ///
    /// let firm = |id, final_demand| Firm { id, sector: 1, final_demand, delta: 0.0 };
    /// let flow = |supplier, customer, weight| Flow { supplier, customer, weight };
    /// let firms = [firm(10, 0.0), firm(20, 5.0)];
    /// let network = FirmNetwork::new(&firms, &[flow(0, 1, 3.0)]).unwrap();
    /// assert_eq!((network.sales(), network.find(20)), (vec![3.0, 0.0], Some(1)));
    /// assert_eq!(FirmNetwork::new(&firms, &[flow(0, 1, 3.0), flow(0, 1, 4.0)]).unwrap_err(), [(0, 1)]);
    /// ```
    ///
    /// Two flows of one pair are returned as the positions of both in `flows`.
    ///
    /// # Errors
    /// A list of pairs `(earlier, later)` of positions in `flows` that name the same supplier and customer.
    ///
    /// # Panics
    /// Never when flows name positions below `firms.len()` and there are fewer than 2³² of each.
    pub fn new(firms: &[Firm], flows: &[Flow]) -> Result<Self, Vec<(usize, usize)>> {
        let mut sector_ids: Vec<u64> = firms.iter().map(|firm| firm.sector).collect();
        sector_ids.sort_unstable();
        sector_ids.dedup();
        let sector = firms.iter().map(|firm| position(&sector_ids, firm.sector)).collect();
        let mut start = vec![0_u32; firms.len() + 1];
        for flow in flows {
            start[flow.customer as usize + 1] += 1;
        }
        for row in 1..start.len() {
            start[row] += start[row - 1];
        }
        // Row by row the flows arrive in file order; where a file is sorted, nothing is left to sort.
        let mut next = start.clone();
        let mut supplier = vec![0_u32; flows.len()];
        let mut weight = vec![0.0; flows.len()];
        for flow in flows {
            let at = &mut next[flow.customer as usize];
            supplier[*at as usize] = flow.supplier;
            weight[*at as usize] = flow.weight;
            *at += 1;
        }
        let mut twice = false;
        let mut row: Vec<(u32, f64)> = Vec::new();
        for bounds in start.windows(2) {
            let range = bounds[0] as usize..bounds[1] as usize;
            if supplier[range.clone()].windows(2).all(|pair| pair[0] < pair[1]) {
                continue;
            }
            row.clear();
            row.extend(range.clone().map(|edge| (supplier[edge], weight[edge])));
            row.sort_by_key(|entry| entry.0);
            twice |= row.windows(2).any(|pair| pair[0].0 == pair[1].0);
            for (edge, entry) in range.zip(&row) {
                (supplier[edge], weight[edge]) = *entry;
            }
        }
        if twice {
            return Err(repeated(flows));
        }
        Ok(Self {
            ids: firms.iter().map(|firm| firm.id).collect(),
            sector,
            sector_ids,
            final_demand: firms.iter().map(|firm| firm.final_demand).collect(),
            delta: firms.iter().map(|firm| firm.delta).collect(),
            start,
            supplier,
            weight,
        })
    }

    /// Number of firms.
    #[must_use]
    pub fn len(&self) -> usize {
        self.ids.len()
    }

    /// Whether there is no firm.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.ids.is_empty()
    }

    /// Number of flows between firms.
    #[must_use]
    pub fn flow_count(&self) -> usize {
        self.supplier.len()
    }

    /// Number of sectors that have a firm.
    #[must_use]
    pub fn sector_count(&self) -> usize {
        self.sector_ids.len()
    }

    /// What the file calls each firm.
    #[must_use]
    pub fn ids(&self) -> &[u64] {
        &self.ids
    }

    /// Position of the firm with this id.
    #[must_use]
    pub fn find(&self, id: u64) -> Option<usize> {
        // Ids mostly are positions; otherwise a scan is short beside anything that follows.
        let guess = usize::try_from(id).ok().filter(|at| self.ids.get(*at) == Some(&id));
        guess.or_else(|| self.ids.iter().position(|other| *other == id))
    }

    /// Dense sector of each firm, an index of [`FirmNetwork::sector_ids`].
    #[must_use]
    pub fn sectors(&self) -> &[u32] {
        &self.sector
    }

    /// What the file calls each sector, ascending.
    #[must_use]
    pub fn sector_ids(&self) -> &[u64] {
        &self.sector_ids
    }

    /// Final demand of each firm, money per step.
    #[must_use]
    pub fn final_demand(&self) -> &[f64] {
        &self.final_demand
    }

    /// Share of capacity each firm loses in the shock.
    #[must_use]
    pub fn delta(&self) -> &[f64] {
        &self.delta
    }

    /// Purchases of a firm: suppliers (ascending) and money per step.
    #[must_use]
    pub fn purchases(&self, customer: usize) -> (&[u32], &[f64]) {
        let range = self.start[customer] as usize..self.start[customer + 1] as usize;
        (&self.supplier[range.clone()], &self.weight[range])
    }

    /// Sales of each firm to other firms, money per step, summed in the order of customers.
    #[must_use]
    pub fn sales(&self) -> Vec<f64> {
        let mut sales = vec![0.0; self.len()];
        for (supplier, weight) in self.supplier.iter().zip(&self.weight) {
            sales[*supplier as usize] += weight;
        }
        sales
    }
}

/// Position in a sorted list that holds the value.
#[expect(clippy::cast_possible_truncation, reason = "there are no more sectors than firms, fewer than 2^32")]
fn position(sorted: &[u64], value: u64) -> u32 {
    sorted.partition_point(|entry| *entry < value) as u32
}

/// All later flows of a pair that came before; only called when there is one.
fn repeated(flows: &[Flow]) -> Vec<(usize, usize)> {
    let mut order: Vec<usize> = (0..flows.len()).collect();
    order.sort_by_key(|at| (flows[*at].customer, flows[*at].supplier));
    let same =
        |a: usize, b: usize| (flows[a].customer, flows[a].supplier) == (flows[b].customer, flows[b].supplier);
    let mut pairs: Vec<(usize, usize)> =
        order.windows(2).filter(|pair| same(pair[0], pair[1])).map(|pair| (pair[0], pair[1])).collect();
    pairs.sort_unstable_by_key(|pair| pair.1);
    pairs
}
