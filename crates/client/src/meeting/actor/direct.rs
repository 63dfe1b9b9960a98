//! The direct connection of two: made, used, given up. The session with the bridge stays beside it all the time, and its channel is
//! used as ever; only sound and pictures change over.

use std::io;
use std::time::Instant;

use runde_signalling::guest::{self, DirectNews, DirectOrder, Ending};
use runde_signalling::jingle::{Kind, Offer, Sources};
use runde_transport::Event;

use super::super::direct::{Direct, lines_wanted, wish};
use super::super::session::{Half, Session};
use super::super::uplink::Uplink;
use super::super::ways::source;
use super::super::{names, screen};
use super::Actor;
use crate::state::Fact;
use crate::wire::Way;

impl Actor {
    pub(super) fn direct_news(&mut self, now: Instant, news: DirectNews) {
        match news {
            DirectNews::Wanted => self.begin_direct(now, None),
            DirectNews::Offered(offer) => self.begin_direct(now, Some(&offer)),
            DirectNews::Accepted(answer) => self.taken_directly(now, &answer),
            DirectNews::Candidates(named) => {
                let Some(direct) = &mut self.direct else { return };
                if !direct.agreed {
                    return direct.early.extend(named);
                }
                named.iter().for_each(|candidate| direct.session.try_address(now, candidate));
            }
            DirectNews::SourcesAdded(sources) => self.announced_directly(&sources),
            DirectNews::SourcesRemoved(sources) => {
                for ssrc in sources.iter().map(|source| source.ssrc) {
                    let Some(direct) = &mut self.direct else { return };
                    direct.session.withdraw(ssrc);
                    if direct.heard {
                        self.downlink.remove(ssrc);
                    }
                }
                self.share_pictures();
            }
            DirectNews::Wish { pictures, wish } => {
                let lines = |name: String| lines_wanted(pictures, &wish, &name);
                let (camera, screen) = (lines(names::camera(&self.endpoint)), lines(names::screen(&self.endpoint)));
                self.sending.camera.set_direct_height(camera);
                if let Some(direct) = &mut self.direct {
                    direct.wanted = (camera, screen);
                }
            }
            DirectNews::Over { reason } => {
                tracing::info!(reason, "the direct connection is over");
                self.drop_direct();
            }
        }
    }

    /// Our half of an offer, or of the answer to one.
    fn begin_direct(&mut self, now: Instant, offer: Option<&Offer>) {
        self.drop_direct();
        let mut uplink = Uplink::new(1, &mut self.rng);
        // Where the way to the server begins, others reach us if anywhere.
        let half = match self.way {
            Some(way) => self.direct_half(now, way, offer, &mut uplink),
            None => None,
        };
        let peer = self.faces.state.borrow().people.first().map(|person| person.endpoint.clone());
        let (Some(half), Some(peer)) = (half, peer) else {
            return self.tell_guest(guest::Command::Direct(DirectOrder::End(Ending::Unable)));
        };
        let Half { session, order, address, other } = half;
        self.direct = Some(Direct::new(now, peer, session, uplink, other));
        self.tell_guest(guest::Command::Direct(order));
        self.tell_guest(guest::Command::Direct(address));
        if let Some(offer) = offer {
            self.agreed_directly(now, offer);
        }
    }

    fn direct_half(&mut self, now: Instant, way: Way, offer: Option<&Offer>, uplink: &mut Uplink) -> Option<Half> {
        let from = (way.local.to_canonical(), &self.place.errand);
        let half = match offer {
            Some(offer) => Session::answer_directly(now, &self.identity, offer, &self.endpoint, uplink, from),
            None => Session::offer_directly(now, &self.identity, &self.endpoint, uplink, from),
        };
        half.inspect_err(|error| tracing::warn!(%error, "no direct connection")).ok()
    }

    fn taken_directly(&mut self, now: Instant, answer: &Offer) {
        let Some(direct) = &mut self.direct else { return };
        if let Err(error) = direct.session.taken(now, answer) {
            tracing::warn!(%error, "the answer cannot be used");
            return self.lose_direct(Ending::Unable);
        }
        self.agreed_directly(now, answer);
    }

