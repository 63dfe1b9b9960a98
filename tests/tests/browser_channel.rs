//! An unmodified third-party Jitsi client in Chromium whose bridge channel is a data channel, and one of our guests: everything
//! that needs the channel works as over its web socket.

use e2e::Outcome;
use e2e::folder::Home;
use e2e::room::Room;
use e2e::site::Site;
use e2e::sound;
use e2e::web::Web;
use serde_json::Value;
use std::time::Duration;

const SOON: Duration = Duration::from_secs(40);
const SAID: &str = "return [window.peer.failure, window.peer.events.slice(-60), window.connections.map(each => [each.connectionState, each.sctp?.state])]";
/// How the library reaches the bridge, in its own words.
const CHANNEL: &str = "const channel = window.peer.conference?.rtc?._channel; return channel ? `${channel.mode} ${channel.isOpen()}` : ''";
const FIGURES: &str = "return await window.figures()";

#[tokio::test(flavor = "multi_thread")]
async fn a_browser_with_a_data_channel_gets_what_the_bridge_channel_is_for() -> Outcome {
    let (host, ours, browser) = (Home::new()?, Home::new()?, Home::new()?);
    let room = Room::open_with(&host, "channel", &["--tls", "off"])?;
    let speech = ours.path("speech.wav");
    sound::write(&speech, &sound::sentence(6.0, 7))?;
    let speech = speech.display().to_string();
    let mut ada = room.guest(&ours, "Ada", &["--audio-in", &speech, "--video-in", "pattern"])?;
    let me = ada.event("joined", SOON)?["endpoint"].as_str().unwrap_or_default().to_owned();

    let site = Site::open()?;
    let page = site.page("peer.html", &room, "&channel=data")?;
    let web = Web::chromium(&browser).await?;
    web.client.goto(&page).await?;
    let opened = web.until("a data channel to the bridge", SOON, CHANNEL, |said| said == "datachannel true").await;
    if let Err(error) = opened {
        let said = web.client.execute(SAID, Vec::new()).await?;
        return Err(format!("{error}\n{said:#}").into());
    }
    // No picture is sent to whoever has not said over the channel what to see.
    web.until("pictures of our guest", SOON, FIGURES, |figures: &Value| {
        figures["video"]["frames"].as_u64() > Some(60) && figures["video"]["height"].as_u64() >= Some(180)
    })
    .await?;
    // And the bridge speaks in it, too.
    let speaker = format!("DOMINANT_SPEAKER_CHANGED {me}");
    web.until("who speaks", SOON, "return window.peer.events", |events| {
        events.as_array().is_some_and(|all| all.iter().any(|event| event.as_str() == Some(&speaker)))
    })
    .await?;
    // Nobody would ask the browser for pictures otherwise.
    ada.wait("pictures of the browser", SOON, |line| {
        let sources = line["sources"].as_array().map(Vec::as_slice).unwrap_or_default();
        sources.iter().any(|source| {
            source["mine"] == false && source["kind"] == "video" && source["height"].as_u64() >= Some(180)
        })
    })?;
    web.client.close().await?;
    assert!(ada.terminate(SOON)?.success());
    Ok(())
}
