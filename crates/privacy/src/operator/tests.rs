//! Tests of `operator`.

use std::collections::BTreeSet;

use super::*;
use crate::Notice;
use crate::notice::Section;

fn full() -> Operator {
    Operator {
        name: "Gymnasium Musterstadt".into(),
        address: vec!["Schulstraße 1".into(), "12345 Musterstadt".into()],
        contact: Some("sekretariat@schule.example".into()),
        officer: Some("Ada Şahin, datenschutz@schule.example".into()),
        basis: Some(Basis::PublicTask),
        retention_days: Some(14),
        authority: Some("nw".into()),
        version: 2,
        valid_from: Some("2026-11-25".into()),
    }
}

fn bare() -> Operator {
    let file = br#"{"name": "Ada", "address": ["Weg 1", "12345 Ort"]}"#;
    Operator::read(file).unwrap()
}

/// Every combination of what can be left out.
fn all() -> Vec<Operator> {
    let mut found = Vec::new();
    for bits in 0..48u8 {
        let (mut operator, has) = (full(), |bit: u8| bits & (1 << bit) != 0);
        operator.contact = operator.contact.filter(|_| has(0));
        operator.basis = operator.basis.filter(|_| has(1));
        operator.retention_days = operator.retention_days.filter(|_| has(2));
        operator.authority = operator.authority.filter(|_| has(3));
        operator.officer = [None, Some(NO_OFFICER.to_owned()), operator.officer][usize::from(bits / 16)].clone();
        found.push(operator);
    }
    found
}

fn facts(sections: &[Section], skip: &str) -> BTreeSet<String> {
    let points = sections.iter().filter(|section| section.id != skip).flat_map(|section| &section.points);
    points.flat_map(|point| point.facts.clone()).collect()
}

#[test]
fn every_language_states_the_same_facts_whatever_is_left_out() {
    for operator in all() {
        let notice = Notice::stated(operator.document());
        let stated = Lang::ALL.map(|lang| facts(&notice.sections(lang), "summary"));
        assert!(stated.iter().all(|facts| *facts == stated[0]), "{operator:?}");
        let outline = |lang| notice.sections(lang).into_iter().map(|section| section.id).collect::<Vec<_>>();
        assert_eq!(outline(Lang::De), outline(Lang::En), "{operator:?}");
    }
}

#[test]
fn what_is_left_out_stands_in_the_gaps_and_nothing_else_does() {
    for operator in all() {
        let sections = Notice::stated(operator.document()).sections(Lang::En);
        let gaps: Vec<String> = sections
            .iter()
            .filter(|section| section.id == notice::GAP_SECTION)
            .flat_map(|section| section.points.iter().flat_map(|point| point.facts.clone()))
            .collect();
        let missing = [
            (operator.contact.is_none(), "Q1"),
            (operator.officer.is_none(), "Q2"),
            (operator.basis.is_none(), "Q3"),
            (operator.authority.is_none(), "Q4"),
        ];
        let expected: Vec<_> = missing.into_iter().filter(|(gone, _)| *gone).map(|(_, id)| id.to_owned()).collect();
        assert_eq!(gaps, expected, "{operator:?}");
    }
}

#[test]
fn the_notice_says_what_the_record_says_and_is_a_document_others_accept() {
    for operator in [full(), bare()] {
        let document = operator.document();
        assert_eq!(Document::read(document.to_json().as_bytes()).unwrap(), document);
        for lang in Lang::ALL {
            let text = document.text(lang);
            assert!(operator.postal_address().iter().all(|line| text.contains(line)), "{text}");
            assert!(!text.contains(['{', '}']) && !text.lines().any(|line| line.starts_with(['?', '!'])), "{text}");
        }
    }
    let text = full().document().text(Lang::De).to_owned();
    for part in
        ["höchstens 14 Tage", "Fassung 2, gültig ab 2026-11-25", "öffentliche Aufgabe", "www.ldi.nrw.de", "Ada Şahin"]
    {
        assert!(text.contains(part), "{part}");
    }
    assert_eq!(Operator::read(full().to_json().as_bytes()), Ok(full()));
    let none = Operator { officer: Some(NO_OFFICER.into()), ..full() };
    assert!(none.document().text(Lang::En).contains("no data protection officer is designated"));
}

