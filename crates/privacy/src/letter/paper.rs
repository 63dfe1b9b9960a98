//! Where a letter's parts stand on the paper: DIN 5008, form B, on A4. Millimetres from the upper left
//! corner, type sizes in points. Whoever draws breaks lines at [`Block::width`] with the metrics of its font.

use super::{BLANK, Letter};
use crate::lang::Lang;

/// A4.
pub const WIDTH: f32 = 210.0;
pub const HEIGHT: f32 = 297.0;
/// Left edge of all text; the punch and fold marks stand left of it.
pub const LEFT: f32 = 25.0;
/// Where the text of a page must end.
pub const BOTTOM: f32 = 272.0;
/// Where further pages begin.
pub const TOP_OF_NEXT: f32 = 27.0;
/// Fold, middle (for punching), fold.
pub const MARKS: [f32; 3] = [105.0, 148.5, 210.0];

/// Field of the address: 85 mm wide; the line with the sender above it in small type.
const FIELD_WIDTH: f32 = 80.0;
const RETURN_LINE: f32 = 60.0;
const ADDRESS: f32 = 66.0;
/// Block with the sender and the date on the right.
const INFORMATION_LEFT: f32 = 125.0;
const INFORMATION_TOP: f32 = 50.0;
const INFORMATION_WIDTH: f32 = 65.0;
/// Subject, two lines below the address field.
const SUBJECT: f32 = 103.0;
const BODY_WIDTH: f32 = 165.0;

/// Underscores that reach over the width of the text.
const WRITING_LINE: usize = 78;

const TYPE: f32 = 10.5;
const SMALL: f32 = 7.5;

/// Some lines that belong together.
#[derive(Debug, Clone, PartialEq)]
pub struct Block {
    pub left: f32,
    /// Baseline of the first line; `None`: below the block before, at a distance of [`Self::gap`].
    pub top: Option<f32>,
    pub width: f32,
    /// Points.
    pub size: f32,
    pub bold: bool,
    /// Millimetres of space above a block that follows another.
    pub gap: f32,
    /// Longer ones are broken at [`Self::width`].
    pub lines: Vec<String>,
}

/// The blocks of a text in our small dialect of Markdown: title, headings, points, paragraphs.
#[must_use]
pub fn blocks_of(text: &str) -> Vec<Block> {
    let mut blocks = Vec::new();
    for line in text.lines().filter(|line| !line.trim().is_empty()) {
        let (size, bold, gap, words) = match line.split_once(' ') {
            Some(("#", title)) => (TYPE * 1.5, true, 0.0, title.to_owned()),
            Some(("##", heading)) => (TYPE * 1.15, true, 5.0, heading.to_owned()),
            Some(("-", point)) => (TYPE, false, 1.5, format!("• {point}")),
            Some(_) | None => (TYPE, false, 3.0, line.to_owned()),
        };
        let top = blocks.is_empty().then_some(TOP_OF_NEXT);
        blocks.push(Block { left: LEFT, top, width: BODY_WIDTH, size, bold, gap, lines: vec![words] });
    }
    blocks
}

impl Letter {
    /// The parts in order of reading: address, information, text.
    #[must_use]
    pub fn blocks(&self) -> Vec<Block> {
        let mut blocks = vec![
            placed(LEFT, RETURN_LINE, FIELD_WIDTH, SMALL, vec![self.sender.join(" · ")]),
            placed(LEFT, ADDRESS, FIELD_WIDTH, TYPE, self.recipient.clone()),
            placed(INFORMATION_LEFT, INFORMATION_TOP, INFORMATION_WIDTH, TYPE, self.information()),
        ];
        let subject = placed(LEFT, SUBJECT, BODY_WIDTH, TYPE, vec![self.subject.clone()]);
        blocks.push(Block { bold: true, ..subject });
        blocks.push(following(8.5, vec![self.salutation.clone()]));
        blocks.extend(self.paragraphs.iter().flat_map(|paragraph| body(paragraph)));
        blocks.push(following(4.5, vec![self.closing.clone()]));
        blocks.push(following(17.0, vec![self.signature.clone()]));
        blocks
    }

    fn information(&self) -> Vec<String> {
        let label = match self.lang {
            Lang::De | Lang::DeSimple => "Absender:",
            Lang::En => "Sender:",
        };
        let blank = || [label.to_owned()].into_iter().chain(std::iter::repeat_n(BLANK[..28].to_owned(), 3)).collect();
        let sender = if self.sender.is_empty() { blank() } else { self.sender.clone() };
        [sender, vec![String::new(), self.date.clone()]].concat()
    }
}

/// Lines to write on by hand stand apart and reach over the page.
fn body(paragraph: &str) -> Vec<Block> {
    if paragraph.lines().all(|line| line == BLANK) {
        return paragraph.lines().map(|_| following(4.0, vec!["_".repeat(WRITING_LINE)])).collect();
    }
    vec![following(4.5, paragraph.lines().map(str::to_owned).collect())]
}

const fn placed(left: f32, top: f32, width: f32, size: f32, lines: Vec<String>) -> Block {
    Block { left, top: Some(top), width, size, bold: false, gap: 0.0, lines }
}

const fn following(gap: f32, lines: Vec<String>) -> Block {
    Block { left: LEFT, top: None, width: BODY_WIDTH, size: TYPE, bold: false, gap, lines }
}
