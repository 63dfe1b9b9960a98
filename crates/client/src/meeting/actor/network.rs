//! The network is another one, or was away: media moves to the new address, connections are made anew.
//!
//! Our own room server follows a guest that moves; a bridge that does not is noticed within a second. The focus is then asked
//! for new ICE credentials in place, where the deployment has that, and for a fresh session where not or where they come to
//! nothing. The XMPP connection is resumed, so nobody in the room sees any of it.

use std::time::Instant;

use runde_signalling::{guest, jingle};

use super::super::bridge::Bridge;
use super::super::ways::{Doubt, LOOK_EVERY, Remedy, Turn, source};
use super::Actor;
use crate::wire::Way;

impl Actor {
    /// Looks whether everything open still leads where it should. Outside the room there is nothing to hold.
    pub(super) fn look_at_network(&mut self, now: Instant) {
        if self.endpoint.is_empty() {
            return;
        }
        self.look_at_direct(now);
        self.look_at_media(now);
        self.look_at_wire(now);
    }

    fn look_at_media(&mut self, now: Instant) {
        let Some(session) = &mut self.session else { return };
        let way = Way { local: session.driver.local_addr().ip(), peer: session.peer() };
        match self.media_watch.look(way.local, source(&way)) {
            Turn::Stands => self.listen_for_silence(now),
            // Nothing can be told of a path while there is none.
            Turn::Gone => self.doubt = None,
            Turn::New(_) if !session.connected => self.restart(now),
            Turn::New(ip) => {
                tracing::info!("the network has changed; media goes another way");
                match session.go_by(ip) {
                    Ok(()) => self.doubt = Some(Doubt::new(now)),
                    Err(error) => {
                        tracing::warn!(%error, "no socket on the new network");
                        return self.restart(now);
                    }
                }
            }
        }
        self.ask_for_life(now);
    }

    /// While it is not certain that the other side follows, it is asked.
    fn ask_for_life(&mut self, now: Instant) {
        let (Some(session), Some(doubt)) = (&mut self.session, self.doubt) else { return };
        if doubt.is_settled(session.driver.endpoint().heard()) {
            self.doubt = None;
        } else {
            session.driver.endpoint().check_path(now);
        }
    }

    /// A path that stands and carries nothing: somebody on the way has forgotten us.
    fn listen_for_silence(&mut self, now: Instant) {
        let Some(session) = self.session.as_mut().filter(|session| session.connected) else { return };
        if self.doubt.is_none() && self.renewals.is_silence(now, session.driver.endpoint().heard()) {
            tracing::info!("the bridge is silent; asking for new ICE credentials");
            self.doubt = Some(Doubt::of_silence(now));
            self.ask_renewal(now);
        }
    }

    fn ask_renewal(&mut self, now: Instant) {
        self.renewals.asked(now);
        self.tell_guest(guest::Command::Renew);
    }

    /// The focus has new credentials, asked for or not. Nobody in the room sees any of it.
    pub(super) fn renewed(&mut self, now: Instant, offered: &jingle::Transport) {
        let Some(session) = &mut self.session else { return };
        match session.renew(now, &self.identity, offered) {
            Ok(transport) => {
                tracing::info!("new ICE credentials; the session goes on");
                self.doubt = self.doubt.map(|doubt| doubt.renewed(now));
                self.tell_guest(guest::Command::Renewed { transport });
            }
            Err(error) => {
                tracing::warn!(%error, "the new credentials cannot be used");
                self.restart(now);
            }
        }
    }

    pub(super) fn not_renewed(&mut self, now: Instant, condition: &str) {
        tracing::info!(condition, "no new ICE credentials");
        self.renewals.refused(condition);
        if self.doubt.is_some() {
            self.restart(now);
        }
    }

    /// The doubt is over: either the other side was heard, or something has to be done about it.
    pub(super) fn settle_doubt(&mut self, now: Instant) {
        let Some(doubt) = self.doubt.filter(|doubt| doubt.ends() <= now) else { return };
        self.doubt = None;
        let heard = self.session.as_mut().and_then(|session| session.driver.endpoint().heard());
        if self.session.is_none() || doubt.is_settled(heard) {
            return;
        }
        match doubt.remedy() {
            Remedy::Wait => {}
            // Nobody could have answered, and nobody could be told of a restart. The wish waits with everything else.
            Remedy::Restart if self.redialing => self.doubt = Some(doubt.longer(now)),
            Remedy::Renew if self.renewals.may_ask(now) => {
                tracing::info!("the bridge does not follow; asking for new ICE credentials");
                self.doubt = Some(doubt.asked(now));
                self.ask_renewal(now);
            }
            Remedy::Renew | Remedy::Restart => {
                tracing::info!("the bridge does not follow; asking for a fresh session");
                self.restart(now);
            }
        }
    }

    fn look_at_wire(&mut self, now: Instant) {
        let Some(way) = self.way else { return };
        let Turn::New(local) = self.wire_watch.look(way.local, source(&way)) else { return };
        tracing::info!("the network has changed; connections are made anew");
        self.way = Some(Way { local, ..way });
        self.wire.over = true;
        self.guest.handle(now, guest::Input::NetworkChanged);
        // A data channel moves with the media.
        let has_socket = self.session.as_ref().is_some_and(|session| session.web_socket.is_some());
        if has_socket && !matches!(self.bridge, Some(Bridge::DataChannel { .. })) {
            self.open_bridge();
        }
    }

    /// An attempt without any network says nothing about the server. As long as the guest wants to wait.
    pub(super) async fn wait_for_network(&mut self) -> bool {
        while self.is_offline() {
            if !self.pause(LOOK_EVERY).await {
                return false;
            }
        }
        true
    }

    /// Whether any way leads to the server now. Before the first connection nobody knows.
    fn is_offline(&self) -> bool {
        self.way.is_some_and(|way| source(&way).is_none())
    }
}
