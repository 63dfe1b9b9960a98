//! The gate: recorded acknowledgements in, permits out.
//!
//! Rules, in full:
//! - **Contact** with a host needs the current text of that host's notice noted, in any language and
//!   for that host. A room on a loopback address is one's own machine, and so is one that this program
//!   serves itself: there the acknowledgement given for opening rooms counts too.
//! - **Local devices** need the section "local functions" noted. Every notice ends with it, so any
//!   current acknowledgement opens them.
//! - An **objection** (Art. 21 GDPR) to the controller of a host shuts that host, whatever was noted before or
//!   is noted after it, until it is lifted. Lifting opens nothing by itself.
//! - An **unknown server** is met in two stages. Its warning noted, its own notice may be fetched ([`Gate::fetch`]), and
//!   nothing else where the link promises one (`#rn=`) that is not known here. What was fetched is put on the shelf and must be
//!   noted like any other.
//! - **Host** (opening rooms) needs the embedded-room notice noted, since it tells what hosting means. Whoever also
//!   keeps an access log needs the text noted that its guests will read, with the same retention.
//!
//! A permit cannot be made outside this crate, and the gate reads only a [`Ledger`], whose records
//! count from the moment their line is on disk ([`crate::Pending::confirm`]). A text that changed has
//! another hash, so it asks again by itself.

use std::collections::{BTreeMap, BTreeSet};

use crate::access_log::Retention;
use crate::acknowledgement::{Acknowledgement, Standing};
use crate::document::Shelf;
use crate::lang::Lang;
use crate::ledger::Ledger;
use crate::notice::{Notice, NoticeKind};
use crate::stamp::Moment;
use crate::target::Target;

/// Leave to do one kind of thing.
///
/// ```compile_fail
/// let forged = runde_privacy::Permit { kind: () };
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Permit<K> {
    kind: K,
}

/// May reach one host.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Contact {
    host: String,
    ground: Ground,
}

/// May ask one host for its notice, and for nothing else.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fetch {
    host: String,
    ground: Ground,
}

/// The text under which a host may be contacted, as it was noted. Only the gate makes one.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Ground {
    notice_id: String,
    sha256: String,
}

impl Ground {
    #[must_use]
    pub fn notice_id(&self) -> &str {
        &self.notice_id
    }

    /// Of the text in the language in which it was read.
    #[must_use]
    pub fn sha256(&self) -> &str {
        &self.sha256
    }
}

/// May open microphones, cameras and speakers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LocalDevices(());

/// May open rooms for others under the notice that was noted, and keep an access log of them if that says so.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Host(Notice);

impl Permit<Contact> {
    /// The host that may be reached; no other may.
    #[must_use]
    pub fn host(&self) -> &str {
        &self.kind.host
    }

    /// What allows it.
    #[must_use]
    pub const fn ground(&self) -> &Ground {
        &self.kind.ground
    }
}

impl Permit<Fetch> {
    /// The host that may be asked; no other may.
    #[must_use]
    pub fn host(&self) -> &str {
        &self.kind.host
    }

    /// What allows it.
    #[must_use]
    pub const fn ground(&self) -> &Ground {
        &self.kind.ground
    }
}

impl Permit<Host> {
    /// How long an access log may be kept; none means that there may be no log.
    #[must_use]
    pub const fn access_log(&self) -> Option<Retention> {
        self.kind.0.access_log()
    }

    /// The notice that guests are shown.
    #[must_use]
    pub const fn notice(&self) -> &Notice {
        &self.kind.0
    }
}

/// The gate stays shut until this notice is noted for this host.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the notice {:?} has not been noted for {}", notice.id(), target.host())]
pub struct Asks {
    pub notice: Notice,
    pub target: Target,
    /// True where an earlier version of the text was noted for this host: show what changed.
    pub stale: bool,
    /// When somebody objected to this controller. Noting the notice does not help then; lifting does.
    pub objected: Option<Moment>,
    /// Hash of the version that was noted for this host last, where that is another one than now: what to compare with.
    pub earlier: Option<String>,
    /// The notice above is noted, and the link promises another one that only the host itself can show: see [`Gate::fetch`].
    pub second_stage: bool,
}

impl Asks {
    /// As for a host that nobody noted anything for.
    #[must_use]
    pub const fn first(notice: Notice, target: Target) -> Self {
        Self { notice, target, stale: false, objected: None, earlier: None, second_stage: false }
    }

    /// The version that was noted for this host last, as long as its words are kept: what to compare with
    /// ([`crate::changes`]).
    #[must_use]
    pub fn before(&self, ledger: &Ledger<Acknowledgement>, shelf: &Shelf) -> Option<Notice> {
        let sha256 = self.earlier.as_ref()?;
        let record = ledger.records().rfind(|record| record.notice_sha256 == *sha256)?;
        Notice::of_record(record, shelf)
    }
}

