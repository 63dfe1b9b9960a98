//! Rooms under the notice of whoever opens them, what changed in it, and notices that servers offer.

use super::*;
use crate::view::{Responsible, Rewording, Wording};
use runde_privacy::Operator;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

const OK: &str = "200 OK";

fn school(days: &str) -> Responsible {
    Responsible {
        name: "Gymnasium Musterstadt".into(),
        address: "Schulstraße 1\n12345 Musterstadt".into(),
        retention_days: days.into(),
        ..Responsible::default()
    }
}

fn options() -> HostOptions {
    HostOptions { room: Some("table".into()), interface: None, password: None, lobby: false }
}

impl Person {
    async fn keeps(&mut self, details: Responsible) {
        self.does(Request::KeepHosting(details)).await.unwrap();
    }

    /// Opens a room and yields the notice that is asked for before.
    async fn is_asked_before_hosting(&mut self) -> crate::view::Notice {
        self.does(Request::HostRoom(options())).await.unwrap();
        self.notice()
    }

    fn door(&self) -> crate::view::Prejoin {
        let Page::Prejoin(door) = self.page() else { panic!("the door") };
        door
    }

    /// Waits for the answer of the server that is being asked.
    pub(super) async fn hears_the_server(&mut self) {
        let answer = desk::fetch::arrived(&mut self.app.place);
        let found = tokio::time::timeout(Duration::from_secs(10), answer).await.unwrap();
        self.app.notice_found(found);
        self.app.publish();
    }
}

#[tokio::test]
async fn a_room_is_served_under_the_notice_and_log_of_whoever_said_so() {
    let mut person = Person::sits_down(None).await;
    person.arrives_home().await;
    person.keeps(school("14")).await;
    let notice = person.is_asked_before_hosting().await;
    assert_eq!((notice.notice_id.as_str(), notice.controller.name.as_str()), ("operator", "Gymnasium Musterstadt"));
    person.notes().await;
    let door = person.door();
    assert!(door.hosted_here && door.controller_name == "Gymnasium Musterstadt");
    let hashes = [&notice.texts[0].sha256, &notice.texts[1].sha256];
    assert!(hashes.iter().any(|hash| door.link.contains(hash.as_str())), "{}", door.link);
    assert!(person.folder.path().join("data/access-log").is_dir(), "the log that the notice names is kept");
    person.does(Request::GoHome).await.unwrap();
    assert!(matches!(person.page(), Page::Home(home) if home.responsible == "Gymnasium Musterstadt"));
}

#[tokio::test]
async fn without_details_and_after_they_were_removed_nobody_is_named_and_no_log_is_kept() {
    let mut person = Person::sits_down(None).await;
    person.arrives_home().await;
    person.keeps(school("")).await;
    person.does(Request::ForgetHosting).await.unwrap();
    assert!(!person.folder.path().join("config/operator.json").exists());
    assert_eq!(person.is_asked_before_hosting().await.notice_id, "embedded-room");
    person.notes().await;
    assert_eq!(person.door().controller_name, "");
    assert!(!person.folder.path().join("data/access-log").exists());
}

#[tokio::test]
async fn an_open_room_is_opened_anew_when_its_notice_changed_and_the_difference_is_shown() {
    let mut person = Person::sits_down(None).await;
    person.arrives_home().await;
    person.keeps(school("14")).await;
    let first = person.is_asked_before_hosting().await;
    person.notes().await;
    let before = person.door().link;
    person.does(Request::GoHome).await.unwrap();
    person.keeps(school("28")).await;
    let second = person.is_asked_before_hosting().await;
    assert_eq!((second.reason, second.version.as_str()), (NoticeReason::Changed, "2"));
    let german = &second.texts[0];
    assert!(german.changes.iter().any(|change| {
        change.kind == Rewording::Reworded
            && change.section == "Was verarbeitet wird"
            && change.pieces.iter().any(|piece| piece.wording == Wording::Old && piece.text.contains("14"))
            && change.pieces.iter().any(|piece| piece.wording == Wording::New && piece.text.contains("28"))
    }));
    person.notes().await;
    assert_ne!(person.door().link, before, "the link names the new text");
    // Both versions can be read for ever.
    for notice in [first, second] {
        let sha256 = notice.texts[0].sha256.clone();
        person.does(Request::ShowText(sha256.clone())).await.unwrap();
        let shown = person.notice();
        assert_eq!((shown.reason, &shown.texts[0].sha256), (NoticeReason::Reading, &sha256));
    }
    assert!(person.does(Request::ShowText("0".repeat(64))).await.is_err());
    person.does(Request::OpenDesk(DeskPage::Ledger)).await.unwrap();
    let desk = person.app.desk.as_ref().ok().unwrap();
    let entries = person.app.counter.slice(desk).unwrap().entries;
    assert_eq!(entries.iter().filter(|entry| entry.subject == "embedded-room" && entry.readable).count(), 2);
}

