//! Peers that keep to no rule, and the traps of the SCTP library (docs/transport.md).

use super::*;

#[test]
fn trap_11_causes_whose_lengths_do_not_agree_are_dropped_before_they_are_parsed() {
    for kind in [6, 9] {
        for cause in [[0, 12, 0, 200], [0, 12, 0, 0], [0, 12, 0, 3]] {
            let (mut link, id) = opened();
            let packet = link.forge(CLIENT, id, &[&[kind, 0, 0, 8][..], &cause].concat());
            link.sides[SERVER].handle(link.now, packet);
            link.send(SERVER, id, &text("still here"));
            link.until(5000, |link| link.messages(CLIENT).len() == 1);
            assert!(!link.saw(SERVER, &ChannelEvent::Lost), "chunk {kind} with cause {cause:?}");
        }
    }
}

#[test]
fn trap_11_a_control_message_of_one_zero_resets_its_stream_and_nothing_else() {
    let (mut link, id) = opened();
    // DATA, whole, stream 0, DCEP, one zero byte, in the place of the next message.
    link.send(CLIENT, id, &text("0"));
    let mut packet = link.catch(CLIENT, 0).to_vec();
    packet[12 + 12..12 + 16].copy_from_slice(&50u32.to_be_bytes());
    packet[12 + 16] = 0;
    link.sides[SERVER].handle(link.now, sealed(packet));
    link.until(6000, |link| link.saw(SERVER, &ChannelEvent::Closed { id }));
    assert!(!link.saw(SERVER, &ChannelEvent::Lost));
    link.open(SERVER);
}

#[test]
fn trap_11_a_forward_tsn_moves_by_at_most_65536() {
    let (mut link, id) = opened();
    link.send(CLIENT, id, &text("first"));
    let packet = link.catch(CLIENT, 0);
    let tsn = u32::from_be_bytes(packet[16..20].try_into().unwrap());
    let far = tsn.wrapping_add(0x7000_0000).to_be_bytes();
    let forward = sealed([&packet[..12], &[192, 0, 0, 8], &far].concat());
    let began = Instant::now();
    link.sides[SERVER].handle(link.now, forward);
    assert!(began.elapsed() < Duration::from_millis(500), "{:?}", began.elapsed());
    link.sides[SERVER].handle(link.now, packet);
    link.until(5000, |link| link.messages(SERVER).len() == 1);
}

/// Feeds the server fragments of a message that never ends, on `streams` streams in turn.
fn endless(streams: u16) -> usize {
    const PIECE: usize = 1100;
    let (mut link, id) = opened();
    link.send(CLIENT, id, &bytes(2000));
    let model = link.catch(CLIENT, 0);
    let tsn = u32::from_be_bytes(model[16..20].try_into().unwrap());
    let mut piece = model[..28].to_vec();
    piece.resize(28 + PIECE, 7);
    piece[14..16].copy_from_slice(&(16 + PIECE as u16).to_be_bytes());
    for count in 0..100_000u32 {
        piece[13] = if count < u32::from(streams) { 2 } else { 0 };
        piece[16..20].copy_from_slice(&tsn.wrapping_add(count).to_be_bytes());
        piece[20..22].copy_from_slice(&((count % u32::from(streams)) as u16).to_be_bytes());
        link.sides[SERVER].handle(link.now, sealed(piece.clone()));
        link.drain();
        if link.saw(SERVER, &ChannelEvent::Lost) {
            return count as usize * PIECE;
        }
    }
    panic!("it took everything");
}

#[test]
fn trap_11_a_message_without_end_is_cut_off_at_a_window_and_a_half() {
    let taken = endless(1);
    assert!((vet::MAX_PENDING - 2200..=vet::MAX_PENDING).contains(&taken), "{taken}");
}

#[test]
fn trap_11_messages_without_end_on_many_streams_are_cut_off_too() {
    let taken = endless(16);
    assert!(taken <= vet::MAX_PENDING_IN_ALL, "{taken}");
}

#[test]
fn trap_11_a_panic_of_the_library_costs_the_channels_and_nothing_else() {
    let (mut link, id) = opened();
    let now = link.now;
    let quiet = std::panic::take_hook();
    std::panic::set_hook(Box::new(|_| {}));
    link.sides[SERVER].guarded(now, |_| panic!("as the library would"));
    std::panic::set_hook(quiet);
    link.drain();
    assert!(link.saw(SERVER, &ChannelEvent::Lost));
    assert_eq!(link.sides[SERVER].send(now, id, &text("x")), Err(TransportError::ChannelNotOpen));
    assert_eq!(link.sides[SERVER].open(now, "x", ""), Err(TransportError::NoChannels));
    assert_eq!(link.sides[SERVER].poll_timeout(), None);
}

