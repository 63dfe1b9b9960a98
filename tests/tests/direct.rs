//! Two people alone in a room talk directly: two of our guests, and one of ours with an unmodified third-party Jitsi client in
//! Chromium. A third one comes, and everything goes through the room again.

use e2e::Outcome;
use e2e::folder::Home;
use e2e::picture;
use e2e::program::Program;
use e2e::room::Room;
use e2e::site::Site;
use e2e::sound::{self, RATE};
use e2e::web::Web;
use serde_json::Value;
use std::time::{Duration, Instant};

const SOON: Duration = Duration::from_secs(40);
/// Nobody shall be without sound for longer.
const GAP: Duration = Duration::from_secs(1);
/// What a bridge still gets in two seconds while nothing is sent through it: signs of life and reports.
const SIGNS_OF_LIFE: u64 = 4_000;
/// What sound alone makes of it.
const SOUND: u64 = 8_000;
/// Our guest comes so often at most until both sides have offered; who does is left to the ids.
const VISITS: usize = 6;
const FIGURES: &str = "return await window.figures()";
const SAID: &str = "return [window.peer.failure, window.peer.events.slice(-60), window.connections.map(each => [each.connectionState, each.iceConnectionState, each.signalingState])]";

fn is_direct(line: &Value, on: bool) -> bool {
    line["event"] == "p2p" && line["on"] == on
}

/// Whether a line of statistics says that somebody was heard, and seen where pictures are `wanted`, for a whole second.
fn comes(line: &Value, direct: bool, wanted: bool) -> bool {
    let of = |kind: &str| {
        let all = line["sources"].as_array().into_iter().flatten();
        all.filter(|source| source["mine"] == false && source["kind"] == kind).cloned().collect::<Vec<_>>()
    };
    let heard = of("audio").iter().any(|source| source["level"].as_f64() > Some(-60.0));
    let seen = of("video").iter().any(|source| source["fps"].as_f64() > Some(5.0));
    line["p2p"] == direct && heard && (seen || !wanted)
}

/// Bytes sent so far: to the bridge, and to the other person.
fn sent(guest: &mut Program) -> Outcome<(u64, u64)> {
    guest.say("contacts")?;
    let ledger = guest.event("contacts", SOON)?;
    let of = |purpose: &str| {
        let all = ledger["contacts"].as_array().into_iter().flatten();
        all.filter(|entry| entry["purpose"] == purpose).filter_map(|entry| entry["sent"].as_u64()).sum()
    };
    Ok((of("media"), of("direct-connection")))
}

/// Bytes that go out in two seconds.
fn flow(guest: &mut Program) -> Outcome<(u64, u64)> {
    let before = sent(guest)?;
    std::thread::sleep(Duration::from_secs(2));
    let after = sent(guest)?;
    Ok((after.0 - before.0, after.1 - before.1))
}

/// The longest silence between the first and the last sound.
fn longest_silence(samples: &[i16]) -> Duration {
    let block = RATE as usize / 100;
    let loud: Vec<bool> =
        samples.chunks(block).map(|chunk| chunk.iter().any(|sample| sample.unsigned_abs() > 300)).collect();
    let first = loud.iter().position(|loud| *loud).unwrap_or_default();
    let last = loud.iter().rposition(|loud| *loud).unwrap_or_default();
    let (mut longest, mut now) = (0_u64, 0_u64);
    for loud in &loud[first..=last] {
        now = if *loud { 0 } else { now + 1 };
        longest = longest.max(now);
    }
    Duration::from_millis(10 * longest)
}

