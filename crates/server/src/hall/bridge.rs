//! The bridge channel: what guests want to see, what they are told, and what they send each other, whether it comes by a
//! web socket or by a data channel (`channel.rs`).

use std::sync::Arc;
use std::time::Instant;

use runde_sfu::{self as sfu, EndpointId, Mapping, MediaKind, Notice, VideoConstraints, VideoType};
use runde_signalling::bridge::{Constraint, FromBridge, MappedSource, ReceiverVideoConstraints, ToBridge};
use tokio::sync::mpsc;

use super::seat::Way;
use super::{ConnId, Frame, Hall, Outbox};
use crate::access_log::Meter;

impl Hall {
    /// True when the password opens this guest's channel. A second channel replaces the first: the guest reconnected.
    pub(super) fn admit_bridge(
        &mut self,
        id: ConnId,
        conference: &str,
        endpoint: &str,
        password: &str,
        (frames, meter): (mpsc::Sender<Frame>, Meter),
    ) -> bool {
        let chamber = self.chambers.values().find(|chamber| chamber.conference == conference);
        let Some(seat_id) = chamber.and_then(|chamber| chamber.seats.get(endpoint)).copied() else { return false };
        let Some(seat) = self.seats.get_mut(&seat_id) else { return false };
        if !same(&seat.password, password) {
            return false;
        }
        let former = seat.bridge.replace(Way::WebSocket(id));
        seat.meter = Some(meter.clone());
        self.close_socket(former);
        self.bridges.insert(id, seat_id);
        self.outboxes.insert(id, Outbox { frames, seated: true, meter });
        true
    }

    /// Takes a way back that is no longer the guest's; a data channel is simply not listened to any more.
    pub(super) fn close_socket(&mut self, former: Option<Way>) {
        if let Some(Way::WebSocket(former)) = former {
            self.bridges.remove(&former);
            self.outboxes.remove(&former);
        }
    }

    pub(super) fn bridge_opened(&mut self, now: Instant, id: ConnId) {
        if let Some(seat_id) = self.bridges.get(&id).copied() {
            self.bridge_stands(now, seat_id);
        }
    }

    /// A guest has a bridge channel: it is greeted and told what it missed.
    pub(super) fn bridge_stands(&mut self, now: Instant, seat_id: EndpointId) {
        self.say_by_bridge(now, seat_id, FromBridge::ServerHello { version: None }.to_json());
        if let Some(room) = self.seats.get(&seat_id).map(|seat| seat.room.clone()) {
            self.room(now, &room, sfu::Input::ChannelOpened { endpoint: seat_id });
        }
    }

    pub(super) fn bridge_closed(&mut self, id: ConnId) {
        self.outboxes.remove(&id);
        let seat = self.bridges.remove(&id).and_then(|seat_id| self.seats.get_mut(&seat_id));
        if let Some(seat) = seat.filter(|seat| seat.bridge == Some(Way::WebSocket(id))) {
            seat.bridge = None;
        }
    }

    pub(super) fn bridge_said(&mut self, now: Instant, id: ConnId, text: &str) {
        if let Some(from) = self.bridges.get(&id).copied() {
            self.guest_said(now, from, text);
        }
    }

    pub(super) fn guest_said(&mut self, now: Instant, from: EndpointId, text: &str) {
        let message = match ToBridge::parse(text) {
            Ok(Some(message)) => message,
            Ok(None) => return,
            Err(error) => {
                tracing::debug!(endpoint = from.0, %error, "a bridge message is refused");
                return;
            }
        };
        match message {
            ToBridge::ClientHello => {
                self.say_by_bridge(now, from, FromBridge::ServerHello { version: None }.to_json());
            }
            ToBridge::ReceiverVideoConstraints(wanted) => self.constrain(now, from, constraints(wanted)),
            ToBridge::LastNChanged { last_n } => {
                self.constrain(now, from, VideoConstraints { last_n: Some(last_n), ..VideoConstraints::default() });
            }
            ToBridge::SourceVideoType { source_name, video_type } => {
                let kind = match video_type.as_str() {
                    "none" => VideoType::Off,
                    "desktop" | "desktop_high_fps" => VideoType::Desktop,
                    _ => VideoType::Camera,
                };
                let source = source_name.as_str().into();
                self.tell_own_room(now, from, sfu::Input::VideoType { endpoint: from, source, kind });
            }
            ToBridge::EndpointMessage { to, payload } => self.relay(now, from, &to, &payload),
            ToBridge::EndpointStats(figures) => self.relay_stats(now, from, &figures),
        }
    }

    fn constrain(&mut self, now: Instant, endpoint: EndpointId, constraints: VideoConstraints) {
        self.tell_own_room(now, endpoint, sfu::Input::Constraints { endpoint, constraints });
    }

    fn tell_own_room(&mut self, now: Instant, id: EndpointId, input: sfu::Input) {
        if let Some(room) = self.seats.get(&id).map(|seat| seat.room.clone()) {
            self.room(now, &room, input);
        }
    }

