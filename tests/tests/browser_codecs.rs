//! Unmodified third-party Jitsi clients in Chromium in one embedded room, with VP9, AV1 and H.264: they use them among themselves,
//! each sees the size it asks for, and as soon as a guest of ours is there, which has VP8 alone, all send that.
//!
//! The library is of 2022. VP9 and H.264 it prefers when told so; AV1 it does not know, so the page sets the codec of its sender,
//! as libraries since 2024 do.

use e2e::Outcome;
use e2e::folder::Home;
use e2e::program::Program;
use e2e::room::Room;
use e2e::site::Site;
use e2e::web::Web;
use serde_json::Value;
use std::collections::BTreeMap;
use std::ops::RangeInclusive;
use std::time::Duration;

const SOON: Duration = Duration::from_secs(40);
const PICTURES: &str = "return await window.pictures()";
/// What the page can tell when something did not come.
const SAID: &str =
    "return [window.peer.failure, window.peer.events.slice(-20), window.connections.map(each => each.connectionState)]";
const JOINED: &str = "return window.peer.failure + window.peer.events.join('|')";

/// A page with the library in it, and the room it is in.
struct Tab {
    web: Web,
    _home: Home,
}

impl Tab {
    /// Enters a room with these words in its address.
    async fn enter(room: &Room, site: &Site, words: &str) -> Outcome<Self> {
        let home = Home::new()?;
        let page = site.page("peer.html", room, &format!("&{words}"))?;
        let web = Web::chromium(&home).await?;
        web.client.goto(&page).await?;
        web.until("a browser joins", SOON, JOINED, |said| {
            said.as_str().is_some_and(|said| said.contains("CONFERENCE_JOINED"))
        })
        .await?;
        Ok(Self { web, _home: home })
    }

    async fn run(&self, script: &str) -> Outcome<Value> {
        Ok(self.web.client.execute(script, Vec::new()).await?)
    }

    /// Waits until so many streams come in this codec, with pictures that go on.
    async fn sees(&self, codec: &str, streams: usize) -> Outcome {
        let enough = |now: &Value| coming(now, codec).len() >= streams;
        let first = self.pictures(&format!("{streams} streams in {codec}"), enough).await?;
        let first = coming(&first, codec);
        let goes_on = |now: &Value| {
            let further = |(ssrc, frames): &(&u64, &u64)| **frames >= first.get(*ssrc).copied().unwrap_or(0) + 10;
            coming(now, codec).iter().filter(further).count() >= streams
        };
        self.pictures(&format!("{streams} moving pictures in {codec}"), goes_on).await?;
        Ok(())
    }

    /// Waits until what it sends is in this codec and in no other.
    async fn sends(&self, codec: &str) -> Outcome {
        let only = |now: &Value| {
            let out: Vec<_> = streams(now, "out").filter(|each| each["active"] != false).collect();
            !out.is_empty() && out.iter().all(|each| each["codec"] == codec)
        };
        self.pictures(&format!("that it sends {codec}"), only).await?;
        Ok(())
    }

    /// Asks for at most so many lines.
    async fn wants(&self, lines: u32) -> Outcome {
        let script = "window.peer.conference.setReceiverConstraints({ lastN: -1, defaultConstraints: { maxHeight: arguments[0] } })";
        self.web.client.execute(script, vec![lines.into()]).await?;
        Ok(())
    }

    /// Waits until a stream of this codec has a height in the range.
    async fn shows(&self, codec: &str, lines: RangeInclusive<u64>) -> Outcome {
        let fits = |now: &Value| {
            let height = |each: &Value| each["height"].as_u64().is_some_and(|height| lines.contains(&height));
            streams(now, "in").any(|each| each["codec"] == codec && height(each))
        };
        self.pictures(&format!("{lines:?} lines in {codec}"), fits).await?;
        Ok(())
    }

    async fn pictures(&self, what: &str, wanted: impl Fn(&Value) -> bool) -> Outcome<Value> {
        match self.web.until(what, SOON, PICTURES, wanted).await {
            Ok(now) => Ok(now),
            Err(error) => Err(format!("{error}\n{:#}", self.run(SAID).await?).into()),
        }
    }

    async fn end(self) -> Outcome {
        Ok(self.web.client.close().await?)
    }
}

fn streams<'a>(now: &'a Value, way: &str) -> impl Iterator<Item = &'a Value> {
    now[way].as_array().into_iter().flatten()
}

/// Frames decoded of each stream that comes in this codec.
fn coming(now: &Value, codec: &str) -> BTreeMap<u64, u64> {
    let of_codec = streams(now, "in").filter(|each| each["codec"] == codec);
    of_codec.filter_map(|each| Some((each["ssrc"].as_u64()?, each["frames"].as_u64()?))).collect()
}

/// Two who film and one who looks, in a room of their own.
async fn two_and_one(room: &Room, site: &Site, words: &str) -> Outcome<[Tab; 3]> {
    let ada = Tab::enter(room, site, words).await?;
    let bert = Tab::enter(room, site, words).await?;
    let cleo = Tab::enter(room, site, &format!("{words}&camera=off")).await?;
    Ok([ada, bert, cleo])
}

