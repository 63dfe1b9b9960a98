//! Three guests in one room, without a network: one sends three layers, two watch it in different sizes.
#![allow(clippy::disallowed_methods, clippy::print_stdout)] // an example has a clock and speaks

use runde_rtp::vp8::Descriptor;
use runde_rtp::{Packet, SeqNo, Ssrc, vp8};
use runde_sfu::{EndpointId, Input, LayerSsrc, MediaKind, Output, Room, RoomConfig, Source, VideoConstraints};
use std::time::{Duration, Instant};

const ANNA: EndpointId = EndpointId(1);
const BERT: EndpointId = EndpointId(2);
const CLEO: EndpointId = EndpointId(3);
const HEIGHTS: [u16; 3] = [180, 360, 720];

fn main() {
    let (mut room, mut now) = (Room::new(RoomConfig::default()), Instant::now());
    for id in [ANNA, BERT, CLEO] {
        room.handle(now, Input::EndpointJoined { id });
        room.handle(now, Input::Path { endpoint: id, active: true });
    }
    let layers = (0..3).map(|n| LayerSsrc { ssrc: Ssrc(10 + n), rtx: Some(Ssrc(20 + n)) }).collect();
    let camera = Source { name: "anna-v0".into(), kind: MediaKind::Video, layers };
    room.handle(now, Input::SourcesDeclared { endpoint: ANNA, sources: vec![camera] });
    for (guest, height) in [(BERT, 180), (CLEO, 720)] {
        let constraints = VideoConstraints { default_max_height: Some(height), ..VideoConstraints::default() };
        room.handle(now, Input::Constraints { endpoint: guest, constraints });
    }
    for nth in 0..30u16 {
        now += Duration::from_millis(33);
        for layer in 0..3 {
            room.handle(now, Input::Rtp { from: ANNA, packet: picture(layer, nth) });
        }
        report(nth, &mut room);
    }
}

/// Drains the room and says what it did.
fn report(nth: u16, room: &mut Room) {
    loop {
        match room.poll_output() {
            Output::Forward { to, packet, .. } => {
                if let Some((width, height)) = vp8::key_frame_size(&packet.payload) {
                    println!("picture {nth}: {to:?} sees {width}x{height} as {:?} on {}", packet.seq, packet.ssrc);
                }
            }
            Output::RequestKeyFrame { from, ssrc } => {
                println!("picture {nth}: {from:?} is asked for a key frame of {ssrc}")
            }
            Output::Tell { to, notice } => println!("picture {nth}: {to:?} is told {notice:?}"),
            Output::Wait(_) => return,
        }
    }
}

/// Every tenth picture is a key frame.
fn picture(layer: usize, nth: u16) -> Packet {
    let mut payload = Vec::new();
    Descriptor { start_of_partition: true, ..Descriptor::default() }.write(&mut payload);
    if nth.is_multiple_of(10) {
        payload.extend_from_slice(&[0x10, 0, 0, 0x9d, 0x01, 0x2a]);
        payload.extend_from_slice(&(HEIGHTS[layer] / 9 * 16).to_le_bytes());
        payload.extend_from_slice(&HEIGHTS[layer].to_le_bytes());
    } else {
        payload.push(0x11);
    }
    let (ssrc, timestamp) = (Ssrc(10 + layer as u32), u32::from(nth) * 3000);
    Packet { payload_type: 100, seq: SeqNo(nth), timestamp, ssrc, payload: payload.into(), ..Packet::default() }
}