#[test]
fn two_guests_talk_directly_and_through_the_room_without_a_gap_when_a_third_comes() -> Outcome {
    let (host, first, second, third) = (Home::new()?, Home::new()?, Home::new()?, Home::new()?);
    let room = Room::open(&host, "two")?;
    let heard = first.path("heard.wav").display().to_string();
    let mut ada =
        room.ordered(&first, "Ada", &["--p2p", "--audio-in", "tone", "--audio-out", &heard, "--video-in", "pattern"])?;
    ada.event("joined", SOON)?;
    let mut bo = room.ordered(&second, "Bo", &["--p2p", "--audio-in", "tone", "--video-in", "pattern"])?;
    for guest in [&mut ada, &mut bo] {
        guest.wait("a direct connection", SOON, |line| is_direct(line, true))?;
    }
    for guest in [&mut ada, &mut bo] {
        guest.wait("sound and pictures on it", SOON, |line| comes(line, true, true))?;
        let (bridge, other) = flow(guest)?;
        assert!(bridge < SIGNS_OF_LIFE, "{bridge} bytes still went to the room's bridge in two seconds");
        assert!(other > SOUND, "{other} bytes are no sound");
    }

    // Muted, nothing comes; unmuted, it comes the same way.
    bo.say("microphone off")?;
    bo.say("camera off")?;
    ada.wait("that Bo is silent", SOON, |line| line["event"] == "stats" && !comes(line, true, false))?;
    bo.say("microphone on")?;
    bo.say("camera on")?;
    ada.wait("Bo again", SOON, |line| comes(line, true, true))?;

    // From here on the tone never ends, so every silence is one of ours.
    let began = Instant::now();
    let mut cleo = room.guest(&third, "Cleo", &[])?;
    cleo.event("joined", SOON)?;
    for guest in [&mut ada, &mut bo] {
        guest.wait("the way through the room", SOON, |line| is_direct(line, false))?;
        guest.wait("sound and pictures on it", SOON, |line| comes(line, false, true))?;
    }
    let (bridge, other) = flow(&mut bo)?;
    assert!(bridge > SOUND && other == 0, "{bridge} bytes to the bridge, {other} directly");
    cleo.wait("sound for the third", SOON, |line| comes(line, false, true))?;
    assert!(cleo.terminate(SOON)?.success());
    ada.wait("a direct connection again", SOON, |line| is_direct(line, true))?;
    ada.wait("sound and pictures on it", SOON, |line| comes(line, true, true))?;
    assert!(ada.terminate(SOON)?.success());
    let mix = sound::read(first.path("heard.wav").as_path())?;
    let since = usize::try_from(began.elapsed().as_millis())? * RATE as usize / 1_000;
    let mix = &mix[mix.len().saturating_sub(since)..];
    assert!(mix.len() > 5 * RATE as usize, "hardly anything was recorded");
    let silence = longest_silence(mix);
    println!("the longest silence while the way changed twice: {silence:?}");
    assert!(silence < GAP, "{silence:?} without sound");
    Ok(())
}

async fn browser_joins(web: &Web) -> Outcome {
    let joined = |said: &Value| said.as_str().is_some_and(|said| said.contains("CONFERENCE_JOINED"));
    web.until("the browser joins", SOON, "return window.peer.failure + window.peer.events.join('|')", joined).await?;
    Ok(())
}

#[test]
fn a_direct_way_on_which_nothing_comes_any_more_is_given_up_for_the_room() -> Outcome {
    let (host, first, second) = (Home::new()?, Home::new()?, Home::new()?);
    let room = Room::open(&host, "pause")?;
    let mut ada = room.guest(&first, "Ada", &["--p2p", "--audio-in", "tone"])?;
    ada.event("joined", SOON)?;
    let mut bo = room.guest(&second, "Bo", &["--p2p", "--audio-in", "tone"])?;
    for guest in [&mut ada, &mut bo] {
        guest.wait("a direct connection", SOON, |line| is_direct(line, true))?;
    }
    // Longer than a silent way is kept, shorter than the room waits for its guests.
    bo.sleep(Duration::from_secs(7))?;
    for guest in [&mut ada, &mut bo] {
        guest.wait("the way through the room", SOON, |line| is_direct(line, false))?;
        guest.wait("sound on it", SOON, |line| comes(line, false, false))?;
    }
    Ok(())
}

/// What came of the browser so far: packets of sound, pictures.
async fn came(web: &Web) -> Outcome<(u64, u64)> {
    let figures = web.client.execute(FIGURES, Vec::new()).await?;
    let of = |kind: &str, what: &str| figures[kind][what].as_u64().unwrap_or_default();
    Ok((of("audio", "packets"), of("video", "frames")))
}