/// The receive window in the newest acknowledgement the server sent, bytes.
fn told_window(link: &mut Link) -> Option<u32> {
    link.drain();
    let sacks = link.flying.iter().filter(|(_, to, packet)| *to == CLIENT && packet[12] == 3);
    sacks.map(|(_, _, packet)| u32::from_be_bytes(packet[20..24].try_into().unwrap())).next_back()
}

#[test]
fn trap_12_a_window_that_was_closed_opens_with_what_fills_its_gap() {
    const MESSAGES: u16 = 950;
    let (mut link, id) = opened();
    link.send(CLIENT, id, &bytes(1100));
    let first = link.catch(CLIENT, 0);
    let number = |at: usize| u32::from_be_bytes(first[at..at + 4].try_into().unwrap());
    let (tsn, ssn) = (number(16), (number(20) & 0xffff) as u16);
    // Everything behind a gap waits in the window.
    let mut packet = first.to_vec();
    for later in 1..MESSAGES {
        packet[16..20].copy_from_slice(&tsn.wrapping_add(later.into()).to_be_bytes());
        packet[22..24].copy_from_slice(&ssn.wrapping_add(later).to_be_bytes());
        link.sides[SERVER].handle(link.now, sealed(packet.clone()));
    }
    assert!(told_window(&mut link).unwrap() < 10_000, "the window is as good as closed");
    link.flying.clear();
    // It asks to be acknowledged at once (RFC 7053), and nothing is acknowledged again.
    let mut last = first.to_vec();
    last[13] |= 0b1000;
    link.sides[SERVER].handle(link.now, sealed(last));
    assert!(told_window(&mut link).is_some_and(|window| window > 1_000_000), "told with what filled the gap");
    assert_eq!(link.messages(SERVER).len(), usize::from(MESSAGES));
}

#[test]
fn trap_12_a_close_while_the_peer_goes_on_sending_is_closed_after_five_seconds() {
    let (mut link, id) = opened();
    let now = link.now;
    link.sides[CLIENT].close(now, id);
    // Whatever would complete the close is lost: RE-CONFIG in either direction.
    let spent = link.until(6000, |link| {
        link.drain();
        link.flying.retain(|(_, _, packet)| packet[12] != 130);
        link.saw(CLIENT, &ChannelEvent::Closed { id })
    });
    assert!((4990..=5010).contains(&spent), "{spent}");
    assert!(!link.saw(CLIENT, &ChannelEvent::Lost));
    link.open(CLIENT);
}

#[test]
fn trap_12_unfinished_closes_are_counted() {
    let (mut link, _) = opened();
    for round in 0..=MAX_UNFINISHED {
        assert!(!link.saw(CLIENT, &ChannelEvent::Lost), "{round}");
        let id = link.open(CLIENT);
        let now = link.now;
        link.sides[CLIENT].close(now, id);
        link.until(6000, |link| {
            link.drain();
            link.flying.retain(|(_, _, packet)| packet[12] != 130);
            link.saw(CLIENT, &ChannelEvent::Closed { id })
        });
    }
    link.run(1);
    assert!(link.saw(CLIENT, &ChannelEvent::Lost));
}

#[test]
fn trap_12_of_repeated_inits_four_associations_are_kept_and_one_of_them_stands() {
    let mut link = link();
    let id = link.sides[CLIENT].open(link.now, LABEL, PROTOCOL).unwrap();
    let init = link.catch(CLIENT, 1);
    for _ in 0..20 {
        link.sides[SERVER].handle(link.now, init.clone());
        assert!(link.sides[SERVER].lines.as_ref().unwrap().half_open() <= lines::MAX_HALF_OPEN);
    }
    link.drain();
    link.flying.clear();
    link.until(20_000, |link| link.saw_open(SERVER, id));
    assert_eq!(link.sides[SERVER].lines.as_ref().unwrap().half_open(), 0);
}

#[test]
fn answers_to_an_init_and_to_its_repetition_do_not_disturb_each_other() {
    let mut link = link();
    let id = link.sides[CLIENT].open(link.now, LABEL, PROTOCOL).unwrap();
    let init = link.catch(CLIENT, 1);
    (0..2).for_each(|_| link.sides[SERVER].handle(link.now, init.clone()));
    let spent = link.until(20_000, |link| link.saw_open(CLIENT, id));
    assert!(spent < 100, "{spent} ms");
}

