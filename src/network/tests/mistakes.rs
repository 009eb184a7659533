//! Every rule answers a broken file with the place of the mistake, and all mistakes come together.

use super::{check, template_with};
use crate::diagnostic::Severity;
use crate::network::load::{FILES, File};
use crate::network::{Network, codes, template};
use proptest::prelude::*;

/// Replaces `old` by `new` in a file of the template and expects one code, at the bytes of `at` in line `line`.
#[track_caller]
fn broken(file: &str, old: &str, new: &str, code: &str, at: &str) {
    broken_also(file, old, new, code, at, &[]);
}

/// As [`broken`], with further codes that follow from the same mistake.
#[track_caller]
fn broken_also(file: &str, old: &str, new: &str, code: &str, at: &str, also: &[&str]) {
    let files = template_with(file, |text| {
        assert_eq!(text.matches(old).count(), 1, "`{old}` must be there once");
        Some(text.replacen(old, new, 1))
    });
    let text = files.iter().find(|f| f.name == file).unwrap().text.clone().unwrap();
    let found = check(&files);
    let hit = found
        .list()
        .iter()
        .find(|d| d.code == code)
        .unwrap_or_else(|| panic!("no {code} in\n{}", found.render(false)));
    let span = hit.labels.first().unwrap().0;
    let source = &found.sources()[span.source.0];
    assert_eq!(source.name, file);
    assert_eq!(&source.text[span.start..span.end], at, "{}", found.render(false));
    assert!(codes::explain(code).is_some());
    let line = text[..span.start].matches('\n').count() + 1;
    assert_eq!(found.position(span).unwrap().0, line);
    let others: Vec<_> = found.list().iter().filter(|d| d.code != code).map(|d| d.code).collect();
    assert_eq!(others, also, "{}", found.render(false));
}

#[test]
fn every_rule_on_facilities_names_the_cell() {
    let f = "nodes.csv";
    broken_also(
        f,
        "id,name,stage,company",
        "id,name,stages,company",
        "E0105",
        &template::FILES[1].1.lines().nth(4).unwrap().replace("stage", "stages"),
        &["W0106"],
    );
    // Routes that name the old id go on to say so.
    broken_also(f, "mine-hill,Hill mine,", "Mine_hill,Hill mine,", "E0111", "Mine_hill", &["E0119", "E0119"]);
    broken_also(f, "dem-wind,Wind", "auto-city,Wind", "E0112", "auto-city", &["E0119", "E0119"]);
    broken(f, "Hill mine,mine,", "Hill mine,mime,", "E0113", "mime");
    broken(f, "20000,,t REO/yr", "20000,,t ore/yr", "E0114", "t ore/yr");
    broken(f, "Example Mining,CHN,CHN", "Example Mining,China,CHN", "E0115", "China");
    broken(f, "Example Mining,CHN,CHN", "Example Mining,CHN,chn", "E0115", "chn");
    broken(f, "9000,12500,14000", "13000,12500,14000", "E0110", "12500");
    broken(f, ",t NdPr oxide/yr,0.8,4000,", ",t NdPr oxide/yr,1.8,4000,", "E0116", "1.8");
    broken(f, ",0.8,4000,", ",0.8,4444,", "E0117", "4444");
    broken(f, ",0.2,0.1,0.2,0.5,", ",0.3,0.1,0.2,0.5,", "E0118", "0.3");
    broken_also(f, "15,30,60,,,,,,,,0.8,wind", "15,30,60,,,,,,,,,wind", "E0118", "dem-wind", &["W0144"]);
    broken(f, ",0.8,wind,", ",0.8,windy,", "E0137", "windy");
    broken(f, "2026,2026-03-01", "2026,2026-13-01", "E0136", "2026-13-01");
    broken(f, "15,35,60,2010", "15,35,60,201x", "E0140", "201x");
    broken(f, "Example Oxides,CHN,CHN,,5000", "Example Oxides,CHN,CHN,,five", "E0108", "five");
    broken(f, "Hill mine,mine", ",mine", "E0108", "");
    broken(f, ",0.85,1020,15,", ",0.85,1020,NaN,", "E0109", "NaN");
    broken(f, ",0.85,1020,15,", ",0.85,1020,-15,", "E0109", "-15");
    broken(f, ",0.85,1020,15,", ",0.85,1020,inf,", "E0109", "inf");
    broken(f, "magnet embedded/yr,0.85", "magnet embedded/yr,\"0,85\"", "E0108", "\"0,85\"");
    broken(f, "0.2,0.5,0.95,,,estimate", "0.2,0.5,0.95,,,guess", "E0129", "guess");
    broken(f, "0.8,wind,estimate,invented", "0.8,wind,estimate,x", "E0130", "x");
    broken(f, "hre_share,end_use,", "hre_share,end_uses,", "W0106", "end_uses");
}

