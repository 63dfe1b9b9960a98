//! What can be said about a ledger file: whole, erased in places, damaged, cut.

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::stamp::Moment;

use super::line::Refused;
use super::{Dated, Head, Ledger, Replay};

/// How far ahead of the clock a record may be dated. Clocks are set by minutes, around midnight by what looks like a day.
pub(crate) const AHEAD_SECONDS: i64 = 24 * 60 * 60;

/// The first line that could not be believed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("line {line} cannot be trusted: {why}")]
pub struct Damage {
    /// Counted from 1.
    pub line: usize,
    pub why: Refused,
}

/// How a file compares with the head that was kept elsewhere.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HeadState {
    Equal,
    /// Lines follow the kept head: the program stopped between fsync and keeping the head. 1 is a
    /// crash, more means that the head could not be kept for a while.
    Ahead(u64),
    /// Lines the head knew are gone or others stand in their place: somebody cut or rolled back the file.
    Behind,
    /// No head was kept, so a cut tail cannot be excluded.
    Unknown,
}

/// The whole judgement, for `verify`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verdict {
    /// Believed lines, erased ones included.
    pub lines: usize,
    pub erased: usize,
    pub damage: Option<Damage>,
    /// Something was being appended when the program stopped; it was never confirmed.
    pub torn: bool,
    pub head: HeadState,
    /// The first line that is dated before a line above it: the clock was moved back. The order of lines does not depend on it.
    pub clock_back: Option<u64>,
    /// The first line that is dated more than a day after the time of the judgement: it was written under another clock, or this one is
    /// wrong now. What it says of time is not believed.
    pub dated_ahead: Option<u64>,
}

impl Verdict {
    /// No line was changed, moved or cut, as far as can be known.
    #[must_use]
    pub fn is_sound(&self) -> bool {
        self.damage.is_none() && self.head != HeadState::Behind
    }
}

impl<R: Serialize + DeserializeOwned> Ledger<R> {
    /// Compares with a head that was kept apart from the file.
    #[must_use]
    pub fn compare(&self, kept: Option<&Head>) -> HeadState {
        let Some(kept) = kept else { return HeadState::Unknown };
        let known = self.entries.iter().find(|entry| entry.seq == kept.seq);
        if known.is_none_or(|entry| hex::encode(entry.code) != kept.code) {
            return HeadState::Behind;
        }
        match (self.entries.len() as u64).saturating_sub(kept.seq) {
            0 => HeadState::Equal,
            more => HeadState::Ahead(more),
        }
    }
}

impl<R: Dated> Ledger<R> {
    /// Numbers and times of the lines that are not erased.
    fn dated(&self) -> impl Iterator<Item = (u64, Moment)> {
        let pairs = self.entries.iter().zip(&self.records);
        pairs.filter_map(|(entry, record)| Some((entry.seq, record.as_ref()?.dated())))
    }

    fn dated_ahead(&self, now: Moment) -> Option<u64> {
        self.dated().find_map(|(seq, at)| (at.unix() - now.unix() > AHEAD_SECONDS).then_some(seq))
    }

    fn clock_back(&self) -> Option<u64> {
        let mut latest = None;
        self.dated().find_map(|(seq, at)| {
            let back = latest.is_some_and(|latest| at < latest);
            latest = latest.max(Some(at));
            back.then_some(seq)
        })
    }
}

impl<R: Serialize + DeserializeOwned + Dated> Replay<R> {
    /// `kept`: the head that was kept apart; `now`: against which dates are held.
    #[must_use]
    pub fn verdict(&self, kept: Option<&Head>, now: Moment) -> Verdict {
        Verdict {
            lines: self.ledger.entries.len(),
            erased: self.ledger.entries.iter().filter(|entry| entry.content.is_none()).count(),
            damage: self.damage,
            torn: !self.torn.is_empty(),
            head: self.ledger.compare(kept),
            clock_back: self.ledger.clock_back(),
            dated_ahead: self.ledger.dated_ahead(now),
        }
    }
}
