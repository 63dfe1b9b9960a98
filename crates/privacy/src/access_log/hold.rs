//! A legal hold: lines that an incident takes out of the deletion, by an explicit act and until it is released.
//!
//! The act says who, why and which lines ([`Act`]). Those words and the lines go into one sealed text ([`seal`]); the
//! [`Register`] names that text by its hash and, of all this, only the incident. Nothing here can be reached from the
//! network: the room server has no call that begins a hold.

use std::net::IpAddr;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use time::format_description::well_known::Rfc3339;

use crate::access_log::line::Line;
use crate::stamp::Moment;

/// Letters of an incident's id: it is a file name too.
const MAX_INCIDENT: usize = 40;
/// Letters of a reason or a person's name.
pub const MAX_WORDS: usize = 200;
/// Every hold is looked at again every four weeks.
const REVIEW_EVERY: i64 = 28 * 24 * 60 * 60;
const VERSION: u8 = 1;

/// Why a hold cannot begin or is not there.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum HoldError {
    #[error(
        "{0:?} is no incident id: 1 to {MAX_INCIDENT} of a-z, A-Z, 0-9, dot, dash, underscore, a letter or digit first"
    )]
    Incident(String),
    #[error("{0} must be 1 to {MAX_WORDS} characters on one line")]
    Words(&'static str),
    #[error("{0:?} is no address and no range such as 192.0.2.0/24")]
    Network(String),
    #[error("{0:?} is no time such as 2026-11-23 or 2026-11-23T09:00:00Z")]
    Time(String),
    #[error("without an address or a time everything would be held")]
    NoRule,
    #[error("the end lies before the beginning")]
    Backwards,
    #[error("there is a hold {0} already, or there was one")]
    Known(String),
    #[error("there is no hold {0}")]
    Unknown(String),
}

/// What the host calls the incident. By its form it can be a file name everywhere.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Incident(String);

/// One address, or all that share their first bits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Network {
    address: IpAddr,
    bits: u8,
}

/// Which lines: those from the network, between the times (both included).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rule {
    ip: Option<Network>,
    from: Option<Moment>,
    until: Option<Moment>,
}

/// The explicit act.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Act {
    pub incident: Incident,
    pub reason: String,
    /// Who decided it.
    pub person: String,
    pub rule: Rule,
    pub at: Moment,
}

impl Incident {
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl std::fmt::Display for Incident {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str(&self.0)
    }
}

impl TryFrom<String> for Incident {
    type Error = HoldError;

    fn try_from(text: String) -> Result<Self, HoldError> {
        let letters = text.bytes().all(|b| b.is_ascii_alphanumeric() || b"._-".contains(&b));
        let first = text.bytes().next().is_some_and(|b| b.is_ascii_alphanumeric());
        if letters && first && text.len() <= MAX_INCIDENT { Ok(Self(text)) } else { Err(HoldError::Incident(text)) }
    }
}

impl From<Incident> for String {
    fn from(incident: Incident) -> Self {
        incident.0
    }
}

impl std::str::FromStr for Network {
    type Err = HoldError;

    fn from_str(text: &str) -> Result<Self, HoldError> {
        let refused = || HoldError::Network(text.to_owned());
        let (address, bits) = text.split_once('/').map_or((text, None), |(address, bits)| (address, Some(bits)));
        let address: IpAddr = address.parse().map_err(|_| refused())?;
        let width = if address.is_ipv4() { 32 } else { 128 };
        let bits = bits.map_or(Ok(width), |bits| bits.parse().map_err(|_| refused()))?;
        if bits == 0 || bits > width { Err(refused()) } else { Ok(Self { address, bits }) }
    }
}

impl std::fmt::Display for Network {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "{}/{}", self.address, self.bits)
    }
}

impl Network {
    fn holds(self, ip: IpAddr) -> bool {
        match (self.address, ip) {
            (IpAddr::V4(net), IpAddr::V4(ip)) => (net.to_bits() ^ ip.to_bits()).leading_zeros() >= u32::from(self.bits),
            (IpAddr::V6(net), IpAddr::V6(ip)) => (net.to_bits() ^ ip.to_bits()).leading_zeros() >= u32::from(self.bits),
            (IpAddr::V4(_), IpAddr::V6(_)) | (IpAddr::V6(_), IpAddr::V4(_)) => false,
        }
    }
}

impl Rule {
    /// # Errors
    /// A rule that rules nothing out, or an end before its beginning.
    pub fn new(ip: Option<Network>, from: Option<Moment>, until: Option<Moment>) -> Result<Self, HoldError> {
        if ip.is_none() && from.is_none() && until.is_none() {
            return Err(HoldError::NoRule);
        }
        if from.zip(until).is_some_and(|(from, until)| until < from) {
            return Err(HoldError::Backwards);
        }
        Ok(Self { ip, from, until })
    }

    #[must_use]
    pub fn matches(&self, line: &Line) -> bool {
        self.ip.is_none_or(|network| network.holds(line.ip))
            && self.from.is_none_or(|from| line.time >= from)
            && self.until.is_none_or(|until| line.time <= until)
    }
}

/// Reads `2026-11-23` (its first second, or with `end` its last) or an RFC 3339 time.
///
/// # Errors
/// Anything else.
pub fn time_of(text: &str, end: bool) -> Result<Moment, HoldError> {
    let refused = || HoldError::Time(text.to_owned());
    let whole = if text.len() == "2026-11-23".len() {
        format!("{text}T{}Z", if end { "23:59:59" } else { "00:00:00" })
    } else {
        text.to_owned()
    };
    let time = time::OffsetDateTime::parse(&whole, &Rfc3339).map_err(|_| refused())?;
    Ok(Moment::from_unix(time.unix_timestamp()))
}