    /// Hands a message on to one endpoint of the same room, or to all others. The sender's name is ours to write.
    fn relay(&mut self, now: Instant, from: EndpointId, to: &str, payload: &serde_json::Value) {
        let Some(sender) = self.seats.get(&from).map(|seat| seat.endpoint.clone()) else { return };
        let meant = self.neighbours(from).filter(|(_, seat)| to.is_empty() || seat.endpoint == to);
        let meant: Vec<EndpointId> = meant.map(|(id, _)| id).collect();
        let message = FromBridge::EndpointMessage { from: sender, to: to.to_owned(), payload: payload.clone() };
        let text = message.to_json();
        for one in meant {
            self.say_by_bridge(now, one, text.clone());
        }
    }

    /// Figures go to those who look at the sender.
    fn relay_stats(&mut self, now: Instant, from: EndpointId, figures: &serde_json::Map<String, serde_json::Value>) {
        let Some(seat) = self.seats.get(&from) else { return };
        let Some(chamber) = self.chambers.get(&seat.room) else { return };
        let text = FromBridge::EndpointStats { from: seat.endpoint.clone(), stats: figures.clone() }.to_json();
        for viewer in chamber.room.viewers_of(from) {
            self.say_by_bridge(now, viewer, text.clone());
        }
    }

    /// Tells a guest what the room has to say to it. Without a channel it is told again when that opens.
    pub(super) fn tell(&mut self, now: Instant, to: EndpointId, notice: &Notice) {
        let name = |id: &EndpointId| self.seats.get(id).map(|seat| seat.endpoint.clone());
        let message = match notice {
            Notice::DominantSpeaker { endpoint, former } => {
                name(endpoint).map(|endpoint| FromBridge::DominantSpeaker {
                    endpoint,
                    previous: former.iter().filter_map(name).collect(),
                    silence: false,
                })
            }
            Notice::ForwardedSources(names) => {
                Some(FromBridge::ForwardedSources(names.iter().map(|name| name.to_string()).collect()))
            }
            Notice::SenderConstraints { source, max_height } => Some(FromBridge::SenderSourceConstraints {
                source_name: source.to_string(),
                max_height: i32::try_from(*max_height).unwrap_or(UNLIMITED_HEIGHT),
            }),
            Notice::Mapped { kind, sources } => Some(self.map_of(*kind, sources)),
            Notice::Connectivity { endpoint, active } => {
                name(endpoint).map(|endpoint| FromBridge::EndpointConnectivity { endpoint, active: *active })
            }
        };
        if let Some(message) = message {
            self.say_by_bridge(now, to, message.to_json());
        }
    }
}

impl Hall {
    fn map_of(&self, kind: MediaKind, sources: &[Mapping]) -> FromBridge {
        let mapped = |mapping: &Mapping| {
            let video_type = match mapping.video_type {
                _ if kind == MediaKind::Audio => None,
                VideoType::Desktop => Some("DESKTOP".to_owned()),
                VideoType::Camera | VideoType::Off => Some("CAMERA".to_owned()),
            };
            Some(MappedSource {
                source: mapping.source.to_string(),
                owner: self.seats.get(&mapping.owner)?.endpoint.clone(),
                ssrc: mapping.ssrc.0,
                rtx: mapping.rtx.map(|rtx| rtx.0),
                video_type,
                mid: None,
            })
        };
        let sources = sources.iter().filter_map(mapped).collect();
        match kind {
            MediaKind::Audio => FromBridge::AudioSourcesMap(sources),
            MediaKind::Video => FromBridge::VideoSourcesMap(sources),
        }
    }
}

/// What Jitsi understands as "as high as you can".
const UNLIMITED_HEIGHT: i32 = 2160;

fn constraints(wanted: ReceiverVideoConstraints) -> VideoConstraints {
    let names = |list: Vec<String>| list.into_iter().map(Arc::from).collect();
    let height = |constraint: Constraint| constraint.max_height;
    VideoConstraints {
        last_n: wanted.last_n,
        selected: wanted.selected_sources.map(names),
        on_stage: wanted.on_stage_sources.map(names),
        default_max_height: wanted.default_constraints.map(height),
        per_source: wanted
            .constraints
            .map(|map| map.into_iter().map(|(name, constraint)| (name.into(), height(constraint))).collect()),
        assumed_bandwidth: wanted.assumed_bandwidth_bps,
    }
}

/// Compares without telling by its time how much was right.
fn same(secret: &str, guess: &str) -> bool {
    let differs = secret.bytes().zip(guess.bytes()).fold(0u8, |differs, (a, b)| differs | (a ^ b));
    secret.len() == guess.len() && differs == 0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_must_be_the_same_to_the_last_character() {
        assert!(same("abc", "abc"));
        for guess in ["", "ab", "abd", "abcd", "ABC"] {
            assert!(!same("abc", guess), "{guess}");
        }
    }

    #[test]
    fn what_a_message_leaves_out_stays_unsaid() {
        assert_eq!(constraints(ReceiverVideoConstraints::default()), VideoConstraints::default());
    }
}