#[tokio::test]
async fn a_draft_is_shown_in_every_language_and_kept_nowhere() {
    let mut person = Person::sits_down(None).await;
    person.arrives_home().await;
    person.does(Request::OpenDesk(DeskPage::Hosting)).await.unwrap();
    let error = person.does(Request::DraftHosting(school("57"))).await.unwrap_err();
    assert_eq!((error.code, error.params["text"].as_str()), (ErrorCode::OperatorRetentionUnusable, "57"));
    person.does(Request::DraftHosting(school("7"))).await.unwrap();
    person.app.counter.something_happened();
    let desk = person.app.desk.as_ref().ok().unwrap();
    let hosting = person.app.counter.slice(desk).unwrap().hosting;
    let draft = hosting.draft.unwrap();
    let languages: Vec<Lang> = draft.texts.iter().map(|text| text.lang).collect();
    assert_eq!(languages, [Lang::De, Lang::En, Lang::DeSimple]);
    assert!(hosting.allowed && hosting.kept.is_none() && !draft.kept && draft.texts[1].summary[1].contains("7 days"));
    assert!(!person.folder.path().join("config/operator.json").exists());
}

#[tokio::test]
async fn where_the_policy_took_hosting_away_no_details_are_taken_but_old_ones_can_go() {
    let folder = tempfile::tempdir().unwrap();
    let policy = folder.path().join("policy.json");
    std::fs::write(&policy, r#"{"version":1,"off":["hosting"]}"#).unwrap();
    let places = Places::at(folder.path()).under(policy);
    let mut person = Person::sits_down_at(folder, None).await;
    person.app.desk = Err(UiError::internal("another one is opened"));
    person.app.desk = Desk::at(places);
    person.arrives_home().await;
    for request in [Request::DraftHosting(school("")), Request::KeepHosting(school(""))] {
        assert_eq!(person.does(request).await.unwrap_err().code, ErrorCode::FixedByPolicy);
    }
    person.does(Request::ForgetHosting).await.unwrap();
}

/// A server that answers each connection with `document` at any path, or never where there is none; yields its port.
pub(super) async fn server(status: &'static str, document: Option<String>) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        let mut silent = Vec::new();
        while let Ok((mut tcp, _)) = listener.accept().await {
            let Some(body) = &document else {
                silent.push(tcp);
                continue;
            };
            let mut head = [0; 4_000];
            let _ = tcp.read(&mut head).await;
            let length = body.len();
            let kind = "application/json";
            let answer = format!("HTTP/1.1 {status}\r\ncontent-type: {kind}\r\ncontent-length: {length}\r\n\r\n{body}");
            let _ = tcp.write_all(answer.as_bytes()).await;
        }
    });
    port
}

