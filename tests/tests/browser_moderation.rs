//! An unmodified third-party Jitsi client in Chromium and our guests moderate each other in one embedded room: hand, mute, rights, kick,
//! password, lobby, in both directions; then a cut socket, leaving and coming back, and a server that dies.

use e2e::folder::Home;
use e2e::program::Program;
use e2e::room::Room;
use e2e::site::Site;
use e2e::web::Web;
use e2e::{Failure, Outcome};
use serde_json::Value;
use std::time::Duration;

const SOON: Duration = Duration::from_secs(40);
/// What the page can tell when something did not come.
const SAID: &str = "return [window.peer.failure, window.peer.events.slice(-40), window.peer.knocks]";

/// The page, asked until it says yes.
async fn until(web: &Web, what: &str, script: &str) -> Outcome {
    let asked = web.until(what, SOON, &format!("return !!({script})"), |value| *value == true).await;
    if let Err(error) = asked {
        let said = web.client.execute(SAID, Vec::new()).await?;
        return Err(Failure::from(format!("{error}\n{said:#}")));
    }
    Ok(())
}

async fn run(web: &Web, script: &str) -> Outcome {
    web.client.execute(script, Vec::new()).await?;
    Ok(())
}

fn is(line: &Value, change: &str, name: &str) -> bool {
    line["event"] == "participant" && line["change"] == change && line["name"] == name
}

/// Whatever else is said: the browser is in the room, as our leader sees it.
fn sees_browser(ada: &mut Program) -> Outcome<String> {
    let line = ada.wait("that the browser is there", SOON, |line| is(line, "added", "Browser"))?;
    Ok(line["endpoint"].as_str().unwrap_or_default().to_owned())
}

async fn words_and_hands(web: &Web, ada: &mut Program) -> Outcome {
    ada.say("chat Guten Abend")?;
    until(web, "our line", "window.peer.chat.includes('Guten Abend')").await?;
    run(web, "window.peer.conference.sendMessage('Hello')").await?;
    ada.wait("the browser's line", SOON, |line| line["event"] == "chat" && line["text"] == "Hello")?;
    ada.say("hand up")?;
    until(web, "our hand", "window.property('Ada', 'raisedHand')").await?;
    run(web, "window.peer.conference.setLocalParticipantProperty('raisedHand', Date.now())").await?;
    ada.wait("the browser's hand", SOON, |line| is(line, "changed", "Browser") && line["hand"] == true)?;
    ada.say("subject Kapitel 7")?;
    until(web, "the subject", "window.told('SUBJECT_CHANGED Kapitel 7')").await
}

/// Our leader silences the browser, then shares the rights; the browser silences and removes a guest of ours.
async fn rights(web: &Web, ada: &mut Program, room: &Room) -> Outcome {
    let home = Home::new()?;
    ada.say("mute Browser")?;
    until(web, "that it was silenced", "window.peer.conference.getLocalAudioTrack().isMuted()").await?;
    ada.wait("that the browser is silent", SOON, |line| is(line, "changed", "Browser") && line["microphone"] == false)?;
    ada.say("grant Browser")?;
    until(web, "its rights", "window.peer.conference.isModerator()").await?;
    let mut bo = room.ordered(&home, "Bo", &["--audio-in", "tone"])?;
    bo.event("joined", SOON)?;
    let microphone = |on: bool| {
        move |line: &Value| line["event"] == "participant" && line["name"] == "Bo" && line["microphone"] == on
    };
    ada.wait("Bo's microphone", SOON, microphone(true))?;
    until(web, "that Bo is known there", "window.id('Bo')").await?;
    run(web, "window.peer.conference.muteParticipant(window.id('Bo'), 'audio')").await?;
    let muted = bo.event("muted", SOON)?;
    assert_eq!((muted["kind"].as_str(), muted["by"].as_str()), (Some("audio"), Some("Browser")));
    ada.wait("Bo's silence", SOON, microphone(false))?;
    run(web, "window.peer.conference.kickParticipant(window.id('Bo'))").await?;
    assert_eq!(bo.event("left", SOON)?["reason"], "kicked");
    Ok(())
}

/// The browser sets a password, is removed, and needs it to come back.
async fn password(web: &Web, ada: &mut Program) -> Outcome {
    run(web, "window.peer.conference.lock('sesam')").await?;
    ada.wait("the browser's password", SOON, |line| line["event"] == "rules" && line["password"] == true)?;
    ada.say("kick Browser")?;
    until(web, "that it was removed", "window.told('KICKED')").await?;
    run(web, "window.enter()").await?;
    until(web, "that it is asked", "window.told('CONFERENCE_FAILED conference.passwordRequired')").await?;
    run(web, "window.peer.events.length = 0; window.peer.conference.join('falsch')").await?;
    until(web, "that it is asked again", "window.told('CONFERENCE_FAILED conference.passwordRequired')").await?;
    run(web, "window.peer.conference.join('sesam')").await?;
    until(web, "that it is let in", "window.told('CONFERENCE_JOINED')").await?;
    sees_browser(ada)?;
    ada.say("password")?;
    ada.wait("that the password is gone", SOON, |line| line["event"] == "rules" && line["password"] == false)?;
    Ok(())
}