#[test]
fn every_rule_on_routes_names_the_cell() {
    let f = "edges.csv";
    broken(f, "mine-hill,sep-river,ionic", "mine-hil,sep-river,ionic", "E0119", "mine-hil");
    broken(
        f,
        "recycler-north,mag-coast,NdPr metal,",
        "metal-valley,mag-coast,NdPr metal,",
        "E0120",
        "metal-valley",
    );
    broken_also(
        f,
        "sep-river,metal-valley,NdPr oxide",
        "sep-river,metal-valley,DyTb oxide",
        "E0121",
        "DyTb oxide",
        &["E0126"],
    );
    broken(
        f,
        "sep-river,metal-valley,NdPr oxide",
        "sep-river,metal-valley,NdPr oxides",
        "E0122",
        "NdPr oxides",
    );
    broken(f, "NdPr metal,0.9,0.98,1,", "NdPr metal,0.9,0.98,1.2,", "E0123", "0.98");
    broken(f, "NdPr metal,0.9,0.98,1,", "NdPr metal,0.8,0.88,1,", "E0126", "0.88");
    broken(
        f,
        "comp-port,NdFeB magnet (heavy RE),0,0,0.3,10",
        "comp-port,NdFeB magnet (heavy RE),0,0.01,0.3,10",
        "E0138",
        "mag-new",
    );
    broken(f, "traction motor,1,1,1,5,", "traction motor,1,1,1,5000,", "E0124", "5000");
    broken(
        f,
        "traction motor,1,1,1,5,",
        "traction motor,1,1,1,5,,",
        "E0107",
        "comp-port,auto-city,traction motor,1,1,1,5,,estimate,invented",
    );
    broken(f, "share_high,lead_time_days,confidence", "share_high,crosses_border,confidence", "E0125", "10");
}

#[test]
fn rules_that_join_rows_name_the_facility() {
    let without = |row: &'static str| {
        move |text: &str| {
            Some(text.lines().filter(|l| !l.starts_with(row)).map(|l| format!("{l}\n")).collect::<String>())
        }
    };
    let found = check(&template_with("edges.csv", without("comp-port,auto-city,traction")));
    let codes: Vec<_> = found.list().iter().map(|d| d.code).collect();
    assert_eq!(codes, ["E0127"], "{}", found.render(false));
    assert_eq!(found.position(found.list()[0].labels[0].0), Some((13, 1)));
    let found = check(&template_with("edges.csv", without("mag-new,comp-port")));
    assert_eq!(found.list().iter().map(|d| d.code).collect::<Vec<_>>(), ["E0128"]);
    assert_eq!(found.position(found.list()[0].labels[0].0), Some((11, 1)));
    let two = |text: &str| {
        Some(text.replace("mine-hill,sep-river,ionic REO concentrate,1,1,1,10,estimate,invented\n", "mine-hill,sep-river,ionic REO concentrate,1,1,1,10,estimate,invented\nmine-hill,sep-river,light REO concentrate,1,1,1,10,estimate,invented\n"))
    };
    assert_eq!(check(&template_with("edges.csv", two)).list()[0].code, "E0142");
    // Border flags that contradict the countries.
    let flags = |text: &str| {
        Some(
            text.lines()
                .map(|l| {
                    if l.starts_with('#') {
                        format!("{l}\n")
                    } else if l.starts_with("from") {
                        format!("{l},crosses_border\n")
                    } else {
                        format!("{l},1\n")
                    }
                })
                .collect::<String>(),
        )
    };
    let found = check(&template_with("edges.csv", flags));
    assert!(
        found.list().iter().all(|d| d.code == "E0125") && found.error_count() == 9,
        "{}",
        found.render(false)
    );
    assert_eq!(found.position(found.list()[0].labels[0].0), Some((6, 70)));
}

