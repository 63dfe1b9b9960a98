//! What the room says: the guest core's events, and the bridge channel's messages.

use std::time::Instant;

use runde_signalling::bridge::{FromBridge, MappedSource, Reaction};
use runde_signalling::guest::{self, End, Event, Member, Muted};
use runde_signalling::jingle::{Kind, Offer, Sources};

use super::super::bridge::News;
use super::super::constraints::lines_to_send;
use super::super::names;
use super::super::session::{Relays, Session};
use super::ask::unix_ms;
use super::{Actor, Over};
use crate::event::{LeftReason, MediaKind, MeetingEvent};
use crate::state::{Fact, Knocker, Presence, Source};
use crate::wire::{WireError, relay_openings};

/// How the guest core calls the end of a session that this guest asked for ([`guest::Command::Restart`]).
const OWN_RESTART: &str = "restart";

impl Actor {
    pub(super) fn guest_said(&mut self, event: Event) {
        match event {
            Event::Joined { endpoint_id, moderator } => self.joined(endpoint_id, moderator),
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
            Event::SourcesMapped(mapped) => self.remapped(Instant::now(), &mapped),
            Event::Terminated { reason } if reason == OWN_RESTART => {}
            Event::Terminated { .. } => {
                self.media_gone();
                self.wait_for_bridge(Instant::now());
            }
            Event::Chat(line) => self.faces.learn(chat_fact(line)),
            Event::MutedByModerator { what, by } => self.muted(what, by),
            Event::Role { moderator } => self.faces.learn(Fact::MyRole { moderator }),
            Event::Subject(text) => self.faces.learn(Fact::Subject(text)),
            Event::Rules(rules) => self.faces.learn(Fact::Rules(rules)),
            Event::Knocked { endpoint, name } => self.faces.learn(Fact::Knocked(Knocker { endpoint, name })),
            Event::KnockerGone { endpoint } => self.faces.learn(Fact::KnockerGone { endpoint }),
            Event::Extra(news) => self.offered_besides(news),
            Event::NotDone { condition } => self.faces.tell(MeetingEvent::NotDone { condition }),
            Event::Ignored { what } => self.ignored(what),
            Event::Waiting(why) => self.waiting(why),
            Event::AskConference { json } => self.ask_conference(json),
            Event::Dial { previd } => self.redial(&previd),
            Event::Resumed => self.resumed(),
            Event::Failed(failure) => self.over = Some(self.refused(failure)),
            // What is known already says more than the echo of the end.
            Event::Ended(end) => self.over = self.over.take().or_else(|| Some(after(&end))),
            Event::Relays(relays) => self.relays = relays,
            Event::Bridges { any } => self.bridges(Instant::now(), any),
            Event::Accepted => {}
            Event::Direct(news) => self.direct_news(Instant::now(), news),
            Event::Renewed(transport) => self.renewed(Instant::now(), &transport),
            Event::NotRenewed { condition } => self.not_renewed(Instant::now(), &condition),
            Event::NotRestarted { condition } => self.not_restarted(Instant::now(), &condition),
        }
    }

    fn joined(&mut self, endpoint: String, moderator: bool) {
        self.was_in = true;
        self.remember_address();
        self.endpoint.clone_from(&endpoint);
        self.faces.learn(Fact::Joined { endpoint, moderator });
        self.publish_sources();
        // After a rejoin the room has forgotten it.
        if self.faces.state.borrow().me.hand {
            self.tell_guest(guest::Command::RaiseHand(Some(unix_ms())));
        }
        self.share_pictures();
    }

    pub(super) fn offered(&mut self, now: Instant, offer: &Offer) {
        self.end_session();
        let Some(relays) = self.usable_relays() else {
            self.tell_guest(guest::Command::Leave);
            self.over = Some(Over::Ended(LeftReason::Unreachable(WireError::NoRelay)));
            return;
        };
        let opened =
            Session::open(now, &self.identity, offer, &self.endpoint, &mut self.uplink, (relays, &self.place.errand));
        let (session, answer) = match opened {
            Ok(opened) => opened,
            Err(error) => {
                tracing::warn!(%error, "the offer cannot be answered");
                return self.restart(now);
            }
        };
        self.restarts.cancel();
        self.farewell = None;
        self.bridgeless.offered();
        self.session = Some(session);
        self.carry();
        self.announced(&offer.sources);
        self.tell_guest(answer);
        self.announce_screen();
        self.open_bridge();
    }

    /// `None`: only a relay may be used, and the deployment has none.
    fn usable_relays(&self) -> Option<Relays> {
        let only = self.options.relay_only;
        let openings = relay_openings(&self.relays, self.way, &self.place.errand);
        (!only || !openings.is_empty()).then_some(Relays { openings, only })
    }

    fn announced(&mut self, sources: &Sources) {
        let directly = self.hears_directly();
        let Some(session) = &mut self.session else { return };
        for announced in session.announce(sources) {
            if directly {
                continue;
            }
            if let Err(error) = self.downlink.add(announced) {
                tracing::warn!(%error, "a source cannot be received");
            }
        }
        self.share_pictures();
    }