    /// Both halves are known: a way is looked for.
    fn agreed_directly(&mut self, now: Instant, theirs: &Offer) {
        let Some(direct) = &mut self.direct else { return };
        direct.agreed = true;
        let named = theirs.transport().map(|transport| transport.candidates.clone()).unwrap_or_default();
        for candidate in std::mem::take(&mut direct.early).iter().chain(&named) {
            direct.session.try_address(now, candidate);
        }
        self.announced_directly(&theirs.sources);
        self.announce_screen_directly();
    }

    fn announced_directly(&mut self, sources: &Sources) {
        let Some(direct) = &mut self.direct else { return };
        for announced in direct.session.announce(sources) {
            if direct.heard
                && let Err(error) = self.downlink.add(announced)
            {
                tracing::warn!(%error, "a source cannot be received");
            }
        }
        self.tell_direct_wishes();
        self.share_pictures();
    }

    /// Says how large the other's pictures are shown, when that is something new.
    pub(super) fn tell_direct_wishes(&mut self) {
        let Some(direct) = self.direct.as_mut().filter(|direct| direct.agreed) else { return };
        let heard = direct.session.heard();
        let pictures = heard.into_iter().filter(|one| one.source.kind == Kind::Video).map(|one| one.source.name);
        let wanted = wish(&self.wishes.constraints(), pictures);
        if direct.wish.as_ref() != Some(&wanted) {
            direct.wish = Some(wanted.clone());
            self.tell_guest(guest::Command::Direct(DirectOrder::Want(wanted)));
        }
    }

    /// Tells the other person of the screen's streams, once a connection.
    pub(super) fn announce_screen_directly(&mut self) {
        let Some(direct) = self.direct.as_mut().filter(|direct| direct.agreed && !direct.screen) else { return };
        if !self.options.share {
            return;
        }
        let stream = direct.uplink.screen.clone();
        if direct.session.declare_screen(&stream) {
            direct.screen = true;
            let (sources, groups) = screen::sources(&self.endpoint, &stream);
            self.tell_guest(guest::Command::Direct(DirectOrder::Add { sources, groups }));
        }
    }

    pub(super) fn direct_said(&mut self, event: io::Result<Event>) {
        let Some(direct) = &mut self.direct else { return };
        match event {
            Ok(Event::Rtp(packet, arrival)) => {
                if !direct.heard {
                    self.hear_directly();
                }
                let (Some(direct), Some(kind)) = (&self.direct, self.downlink.kind(packet.ssrc)) else { return };
                if direct.session.speaks(kind, packet.payload_type) {
                    self.downlink.packet(packet, arrival);
                }
            }
            Ok(Event::KeyFrameRequested { ssrc }) if ssrc == direct.uplink.screen.ssrc => {
                self.screen.sight.force_all_key_frames();
            }
            Ok(Event::KeyFrameRequested { .. }) => self.sending.camera.force_key_frame(0),
            Ok(Event::Bandwidth { bps }) => {
                direct.meter.bandwidth(bps);
                self.share_bandwidth();
            }
            Ok(Event::RoundTrip(rtt)) => direct.meter.round_trip(rtt),
            Ok(Event::Connected { .. }) => self.go_direct(),
            Ok(Event::PathChanged) => {
                if let Some(path) = direct.session.driver.endpoint().path() {
                    direct.other.choose(path);
                }
            }
            Ok(Event::Closed(reason)) => {
                tracing::info!(?reason, "the direct connection closed");
                self.lose_direct(Ending::Lost);
            }
            Ok(Event::Channel(_) | Event::Unannounced { .. } | Event::Nacked { .. }) => {}
            Err(error) => {
                tracing::warn!(%error, "the socket of the direct connection is gone");
                self.lose_direct(Ending::Lost);
            }
        }
    }

