//! The bundled notices: which text belongs to which controller, how it reads, what its hash is.
//!
//! A text is Markdown in a small dialect: `## Title [id]` opens a section, `- [F08] …` is one point
//! that states the facts named in the brackets. Every notice ends with the section on local functions.
//! The hash of a text is its identity; what is recorded and what a link carries is this hash.

use std::collections::BTreeMap;
use std::sync::OnceLock;

use serde::Serialize;
use unicode_normalization::UnicodeNormalization;

use crate::access_log::Retention;
use crate::acknowledgement::{Acknowledgement, TextSource};
use crate::document::{self, Document, Shelf};
use crate::lang::Lang;
use crate::operator::Operator;
use crate::target::Target;

/// Whose notice it is.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub enum NoticeKind {
    /// 8×8, Inc. and its public service.
    MeetJitSi,
    /// The person who opened a room with their own Runde.
    EmbeddedRoom,
    /// Whoever runs this host.
    UnknownServer { host: String },
    /// What somebody who runs rooms or a server says of it: [`crate::Operator`] for rooms of one's own, or fetched.
    Stated(Box<Document>),
}

/// One notice, in every language.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Notice {
    kind: NoticeKind,
    /// How long the room's access log is kept; none for a room that keeps none, and for everything else.
    log: Option<Retention>,
}

/// A part of a notice under its own heading.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Section {
    /// Stable across languages, such as `rights` or `gaps`.
    pub id: String,
    pub title: String,
    pub points: Vec<Point>,
}

/// One statement with the ids of the facts it states.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Point {
    pub facts: Vec<String>,
    pub text: String,
}

/// Of the bundled texts. They share a section, so they are counted together.
const BUNDLED_VERSION: u32 = 2;

/// The section that lists what the controller left unsaid; drawn as a box of its own.
pub const GAP_SECTION: &str = "gaps";

impl Notice {
    /// The notice that must be noted before `target` may be contacted. An `rn` that names no bundled
    /// text proves nothing, so such a host counts as unknown.
    #[must_use]
    pub fn for_target(target: &Target) -> Self {
        let room = target.embedded_notice().and_then(Self::of_room);
        match (target.host(), room) {
            ("meet.jit.si" | "www.meet.jit.si", _) => Self::meet_jit_si(),
            (_, Some(room)) => room,
            (Target::OWN_ROOM, None) => Self::embedded_room(),
            (host, None) => Self { kind: NoticeKind::UnknownServer { host: host.to_owned() }, log: None },
        }
    }

    /// The same, where the documents on the shelf count, too: a link whose hash names one leads to that notice.
    #[must_use]
    pub fn known(target: &Target, shelf: &Shelf) -> Self {
        let bundled = Self::for_target(target);
        let Some(rn) = target.embedded_notice() else { return bundled };
        if bundled.kind == NoticeKind::MeetJitSi || bundled.language_of(rn).is_some() {
            return bundled;
        }
        shelf.find(rn).map_or(bundled, |document| Self::stated(document.clone()))
    }

    /// The version that a record names, as long as its text is kept or still the bundled one.
    #[must_use]
    pub fn of_record(record: &Acknowledgement, shelf: &Shelf) -> Option<Self> {
        if let Some(document) = shelf.find(&record.notice_sha256) {
            return Some(Self::stated(document.clone()));
        }
        let bundled = Self::for_target(&Target::new(&record.host, Some(&record.notice_sha256)).ok()?);
        bundled.language_of(&record.notice_sha256).is_some().then_some(bundled)
    }

    /// What a host or a server says about itself.
    #[must_use]
    pub fn stated(document: Document) -> Self {
        Self { log: document.access_log(), kind: NoticeKind::Stated(Box::new(document)) }
    }

    /// This notice as it is handed to guests and kept.
    #[must_use]
    pub fn document(&self) -> Document {
        match &self.kind {
            NoticeKind::Stated(document) => (**document).clone(),
            NoticeKind::MeetJitSi | NoticeKind::EmbeddedRoom | NoticeKind::UnknownServer { .. } => {
                Document::new(self.version(), None, self.log, Lang::ALL.map(|lang| (lang, self.text(lang))))
            }
        }
    }

    #[must_use]
    pub const fn meet_jit_si() -> Self {
        Self { kind: NoticeKind::MeetJitSi, log: None }
    }

    /// A room on somebody's own computer that stores nothing.
    #[must_use]
    pub const fn embedded_room() -> Self {
        Self { kind: NoticeKind::EmbeddedRoom, log: None }
    }

    /// The same with an access log. Every retention has a text of its own, so that a link's hash says which one
    /// its guests are promised.
    #[must_use]
    pub const fn embedded_room_with_log(retention: Retention) -> Self {
        Self { kind: NoticeKind::EmbeddedRoom, log: Some(retention) }
    }

    /// The bundled text about a room on somebody's own computer that has this hash.
    #[must_use]
    pub fn of_room(sha256: &str) -> Option<Self> {
        let plain = Self::embedded_room();
        if plain.language_of(sha256).is_some() {
            return Some(plain);
        }
        let log = *logged_rooms().get(&sha256.to_ascii_lowercase())?;
        Some(Self::embedded_room_with_log(log))
    }

