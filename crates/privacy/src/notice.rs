//! The bundled notices: which text belongs to which controller, how it reads, what its hash is.
//!
//! A text is Markdown in a small dialect: `## Title [id]` opens a section, `- [F08] …` is one point
//! that states the facts named in the brackets. Every notice ends with the section on local functions.
//! The hash of a text is its identity; what is recorded and what a link carries is this hash.

use serde::Serialize;
use sha2::{Digest, Sha256};
use unicode_normalization::UnicodeNormalization;

use crate::lang::Lang;
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
}

/// One notice, in every language.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Notice {
    kind: NoticeKind,
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

/// The section that lists what the controller left unsaid; drawn as a box of its own.
pub const GAP_SECTION: &str = "gaps";

impl Notice {
    /// The notice that must be noted before `target` may be contacted. An `rn` that names no bundled
    /// text proves nothing, so such a host counts as unknown.
    #[must_use]
    pub fn for_target(target: &Target) -> Self {
        let embedded = Self::embedded_room();
        let kind = match (target.host(), target.embedded_notice()) {
            ("meet.jit.si" | "www.meet.jit.si", _) => NoticeKind::MeetJitSi,
            (Target::OWN_ROOM, _) => NoticeKind::EmbeddedRoom,
            (_, Some(rn)) if embedded.language_of(rn).is_some() => NoticeKind::EmbeddedRoom,
            (host, _) => NoticeKind::UnknownServer { host: host.to_owned() },
        };
        Self { kind }
    }

    #[must_use]
    pub const fn meet_jit_si() -> Self {
        Self { kind: NoticeKind::MeetJitSi }
    }

    #[must_use]
    pub const fn embedded_room() -> Self {
        Self { kind: NoticeKind::EmbeddedRoom }
    }

    #[must_use]
    pub const fn kind(&self) -> &NoticeKind {
        &self.kind
    }

    /// Name of the text, the same for all its versions and languages.
    #[must_use]
    pub const fn id(&self) -> &'static str {
        match self.kind {
            NoticeKind::MeetJitSi => "meet.jit.si",
            NoticeKind::EmbeddedRoom => "embedded-room",
            NoticeKind::UnknownServer { .. } => "unknown-server",
        }
    }

    /// Raised with every change of the words in any language.
    #[must_use]
    pub const fn version(&self) -> u32 {
        1
    }

    /// Who is answerable, as written into records.
    #[must_use]
    pub fn controller_id(&self) -> String {
        match &self.kind {
            NoticeKind::MeetJitSi => "8x8-inc".to_owned(),
            NoticeKind::EmbeddedRoom => "room-opener".to_owned(),
            NoticeKind::UnknownServer { host } => format!("unknown-operator-of:{host}"),
        }
    }

    /// Where letters to the controller go, line by line; `None` where the notice does not say.
    #[must_use]
    pub const fn postal_address(&self) -> Option<[&'static str; 4]> {
        match self.kind {
            NoticeKind::MeetJitSi => Some(["8×8, Inc.", "675 Creekside Way", "Campbell, California 95008", "USA"]),
            NoticeKind::EmbeddedRoom | NoticeKind::UnknownServer { .. } => None,
        }
    }

    /// The host under which noting this notice for `target` is recorded.
    #[must_use]
    pub fn record_host(&self, target: &Target) -> String {
        match &self.kind {
            NoticeKind::MeetJitSi => "meet.jit.si".to_owned(),
            NoticeKind::EmbeddedRoom => target.host().to_owned(),
            NoticeKind::UnknownServer { host } => host.clone(),
        }
    }

    /// The whole text: UTF-8 in NFC, lines ended by LF, the last one too.
    #[must_use]
    pub fn text(&self, lang: Lang) -> String {
        let (own, local) = (self.source(lang), local_functions(lang));
        let joined = format!("{}\n\n{}\n", own.trim_end(), local.trim());
        let placed = match &self.kind {
            NoticeKind::UnknownServer { host } => joined.replace("{host}", host),
            NoticeKind::MeetJitSi | NoticeKind::EmbeddedRoom => joined,
        };
        placed.replace("\r\n", "\n").nfc().collect()
    }

    /// Lower-case hexadecimal SHA-256 of [`Self::text`].
    #[must_use]
    pub fn sha256(&self, lang: Lang) -> String {
        hex::encode(Sha256::digest(self.text(lang)))
    }

    /// The language in which this notice has that hash, if any.
    #[must_use]
    pub fn language_of(&self, sha256: &str) -> Option<Lang> {
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
        let mut sections: Vec<Section> = Vec::new();
        for line in self.text(lang).lines() {
            if let Some(heading) = line.strip_prefix("## ") {
                sections.push(section(heading));
            } else if let (Some(point), Some(last)) = (line.strip_prefix("- ["), sections.last_mut()) {
                last.points.extend(split_point(point));
            }
        }
        sections
    }

    const fn source(&self, lang: Lang) -> &'static str {
        match (&self.kind, lang) {
            (NoticeKind::MeetJitSi, Lang::De) => include_str!("../notices/meet-jit-si.de.md"),
            (NoticeKind::MeetJitSi, Lang::En) => include_str!("../notices/meet-jit-si.en.md"),
            (NoticeKind::MeetJitSi, Lang::DeSimple) => include_str!("../notices/meet-jit-si.de-simple.md"),
            (NoticeKind::EmbeddedRoom, Lang::De) => include_str!("../notices/embedded-room.de.md"),
            (NoticeKind::EmbeddedRoom, Lang::En) => include_str!("../notices/embedded-room.en.md"),
            (NoticeKind::EmbeddedRoom, Lang::DeSimple) => include_str!("../notices/embedded-room.de-simple.md"),
            (NoticeKind::UnknownServer { .. }, Lang::De) => include_str!("../notices/unknown-server.de.md"),
            (NoticeKind::UnknownServer { .. }, Lang::En) => include_str!("../notices/unknown-server.en.md"),
            (NoticeKind::UnknownServer { .. }, Lang::DeSimple) => {
                include_str!("../notices/unknown-server.de-simple.md")
            }
        }
    }
}

const fn local_functions(lang: Lang) -> &'static str {
    match lang {
        Lang::De => include_str!("../notices/local-functions.de.md"),
        Lang::En => include_str!("../notices/local-functions.en.md"),
        Lang::DeSimple => include_str!("../notices/local-functions.de-simple.md"),
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