#[test]
fn no_sentence_of_it_claims_anything_without_a_fact_id() {
    for operator in [full(), bare()] {
        for lang in Lang::ALL {
            let document = operator.document();
            let free: Vec<_> =
                document.text(lang).lines().filter(|line| !line.is_empty() && !line.starts_with(['#', '-'])).collect();
            assert_eq!(free.len(), 1, "only the line that explains the ids: {free:?}");
        }
    }
}

#[test]
fn plain_german_stays_short() {
    let text = full().document().text(Lang::DeSimple).to_owned();
    let sections = notice::sections_of(&text);
    for point in sections.iter().flat_map(|section| &section.points) {
        for sentence in point.text.replace(['!', '?', ':', ';'], ".").split(". ") {
            assert!(sentence.split_whitespace().count() <= 15, "{sentence}");
        }
    }
    let words: usize = sections.iter().flat_map(|s| &s.points).map(|point| point.text.split_whitespace().count()).sum();
    assert!(words <= 560, "{words}");
}

#[test]
fn a_record_cannot_write_statements_of_its_own() {
    let sly = Operator { name: "{period} {x} ]- [E01]".into(), ..full() };
    let text = sly.document().text(Lang::De).to_owned();
    assert!(text.contains("{period} {x} ]- [E01]"), "somebody's braces stay braces");
    assert_eq!(notice::sections_of(&text).len(), notice::sections_of(full().document().text(Lang::De)).len());
}

#[test]
fn what_is_wrong_with_a_record_is_named() {
    let with = |change: &dyn Fn(&mut Operator)| {
        let mut operator = full();
        change(&mut operator);
        Operator::read(operator.to_json().as_bytes()).unwrap_err()
    };
    assert_eq!(with(&|o| o.name = " ".into()), OperatorError::Words("name"));
    assert_eq!(with(&|o| o.name = "a\n## b".into()), OperatorError::Words("name"));
    assert_eq!(with(&|o| o.contact = Some("\u{202e}x".into())), OperatorError::Words("contact"));
    assert_eq!(with(&|o| o.officer = Some("x".repeat(201))), OperatorError::Words("officer"));
    assert_eq!(with(&|o| o.address.clear()), OperatorError::Address);
    assert_eq!(with(&|o| o.retention_days = Some(57)), OperatorError::Retention);
    assert_eq!(with(&|o| o.retention_days = Some(0)), OperatorError::Retention);
    assert_eq!(with(&|o| o.authority = Some("xx".into())), OperatorError::Authority("xx".into()));
    assert_eq!(with(&|o| o.valid_from = Some("soon".into())), OperatorError::Day("soon".into()));
    let unknown = br#"{"name": "A", "address": ["b"], "shoe": 1}"#;
    assert!(matches!(Operator::read(unknown), Err(OperatorError::Unreadable(why)) if why.contains("shoe")));
}

#[test]
fn a_changed_record_gets_the_next_version_and_the_day_and_an_unchanged_one_stays() {
    let day = |text: &str| Day::parse(text).unwrap();
    let school = Operator::read(br#"{"name": "A", "address": ["b"]}"#).unwrap();
    let first = school.clone().succeeding(None, day("2026-11-25"));
    assert_eq!((first.version, first.valid_from.as_deref()), (1, Some("2026-11-25")));
    assert_eq!(school.clone().succeeding(Some(&first), day("2027-01-01")), first);
    let renamed = Operator { name: "C".into(), ..school };
    let second = renamed.succeeding(Some(&first), day("2027-01-01"));
    assert_eq!((second.version, second.valid_from.as_deref(), second.name.as_str()), (2, Some("2027-01-01"), "C"));
}