/// The words of the act, checked: they stand in one line of a file.
///
/// # Errors
/// Empty, too long, or with control characters.
pub fn words(name: &'static str, text: &str) -> Result<String, HoldError> {
    let text = text.trim();
    let sound = !text.is_empty() && text.chars().count() <= MAX_WORDS && !text.chars().any(char::is_control);
    if sound { Ok(text.to_owned()) } else { Err(HoldError::Words(name)) }
}

/// The sealed text: the act as one line of JSON, then the lines as they stand in the log.
#[must_use]
pub fn seal(act: &Act, lines: &[Line]) -> String {
    let head = serde_json::json!({
        "v": VERSION,
        "incident": act.incident.as_str(),
        "at": act.at,
        "person": act.person,
        "reason": act.reason,
        "ip": act.rule.ip.map(|network| network.to_string()),
        "from": act.rule.from,
        "until": act.rule.until,
    });
    let mut text = format!("{head}\n");
    for line in lines {
        text.push_str(&line.to_string());
        text.push('\n');
    }
    text
}

/// The words of the act, as they stand in a sealed text.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Head {
    pub person: String,
    pub reason: String,
    pub ip: Option<String>,
    pub from: Option<Moment>,
    pub until: Option<Moment>,
}

/// `None` for what was not sealed by [`seal`].
#[must_use]
pub fn head(sealed: &[u8]) -> Option<Head> {
    let first = sealed.split(|&byte| byte == b'\n').next()?;
    serde_json::from_slice(first).ok()
}

/// All holds there are and were.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Register {
    v: u8,
    holds: Vec<Entry>,
}

/// One hold. Of the people concerned it knows nothing; their words and addresses are in the sealed text.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    pub incident: Incident,
    pub started: Moment,
    #[serde(flatten)]
    pub state: State,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "state", rename_all = "lowercase")]
pub enum State {
    Held {
        /// When somebody last said that it is still needed.
        reviewed: Moment,
        lines: u64,
        /// Of the sealed text.
        sha256: String,
    },
    /// The sealed text is deleted.
    Released { released: Moment },
}

impl Default for Register {
    fn default() -> Self {
        Self { v: VERSION, holds: Vec::new() }
    }
}

impl Register {
    /// `None` for anything that is not a register of this version.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        serde_json::from_str(text).ok().filter(|register: &Self| register.v == VERSION)
    }

    /// JSON, for people too.
    #[must_use]
    pub fn write(&self) -> String {
        serde_json::to_string_pretty(self).unwrap_or_default() + "\n"
    }

    #[must_use]
    pub fn entries(&self) -> &[Entry] {
        &self.holds
    }

    /// # Errors
    /// An incident has one hold in its life, so that its id never means two things.
    pub fn start(&mut self, act: &Act, lines: u64, sealed: &str) -> Result<(), HoldError> {
        if self.find(&act.incident).is_some() {
            return Err(HoldError::Known(act.incident.to_string()));
        }
        let state = State::Held { reviewed: act.at, lines, sha256: sha256(sealed.as_bytes()) };
        self.holds.push(Entry { incident: act.incident.clone(), started: act.at, state });
        Ok(())
    }

    /// Somebody looked at it and still needs it.
    ///
    /// # Errors
    /// There is no such hold, or not any more.
    pub fn review(&mut self, incident: &Incident, at: Moment) -> Result<(), HoldError> {
        match self.find(incident).map(|entry| &mut entry.state) {
            Some(State::Held { reviewed, .. }) => {
                *reviewed = at;
                Ok(())
            }
            Some(State::Released { .. }) | None => Err(HoldError::Unknown(incident.to_string())),
        }
    }

    /// # Errors
    /// There is no such hold, or not any more.
    pub fn release(&mut self, incident: &Incident, at: Moment) -> Result<(), HoldError> {
        match self.find(incident) {
            Some(entry) if matches!(entry.state, State::Held { .. }) => {
                entry.state = State::Released { released: at };
                Ok(())
            }
            Some(_) | None => Err(HoldError::Unknown(incident.to_string())),
        }
    }

    fn find(&mut self, incident: &Incident) -> Option<&mut Entry> {
        // Some file systems take `A.hold` and `a.hold` for the same file.
        self.holds.iter_mut().find(|entry| entry.incident.as_str().eq_ignore_ascii_case(incident.as_str()))
    }
}

impl Entry {
    /// When it has to be looked at; `None` once released.
    #[must_use]
    pub fn review_due(&self) -> Option<Moment> {
        match &self.state {
            State::Held { reviewed, .. } => Some(Moment::from_unix(reviewed.unix().saturating_add(REVIEW_EVERY))),
            State::Released { .. } => None,
        }
    }

    /// How often four weeks have passed since somebody last looked: each time is a reminder.
    #[must_use]
    pub fn reminders(&self, now: Moment) -> u64 {
        match &self.state {
            State::Held { reviewed, .. } => {
                now.unix().saturating_sub(reviewed.unix()).max(0).unsigned_abs() / REVIEW_EVERY.unsigned_abs()
            }
            State::Released { .. } => 0,
        }
    }

    /// Whether these bytes are what was sealed.
    #[must_use]
    pub fn is_sealed(&self, bytes: &[u8]) -> bool {
        matches!(&self.state, State::Held { sha256: kept, .. } if *kept == sha256(bytes))
    }
}

fn sha256(bytes: &[u8]) -> String {
    hex::encode(Sha256::digest(bytes))
}

#[cfg(test)]
mod tests;