    /// It stands: own sound and pictures go there, and no longer to the bridge.
    fn go_direct(&mut self) {
        let Some(direct) = &mut self.direct else { return };
        direct.session.connected = true;
        if let Some(path) = direct.session.driver.endpoint().path() {
            direct.other.choose(path);
        }
        let (peer, (camera, _)) = (direct.peer.clone(), direct.wanted);
        if let Err(error) = self.sending.camera.go_direct(&mut self.rng) {
            tracing::warn!(%error, "no encoder for the direct connection");
            return self.lose_direct(Ending::Unable);
        }
        self.sending.camera.set_direct_height(camera);
        self.carry();
        self.screen.sight.force_all_key_frames();
        self.share_bandwidth();
        self.faces.learn(Fact::Direct(Some(peer)));
    }

    /// The other's sound and pictures come directly from now on; what the bridge announced is forgotten for so long.
    fn hear_directly(&mut self) {
        let Some(direct) = &mut self.direct else { return };
        direct.heard = true;
        let theirs = direct.session.heard();
        self.hear_instead(theirs);
    }

    fn hear_instead(&mut self, theirs: Vec<super::super::session::Announced>) {
        self.downlink.clear();
        for announced in theirs {
            if let Err(error) = self.downlink.add(announced) {
                tracing::warn!(%error, "a source cannot be received");
            }
        }
        if let Some(tiles) = self.wishes.tiles() {
            self.downlink.set_tiles(tiles);
        }
        self.share_pictures();
    }

    /// Whether what is heard and seen comes directly.
    pub(super) fn hears_directly(&self) -> bool {
        self.direct.as_ref().is_some_and(|direct| direct.heard)
    }

    /// The direct connection, where own media goes by it.
    pub(super) fn standing(&mut self) -> Option<&mut Direct> {
        self.direct.as_mut().filter(|direct| direct.stands())
    }

    /// Over for us; the other person is told.
    pub(super) fn lose_direct(&mut self, ending: Ending) {
        self.tell_guest(guest::Command::Direct(DirectOrder::End(ending)));
        self.drop_direct();
    }

    /// Over: back to the bridge, whose session was there all the time.
    pub(super) fn drop_direct(&mut self) {
        let Some(mut direct) = self.direct.take() else { return };
        direct.session.driver.endpoint().close(Instant::now());
        self.carry();
        self.uplink.add_counts(&direct.uplink);
        if let Err(error) = self.sending.camera.leave_direct() {
            tracing::warn!(%error, "the camera cannot be sent");
        }
        if direct.heard {
            let theirs = self.session.as_ref().map(Session::heard).unwrap_or_default();
            self.hear_instead(theirs);
        }
        if direct.stands() {
            self.screen.sight.force_all_key_frames();
            self.share_bandwidth();
        }
        self.faces.learn(Fact::Direct(None));
    }

    /// Twice a second: whether it has to be given up, because there is no way, or because the network is another one.
    pub(super) fn look_at_direct(&mut self, now: Instant) {
        let Some(direct) = &mut self.direct else { return };
        let local = direct.session.driver.local_addr().ip();
        let path = direct.session.driver.endpoint().path();
        let moved = path.is_some_and(|peer| direct.has_moved(peer, source(&Way { local, peer })));
        if moved || direct.is_lost(now) {
            tracing::info!(moved, "no direct way; the bridge carries on");
            self.lose_direct(Ending::Lost);
        }
    }

    /// A person allows it, or no longer.
    pub(super) fn set_direct(&mut self, on: bool) {
        self.options.direct = on;
        self.heed_direct();
        let allowed = self.options.allows_direct();
        self.tell_guest(guest::Command::Direct(DirectOrder::Allow(allowed)));
    }

    /// A deployment that wants direct connections is not refused where the person wants them, too.
    pub(super) fn heed_direct(&self) {
        if self.options.allows_direct() {
            self.place.errand.contacts().heed(crate::contacts::IgnoredKind::PeerToPeer);
        }
    }
}

/// Ends where there is nothing to come.
pub(super) async fn direct_event(direct: &mut Option<Direct>) -> io::Result<Event> {
    match direct {
        Some(direct) => direct.session.driver.next().await,
        None => std::future::pending().await,
    }
}
