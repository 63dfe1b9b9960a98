//! Whether what was opened still leads where it should, read from the system's routing table.
//!
//! A socket stays bound to the address it was opened with. When a cable takes the place of Wi-Fi, a VPN comes up or a link
//! was down, nothing that is sent from there arrives, and TCP notices after half a minute only. Asking from which address the
//! other side is reached sends nothing and works on every system. Pure but for [`source`]. Start at [`Watch::look`].

use std::net::IpAddr;
use std::time::{Duration, Instant};

use runde_transport::driver::route;

use crate::wire::Way;

/// How often the table is read: two listeners' seconds hold four looks. One look costs three system calls.
pub(super) const LOOK_EVERY: Duration = Duration::from_millis(500);

/// After a change the other side has so long to show that it follows; a round trip around the world is shorter.
const FOLLOWS: Duration = Duration::from_millis(700);

/// What a look at one connection found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Turn {
    /// It leads there, as before.
    Stands,
    /// There is no way there at all now.
    Gone,
    /// The way begins at this address now: another, or the same after there was none.
    New(IpAddr),
}

/// One connection under watch.
#[derive(Debug, Default)]
pub(super) struct Watch {
    was_gone: bool,
}

impl Watch {
    /// `before` is where the connection begins, `found` where the system would begin one now.
    pub(super) fn look(&mut self, before: IpAddr, found: Option<IpAddr>) -> Turn {
        let Some(found) = found else {
            self.was_gone = true;
            return Turn::Gone;
        };
        let was_gone = std::mem::take(&mut self.was_gone);
        if was_gone || found != before { Turn::New(found) } else { Turn::Stands }
    }
}

/// Where a connection to there would begin now.
pub(super) fn source(way: &Way) -> Option<IpAddr> {
    route(way.peer).ok()
}

/// So long the focus has to bring new credentials. Between people it takes a tenth of that.
const BRINGS: Duration = Duration::from_secs(1);

/// And so long they have to find a way: a check every 100 ms, and a network that may still be settling.
const FINDS: Duration = Duration::from_secs(3);

/// What a doubt waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    /// The other side follows by itself.
    Follows,
    /// The focus brings new credentials.
    Brings,
    /// They find a way.
    Finds,
}

/// What is left to do when a doubt is over and the other side was not heard.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Remedy {
    /// New credentials in place, or else a new session.
    Renew,
    /// A new session.
    Restart,
    /// Nothing: the path may come back as it went, and consent (RFC 7675) ends it otherwise.
    Wait,
}

/// A media path after a change, or in a silence, until the other side was heard on it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Doubt {
    since: Instant,
    stage: Stage,
    /// When the stage began.
    began: Instant,
    /// Nothing changed on this side.
    silence: bool,
}

impl Doubt {
    /// The path was moved.
    pub(super) fn new(now: Instant) -> Self {
        Self { since: now, stage: Stage::Follows, began: now, silence: false }
    }

    /// The other side has not been heard for long; new credentials are asked for.
    pub(super) fn of_silence(now: Instant) -> Self {
        Self { since: now, stage: Stage::Brings, began: now, silence: true }
    }

    /// New credentials are asked for.
    pub(super) fn asked(self, now: Instant) -> Self {
        Self { stage: Stage::Brings, began: now, ..self }
    }

    /// New credentials are there.
    pub(super) fn renewed(self, now: Instant) -> Self {
        Self { stage: Stage::Finds, began: now, ..self }
    }

    /// The stage begins again.
    pub(super) fn longer(self, now: Instant) -> Self {
        Self { began: now, ..self }
    }

    pub(super) fn remedy(&self) -> Remedy {
        match self.stage {
            _ if self.silence => Remedy::Wait,
            Stage::Follows => Remedy::Renew,
            Stage::Brings | Stage::Finds => Remedy::Restart,
        }
    }

    /// Whether what was heard last came after the change.
    pub(super) fn is_settled(&self, heard: Option<Instant>) -> bool {
        heard.is_some_and(|heard| heard > self.since)
    }

    /// When it is certain that what it waits for does not come.
    pub(super) fn ends(&self) -> Instant {
        let limit = match self.stage {
            Stage::Follows => FOLLOWS,
            Stage::Brings => BRINGS,
            Stage::Finds => FINDS,
        };
        self.began + limit
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ip(last: u8) -> IpAddr {
        IpAddr::from([192, 0, 2, last])
    }

    #[test]
    fn a_way_that_begins_elsewhere_is_new_and_one_that_was_gone_is_new_once() {
        let mut watch = Watch::default();
        assert_eq!(watch.look(ip(1), Some(ip(1))), Turn::Stands);
        assert_eq!(watch.look(ip(1), Some(ip(2))), Turn::New(ip(2)));
        assert_eq!(watch.look(ip(2), None), Turn::Gone);
        assert_eq!(watch.look(ip(2), None), Turn::Gone);
        assert_eq!(watch.look(ip(2), Some(ip(2))), Turn::New(ip(2)), "what stood open has waited too long");
        assert_eq!(watch.look(ip(2), Some(ip(2))), Turn::Stands);
    }

    #[test]
    fn only_what_is_heard_after_the_change_settles_the_doubt() {
        let now = Instant::now();
        let doubt = Doubt::new(now);
        assert!(!doubt.is_settled(None) && !doubt.is_settled(Some(now)));
        assert!(doubt.is_settled(Some(now + Duration::from_millis(1))));
        assert_eq!(doubt.ends(), now + FOLLOWS);
    }

    #[test]
    fn new_credentials_come_before_a_new_session_and_each_step_has_its_time() {
        let now = Instant::now();
        let doubt = Doubt::new(now);
        assert_eq!(doubt.remedy(), Remedy::Renew);
        let asked = doubt.asked(now + FOLLOWS);
        assert_eq!((asked.ends(), asked.remedy()), (now + FOLLOWS + BRINGS, Remedy::Restart));
        let renewed = asked.renewed(now + FOLLOWS);
        assert_eq!((renewed.ends(), renewed.remedy()), (now + FOLLOWS + FINDS, Remedy::Restart));
        assert!(renewed.is_settled(Some(now + Duration::from_millis(1))), "a late sign of life is one");
        assert_eq!(Doubt::of_silence(now).renewed(now).remedy(), Remedy::Wait);
    }
}