/// What has been noted, as far as it is on disk.
#[derive(Debug, Clone, Default)]
pub struct Gate {
    noted: BTreeSet<Noted>,
    /// Host and time of each objection that is in force.
    objections: BTreeMap<String, Moment>,
    /// By host, what was noted for it last: id and hash.
    newest: BTreeMap<String, (String, String)>,
    shelf: Shelf,
}

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Noted {
    notice_id: String,
    host: String,
    sha256: String,
}

impl Gate {
    /// Reads what the ledger holds. Make a new gate after each record.
    #[must_use]
    pub fn replay(ledger: &Ledger<Acknowledgement>) -> Self {
        let mut gate = Self::default();
        for ack in ledger.records() {
            gate.take(ack);
        }
        gate
    }

    /// Lets the documents on the shelf count as known notices.
    #[must_use]
    pub fn with_shelf(mut self, shelf: Shelf) -> Self {
        self.shelf = shelf;
        self
    }

    /// The notice that holds for a target.
    #[must_use]
    pub fn notice(&self, target: &Target) -> Notice {
        Notice::known(target, &self.shelf)
    }

    fn take(&mut self, ack: &Acknowledgement) {
        match ack.status {
            Standing::Informed => {
                let newest = (ack.notice_id.clone(), ack.notice_sha256.clone());
                // The warning about an unknown operator is not an earlier version of what that operator says.
                if ack.notice_id != UNKNOWN || !self.newest.contains_key(&ack.host) {
                    self.newest.insert(ack.host.clone(), newest);
                }
                let (notice_id, host) = (ack.notice_id.clone(), ack.host.clone());
                self.noted.insert(Noted { notice_id, host, sha256: ack.notice_sha256.clone() });
            }
            Standing::Objected => {
                self.objections.insert(ack.host.clone(), ack.acknowledged_at);
            }
            Standing::Lifted => {
                self.objections.remove(&ack.host);
            }
        }
    }

    /// When somebody objected to the controller of this host, if that is in force. It holds for the host,
    /// whichever notice a link names for it.
    #[must_use]
    pub fn objection(&self, target: &Target) -> Option<Moment> {
        self.objections.get(&Notice::for_target(target).record_host(target)).copied()
    }

    /// Hosts whose controllers somebody objected to, with the time.
    pub fn objections(&self) -> impl Iterator<Item = (&str, Moment)> {
        self.objections.iter().map(|(host, at)| (host.as_str(), *at))
    }

    /// # Errors
    /// The notice to show first.
    pub fn contact(&self, target: &Target) -> Result<Permit<Contact>, Box<Asks>> {
        let notice = self.notice(target);
        let own_machine = notice.is_of_rooms() && target.is_loopback();
        let own_room = || self.ground(&notice, Target::OWN_ROOM).filter(|_| own_machine);
        let ground = self.ground(&notice, &notice.record_host(target)).or_else(own_room);
        let second_stage = ground.is_some() && promises_more(target, &notice);
        match ground.filter(|_| !second_stage && self.objection(target).is_none()) {
            Some(ground) => Ok(Permit { kind: Contact { host: target.host().to_owned(), ground } }),
            None => Err(Box::new(Asks { second_stage, ..*self.asks(notice, target.clone()) })),
        }
    }

    /// Leave to ask an unknown server for its own notice, once the warning about it was noted.
    ///
    /// # Errors
    /// The warning to show first; [`Asks::objected`] where somebody objected.
    pub fn fetch(&self, target: &Target) -> Result<Permit<Fetch>, Box<Asks>> {
        let warning = Notice::for_target(target);
        let ground = self.ground(&warning, &warning.record_host(target));
        match ground.filter(|_| self.objection(target).is_none()) {
            Some(ground) => Ok(Permit { kind: Fetch { host: target.host().to_owned(), ground } }),
            None => Err(self.asks(warning, target.clone())),
        }
    }

    /// For a room that this very program serves, at whatever address of this computer: whoever noted what hosting means need not
    /// note the same text again for their own room. `_host` is the proof that they may serve; that `target` is served here is the
    /// caller's word.
    ///
    /// # Errors
    /// The notice to show first, as with [`Gate::contact`].
    pub fn contact_served_here(&self, target: &Target, _host: &Permit<Host>) -> Result<Permit<Contact>, Box<Asks>> {
        let notice = self.notice(target);
        if notice.is_of_rooms() && self.host_as(&notice).is_ok() {
            let ground = self.ground_anywhere(&notice);
            return Ok(Permit { kind: Contact { host: target.host().to_owned(), ground } });
        }
        self.contact(target)
    }

