//! One function per parser of remote bytes: none of them may panic, and what was read once must read the same again.
//!
//! `cargo fuzz run NAME --features search` (in this folder, with a nightly compiler) searches for new inputs; `corpus/NAME` holds what
//! was found worth keeping and the seeds. The normal tests replay all of it, also torn and twisted, without a fuzzer: see [`TARGETS`].

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use bytes::Bytes;
use runde_media::vp8::Assembler;
use runde_media::vpx::Decoder;
use runde_privacy::{Acknowledgement, ChainKey, Ledger};
use runde_rtp::{Codec, Packet, View, vp8};
use runde_signalling::bridge::{FromBridge, ToBridge};
use runde_signalling::jingle::{Jingle, read_compact};
use runde_signalling::link::RoomLink;
use runde_signalling::muc::clean_presence;
use runde_signalling::xml::{self, Limits};
use runde_transport::{Config, Credentials, Endpoint, ExtensionIds, Identity, Output};

/// A target by its name, which is also the name of its folder in `corpus`.
pub type Target = (&'static str, fn(&[u8]));

/// Every target there is.
pub const TARGETS: [Target; 7] = [
    ("stanza", stanza),
    ("bridge", bridge),
    ("link", link),
    ("rtp", rtp),
    ("picture", picture),
    ("ledger", ledger),
    ("datagram", datagram),
];

/// XML of other participants: the reader, Jingle, presences.
pub fn stanza(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    let Ok(element) = xml::parse(text, &Limits::PEER) else { return };
    let again = xml::parse(&element.to_string(), &Limits::FOCUS);
    assert_eq!(again.as_ref(), Ok(&element), "what is written reads as it was");
    let _ = clean_presence(&element, "aaaaaaaa");
    for part in std::iter::once(&element).chain(element.children()) {
        let _ = Jingle::from_xml(part).and_then(Jingle::into_offer);
        let _ = read_compact(&part.own_text());
    }
}

/// JSON of the bridge channel, both ways.
pub fn bridge(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    let _ = FromBridge::parse(text);
    let _ = ToBridge::parse(text);
    let _ = read_compact(text);
}

/// Links from other programs, mails and clipboards.
pub fn link(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    let Ok(link) = RoomLink::parse(text, "meet.example") else { return };
    let again = RoomLink::parse(&link.to_string(), "meet.example");
    let same = again.is_ok_and(|again| (&again.host, again.port, &again.room) == (&link.host, link.port, &link.room));
    assert!(same, "what is handed on leads to the same room: {text:?} became {link}");
}

/// RTP packets and what each codec says of its pictures.
pub fn rtp(bytes: &[u8]) {
    let Ok(view) = View::parse(bytes) else { return };
    let _ = view.extensions().count();
    let _ = vp8::key_frame_size(view.payload());
    let Ok(packet) = Packet::parse(Bytes::copy_from_slice(bytes)) else { return };
    for codec in [Codec::Vp8, Codec::Vp9, Codec::Av1 { descriptor: 11 }, Codec::H264] {
        let mut structure = None;
        let look = codec.look(&packet, &mut structure);
        assert!(usize::from(look.spatial) < runde_rtp::MAX_SPATIAL);
        codec.renumber(&mut packet.clone(), 1, 1);
    }
    let mut written = Vec::new();
    packet.encode(&mut written);
    let again = Packet::parse(Bytes::from(written));
    assert!(again.is_ok_and(|again| again.payload == packet.payload && again.seq == packet.seq), "it reads as it was");
}

/// Pictures out of packets: each packet is two bytes (15 bits of length, then the marker) and its payload.
pub fn picture(bytes: &[u8]) {
    let (mut assembler, now) = (Assembler::new(), Instant::now());
    let Ok(mut decoder) = Decoder::new() else { return };
    let (mut seq, mut pictures, mut rest) = (0_u16, 0_u32, bytes);
    while let Some((head, tail)) = rest.split_first_chunk::<2>() {
        let head = u16::from_le_bytes(*head);
        let (payload, tail) = tail.split_at(usize::from(head & 0x7fff).min(tail.len()));
        let marker = head & 0x8000 != 0;
        let packet = Packet {
            payload_type: 100,
            marker,
            seq: runde_rtp::SeqNo(seq),
            timestamp: pictures.wrapping_mul(3000),
            ssrc: runde_rtp::Ssrc(7),
            extensions: Vec::new(),
            payload: Bytes::copy_from_slice(payload),
        };
        (seq, pictures, rest) = (seq.wrapping_add(1), pictures + u32::from(marker), tail);
        assembler.push(now, &packet);
        let _ = assembler.wants_key_frame(now);
        decode_all(&mut assembler, &mut decoder, now);
    }
    decode_all(&mut assembler, &mut decoder, now + Duration::from_secs(1));
}

fn decode_all(assembler: &mut Assembler, decoder: &mut Decoder, now: Instant) {
    while let Some(assembled) = assembler.poll(now) {
        // A damaged picture is refused; what matters is that it is no more than that.
        let _ = decoder.decode(&assembled.bytes, now);
    }
}

/// A ledger file as it was found.
pub fn ledger(bytes: &[u8]) {
    let replay = Ledger::<Acknowledgement>::replay(ChainKey::from_bytes([3; 32]), bytes);
    let written = replay.ledger.to_bytes();
    assert!(bytes.starts_with(&written) || replay.unterminated, "what was believed stands in the file as it is");
}

/// Datagrams at an endpoint, from a stranger and from where its peer might be: each is two bytes of length and its bytes.
pub fn datagram(bytes: &[u8]) {
    let here = SocketAddr::from(([10, 0, 0, 2], 8443));
    let Ok(identity) = Identity::generate() else { return };
    let Ok(credentials) = Credentials::generate(&identity) else { return };
    let ids = ExtensionIds { audio_level: Some(1), abs_send_time: Some(3), transport_cc: Some(5), mid: None };
    let mut now = Instant::now();
    let Ok(mut endpoint) = Endpoint::new(now, &identity, Config::host(credentials, here, ids)) else { return };
    let mut rest = bytes;
    while let Some(([low, high], tail)) = rest.split_first_chunk::<2>() {
        let length = usize::from(u16::from_le_bytes([*low, *high]) % 1500).min(tail.len());
        let (datagram, tail) = tail.split_at(length);
        rest = tail;
        endpoint.handle_datagram(now, SocketAddr::from(([10, 0, 0, 9], 5000)), here, datagram);
        now += Duration::from_millis(20);
        endpoint.handle_timeout(now);
        while !matches!(endpoint.poll_output(), Output::Wait(_)) {}
    }
}
