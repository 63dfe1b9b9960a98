//! What guests of a room live through.

use crate::stage::{Stage, audio_ssrc, picture, sources, ssrc, wants};
use bytes::Bytes;
use runde_rtp::vp8::Descriptor;
use runde_rtp::{Packet, SeqNo, Ssrc};
use runde_sfu::{EndpointId, Input, Kind, LayerSsrc, MediaKind, Notice, Source, VideoConstraints, VideoType};

#[test]
fn sound_is_forwarded_at_once_and_pictures_only_when_asked_for() {
    let mut stage = Stage::with_guests(2);
    stage.speak(1, 30);
    stage.film(10, &[0, 1, 2]);
    let got = stage.received_by(2);
    assert_eq!(got.len(), 1, "no constraints yet, so sound only");
    assert_eq!((got[0].ssrc, got[0].extension(1).is_some(), got[0].extension(10)), (audio_ssrc(1), true, None));
    stage.want(2, wants(180));
    stage.film(10, &[0, 1, 2]);
    assert_eq!(stage.lines_seen_by(2), Some(180));
}

#[test]
fn each_receiver_gets_the_size_it_asked_for_on_the_first_ssrc() {
    let mut stage = Stage::with_guests(3);
    stage.want(2, wants(180));
    stage.want(3, wants(720));
    stage.film(30, &[0, 1, 2]);
    assert_eq!((stage.lines_seen_by(2), stage.lines_seen_by(3)), (Some(180), Some(720)));
    assert!(stage.received_by(3).iter().all(|packet| packet.ssrc == ssrc(1, 0)));
}

#[test]
fn layer_switches_leave_no_gap_in_numbers_pictures_or_time() {
    let mut stage = Stage::with_guests(2);
    for height in [180, 720, 360, 720, 180] {
        stage.want(2, wants(height));
        stage.film(60, &[0, 1, 2]);
        assert_eq!(stage.lines_seen_by(2), Some(height as u16));
    }
    let got = stage.received_by(2);
    let id = |packet: &Packet| Descriptor::parse(&packet.payload).unwrap().0.picture_id.unwrap().value();
    for pair in got.windows(2) {
        assert_eq!(pair[1].seq, pair[0].seq.next());
        assert_eq!(id(pair[1]), id(pair[0]).wrapping_add(1));
        let step = pair[1].timestamp.wrapping_sub(pair[0].timestamp);
        assert!((900..9000).contains(&step), "{step}");
    }
}

#[test]
fn a_late_guest_makes_the_room_ask_for_a_key_frame_at_once() {
    let mut stage = Stage::with_guests(2);
    stage.want(2, wants(180));
    stage.film(30, &[0, 1, 2]);
    stage.join(3);
    stage.want(3, wants(180));
    assert_eq!(stage.asked, [(EndpointId(1), ssrc(1, 0))]);
    stage.film(2, &[0, 1, 2]);
    assert!(!stage.received_by(3).is_empty());
}

#[test]
fn a_key_frame_request_that_was_lost_is_repeated() {
    let mut stage = Stage::with_guests(2);
    stage.want(2, wants(180));
    let plain =
        |seq| Input::Rtp { from: EndpointId(1), packet: picture(ssrc(1, 0), seq, u32::from(seq) * 3000, seq, None) };
    stage.input(plain(1));
    assert_eq!(stage.asked.len(), 1);
    for seq in 2..12 {
        stage.pass(33);
        stage.input(plain(seq));
    }
    assert_eq!(stage.asked.len(), 2, "once more after a third of a second");
}

#[test]
fn a_storm_of_picture_loss_indications_costs_the_sender_one_key_frame_a_second() {
    let mut stage = Stage::with_guests(2);
    stage.want(2, wants(180));
    stage.film(5, &[0]);
    stage.asked.clear();
    for _ in 0..1000 {
        stage.input(Input::KeyFrameRequested { by: EndpointId(2), ssrc: ssrc(1, 0) });
        stage.now += std::time::Duration::from_millis(5);
    }
    assert!((3..=9).contains(&stage.asked.len()), "{} in five seconds", stage.asked.len());
}

#[test]
fn a_lost_packet_comes_again_on_the_retransmission_stream() {
    let mut stage = Stage::with_guests(2);
    stage.want(2, wants(180));
    stage.film(5, &[0]);
    let lost = (*stage.received_by(2)[2]).clone();
    stage.input(Input::Nacked { from: EndpointId(2), ssrc: ssrc(1, 0), seqs: vec![lost.seq] });
    let (to, again, kind) = stage.sent.last().unwrap().clone();
    assert_eq!((to, again.ssrc, again.payload_type, kind), (EndpointId(2), ssrc(1, 10), 96, Kind::Rtx));
    assert_eq!(runde_rtp::rtx::decapsulate(&again, lost.ssrc, 100), Some(lost));
}

