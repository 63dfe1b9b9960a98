//! What holds whatever guests do and in whatever order.

use crate::stage::{Stage, audio_ssrc, picture, sources, ssrc, wants};
use proptest::collection::vec;
use proptest::prelude::*;
use runde_rtp::{Packet, SeqNo, Ssrc, rtx};
use runde_sfu::{EndpointId, Input, Kind, Notice, VideoConstraints, VideoType};
use std::collections::BTreeSet;
use std::time::Duration;

/// One thing that guest 1 or the receiver may do next.
#[derive(Clone, Debug)]
enum Act {
    Picture { layer: u32, key: bool },
    Padding { layer: u32 },
    Want(i32),
    Bandwidth(u64),
    Path(bool),
}

fn act() -> impl Strategy<Value = Act> {
    prop_oneof![
        8 => (0u32..3, prop::bool::weighted(0.2)).prop_map(|(layer, key)| Act::Picture { layer, key }),
        1 => (0u32..3).prop_map(|layer| Act::Padding { layer }),
        1 => prop_oneof![Just(0), Just(180), Just(360), Just(720), Just(-1)].prop_map(Act::Want),
        1 => (0u64..3_000_000).prop_map(Act::Bandwidth),
        1 => any::<bool>().prop_map(Act::Path),
    ]
}

fn any_guest() -> impl Strategy<Value = EndpointId> {
    (0u32..4).prop_map(EndpointId)
}

fn any_stream() -> impl Strategy<Value = Ssrc> {
    let known = prop_oneof![(1u32..4, 0u32..14).prop_map(|(g, l)| ssrc(g, l)), (1u32..4).prop_map(audio_ssrc)];
    prop_oneof![known, any::<u32>().prop_map(Ssrc)]
}

fn any_packet() -> impl Strategy<Value = Input> {
    let (id, stream) = (any_guest, any_stream);
    let media = (
        id(),
        stream(),
        any::<u16>(),
        any::<u32>(),
        vec(any::<u8>(), 0..40),
        prop_oneof![Just(100u8), Just(101), Just(41), Just(107), Just(111), any::<u8>()],
        vec(any::<u8>(), 0..40),
    )
        .prop_map(|(from, ssrc, seq, timestamp, payload, payload_type, descriptor)| Input::Rtp {
            from,
            packet: Packet {
                payload_type,
                seq: SeqNo(seq),
                timestamp,
                ssrc,
                extensions: vec![(11, descriptor.into())],
                payload: payload.into(),
                ..Packet::default()
            },
        });
    let film =
        (1u32..4, 0u32..3, any::<u16>(), any::<u16>(), any::<bool>()).prop_map(|(guest, layer, seq, id, key)| {
            Input::Rtp {
                from: EndpointId(guest),
                packet: picture(ssrc(guest, layer), seq % 50, u32::from(seq) * 7, id, key.then_some(id)),
            }
        });
    prop_oneof![media, film]
}

fn anything() -> impl Strategy<Value = Input> {
    let (id, stream) = (any_guest, any_stream);
    let rest = prop_oneof![
        id().prop_map(|id| Input::EndpointJoined { id }),
        id().prop_map(|id| Input::EndpointLeft { id }),
        (id(), any::<bool>()).prop_map(|(endpoint, active)| Input::Path { endpoint, active }),
        id().prop_map(|endpoint| Input::ChannelOpened { endpoint }),
        (id(), 1u32..4).prop_map(|(endpoint, of)| Input::SourcesDeclared { endpoint, sources: sources(of) }),
        (id(), 1u32..4).prop_map(|(endpoint, of)| Input::VideoType {
            endpoint,
            source: format!("{of}-v0").into(),
            kind: VideoType::Off
        }),
        (id(), stream(), vec(any::<u16>().prop_map(SeqNo), 0..40)).prop_map(|(from, ssrc, seqs)| Input::Nacked {
            from,
            ssrc,
            seqs
        }),
        (id(), stream()).prop_map(|(by, ssrc)| Input::KeyFrameRequested { by, ssrc }),
        (id(), any::<u64>()).prop_map(|(endpoint, bps)| Input::Bandwidth { endpoint, bps }),
        (id(), any::<i32>(), any::<i32>(), any::<i64>()).prop_map(|(endpoint, n, height, bps)| Input::Constraints {
            endpoint,
            constraints: VideoConstraints {
                last_n: Some(n),
                default_max_height: Some(height),
                assumed_bandwidth: Some(bps),
                ..VideoConstraints::default()
            },
        }),
        Just(Input::Tick),
    ];
    prop_oneof![rest, any_packet()]
}

