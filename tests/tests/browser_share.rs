//! Screens in one embedded room: ours as a second picture beside the camera, seen by another guest of ours and by an unmodified
//! third-party Jitsi client in Chromium; and that client's, seen by us. It shares in the camera's place, as clients of its time do.

use e2e::Outcome;
use e2e::folder::Home;
use e2e::picture;
use e2e::room::Room;
use e2e::site::Site;
use e2e::web::Web;
use serde_json::Value;
use std::time::{Duration, Instant};

const SOON: Duration = Duration::from_secs(40);
/// How many readings of our barcode tell that the picture moves.
const READINGS: usize = 8;

/// The newest figures of a source.
fn figures<'a>(line: &'a Value, source: &str) -> Option<&'a Value> {
    line["sources"].as_array()?.iter().find(|each| each["source"] == source)
}

fn moves(line: &Value, source: &str) -> bool {
    figures(line, source).is_some_and(|it| it["fps"].as_f64() > Some(3.0) && it["height"].as_u64() >= Some(180))
}

/// Somebody's source changed to this.
fn told(line: &Value, source: &str, muted: bool) -> bool {
    line["event"] == "source" && line["source"] == source && line["desktop"] == true && line["muted"] == muted
}

async fn barcode(web: &Web) -> Outcome<Vec<u32>> {
    let (mut seen, end) = (Vec::new(), Instant::now() + SOON);
    while seen.len() < READINGS {
        if Instant::now() > end {
            let said = web.client.execute("return window.peer.events.slice(-40)", Vec::new()).await?;
            return Err(format!("our barcode was read only {} times: {seen:?}\n{said:#}", seen.len()).into());
        }
        let shot = web.client.execute("return window.shot()", Vec::new()).await?;
        seen.extend(picture::number_of_shot(&shot));
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    Ok(seen)
}

#[tokio::test(flavor = "multi_thread")]
async fn screens_are_shared_with_a_guest_of_ours_and_with_a_browser_and_the_browsers_is_seen() -> Outcome {
    let (host, ours, other, browser) = (Home::new()?, Home::new()?, Home::new()?, Home::new()?);
    let room = Room::open_with(&host, "screens", &["--tls", "off"])?;
    let mut ada = room.ordered(&ours, "Ada", &["--share", "pattern"])?;
    let me = ada.event("joined", SOON)?["endpoint"].as_str().unwrap_or_default().to_owned();
    let screen = format!("{me}-v1");

    let mut bert = room.guest(&other, "Bert", &[])?;
    bert.event("joined", SOON)?;
    bert.wait("the screen of Ada", SOON, |line| told(line, &screen, false))?;
    bert.wait("its pictures", SOON, |line| moves(line, &screen))?;

    let site = Site::open()?;
    let page = site.page("peer.html", &room, "")?;
    let web = Web::chromium(&browser).await?;
    web.client.goto(&page).await?;
    let seen = barcode(&web).await?;
    assert!(seen.windows(2).all(|pair| pair[0] <= pair[1]) && seen.first() < seen.last(), "our screen there: {seen:?}");

    ada.say("share off")?;
    bert.wait("that nothing is shared", SOON, |line| told(line, &screen, true))?;
    ada.say("share on")?;
    bert.wait("that it is shared again", SOON, |line| told(line, &screen, false))?;
    bert.wait("pictures again, of the same streams", SOON, |line| moves(line, &screen))?;

    web.client.execute("window.share().catch(error => (window.peer.failure = String(error)))", Vec::new()).await?;
    let theirs = bert.wait("the browser's screen", SOON, |line| {
        line["event"] == "source" && line["desktop"] == true && line["endpoint"] != me.as_str()
    })?;
    let theirs = theirs["source"].as_str().unwrap_or_default().to_owned();
    bert.wait("its pictures", SOON, |line| moves(line, &theirs))?;

    web.client.close().await?;
    assert!(ada.terminate(SOON)?.success() && bert.terminate(SOON)?.success());
    Ok(())
}
