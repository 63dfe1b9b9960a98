//! Doors as a person meets them in the real window: a password (wrong, then right), a lobby, being turned away, let in and removed; and the
//! other side, a moderator who silences, removes and lets in. The others are headless guests.

use e2e::Outcome;
use e2e::desktop::Desktop;
use e2e::folder::Home;
use e2e::program::{Program, built};
use e2e::room::Room;
use e2e::web::Web;
use std::path::PathBuf;
use std::time::{Duration, Instant};

const SOON: Duration = Duration::from_secs(60);
const PASSWORD: &str = "Sesam, öffne dich";

/// Screenshots end up beside the other reports of a test run.
fn shot(name: &str) -> PathBuf {
    let reports = std::env::var_os("RUNDE_REPORTS").map_or_else(std::env::temp_dir, PathBuf::from);
    reports.join("screenshots").join(format!("{name}.png"))
}

/// What one sees once the page has been drawn.
async fn keep(web: &Web, desktop: &Desktop, name: &str) -> Outcome {
    web.painted().await?;
    desktop.screenshot(&shot(name))
}

/// Presses a button, out from under any word on the sound system of the test's own desktop that lies above it.
async fn press(web: &Web, name: &str) -> Outcome {
    let end = Instant::now() + SOON;
    loop {
        let close = "document.querySelectorAll('.toasts .close').forEach(each => each.click())";
        web.client.execute(close, Vec::new()).await?;
        match web.press(name).await {
            Err(_) if Instant::now() < end => tokio::time::sleep(Duration::from_millis(200)).await,
            pressed => return pressed,
        }
    }
}

/// From the link that the program was started with to the button that joins.
async fn to_the_door(web: &Web) -> Outcome {
    web.reads("Verantwortlich", SOON).await?;
    press(web, "Zur Kenntnis genommen").await?;
    web.reads("Freiwillige Funktionen", SOON).await?;
    press(web, "Weiter").await?;
    web.reads("Ihr Name", SOON).await?;
    web.fill("#name", "Ada").await?;
    press(web, "Beitreten").await
}

async fn password(web: &Web, desktop: &Desktop) -> Outcome {
    web.reads("hat ein Passwort", SOON).await?;
    keep(web, desktop, "door-password").await?;
    web.fill("#password", "falsch geraten").await?;
    press(web, "Eintreten").await?;
    web.reads("nicht das richtige Passwort", SOON).await?;
    keep(web, desktop, "door-password-wrong").await?;
    web.fill("#password", PASSWORD).await?;
    press(web, "Eintreten").await?;
    web.reads("Sie sind allein im Raum", SOON).await
}

/// A guest who knows the password is silenced and removed.
async fn silence_and_remove(web: &Web, desktop: &Desktop, room: &Room) -> Outcome {
    let home = Home::new()?;
    let mut bo = room.ordered(&home, "Bo", &["--password-stdin", "--audio-in", "tone", "--video-in", "pattern"])?;
    bo.say(PASSWORD)?;
    bo.event("joined", SOON)?;
    press(web, "Personen").await?;
    press(web, "Mehr zu Bo").await?;
    keep(web, desktop, "moderator-people").await?;
    let enabled = "return [...document.querySelectorAll('.powers button')].filter(each => !each.disabled).length";
    web.until("what can be done about Bo", SOON, enabled, |count| count.as_u64() >= Some(3)).await?;
    press(web, "Stummschalten").await?;
    let muted = bo.event("muted", SOON)?;
    assert_eq!((muted["kind"].as_str(), muted["by"].as_str()), (Some("audio"), Some("Ada")));
    press(web, "Entfernen").await?;
    web.reads("Bo aus dem Raum entfernen?", SOON).await?;
    press(web, "Ja, entfernen").await?;
    let left = bo.event("left", SOON)?;
    assert_eq!(left["reason"], "kicked");
    assert_eq!(bo.ended(SOON)?.code(), Some(5));
    Ok(())
}

