//! A letter becomes a PDF that other programs can read.

#![allow(clippy::unwrap_used)]

use runde_print::{PrintError, pdf, pdf_of_text};
use runde_privacy::letter::day::Day;
use runde_privacy::letter::{Article, Letter, Request};
use runde_privacy::{Lang, Notice};

fn letter(sender: &str) -> Letter {
    Letter::write(&Request {
        article: Article::Access,
        lang: Lang::De,
        sender: vec![sender.to_owned(), "Hauptstraße 1".into(), "12345 Musterstadt".into()],
        recipient: Notice::meet_jit_si().postal_address().unwrap(),
        service: "meet.jit.si".into(),
        controller: Vec::new(),
        details: None,
        on: Day::parse("2026-11-24").unwrap(),
    })
}

#[test]
fn the_same_letter_gives_the_same_bytes_and_they_are_a_pdf_with_its_font_inside() {
    let (first, second) = (pdf(&letter("Ada")).unwrap(), pdf(&letter("Ada")).unwrap());
    assert_eq!(first, second);
    assert!(first.starts_with(b"%PDF-") && first.len() < 200_000, "{} bytes", first.len());
    let text = String::from_utf8_lossy(&first);
    assert!(text.contains("LiberationSans") && text.contains("/FontFile2"));
}

#[test]
fn a_text_becomes_as_many_pages_as_it_takes() {
    let text = format!("# Blatt\n\n## Teil\n{}", "- Ein Punkt mit einigen Wörtern darin\n".repeat(90));
    let pages =
        |text: &str| String::from_utf8_lossy(&pdf_of_text(text, Lang::De).unwrap()).matches("/MediaBox").count();
    assert_eq!((pages("# Blatt\n- kurz\n"), pages(&text)), (1, 3));
}

#[test]
fn a_letter_that_the_font_cannot_show_is_refused_instead_of_printing_boxes() {
    assert!(matches!(pdf(&letter("李")), Err(PrintError::Glyph('李'))));
}
