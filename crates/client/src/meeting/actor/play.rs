//! What media brings: packets from others, units for others, key frames both ways, levels and figures.

use std::io;
use std::time::{Duration, Instant};

use runde_media::send::Unit;
use runde_rtp::Ssrc;
use runde_signalling::bridge::MappedSource;
use runde_transport::{CloseReason, Event};

use super::super::{Levels, Pictures, names};
use super::Actor;
use crate::event::{MediaKind, MeetingEvent, Stats};
use crate::state::Fact;

/// A bridge that says goodbye has a reason, which the room tells by another way: we were removed, the meeting is over, here is
/// another session. Only when nothing of that comes is there something to repair.
const EXPLAINS: Duration = Duration::from_millis(300);

/// Louder than this, in dB below overload, is talking.
const TALKS: u8 = 45;

impl Actor {
    pub(super) fn media_said(&mut self, event: io::Result<Event>) {
        match event {
            Ok(Event::Rtp(packet, arrival)) => self.received(packet, arrival),
            Ok(Event::KeyFrameRequested { ssrc }) if ssrc == self.uplink.screen.ssrc => {
                self.screen.sight.force_all_key_frames()
            }
            Ok(Event::KeyFrameRequested { ssrc }) => {
                self.uplink.to_refresh(ssrc).for_each(|layer| self.sending.camera.force_key_frame(layer));
            }
            Ok(Event::Bandwidth { bps }) => {
                self.meter.bandwidth(bps);
                self.share_bandwidth();
            }
            Ok(Event::RoundTrip(rtt)) => self.meter.round_trip(rtt),
            Ok(Event::Connected { .. }) => self.connected(),
            Ok(Event::Closed(reason)) => self.media_closed(reason),
            Ok(Event::Channel(event)) => self.channel_said(event),
            Ok(Event::Unannounced { ssrc, stream, payload_type }) => self.bind_by_mid(ssrc, stream, payload_type),
            Ok(Event::Nacked { .. } | Event::PathChanged) => {}
            Err(error) => {
                tracing::warn!(%error, "the media socket is gone");
                self.restart(Instant::now());
            }
        }
    }

    /// A stream came back under another SSRC, or its repairs did: taken as if the bridge had said so.
    fn bind_by_mid(&mut self, ssrc: Ssrc, stream: Ssrc, payload_type: u8) {
        if self.hears_directly() {
            return;
        }
        let (Some(session), Some(kind)) = (&self.session, self.downlink.kind(stream)) else { return };
        let Some((source, owner)) = self.downlink.source_of(stream) else { return };
        let Some((ssrc, rtx)) = session.bound(kind, ssrc, stream, payload_type) else { return };
        let mid = session.mid_of(stream).map(str::to_owned);
        let bound = MappedSource { source, owner, ssrc, rtx, video_type: None, mid };
        self.mapped(kind, vec![bound]);
    }

    fn connected(&mut self) {
        if let Some(session) = &mut self.session {
            session.connected = true;
        }
        // Whoever watched before the path stood has seen nothing yet.
        self.sending.camera.force_all_key_frames();
        self.screen.sight.force_all_key_frames();
        self.faces.learn(Fact::MediaConnected);
    }

    fn media_closed(&mut self, reason: CloseReason) {
        tracing::info!(?reason, "the media path closed");
        let now = Instant::now();
        if reason == CloseReason::ByPeer {
            self.end_session();
            self.farewell = Some(now + EXPLAINS);
        } else {
            self.restart(now);
        }
    }

    /// The other side said goodbye, and nobody has said why.
    pub(super) fn miss_explanation(&mut self, now: Instant) {
        if self.farewell.is_some_and(|until| until <= now) {
            self.restart(now);
        }
    }

    fn received(&mut self, packet: runde_rtp::Packet, arrival: Instant) {
        // What the bridge still had of them.
        if self.hears_directly() {
            return;
        }
        let Some(session) = &mut self.session else { return };
        let Some(kind) = self.downlink.kind(packet.ssrc) else { return };
        if !session.speaks(kind, packet.payload_type) {
            return;
        }
        self.downlink.packet(packet, arrival);
    }

    pub(super) fn send(&mut self, kind: MediaKind, unit: Unit) {
        if let Some(direct) = self.standing() {
            if let Some(packet) = direct.uplink.packet(kind, unit) {
                direct.session.send(packet);
            }
            return;
        }
        let Some(packet) = self.uplink.packet(kind, unit) else { return };
        if let Some(session) = &mut self.session {
            session.send(packet);
        }
    }

    /// Ten times a second: who is how loud.
    pub(super) fn tell_levels(&mut self) {
        let levels = Levels { me: self.sending.level(), people: self.downlink.levels() };
        self.notice_talker(&levels);
        self.faces.levels.send_replace(levels);
    }

    /// A bridge that hears nobody cannot say who talks.
    fn notice_talker(&self, levels: &Levels) {
        let Some(direct) = self.direct.as_ref().filter(|direct| direct.heard) else { return };
        if levels.people.get(&direct.peer).is_some_and(|level| *level < TALKS) {
            self.faces.learn(Fact::Dominant { endpoint: direct.peer.clone() });
        }
    }

    /// A picture cannot be decoded without a key frame.
    pub(super) fn want_key_frame(&mut self, ssrc: Ssrc) {
        let session = match &mut self.direct {
            Some(direct) if direct.heard => Some(&mut direct.session),
            Some(_) | None => self.session.as_mut(),
        };
        if let Some(session) = session {
            session.driver.endpoint().request_key_frame(Instant::now(), ssrc);
        }
    }

    /// How much of the own sound is lost decides how much of it is sent twice. Reports on silence say nothing.
    fn weigh_losses(&mut self) {
        let direct = self.direct.as_mut().filter(|direct| direct.stands());
        let way = match direct {
            Some(direct) => Some((&mut direct.session, direct.uplink.audio.ssrc)),
            None => self.session.as_mut().map(|session| (session, self.uplink.audio.ssrc)),
        };
        let Some((session, ssrc)) = way.filter(|_| self.options.microphone) else { return };
        let report = session.driver.endpoint().take_loss(ssrc);
        if let Some(percent) = report.and_then(|of_256| self.losses.report(of_256)) {
            self.sending.set_loss(percent);
        }
    }

    pub(super) fn tell_stats(&mut self) {
        self.weigh_losses();
        if self.endpoint.is_empty() {
            return;
        }
        let mut uplink = self.uplink.clone();
        let standing = self.direct.as_ref().filter(|direct| direct.stands());
        if let Some(direct) = standing {
            uplink.add_counts(&direct.uplink);
        }
        let (rtt, bandwidth_bps) = standing.map_or(&self.meter, |direct| &direct.meter).read();
        let direct = standing.is_some();
        let mut sources = self.sending.stats(&self.endpoint, &uplink);
        sources.extend(self.screen.stats(&self.endpoint, &uplink.screen));
        sources.extend(self.downlink.stats(self.faces.began));
        self.faces.tell(MeetingEvent::Stats(Stats { rtt, bandwidth_bps, direct, sources }));
    }

    /// Tells the faces where the newest pictures are.
    pub(super) fn share_pictures(&self) {
        let mut pictures: Pictures = self.downlink.pictures();
        if !self.endpoint.is_empty() {
            pictures.insert(names::camera(&self.endpoint), self.sending.camera.self_view());
            pictures.insert(names::screen(&self.endpoint), self.screen.sight.self_view());
        }
        self.faces.pictures.send_replace(pictures);
    }
}