#[test]
fn loss_on_the_senders_line_stays_a_hole_until_its_packet_comes() {
    let mut stage = Stage::with_guests(2);
    stage.want(2, wants(180));
    stage.film(3, &[0]);
    let missing = stage.next_seq(ssrc(1, 0));
    stage.film(3, &[0]);
    let seqs: Vec<u16> = stage.received_by(2).iter().map(|packet| packet.seq.0).collect();
    assert_eq!(seqs[3].wrapping_sub(seqs[2]), 2);
    let late = picture(ssrc(1, 0), missing, 3 * 3000 + 1, 3, None);
    stage.input(Input::Rtp { from: EndpointId(1), packet: late });
    assert_eq!(stage.received_by(2).last().unwrap().seq.0, seqs[2].wrapping_add(1));
}

#[test]
fn a_layer_that_its_sender_switched_off_is_replaced_by_the_next_lower() {
    let mut stage = Stage::with_guests(2);
    stage.want(2, wants(720));
    stage.film(30, &[0, 1, 2]);
    assert_eq!(stage.lines_seen_by(2), Some(720));
    stage.film(90, &[0, 1]);
    assert_eq!(stage.lines_seen_by(2), Some(360));
}

#[test]
fn a_thin_line_gets_the_small_picture_and_a_wide_one_the_large() {
    let mut stage = Stage::with_guests(2);
    stage.want(2, wants(720));
    stage.input(Input::Bandwidth { endpoint: EndpointId(2), bps: 20_000 });
    stage.film(60, &[0, 1, 2]);
    assert_eq!(stage.lines_seen_by(2), Some(180));
    stage.input(Input::Bandwidth { endpoint: EndpointId(2), bps: 5_000_000 });
    stage.film(60, &[0, 1, 2]);
    assert_eq!(stage.lines_seen_by(2), Some(720));
}

#[test]
fn a_receiver_whose_estimate_follows_what_it_is_sent_still_climbs_to_the_large_picture() {
    let mut stage = Stage::with_guests(2);
    stage.want(2, wants(720));
    let mut estimate = 100_000u64;
    for _ in 0..150 {
        // Like an estimator on a good line: a little more each time, but never far above what arrives.
        let arrives = stage.lines_seen_by(2).map_or(0, |lines| [48_000, 168_000, 348_000][usize::from(lines / 270)]);
        estimate = estimate.max((estimate * 102 / 100).min(arrives * 3 / 2 + 10_000));
        stage.input(Input::Bandwidth { endpoint: EndpointId(2), bps: estimate });
        stage.film(3, &[0, 1, 2]);
    }
    assert_eq!(stage.lines_seen_by(2), Some(720));
}

#[test]
fn a_line_that_does_not_take_more_goes_back_and_is_left_in_peace() {
    let mut stage = Stage::with_guests(2);
    stage.want(2, wants(720));
    stage.film(5, &[0, 1, 2]);
    stage.input(Input::Bandwidth { endpoint: EndpointId(2), bps: 200_000 });
    stage.film(600, &[0, 1, 2]);
    assert_eq!(stage.lines_seen_by(2), Some(360), "after the attempt in the first seconds");
    let size =
        |packet: &&Packet| runde_rtp::vp8::key_frame_size(&packet.payload).is_some_and(|(_, lines)| lines == 720);
    assert!((1..=3).contains(&stage.received_by(2).iter().filter(|packet| size(packet)).count()));
}

#[test]
fn last_n_zero_and_a_muted_camera_stop_the_pictures() {
    let mut stage = Stage::with_guests(2);
    stage.want(2, wants(180));
    stage.film(5, &[0]);
    stage.want(2, VideoConstraints { last_n: Some(0), ..VideoConstraints::default() });
    let so_far = stage.received_by(2).len();
    stage.film(5, &[0]);
    assert_eq!(stage.received_by(2).len(), so_far);
    stage.want(2, VideoConstraints { last_n: Some(-1), ..VideoConstraints::default() });
    stage.input(Input::VideoType { endpoint: EndpointId(1), source: "1-v0".into(), kind: VideoType::Off });
    stage.film(5, &[0]);
    assert_eq!(stage.received_by(2).len(), so_far);
    assert_eq!(stage.told(2).last(), Some(&&Notice::ForwardedSources(Vec::new())));
}

#[test]
fn senders_are_told_the_greatest_height_that_anybody_wants() {
    let mut stage = Stage::with_guests(3);
    let heights = |stage: &Stage| -> Vec<u32> {
        let of = |notice: &&Notice| {
            let Notice::SenderConstraints { source, max_height } = notice else { return None };
            (**source == *"1-v0").then_some(*max_height)
        };
        stage.told(1).iter().filter_map(of).collect()
    };
    stage.want(2, wants(180));
    stage.want(3, wants(720));
    stage.want(3, wants(90));
    stage.input(Input::EndpointLeft { id: EndpointId(2) });
    assert_eq!(heights(&stage), [0, 180, 720, 180, 90]);
}

