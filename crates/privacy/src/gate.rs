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
//! - **Host** (opening rooms) needs the embedded-room notice noted, since it tells what hosting means. Whoever also
//!   keeps an access log needs the text noted that its guests will read, with the same retention.
//!
//! A permit cannot be made outside this crate, and the gate reads only a [`Ledger`], whose records
//! count from the moment their line is on disk ([`crate::Pending::confirm`]). A text that changed has
//! another hash, so it asks again by itself.

use std::collections::{BTreeMap, BTreeSet};

use crate::access_log::Retention;
use crate::acknowledgement::{Acknowledgement, Standing};
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
}

/// May open microphones, cameras and speakers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LocalDevices(());

/// May open rooms for others, and keep an access log of them if one was noted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Host(Option<Retention>);

impl Permit<Contact> {
    /// The host that may be reached; no other may.
    #[must_use]
    pub fn host(&self) -> &str {
        &self.kind.host
    }
}

impl Permit<Host> {
    /// How long an access log may be kept; none means that there may be no log.
    #[must_use]
    pub const fn access_log(&self) -> Option<Retention> {
        self.kind.0
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
}

/// What has been noted, as far as it is on disk.
#[derive(Debug, Clone, Default)]
pub struct Gate {
    noted: BTreeSet<Noted>,
    /// Host and time of each objection that is in force.
    objections: BTreeMap<String, Moment>,
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

    fn take(&mut self, ack: &Acknowledgement) {
        match ack.status {
            Standing::Informed => {
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
        let notice = Notice::for_target(target);
        let own_machine = *notice.kind() == NoticeKind::EmbeddedRoom && target.is_loopback();
        let open =
            self.has(&notice, &notice.record_host(target)) || (own_machine && self.has(&notice, Target::OWN_ROOM));
        if !open || self.objection(target).is_some() {
            return Err(self.asks(notice, target.clone()));
        }
        Ok(Permit { kind: Contact { host: target.host().to_owned() } })
    }

    /// For a room that this very program serves, at whatever address of this computer: whoever noted what hosting means need not
    /// note the same text again for their own room. `_host` is the proof that they may serve; that `target` is served here is the
    /// caller's word.
    ///
    /// # Errors
    /// The notice to show first, as with [`Gate::contact`].
    pub fn contact_served_here(&self, target: &Target, _host: &Permit<Host>) -> Result<Permit<Contact>, Box<Asks>> {
        let notice = Notice::for_target(target);
        if *notice.kind() == NoticeKind::EmbeddedRoom && self.host().is_ok() {
            return Ok(Permit { kind: Contact { host: target.host().to_owned() } });
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
        Ok(Permit { kind: Host(None) })
    }

    /// # Errors
    /// The notice to show first: the one about rooms whose access log is kept for `retention`.
    pub fn host_with_log(&self, retention: Retention) -> Result<Permit<Host>, Box<Asks>> {
        let notice = Notice::embedded_room_with_log(retention);
        let same = |noted: &Noted| noted.notice_id == notice.id() && notice.language_of(&noted.sha256).is_some();
        if !self.noted.iter().any(same) {
            return Err(self.asks(notice, Target::own_room_with_log(retention)));
        }
        Ok(Permit { kind: Host(Some(retention)) })
    }

    fn has(&self, notice: &Notice, host: &str) -> bool {
        self.noted.iter().any(|noted| {
            noted.host == host && noted.notice_id == notice.id() && notice.language_of(&noted.sha256).is_some()
        })
    }

    fn asks(&self, notice: Notice, target: Target) -> Box<Asks> {
        let host = notice.record_host(&target);
        let earlier = self.noted.iter().any(|noted| noted.host == host && noted.notice_id == notice.id());
        let stale = earlier && !self.has(&notice, &host);
        let objected = self.objections.get(&host).copied();
        Box::new(Asks { notice, target, stale, objected })
    }
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
