//! Whole meetings in one process: guests of this crate in a room of the embedded server, over loopback.
#![allow(clippy::unwrap_used)] // a test that cannot go on has failed

mod common;

use std::time::{Duration, Instant};

use common::{PATIENCE, gate, serve, serve_for_ever};
use runde_client::devices::pattern;
use runde_client::wire::WireError;
use runde_client::{
    AudioIn, Change, Command, Connection, JoinOptions, LeftReason, MediaKind, Meeting, MeetingEvent, MeetingHandle,
    RoomLink, SourceStats, VideoIn,
};
use runde_privacy::{Lang, Notice, Target};
use runde_server::{ServeOptions, Server, Tls};
use tokio::time::timeout;

/// The level of the synthetic tone in dB below overload.
const TONE_LEVEL: f32 = -20.0;

fn join(link: &str, name: &str, with_media: bool) -> MeetingHandle {
    let link = RoomLink::parse(link, "meet.jit.si").unwrap();
    let target = Target::new(&link.host, link.rn.as_deref()).unwrap();
    let permit = gate().contact(&target).unwrap();
    let mut options = JoinOptions::new(link, name);
    if with_media {
        (options.audio_in, options.microphone) = (AudioIn::Tone, true);
        (options.video_in, options.camera) = (VideoIn::Pattern, true);
    }
    Meeting::spawn(permit, options).unwrap()
}

/// Reads news until one is wanted.
async fn until<T>(meeting: &mut MeetingHandle, mut wanted: impl FnMut(&MeetingEvent) -> Option<T>) -> T {
    let search = async {
        loop {
            let event = meeting.next_event().await.expect("the meeting is over");
            if let Some(found) = wanted(&event) {
                return found;
            }
        }
    };
    timeout(PATIENCE, search).await.expect("it never happened")
}

/// How long a guest tries to resume (the server's word, 60 s) and then to come anew.
const RESUMING: Duration = Duration::from_secs(120);

async fn joined(meeting: &mut MeetingHandle) -> String {
    let joined = until(meeting, |event| {
        let MeetingEvent::Joined { endpoint, .. } = event else { return left(event).map(Err) };
        Some(Ok(endpoint.clone()))
    });
    joined.await.expect("it did not join")
}

fn left(event: &MeetingEvent) -> Option<LeftReason> {
    let MeetingEvent::Left { reason } = event else { return None };
    Some(reason.clone())
}

/// The figures of somebody's source, once they satisfy `good`.
async fn heard(
    meeting: &mut MeetingHandle,
    endpoint: &str,
    kind: MediaKind,
    good: impl Fn(&SourceStats) -> bool,
) -> SourceStats {
    until(meeting, |event| {
        let MeetingEvent::Stats(stats) = event else { return None };
        stats.sources.iter().find(|s| s.endpoint == endpoint && s.kind == kind && good(s)).cloned()
    })
    .await
}

/// Frame numbers of `count` pictures of a source, as their barcodes say.
async fn frames(meeting: &MeetingHandle, source: &str, count: usize) -> Vec<u32> {
    let read = async {
        let pictures = loop {
            match meeting.pictures(source) {
                Some(pictures) => break pictures,
                None => meeting.state().changed().await.unwrap(),
            }
        };
        let mut frames = Vec::new();
        while frames.len() < count {
            let picture = pictures.next().await.expect("the source is gone");
            frames.extend(pattern::read(&picture).map(|code| code.frame));
        }
        frames
    };
    timeout(PATIENCE, read).await.expect("no pictures came")
}