#[test]
fn a_change_of_talker_is_told_to_all_within_a_second() {
    let mut stage = Stage::with_guests(3);
    let mut talk = |who: u32, ms: u64| {
        for _ in 0..ms / 20 {
            stage.pass(20);
            for guest in 1..=3 {
                stage.speak(guest, if guest == who { 25 } else { 127 });
            }
        }
        stage.told(3).iter().rev().find_map(|notice| {
            let Notice::DominantSpeaker { endpoint, .. } = notice else { return None };
            Some(*endpoint)
        })
    };
    assert_eq!(talk(1, 1000), Some(EndpointId(1)));
    assert_eq!(talk(2, 1000), Some(EndpointId(2)));
}

#[test]
fn a_guest_that_leaves_or_falls_silent_disturbs_nobody() {
    let mut stage = Stage::with_guests(4);
    for guest in 2..=4 {
        stage.want(guest, wants(180));
    }
    stage.film(10, &[0]);
    stage.input(Input::Path { endpoint: EndpointId(3), active: false });
    assert_eq!(stage.told(2).last(), Some(&&Notice::Connectivity { endpoint: EndpointId(3), active: false }));
    stage.input(Input::EndpointLeft { id: EndpointId(4) });
    let (kept, dead) = (stage.received_by(2).len(), stage.received_by(3).len());
    stage.film(10, &[0]);
    assert_eq!((stage.received_by(2).len() - kept, stage.received_by(3).len() - dead), (10, 0));
}

#[test]
fn a_source_that_comes_back_under_its_ssrc_goes_on_counting() {
    let mut stage = Stage::with_guests(2);
    stage.want(2, wants(180));
    stage.film(5, &[0]);
    let last = stage.received_by(2).last().unwrap().seq;
    stage.input(Input::SourcesDeclared { endpoint: EndpointId(1), sources: Vec::new() });
    stage.input(Input::SourcesDeclared { endpoint: EndpointId(1), sources: sources(1) });
    let before = stage.received_by(2).len();
    let key = picture(ssrc(1, 0), 777, 1, 1, Some(180));
    stage.input(Input::Rtp { from: EndpointId(1), packet: key });
    assert_eq!(stage.received_by(2)[before].seq, last.next(), "a number used twice would be a nonce used twice");
}

#[test]
fn nobody_can_take_or_fake_anothers_stream() {
    let mut stage = Stage::with_guests(2);
    stage.want(2, wants(180));
    stage.want(1, wants(180));
    let mut stolen = sources(1);
    stolen[0].name = "2-v0".into();
    stage.input(Input::SourcesDeclared { endpoint: EndpointId(2), sources: stolen });
    stage.input(Input::Rtp { from: EndpointId(2), packet: picture(ssrc(1, 0), 1, 1, 1, Some(180)) });
    assert!(stage.sent.is_empty());
    stage.film(3, &[0]);
    assert_eq!(stage.received_by(2).len(), 3, "its owner still can");
}

#[test]
fn foreign_payload_types_and_oversized_packets_go_nowhere() {
    let mut stage = Stage::with_guests(2);
    stage.want(2, wants(180));
    let key = picture(ssrc(1, 0), 1, 1, 1, Some(180));
    let giant = Packet { payload: Bytes::from(vec![0x10; 60_000]), ..key.clone() };
    for packet in [Packet { payload_type: 33, ..key.clone() }, giant, Packet { ssrc: Ssrc(4711), ..key.clone() }] {
        stage.input(Input::Rtp { from: EndpointId(1), packet });
    }
    assert!(stage.sent.is_empty());
}

#[test]
fn constraints_with_ten_thousand_names_are_cut() {
    let mut stage = Stage::with_guests(2);
    let names = |n: u32| -> std::sync::Arc<str> { format!("x{n}").into() };
    stage.want(
        2,
        VideoConstraints {
            selected: Some((0..10_000).map(names).collect()),
            per_source: Some((0..10_000).map(|n| (names(n), 720)).chain([("1-v0".into(), 0)]).collect()),
            default_max_height: Some(180),
            ..VideoConstraints::default()
        },
    );
    stage.film(5, &[0]);
    assert_eq!(stage.received_by(2).len(), 5, "the entry behind the limit was not read");
}

