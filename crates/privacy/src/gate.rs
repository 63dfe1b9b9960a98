//! The gate: recorded acknowledgements in, permits out.
//!
//! Rules, in full:
//! - **Contact** with a host needs the current text of that host's notice noted, in any language and
//!   for that host. A room on a loopback address is one's own machine, and so is one that this program
//!   serves itself: there the acknowledgement given for opening rooms counts too.
//! - **Local devices** need the section "local functions" noted. Every notice ends with it, so any
//!   current acknowledgement opens them.
//! - **Host** (opening rooms) needs the embedded-room notice noted, since it tells what hosting means.
//!
//! A permit cannot be made outside this crate, and the gate reads only a [`Ledger`], whose records
//! count from the moment their line is on disk ([`crate::Pending::confirm`]). A text that changed has
//! another hash, so it asks again by itself.

use std::collections::BTreeSet;

use crate::acknowledgement::Acknowledgement;
use crate::lang::Lang;
use crate::ledger::Ledger;
use crate::notice::{Notice, NoticeKind};
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

/// May open rooms for others.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Host(());

impl Permit<Contact> {
    /// The host that may be reached; no other may.
    #[must_use]
    pub fn host(&self) -> &str {
        &self.kind.host
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
}

/// What has been noted, as far as it is on disk.
#[derive(Debug, Clone, Default)]
pub struct Gate {
    noted: BTreeSet<Noted>,
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
        let noted = |ack: &Acknowledgement| Noted {
            notice_id: ack.notice_id.clone(),
            host: ack.host.clone(),
            sha256: ack.notice_sha256.clone(),
        };
        Self { noted: ledger.records().map(noted).collect() }
    }

    /// # Errors
    /// The notice to show first.
    pub fn contact(&self, target: &Target) -> Result<Permit<Contact>, Box<Asks>> {
        let notice = Notice::for_target(target);
        let own_machine = *notice.kind() == NoticeKind::EmbeddedRoom && target.is_loopback();
        let open =
            self.has(&notice, &notice.record_host(target)) || (own_machine && self.has(&notice, Target::OWN_ROOM));
        if !open {
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
        Ok(Permit { kind: Host(()) })
    }

    fn has(&self, notice: &Notice, host: &str) -> bool {
        self.noted.iter().any(|noted| {
            noted.host == host && noted.notice_id == notice.id() && notice.language_of(&noted.sha256).is_some()
        })
    }

    fn asks(&self, notice: Notice, target: Target) -> Box<Asks> {
        let host = notice.record_host(&target);
        let stale = self.noted.iter().any(|noted| noted.host == host && noted.notice_id == notice.id());
        Box::new(Asks { notice, target, stale })
    }
}

/// Whether the recorded hash is that of a text as it reads today.
fn is_current(noted: &Noted) -> bool {
    let Ok(target) = Target::new(&noted.host, None) else { return false };
    let notice = match noted.notice_id.as_str() {
        "embedded-room" => Notice::embedded_room(),
        _ => Notice::for_target(&target),
    };
    Lang::ALL.iter().any(|&lang| notice.sha256(lang) == noted.sha256)
}

#[cfg(test)]
mod tests;
