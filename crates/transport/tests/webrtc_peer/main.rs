//! Our endpoint against an independent one: the browser-style peer connection of the `webrtc` crate, over real UDP.
//!
//! Both DTLS roles, both kinds of SRTP; pictures both ways while five datagrams in a hundred are lost, key-frame
//! requests both ways, and a data channel opened by each. That crate speaks SDP only, so `sdp` writes and reads the few
//! lines it needs.
#![allow(clippy::unwrap_used)]

mod browser;
#[path = "../common/mod.rs"]
mod common;
mod ours;
mod sdp;

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use browser::Browser;
use ours::Ours;
use rtc::peer_connection::transport::RTCDtlsRole;
use runde_transport::{Config, Profile};

/// Pictures in a row, from the first that came, that each side must have. What was sent before the other side had its
/// keys is gone, and nobody can know of it.
pub const WANTED: u16 = 300;

pub fn are_all_there(pictures: &BTreeSet<u16>) -> bool {
    pictures.first().is_some_and(|first| (*first..first + WANTED).all(|seq| pictures.contains(&seq)))
}
/// Three seconds where nothing else runs.
const LIMIT: Duration = Duration::from_secs(120);

/// `theirs` is the other side's DTLS role; ours is the other one.
async fn converse(config: Config, theirs: RTCDtlsRole, counter_mode: bool) -> Profile {
    let (browser, mut ours) = (Box::pin(Browser::new(theirs, counter_mode)).await, Ours::new(config));
    let answer = browser.answer(sdp::offer(&ours.config, &ours.identity)).await;
    ours.accept(&sdp::remote(&answer));
    browser.send_pictures();
    let began = Instant::now();
    while !(browser.has_all() && ours.has_all()) {
        assert!(began.elapsed() < LIMIT, "{} and {ours:?}", browser.progress());
        ours.turn();
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    assert!(ours.repaired() > 0, "something was lost and came again");
    browser.close().await;
    ours.profile.unwrap()
}

fn host() -> Config {
    ours::config(Config::host)
}

fn guest() -> Config {
    ours::config(Config::guest)
}

#[tokio::test]
async fn as_dtls_server_our_host_talks_to_an_independent_guest() {
    assert_eq!(Box::pin(converse(host(), RTCDtlsRole::Client, false)).await, Profile::Aes128Gcm);
}

#[tokio::test]
async fn as_dtls_client_our_guest_talks_to_an_independent_host() {
    assert_eq!(Box::pin(converse(guest(), RTCDtlsRole::Server, false)).await, Profile::Aes128Gcm);
}

#[tokio::test]
async fn a_peer_without_gcm_gets_counter_mode_in_both_roles() {
    assert_eq!(Box::pin(converse(host(), RTCDtlsRole::Client, true)).await, Profile::Aes128CmSha1);
    assert_eq!(Box::pin(converse(guest(), RTCDtlsRole::Server, true)).await, Profile::Aes128CmSha1);
}
