//! The way of one packet, and what receivers say about the packets they got.

use super::{EndpointId, Kind, Notice, Output, Room, SourceId};
use crate::cache::Piece;
use crate::format::codec_of;
use runde_rtp::ext::AudioLevel;
use runde_rtp::{Codec, Look, Packet, SeqNo, Ssrc};
use std::time::Instant;

/// Payload bytes of one packet: what fits an Ethernet frame. It bounds the cache in bytes.
const MAX_PAYLOAD: usize = 1500;
/// Lost packets answered of one message; a generic NACK block names 17.
const MAX_MISSING: usize = 256;

impl Room {
    pub(super) fn packet(&mut self, now: Instant, from: EndpointId, packet: Packet) {
        let Some((source, layer)) = self.source_of(from, packet.ssrc) else { return };
        let Some(published) = self.sources.get_mut(&source) else { return };
        let codec = if published.is_video() {
            codec_of(&self.config.video, &packet)
        } else {
            (packet.payload_type == self.config.audio_payload_type).then_some(Codec::Opus)
        };
        let Some(codec) = codec.filter(|_| packet.payload.len() <= MAX_PAYLOAD) else { return };
        // The retransmission stream of a layer is not its media: the transport unwraps it, a stray packet is dropped.
        if published.declared.layers[layer].ssrc != packet.ssrc {
            return;
        }
        let Some(number) = published.layers[layer].arrival.accept(packet.seq) else { return };
        if codec == Codec::Opus {
            self.audio(now, from, source, number, packet);
        } else {
            self.video(now, source, layer, number, codec, packet);
        }
    }

    fn audio(&mut self, now: Instant, from: EndpointId, source: SourceId, number: u64, mut packet: Packet) {
        let level = packet.extension(self.config.audio_level_id).and_then(AudioLevel::parse);
        packet.extensions.retain(|(id, _)| *id == self.config.audio_level_id);
        self.map_voice(now, source, level.map(|level| level.below_full_scale));
        let piece = Piece { codec: Codec::Opus, look: Look::default(), packet };
        self.forward(now, source, 0, number, &piece);
        if level.is_some_and(|level| self.speaker.hear(now, from, level)) {
            self.speaker_changed(now);
        }
    }

    fn video(&mut self, now: Instant, source: SourceId, layer: usize, number: u64, codec: Codec, mut packet: Packet) {
        packet.extensions.retain(|(id, _)| Some(*id) == codec.extension());
        let Some(published) = self.sources.get_mut(&source) else { return };
        let look = published.layers[layer].look(codec, &packet);
        if look.key {
            published.note_codec(now, codec);
        }
        if !look.described {
            packet.extensions.clear();
        }
        let state = &mut published.layers[layer];
        let woke = state.count(now, &look, packet.payload.len());
        state.cache.insert(number, Piece { codec, look, packet: packet.clone() });
        if woke {
            self.watch_all_again(now);
        }
        if look.key {
            self.needs_key.remove(&(source, layer));
        }
        self.forward(now, source, layer, number, &Piece { codec, look, packet });
    }

    fn forward(&mut self, now: Instant, source: SourceId, layer: usize, number: u64, piece: &Piece) {
        for (to, receiver) in self.endpoints.iter_mut().filter(|(_, receiver)| receiver.active) {
            let Some(route) = receiver.routes.get_mut(&source) else { continue };
            let format = receiver.formats.of(piece.codec);
            if route.is_video() && format.is_none() {
                route.pass_over(layer);
                continue;
            }
            if let Some(mut packet) = route.forward(now, layer, number, piece) {
                packet.payload_type = format.map_or(packet.payload_type, |format| format.payload_type);
                self.outputs.push_back(Output::Forward { to: *to, packet, kind: Kind::Media });
            }
        }
    }

    /// Sends lost packets again that are still kept.
    pub(super) fn answer_loss(&mut self, now: Instant, from: EndpointId, ssrc: Ssrc, seqs: &[SeqNo]) {
        let Some(source) = self.sent_under(from, ssrc) else { return };
        let Some(published) = self.sources.get(&source) else { return };
        let Some(receiver) = self.endpoints.get_mut(&from) else { return };
        let Some(route) = receiver.routes.get_mut(&source) else { return };
        for seq in seqs.iter().take(MAX_MISSING) {
            let Some(origin) = route.origin(*seq) else { continue };
            let Some(kept) = published.layers.get(origin.0).and_then(|layer| layer.cache.get(origin.1)) else {
                continue;
            };
            let Some(payload_type) = receiver.formats.of(kept.codec).and_then(|format| format.rtx) else { continue };
            if let Some(packet) = route.resend(now, origin, kept, payload_type) {
                self.outputs.push_back(Output::Forward { to: from, packet, kind: Kind::Rtx });
            }
        }
    }

    pub(super) fn key_frame_wanted(&mut self, by: EndpointId, ssrc: Ssrc) {
        let Some(source) = self.sent_under(by, ssrc) else { return };
        let Some(route) = self.endpoints.get(&by).and_then(|receiver| receiver.routes.get(&source)) else { return };
        if let Some(rung) = route.current().or(route.target()) {
            self.needs_key.insert((source, rung.layer));
        }
    }

    /// Every route that has waited for a key frame too long asks once more: requests get lost, streams restart.
    pub(super) fn ask_again(&mut self, now: Instant) {
        let waiting = self.endpoints.values().filter(|receiver| receiver.active);
        let needed = waiting.flat_map(|r| r.routes.iter().filter_map(|(id, route)| Some((*id, route.awaits()?))));
        let overdue = |(id, layer): &(SourceId, usize)| {
            let state = self.sources.get(id).and_then(|source| source.layers.get(*layer));
            state.is_some_and(|layer| layer.requests.is_overdue(now))
        };
        self.needs_key.extend(needed.filter(overdue));
    }

    pub(super) fn flush_key_requests(&mut self, now: Instant) {
        let (sources, outputs) = (&mut self.sources, &mut self.outputs);
        self.needs_key.retain(|(source, layer)| {
            let Some(published) = sources.get_mut(source) else { return false };
            let (from, is_video) = (published.owner, published.is_video());
            let Some(state) = published.layers.get_mut(*layer) else { return false };
            if !is_video {
                return false;
            }
            if !state.requests.allow(now) {
                return true;
            }
            outputs.push_back(Output::RequestKeyFrame { from, ssrc: published.declared.layers[*layer].ssrc });
            false
        });
    }

    fn speaker_changed(&mut self, now: Instant) {
        let Some(notice) = self.speaker_notice() else { return };
        let everybody: Vec<_> = self.endpoints.keys().copied().collect();
        for to in everybody {
            self.tell(to, notice.clone());
        }
        self.watch_all_again(now);
    }

    pub(super) fn speaker_notice(&self) -> Option<Notice> {
        let endpoint = self.speaker.dominant()?;
        Some(Notice::DominantSpeaker { endpoint, former: self.speaker.former().to_vec() })
    }

    /// The source that a receiver is sent under this SSRC: one of its slots, or the source's own.
    fn sent_under(&self, receiver: EndpointId, ssrc: Ssrc) -> Option<SourceId> {
        let receiver = self.endpoints.get(&receiver)?;
        if receiver.slots.is_some() {
            return receiver.source_under(ssrc);
        }
        self.by_ssrc.get(&ssrc).map(|(source, _)| *source)
    }

    fn source_of(&self, from: EndpointId, ssrc: Ssrc) -> Option<(SourceId, usize)> {
        let found = *self.by_ssrc.get(&ssrc)?;
        (self.sources.get(&found.0)?.owner == from).then_some(found)
    }
}