    fn withdrawn(&mut self, ssrcs: &[u32]) {
        let directly = self.hears_directly();
        for ssrc in ssrcs {
            if !directly {
                self.downlink.remove(*ssrc);
            }
            if let Some(session) = &mut self.session {
                session.withdraw(*ssrc);
            }
        }
        self.share_pictures();
    }

    /// The bridge gave its SSRCs to other sources: each gets a fresh decoder, which begins with a key frame of its own.
    fn remapped(&mut self, now: Instant, mapped: &guest::Mapped) {
        let directly = self.hears_directly();
        let gone: Vec<u32> = mapped.gone.iter().map(|source| source.ssrc).collect();
        for ssrc in gone {
            if !directly {
                self.downlink.remove(ssrc);
            }
            if let Some(session) = &mut self.session {
                session.withdraw(ssrc);
            }
        }
        let come = self.session.as_mut().map(|session| session.map(mapped)).unwrap_or_default();
        for announced in come.into_iter().filter(|_| !directly) {
            if let Err(error) = self.downlink.map(now, announced) {
                tracing::warn!(%error, "a source cannot be received");
            }
        }
        if let Some(tiles) = self.wishes.tiles() {
            self.downlink.set_tiles(tiles);
        }
        self.share_pictures();
    }

    /// The focus ended the session, the meeting goes on; it makes a new one as soon as there is a reason.
    fn media_gone(&mut self) {
        self.end_session();
        self.restarts.cancel();
        self.farewell = None;
        self.bridgeless.cancel();
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
        self.farewell = None;
        let attempt = self.restarts.failed(now);
        if self.wait_for_bridge(now) {
            return;
        }
        self.faces.learn(Fact::Repairing { attempt });
        self.repair(now);
    }

    /// Asks for the session that is due.
    pub(super) fn repair(&mut self, now: Instant) {
        if self.restarts.take(now) {
            self.bridgeless.asked(now);
            self.tell_guest(guest::Command::Restart);
        }
    }

    /// An order of ours that came too early is not the room's doing. A source may be announced while its owner leaves, so that one
    /// is told, but no sign of an odd room.
    fn ignored(&mut self, what: guest::Oddity) {
        tracing::debug!(?what, "the room said something odd");
        if what != guest::Oddity::CommandOutOfPlace && self.odd.insert(what) {
            self.faces.tell(MeetingEvent::Ignored { what });
            if what != guest::Oddity::SourceOfStranger {
                self.place.errand.contacts().note_odd_room();
            }
        }
    }

    fn muted(&mut self, what: Muted, by: Option<String>) {
        let kind = match what {
            Muted::Audio => MediaKind::Audio,
            Muted::Video | Muted::Desktop => MediaKind::Video,
        };
        self.faces.learn(Fact::MutedByModerator { kind, screen: what == Muted::Desktop, by });
        match what {
            Muted::Audio => self.set_microphone(false),
            Muted::Video => self.set_camera(false),
            Muted::Desktop => self.set_share(false),
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
                self.tell_video_types();
                return self.tell_wishes();
            }
        };
        match message {
            FromBridge::DominantSpeaker { endpoint, .. } => self.faces.learn(Fact::Dominant { endpoint }),
            FromBridge::EndpointMessage { from, payload, .. } => self.reacted(&from, &Reaction::in_message(&payload)),
            FromBridge::EndpointConnectivity { endpoint, active } => {
                self.faces.learn(Fact::Connectivity { endpoint, active });
            }
            FromBridge::SenderSourceConstraints { source_name, max_height }
                if source_name == names::camera(&self.endpoint) =>
            {
                self.sending.camera.set_wanted_height(lines_to_send(max_height));
            }
            FromBridge::SenderSourceConstraints { source_name, max_height }
                if source_name == names::screen(&self.endpoint) =>
            {
                self.screen.sight.set_wanted_height(lines_to_send(max_height));
            }
            FromBridge::VideoSourcesMap(sources) => self.mapped(Kind::Video, sources),
            FromBridge::AudioSourcesMap(sources) => self.mapped(Kind::Audio, sources),
            FromBridge::SenderSourceConstraints { .. }
            | FromBridge::ServerHello { .. }
            | FromBridge::ForwardedSources(_)
            | FromBridge::ConnectionStats { .. }
            | FromBridge::EndpointStats { .. } => {}
        }
    }
}

impl Actor {
    /// Whatever of it belongs to nobody in the room is refused there.
    pub(super) fn mapped(&mut self, kind: Kind, sources: Vec<MappedSource>) {
        self.guest.handle(Instant::now(), guest::Input::Mapped { kind, sources });
    }

    /// A sign of somebody who is in the room.
    fn reacted(&self, from: &str, reactions: &[Reaction]) {
        if self.faces.state.borrow().person(from).is_none() {
            return;
        }
        for reaction in reactions {
            self.faces.tell(MeetingEvent::Reaction { endpoint: from.to_owned(), reaction: *reaction });
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
        moderator: member.moderator,
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