/// Enters anew and stands before the lobby; answers the endpoint that knocks. The library says once more who it is after it knocked, and whoever
/// was sent away before that (`former`) knocks again by it.
async fn knock(web: &Web, ada: &mut Program, former: &str) -> Outcome<String> {
    run(web, "window.enter()").await?;
    until(web, "that it has to knock", "window.told('CONFERENCE_FAILED conference.connectionError.membersOnly')")
        .await?;
    run(web, "window.peer.conference.joinLobby('Browser')").await?;
    let knocked = ada.wait("that it knocks", SOON, |line| {
        line["event"] == "knock" && line["change"] == "added" && line["name"] == "Browser" && line["endpoint"] != former
    })?;
    Ok(knocked["endpoint"].as_str().ok_or("nobody knocks")?.to_owned())
}

/// Our leader sends the browser away and lets it in; then the browser lets a guest of ours in.
async fn lobby(web: &Web, ada: &mut Program, room: &Room) -> Outcome {
    let home = Home::new()?;
    ada.say("lobby on")?;
    ada.wait("the lobby", SOON, |line| line["event"] == "rules" && line["lobby"] == true)?;
    ada.say("kick Browser")?;
    until(web, "that it was removed", "window.told('KICKED')").await?;
    let first = knock(web, ada, "").await?;
    ada.say(&format!("deny {first}"))?;
    until(web, "that it was sent away", "window.told('CONFERENCE_FAILED conference.connectionError.accessDenied')")
        .await?;
    let second = knock(web, ada, &first).await?;
    ada.say(&format!("admit {second}"))?;
    until(web, "that it is let in", "window.told('CONFERENCE_JOINED')").await?;
    ada.say("grant Browser")?;
    until(web, "its rights", "window.peer.conference.isModerator()").await?;
    let mut cy = room.guest(&home, "Cy", &[])?;
    assert_eq!(cy.event("waiting", SOON)?["for"], "lobby");
    until(web, "that Cy knocks", "window.peer.knocks.some(([, name]) => name === 'Cy')").await?;
    run(web, "window.peer.conference.lobbyApproveAccess(window.peer.knocks.find(([, name]) => name === 'Cy')[0])")
        .await?;
    cy.event("joined", SOON)?;
    assert!(cy.terminate(SOON)?.success());
    ada.say("lobby off")?;
    ada.wait("that the lobby is off", SOON, |line| line["event"] == "rules" && line["lobby"] == false)?;
    Ok(())
}

/// The browser's socket breaks; what is said meanwhile arrives, and nobody sees it go.
async fn cut_socket(web: &Web, ada: &mut Program) -> Outcome {
    let before = ada.heard.len();
    run(web, "window.peer.chat.length = 0; window.cut()").await?;
    ada.say("chat nach dem Schnitt")?;
    until(web, "the line said meanwhile", "window.peer.chat.includes('nach dem Schnitt')").await?;
    run(web, "window.peer.conference.sendMessage('still here')").await?;
    ada.wait("the browser's line", SOON, |line| line["event"] == "chat" && line["text"] == "still here")?;
    let told: Vec<&String> = ada.heard[before..].iter().filter(|line| line.contains("\"removed\"")).collect();
    assert!(told.is_empty(), "{told:?}");
    Ok(())
}

/// Leaves and comes back, heard and seen again; then the server dies.
async fn back_and_end(web: &Web, ada: &mut Program, room: Room) -> Outcome {
    run(web, "window.peer.conference.leave()").await?;
    ada.wait("that the browser left", SOON, |line| is(line, "removed", "Browser"))?;
    run(web, "window.enter()").await?;
    let endpoint = sees_browser(ada)?;
    ada.wait("sound and picture of the browser", SOON, |line| {
        let from = |kind: &str| {
            let sources = line["sources"].as_array().into_iter().flatten();
            sources
                .filter(|source| source["endpoint"] == endpoint.as_str() && source["kind"] == kind)
                .any(|source| source["level"].as_f64() > Some(-60.0) || source["fps"].as_f64() > Some(5.0))
        };
        line["event"] == "stats" && from("audio") && from("video")
    })?;
    let flows = |figures: &Value| {
        figures["audio"]["packets"].as_u64() > Some(50) && figures["video"]["frames"].as_u64() > Some(20)
    };
    web.until("our sound and picture there", SOON, "return await window.figures()", flows).await?;
    room.server.kill()?;
    until(web, "that the browser notices", "window.told('CONNECTION_INTERRUPTED') || window.peer.failure").await?;
    // A server that restarts may be back at once; ours says that it tries.
    ada.event("reconnecting", SOON)?;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn jitsis_own_library_and_our_guests_moderate_each_other_and_stay_through_trouble() -> Outcome {
    let (host, leader, browser) = (Home::new()?, Home::new()?, Home::new()?);
    let room = Room::open_with(&host, "browser", &["--tls", "off"])?;
    let heard = leader.path("heard.wav").display().to_string();
    let mut ada =
        room.ordered(&leader, "Ada", &["--audio-in", "tone", "--audio-out", &heard, "--video-in", "pattern"])?;
    ada.event("role", SOON)?;
    let site = Site::open()?;
    let page = site.page("peer.html", &room, "")?;
    let web = Web::chromium(&browser).await?;
    web.client.goto(&page).await?;
    until(&web, "that the browser joins", "window.told('CONFERENCE_JOINED')").await?;
    sees_browser(&mut ada)?;
    words_and_hands(&web, &mut ada).await?;
    rights(&web, &mut ada, &room).await?;
    password(&web, &mut ada).await?;
    lobby(&web, &mut ada, &room).await?;
    cut_socket(&web, &mut ada).await?;
    back_and_end(&web, &mut ada, room).await?;
    web.client.close().await?;
    Ok(())
}
