//! Which way the bridge channel takes: the WebSocket where the offer names one that may be opened, else a data channel of
//! the session, which also stands in for a WebSocket that does not open.

use runde_signalling::bridge::{FromBridge, ToBridge};
use runde_signalling::config::host_of;
use runde_signalling::guest;
use runde_transport::{ChannelEvent, ChannelMessage};

use super::super::bridge::{Bridge, News, WebSocket};
use super::{Actor, Over};
use crate::contacts::{Ignored, IgnoredKind, Purpose};
use crate::state::Fact;
use crate::wire::{Target, WireError};

/// A bridge that closes the channel so often does not want it.
const MAX_ATTEMPTS: u32 = 5;
/// A web socket that did not open after so many attempts, seven seconds, will not in this meeting.
const MAX_FAILURES: u32 = 4;

impl Actor {
    pub(super) fn open_bridge(&mut self) {
        let url = self.session.as_ref().and_then(|session| session.web_socket.as_deref());
        let refused = |url: &str, error: &WireError| {
            tracing::warn!(%error, "the bridge channel's address is refused");
            let (kind, host) = (IgnoredKind::Address, host_of(url));
            self.place.errand.contacts().ignore(Ignored { kind, key: "colibri".to_owned(), host });
        };
        let target =
            url.and_then(|url| Target::bridge(url, &self.place.socket).inspect_err(|error| refused(url, error)).ok());
        match target {
            Some(target) => {
                self.bridge =
                    Some(Bridge::WebSocket(WebSocket::open(target, self.place.errand.towards(Purpose::BridgeChannel))));
                self.faces.learn(Fact::BridgeChannel { usable: true });
            }
            None => self.open_data_channel(1),
        }
    }

    fn open_data_channel(&mut self, attempts: u32) {
        let opened = self.session.as_mut().filter(|_| attempts <= MAX_ATTEMPTS);
        let opened = opened.and_then(super::Session::open_bridge_channel);
        self.bridge = opened.map(|id| Bridge::DataChannel { id, open: false, attempts });
        self.faces.learn(Fact::BridgeChannel { usable: self.bridge.is_some() });
        if self.bridge.is_none() {
            self.do_without_channel();
        }
    }

    /// The WebSocket is tried again by its task, unless there is the other way.
    pub(super) fn web_socket_failed(&mut self) {
        let never_open = matches!(&self.bridge, Some(Bridge::WebSocket(socket)) if socket.failures >= MAX_FAILURES);
        if self.session.as_ref().is_some_and(|session| session.has_data_channels) {
            self.open_data_channel(1);
        } else if never_open {
            self.do_without_channel();
        }
    }

    /// Where the bridge names sources and cannot, nobody would be heard. Enters anew as a guest to whom the focus names them:
    /// it asks what a client can do once.
    fn do_without_channel(&mut self) {
        if self.classic || self.over.is_some() || self.session.is_none() || self.downlink.expects_anybody() {
            return;
        }
        tracing::info!("no bridge channel; entering anew without SSRC rewriting");
        self.classic = true;
        self.over = Some(Over::Anew { attempt: 1 });
        self.tell_guest(guest::Command::Leave);
    }

    pub(super) fn say_to_bridge(&mut self, message: &ToBridge) {
        match &self.bridge {
            Some(Bridge::WebSocket(socket)) => socket.say(message),
            Some(Bridge::DataChannel { id, open: true, .. }) => {
                if let Some(session) = &mut self.session {
                    session.say_on_channel(*id, message.to_json());
                }
            }
            // Everything that counts is said when it opens.
            Some(Bridge::DataChannel { open: false, .. }) | None => {}
        }
    }

    /// What the session says about its data channels; only the bridge channel is one of ours.
    pub(super) fn channel_said(&mut self, event: ChannelEvent) {
        let Some(Bridge::DataChannel { id: ours, open, attempts }) = &mut self.bridge else { return };
        let attempts = *attempts;
        match event {
            ChannelEvent::Opened { id, .. } if id == *ours => {
                *open = true;
                self.bridge_said(News::Opened);
            }
            ChannelEvent::Message { id, message: ChannelMessage::Text(text) } if id == *ours => {
                match FromBridge::parse(&text) {
                    Ok(Some(message)) => self.bridge_said(News::Said(message)),
                    Ok(None) => {}
                    Err(refused) => tracing::debug!(%refused, "a bridge message was refused"),
                }
            }
            ChannelEvent::Closed { id } if id == *ours => self.open_data_channel(attempts + 1),
            ChannelEvent::Lost => self.open_data_channel(attempts + 1),
            ChannelEvent::Ready
            | ChannelEvent::Opened { .. }
            | ChannelEvent::Message { .. }
            | ChannelEvent::Writable { .. }
            | ChannelEvent::Closed { .. } => {}
        }
    }
}