    /// How long the room's access log is kept, where it keeps one.
    #[must_use]
    pub const fn access_log(&self) -> Option<Retention> {
        self.log
    }

    #[must_use]
    pub const fn kind(&self) -> &NoticeKind {
        &self.kind
    }

    /// Name of the text, the same for all its versions and languages, with and without an access log.
    #[must_use]
    pub const fn id(&self) -> &'static str {
        match self.kind {
            NoticeKind::MeetJitSi => "meet.jit.si",
            NoticeKind::EmbeddedRoom => "embedded-room",
            NoticeKind::UnknownServer { .. } => "unknown-server",
            NoticeKind::Stated(ref document) if document.operator().is_some() => "operator",
            NoticeKind::Stated(_) => "server",
        }
    }

    /// Raised with every change of the words in any language.
    #[must_use]
    pub const fn version(&self) -> u32 {
        match &self.kind {
            NoticeKind::Stated(document) => document.version(),
            NoticeKind::MeetJitSi | NoticeKind::EmbeddedRoom | NoticeKind::UnknownServer { .. } => BUNDLED_VERSION,
        }
    }

    /// Whether it is about rooms that somebody opens with Runde, so that it can hold for one's own.
    #[must_use]
    pub const fn is_of_rooms(&self) -> bool {
        match &self.kind {
            NoticeKind::EmbeddedRoom => true,
            NoticeKind::Stated(document) => document.operator().is_some(),
            NoticeKind::MeetJitSi | NoticeKind::UnknownServer { .. } => false,
        }
    }

    /// Where its words come from, as written into records.
    #[must_use]
    pub const fn source_of_text(&self) -> TextSource {
        match &self.kind {
            NoticeKind::Stated(document) if document.operator().is_some() => TextSource::Host,
            NoticeKind::Stated(_) => TextSource::Server,
            NoticeKind::MeetJitSi | NoticeKind::EmbeddedRoom | NoticeKind::UnknownServer { .. } => TextSource::Bundled,
        }
    }

    /// Who is answerable, as written into records.
    #[must_use]
    pub fn controller_id(&self) -> String {
        match &self.kind {
            NoticeKind::MeetJitSi => "8x8-inc".to_owned(),
            NoticeKind::EmbeddedRoom => "room-opener".to_owned(),
            NoticeKind::UnknownServer { host } => format!("unknown-operator-of:{host}"),
            NoticeKind::Stated(document) => match document.operator() {
                Some(operator) => format!("operator:{}", operator.name),
                None => format!("operator-with-notice:{}", document.id().split_at(16).0),
            },
        }
    }

    /// Where letters to the controller go, line by line; `None` where the notice does not say.
    #[must_use]
    pub fn postal_address(&self) -> Option<Vec<String>> {
        match &self.kind {
            NoticeKind::MeetJitSi => {
                let lines = ["8×8, Inc.", "675 Creekside Way", "Campbell, California 95008", "USA"];
                Some(lines.map(str::to_owned).into())
            }
            NoticeKind::Stated(document) => document.operator().map(Operator::postal_address),
            NoticeKind::EmbeddedRoom | NoticeKind::UnknownServer { .. } => None,
        }
    }

    /// The host under which noting this notice for `target` is recorded.
    #[must_use]
    pub fn record_host(&self, target: &Target) -> String {
        match &self.kind {
            NoticeKind::MeetJitSi => "meet.jit.si".to_owned(),
            NoticeKind::EmbeddedRoom | NoticeKind::Stated(_) => target.host().to_owned(),
            NoticeKind::UnknownServer { host } => host.clone(),
        }
    }

    /// The whole text: UTF-8 in NFC, lines ended by LF, the last one too.
    #[must_use]
    pub fn text(&self, lang: Lang) -> String {
        if let NoticeKind::Stated(document) = &self.kind {
            return document.text(lang).to_owned();
        }
        let (own, local) = (self.source(lang), local_functions(lang));
        let joined = format!("{}\n\n{}\n", own.trim_end(), local.trim());
        let placed = match (&self.kind, self.log) {
            (NoticeKind::UnknownServer { host }, _) => joined.replace("{host}", host),
            (NoticeKind::EmbeddedRoom, Some(log)) => joined.replace("{period}", &period(log, lang)),
            (NoticeKind::EmbeddedRoom, None) | (NoticeKind::MeetJitSi | NoticeKind::Stated(_), _) => joined,
        };
        placed.replace("\r\n", "\n").nfc().collect()
    }

    /// Lower-case hexadecimal SHA-256 of [`Self::text`].
    #[must_use]
    pub fn sha256(&self, lang: Lang) -> String {
        document::hash(&self.text(lang))
    }

    /// The language in which this notice has that hash, if any.
    #[must_use]
    pub fn language_of(&self, sha256: &str) -> Option<Lang> {
        if let NoticeKind::Stated(document) = &self.kind {
            return document.language_of(sha256);
        }
        Lang::ALL.into_iter().find(|&lang| self.sha256(lang).eq_ignore_ascii_case(sha256))
    }

    #[must_use]
    pub fn title(&self, lang: Lang) -> String {
        let text = self.text(lang);
        text.lines().next().unwrap_or_default().trim_start_matches("# ").to_owned()
    }

    /// The same text, taken apart for a page that draws it.
    #[must_use]
    pub fn sections(&self, lang: Lang) -> Vec<Section> {
        sections_of(&self.text(lang))
    }

    const fn source(&self, lang: Lang) -> &'static str {
        match (&self.kind, self.log, lang) {
            (NoticeKind::MeetJitSi, _, Lang::De) => include_str!("../notices/meet-jit-si.de.md"),
            (NoticeKind::MeetJitSi, _, Lang::En) => include_str!("../notices/meet-jit-si.en.md"),
            (NoticeKind::MeetJitSi, _, Lang::DeSimple) => include_str!("../notices/meet-jit-si.de-simple.md"),
            (NoticeKind::EmbeddedRoom, None, Lang::De) => include_str!("../notices/embedded-room.de.md"),
            (NoticeKind::EmbeddedRoom, None, Lang::En) => include_str!("../notices/embedded-room.en.md"),
            (NoticeKind::EmbeddedRoom, None, Lang::DeSimple) => include_str!("../notices/embedded-room.de-simple.md"),
            (NoticeKind::EmbeddedRoom, Some(_), Lang::De) => include_str!("../notices/embedded-room-log.de.md"),
            (NoticeKind::EmbeddedRoom, Some(_), Lang::En) => include_str!("../notices/embedded-room-log.en.md"),
            (NoticeKind::EmbeddedRoom, Some(_), Lang::DeSimple) => {
                include_str!("../notices/embedded-room-log.de-simple.md")
            }
            (NoticeKind::UnknownServer { .. }, _, Lang::De) => include_str!("../notices/unknown-server.de.md"),
            (NoticeKind::UnknownServer { .. }, _, Lang::En) => include_str!("../notices/unknown-server.en.md"),
            (NoticeKind::UnknownServer { .. }, _, Lang::DeSimple) => {
                include_str!("../notices/unknown-server.de-simple.md")
            }
            // It carries its text.
            (NoticeKind::Stated(_), _, _) => "",
        }
    }
}