proptest! {
    #[test]
    fn the_output_of_a_route_has_no_gaps_and_time_never_runs_back(acts in vec(act(), 1..300)) {
        let mut stage = Stage::with_guests(2);
        stage.want(2, wants(720));
        let mut pictures = [0u16; 3];
        for act in acts {
            stage.now += Duration::from_millis(11);
            match act {
                Act::Picture { layer, key } => {
                    let count = &mut pictures[layer as usize];
                    *count += 1;
                    let (id, stamp) = (*count, u32::from(*count) * 3000);
                    let seq = stage.next_seq(ssrc(1, layer));
                    let packet = picture(ssrc(1, layer), seq, stamp, id, key.then_some([180, 360, 720][layer as usize]));
                    stage.input(Input::Rtp { from: EndpointId(1), packet });
                }
                Act::Padding { layer } => {
                    let seq = stage.next_seq(ssrc(1, layer));
                    let stamp = u32::from(pictures[layer as usize]) * 3000;
                    let packet = Packet { payload: bytes::Bytes::new(), ..picture(ssrc(1, layer), seq, stamp, 0, None) };
                    stage.input(Input::Rtp { from: EndpointId(1), packet });
                }
                Act::Want(height) => stage.want(2, wants(height)),
                Act::Bandwidth(bps) => stage.input(Input::Bandwidth { endpoint: EndpointId(2), bps }),
                Act::Path(active) => stage.input(Input::Path { endpoint: EndpointId(2), active }),
            }
            stage.input(Input::Tick);
        }
        for pair in stage.received_by(2).windows(2) {
            prop_assert_eq!(pair[1].seq, pair[0].seq.next());
            prop_assert!(pair[1].timestamp.wrapping_sub(pair[0].timestamp).cast_signed() > 0);
            let id = |p: &Packet| runde_rtp::vp8::Descriptor::parse(&p.payload).unwrap().0.picture_id.unwrap();
            prop_assert_eq!(id(pair[1]), id(pair[0]).plus(1));
        }
    }

    #[test]
    fn a_room_survives_any_input_in_any_order(inputs in vec(anything(), 1..200)) {
        let mut stage = Stage::with_guests(0);
        for input in inputs {
            stage.now += Duration::from_millis(7);
            stage.input(input);
        }
        let of_itself = |(to, notice): &(EndpointId, Notice)| matches!(notice, Notice::Connectivity { endpoint, .. } if endpoint == to);
        prop_assert!(!stage.told.iter().any(of_itself));
    }

    #[test]
    fn packets_out_of_order_each_come_out_once_under_their_own_number(order in Just((1u16..60).collect::<Vec<_>>()).prop_shuffle()) {
        let mut stage = Stage::with_guests(2);
        stage.want(2, wants(180));
        let make = |n: u16| picture(ssrc(1, 0), n, u32::from(n) * 3000, n, (n == 0).then_some(180));
        for n in std::iter::once(0).chain(order) {
            for _ in 0..2 {
                stage.input(Input::Rtp { from: EndpointId(1), packet: make(n) });
            }
        }
        let got = stage.received_by(2);
        let seqs: BTreeSet<u16> = got.iter().map(|packet| packet.seq.0).collect();
        prop_assert_eq!((got.len(), seqs.len()), (60, 60));
        let base = got[0].seq.0;
        prop_assert!(got.iter().all(|p| p.payload == make(p.seq.0.wrapping_sub(base)).payload));
    }

    #[test]
    fn what_is_sent_again_is_what_was_sent(missing in vec(0usize..40, 1..10)) {
        let mut stage = Stage::with_guests(2);
        stage.want(2, wants(180));
        stage.film(20, &[0, 1]);
        stage.want(2, wants(360));
        stage.film(30, &[0, 1]);
        let sent: Vec<Packet> = stage.received_by(2).into_iter().cloned().collect();
        for nth in missing {
            let lost = &sent[nth];
            stage.input(Input::Nacked { from: EndpointId(2), ssrc: ssrc(1, 0), seqs: vec![lost.seq] });
            let (_, again, kind) = stage.sent.last().unwrap();
            prop_assert_eq!(*kind, Kind::Rtx);
            prop_assert_eq!(rtx::decapsulate(again, lost.ssrc, 100), Some(lost.clone()));
        }
    }
}
