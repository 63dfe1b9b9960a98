//! The direct connection to the one other person, beside the session with the bridge: whether it stands, whether the other's media
//! comes on it, and how long it may take or be silent.
//!
//! Pure but for the session inside. Sending changes over when it stands; hearing changes over with the first packet that comes on it,
//! since the other side may still send by the bridge until then. Start at [`Direct::new`].

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::{Duration, Instant};

use runde_signalling::jingle::{Candidate, Senders, VideoWish};

use super::constraints::{Constraints, lines_to_send};
use super::session::Session;
use super::stats::Meter;
use super::uplink::Uplink;
use crate::contacts::Other;

/// So long a way is looked for. Nobody notices: the bridge carries everything meanwhile.
const FOUND_WITHIN: Duration = Duration::from_secs(20);

/// A way on which nothing came for so long is lost. The other side answers our checks every two seconds; for waiting longer somebody
/// would be without sound.
const SILENCE: Duration = Duration::from_secs(4);

/// Wanted without a limit.
const UNLIMITED: u32 = 2_160;

/// One direct connection, from the offer on.
pub(super) struct Direct {
    pub(super) session: Session,
    pub(super) uplink: Uplink,
    pub(super) meter: Meter,
    /// Who counts at its socket.
    pub(super) other: Arc<Other>,
    /// Endpoint id of the other person.
    pub(super) peer: String,
    /// The other half is known.
    pub(super) agreed: bool,
    /// Addresses of theirs that came before their half.
    pub(super) early: Vec<Candidate>,
    /// The other's sound and pictures come on it.
    pub(super) heard: bool,
    /// The screen's streams were announced.
    pub(super) screen: bool,
    /// Lines of our camera and screen that the other wants.
    pub(super) wanted: (u32, u32),
    /// What was asked for last.
    pub(super) wish: Option<VideoWish>,
    /// The address in use, and where the way to it began.
    way: Option<(SocketAddr, Option<IpAddr>)>,
    began: Instant,
}

impl Direct {
    pub(super) fn new(now: Instant, peer: String, session: Session, uplink: Uplink, other: Arc<Other>) -> Self {
        let (agreed, heard, screen) = (false, false, false);
        let (early, wanted, wish, meter) = (Vec::new(), (u32::MAX, u32::MAX), None, Meter::default());
        Self { session, uplink, meter, other, peer, agreed, early, heard, screen, wanted, wish, way: None, began: now }
    }

    /// Sound and picture may be sent on it.
    pub(super) const fn stands(&self) -> bool {
        self.session.connected
    }

    /// Whether the way to the other's address begins elsewhere than it did. Where that is says nothing: of the addresses that answer
    /// some are reached by a detour within this computer.
    pub(super) fn has_moved(&mut self, peer: SocketAddr, begins: Option<IpAddr>) -> bool {
        match self.way {
            Some((before, began)) if before == peer => began != begins,
            Some(_) | None => {
                self.way = Some((peer, begins));
                false
            }
        }
    }

    /// Whether it has to be given up: no way was found in time, or the one found carries nothing.
    pub(super) fn is_lost(&mut self, now: Instant) -> bool {
        if !self.stands() {
            return now.saturating_duration_since(self.began) >= FOUND_WITHIN;
        }
        let heard = self.session.driver.endpoint().heard();
        heard.is_some_and(|heard| now.saturating_duration_since(heard) >= SILENCE)
    }
}

/// What the bridge is asked for, in the words of a direct connection to somebody with these pictures.
pub(super) fn wish(constraints: &Constraints, pictures: impl Iterator<Item = String>) -> VideoWish {
    let lines = |name: &String| {
        let height = constraints.heights.get(name).copied().unwrap_or(constraints.default_height);
        lines_to_send(height).min(UNLIMITED)
    };
    let heights = pictures.map(|name| (name.clone(), lines(&name))).collect();
    VideoWish { senders: Senders::Both, heights }
}

/// The most lines of our picture `name` that the other wants to see.
pub(super) fn lines_wanted(pictures: bool, wish: &VideoWish, name: &str) -> u32 {
    if pictures { wish.heights.get(name).copied().unwrap_or(u32::MAX) } else { 0 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_tiles_ask_of_a_bridge_is_asked_of_the_other_person() {
        let constraints =
            Constraints { on_stage: Vec::new(), default_height: 0, heights: [("b-v0".to_owned(), -1)].into() };
        let asked = wish(&constraints, ["b-v0".to_owned(), "b-v1".to_owned()].into_iter());
        assert_eq!((asked.heights["b-v0"], asked.heights["b-v1"]), (UNLIMITED, 0));
        assert_eq!(asked.senders, Senders::Both);
    }

    #[test]
    fn no_pictures_at_all_goes_before_any_height_and_what_is_not_named_is_not_limited() {
        let asked = VideoWish { senders: Senders::Both, heights: [("a-v0".to_owned(), 180)].into() };
        assert_eq!(lines_wanted(true, &asked, "a-v0"), 180);
        assert_eq!(lines_wanted(false, &asked, "a-v0"), 0);
        assert_eq!(lines_wanted(true, &asked, "a-v1"), u32::MAX);
    }
}
