//! The driver over real UDP on loopback.
#![allow(clippy::unwrap_used)]

mod common;

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use common::*;
use runde_rtp::{SeqNo, Ssrc, rtx};
use runde_transport::socket::Socket;
use runde_transport::{Candidate, Config, Credentials, Driver, Endpoint, Event, Identity, Remote, Setup};

/// Packets of each side that must arrive.
const COUNT: u16 = 200;
/// Two seconds where nothing else runs.
const LIMIT: Duration = Duration::from_secs(60);

fn drivers() -> (Driver, Driver) {
    let identities = [Identity::generate().unwrap(), Identity::generate().unwrap()];
    let sockets = [0, 1].map(|_| Socket::bind("127.0.0.1:0".parse().unwrap()).unwrap());
    let address = |side: usize| sockets[side].local_addr().unwrap();
    let credentials = |side: usize| Credentials::generate(&identities[side]).unwrap();
    let now = Instant::now();
    let guest = Config::guest(credentials(0), address(0), extensions());
    let host = Config::host(credentials(1), address(1), extensions());
    let remote = |of: &Config, side: usize, setup| Remote {
        credentials: of.local.clone(),
        fingerprint: identities[side].fingerprint().clone(),
        setup,
        candidates: vec![Candidate::host(of.address)],
    };
    let mut endpoints = [
        Endpoint::new(now, &identities[0], guest.clone()).unwrap(),
        Endpoint::new(now, &identities[1], host.clone()).unwrap(),
    ];
    endpoints[0].set_remote(now, &remote(&host, 1, Setup::ActPass)).unwrap();
    endpoints[1].set_remote(now, &remote(&guest, 0, Setup::Active)).unwrap();
    endpoints[0].declare_tx(&tx_video(VIDEO, Some(VIDEO_RTX))).unwrap();
    endpoints[1].declare_rx(&rx_video(VIDEO, Some(VIDEO_RTX))).unwrap();
    endpoints[1].declare_tx(&tx_video(FROM_HOST, Some(FROM_HOST_RTX))).unwrap();
    endpoints[0].declare_rx(&rx_video(FROM_HOST, Some(FROM_HOST_RTX))).unwrap();
    let [guest, host] = endpoints;
    let [guest_socket, host_socket] = sockets;
    (Driver::new(guest_socket, guest).unwrap(), Driver::new(host_socket, host).unwrap())
}

/// How far the two sides are together: only the slower one says when to go on.
#[derive(Default)]
struct Progress {
    connected: AtomicUsize,
    done: AtomicUsize,
}

/// Sends once both are connected, answers losses as a room would, and returns how many of the other side's first 200
/// packets came. Goes on until both have all: what is lost last is noticed by what follows.
async fn converse(mut driver: Driver, ours: Ssrc, theirs: Ssrc, progress: Arc<Progress>) -> usize {
    let (mut sent, mut rtx_seq, mut received) = (0, SeqNo(0), BTreeSet::new());
    let both = |count: &AtomicUsize| count.load(Ordering::Relaxed) == 2;
    let mut tick = tokio::time::interval(Duration::from_millis(10));
    while !both(&progress.done) {
        tokio::select! {
            event = driver.next() => match event.unwrap() {
                Event::Connected { .. } => {
                    progress.connected.fetch_add(1, Ordering::Relaxed);
                }
                Event::Rtp(packet, _) if packet.ssrc == theirs && packet.seq.0 < COUNT => {
                    assert!(received.insert(packet.seq.0), "{} came twice", packet.seq.0);
                    progress.done.fetch_add(usize::from(received.len() == usize::from(COUNT)), Ordering::Relaxed);
                }
                Event::Nacked { seqs, .. } => {
                    for seq in seqs {
                        rtx_seq = rtx_seq.next();
                        let again = rtx::encapsulate(&packet(ours, seq.0, 900), FROM_HOST_RTX, 96, rtx_seq);
                        driver.endpoint().send_rtp(Instant::now(), again).unwrap();
                    }
                }
                Event::Closed(reason) => panic!("{reason:?}"),
                Event::Rtp(..) | Event::KeyFrameRequested { .. } => {}
                Event::Bandwidth { .. } | Event::RoundTrip(_) | Event::PathChanged | Event::Unannounced { .. } | Event::Channel(_) => {}
            },
            _ = tick.tick(), if both(&progress.connected) => {
                driver.endpoint().send_rtp(Instant::now(), packet(ours, sent, 900)).unwrap();
                sent = sent.wrapping_add(1);
            }
        }
    }
    received.len()
}

#[tokio::test]
async fn two_drivers_connect_over_loopback_and_exchange_pictures_both_ways() {
    let (guest, host) = drivers();
    let progress = Arc::new(Progress::default());
    let host = tokio::spawn(converse(host, FROM_HOST, VIDEO, progress.clone()));
    let guest = tokio::spawn(converse(guest, VIDEO, FROM_HOST, progress));
    let both = async { (guest.await.unwrap(), host.await.unwrap()) };
    assert_eq!(tokio::time::timeout(LIMIT, both).await.unwrap(), (usize::from(COUNT), usize::from(COUNT)));
}
