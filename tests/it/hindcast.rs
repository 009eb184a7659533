//! The record of 2025 through the public face of the library, and the command.

use coercivity::hindcast::fit::{FITTED, Target};
use coercivity::hindcast::fitted::Fitted;
use coercivity::hindcast::normal::Normal;
use coercivity::hindcast::record::{Month, Record};
use coercivity::hindcast::scorecard::{self, Settings, VALIDATED};
use coercivity::hindcast::{SCENARIO, WORLD, ensemble};
use coercivity::scenario::Scenario;

use crate::program::{files, parts, run, succeed};

fn scenario() -> Scenario {
    Scenario::bundled(SCENARIO).expect("bundled").0
}

/// What calibration may look at ends before the months that validate it.
#[test]
fn calibration_cannot_see_the_months_of_validation() {
    let cut = ensemble::until(&scenario(), FITTED[1].plus(1));
    let members = ensemble::run(&cut, &[], 8, 1).expect("finite");
    assert_eq!(members.frame.months.last(), Some(&Month::new(2025, 7)));
    assert!(members.shares(WORLD, VALIDATED[0]).is_none());
    // Nor does the target change when later months do.
    let mut record = Record::embedded().expect("readable");
    let before = Target::of(&record, &Normal::of(&record));
    record.magnets.retain(|row| row.month < VALIDATED[0]);
    assert_eq!(Target::of(&record, &Normal::of(&record)), before);
}

/// The baselines need no model, so their scores are known from the record alone.
#[test]
fn baselines_are_those_of_the_record() {
    let settings = Settings { replications: 32, variant_replications: 8, threads: 2 };
    let fitted = Fitted::embedded().expect("readable");
    let (card, members) = scorecard::run(&scenario(), &fitted, settings, &|_, _| (), &|| false)
        .expect("finite")
        .expect("not stopped");
    let window = |name: &str| card.windows.iter().find(|window| window.name == name).expect("there");
    let validation = window("validation");
    let growth = &validation.baselines[2].score;
    assert!((growth.mape - 0.037).abs() < 0.001, "3.7 % on August to November: {}", growth.mape);
    assert!(window("fit").baselines[2].score.mape > 0.9, "and none of the crisis");
    // 5,361 t carried forward from March misses May by 5361/1238 − 1.
    let carried = &window("fit").baselines[0].score;
    let expected = (5361.0_f64 / 2627.0 - 1.0 + 5361.0 / 1238.0 - 1.0 + 5361.0 / 3188.0 - 1.0 + 1.0
        - 5361.0 / 5577.0)
        / 4.0;
    assert!((carried.mape - expected).abs() < 1e-9);
    assert_eq!(window("both").model.months, 8);
    assert_eq!(card.world.len(), 8);
    assert_eq!(members.members.len(), 32);
    // The calibrated model is better than every baseline on the crisis, or the calibration is broken.
    assert!(window("fit").baselines.iter().all(|baseline| baseline.skill > 0.5));
    let us = card.destinations.iter().find(|entry| entry.destination == "USA").expect("published");
    assert!(us.complete && us.rows.len() == 7);
    for variant in &card.variants {
        assert!(variant.fit.crps.is_finite() && variant.validation.crps.is_finite(), "{}", variant.key);
    }
}

#[test]
fn the_command_writes_the_same_bytes_for_any_number_of_threads() {
    let place = tempfile::tempdir().expect("a folder");
    const SMALL: [&str; 6] = ["hindcast", "-n", "32", "--variant-replications", "8", "--quiet"];
    fn with<'a>(more: &[&'a str]) -> Vec<&'a str> {
        SMALL.into_iter().chain(more.iter().copied()).collect()
    }
    let table = succeed(place.path(), &with(&["--threads", "1", "--out", "one"]));
    for text in
        ["validation, not prediction", "Where the model is wrong", "2025-05", "no cap on licensed shipments"]
    {
        assert!(table.contains(text), "{text}");
    }
    let json = succeed(place.path(), &with(&["--threads", "3", "--out", "three", "--format", "json"]));
    let (one, three) = (files(&place.path().join("one")), files(&place.path().join("three")));
    assert_eq!(one, three);
    assert!(one.iter().any(|(name, _)| name == "charts/posterior.svg"));
    let value: serde_json::Value = serde_json::from_str(&json).expect("JSON");
    assert_eq!(value["replications"], 32);
    assert!(value["windows"][1]["model"]["crps"].is_number());
    let (code, _, stderr) = parts(&run(place.path(), &with(&["--out", "one"])));
    assert_eq!(code, Some(2), "results are not replaced: {stderr}");
}

#[test]
fn a_calibration_writes_its_files() {
    let place = tempfile::tempdir().expect("a folder");
    let arguments = [
        "hindcast",
        "--refit",
        "--points",
        "8",
        "--point-replications",
        "2",
        "-n",
        "32",
        "--variant-replications",
        "8",
        "-q",
        "--out",
        "fit",
    ];
    succeed(place.path(), &arguments);
    let names: Vec<String> = files(&place.path().join("fit")).into_iter().map(|(name, _)| name).collect();
    for name in ["2025-fitted.toml", "points.csv", "hindcast.json"] {
        assert!(names.iter().any(|own| own == name), "{name}");
    }
    assert!(!place.path().join("fit-points.csv").exists(), "nothing is left beside the folder");
    let (code, _, stderr) = parts(&run(place.path(), &["hindcast", "--points", "8"]));
    assert_eq!(code, Some(2), "--points without --refit: {stderr}");
}
