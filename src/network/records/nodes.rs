//! Rows of `nodes.csv`.

use std::collections::BTreeSet;

use super::common::{COUNTRY, REGION, provenance, year};
use crate::network::facility::{Facility, Powertrain, Unit, Vehicle};
use crate::network::findings::Findings;
use crate::network::line::{EndUse, Stage};
use crate::network::table::{Row, is_kebab};

pub(super) fn facility(row: Row<'_>, own: &BTreeSet<&str>, findings: &mut Findings) -> Facility {
    let id = row.kebab(findings, "id");
    let own = own.contains(id.as_str());
    let stages = Stage::ALL.map(|stage| (stage.as_str(), stage));
    let stage = row.choice(findings, "E0113", "stage", &stages);
    let unit = match stage {
        _ if own => Some(Unit::Own(row.word(findings, "unit"))),
        Some(stage) => row.choice(findings, "E0114", "unit", Unit::of_stage(stage)),
        None => None,
    };
    let sound = stage.is_some() && unit.is_some() && is_kebab(&id);
    let unit = unit.unwrap_or(Unit::Magnet);
    let stage = stage.unwrap_or(Stage::OtherDemand);
    let before = findings.errors();
    let capacity = row.needed_band(findings, "capacity_low", "capacity", "capacity_high");
    let (utilisation, recorded_output) = output(row, capacity.central, before, findings);
    let powertrain = (stage == Stage::Automaker && !own).then(|| powertrain(row, findings));
    let ends = [
        ("automotive", EndUse::Automotive),
        ("wind", EndUse::Wind),
        ("industry", EndUse::Industry),
        ("consumer", EndUse::Consumer),
        ("defence", EndUse::Defence),
        ("other", EndUse::Other),
    ];
    let end_use = match row.text("end_use") {
        "" if matches!(stage, Stage::Automaker | Stage::Component) => EndUse::Automotive,
        "" => EndUse::Other,
        _ => row.choice(findings, "E0137", "end_use", &ends).unwrap_or(EndUse::Other),
    };
    let kinds = [("", Vehicle::Car), ("car", Vehicle::Car), ("two-wheeler", Vehicle::TwoWheeler)];
    let start_date = match row.text("start_date") {
        "" => None,
        text => text
            .parse()
            .map_err(|_| {
                row.error(
                    findings,
                    "E0136",
                    "start_date",
                    format!("`{text}` is not a date"),
                    &["write 2025-09-19".to_owned()],
                );
            })
            .ok(),
    };
    Facility {
        name: row.word(findings, "name"),
        company: row.text("company").to_owned(),
        country: row.place(findings, "country", COUNTRY),
        region: row.place(findings, "region", REGION),
        inventory_days: row.needed_band(
            findings,
            "inventory_days_low",
            "inventory_days",
            "inventory_days_high",
        ),
        start_year: year(row, "start_year", findings),
        start_date,
        start_date_basis: row.text("start_date_basis").to_owned(),
        magnet_tonnes: row.number(findings, "magnet_t_2024"),
        heavy_share: row.share(findings, "hre_share", "E0118"),
        vehicle: row.choice(findings, "E0137", "vehicle", &kinds).unwrap_or_default(),
        provenance: provenance(row, findings),
        place: Some(row.span("id", findings)),
        id,
        stage,
        unit,
        capacity,
        utilisation,
        recorded_output,
        powertrain,
        end_use,
        sound,
    }
}

/// Utilisation and output; either follows from the other, and without both nothing is known of spare capacity.
/// Numbers that were found wrong since `before` errors are not compared as well.
fn output(row: Row<'_>, capacity: f64, before: usize, findings: &mut Findings) -> (f64, f64) {
    let utilisation = row.share(findings, "utilisation", "E0116");
    let output = row.number(findings, "output_2024");
    if findings.errors() > before {
        return (1.0, capacity);
    }
    let (utilisation, output) = match (utilisation, output) {
        (Some(utilisation), Some(output)) => {
            if (output - utilisation * capacity).abs() > (0.002 * capacity).max(1.0) {
                let expected = utilisation * capacity;
                row.error(
                    findings,
                    "E0117",
                    "output_2024",
                    format!("output is {output}, capacity × utilisation is {expected}"),
                    &["leave one of the two empty, and it follows from the other".to_owned()],
                );
            }
            (utilisation, output)
        }
        (Some(utilisation), None) => (utilisation, utilisation * capacity),
        (None, Some(output)) => {
            if output > capacity * 1.0001 {
                row.error(
                    findings,
                    "E0117",
                    "output_2024",
                    format!("output is {output}, above the capacity of {capacity}"),
                    &[],
                );
            }
            (if capacity > 0.0 { (output / capacity).min(1.0) } else { 1.0 }, output)
        }
        (None, None) => (1.0, capacity),
    };
    (utilisation, output)
}

fn powertrain(row: Row<'_>, findings: &mut Findings) -> Powertrain {
    let mut share = |column| row.share(findings, column, "E0118").unwrap_or(0.0);
    let (bev, phev, hev, ice) =
        (share("bev_share"), share("phev_share"), share("hev_share"), share("ice_share"));
    let sum = bev + phev + hev + ice;
    if (sum - 1.0).abs() > 1e-6 {
        row.error(
            findings,
            "E0118",
            "bev_share",
            format!("shares by drive sum to {sum}, not 1"),
            &["columns bev_share, phev_share, hev_share, ice_share".to_owned()],
        );
    }
    Powertrain { bev, phev, hev, ice, permanent_magnet: row.share(findings, "pm_share", "E0118") }
}
