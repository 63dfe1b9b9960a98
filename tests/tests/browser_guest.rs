//! An unmodified third-party Jitsi client in Chromium and one of our guests in one embedded room: sound, picture and text both ways.
//! This keeps our two sides from agreeing on a dialect of their own.

use e2e::Outcome;
use e2e::folder::Home;
use e2e::picture;
use e2e::room::Room;
use e2e::site::Site;
use e2e::sound;
use e2e::web::Web;
use serde_json::Value;
use std::time::{Duration, Instant};

const SOON: Duration = Duration::from_secs(40);
/// How many readings of our barcode tell that the picture moves.
const READINGS: usize = 12;
/// What the page can tell when something did not come.
const SAID: &str = "return [window.peer.failure, window.peer.events.slice(-60), window.connections.map(each => [each.connectionState, each.iceConnectionState, each.signalingState])]";
const FIGURES: &str = "return await window.figures()";

/// The newest statistics of what the browser sends, of one kind.
fn from_browser(line: &Value, me: &str, kind: &str) -> Option<Value> {
    let sources = line["sources"].as_array()?;
    sources.iter().find(|source| source["mine"] == false && source["endpoint"] != me && source["kind"] == kind).cloned()
}

/// Frame numbers of our guest's barcode as the page shows it.
async fn watch(web: &Web) -> Outcome<Vec<u32>> {
    let (mut seen, end) = (Vec::new(), Instant::now() + SOON);
    while seen.len() < READINGS {
        if Instant::now() > end {
            return Err(format!("our barcode was read only {} times: {seen:?}", seen.len()).into());
        }
        let shot = web.client.execute("return window.shot()", Vec::new()).await?;
        seen.extend(picture::number_of_shot(&shot));
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    Ok(seen)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_browser_with_jitsis_own_library_and_our_guest_see_hear_and_read_each_other() -> Outcome {
    let (host, ours, browser) = (Home::new()?, Home::new()?, Home::new()?);
    let room = Room::open_with(&host, "browser", &["--tls", "off"])?;
    let speech = ours.path("speech.wav");
    sound::write(&speech, &sound::sentence(6.0, 7))?;
    let speech = speech.display().to_string();
    // Somebody listens: what nobody plays is not decoded and has no level.
    let heard = ours.path("heard.wav").display().to_string();
    let mut ada = room.guest(&ours, "Ada", &["--audio-in", &speech, "--audio-out", &heard, "--video-in", "pattern"])?;
    let me = ada.event("joined", SOON)?["endpoint"].as_str().unwrap_or_default().to_owned();

    let site = Site::open()?;
    let page = site.page("peer.html", &room, "")?;
    let web = Web::chromium(&browser).await?;
    web.client.goto(&page).await?;
    web.until("the browser joins", SOON, "return window.peer.failure + window.peer.events.join('|')", |said| {
        said.as_str().is_some_and(|said| said.contains("CONFERENCE_JOINED"))
    })
    .await?;

    let hears_and_sees = |figures: &Value| {
        let (audio, video) = (&figures["audio"], &figures["video"]);
        audio["packets"].as_u64() > Some(150)
            && audio["energy"].as_f64() > Some(0.001)
            && video["frames"].as_u64() > Some(60)
            && video["height"].as_u64() >= Some(180)
            // Without our feedback the browser would stay at a tenth of this.
            && figures["outgoing"].as_f64() > Some(300_000.0)
    };
    if let Err(error) = web.until("the browser hears and sees our guest", SOON, FIGURES, hears_and_sees).await {
        let said = web.client.execute(SAID, Vec::new()).await?;
        return Err(format!("{error}\n{said:#}").into());
    }

    let seen = watch(&web).await?;
    assert!(
        seen.windows(2).all(|pair| pair[0] <= pair[1]) && seen.first() < seen.last(),
        "our barcode there: {seen:?}"
    );

    ada.wait("sound and pictures of the browser", SOON, |line| {
        let audio = from_browser(line, &me, "audio").is_some_and(|source| source["level"].as_f64() > Some(-60.0));
        let video = from_browser(line, &me, "video")
            .is_some_and(|source| source["fps"].as_f64() > Some(5.0) && source["height"].as_u64() >= Some(180));
        audio && video
    })?;

    web.client.execute("window.peer.conference.sendMessage('Hello from the browser')", Vec::new()).await?;
    let line = ada.wait("the browser's chat line", SOON, |line| line["event"] == "chat" && line["mine"] == false)?;
    assert_eq!((line["name"].as_str(), line["text"].as_str()), (Some("Browser"), Some("Hello from the browser")));

    let mut bert = room.guest(&host, "Bert", &["--chat", "Guten Tag an alle"])?;
    bert.event("joined", SOON)?;
    web.until("our chat line", SOON, "return window.peer.chat", |lines| {
        lines.as_array().is_some_and(|lines| lines.iter().any(|line| line == "Guten Tag an alle"))
    })
    .await?;

    web.client.execute("window.peer.conference.leave()", Vec::new()).await?;
    ada.wait("that the browser left", SOON, |line| {
        line["event"] == "participant" && line["change"] == "removed" && line["name"] == "Browser"
    })?;
    web.client.close().await?;
    assert!(ada.terminate(SOON)?.success());
    Ok(())
}
