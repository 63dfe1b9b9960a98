//! Letters and papers as PDF: [`pdf`] and [`pdf_of_text`] draw what `runde-privacy` composed, with a font that travels inside the file.
//!
//! What it is not: it opens no file and no socket, asks no clock and decides nothing about words. It is a
//! crate of its own so that nobody else carries fonts and a PDF library. The same letter always gives the
//! same bytes.
//!
//! Where to start: [`pdf`]. Breaking lines and pages is in `sheet.rs`, the font's measures in `face.rs`.

#![forbid(unsafe_code)]

use krilla::Document;
use krilla::geom::{Point, Rect};
use krilla::metadata::Metadata;
use krilla::page::PageSettings;
use krilla::paint::{Fill, FillRule};
use krilla::surface::Surface;
use krilla::text::{Font, TextDirection};
use runde_privacy::Lang;
use runde_privacy::letter::paper::Block;
use runde_privacy::letter::{Letter, paper};

mod face;
mod sheet;

use face::Face;
use sheet::{Line, Sheet};

/// Why there is no PDF.
#[derive(Debug, thiserror::Error)]
pub enum PrintError {
    /// The font has no picture of this letter; the text of the letter can be printed by other programs.
    #[error("the font of the PDF lacks the letter {0:?}")]
    Glyph(char),
    #[error("the PDF could not be written: {0}")]
    Pdf(String),
}

/// Points in a millimetre.
const POINTS: f32 = 72.0 / 25.4;

/// How long and thick the fold marks are, in millimetres.
const MARK: (f32, f32) = (5.0, 0.15);

/// The letter on A4 after DIN 5008 form B, as many pages as it takes.
///
/// # Errors
/// When the font lacks a letter that somebody wrote.
pub fn pdf(letter: &Letter) -> Result<Vec<u8>, PrintError> {
    drawn(&letter.subject, letter.lang, &letter.blocks(), true)
}

/// A text on A4: its first line is the title, `## ` and `- ` make headings and points.
///
/// # Errors
/// When the font lacks a letter that somebody wrote.
pub fn pdf_of_text(text: &str, lang: Lang) -> Result<Vec<u8>, PrintError> {
    let title = text.lines().next().unwrap_or_default().trim_start_matches("# ");
    drawn(title, lang, &paper::blocks_of(text), false)
}

fn drawn(title: &str, lang: Lang, blocks: &[Block], marks: bool) -> Result<Vec<u8>, PrintError> {
    let (regular, bold) = (Face::regular()?, Face::bold()?);
    let sheet = Sheet::lay_out(blocks, &regular, &bold)?;
    let mut document = Document::new();
    for number in 0..sheet.pages() {
        let size = PageSettings::from_wh(paper::WIDTH * POINTS, paper::HEIGHT * POINTS);
        let size = size.ok_or_else(|| PrintError::Pdf("no page".to_owned()))?;
        let mut page = document.start_page_with(size);
        let mut surface = page.surface();
        surface.set_fill(Some(Fill { rule: FillRule::NonZero, ..Fill::default() }));
        if marks && number == 0 {
            draw_marks(&mut surface);
        }
        draw(&mut surface, &sheet, number, &regular.font, &bold.font);
        surface.finish();
    }
    let metadata = Metadata::new().title(title.to_owned()).language(lang.spoken().tag().to_owned());
    document.set_metadata(metadata);
    document.finish().map_err(|why| PrintError::Pdf(why.to_string()))
}

/// Where a letter is folded and punched.
fn draw_marks(surface: &mut Surface<'_>) {
    for mark in paper::MARKS {
        let mut path = krilla::geom::PathBuilder::new();
        let (long, thick) = (MARK.0 * POINTS, MARK.1 * POINTS);
        if let Some(rect) = Rect::from_xywh(0.0, mark * POINTS, long, thick) {
            path.push_rect(rect);
        }
        if let Some(path) = path.finish() {
            surface.draw_path(&path);
        }
    }
}

fn draw(surface: &mut Surface<'_>, sheet: &Sheet, number: usize, regular: &Font, bold: &Font) {
    for Line { left, top, size, bold: heavy, text, .. } in sheet.on(number) {
        let at = Point::from_xy(left * POINTS, top * POINTS);
        let font = if *heavy { bold } else { regular };
        surface.draw_text(at, font.clone(), *size, text, false, TextDirection::LeftToRight);
    }
}