/// One picture may come twice while the room changes layers: each layer has its key frame of it.
fn assert_rising(frames: &[u32]) {
    let rising = frames.windows(2).all(|pair| pair[0] <= pair[1]);
    assert!(rising && frames.first() < frames.last(), "{frames:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_guests_see_hear_and_write_to_each_other() {
    let server = serve(Tls::SelfSigned);
    let link = server.room_link("garden");
    let mut ada = join(&link, "Ada", true);
    let ada_id = joined(&mut ada).await;
    let mut bob = join(&link, "Bob", true);
    let bob_id = joined(&mut bob).await;

    assert_rising(&frames(&bob, &format!("{ada_id}-v0"), 10).await);
    assert_rising(&frames(&ada, &format!("{bob_id}-v0"), 10).await);

    let close = |s: &SourceStats| (s.level - TONE_LEVEL).abs() <= 1.0;
    let sound = heard(&mut bob, &ada_id, MediaKind::Audio, close).await;
    assert!(sound.packets > 0 && !sound.mine);
    heard(&mut ada, &bob_id, MediaKind::Audio, close).await;

    ada.command(Command::Chat("good morning".into())).unwrap();
    let line = until(&mut bob, |event| {
        let MeetingEvent::Chat(line) = event else { return None };
        Some(line.clone())
    })
    .await;
    assert_eq!((line.text.as_str(), line.name.as_str(), line.mine), ("good morning", "Ada", false));

    ada.command(Command::SetMicrophone(false)).unwrap();
    until(&mut bob, |event| {
        let silent =
            matches!(event, MeetingEvent::Participant { endpoint, microphone: false, .. } if *endpoint == ada_id);
        silent.then_some(())
    })
    .await;

    ada.command(Command::Leave).unwrap();
    assert_eq!(until(&mut ada, left).await, LeftReason::Asked);
    until(&mut bob, |event| {
        let gone =
            matches!(event, MeetingEvent::Participant { change: Change::Removed, endpoint, .. } if *endpoint == ada_id);
        gone.then_some(())
    })
    .await;
    assert!(bob.state().borrow().people.is_empty());
    drop(bob);
    server.shutdown().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whoever_drops_the_handle_is_seen_to_leave() {
    let server = serve(Tls::Off);
    let link = server.room_link("garden");
    let mut bob = join(&link, "Bob", false);
    joined(&mut bob).await;
    let mut ada = join(&link, "Ada", false);
    joined(&mut ada).await;
    drop(ada);
    let gone =
        |event: &MeetingEvent| matches!(event, MeetingEvent::Participant { change: Change::Removed, .. }).then_some(());
    until(&mut bob, gone).await;
}

/// A guest whose server stopped in the middle of everything, as if the program had been killed. `None` where its connection got a word
/// in before it was stopped, too: tasks of a runtime stop one after the other, which those of a killed program do not.
async fn guest_of_a_killed_server() -> Option<MeetingHandle> {
    let elsewhere = tokio::runtime::Runtime::new().unwrap();
    let link = elsewhere.spawn(async { serve_for_ever("garden") }).await.unwrap();
    let mut guest = join(&link, "Ada", false);
    joined(&mut guest).await;
    elsewhere.shutdown_background();
    let reconnects = until(&mut guest, |event| match left(event) {
        Some(reason) => {
            assert_eq!(reason, LeftReason::RoomEnded);
            Some(false)
        }
        None => matches!(event, MeetingEvent::Reconnecting { attempt: 1 }).then_some(true),
    });
    reconnects.await.then_some(guest)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_is_gone_is_told_and_ends_the_meeting() {
    let mut guest = None;
    for _ in 0..10 {
        guest = guest_of_a_killed_server().await;
        if guest.is_some() {
            break;
        }
    }
    let mut guest = guest.expect("the server always says good-bye");
    assert_eq!(guest.state().borrow().connection, Connection::Reconnecting);
    let over = async {
        loop {
            if let Some(reason) = guest.next_event().await.as_ref().and_then(left) {
                return reason;
            }
        }
    };
    assert_eq!(timeout(RESUMING, over).await.expect("it tries for ever"), LeftReason::Lost);
    assert_eq!(guest.state().borrow().connection, Connection::Ended(LeftReason::Lost));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_room_that_its_host_closes_ends_at_once_and_says_so() {
    let server = serve(Tls::Off);
    let mut guest = join(&server.room_link("garden"), "Ada", false);
    joined(&mut guest).await;
    until(&mut guest, |event| matches!(event, MeetingEvent::Stats(_)).then_some(())).await;
    server.shutdown().await;
    assert_eq!(until(&mut guest, left).await, LeftReason::RoomEnded);
}

#[tokio::test]
async fn a_port_where_nobody_listens_is_refused_at_once() {
    let began = Instant::now();
    let rn = Notice::embedded_room().sha256(Lang::De);
    let mut guest = join(&format!("http://127.0.0.1:9/garden#rn={rn}"), "Ada", false);
    assert_eq!(until(&mut guest, left).await, LeftReason::Unreachable(WireError::Refused));
    assert!(began.elapsed() < Duration::from_secs(5));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_with_another_certificate_than_the_links_is_not_joined() {
    let server = serve(Tls::SelfSigned);
    let rn = Notice::embedded_room().sha256(Lang::De);
    let link = format!("{}/garden#fp={}&rn={rn}", server.url(), "ab".repeat(32));
    let mut guest = join(&link, "Ada", false);
    assert_eq!(until(&mut guest, left).await, LeftReason::Unreachable(WireError::WrongFingerprint));
}

#[tokio::test]
async fn a_permit_for_one_host_opens_no_other() {
    let target = Target::new("127.0.0.1", Some(&Notice::embedded_room().sha256(Lang::De))).unwrap();
    let permit = gate().contact(&target).unwrap();
    let link = RoomLink::parse("https://localhost/garden", "meet.jit.si").unwrap();
    let refused = Meeting::spawn(permit, JoinOptions::new(link, "Ada"));
    assert_eq!(refused.err(), Some(runde_client::SpawnError::OtherHost));
}

/// A way to a server that is named later, on which web sockets of bridge channels do not open.
async fn without_bridge_sockets(server: tokio::sync::watch::Receiver<Option<std::net::SocketAddr>>) -> u16 {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        while let Ok((mut near, _)) = listener.accept().await {
            let server = *server.borrow();
            tokio::spawn(async move {
                let mut first = vec![0; 4096];
                let Ok(count) = near.read(&mut first).await else { return };
                if first.starts_with(b"GET /colibri-ws") {
                    return;
                }
                #[expect(clippy::disallowed_methods, reason = "this is the router, not the guest")]
                let mut far = tokio::net::TcpStream::connect(server.unwrap()).await.unwrap();
                far.write_all(&first[..count]).await.unwrap();
                let _ = tokio::io::copy_bidirectional(&mut near, &mut far).await;
            });
        }
    });
    port
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn guests_whose_web_socket_to_the_bridge_does_not_open_see_each_other_by_data_channel() {
    let (name_server, server) = tokio::sync::watch::channel(None);
    let public_url = Some(format!("http://127.0.0.1:{}", without_bridge_sockets(server).await));
    let options = ServeOptions { tls: Tls::Off, public_url, ..ServeOptions::new("127.0.0.1:0".parse().unwrap()) };
    let server = Server::spawn(gate().host().unwrap(), options).unwrap();
    name_server.send_replace(Some(server.local_addr()));
    let link = server.room_link("garden");
    let mut ada = join(&link, "Ada", true);
    let ada_id = joined(&mut ada).await;
    let mut bob = join(&link, "Bob", true);
    let bob_id = joined(&mut bob).await;
    assert_rising(&frames(&bob, &format!("{ada_id}-v0"), 10).await);
    assert_rising(&frames(&ada, &format!("{bob_id}-v0"), 10).await);
    assert!(!ada.state().borrow().no_bridge_channel && !bob.state().borrow().no_bridge_channel);
}
