//! Tests of `notice`.

use std::collections::BTreeSet;

use super::*;

fn all() -> Vec<Notice> {
    let elsewhere = Target::new("meet.example.org", None).unwrap();
    let rooms = [Notice::embedded_room(), Notice::embedded_room_with_log(Retention::CEILING)];
    [Notice::meet_jit_si(), Notice::for_target(&elsewhere)].into_iter().chain(rooms).collect()
}

fn facts(sections: &[Section], keep: impl Fn(&Section) -> bool) -> BTreeSet<String> {
    let points = sections.iter().filter(|section| keep(section)).flat_map(|section| &section.points);
    points.flat_map(|point| point.facts.clone()).collect()
}

fn ids(letter: char, count: usize, digits: usize) -> BTreeSet<String> {
    (1..=count).map(|n| format!("{letter}{n:0digits$}")).collect()
}

#[test]
fn the_notice_for_meet_jit_si_states_all_twenty_five_facts_in_each_language() {
    for lang in Lang::ALL {
        let sections = Notice::meet_jit_si().sections(lang);
        let body = facts(&sections, |section| !["gaps", "summary", "local"].contains(&section.id.as_str()));
        assert_eq!(body, ids('F', 25, 2), "{lang:?}");
    }
}

#[test]
fn the_gap_box_names_all_twelve_gaps_and_nothing_else() {
    for lang in Lang::ALL {
        let sections = Notice::meet_jit_si().sections(lang);
        assert_eq!(facts(&sections, |section| section.id == GAP_SECTION), ids('G', 12, 1), "{lang:?}");
    }
}

#[test]
fn german_and_english_state_the_same_facts_in_the_same_order() {
    for notice in all() {
        let outline = |lang| {
            let sections = notice.sections(lang).into_iter();
            let points = |section: Section| section.points.into_iter().map(|point| point.facts).collect::<Vec<_>>();
            sections.map(|section| (section.id.clone(), points(section))).collect::<Vec<_>>()
        };
        assert_eq!(outline(Lang::De), outline(Lang::En), "{}", notice.id());
        assert!(outline(Lang::De).iter().any(|(id, points)| id == "local" && !points.is_empty()));
    }
}

#[test]
fn plain_german_states_every_fact_and_every_gap_of_the_german_text() {
    for notice in all() {
        let stated = |lang, gaps: bool| {
            let summary = |section: &Section| section.id == "summary";
            facts(&notice.sections(lang), |section| !summary(section) && (section.id == GAP_SECTION) == gaps)
        };
        assert_eq!(stated(Lang::DeSimple, false), stated(Lang::De, false), "{}", notice.id());
        assert_eq!(stated(Lang::DeSimple, true), stated(Lang::De, true), "{}", notice.id());
    }
}

/// A page of A4 in 10 points holds about 65 lines of 95 letters, with headings and gaps some 560 words.
#[test]
fn plain_german_fits_on_one_page() {
    for notice in all() {
        let text = notice.text(Lang::DeSimple);
        let lines: usize = text.lines().map(|line| line.chars().count().div_ceil(95)).sum();
        let points = text.lines().map(|line| line.split_once("] ").map_or(line, |(_, point)| point));
        let words =
            points.flat_map(str::split_whitespace).filter(|word| word.chars().any(char::is_alphanumeric)).count();
        assert!(words <= 560 && lines <= 65, "{}: {words} words, {lines} lines", notice.id());
    }
}

/// Rules for plain language ask for about twelve words; fifteen is the most.
#[test]
fn plain_german_has_short_sentences_only() {
    for notice in all() {
        for point in notice.sections(Lang::DeSimple).iter().flat_map(|section| &section.points) {
            for sentence in point.text.replace(['!', '?', ':', ';'], ".").split(". ") {
                let words = sentence.split_whitespace().count();
                assert!(words <= 15, "{}: {words} words: {sentence}", notice.id());
            }
        }
    }
}