    /// # Errors
    /// The notice to show first: the first launch's, for meet.jit.si.
    pub fn local_devices(&self) -> Result<Permit<LocalDevices>, Box<Asks>> {
        if !self.noted.iter().any(is_current) {
            return Err(self.asks(Notice::meet_jit_si(), Target::meet_jit_si()));
        }
        Ok(Permit { kind: LocalDevices(()) })
    }

    /// # Errors
    /// The notice to show first: the one about rooms on one's own computer.
    pub fn host(&self) -> Result<Permit<Host>, Box<Asks>> {
        let notice = Notice::embedded_room();
        if !self.noted.iter().any(|noted| noted.notice_id == notice.id() && is_current(noted)) {
            return Err(self.asks(notice, Target::own_room()));
        }
        Ok(Permit { kind: Host(notice) })
    }

    /// # Errors
    /// The notice to show first: the one that somebody wrote for their own rooms.
    pub fn host_as(&self, notice: &Notice) -> Result<Permit<Host>, Box<Asks>> {
        match (notice.kind(), notice.access_log()) {
            (NoticeKind::Stated(_), _) if notice.is_of_rooms() && self.has(notice, Target::OWN_ROOM) => {
                Ok(Permit { kind: Host(notice.clone()) })
            }
            (NoticeKind::Stated(_), _) => Err(self.asks(notice.clone(), Target::own_room_with(notice))),
            (_, Some(retention)) => self.host_with_log(retention),
            (_, None) => self.host(),
        }
    }

    /// # Errors
    /// The notice to show first: the one about rooms whose access log is kept for `retention`.
    pub fn host_with_log(&self, retention: Retention) -> Result<Permit<Host>, Box<Asks>> {
        let notice = Notice::embedded_room_with_log(retention);
        let same = |noted: &Noted| noted.notice_id == notice.id() && notice.language_of(&noted.sha256).is_some();
        if !self.noted.iter().any(same) {
            return Err(self.asks(notice, Target::own_room_with_log(retention)));
        }
        Ok(Permit { kind: Host(notice) })
    }

    fn has(&self, notice: &Notice, host: &str) -> bool {
        self.ground(notice, host).is_some()
    }

    /// The noted text of a notice, where it was noted for this host.
    fn ground(&self, notice: &Notice, host: &str) -> Option<Ground> {
        let noted = self.noted.iter().find(|noted| {
            noted.host == host && noted.notice_id == notice.id() && notice.language_of(&noted.sha256).is_some()
        })?;
        Some(Ground { notice_id: noted.notice_id.clone(), sha256: noted.sha256.clone() })
    }

    /// The same wherever it was noted: for rooms of one's own. Where another version of it was noted, it is the German text now.
    fn ground_anywhere(&self, notice: &Notice) -> Ground {
        let same = |noted: &&Noted| noted.notice_id == notice.id() && notice.language_of(&noted.sha256).is_some();
        let sha256 = self.noted.iter().find(same).map_or_else(|| notice.sha256(Lang::De), |noted| noted.sha256.clone());
        Ground { notice_id: notice.id().to_owned(), sha256 }
    }

    fn asks(&self, notice: Notice, target: Target) -> Box<Asks> {
        let host = notice.record_host(&target);
        let newest = self.newest.get(&host).filter(|(id, sha256)| {
            let comparable = id == notice.id() || (id != UNKNOWN && notice.id() != UNKNOWN);
            comparable && notice.language_of(sha256).is_none()
        });
        let earlier = newest.map(|(_, sha256)| sha256.clone());
        let stale = earlier.is_some() && !self.has(&notice, &host);
        let objected = self.objections.get(&host).copied();
        Box::new(Asks { stale, objected, earlier: earlier.filter(|_| stale), ..Asks::first(notice, target) })
    }
}

/// Id of the warning about an operator whom nobody here knows.
const UNKNOWN: &str = "unknown-server";

/// Whether the link names a notice that is not the one known for its host.
fn promises_more(target: &Target, notice: &Notice) -> bool {
    notice.id() == UNKNOWN && target.embedded_notice().is_some()
}

/// Whether the recorded hash is that of a text as it reads today.
fn is_current(noted: &Noted) -> bool {
    if noted.notice_id == Notice::embedded_room().id() {
        return Notice::of_room(&noted.sha256).is_some();
    }
    let Ok(target) = Target::new(&noted.host, None) else { return false };
    let notice = Notice::for_target(&target);
    Lang::ALL.iter().any(|&lang| notice.sha256(lang) == noted.sha256)
}

#[cfg(test)]
mod tests;
