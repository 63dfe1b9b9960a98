//! Tests of `pack`.

use std::path::Path;

use super::*;
use crate::operator::Basis;

fn setup() -> Setup {
    let record = r#"{"name": "Schule", "address": ["Weg 1", "12345 Ort"], "contact": "a@b.example", "officer": "Ada",
        "basis": "public-task", "retention_days": 7, "authority": "nw"}"#;
    Setup {
        operator: Operator::read(record.as_bytes()).unwrap(),
        protection: Protection::Certificate,
        listen: "192.0.2.7".parse().unwrap(),
        public: true,
    }
}

fn bare() -> Setup {
    let operator = Operator::read(br#"{"name": "Schule", "address": ["Weg 1"]}"#).unwrap();
    Setup { operator, protection: Protection::SelfSigned, ..setup() }
}

/// What stands in brackets at the end of a line and names a test.
fn tests_in(text: &str) -> Vec<(String, String)> {
    let words = text.split(|c: char| c.is_whitespace() || "[];".contains(c));
    words.filter_map(|word| word.split_once("::")).map(|(file, name)| (file.to_owned(), name.to_owned())).collect()
}

#[test]
fn every_test_that_stands_behind_a_line_is_there() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let mut count = 0;
    for (sheet, setup) in Sheet::ALL.into_iter().flat_map(|sheet| [(sheet, setup()), (sheet, bare())]) {
        for (file, name) in Lang::SPOKEN.into_iter().flat_map(|lang| tests_in(&sheet.text(&setup, lang))) {
            let source = std::fs::read_to_string(root.join(&file)).unwrap_or_default();
            assert!(source.contains(&format!("fn {name}(")), "{file}::{name}");
            count += 1;
        }
    }
    assert!(count > 40, "{count}");
}

#[test]
fn both_languages_have_the_same_lines_with_the_same_evidence() {
    for setup in [setup(), bare()] {
        for sheet in Sheet::ALL {
            let lines = |lang| sheet.text(&setup, lang).lines().filter(|line| line.starts_with("- ")).count();
            let (de, en) = (sheet.text(&setup, Lang::De), sheet.text(&setup, Lang::En));
            assert_eq!(lines(Lang::De), lines(Lang::En), "{sheet:?}");
            assert_eq!(tests_in(&de), tests_in(&en), "{sheet:?}");
            assert_eq!(de.matches("[eintragen").count(), en.matches("[fill in").count(), "{sheet:?}");
            assert!(!de.contains(['{', '}']) && !de.lines().any(|line| line.starts_with(['?', '!'])), "{de}");
        }
    }
}

#[test]
fn every_measure_names_a_setting_or_a_test_or_says_that_it_is_not_there() {
    for sheet in [Sheet::Measures, Sheet::Mapping] {
        for line in sheet.text(&setup(), Lang::En).lines().filter(|line| line.starts_with("- ")) {
            assert!(line.contains('[') || line.contains("Not met") || line.contains("Not there"), "{line}");
        }
    }
}

#[test]
fn the_papers_say_what_the_settings_say_and_mark_what_nobody_told() {
    let record = Sheet::Record.text(&setup(), Lang::De);
    for part in ["Schule, Weg 1, 12345 Ort", "höchstens 7 Tage", "öffentliche Aufgabe", "www.ldi.nrw.de", "Ada"] {
        assert!(record.contains(part), "{part}: {record}");
    }
    let unsaid = Sheet::Record.text(&bare(), Lang::De);
    assert!(unsaid.contains("Rechtsgrundlage: [eintragen]") && unsaid.contains("es gibt kein Zugriffsprotokoll"));
    assert!(Sheet::Measures.text(&bare(), Lang::En).contains("fingerprint is in the link"));
    assert_eq!(Sheet::Notice.text(&setup(), Lang::En), setup().operator.document().text(Lang::En));
}

#[test]
fn a_house_only_ever_asks_for_more() {
    assert!(House::ALL[..2].iter().all(|house| house.objections(&setup()).is_empty()));
    assert_eq!(House::WorksCouncil.objections(&setup()), [Stricter::Retention]);
    let all = [Stricter::Officer, Stricter::Basis, Stricter::Authority, Stricter::Contact, Stricter::Certificate];
    assert_eq!(House::PublicOffice.objections(&bare()), all);
    let mut longer = setup();
    longer.operator.retention_days = Some(8);
    longer.operator.basis = Some(Basis::Contract);
    assert_eq!(House::School.objections(&longer), [Stricter::Retention]);
    assert!(House::ALL.iter().all(|house| house.longest_log() <= crate::access_log::Retention::CEILING.days()));
}
