//! The driver over real UDP on loopback.
#![allow(clippy::unwrap_used)]

mod common;

use std::time::{Duration, Instant};

use common::*;
use runde_transport::socket::Socket;
use runde_transport::{Candidate, Config, Credentials, Driver, Endpoint, Event, Identity, Remote, Setup};

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

/// Sends 200 packets once connected and returns how many of the other side's 200 came.
async fn converse(mut driver: Driver, ours: runde_rtp::Ssrc, theirs: runde_rtp::Ssrc) -> usize {
    let (mut sent, mut received) = (None, 0);
    let mut tick = tokio::time::interval(Duration::from_millis(10));
    while received < 200 || sent.is_none_or(|sent| sent < 200) {
        tokio::select! {
            event = driver.next() => match event.unwrap() {
                // The other side may need one flight more until it has its keys too.
                Event::Connected { .. } => {
                    tick.reset_after(Duration::from_millis(500));
                    sent = Some(0);
                }
                Event::Rtp(packet, _) if packet.ssrc == theirs => received += 1,
                Event::Closed(reason) => panic!("{reason:?}"),
                Event::Rtp(..) | Event::KeyFrameRequested { .. } | Event::Nacked { .. } => {}
                Event::Bandwidth { .. } | Event::RoundTrip(_) | Event::PathChanged => {}
            },
            _ = tick.tick(), if sent.is_some_and(|sent| sent < 200) => {
                let seq = sent.unwrap();
                driver.endpoint().send_rtp(Instant::now(), packet(ours, seq, 900)).unwrap();
                sent = Some(seq + 1);
            }
        }
    }
    // What is still owed to the other side leaves before the socket closes.
    let _ = tokio::time::timeout(Duration::from_millis(300), async {
        loop {
            driver.next().await.unwrap();
        }
    })
    .await;
    received
}

#[tokio::test]
async fn two_drivers_connect_over_loopback_and_exchange_pictures_both_ways() {
    let (guest, host) = drivers();
    let host = tokio::spawn(converse(host, FROM_HOST, VIDEO));
    let guest = tokio::spawn(converse(guest, VIDEO, FROM_HOST));
    let both = async { (guest.await.unwrap(), host.await.unwrap()) };
    assert_eq!(tokio::time::timeout(Duration::from_secs(20), both).await.unwrap(), (200, 200));
}