#[test]
fn every_rule_on_the_other_files_names_the_cell() {
    broken("materials.csv", "bev-kg,1.1,1.8", "phev-kg,1.1,1.8", "E0112", "phev-kg");
    broken("materials.csv", "hre-aux,0.3,0.5,0.7", "hre-aux,0.3,0.5,1.7", "E0131", "0.5");
    broken("materials.csv", "yield-metal,0.8,", "yield-metal,0,", "E0131", "0.97");
    broken("materials.csv", "bev-kg,1.1,1.8,2.5", "bev kg,1.1,1.8,2.5", "E0111", "bev kg");
    broken("lead_times.csv", "CHN,EUR,sea", "CHN,EUR,ship", "E0141", "ship");
    broken("lead_times.csv", "CHN,EUR,sea", "CHN,Europe,sea", "E0141", "CHN");
    broken_also(
        "recipes.csv",
        "recycler-north,NdPr metal",
        "recycler-nord,NdPr metal",
        "E0119",
        "recycler-nord",
        &["E0121"],
    );
    let found = check(&template_with("materials.csv", |text| {
        Some(text.replace("ndpr-per-reo:mine-hill", "ndpr-per-reo:mine-hall"))
    }));
    assert_eq!(found.list()[0].code, "E0132");
    assert_eq!(found.sources()[found.list()[0].labels[0].0.source.0].name, "nodes.csv");
    assert!(found.list()[0].help.iter().any(|h| h.contains("ndpr-per-reo:mine-hall")));
    let found =
        check(&template_with("recipes.csv", |text| Some(format!("{text}recycler-north,NdPr-metal,,,,,,\n"))));
    assert!(found.list().iter().any(|d| d.code == "E0133"), "{}", found.render(false));
    let found = check(&template_with("recipes.csv", |text| {
        Some(format!("{text}recycler-north,ash,,,,,,\nrecycler-north,slag,,,,,,\n"))
    }));
    assert_eq!(found.list().iter().map(|d| d.code).collect::<Vec<_>>(), ["E0134"]);
}

#[test]
fn mistakes_in_rows_and_between_files_are_reported_together() {
    let files = |changes: &[(&str, &str, &str)]| -> Vec<File> {
        let mut files = template_with("", |_| None);
        for (file, old, new) in changes {
            let own = files.iter_mut().find(|own| own.name == *file).unwrap();
            let text = own.text.take().unwrap();
            assert_eq!(text.matches(old).count(), 1, "`{old}` must be there once");
            own.text = Some(text.replacen(old, new, 1));
        }
        files
    };
    let codes = |changes: &[(&str, &str, &str)]| -> Vec<&'static str> {
        check(&files(changes)).list().iter().map(|d| d.code).collect()
    };
    let year = ("nodes.csv", "15,35,60,2010", "15,35,60,201x");
    // A cell of one file that cannot be read; a coefficient that another lacks; a share that opens nothing.
    let missing = ("materials.csv", "ndpr-per-reo:mine-hill", "ndpr-per-reo:mine-hall");
    assert_eq!(codes(&[year, missing]), ["E0140", "E0132"]);
    let recipe = ("recipes.csv", "recycler-north,NdPr metal", "recycler-nord,NdPr metal");
    assert_eq!(codes(&[year, missing, recipe]), ["E0140", "E0119", "E0121", "E0132"]);
    let lane = ("lead_times.csv", "CHN,EUR,sea", "CHN,EUR,ship");
    assert_eq!(codes(&[lane, missing]), ["E0141", "E0132"]);
    // What follows from a mistake already reported is not said again: the coefficient has no value, the mine
    // no stage, the list of coefficients no end.
    let value = ("materials.csv", "bev-kg,1.1,1.8,2.5", "bev-kg,1.1,x,2.5");
    let stage = ("nodes.csv", "Hill mine,mine,", "Hill mine,mime,");
    assert_eq!(codes(&[value]), ["E0108"]);
    assert_eq!(codes(&[stage, missing]), ["E0113"]);
    let mut unreadable = files(&[year]);
    unreadable[2].text = Some("id;central\nbev-kg;1\n".to_owned());
    let found = check(&unreadable);
    let errors = found.list().iter().filter(|d| d.severity == Severity::Error).map(|d| d.code);
    assert_eq!(errors.collect::<Vec<_>>(), ["E0105", "E0140"], "{}", found.render(false));
    assert!(found.render(false).contains("save it with `,` instead of `;`"), "{}", found.render(false));
}

/// What is said of the template with one place in one file changed.
fn codes(file: &str, old: &str, new: &str) -> Vec<&'static str> {
    let files = template_with(file, |text| {
        assert_eq!(text.matches(old).count(), 1, "`{old}` must be there once");
        Some(text.replacen(old, new, 1))
    });
    check(&files).list().iter().map(|d| d.code).collect()
}

