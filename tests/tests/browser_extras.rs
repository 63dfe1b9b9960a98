//! Permission to speak in one embedded room, from either side: a guest of ours moderates an unmodified third-party Jitsi client, then
//! that client moderates; and a poll between guests of ours, also for one who comes later.

use e2e::Outcome;
use e2e::folder::Home;
use e2e::room::Room;
use e2e::site::Site;
use e2e::web::Web;
use serde_json::Value;
use std::time::Duration;

const SOON: Duration = Duration::from_secs(40);
const EVENTS: &str = "return window.peer.events";

fn has(events: &Value, name: &str) -> bool {
    events.as_array().is_some_and(|all| all.iter().any(|event| event.as_str().is_some_and(|it| it.contains(name))))
}

#[tokio::test(flavor = "multi_thread")]
async fn permission_to_speak_is_needed_given_and_taken_with_jitsis_own_library_and_polls_are_answered() -> Outcome {
    let (host, ours, other, browser) = (Home::new()?, Home::new()?, Home::new()?, Home::new()?);
    let room = Room::open_with(&host, "permission", &["--tls", "off"])?;
    let mut ada = room.ordered(&ours, "Ada", &[])?;
    let me = ada.event("joined", SOON)?["endpoint"].as_str().unwrap_or_default().to_owned();
    ada.wait("what the room offers", SOON, |line| line["event"] == "offers" && line["permission"] == true)?;
    ada.wait("the rights", SOON, |line| line["event"] == "role" && line["moderator"] == true)?;
    let mut bert = room.ordered(&other, "Bert", &["--audio-in", "tone"])?;
    bert.event("joined", SOON)?;

    let site = Site::open()?;
    let page = site.page("peer.html", &room, "")?;
    let web = Web::chromium(&browser).await?;
    web.client.goto(&page).await?;
    ada.wait("the browser", SOON, |line| line["event"] == "participant" && line["name"] == "Browser")?;

    ada.say("permission microphone needed")?;
    let muted = |line: &Value| line["event"] == "muted" && line["kind"] == "audio" && line["by"] == "Ada";
    bert.wait("that he is silenced", SOON, muted)?;
    bert.say("microphone on")?;
    bert.wait("that he has to ask", SOON, |line| line["event"] == "must-ask" && line["media"] == "audio")?;
    web.until("the library knows", SOON, EVENTS, |events| has(events, "AV_MODERATION_CHANGED")).await?;
    ada.say("allow Browser")?;
    web.until("the library may", SOON, EVENTS, |events| has(events, "AV_MODERATION_APPROVED")).await?;
    ada.say("allow Bert")?;
    bert.wait("that he may", SOON, |line| line["event"] == "allowed" && line["allowed"] == true)?;
    ada.say("disallow Browser")?;
    web.until("the library may not", SOON, EVENTS, |events| has(events, "AV_MODERATION_REJECTED")).await?;

    ada.say("grant Browser")?;
    web.until("the library moderates", SOON, "return window.peer.conference.isModerator()", |is| *is == true).await?;
    web.client.execute("window.peer.conference.enableAVModeration('video')", Vec::new()).await?;
    bert.wait("that cameras need permission", SOON, |line| {
        line["event"] == "permission" && line["media"] == "video" && line["needed"] == true
    })?;
    web.client.close().await?;

    bert.say("poll Tee? | ja | nein")?;
    let poll = ada.wait("a poll", SOON, |line| line["event"] == "poll" && line["question"] == "Tee?")?;
    let id = poll["poll"].as_str().unwrap_or_default().to_owned();
    ada.say(&format!("vote {id} 2"))?;
    bert.wait("a vote", SOON, |line| line["event"] == "vote" && line["endpoint"] == me.as_str())?;
    let mut cleo = room.guest(&host, "Cleo", &[])?;
    let told = cleo.event("poll", SOON)?;
    assert_eq!(told["counts"], serde_json::json!([0, 1]), "{told}");
    for guest in [ada, bert, cleo] {
        assert!(guest.terminate(SOON)?.success());
    }
    Ok(())
}