fn document(name: &str) -> runde_privacy::Document {
    Operator::read(format!(r#"{{"name": "{name}", "address": ["Weg 1"]}}"#).as_bytes()).unwrap().document()
}

fn join() -> Request<Wire> {
    Request::Join { name: "Ada".into(), microphone: false, camera: false }
}

#[tokio::test]
async fn a_server_that_offers_a_notice_is_entered_only_after_it_was_noted_and_is_then_called_by_name() {
    let port = server(OK, Some(document("Verein Musterstadt").to_json())).await;
    let mut person = Person::sits_down(None).await;
    person.arrives_home().await;
    person.does(Request::OpenLink(format!("http://127.0.0.1:{port}/table"))).await.unwrap();
    person.notes().await;
    assert_eq!(person.door().controller_name, "", "only the warning was noted");
    person.does(join()).await.unwrap();
    assert!(person.door().joining && person.app.seat.is_none(), "nobody enters unread");
    person.hears_the_server().await;
    let notice = person.notice();
    assert_eq!((notice.controller.name.as_str(), notice.reason), ("Verein Musterstadt", NoticeReason::FirstContact));
    person.notes().await;
    let door = person.door();
    assert_eq!((door.controller_name.as_str(), door.name.as_str()), ("Verein Musterstadt", "Ada"));
    person.does(join()).await.unwrap();
    person.hears_the_server().await;
    assert_eq!(person.app.seat.as_ref().map(|seat| seat.operator.as_str()), Some("Verein Musterstadt"));
}

#[tokio::test]
async fn a_server_whose_notice_changed_asks_again_with_the_difference() {
    let port = server(OK, Some(document("Verein Neustadt").to_json())).await;
    let mut person = Person::sits_down(None).await;
    person.arrives_home().await;
    let target = runde_privacy::Target::new("127.0.0.1", None).unwrap();
    let old = document("Verein Altstadt");
    let profile = &mut person.app.desk().unwrap().profile;
    let shown = runde_profile::Shown {
        lang: runde_privacy::Lang::De,
        shown_at: runde_profile::now(),
        scrolled_to_end: true,
        method: runde_privacy::Method::Button,
    };
    profile.acknowledge(&target, shown).unwrap();
    profile.consider(old.clone());
    profile.acknowledge(&target.with_notice(&old.id()), shown).unwrap();
    person.does(Request::OpenLink(format!("http://127.0.0.1:{port}/table"))).await.unwrap();
    assert_eq!(person.door().controller_name, "Verein Altstadt");
    person.does(join()).await.unwrap();
    person.hears_the_server().await;
    let notice = person.notice();
    assert_eq!(notice.reason, NoticeReason::Changed);
    let words: Vec<_> = notice.texts[1].changes.iter().flat_map(|change| &change.pieces).collect();
    assert!(words.iter().any(|piece| piece.wording == Wording::Old && piece.text.contains("Altstadt")));
    assert!(words.iter().any(|piece| piece.wording == Wording::New && piece.text.contains("Neustadt")));
}

#[tokio::test]
async fn a_promised_notice_is_fetched_beside_everything_else_and_one_may_turn_back() {
    let port = server(OK, None).await;
    let mut person = Person::sits_down(None).await;
    person.arrives_home().await;
    let link = format!("http://127.0.0.1:{port}/table#rn={}", "ab".repeat(32));
    person.does(Request::OpenLink(link)).await.unwrap();
    let start = std::time::Instant::now();
    person.notes().await;
    assert!(start.elapsed() < Duration::from_secs(2), "the server never answers, and the app does");
    assert!(matches!(person.page(), Page::Fetching(page) if page.room == "table"));
    person.does(Request::SetSetting(SettingChange::Echo(false))).await.unwrap();
    person.does(Request::GoHome).await.unwrap();
    assert!(matches!(person.page(), Page::Home(_)));
}

#[tokio::test]
async fn a_server_that_shows_another_notice_than_its_link_promises_is_not_entered() {
    let port = server(OK, Some(document("Verein Musterstadt").to_json())).await;
    let mut person = Person::sits_down(None).await;
    person.arrives_home().await;
    for (promised, broken) in [("ab".repeat(32), true), (document("Verein Musterstadt").id(), false)] {
        person.does(Request::OpenLink(format!("http://127.0.0.1:{port}/table#rn={promised}"))).await.unwrap();
        person.notes().await;
        person.hears_the_server().await;
        let page = person.page();
        assert_eq!(matches!(page, Page::Broken(_)), broken, "{page:?}");
        if broken {
            person.does(Request::GoHome).await.unwrap();
        }
    }
    assert_eq!(person.app.place_is_asking_for(), Some("Verein Musterstadt".to_owned()));
}

impl App<Recording> {
    fn place_is_asking_for(&self) -> Option<String> {
        let Place::Asking(asking) = &self.place else { return None };
        Some(asking.slice(None).controller.name)
    }
}