#[test]
fn no_sentence_claims_anything_without_a_fact_id() {
    for notice in all() {
        for lang in Lang::ALL {
            let text = notice.text(lang);
            let mut free = text.lines().filter(|line| !line.is_empty() && !line.starts_with(['#', '-']));
            assert!(free.next().is_some_and(|line| line.contains("[")), "the line that explains the ids");
            assert_eq!(free.next(), None, "{} {lang:?}", notice.id());
            assert!(text.lines().filter(|line| line.starts_with('-')).all(|line| line.starts_with("- [")));
        }
    }
}

#[test]
fn the_five_log_details_and_the_address_are_in_both_languages() {
    let (de, en) = (Notice::meet_jit_si().text(Lang::De), Notice::meet_jit_si().text(Lang::En));
    for text in [&de, &en] {
        assert!(text.contains("675 Creekside Way, Campbell, California 95008, USA"));
        assert!(text.contains("jitsi.org/meet-jit-si-terms-of-service/"));
    }
    assert!(de.contains("acht Wochen") && en.contains("eight weeks"));
}

#[test]
fn the_address_for_letters_is_the_one_in_the_text() {
    let address = Notice::meet_jit_si().postal_address().unwrap().join(", ");
    assert!(
        Lang::ALL.iter().all(|&lang| Notice::meet_jit_si().text(lang).contains(&address.replace("8×8, Inc., ", "")))
    );
    assert!(all()[1..].iter().all(|notice| notice.postal_address().is_none()), "an address is never invented");
}

#[test]
fn a_text_is_normalised_and_ends_with_one_line_feed() {
    for notice in all() {
        for lang in Lang::ALL {
            let text = notice.text(lang);
            assert!(unicode_normalization::is_nfc(&text) && !text.contains('\r'));
            assert!(
                text.ends_with('\n')
                    && !text.ends_with("\n\n")
                    && !text.contains("{host}")
                    && !text.contains("{period}")
            );
        }
    }
}

#[test]
fn the_hash_is_that_of_the_text_and_tells_the_language() {
    for notice in all() {
        assert_eq!(
            notice.sha256(Lang::En),
            hex::encode(<sha2::Sha256 as sha2::Digest>::digest(notice.text(Lang::En).as_bytes()))
        );
        assert_eq!(notice.language_of(&notice.sha256(Lang::De)), Some(Lang::De));
        assert_eq!(notice.language_of(&notice.sha256(Lang::En).to_uppercase()), Some(Lang::En));
        assert_eq!(notice.language_of("00"), None);
    }
}

#[test]
fn the_hash_for_an_unknown_server_depends_on_its_name() {
    let notice = |host| Notice::for_target(&Target::new(host, None).unwrap());
    assert_ne!(notice("a.example").sha256(Lang::De), notice("b.example").sha256(Lang::De));
    assert!(notice("a.example").text(Lang::De).contains("a.example"));
}

#[test]
fn the_link_decides_the_controller_but_only_with_a_hash_we_know() {
    let kind = |host, rn| Notice::for_target(&Target::new(host, rn).unwrap()).kind().clone();
    let rn = Notice::embedded_room().sha256(Lang::En);
    assert_eq!(kind("WWW.meet.jit.si", None), NoticeKind::MeetJitSi);
    assert_eq!(kind("meet.jit.si", Some(rn.as_str())), NoticeKind::MeetJitSi);
    assert_eq!(kind("192.0.2.1", Some(rn.as_str())), NoticeKind::EmbeddedRoom);
    assert_eq!(kind("192.0.2.1", Some("abc")), NoticeKind::UnknownServer { host: "192.0.2.1".into() });
    assert_eq!(kind("192.0.2.1", None), NoticeKind::UnknownServer { host: "192.0.2.1".into() });
}