#[test]
fn rows_that_are_not_rows_are_named_and_read_no_further() {
    // Too few cells, too many; what they would have said is not missed elsewhere.
    let route = "sep-river,metal-valley,NdPr oxide,";
    assert_eq!(codes("edges.csv", route, "sep-river,metal-valley,"), ["E0107"]);
    assert_eq!(codes("edges.csv", route, "sep-river,metal-valley,NdPr, oxide,"), ["E0107"]);
    assert_eq!(codes("nodes.csv", "Hill mine,mine,", "Hill mine,mine,,"), ["E0107"]);
    assert_eq!(codes("materials.csv", "bev-kg,1.1,", "bev-kg,"), ["E0107"]);
    assert_eq!(codes("lead_times.csv", "CHN,EUR,sea", "CHN,EUR"), ["E0107"]);
    // A quotation mark that swallows the rest of the file, from the first cell and from the last.
    assert_eq!(codes("edges.csv", route, "\"sep-river,metal-valley,NdPr oxide,"), ["E0107"]);
    let last = template::FILES.iter().find(|(name, _)| *name == "edges.csv").unwrap().1;
    let last = last.trim_end().rsplit(',').next().unwrap();
    let files = template_with("edges.csv", |text| {
        Some(format!("{}\"{last}\n", text.trim_end().strip_suffix(last).unwrap()))
    });
    let found = check(&files);
    assert!(found.render(false).contains("never closed"), "{}", found.render(false));
    // No text.
    assert_eq!(codes("nodes.csv", "Hill mine,", "Hill\0mine,"), ["E0103"]);
}

#[test]
fn missing_and_empty_files_are_named() {
    for (index, code) in [(0, "E0101"), (1, "E0101")] {
        let found = check(&template_with(FILES[index], |_| None));
        assert_eq!(
            found.list().iter().map(|d| d.code).collect::<Vec<_>>(),
            [code],
            "{}",
            found.render(false)
        );
    }
    assert_eq!(check(&template_with("nodes.csv", |_| Some(String::new()))).list()[0].code, "E0105");
    let header = |text: &str| text.lines().find(|l| l.starts_with("id,")).map(|l| format!("{l}\n"));
    let mut files = template_with("nodes.csv", header);
    files[1].text = Some("from,to,material,share,note\n".to_owned());
    files[6].text = None;
    assert_eq!(check(&files).list()[0].code, "E0143");
    // Without lead_times.csv the routes' own days hold; without those either, nothing does.
    assert!(check(&template_with("lead_times.csv", |_| None)).list().is_empty());
    let mut files = template_with("edges.csv", |text| Some(text.replace("lead_time_days", "days_ignored")));
    files[5].text = None;
    let found = check(&files);
    assert!(
        found.list().iter().filter(|d| d.severity == Severity::Error).all(|d| d.code == "E0124")
            && found.error_count() > 0
    );
    let plain = check(&template_with("nodes.csv", |text| Some(text.replace("confidence,note", "x,y"))));
    assert!(plain.list().iter().any(|d| d.code == "W0130") && plain.error_count() == 0);
}

#[test]
fn bytes_that_are_not_text_and_files_too_large_are_refused() {
    let dir = tempfile::tempdir().unwrap();
    let write = |name: &str, bytes: &[u8]| std::fs::write(dir.path().join(name), bytes).unwrap();
    for (name, text) in template::FILES {
        write(name, text.as_bytes());
    }
    write("materials.csv", b"id,central\nbev-kg,1\nhev-\xff,1\n");
    let Err(crate::error::Error::Input(found)) = Network::load(dir.path()) else { panic!("accepted") };
    assert_eq!(found.list()[0].code, "E0103");
    assert_eq!(found.position(found.list()[0].labels[0].0), Some((3, 5)));
    std::fs::File::create(dir.path().join("materials.csv")).unwrap().set_len(64 * 1024 * 1024 + 1).unwrap();
    let Err(crate::error::Error::Input(found)) = Network::load(dir.path()) else { panic!("accepted") };
    assert_eq!(found.list()[0].code, "E0102");
    std::fs::remove_file(dir.path().join("materials.csv")).unwrap();
    std::fs::create_dir(dir.path().join("materials.csv")).unwrap();
    let Err(crate::error::Error::Input(found)) = Network::load(dir.path()) else { panic!("accepted") };
    assert_eq!(found.list()[0].code, "E0101");
    let Err(crate::error::Error::Input(found)) = Network::embedded("world-2042") else { panic!("accepted") };
    assert!(found.list()[0].help.iter().any(|h| h.contains("world-2024`?")));
}