/// Strangers knock; one is let in, one is not.
async fn answer_the_door(web: &Web, desktop: &Desktop, room: &Room) -> Outcome {
    let (first, second) = (Home::new()?, Home::new()?);
    press(web, "Warteraum").await?;
    web.until(
        "the lobby is on",
        SOON,
        "return document.querySelectorAll('aside [role=switch][aria-checked=true]').length",
        |count| count == 1,
    )
    .await?;
    press(web, "Personen").await?;
    let mut cy = room.guest(&first, "Cy", &[])?;
    assert_eq!(cy.event("waiting", SOON)?["for"], "lobby");
    web.reads("Cy möchte eintreten", SOON).await?;
    keep(web, desktop, "moderator-knock").await?;
    press(web, "Cy einlassen").await?;
    cy.event("joined", SOON)?;
    let mut di = room.guest(&second, "Di", &[])?;
    web.reads("Di möchte eintreten", SOON).await?;
    press(web, "Di abweisen").await?;
    let left = di.event("left", SOON)?;
    assert_eq!((left["reason"].as_str(), left["refusal"].as_str()), (Some("refused"), Some("lobby-refused")));
    press(web, "Verlassen").await?;
    web.reads("Sie haben den Raum verlassen", SOON).await?;
    press(web, "Zur Startseite").await?;
    assert!(cy.terminate(SOON)?.success());
    Ok(())
}

/// Eva leads another room on the same server, without a password but with a lobby.
fn eva(home: &Home, room: &Room) -> Outcome<Program> {
    let mut eva = room.ordered(home, "Eva", &["--password-stdin"])?;
    eva.say(PASSWORD)?;
    eva.event("role", SOON)?;
    eva.say("lobby on")?;
    eva.say("subject Kapitel 7")?;
    eva.wait("that the lobby is on", SOON, |line| line["event"] == "rules" && line["lobby"] == true)?;
    Ok(eva)
}

async fn knock(web: &Web, link: &str) -> Outcome {
    web.fill("#link", link).await?;
    press(web, "Weiter").await?;
    web.reads("Ihr Name", SOON).await?;
    web.fill("#name", "Ada").await?;
    press(web, "Beitreten").await?;
    web.reads("Sie haben angeklopft", SOON).await
}

async fn in_front_of_a_lobby(web: &Web, desktop: &Desktop, eva: &mut Program, link: &str) -> Outcome {
    let knocks = |line: &serde_json::Value| line["event"] == "knock" && line["change"] == "added";
    knock(web, link).await?;
    keep(web, desktop, "door-lobby").await?;
    eva.wait("that Ada knocks", SOON, knocks)?;
    eva.say("deny Ada")?;
    web.reads("Sie wurden nicht in", SOON).await?;
    keep(web, desktop, "door-turned-away").await?;
    press(web, "Zur Startseite").await?;
    knock(web, link).await?;
    eva.wait("that Ada knocks again", SOON, knocks)?;
    eva.say("admit Ada")?;
    web.reads("Kapitel 7", SOON).await?;
    web.until("Eva's tile", SOON, "return document.querySelectorAll('.tile').length", |count| count == 2).await?;
    press(web, "Mikrofon").await?;
    eva.wait("Ada's microphone", SOON, |line| {
        line["event"] == "participant" && line["name"] == "Ada" && line["microphone"] == true
    })?;
    eva.say("mute Ada")?;
    web.reads("Ihr Mikrofon wurde ausgeschaltet", SOON).await?;
    web.reads("Eva hat das veranlasst", SOON).await?;
    keep(web, desktop, "muted-by-moderator").await?;
    eva.say("kick Ada")?;
    web.reads("Sie wurden aus", SOON).await?;
    keep(web, desktop, "door-kicked").await
}

#[tokio::test(flavor = "multi_thread")]
async fn every_door_is_met_from_both_sides_in_the_window() -> Outcome {
    let (home, host, leader) = (Home::new()?, Home::new()?, Home::new()?);
    let desktop = Desktop::start(&home)?;
    let room = Room::open_locked(&host, "tisch", PASSWORD)?;
    let web = Web::app(&home, &desktop, &built("RUNDE_BIN")?, &[&room.link]).await?;
    to_the_door(&web).await?;
    password(&web, &desktop).await?;
    silence_and_remove(&web, &desktop, &room).await?;
    answer_the_door(&web, &desktop, &room).await?;
    let other = Room { link: room.link_to("nebenan"), notice: room.notice.clone(), server: room.server };
    let mut eva = eva(&leader, &other)?;
    in_front_of_a_lobby(&web, &desktop, &mut eva, &other.link).await?;
    assert!(eva.terminate(SOON)?.success());
    Ok(())
}
