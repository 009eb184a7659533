//! The commands beside the simulator: networks of firms, criticality, sensitivity, bench.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use crate::program::{files, parts, run, succeed};

fn firms() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/firms/n100")
}

fn json(text: &str) -> serde_json::Value {
    serde_json::from_str(text).expect("JSON on stdout and nothing else")
}

/// Runs a command that must be refused before anything is done; gives stderr.
fn refused(arguments: &[&str]) -> String {
    let here = tempfile::tempdir().expect("a folder");
    refused_in(here.path(), arguments)
}

fn refused_in(here: &Path, arguments: &[&str]) -> String {
    let (code, stdout, stderr) = parts(&run(here, arguments));
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
    assert!(code == Some(2) && stderr.contains("nowhere"), "{stderr}");
    for command in ["run", "esri", "generate"] {
        let here = tempfile::tempdir().expect("a folder");
        assert!(succeed(here.path(), &["firms", command, "--help"]).contains("Example:"));
    }
}

#[test]
fn rank_lists_every_facility() {
    let here = tempfile::tempdir().expect("a folder");
    let short = ["rank", "--days", "30", "-n", "1", "--set", "end=2025-04-02", "--quiet"];
    let typed = |more: &[&'static str]| [&short[..], more].concat();
    let found = json(&succeed(here.path(), &typed(&["--format", "json", "--threads", "1"])));
    let facilities = found["facilities"].as_array().expect("a list");
    assert!(facilities.len() > 100, "{}", facilities.len());
    let impacts: Vec<f64> = facilities.iter().map(|row| row["impact"].as_f64().expect("a number")).collect();
    assert!(impacts[0] > 0.0 && impacts.windows(2).all(|pair| pair[0] >= pair[1]), "{impacts:?}");
    let number = |row: &serde_json::Value, key: &str| row[key].as_f64().expect("a number");
    assert!(facilities.iter().all(|row| (0.0..=1.0).contains(&number(row, "rei"))));
    let flow = &found["max_flow"];
    assert!(number(flow, "calm_kg_per_day") <= number(flow, "kg_per_day"));
    assert!(facilities.iter().all(|row| number(row, "flow_lost") <= number(flow, "kg_per_day")));
    let csv = succeed(here.path(), &typed(&["--format", "csv"]));
    assert_eq!(csv.lines().count(), facilities.len() + 1);
    let columns = csv.lines().next().expect("a head").split(',').count();
    assert!(csv.lines().all(|line| line.split(',').count() == columns));
    let more = succeed(here.path(), &typed(&["--format", "json", "--threads", "3"]));
    assert_eq!(found, json(&more), "the number of threads shows");
    let written = typed(&["--format", "csv", "--out", "ranked"]);
    assert_eq!(succeed(here.path(), &written), csv, "written or not, the same");
    let files: BTreeMap<String, Vec<u8>> = files(&here.path().join("ranked")).into_iter().collect();
    let names: Vec<&str> = files.keys().map(String::as_str).collect();
    assert_eq!(names, ["manifest.json", "ranking.csv", "ranking.json", "ranking.png", "ranking.svg"]);
    assert!(
        files["ranking.csv"] == csv.as_bytes()
            && json(&String::from_utf8_lossy(&files["ranking.json"])) == found
    );
    let picture = String::from_utf8_lossy(&files["ranking.svg"]);
    let first = facilities[0]["name"].as_str().and_then(|name| name.split(" (").next()).expect("a name");
    assert!(
        picture.contains(first) && picture.contains("1 run, seed"),
        "who is missed most, and how it is known"
    );
    let (code, _, stderr) = parts(&run(here.path(), &written));
    assert!(code == Some(2) && stderr.contains("`ranked` holds something"), "{stderr}");
    // A loss that costs nothing is no lack of numbers.
    succeed(here.path(), &typed(&["--loss", "0", "--out", "nothing"]));
    let picture = std::fs::read_to_string(here.path().join("nothing/ranking.svg")).expect("written");
    assert!(picture.contains("nothing changes the result"));
    assert!(refused(&["rank", "--loss", "2"]).contains("from 0 to 1"));
    assert!(refused(&["rank", "--metric", "vehicle_lost", "-n", "1"]).contains("vehicles_lost"));
    assert!(refused(&["rank", "--days", "900"]).contains("does not fit"));
    assert!(refused(&["rank", "full-embargos"]).contains("full-embargo"));
    assert!(succeed(here.path(), &["rank", "--help"]).contains("Example:"));
}

#[test]
fn sensitivity_names_what_decides() {
    let here = tempfile::tempdir().expect("a folder");
    let base =
        ["sensitivity", "full-embargo", "-n", "1", "--set", "end=2025-09-03", "--quiet", "--format", "json"];
    let inputs = ["--input", "cover_factor", "--input", "sourcing", "--input", "price_days"];
    let typed = |more: &[&'static str]| [&base[..], &inputs, more].concat();
    let morris = json(&succeed(here.path(), &typed(&["--points", "4", "--out", "effects"])));
    let found = morris["inputs"].as_array().expect("a list");
    let names: Vec<&str> = found.iter().map(|row| row["input"].as_str().expect("a name")).collect();
    assert_eq!(morris["designs"], 16);
    // Prices feed back on nothing here: they decide nothing.
    assert!(names.len() == 3 && names[2] == "price_days", "{names:?}");
    assert_eq!(found[2]["mu_star"]["value"].as_f64(), Some(0.0));
    assert!(found[0]["mu_star"]["value"].as_f64().expect("a number") > 0.0);
    let names: Vec<String> = files(&here.path().join("effects")).into_iter().map(|(name, _)| name).collect();
    assert_eq!(names, ["manifest.json", "sensitivity.json", "tornado.png", "tornado.svg"]);
    let sobol = typed(&["--method", "sobol", "--points", "8"]);
    let text = succeed(here.path(), &[&sobol[..], &["--threads", "1"]].concat());
    assert_eq!(text, succeed(here.path(), &[&sobol[..], &["--threads", "3"]].concat()));
    let found = json(&text);
    assert_eq!(found["designs"], 40);
    assert!(
        found["inputs"]
            .as_array()
            .expect("a list")
            .iter()
            .all(|row| row["total"]["value"].as_f64() >= Some(0.0))
    );
    let (code, _, stderr) = parts(&run(here.path(), &typed(&["--out", "effects"])));
    assert!(code == Some(2) && stderr.contains("`effects` holds something"), "{stderr}");
    assert!(refused(&["sensitivity", "full-embargo", "--input", "cover_facto"]).contains("`cover_factor`"));
    assert!(refused(&["sensitivity", "full-embargo", "--points", "1"]).contains("2..=65536"));
    // Where nothing can be written is known before the work.
    std::fs::write(here.path().join("file"), "mine").expect("written");
    assert!(refused_in(here.path(), &typed(&["--out", "file/effects"])).contains("cannot be written"));
    let empty = tempfile::tempdir().expect("a folder");
    for command in ["sensitivity", "rank", "run"] {
        assert!(
            refused_in(empty.path(), &[command, "full-embargo", "--out", "."])
                .contains("a folder of their own")
        );
    }
    assert!(succeed(here.path(), &["sensitivity", "--help"]).contains("Example:"));
}

#[test]
fn bench_measures_every_workload() {
    let here = tempfile::tempdir().expect("a folder");
    let found =
        json(&succeed(here.path(), &["bench", "--quick", "--threads", "2", "--format", "json", "--quiet"]));
    let workloads = found["workloads"].as_array().expect("a list");
    assert_eq!(workloads.len(), 8);
    for workload in workloads {
        for key in ["one_thread", "all_threads", "thread_efficiency"] {
            assert!(workload[key].as_f64().is_some_and(|rate| rate > 0.0), "{workload}");
        }
    }
    assert_eq!(workloads.iter().filter(|workload| workload["limit"].is_object()).count(), 3);
    assert!(refused(&["bench", "--threads", "0"]).contains("1..=4096"));
    assert!(succeed(here.path(), &["bench", "--help"]).contains("Example:"));
}
