//! What the room says: the guest core's events, and the bridge channel's messages.

use std::time::Instant;

use runde_signalling::bridge::FromBridge;
use runde_signalling::guest::{self, End, Event, Member, Muted};
use runde_signalling::jingle::{Offer, Sources};

use super::super::bridge::{self, News};
use super::super::constraints::lines_to_send;
use super::super::names;
use super::super::session::Session;
use super::ask::unix_ms;
use super::{Actor, Over};
use crate::event::{LeftReason, MediaKind};
use crate::state::{Fact, Presence, Source};

/// How the guest core calls the end of a session that this guest asked for ([`guest::Command::Restart`]).
const OWN_RESTART: &str = "restart";

impl Actor {
    pub(super) fn guest_said(&mut self, event: Event) {
        match event {
            Event::Joined { endpoint_id, .. } => self.joined(endpoint_id),
            Event::MemberJoined(member) | Event::MemberChanged(member) => {
                self.faces.learn(Fact::Present(presence(member)));
            }
            Event::MemberLeft { endpoint } => {
                let theirs = self.downlink.remove_owner(&endpoint);
                self.withdrawn(&theirs);
                self.faces.learn(Fact::Gone { endpoint });
                self.may_be_alone();
            }
            Event::Offer(offer) => self.offered(Instant::now(), &offer),
            Event::SourcesAdded(sources) => self.announced(&sources),
            Event::SourcesRemoved(sources) => {
                self.withdrawn(&sources.iter().map(|source| source.ssrc).collect::<Vec<_>>());
            }
            Event::Terminated { reason } if reason == OWN_RESTART => {}
            Event::Terminated { .. } => self.media_gone(),
            Event::Chat(line) => self.faces.learn(chat_fact(line)),
            Event::MutedByModerator { what, .. } => self.muted(what),
            Event::Ignored { what } => tracing::debug!(?what, "the room said something odd"),
            Event::Waiting(why) => self.waiting(why),
            Event::AskConference { json } => self.ask_conference(json),
            Event::Dial { previd } => self.redial(&previd),
            Event::Resumed => self.resumed(),
            Event::Failed(failure) => self.over = Some(self.refused(failure)),
            // What is known already says more than the echo of the end.
            Event::Ended(end) => self.over = self.over.take().or_else(|| Some(after(&end))),
            Event::Role { .. } | Event::Relays(_) | Event::Accepted | Event::Subject(_) => {}
        }
    }

    fn joined(&mut self, endpoint: String) {
        self.was_in = true;
        self.remember_address();
        self.endpoint.clone_from(&endpoint);
        self.faces.learn(Fact::Joined { endpoint });
        self.publish_sources();
        // After a rejoin the room has forgotten it.
        if self.faces.state.borrow().me.hand {
            self.tell_guest(guest::Command::RaiseHand(Some(unix_ms())));
        }
        self.share_pictures();
    }

    pub(super) fn offered(&mut self, now: Instant, offer: &Offer) {
        self.end_session();
        let opened = Session::open(now, &self.identity, offer, &self.endpoint, &mut self.uplink);
        let (session, answer) = match opened {
            Ok(opened) => opened,
            Err(error) => {
                tracing::warn!(%error, "the offer cannot be answered");
                return self.restart(now);
            }
        };
        self.restarts.cancel();
        self.session = Some(session);
        self.open_bridge();
        self.announced(&offer.sources);
        self.tell_guest(answer);
    }

    fn announced(&mut self, sources: &Sources) {
        let Some(session) = &mut self.session else { return };
        for announced in session.announce(sources) {
            if let Err(error) = self.downlink.add(announced) {
                tracing::warn!(%error, "a source cannot be received");
            }
        }
        self.share_pictures();
    }

    fn withdrawn(&mut self, ssrcs: &[u32]) {
        for ssrc in ssrcs {
            self.downlink.remove(*ssrc);
            if let Some(session) = &mut self.session {
                session.withdraw(*ssrc);
            }
        }
        self.share_pictures();
    }

    /// The focus ended the session, the meeting goes on; it makes a new one as soon as there is a reason.
    fn media_gone(&mut self) {
        self.end_session();
        self.restarts.cancel();
        self.faces.learn(Fact::MediaGone);
    }