/// A text taken apart. One without our marks is one section, a point a line, so that nothing of it stays unshown.
#[must_use]
pub fn sections_of(text: &str) -> Vec<Section> {
    let mut sections: Vec<Section> = Vec::new();
    for line in text.lines() {
        if let Some(heading) = line.strip_prefix("## ") {
            sections.push(section(heading));
        } else if let (Some(point), Some(last)) = (line.strip_prefix("- ["), sections.last_mut()) {
            last.points.extend(split_point(point));
        }
    }
    let marked: usize = sections.iter().map(|section| section.points.len() + 1).sum();
    let lines = || text.lines().filter(|line| !line.trim().is_empty());
    // Ours has two lines more, its title and the one that explains the marks.
    if lines().count() <= marked + 2 && marked > 0 {
        return sections;
    }
    let points = lines().map(|line| Point { facts: Vec::new(), text: line.trim().to_owned() });
    vec![Section { id: "text".to_owned(), title: String::new(), points: points.collect() }]
}

pub(crate) const fn local_functions(lang: Lang) -> &'static str {
    match lang {
        Lang::De => include_str!("../notices/local-functions.de.md"),
        Lang::En => include_str!("../notices/local-functions.en.md"),
        Lang::DeSimple => include_str!("../notices/local-functions.de-simple.md"),
    }
}

/// The hashes of all texts about rooms with an access log, made once: every link with an unknown `rn` asks for them.
fn logged_rooms() -> &'static BTreeMap<String, Retention> {
    static TEXTS: OnceLock<BTreeMap<String, Retention>> = OnceLock::new();
    let hash = |log, lang| (Notice::embedded_room_with_log(log).sha256(lang), log);
    TEXTS.get_or_init(|| Retention::all().flat_map(|log| Lang::ALL.map(|lang| hash(log, lang))).collect())
}

/// As it stands after "höchstens" and "at most".
pub(crate) fn period(log: Retention, lang: Lang) -> String {
    match (log.days(), lang) {
        (1, Lang::De | Lang::DeSimple) => "einen Tag".to_owned(),
        (1, Lang::En) => "one day".to_owned(),
        (56, Lang::De | Lang::DeSimple) => "acht Wochen (56 Tage)".to_owned(),
        (56, Lang::En) => "eight weeks (56 days)".to_owned(),
        (days, Lang::De | Lang::DeSimple) => format!("{days} Tage"),
        (days, Lang::En) => format!("{days} days"),
    }
}

fn section(heading: &str) -> Section {
    let (title, id) = heading.rsplit_once(" [").unwrap_or((heading, ""));
    Section { id: id.trim_end_matches(']').to_owned(), title: title.to_owned(), points: Vec::new() }
}

fn split_point(point: &str) -> Option<Point> {
    let (facts, text) = point.split_once("] ")?;
    Some(Point { facts: facts.split(' ').map(str::to_owned).collect(), text: text.to_owned() })
}

#[cfg(test)]
mod tests;
