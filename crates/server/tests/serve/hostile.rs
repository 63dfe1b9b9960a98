//! Guests and strangers who send what nobody asked for: the others hear and see what they did before, and it is told once.

use std::time::Duration;

use bytes::Bytes;
use futures_util::SinkExt as _;
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{RngCore as _, SeedableRng as _};
use runde_rtp::{Packet, SeqNo, Ssrc};
use runde_transport::{Kind, TxTrack};
use tokio::net::UdpSocket;
use tokio::time::{interval, timeout};
use tokio_tungstenite::tungstenite::Message;

use crate::media::{OPUS, Peer, VP8, holes, meeting};
use crate::stage::{PATIENCE, open, until};

/// Streams of the wild guest that nobody announced, and the first of them.
const WILD: u32 = 900;
const FIRST: u32 = 0x00ff_0000;

/// Twenty packets of anything, from a guest with the right keys.
fn rave(peer: &mut Peer, random: &mut ChaCha8Rng) -> usize {
    let mut sent = 0;
    for _ in 0..20 {
        let mut bytes = vec![0; 200];
        random.fill_bytes(&mut bytes);
        let wild = Packet {
            payload_type: (random.next_u32() % 128) as u8,
            marker: random.next_u32().is_multiple_of(2),
            seq: SeqNo((random.next_u32() & 0xffff) as u16),
            timestamp: random.next_u32(),
            ssrc: Ssrc(FIRST + random.next_u32() % WILD),
            extensions: vec![((random.next_u32() % 255 + 1) as u8, Bytes::from(bytes.clone()))],
            payload: bytes.into(),
        };
        sent += usize::from(peer.driver.endpoint().send_rtp(std::time::Instant::now(), wild).is_ok());
    }
    sent
}

#[tokio::test]
async fn wild_packets_of_a_guest_and_of_a_stranger_leave_the_meeting_as_it_was() {
    let server = open();
    let [mut anna, mut bert, mut cleo] = Box::pin(meeting(&server, 1)).await;
    for number in 0..WILD {
        let (kind, payload_type) = if number.is_multiple_of(2) { (Kind::Audio, OPUS) } else { (Kind::Video, VP8) };
        let track = TxTrack { ssrc: Ssrc(FIRST + number), rtx: None, kind, payload_types: vec![payload_type] };
        cleo.driver.endpoint().declare_tx(&track).unwrap();
    }
    bert.watch(720).await;
    let stranger = UdpSocket::bind("127.0.0.1:0").await.unwrap();
    let mut random = ChaCha8Rng::seed_from_u64(11);
    let mut tick = interval(Duration::from_millis(20));
    let (mut raved, mut answer) = (0, [0; 2048]);
    let run = async {
        while bert.heard.sound.len() < 200 || bert.heard.pictures.len() < 150 || raved < 2_000 {
            tokio::select! {
                _ = tick.tick() => {
                    anna.send();
                    raved += rave(&mut cleo, &mut random);
                    for length in [0, 1, 12, 20, 100, 1_400] {
                        let mut bytes = vec![0; length];
                        random.fill_bytes(&mut bytes);
                        // Half of them look like RTP or RTCP.
                        if let [first, ..] = &mut bytes[..] && random.next_u32().is_multiple_of(2) {
                            *first = 0x80 | (*first & 0x3f);
                        }
                        stranger.send_to(&bytes, server.local_addr()).await.unwrap();
                    }
                }
                event = anna.driver.next() => anna.take(event.unwrap()),
                event = bert.driver.next() => bert.take(event.unwrap()),
                event = cleo.driver.next() => { event.unwrap(); }
            }
        }
    };
    timeout(2 * PATIENCE, run).await.unwrap();
    assert_eq!(holes(&bert.heard.sound), 0, "{:?}", bert.heard.sound);
    assert!(cleo.driver.endpoint().stats().sent_packets > 500, "{:?}", cleo.driver.endpoint().stats());
    assert!(stranger.try_recv_from(&mut answer).is_err(), "a stranger was answered");
    assert!(!bert.heard.closed);
}

#[tokio::test]
async fn a_guest_whose_streams_are_not_taken_is_told_to_the_host_once_and_by_no_name() {
    let server = open();
    let refused = server.refused();
    let [mut anna, ..] = Box::pin(meeting(&server, 1)).await;
    for round in 0..105u32 {
        let (ssrc, rtx) = (50_000 + 2 * round, 50_001 + 2 * round);
        // A microphone and a camera make three streams of the two hundred that a guest may use up.
        assert_eq!(*refused.borrow(), u64::from(round > 98), "round {round}");
        let source =
            |ssrc: u32| format!("<source xmlns='urn:xmpp:jingle:apps:rtp:ssma:0' ssrc='{ssrc}' name='aaaaaaaa-v1'/>");
        let group = format!(
            "<ssrc-group xmlns='urn:xmpp:jingle:apps:rtp:ssma:0' semantics='FID'><source ssrc='{ssrc}'/><source ssrc='{rtx}'/></ssrc-group>"
        );
        for action in ["source-add", "source-remove"] {
            let id = format!("{action}-{round}");
            let frame = format!(
                "<iq xmlns='jabber:client' type='set' id='{id}' to='runde@conference.127.0.0.1/focus'>\
                 <jingle xmlns='urn:xmpp:jingle:1' action='{action}' sid='{}'><content name='video'>\
                 <description xmlns='urn:xmpp:jingle:apps:rtp:1' media='video'>{}{}{group}</description></content></jingle></iq>",
                anna.sid,
                source(ssrc),
                source(rtx)
            );
            anna.guest.socket.send(Message::text(frame)).await.unwrap();
            let answer = until(&mut anna.guest.socket, &format!("id='{id}'")).await;
            assert!(answer.contains("type='result'"), "{answer}");
        }
    }
    assert_eq!(*refused.borrow(), 1);
}