    /// Alone there is no session, so a repair would never come to its end.
    fn may_be_alone(&mut self) {
        if self.session.is_none() && self.faces.state.borrow().people.is_empty() {
            self.media_gone();
        }
    }

    /// The session failed on this side: asks the focus for a fresh one, now or when it may be asked again.
    pub(super) fn restart(&mut self, now: Instant) {
        self.end_session();
        let attempt = self.restarts.failed(now);
        self.faces.learn(Fact::Repairing { attempt });
        self.repair(now);
    }

    /// Asks for the session that is due.
    pub(super) fn repair(&mut self, now: Instant) {
        if self.restarts.take(now) {
            self.tell_guest(guest::Command::Restart);
        }
    }

    fn muted(&mut self, what: Muted) {
        let kind = match what {
            Muted::Audio => MediaKind::Audio,
            Muted::Video | Muted::Desktop => MediaKind::Video,
        };
        self.faces.learn(Fact::MutedByModerator { kind });
        match kind {
            MediaKind::Audio => self.set_microphone(false),
            MediaKind::Video => self.set_camera(false),
        }
    }

    /// On the way back in, a silent server is worth another attempt.
    fn refused(&self, failure: guest::Failure) -> Over {
        self.refusal_hints(&failure);
        if self.was_in && matches!(failure, guest::Failure::Silent(_) | guest::Failure::Closed(_)) {
            return Over::Broken;
        }
        Over::Ended(LeftReason::Refused(failure))
    }

    pub(super) fn bridge_said(&mut self, news: News) {
        let message = match news {
            News::Said(message) => message,
            News::Failed => return self.web_socket_failed(),
            News::Opened => {
                let camera = names::camera(&self.endpoint);
                self.say_to_bridge(&bridge::video_type(camera, self.options.camera));
                return self.tell_wishes();
            }
        };
        match message {
            FromBridge::DominantSpeaker { endpoint, .. } => self.faces.learn(Fact::Dominant { endpoint }),
            FromBridge::EndpointConnectivity { endpoint, active } => {
                self.faces.learn(Fact::Connectivity { endpoint, active });
            }
            FromBridge::SenderSourceConstraints { source_name, max_height }
                if source_name == names::camera(&self.endpoint) =>
            {
                self.wanted_height = lines_to_send(max_height);
                self.sending.set_wanted_height(self.wanted_height);
            }
            FromBridge::SenderSourceConstraints { .. }
            | FromBridge::ServerHello { .. }
            | FromBridge::ForwardedSources(_)
            | FromBridge::VideoSourcesMap(_)
            | FromBridge::AudioSourcesMap(_)
            | FromBridge::ConnectionStats { .. }
            | FromBridge::EndpointMessage { .. }
            | FromBridge::EndpointStats { .. } => {}
        }
    }
}

fn after(end: &End) -> Over {
    match end {
        End::Left => Over::Ended(LeftReason::Asked),
        End::Kicked { .. } => Over::Ended(LeftReason::Kicked),
        // 301 is a ban (XEP-0045 15.6.2).
        End::Removed { codes } if codes.contains(&301) => Over::Ended(LeftReason::Kicked),
        End::Removed { .. } | End::Destroyed { .. } | End::FocusLeft => Over::Ended(LeftReason::RoomEnded),
        End::Closed | End::Lost => Over::Broken,
    }
}

fn presence(member: Member) -> Presence {
    let source = |(name, state): (String, guest::SourceState)| {
        let kind = names::kind(&name)?;
        Some(Source { kind, desktop: state.desktop, muted: state.muted, name })
    };
    Presence {
        endpoint: member.endpoint,
        name: member.name.unwrap_or_default(),
        hand: member.hand.is_some(),
        sources: member.sources.into_iter().filter_map(source).collect(),
    }
}

fn chat_fact(line: guest::ChatLine) -> Fact {
    Fact::Chat {
        from: Some(line.from).filter(|from| !from.is_empty()),
        name: line.name,
        text: line.text,
        at_ms: unix_ms(),
    }
}
