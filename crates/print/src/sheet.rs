//! Breaking blocks into lines and pages.

use runde_privacy::letter::paper::{BOTTOM, Block, TOP_OF_NEXT};

use crate::PrintError;
use crate::face::Face;

/// Millimetres from one baseline to the next, for each point of type.
const LEADING: f32 = 0.44;

/// One line of type, placed. Millimetres and points.
#[derive(Debug, Clone, PartialEq)]
pub struct Line {
    pub page: usize,
    pub left: f32,
    /// Baseline.
    pub top: f32,
    pub size: f32,
    pub bold: bool,
    pub text: String,
}

#[derive(Debug, Default)]
pub struct Sheet {
    lines: Vec<Line>,
    page: usize,
    /// Baseline of the newest line.
    bottom: f32,
}

impl Sheet {
    pub fn lay_out(blocks: &[Block], regular: &Face, bold: &Face) -> Result<Self, PrintError> {
        let mut sheet = Self::default();
        for block in blocks {
            let face = if block.bold { bold } else { regular };
            sheet.add(block, face)?;
        }
        Ok(sheet)
    }

    pub const fn pages(&self) -> usize {
        self.page + 1
    }

    pub fn on(&self, page: usize) -> impl Iterator<Item = &Line> {
        self.lines.iter().filter(move |line| line.page == page)
    }

    fn add(&mut self, block: &Block, face: &Face) -> Result<(), PrintError> {
        let leading = block.size * LEADING;
        let mut top = block.top.unwrap_or(self.bottom + leading + block.gap);
        for line in &block.lines {
            for text in broken(line, block.width, block.size, face)? {
                if top > BOTTOM {
                    self.page += 1;
                    top = TOP_OF_NEXT;
                }
                let (left, size, bold) = (block.left, block.size, block.bold);
                self.lines.push(Line { page: self.page, left, top, size, bold, text });
                self.bottom = top;
                top += leading;
            }
        }
        Ok(())
    }
}

/// Lines of at most `width` millimetres. Breaks at spaces, and inside a word that is wider than a line.
fn broken(text: &str, width: f32, size: f32, face: &Face) -> Result<Vec<String>, PrintError> {
    let mut lines = vec![String::new()];
    for word in text.split_whitespace() {
        let Some(line) = lines.last_mut() else { continue };
        let longer = if line.is_empty() { word.to_owned() } else { format!("{line} {word}") };
        if face.width(&longer, size)? <= width {
            *line = longer;
            continue;
        }
        if line.is_empty() {
            lines.pop();
        }
        lines.extend(pieces(word, width, size, face)?);
    }
    Ok(lines)
}

/// A word in pieces that each fit a line; mostly one.
fn pieces(word: &str, width: f32, size: f32, face: &Face) -> Result<Vec<String>, PrintError> {
    let mut pieces = vec![String::new()];
    let mut used = 0.0;
    for letter in word.chars() {
        let wide = face.width(letter.encode_utf8(&mut [0; 4]), size)?;
        if used + wide > width {
            pieces.push(String::new());
            used = 0.0;
        }
        used += wide;
        if let Some(piece) = pieces.last_mut() {
            piece.push(letter);
        }
    }
    Ok(pieces)
}

#[cfg(test)]
mod tests {
    use runde_privacy::Lang;
    use runde_privacy::letter::day::Day;
    use runde_privacy::letter::paper::{LEFT, WIDTH};
    use runde_privacy::letter::{Article, Letter, MAX_DETAILS, Request};

    use super::*;

    fn letter(article: Article, details: Option<String>) -> Letter {
        Letter::write(&Request {
            article,
            lang: Lang::De,
            sender: vec!["Ada Şahin".into(), "Straße 1".into(), "12345 Ort".into()],
            recipient: vec!["8×8, Inc.".into(), "675 Creekside Way".into()],
            service: "meet.jit.si".into(),
            controller: Vec::new(),
            details,
            on: Day::parse("2026-11-24").unwrap(),
        })
    }

    fn sheet(letter: &Letter) -> Sheet {
        Sheet::lay_out(&letter.blocks(), &Face::regular().unwrap(), &Face::bold().unwrap()).unwrap()
    }

    #[test]
    fn every_letter_without_details_fits_on_one_page() {
        for article in Article::ALL {
            assert_eq!(sheet(&letter(article, None)).pages(), 1, "{article:?}");
        }
    }

    #[test]
    fn no_line_leaves_the_paper_and_no_two_lines_of_text_overlap() {
        let long = format!("{} {}", "w".repeat(400), "ein langer Grund ".repeat(330));
        assert!(long.len() < MAX_DETAILS + 400);
        let sheet = sheet(&letter(Article::Objection, Some(long)));
        assert!(sheet.pages() > 1);
        let (regular, bold) = (Face::regular().unwrap(), Face::bold().unwrap());
        for line in &sheet.lines {
            let face = if line.bold { &bold } else { &regular };
            let right = line.left + face.width(&line.text, line.size).unwrap();
            assert!(line.left >= LEFT && right <= WIDTH - 19.0 && line.top <= BOTTOM, "{line:?}");
        }
        let body = sheet.lines.windows(2).filter(|pair| pair.iter().all(|line| line.left == LEFT && line.top >= 103.0));
        for pair in body {
            assert!(pair[1].page > pair[0].page || pair[1].top - pair[0].top > 4.0, "{pair:?}");
        }
    }

    #[test]
    fn what_was_written_is_all_there() {
        let letter = letter(Article::Access, Some("Raum Montagsrunde".into()));
        let printed: Vec<String> = sheet(&letter).lines.into_iter().map(|line| line.text).collect();
        let printed = printed.join(" ");
        for part in letter.paragraphs.iter().chain([&letter.subject, &letter.salutation, &letter.date]) {
            assert!(printed.contains(part.as_str()), "{part}");
        }
    }
}
