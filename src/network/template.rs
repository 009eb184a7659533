//! A small network to fill with one's own: a folder that loads and validates as it is written.

/// Files of the template: name and text.
pub const FILES: [(&str, &str); 6] = [
    ("README.txt", README),
    ("nodes.csv", NODES),
    ("edges.csv", EDGES),
    ("materials.csv", MATERIALS),
    ("lead_times.csv", LEAD_TIMES),
    ("recipes.csv", RECIPES),
];

const README: &str = "\
A network is this folder. Replace the rows with your own and check them:

    coercivity check SCENARIO

nodes.csv       facilities: one company's activity at one stage in one region (needed)
edges.csv       routes: the share of a buyer's use of one material that one supplier covers (needed)
materials.csv   technical coefficients of the built-in chain: contents, yields, magnet mass per vehicle
lead_times.csv  days from door to door by pair of regions; without it the routes' own lead times hold
recipes.csv     products and inputs of facilities that the built-in chain does not know (may be left out)

Lines that start with # are comments. Columns named _low and _high are the band of the number between
them; leave them out or empty, and the number is taken as known. The columns source_url, publisher,
source_date, confidence (high, medium, low, estimate) and note say where a row comes from.

The built-in chain: mine, separation, metal, magnet, component, automaker; other_demand uses magnets or
oxides. All numbers in this template are invented to show the form.
";

const NODES: &str = "\
# unit by stage: mine t REO/yr | separation t NdPr oxide/yr or t DyTb oxide/yr | metal t RE metal/yr |
#   magnet t magnet/yr | component t magnet embedded/yr | automaker vehicles/yr | other_demand t magnet/yr or t NdPr oxide/yr
# utilisation 1: spare capacity is not known. start_date: a plant that is not at work yet (its output is 0).
# automakers: the shares of bev, phev, hev and ice sum to 1. other_demand: hre_share is the part with Dy or Tb.
id,name,stage,company,country,region,capacity_low,capacity,capacity_high,unit,utilisation,output_2024,inventory_days_low,inventory_days,inventory_days_high,start_year,start_date,bev_share,phev_share,hev_share,ice_share,pm_share,hre_share,end_use,confidence,note
mine-hill,Hill mine,mine,Example Mining,CHN,CHN,,20000,,t REO/yr,1,20000,,0,,2015,,,,,,,,,estimate,invented
sep-river,River separation (NdPr),separation,Example Oxides,CHN,CHN,,5000,,t NdPr oxide/yr,0.8,4000,20,45,90,2016,,,,,,,,,estimate,invented
sep-river-hre,River separation (Dy and Tb),separation,Example Oxides,CHN,CHN,,300,,t DyTb oxide/yr,0.8,240,20,45,90,2016,,,,,,,,,estimate,invented
metal-valley,Valley metals,metal,Example Metals,CHN,CHN,,4500,,t RE metal/yr,0.8,3600,10,20,40,2016,,,,,,,,,estimate,invented
mag-coast,Coast magnets,magnet,Example Magnets,CHN,CHN,9000,12500,14000,t magnet/yr,0.8,10000,20,35,60,2018,,,,,,,,,estimate,invented
mag-new,New magnets,magnet,Example Europe,DEU,EUR,,1000,,t magnet/yr,0,0,30,60,120,2026,2026-03-01,,,,,,,,estimate,invented
comp-port,Port motors,component,Example Parts,DEU,EUR,,1200,,t magnet embedded/yr,0.85,1020,15,35,60,2010,,,,,,,,,estimate,invented
auto-city,City cars,automaker,Example Cars,DEU,EUR,900000,1000000,1100000,vehicles/yr,1,1000000,2,5,15,1990,,0.2,0.1,0.2,0.5,0.95,,,estimate,invented
dem-wind,Wind turbines,other_demand,various,DNK,EUR,,9000,,t magnet/yr,1,9000,15,30,60,,,,,,,,0.8,wind,estimate,invented
recycler-north,North recycling,metal,Example Recycling,SWE,EUR,,100,,t RE metal/yr,0.5,50,,10,,2020,,,,,,,,,estimate,invented
";