#[test]
fn every_retention_has_a_text_of_its_own_and_its_hash_leads_back_to_it() {
    let plain = Notice::embedded_room();
    assert_eq!((Notice::of_room(&plain.sha256(Lang::De)), plain.access_log()), (Some(plain.clone()), None));
    let mut hashes: BTreeSet<String> = Lang::ALL.map(|lang| plain.sha256(lang)).into();
    for log in Retention::all() {
        let notice = Notice::embedded_room_with_log(log);
        for lang in Lang::ALL {
            assert_eq!(Notice::of_room(&notice.sha256(lang).to_uppercase()), Some(notice.clone()));
            hashes.insert(notice.sha256(lang));
        }
    }
    assert_eq!(hashes.len(), Lang::ALL.len() * 57);
    assert_eq!(Notice::of_room(&"0".repeat(64)), None);
}

#[test]
fn the_notice_of_a_logged_room_names_the_five_fields_and_how_long_they_are_kept() {
    let text = |days, lang| Notice::embedded_room_with_log(Retention::of_days(days).unwrap()).text(lang);
    for word in [
        "Datum und Uhrzeit",
        "gesendete Datenmenge",
        "Browser",
        "Betriebssystem",
        "IP-Adresse",
        "höchstens 14 Tage lang",
    ] {
        assert!(text(14, Lang::De).contains(word), "{word}");
    }
    for word in ["date and time", "amount of data sent", "browser", "operating system", "IP address", "at most 14 days"]
    {
        assert!(text(14, Lang::En).contains(word), "{word}");
    }
    assert!(text(1, Lang::De).contains("höchstens einen Tag lang") && text(1, Lang::En).contains("at most one day"));
    assert!(text(56, Lang::De).contains("acht Wochen") && text(56, Lang::En).contains("eight weeks"));
}

#[test]
fn a_room_that_logs_differs_from_one_that_does_not_only_in_what_it_says_about_the_log() {
    for lang in Lang::ALL {
        let points =
            |notice: Notice| notice.sections(lang).into_iter().flat_map(|section| section.points).collect::<Vec<_>>();
        let (plain, logged) =
            (points(Notice::embedded_room()), points(Notice::embedded_room_with_log(Retention::CEILING)));
        let about_the_log = |point: &&Point| {
            point.facts.iter().any(|fact| ["E08", "E16", "E17", "E18", "E19", "E20"].contains(&fact.as_str()))
        };
        let rest = |points: &[Point]| points.iter().filter(|point| !about_the_log(point)).cloned().collect::<Vec<_>>();
        assert_eq!(rest(&plain), rest(&logged));
        let said = |points: &[Point]| {
            let words = ["kein Zugriffsprotokoll", "kein Protokoll", "no access log"];
            points.iter().any(|point| words.iter().any(|word| point.text.contains(word)))
        };
        assert!(said(&plain) && !said(&logged));
    }
}

#[test]
fn a_link_to_a_logged_room_shows_that_rooms_notice() {
    let log = Retention::of_days(14).unwrap();
    let rn = Notice::embedded_room_with_log(log).sha256(Lang::En);
    let notice = |host| Notice::for_target(&Target::new(host, Some(&rn)).unwrap());
    assert_eq!(notice("192.0.2.1").access_log(), Some(log));
    assert_eq!(notice("meet.jit.si"), Notice::meet_jit_si());
    assert_eq!(Notice::for_target(&Target::own_room_with_log(log)).access_log(), Some(log));
}

/// A record names the version, and the text is what somebody read: both must say the same.
#[test]
fn a_text_says_the_version_that_records_name() {
    for notice in all() {
        let version = notice.version();
        for (lang, word) in [(Lang::De, "Fassung"), (Lang::DeSimple, "Fassung"), (Lang::En, "Version")] {
            let said = format!("{word} {version}, ");
            assert!(notice.text(lang).contains(&said), "{} in {lang:?} does not say “{said}”", notice.id());
        }
    }
}