#[test]
fn an_init_ack_of_another_association_does_not_reach_the_library() {
    let mut link = link();
    let init_ack = link.catch(SERVER, 2);
    let mut other = init_ack.to_vec();
    other[28] ^= 1;
    let client = &mut link.sides[CLIENT].vet;
    assert_eq!(client.look(&init_ack, false), Verdict::Pass);
    assert_eq!(client.look(&other, false), Verdict::Drop, "its first number would mislead what limits the steps");
    assert_eq!(client.look(&init_ack, false), Verdict::Pass);
}

#[test]
fn trap_12_nothing_is_sent_that_the_other_side_does_not_take() {
    for (said, limit) in [(None, 64 * 1024), (Some(1000), 1000), (Some(0), MAX_UNSENT), (Some(u32::MAX), MAX_UNSENT)] {
        let sides = [Channels::new(DtlsRole::Client, said), Channels::new(DtlsRole::Server, None)];
        let mut link = Link::of(sides);
        let id = link.open(CLIENT);
        link.run(500);
        let too_much = bytes(limit + 1);
        assert_eq!(link.sides[CLIENT].send(link.now, id, &too_much), Err(TransportError::MessageTooLarge { limit }));
        link.send(CLIENT, id, &bytes(limit));
    }
}

#[test]
fn a_message_larger_than_we_take_closes_its_channel() {
    let sides = [Channels::new(DtlsRole::Client, Some(0)), Channels::new(DtlsRole::Server, None)];
    let mut link = Link::of(sides);
    let id = link.open(CLIENT);
    link.send(CLIENT, id, &bytes(MAX_RECEIVED + 1));
    link.until(10_000, |link| link.saw(SERVER, &ChannelEvent::Closed { id }));
    assert!(link.messages(SERVER).is_empty() && !link.saw(SERVER, &ChannelEvent::Lost));
}

#[test]
fn a_peer_gets_sixteen_channels_with_short_names() {
    let mut link = link();
    for count in 0..MAX_CHANNELS {
        link.sides[CLIENT].open(link.now, &count.to_string(), "").unwrap();
    }
    let limit = MAX_CHANNELS;
    assert_eq!(link.sides[CLIENT].open(link.now, "x", ""), Err(TransportError::TooManyChannels { limit }));
    assert!(link.sides[SERVER].open(link.now, &"x".repeat(MAX_NAME + 1), "").is_err());
    link.run(500);
    let open = link.events[SERVER].iter().filter(|event| matches!(event, ChannelEvent::Opened { .. })).count();
    assert_eq!(open, MAX_CHANNELS);
}

#[test]
fn streams_that_nobody_opened_are_reset_and_after_sixteen_the_peer_is_not_believed() {
    let (mut link, id) = opened();
    link.send(CLIENT, id, &text("model"));
    let mut packet = link.catch(CLIENT, 0).to_vec();
    let tsn = u32::from_be_bytes(packet[16..20].try_into().unwrap());
    for stream in 0..40u16 {
        packet[16..20].copy_from_slice(&tsn.wrapping_add(stream.into()).to_be_bytes());
        packet[20..22].copy_from_slice(&(100 + 2 * stream).to_be_bytes());
        packet[22..24].fill(0);
        link.sides[SERVER].handle(link.now, sealed(packet.clone()));
        link.drain();
        assert_eq!(link.saw(SERVER, &ChannelEvent::Lost), usize::from(stream) >= MAX_REFUSED, "{stream}");
    }
}

#[test]
fn damaged_packets_end_an_association_at_worst() {
    for seed in 1..60u64 {
        let (mut link, id) = opened();
        link.random = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15);
        for _ in 0..40 {
            let _ = link.sides[CLIENT].send(link.now, id, &bytes(600));
            link.drain();
            let Some((_, to, packet)) = link.flying.pop_front() else { break };
            let mut damaged = packet.to_vec();
            for _ in 0..3 {
                link.is_lost();
                let at = 12 + (link.random >> 20) as usize % (damaged.len() - 12);
                damaged[at] = (link.random >> 40) as u8;
            }
            if link.random & 1 == 0 {
                damaged.truncate(12 + (link.random >> 30) as usize % (damaged.len() - 12));
            }
            let began = Instant::now();
            link.sides[to].handle(link.now, sealed(damaged));
            assert!(began.elapsed() < Duration::from_secs(1), "a packet held us up");
            link.step();
        }
    }
}
