//! The commands beside the simulator: networks of firms.

use std::path::{Path, PathBuf};

use crate::program::{parts, run, succeed};

fn firms() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/firms/n100")
}

fn json(text: &str) -> serde_json::Value {
    serde_json::from_str(text).expect("JSON on stdout and nothing else")
}

/// Runs a command that must be refused before anything is done; gives stderr.
fn refused(arguments: &[&str]) -> String {
    let here = tempfile::tempdir().expect("a folder");
    let (code, stdout, stderr) = parts(&run(here.path(), arguments));
    assert_eq!(code, Some(2), "{arguments:?}: {stderr}");
    assert!(stdout.is_empty(), "{arguments:?} wrote to stdout: {stdout}");
    stderr
}

/// Value added at some steps as the authors' program prints it for this network with `-R 0`, and as a program
/// of our own from the papers' equations says for water-filling at the end.
#[test]
fn firms_run_prints_the_published_totals() {
    let here = tempfile::tempdir().expect("a folder");
    let folder = firms();
    let folder = folder.to_str().expect("UTF-8");
    let arguments = ["firms", "run", folder, "--steps", "100", "--format", "json"];
    let text = succeed(here.path(), &[&arguments[..], &["--threads", "1"]].concat());
    let found = json(&text);
    let value = |found: &serde_json::Value, t: i64| {
        let entry = found["totals"].as_array().expect("a list").iter().find(|entry| entry["t"] == t).cloned();
        entry.expect("a step")["value_added"].as_f64().expect("a number")
    };
    for (t, theirs) in [
        (-1, 457.808_002_999_999_93),
        (0, 439.768_043_499_999_52),
        (9, 384.356_610_446_527_38),
        (49, 401.564_544_229_004_55),
        (99, 167.885_657_701_987_58),
    ] {
        let ours = value(&found, t);
        assert!((ours - theirs).abs() <= 1e-9 * theirs, "t = {t}: {ours} is not {theirs}");
    }
    let more = succeed(here.path(), &[&arguments[..], &["--threads", "3", "--quiet"]].concat());
    assert_eq!(text, more, "the number of threads shows");
    let water = succeed(here.path(), &[&arguments[..], &["--rationing", "water-filling"]].concat());
    assert!((value(&json(&water), 99) - 276.0509).abs() < 1e-4, "{}", value(&json(&water), 99));
}

#[test]
fn firms_are_generated_run_and_ranked() {
    let here = tempfile::tempdir().expect("a folder");
    let typed = ["firms", "generate", "300", "mine", "--mean-in", "3", "--sectors", "7", "--seed", "5"];
    assert_eq!(succeed(here.path(), &typed), "");
    let table = succeed(here.path(), &["firms", "run", "mine", "--steps", "30"]);
    assert!(table.contains("calm") && table.contains("value added"), "{table}");
    let all = json(&succeed(here.path(), &["firms", "esri", "mine", "--format", "json"]));
    let all = all["results"].as_array().expect("a list").clone();
    assert_eq!(all.len(), 300);
    assert!(all.iter().all(|row| (0.0..=1.0).contains(&row["esri"].as_f64().expect("a number"))));
    let two = ["firms", "esri", "mine", "--firm", "17", "--firm", "3", "--format", "json", "--quiet"];
    let (code, stdout, stderr) = parts(&run(here.path(), &two));
    assert_eq!((code, stderr.as_str()), (Some(0), ""));
    let two = json(&stdout)["results"].as_array().expect("a list").clone();
    assert_eq!(two, [all[17].clone(), all[3].clone()]);
    let (code, _, stderr) = parts(&run(here.path(), &typed));
    assert!(code == Some(2) && stderr.contains("`mine` holds something"), "{stderr}");
    let (code, _, stderr) = parts(&run(here.path(), &["firms", "esri", "mine", "--firm", "300"]));
    assert!(code == Some(2) && stderr.contains("no firm 300") && stderr.contains("0 and 299"), "{stderr}");
}

/// Chain of five firms of equal revenue, all inputs essential: the failure of the m-th stops it and all behind it.
#[test]
fn esri_of_a_chain_is_exact() {
    let here = tempfile::tempdir().expect("a folder");
    let nodes =
        "id,sector,output,final_demand,delta\n0,0,1,0,0\n1,1,1,0,0\n2,2,1,0,0\n3,3,1,0,0\n4,4,1,1,0\n";
    let edges = "from,to,weight\n0,1,1\n1,2,1\n2,3,1\n3,4,1\n";
    let pairs = "supplier_sector,customer_sector,class\n0,1,2\n1,2,2\n2,3,2\n3,4,2\n";
    for (name, text) in [("nodes.csv", nodes), ("edges.csv", edges), ("criticality.csv", pairs)] {
        std::fs::write(here.path().join(name), text).expect("written");
    }
    let typed =
        ["firms", "esri", ".", "--weight", "revenue", "--no-replacement", "--eps", "0", "--format", "json"];
    let found = json(&succeed(here.path(), &typed));
    for (m, row) in (1..=5).zip(found["results"].as_array().expect("a list")) {
        assert_eq!(row["downstream"].as_f64(), Some(f64::from(5 - m + 1) / 5.0), "{row}");
    }
}

#[test]
fn firms_refuse_what_cannot_be() {
    let folder = firms();
    let folder = folder.to_str().expect("UTF-8");
    assert!(refused(&["firms", "run", folder, "--rationing", "fair"]).contains("water-filling"));
    assert!(refused(&["firms", "esri", folder, "--eps", "2"]).contains("from 0 to 1"));
    assert!(refused(&["firms", "generate", "0", "new", "--delta", "3"]).contains("from 0 to 1"));
    let (code, _, stderr) = parts(&run(Path::new(folder), &["firms", "run", "nowhere"]));
    assert!(code == Some(1) && stderr.contains("nowhere"), "{stderr}");
    for command in ["run", "esri", "generate"] {
        let here = tempfile::tempdir().expect("a folder");
        assert!(succeed(here.path(), &["firms", command, "--help"]).contains("Example:"));
    }
}