#[test]
fn a_sender_that_starts_again_from_a_wild_number_is_seen_again_without_a_gap() {
    let mut stage = Stage::with_guests(2);
    stage.want(2, wants(180));
    stage.film(5, &[0]);
    let last = stage.received_by(2).last().unwrap().seq;
    let wild = |seq: u16, key| Input::Rtp {
        from: EndpointId(1),
        packet: picture(ssrc(1, 0), seq, 99, seq, if key { Some(180) } else { None }),
    };
    let start = 20_000u16;
    for seq in start..start + 3 {
        stage.input(wild(seq, false));
    }
    assert_eq!(stage.received_by(2).len(), 5);
    stage.pass(400);
    assert!(!stage.asked.is_empty(), "a key frame is asked for");
    stage.input(wild(start + 3, true));
    assert_eq!(stage.received_by(2).last().unwrap().seq, last.next());
    assert_ne!(last.next(), SeqNo(start + 3));
}

#[test]
fn a_sender_that_claims_another_size_with_each_key_frame_buys_no_work_before_the_next_tick() {
    let mut stage = Stage::with_guests(2);
    stage.want(2, wants(360));
    stage.film(10, &[0, 1, 2]);
    assert_eq!(stage.lines_seen_by(2), Some(360));
    stage.pass(1_000);
    stage.asked.clear();
    for nth in 0..100u16 {
        let seq = stage.next_seq(ssrc(1, 1));
        let packet = picture(ssrc(1, 1), seq, 1_100_000 + u32::from(nth), nth, Some(700 + nth));
        stage.input(Input::Rtp { from: EndpointId(1), packet });
    }
    assert!(stage.asked.is_empty(), "a layer was chosen anew for a packet: {:?}", stage.asked);
    stage.pass(100);
    assert_eq!(stage.asked, [(EndpointId(1), ssrc(1, 0))], "too large now, so the lower layer is wanted");
}

#[test]
fn an_endpoint_that_keeps_changing_its_ssrcs_is_refused_after_two_hundred_and_keeps_what_it_has() {
    let mut stage = Stage::with_guests(2);
    stage.want(2, wants(180));
    let screen = |nth: u32| Source {
        name: "1-v1".into(),
        kind: MediaKind::Video,
        layers: vec![LayerSsrc { ssrc: Ssrc(10_000 + 2 * nth), rtx: Some(Ssrc(10_001 + 2 * nth)) }],
    };
    let declare = |nth| [sources(1), vec![screen(nth)]].concat();
    // Seven SSRCs of camera and microphone, so 96 screens more.
    for nth in 0..96 {
        stage.input(Input::SourcesDeclared { endpoint: EndpointId(1), sources: declare(nth) });
    }
    assert_eq!(stage.room.refused_sources(EndpointId(1)), 0);
    stage.input(Input::SourcesDeclared { endpoint: EndpointId(1), sources: declare(96) });
    assert_eq!(stage.room.refused_sources(EndpointId(1)), 1);
    let key = |nth: u32| picture(Ssrc(10_000 + 2 * nth), 1, 1, 1, Some(180));
    stage.input(Input::Rtp { from: EndpointId(1), packet: key(96) });
    assert!(stage.sent.is_empty());
    // What it has used before it may use again, and its camera goes on.
    stage.input(Input::SourcesDeclared { endpoint: EndpointId(1), sources: declare(3) });
    stage.input(Input::Rtp { from: EndpointId(1), packet: key(3) });
    stage.film(3, &[0]);
    let ssrcs: Vec<Ssrc> = stage.received_by(2).iter().map(|packet| packet.ssrc).collect();
    assert_eq!(ssrcs, [Ssrc(10_006), ssrc(1, 0), ssrc(1, 0), ssrc(1, 0)]);
    // Nobody else is any worse off.
    stage.join(3);
    assert_eq!(stage.room.refused_sources(EndpointId(3)), 0);
}

#[test]
fn sources_with_too_many_layers_and_too_many_sources_are_refused_and_counted() {
    let mut stage = Stage::with_guests(2);
    stage.want(2, wants(180));
    let layers =
        |from: u32, count: u32| (from..from + count).map(|ssrc| LayerSsrc { ssrc: Ssrc(ssrc), rtx: None }).collect();
    let screen = |nth: u32, count: u32| Source {
        name: format!("1-v{nth}").into(),
        kind: MediaKind::Video,
        layers: layers(20_000 + 10 * nth, count),
    };
    stage.input(Input::SourcesDeclared { endpoint: EndpointId(1), sources: [sources(1), vec![screen(1, 4)]].concat() });
    assert_eq!(stage.room.refused_sources(EndpointId(1)), 1, "four layers");
    let many = (1..=10_000).map(|nth| screen(nth, 1)).collect();
    stage.input(Input::SourcesDeclared { endpoint: EndpointId(1), sources: [sources(1), many].concat() });
    assert_eq!(stage.room.refused_sources(EndpointId(1)), 1 + 10_000 - 6, "eight sources are taken");
    // What the endpoint had goes on.
    stage.film(3, &[0]);
    assert_eq!(stage.received_by(2).len(), 3);
}
