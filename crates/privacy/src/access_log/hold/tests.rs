//! Tests of `hold`.

use super::*;

const NOW: i64 = 1_795_424_400;

fn line(ip: &str, at: i64) -> Line {
    format!("{} 12 \"Firefox 128\" \"Linux\" {ip}", Moment::from_unix(at)).parse().unwrap()
}

fn network(text: &str) -> Option<Network> {
    Some(text.parse().unwrap())
}

fn act(incident: &str) -> Act {
    Act {
        incident: incident.to_owned().try_into().unwrap(),
        reason: "flood of requests".to_owned(),
        person: "Ada Example".to_owned(),
        rule: Rule::new(network("192.0.2.7"), None, None).unwrap(),
        at: Moment::from_unix(NOW),
    }
}

#[test]
fn a_rule_takes_the_lines_of_its_network_and_its_time_and_no_other() {
    let range =
        Rule::new(network("192.0.2.0/24"), Some(Moment::from_unix(NOW)), Some(Moment::from_unix(NOW + 9))).unwrap();
    for (ip, at, taken) in [
        ("192.0.2.7", NOW, true),
        ("192.0.2.255", NOW + 9, true),
        ("192.0.3.7", NOW, false),
        ("192.0.2.7", NOW - 1, false),
        ("192.0.2.7", NOW + 10, false),
        ("::ffff:192.0.2.7", NOW, false),
    ] {
        assert_eq!(range.matches(&line(ip, at)), taken, "{ip} {at}");
    }
    let six = Rule::new(network("2001:db8:1::/48"), None, None).unwrap();
    assert!(six.matches(&line("2001:db8:1:2::3", 0)) && !six.matches(&line("2001:db8:2::3", 0)));
}

#[test]
fn a_rule_that_would_hold_everything_is_refused() {
    assert_eq!(Rule::new(None, None, None), Err(HoldError::NoRule));
    let (early, late) = (Some(Moment::from_unix(1)), Some(Moment::from_unix(2)));
    assert_eq!(Rule::new(None, late, early), Err(HoldError::Backwards));
    for odd in ["0.0.0.0/0", "192.0.2.7/33", "::/129", "192.0.2", "192.0.2.7/x", "host.example"] {
        assert!(odd.parse::<Network>().is_err(), "{odd}");
    }
}

#[test]
fn a_day_means_from_its_first_second_to_its_last() {
    assert_eq!(time_of("2026-11-23", false).unwrap().to_string(), "2026-11-23T00:00:00Z");
    assert_eq!(time_of("2026-11-23", true).unwrap().to_string(), "2026-11-23T23:59:59Z");
    assert_eq!(time_of("2026-11-23T10:00:07+01:00", true).unwrap().to_string(), "2026-11-23T09:00:07Z");
    assert!(time_of("yesterday", false).is_err() && time_of("2026-13-40", false).is_err());
}

#[test]
fn an_incident_cannot_be_a_path_or_a_sentence() {
    for odd in ["", "..", "../x", "a/b", "a b", ".hidden", "-x", "ä", &"a".repeat(41)] {
        assert!(Incident::try_from(odd.to_owned()).is_err(), "{odd:?}");
    }
    for odd in ["", "  ", "two\nlines", &"x".repeat(201)] {
        assert!(words("reason", odd).is_err(), "{odd:?}");
    }
}

#[test]
fn the_sealed_text_holds_the_act_and_the_lines_and_the_register_neither() {
    let lines = [line("192.0.2.7", NOW), line("192.0.2.7", NOW + 1)];
    let sealed = seal(&act("inc-1"), &lines);
    assert!(sealed.contains("Ada Example") && sealed.contains("flood of requests"));
    assert_eq!(sealed.lines().skip(1).map(|line| line.parse().unwrap()).collect::<Vec<Line>>(), lines);

    let mut register = Register::default();
    register.start(&act("inc-1"), 2, &sealed).unwrap();
    let written = register.write();
    for personal in ["Ada", "flood", "192.0.2", "Firefox"] {
        assert!(!written.contains(personal), "{written}");
    }
    assert_eq!(Register::parse(&written), Some(register.clone()));
    assert!(register.entries()[0].is_sealed(sealed.as_bytes()));
    assert!(!register.entries()[0].is_sealed(sealed.replace("192.0.2.7", "192.0.2.8").as_bytes()));
}

#[test]
fn every_four_weeks_a_hold_asks_to_be_looked_at() {
    let mut register = Register::default();
    register.start(&act("inc-1"), 1, "").unwrap();
    let weeks = |n: i64| Moment::from_unix(NOW + n * 7 * 24 * 3600);
    let reminders = |register: &Register, at| register.entries()[0].reminders(at);
    assert_eq!(reminders(&register, Moment::from_unix(weeks(4).unix() - 1)), 0);
    assert_eq!((reminders(&register, weeks(4)), register.entries()[0].review_due()), (1, Some(weeks(4))));
    assert_eq!(reminders(&register, weeks(9)), 2);
    register.review(&act("inc-1").incident, weeks(9)).unwrap();
    assert_eq!((reminders(&register, weeks(12)), reminders(&register, weeks(13))), (0, 1));
    assert_eq!(reminders(&register, Moment::from_unix(0)), 0, "a clock set back reminds of nothing");
    register.release(&act("inc-1").incident, weeks(9)).unwrap();
    assert_eq!((reminders(&register, weeks(500)), register.entries()[0].review_due()), (0, None));
}

#[test]
fn an_incident_has_one_hold_in_its_life() {
    let mut register = Register::default();
    register.start(&act("inc-1"), 1, "").unwrap();
    assert_eq!(register.start(&act("INC-1"), 1, ""), Err(HoldError::Known("INC-1".to_owned())));
    register.release(&act("inc-1").incident, Moment::from_unix(NOW)).unwrap();
    assert_eq!(
        register.release(&act("inc-1").incident, Moment::from_unix(NOW)),
        Err(HoldError::Unknown("inc-1".into()))
    );
    assert!(register.review(&act("inc-1").incident, Moment::from_unix(NOW)).is_err());
    assert!(register.start(&act("inc-1"), 1, "").is_err(), "a released id means the released hold");
}

#[test]
fn a_register_that_is_damaged_or_from_the_future_is_not_read() {
    let whole = Register::default().write();
    for odd in ["", "{", "[]", &whole.replace('1', "2"), &whole.replace("\"holds\"", "\"other\"")] {
        assert_eq!(Register::parse(odd), None, "{odd}");
    }
}
