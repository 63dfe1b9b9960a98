//! A guest whose client understands source maps, beside one whose client does not.

use std::collections::BTreeMap;
use std::time::Duration;

use futures_util::StreamExt as _;
use runde_rtp::Ssrc;
use runde_signalling::bridge::{FromBridge, MappedSource};
use runde_signalling::ns;
use runde_transport::{Event, Kind, RxTrack};
use tokio::time::{interval, timeout};
use tokio_tungstenite::tungstenite::Message;

use crate::media::{OPUS, Peer, VP8};
use crate::stage::{Guest, PATIENCE, open, until};

const ABLE: [&str; 4] = [ns::RTP_AUDIO, ns::RTP_VIDEO, ns::RTX, ns::SSRC_REWRITING];

/// Expects what a map names, and remembers whose it is.
fn follow(peer: &mut Peer, message: &Message, names: &mut BTreeMap<u32, String>) {
    let Ok(text) = message.to_text() else { return };
    let message = FromBridge::parse(text);
    let (kind, pt, sources) = if let Ok(Some(FromBridge::AudioSourcesMap(sources))) = message {
        (Kind::Audio, OPUS, sources)
    } else if let Ok(Some(FromBridge::VideoSourcesMap(sources))) = message {
        (Kind::Video, VP8, sources)
    } else {
        return;
    };
    for MappedSource { ssrc, rtx, source, .. } in sources {
        let track = RxTrack { ssrc: Ssrc(ssrc), rtx: rtx.map(Ssrc), kind, payload_types: vec![pt] };
        if names.insert(ssrc, source).is_none() {
            peer.driver.endpoint().declare_rx(&track).unwrap();
        }
    }
}

#[tokio::test]
async fn who_understands_maps_is_sent_on_ssrcs_of_its_own_and_who_does_not_on_the_originals() {
    let server = open();
    let anna = Guest::enter(&server, "aaaaaaaa").await;
    let bert = Guest::enter(&server, "bbbbbbbb").await;
    let mut anna = Box::pin(Peer::accept(anna, 1000, 1, &[2000])).await;
    let mut bert = Box::pin(Peer::accept(bert, 2000, 1, &[1000])).await;
    until(&mut bert.guest.socket, "result").await;
    let cleo = Guest::enter_able(&server, "runde", "cccccccc", "cccccccc", &ABLE).await;
    let mut cleo = Box::pin(Peer::accept(cleo, 3000, 1, &[])).await;
    assert!(bert.offer.contains("session-initiate") && !cleo.offer.contains("aaaaaaaa"), "{}", cleo.offer);
    let all = async { tokio::join!(anna.connected(), bert.connected(), cleo.connected()) };
    timeout(PATIENCE, all).await.expect("all connect");
    bert.watch(180).await;
    cleo.watch(180).await;

    let mut tick = interval(Duration::from_millis(20));
    let (mut names, mut came) = (BTreeMap::<u32, String>::new(), BTreeMap::<String, u32>::new());
    let mut originals = 0;
    let run = async {
        while came.len() < 2 || came.values().any(|count| *count < 20) || originals < 40 {
            tokio::select! {
                _ = tick.tick() => anna.send(),
                event = anna.driver.next() => anna.take(event.unwrap()),
                event = bert.driver.next() => if let Event::Rtp(packet, _) = event.unwrap() {
                    assert!([1000, 1050].contains(&packet.ssrc.0));
                    originals += 1;
                },
                event = cleo.driver.next() => if let Event::Rtp(packet, _) = event.unwrap() {
                    *came.entry(names[&packet.ssrc.0].clone()).or_default() += 1;
                },
                message = cleo.channel.next() => follow(&mut cleo, &message.unwrap().unwrap(), &mut names),
            }
        }
    };
    timeout(PATIENCE, run).await.expect("both are sent everything");
    assert_eq!(came.into_keys().collect::<Vec<_>>(), ["aaaaaaaa-a0", "aaaaaaaa-v0"]);
    assert!(!names.keys().any(|ssrc| (1000..4000).contains(ssrc)), "{names:?}");
}
