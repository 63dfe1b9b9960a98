//! Letters with which a person uses their rights: the words, and where they stand on the paper.
//!
//! What it is not: it draws nothing and sends nothing. `runde-print` makes a PDF of a [`Letter`];
//! [`Letter::text`] is the same as plain text. Nothing here is kept: sender and details are the caller's.
//!
//! Where to start: [`Letter::write`]. The words are in `letter/german.rs` and `letter/english.rs`, the
//! places on the paper in [`paper`].

use crate::lang::Lang;

pub mod authority;
pub mod day;
mod english;
mod german;
pub mod paper;

use day::Day;

/// The right that a letter uses; articles of the GDPR.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Article {
    /// Art. 7(3): withdrawal of consent.
    Withdrawal,
    /// Art. 15.
    Access,
    /// Art. 16.
    Rectification,
    /// Art. 17.
    Erasure,
    /// Art. 18.
    Restriction,
    /// Art. 20.
    Portability,
    /// Art. 21.
    Objection,
    /// Art. 77: complaint to a supervisory authority.
    Complaint,
}

/// What only the writer knows.
#[derive(Debug, Clone)]
pub struct Request {
    pub article: Article,
    pub lang: Lang,
    /// Name and address, line by line; empty leaves blanks to fill in by hand.
    pub sender: Vec<String>,
    /// To whom the letter goes, line by line.
    pub recipient: Vec<String>,
    /// The service, such as `meet.jit.si`.
    pub service: String,
    /// In a complaint: whom it is about, line by line.
    pub controller: Vec<String>,
    /// What is wrong, why, or by what the writer can be found; `None` leaves blanks where they are needed.
    pub details: Option<String>,
    /// Date of the letter.
    pub on: Day,
}

/// A finished letter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Letter {
    pub lang: Lang,
    pub sender: Vec<String>,
    pub recipient: Vec<String>,
    /// Written out, such as "24. November 2026".
    pub date: String,
    pub subject: String,
    pub salutation: String,
    pub paragraphs: Vec<String>,
    pub closing: String,
    pub signature: String,
    /// When to see whether an answer came.
    pub remind_on: Day,
}

/// A line to write on by hand.
pub const BLANK: &str = "____________________________________";

/// Letters a line of plain text.
const TEXT_WIDTH: usize = 72;

/// The longest details: two pages or so. Longer ones belong into an enclosure.
pub const MAX_DETAILS: usize = 6000;

/// Most lines that fit an address field (DIN 5008), and letters a line.
pub const MAX_ADDRESS_LINES: usize = 6;
pub const MAX_ADDRESS_LINE: usize = 60;

impl Article {
    pub const ALL: [Self; 8] = [
        Self::Withdrawal,
        Self::Access,
        Self::Rectification,
        Self::Erasure,
        Self::Restriction,
        Self::Portability,
        Self::Objection,
        Self::Complaint,
    ];

    /// As written on the command line: `15`, `7(3)`.
    #[must_use]
    pub const fn number(self) -> &'static str {
        match self {
            Self::Withdrawal => "7(3)",
            Self::Access => "15",
            Self::Rectification => "16",
            Self::Erasure => "17",
            Self::Restriction => "18",
            Self::Portability => "20",
            Self::Objection => "21",
            Self::Complaint => "77",
        }
    }

    /// `7-3` is understood too, for shells that mind parentheses.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let text = if text == "7-3" { "7(3)" } else { text };
        Self::ALL.into_iter().find(|article| article.number() == text)
    }

    /// Months until it is time to ask again: Art. 12(3) gives a controller one, Art. 78(2) an authority three.
    #[must_use]
    pub const fn months(self) -> u8 {
        match self {
            Self::Complaint => 3,
            Self::Withdrawal
            | Self::Access
            | Self::Rectification
            | Self::Erasure
            | Self::Restriction
            | Self::Portability
            | Self::Objection => 1,
        }
    }
}

/// The words of one language.
struct Words {
    subject: String,
    salutation: &'static str,
    paragraphs: Vec<String>,
    closing: &'static str,
}

impl Letter {
    #[must_use]
    pub fn write(request: &Request) -> Self {
        let remind_on = request.on.after_months(request.article.months());
        let words = match request.lang {
            Lang::De | Lang::DeSimple => german::words(request, remind_on),
            Lang::En => english::words(request, remind_on),
        };
        Self {
            lang: request.lang.spoken(),
            sender: request.sender.clone(),
            recipient: request.recipient.clone(),
            date: request.on.written(request.lang),
            subject: words.subject,
            salutation: words.salutation.to_owned(),
            paragraphs: words.paragraphs,
            closing: words.closing.to_owned(),
            signature: request.sender.first().cloned().unwrap_or_else(|| BLANK.to_owned()),
            remind_on,
        }
    }

    /// Plain text, lines of at most 72 letters, ended by LF.
    #[must_use]
    pub fn text(&self) -> String {
        let sender = if self.sender.is_empty() { vec![BLANK.to_owned(); 3] } else { self.sender.clone() };
        let mut lines = [sender, vec![String::new()], self.recipient.clone()].concat();
        lines.extend([String::new(), self.date.clone(), String::new(), self.subject.clone(), String::new()]);
        lines.extend([self.salutation.clone(), String::new()]);
        for paragraph in &self.paragraphs {
            lines.extend(paragraph.lines().flat_map(|line| wrap(line, TEXT_WIDTH)));
            lines.push(String::new());
        }
        lines.extend([self.closing.clone(), String::new(), String::new(), self.signature.clone()]);
        lines.join("\n") + "\n"
    }
}

/// Details of the writer, or room to write them.
fn details_or_blank(request: &Request) -> String {
    request.details.clone().unwrap_or_else(|| [BLANK; 3].join("\n"))
}

/// Breaks at spaces; a word longer than the width stands alone.
fn wrap(text: &str, width: usize) -> Vec<String> {
    let mut lines = vec![String::new()];
    for word in text.split_whitespace() {
        let last = lines.last_mut().map(|line| line.chars().count()).unwrap_or_default();
        if last > 0 && last + 1 + word.chars().count() > width {
            lines.push(String::new());
        }
        if let Some(line) = lines.last_mut() {
            line.push_str(if line.is_empty() { "" } else { " " });
            line.push_str(word);
        }
    }
    lines
}

#[cfg(test)]
mod tests;