/// Fails unless the browser hears and sees more within a while.
async fn browser_receives(web: &Web, what: &str) -> Outcome {
    let (before, end) = (came(web).await?, Instant::now() + SOON);
    loop {
        let now = came(web).await?;
        if now.0 > before.0 + 50 && now.1 > before.1 + 15 {
            return Ok(());
        }
        if Instant::now() > end {
            let said = web.client.execute(SAID, Vec::new()).await?;
            return Err(format!("{what}: from {before:?} to {now:?} only\n{said:#}").into());
        }
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
}

/// Waits until the newest picture on the page is our guest's.
async fn shows_us(web: &Web) -> Outcome {
    let end = Instant::now() + SOON;
    loop {
        let shot = web.client.execute("return window.shot()", Vec::new()).await?;
        if picture::number_of_shot(&shot).is_some() {
            return Ok(());
        }
        if Instant::now() > end {
            return Err("our picture is not the one on the page".into());
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

/// Our guest comes and talks directly with the browser; true where it was the one to offer.
async fn visit(room: &Room, home: &Home, web: &Web, speech: &str) -> Outcome<(Program, bool)> {
    // Somebody listens: what nobody plays is not decoded and has no level.
    let heard = home.path("heard.wav").display().to_string();
    let mut ada =
        room.ordered(home, "Ada", &["--p2p", "--audio-in", speech, "--audio-out", &heard, "--video-in", "pattern"])?;
    let me = ada.event("joined", SOON)?["endpoint"].as_str().unwrap_or_default().to_owned();
    let theirs = web.client.execute("return window.peer.conference.myUserId()", Vec::new()).await?;
    let offers = me.as_str() < theirs.as_str().unwrap_or_default();
    if let Err(error) = ada.wait("a direct connection with the browser", SOON, |line| is_direct(line, true)) {
        let said = web.client.execute(SAID, Vec::new()).await?;
        return Err(format!("{error}, offered by us: {offers}\n{said:#}").into());
    }
    ada.wait("sound and pictures of the browser", SOON, |line| comes(line, true, true))?;
    browser_receives(web, "the browser got too little directly").await?;
    let (bridge, other) = flow(&mut ada)?;
    assert!(bridge < SIGNS_OF_LIFE && other > SOUND, "{bridge} bytes to the bridge, {other} directly");
    Ok((ada, offers))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_browser_with_jitsis_own_library_and_our_guest_talk_directly_whoever_offers() -> Outcome {
    let (host, ours, browser) = (Home::new()?, Home::new()?, Home::new()?);
    let room = Room::open_with(&host, "browser", &["--tls", "off"])?;
    let speech = ours.path("speech.wav");
    sound::write(&speech, &sound::sentence(6.0, 7))?;
    let speech = speech.display().to_string();
    let site = Site::open()?;
    let page = site.page("peer.html", &room, "&p2p=on")?;
    let web = Web::chromium(&browser).await?;
    web.client.goto(&page).await?;
    browser_joins(&web).await?;

    let (mut ada, mut offers) = visit(&room, &ours, &web, &speech).await?;
    let mut roles = vec![offers];
    while roles.len() < VISITS && roles.iter().all(|role| *role == roles[0]) {
        assert!(ada.terminate(SOON)?.success());
        // Under another id: with a very small one it would always offer.
        web.client.execute("return window.peer.conference.leave()", Vec::new()).await?;
        web.client.execute("window.enter()", Vec::new()).await?;
        browser_joins(&web).await?;
        (ada, offers) = visit(&room, &ours, &web, &speech).await?;
        roles.push(offers);
    }
    println!("offered by our guest: {roles:?}");
    shows_us(&web).await?;

    let mut bert = room.guest(&host, "Bert", &[])?;
    bert.event("joined", SOON)?;
    ada.wait("the way through the room", SOON, |line| is_direct(line, false))?;
    ada.wait("sound and pictures of the browser there", SOON, |line| comes(line, false, true))?;
    browser_receives(&web, "the browser got too little through the room").await?;
    shows_us(&web).await?;
    bert.wait("sound and pictures for the third", SOON, |line| comes(line, false, true))?;
    web.client.close().await?;
    assert!(ada.terminate(SOON)?.success());
    Ok(())
}