const EDGES: &str = "\
# material: light REO concentrate | ionic REO concentrate | NdPr oxide | DyTb oxide | NdPr metal | DyTb metal |
#   NdFeB magnet (heavy RE) | NdFeB magnet (no heavy RE) | traction motor | auxiliary motors and sensors |
#   or a product or input of recipes.csv
# shares into one buyer of one material sum to 1; a plant that starts later has share 0 and share_high > 0
from,to,material,share_low,share,share_high,lead_time_days,confidence,note
mine-hill,sep-river,ionic REO concentrate,1,1,1,10,estimate,invented
mine-hill,sep-river-hre,ionic REO concentrate,1,1,1,10,estimate,invented
sep-river,metal-valley,NdPr oxide,1,1,1,7,estimate,invented
sep-river-hre,metal-valley,DyTb oxide,1,1,1,7,estimate,invented
metal-valley,mag-coast,NdPr metal,0.9,0.98,1,10,estimate,invented
recycler-north,mag-coast,NdPr metal,0.01,0.02,0.05,45,estimate,invented
metal-valley,mag-coast,DyTb metal,1,1,1,10,estimate,invented
metal-valley,mag-new,NdPr metal,1,1,1,45,estimate,invented
metal-valley,mag-new,DyTb metal,1,1,1,45,estimate,invented
mag-coast,comp-port,NdFeB magnet (heavy RE),0.9,1,1,45,estimate,invented
mag-new,comp-port,NdFeB magnet (heavy RE),0,0,0.3,10,estimate,invented
mag-coast,comp-port,NdFeB magnet (no heavy RE),0.9,1,1,45,estimate,invented
mag-coast,dem-wind,NdFeB magnet (heavy RE),0.9,1,1,45,estimate,invented
mag-coast,dem-wind,NdFeB magnet (no heavy RE),0.9,1,1,45,estimate,invented
mag-coast,recycler-north,NdFeB magnet (no heavy RE),1,1,1,45,estimate,invented
comp-port,auto-city,traction motor,1,1,1,5,estimate,invented
comp-port,auto-city,auxiliary motors and sensors,1,1,1,5,estimate,invented
";

const MATERIALS: &str = "\
# one row aux-kg-REGION per region with automakers, ndpr-per-reo:MINE per mine, and dytb-per-reo:MINE where
# the ore holds Dy and Tb; mass in kg per vehicle, content in kg per tonne
id,low,central,high,unit,confidence,note
aux-kg-eur,0.13,0.33,0.53,kg/vehicle,estimate,magnets in auxiliary motors and sensors
bev-kg,1.1,1.8,2.5,kg/vehicle,estimate,traction magnets of a battery-electric car
phev-kg,1.0,1.6,2.5,kg/vehicle,estimate,traction magnets of a plug-in hybrid
hev-kg,0.4,0.8,1.2,kg/vehicle,estimate,traction magnets of a full hybrid
pm-share-world,0.85,0.89,0.92,fraction,estimate,permanent-magnet drives; used where pm_share is empty
hre-traction,0.75,0.9,0.97,fraction,estimate,traction magnets with Dy or Tb
hre-aux,0.3,0.5,0.7,fraction,estimate,auxiliary magnets with Dy or Tb
ndpr-magnet-hre,240,260,290,kg/t,estimate,NdPr metal in magnets with Dy or Tb
ndpr-magnet-lre,230,270,305,kg/t,estimate,NdPr metal in magnets without
dytb-magnet-hre,6,22,50,kg/t,estimate,Dy and Tb metal in magnets with
dytb-magnet-lre,0,0.5,2,kg/t,estimate,traces in magnets without
yield-magnet-net,0.88,0.95,0.98,fraction,estimate,metal to magnet after recycling of swarf
ndpr-oxide-per-metal,1.16,1.166,1.17,t/t,estimate,stoichiometry
dytb-oxide-per-metal,1.148,1.148,1.176,t/t,estimate,stoichiometry
yield-metal,0.8,0.97,0.99,fraction,estimate,oxide to metal
ndpr-per-reo:mine-hill,0.17,0.2,0.25,t/t,estimate,NdPr oxide per tonne of REO
dytb-per-reo:mine-hill,0.01,0.015,0.02,t/t,estimate,Dy and Tb oxide per tonne of REO
";

const LEAD_TIMES: &str = "\
# both directions; same-country and same-region hold for pairs that have no row of their own; mode is sea or road
from_region,to_region,mode,days_low,days,days_high,basis
same-country,same-country,road,1,3,7,invented
same-region,same-region,road,2,5,10,invented
CHN,EUR,sea,30,42,65,invented
";

const RECIPES: &str = "\
# facilities named here make what their rows say and nothing else; a product made from nothing bought has
# one row with an empty input. Cycles are allowed while they need less of themselves than they make.
# criticality: essential (or empty) | non-essential, with its cost_share of all inputs | negligible
facility,product,input,amount_low,amount,amount_high,criticality,cost_share
recycler-north,NdPr metal,NdFeB magnet (no heavy RE),3.6,4,5,,
";

#[cfg(test)]
mod tests {
    use super::*;
    use crate::network::Network;

    #[test]
    fn the_template_loads_without_a_word() {
        let dir = tempfile::tempdir().unwrap();
        for (name, text) in FILES {
            std::fs::write(dir.path().join(name), text).unwrap();
        }
        let (network, warnings) = Network::load(dir.path()).unwrap();
        assert!(warnings.list().is_empty(), "{}", warnings.render(false));
        let lines = network.lines().unwrap();
        assert_eq!((network.graph.node_count(), network.graph.edge_count()), (10, 17));
        let recycler = lines.lines.iter().find(|l| l.id == "recycler-north:ndpr-metal").unwrap();
        assert_eq!(recycler.inputs.len(), 1);
        // The recycler closes a cycle through the magnet maker.
        assert!(
            network
                .downstream(network.find("recycler-north").unwrap())
                .contains(&network.find("mag-coast").unwrap())
        );
        assert!(
            network
                .upstream(network.find("recycler-north").unwrap())
                .contains(&network.find("mag-coast").unwrap())
        );
    }
}