#[test]
fn long_files_of_mistakes_are_cut_short() {
    let rows: String = (0..3_000)
        .map(|i| format!("n-{i},sep-river,ionic REO concentrate,1,1,1,10,estimate,invented\n"))
        .collect();
    let found = check(&template_with("edges.csv", |text| Some(format!("{text}{rows}"))));
    assert_eq!(found.list().len(), 201);
    assert!(found.list()[200].message.contains("2800 more"), "{}", found.list()[200].message);
    let rows = "a,b\n".repeat(100_002);
    let found =
        check(&template_with("lead_times.csv", |_| Some(format!("from_region,to_region,mode,days\n{rows}"))));
    assert!(found.list().iter().any(|d| d.code == "E0104"));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn no_bytes_cause_a_panic(file in 0_usize..7, bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
        let text = String::from_utf8_lossy(&bytes).into_owned();
        let found = check(&template_with(FILES[file], |_| Some(text.clone())));
        let _ = found.render(false);
    }

    #[test]
    fn no_mangled_file_causes_a_panic(file in 0_usize..7, cut in 0.0_f64..1.0, length in 0_usize..12, put in "[ -~\n\",#éA-Z0-9.]{0,6}") {
        let change = |text: &str| {
            let mut bytes = text.as_bytes().to_vec();
            #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, clippy::cast_precision_loss)]
            let at = (cut * bytes.len() as f64) as usize;
            let end = (at + length).min(bytes.len());
            bytes.splice(at..end, put.bytes());
            Some(String::from_utf8_lossy(&bytes).into_owned())
        };
        let found = check(&template_with(FILES[file], change));
        let _ = found.render(false);
        for (span, _) in found.list().iter().flat_map(|d| &d.labels) {
            prop_assert!(span.end <= found.sources()[span.source.0].text.len() && span.start <= span.end);
        }
    }
}

#[test]
fn inputs_one_can_do_without_say_what_they_cost() {
    let row = "recycler-north,NdPr metal,NdFeB magnet (no heavy RE),3.6,4,5,,";
    let codes = |new: &str| -> Vec<&'static str> {
        let files = template_with("recipes.csv", |text| Some(text.replacen(row, new, 1)));
        check(&files).list().iter().map(|d| d.code).collect()
    };
    assert_eq!(codes(row), Vec::<&str>::new());
    let spared = codes(&row.replace(",5,,", ",5,non-essential,0.4"));
    assert_eq!(spared, Vec::<&str>::new());
    assert_eq!(codes(&row.replace(",5,,", ",5,non-esential,0.4")), ["E0144", "E0144"]);
    assert_eq!(codes(&row.replace(",5,,", ",5,non-essential,")), ["E0144"]);
    assert_eq!(codes(&row.replace(",5,,", ",5,non-essential,1.4")), ["E0144"]);
    assert_eq!(codes(&format!("{row}0.4")), ["E0144"], "a cost share of what is essential");
    let files = template_with("recipes.csv", |text| {
        let first = row.replace(",5,,", ",5,non-essential,0.7");
        let second = "recycler-north,NdPr metal,NdFeB magnet (heavy RE),0.1,0.1,0.1,non-essential,0.7";
        Some(text.replacen(row, &format!("{first}\n{second}"), 1))
    });
    assert!(check(&files).render(false).contains("sum to 1.4"), "{}", check(&files).render(false));
}

#[test]
fn ores_cannot_be_asked_for_what_they_do_not_hold() {
    let files = template_with("materials.csv", |text| {
        let row = "dytb-per-reo:mine-hill,0.01,0.015,0.02";
        assert_eq!(text.matches(row).count(), 1);
        Some(text.replacen(row, "dytb-per-reo:mine-hill,0.0001,0.0002,0.0003", 1))
    });
    let found = check(&files);
    assert_eq!(found.list().iter().map(|d| d.code).collect::<Vec<_>>(), ["E0145"], "{}", found.render(false));
}

#[test]
fn units_mines_and_regions_that_are_not_there_are_named() {
    assert_eq!(
        codes("materials.csv", "bev-kg,1.1,1.8,2.5,kg/vehicle", "bev-kg,1.1,1.8,2.5,g/vehicle"),
        ["E0146"]
    );
    assert_eq!(codes("materials.csv", "dytb-per-reo:mine-hill", "dytb-per-reo:mine-hil"), ["E0147"]);
    assert_eq!(
        codes(
            "lead_times.csv",
            "CHN,EUR,sea,30,42,65,invented",
            "CHN,EUR,sea,30,42,65,invented\nCHN,EUT,sea,30,42,65,invented"
        ),
        ["W0148"]
    );
}