/// The sender is not told to send less as long as one of them wants it all: the room makes the difference.
async fn each_sees_its_size([_, bert, cleo]: &[Tab; 3], codec: &str) -> Outcome {
    cleo.wants(720).await?;
    bert.wants(180).await?;
    cleo.shows(codec, 260..=720).await?;
    bert.shows(codec, 1..=200).await?;
    cleo.shows(codec, 260..=720).await?;
    bert.sees(codec, 1).await?;
    cleo.sees(codec, 2).await
}

/// A guest of ours joins; it says that it has VP8.
fn guest_of_ours(room: &Room, home: &Home) -> Outcome<Program> {
    let mut guest = room.guest(home, "Runde", &["--video-in", "pattern"])?;
    guest.event("joined", SOON)?;
    Ok(guest)
}

fn sees_both(guest: &mut Program) -> Outcome {
    guest.wait("the pictures of both browsers", SOON, |line| {
        let sources = line["sources"].as_array().into_iter().flatten();
        let seen = |source: &&Value| {
            source["mine"] == false && source["kind"] == "video" && source["fps"].as_f64() > Some(3.0)
        };
        sources.filter(seen).count() >= 2
    })?;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn vp9_among_browsers_each_in_its_size_and_vp8_as_long_as_our_guest_is_there() -> Outcome {
    let (host, ours, site) = (Home::new()?, Home::new()?, Site::open()?);
    let room = Room::open_with(&host, "vp9", &["--tls", "off"])?;
    let tabs = two_and_one(&room, &site, "codec=VP9").await?;
    for tab in &tabs[..2] {
        tab.sends("VP9").await?;
        tab.sees("VP9", 1).await?;
    }
    each_sees_its_size(&tabs, "VP9").await?;
    let mut guest = guest_of_ours(&room, &ours)?;
    for tab in &tabs[..2] {
        tab.sends("VP8").await?;
        tab.sees("VP8", 2).await?;
    }
    sees_both(&mut guest)?;
    assert!(guest.terminate(SOON)?.success());
    tabs[0].sends("VP9").await?;
    tabs[1].sees("VP9", 1).await?;
    for tab in tabs {
        tab.end().await?;
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn av1_in_three_spatial_layers_is_thinned_out_and_given_up_for_vp8() -> Outcome {
    let (host, ours, site) = (Home::new()?, Home::new()?, Site::open()?);
    let room = Room::open_with(&host, "av1", &["--tls", "off"])?;
    let tabs = two_and_one(&room, &site, "lines=360&mixed=on").await?;
    for tab in &tabs[..2] {
        tab.sends("VP8").await?;
        tab.run("return await window.force('video/AV1', 'L3T3_KEY')").await?;
        tab.sends("AV1").await?;
    }
    tabs[0].sees("AV1", 1).await?;
    each_sees_its_size(&tabs, "AV1").await?;
    let mut guest = guest_of_ours(&room, &ours)?;
    for tab in &tabs[..2] {
        tab.run("return await window.force('video/VP8', null)").await?;
    }
    for tab in &tabs[..2] {
        tab.sends("VP8").await?;
        tab.sees("VP8", 2).await?;
    }
    sees_both(&mut guest)?;
    assert!(guest.terminate(SOON)?.success());
    for tab in tabs {
        tab.end().await?;
    }
    Ok(())
}

/// The library as it is takes no long header extensions from an offer, so its browser leaves out what its stream is made of.
#[tokio::test(flavor = "multi_thread")]
async fn av1_without_a_description_of_its_layers_is_passed_on_whole() -> Outcome {
    let (host, site) = (Home::new()?, Site::open()?);
    let room = Room::open_with(&host, "plain", &["--tls", "off"])?;
    let ada = Tab::enter(&room, &site, "lines=360").await?;
    let bert = Tab::enter(&room, &site, "lines=360").await?;
    ada.sends("VP8").await?;
    ada.run("return await window.force('video/AV1', 'L1T3')").await?;
    ada.sends("AV1").await?;
    bert.sees("AV1", 1).await?;
    bert.shows("AV1", 100..=360).await?;
    ada.end().await?;
    bert.end().await
}

#[tokio::test(flavor = "multi_thread")]
async fn h264_among_browsers_and_vp8_as_soon_as_our_guest_is_there() -> Outcome {
    let (host, ours, site) = (Home::new()?, Home::new()?, Site::open()?);
    let room = Room::open_with(&host, "h264", &["--tls", "off"])?;
    let ada = Tab::enter(&room, &site, "codec=H264").await?;
    let bert = Tab::enter(&room, &site, "codec=H264").await?;
    for tab in [&ada, &bert] {
        tab.sends("H264").await?;
        tab.sees("H264", 1).await?;
        tab.shows("H264", 100..=720).await?;
    }
    let mut guest = guest_of_ours(&room, &ours)?;
    for tab in [&ada, &bert] {
        tab.sends("VP8").await?;
        tab.sees("VP8", 2).await?;
    }
    sees_both(&mut guest)?;
    assert!(guest.terminate(SOON)?.success());
    ada.end().await?;
    bert.end().await
}
