//! Tests of `letter`.

use super::*;
use crate::notice::Notice;

fn request(article: Article, lang: Lang) -> Request {
    Request {
        article,
        lang,
        sender: vec!["Ada Şahin".into(), "Hauptstraße 1".into(), "12345 Musterstadt".into()],
        recipient: Notice::meet_jit_si().postal_address().unwrap(),
        service: "meet.jit.si".into(),
        controller: vec!["8×8, Inc.".into(), "USA".into()],
        details: None,
        on: Day::parse("2026-11-24").unwrap(),
    }
}

#[test]
fn every_letter_names_its_article_the_service_and_when_it_is_time_to_ask_again() {
    for article in Article::ALL {
        for (lang, law, on) in [(Lang::De, "DSGVO", "24. Dezember 2026"), (Lang::En, "GDPR", "24 December 2026")] {
            let letter = Letter::write(&request(article, lang));
            let text = letter.text().replace('\n', " ");
            let number = article.number().replace("(3)", "");
            assert!(letter.subject.contains(&format!("Art. {number}")) && letter.subject.contains(law), "{article:?}");
            assert!(text.contains("meet.jit.si") && text.contains("8×8, Inc. 675 Creekside Way"), "{article:?}");
            if article == Article::Complaint {
                assert_eq!(letter.remind_on.to_string(), "2027-02-24");
            } else {
                assert!(text.contains(on), "{article:?}: the reminder");
            }
            assert!(text.contains("Art. 12 Abs. 3") || text.contains("Art. 12(3)"), "{article:?}: the period");
            assert!(text.contains("Ada Şahin"));
        }
    }
}

#[test]
fn both_languages_rely_on_the_same_articles() {
    for article in Article::ALL {
        let cited = |lang| {
            let text = Letter::write(&request(article, lang)).text().replace(['\n', ' '], "");
            let digits = |rest: &str| rest.chars().take_while(char::is_ascii_digit).collect::<String>();
            let mut cited: Vec<_> = text.split("Art.").skip(1).map(digits).collect();
            cited.sort();
            cited
        };
        assert_eq!(cited(Lang::De), cited(Lang::En), "{article:?}");
    }
}

#[test]
fn what_the_writer_says_stands_in_the_letter_and_else_there_is_room_for_it() {
    for article in Article::ALL {
        let blank = Letter::write(&request(article, Lang::De));
        let told = Letter::write(&Request { details: Some("Raum Montagsrunde".into()), ..request(article, Lang::De) });
        assert!(told.text().contains("Raum Montagsrunde") && !told.text().contains(BLANK), "{article:?}");
        let needs =
            matches!(article, Article::Rectification | Article::Restriction | Article::Objection | Article::Complaint);
        assert_eq!(blank.text().contains(BLANK), needs, "{article:?}");
    }
}

#[test]
fn a_letter_without_sender_leaves_room_for_the_name() {
    let letter = Letter::write(&Request { sender: Vec::new(), ..request(Article::Access, Lang::En) });
    assert!(letter.text().starts_with(BLANK));
    assert!(letter.blocks().iter().any(|block| block.lines.contains(&"Sender:".to_owned())));
}

#[test]
fn a_complaint_without_a_known_controller_says_so_and_invents_none() {
    let letter = Letter::write(&Request { controller: Vec::new(), ..request(Article::Complaint, Lang::De) });
    assert!(letter.text().replace('\n', " ").contains("dessen Name und Anschrift mir nicht bekannt sind"));
}

#[test]
fn lines_of_text_are_at_most_72_letters_long() {
    for article in Article::ALL {
        let text = Letter::write(&request(article, Lang::De)).text();
        assert!(text.lines().all(|line| line.chars().count() <= 75), "{article:?}: {text}");
    }
}

#[test]
fn an_article_is_read_by_its_number() {
    for article in Article::ALL {
        assert_eq!(Article::parse(article.number()), Some(article));
    }
    assert_eq!(Article::parse("7-3"), Some(Article::Withdrawal));
    assert_eq!(Article::parse("22"), None);
}

#[test]
fn the_address_stands_where_a_window_envelope_shows_it() {
    let blocks = Letter::write(&request(Article::Access, Lang::De)).blocks();
    let address = blocks.iter().find(|block| block.lines.first().is_some_and(|line| line == "8×8, Inc.")).unwrap();
    let (left, top, lines) = (address.left, address.top.unwrap(), address.lines.len() as f32);
    assert!(left >= 20.0 && left + address.width <= 105.0);
    assert!(top >= 62.7 && top + (lines - 1.0) * 4.6 <= 90.0, "form B: the address zone ends 90 mm from the top");
}
