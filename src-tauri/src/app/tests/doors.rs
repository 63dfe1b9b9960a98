//! In front of rooms that do not just let in, and the rights of whoever leads one; against a real server in this process.

use super::*;
use crate::view::{HostOptions, Moderation, Wants};
use runde_client::{MeetingEvent, Waiting};
use runde_server::{ServeOptions, Server, ServerHandle};

/// Far more than anything here takes.
const PATIENCE: Duration = Duration::from_secs(60);

/// Somebody at home who noted what rooms on own devices are about.
async fn at_home() -> Person {
    let mut person = Person::sits_down(None).await;
    person.arrives_home().await;
    person.hosts().await;
    person.does(Request::GoHome).await.unwrap();
    person.does(Request::CloseRoom).await.unwrap();
    person
}

fn serve(person: &mut Person, password: Option<&str>) -> ServerHandle {
    let permit = person.app.desk().unwrap().gate().host().unwrap();
    let options =
        ServeOptions { password: password.map(Into::into), ..ServeOptions::new("127.0.0.1:0".parse().unwrap()) };
    Server::spawn(permit, options).unwrap()
}

/// Takes in what the meeting says until it is over or this holds.
async fn until(person: &mut Person, holds: impl Fn(&App<Recording>) -> bool) {
    let listening = async {
        while !holds(&person.app) {
            let news = seat::next_event(&mut person.app.seat).await;
            person.app.heard(news);
        }
    };
    tokio::time::timeout(PATIENCE, listening).await.unwrap();
    person.app.publish();
}

fn wants(person: &Person) -> Wants {
    let Page::Threshold(threshold) = person.page() else { panic!("the page in front of the room") };
    threshold.wants
}

fn turned_back(app: &App<Recording>) -> bool {
    app.seat.is_none()
}

fn joins() -> Request<Wire> {
    Request::Join { name: "Ada".into(), microphone: false, camera: false }
}

#[tokio::test]
async fn a_password_is_asked_for_and_a_wrong_one_is_said_until_the_right_one_lets_in() {
    let mut person = at_home().await;
    let server = serve(&mut person, Some("sesam"));
    person.does(Request::OpenLink(server.room_link("tisch"))).await.unwrap();
    person.does(joins()).await.unwrap();
    until(&mut person, turned_back).await;
    assert_eq!(wants(&person), Wants::Password);
    person.does(Request::GivePassword("falsch".into())).await.unwrap();
    assert!(matches!(person.page(), Page::Threshold(threshold) if threshold.trying));
    until(&mut person, turned_back).await;
    assert_eq!(wants(&person), Wants::OtherPassword);
    person.does(Request::GivePassword("sesam".into())).await.unwrap();
    until(&mut person, |app| app.place.is_meeting()).await;
    let seat = person.app.seat.as_ref().unwrap();
    assert_eq!(seat.state().me.name, "Ada", "the name was kept on the way");
    server.shutdown().await;
}

#[tokio::test]
async fn giving_up_before_a_door_leads_home_and_a_late_answer_is_refused() {
    let mut person = at_home().await;
    let server = serve(&mut person, Some("sesam"));
    person.does(Request::OpenLink(server.room_link("tisch"))).await.unwrap();
    person.does(joins()).await.unwrap();
    until(&mut person, turned_back).await;
    person.does(Request::GoHome).await.unwrap();
    assert!(matches!(person.page(), Page::Home(_)));
    assert!(person.does(Request::GivePassword("sesam".into())).await.is_err());
}

#[tokio::test]
async fn whoever_opened_a_room_with_a_password_and_a_lobby_goes_in_and_moderates_it() {
    let mut person = at_home().await;
    let options = HostOptions { room: None, interface: None, password: Some("sesam".into()), lobby: true };
    person.does(Request::HostRoom(options)).await.unwrap();
    person.does(joins()).await.unwrap();
    until(&mut person, |app| app.seat.as_ref().is_some_and(|seat| seat.state().rules.lobby)).await;
    let meeting = person
        .slices
        .try_iter()
        .filter_map(|slice| if let Slice::Meeting(meeting) = slice { meeting } else { None })
        .last()
        .unwrap();
    assert!(meeting.moderator && meeting.locked && meeting.lobby);
    person.does(Request::Moderate(Moderation::Password { password: None })).await.unwrap();
    until(&mut person, |app| app.seat.as_ref().is_some_and(|seat| !seat.state().rules.password)).await;
}

#[tokio::test]
async fn a_room_with_other_rules_is_another_server_and_the_same_rules_keep_it() {
    let mut person = at_home().await;
    let host = |password: Option<&str>| {
        Request::HostRoom(HostOptions {
            room: Some("tisch".into()),
            interface: None,
            password: password.map(Into::into),
            lobby: false,
        })
    };
    let link = |person: &Person| {
        let Page::Prejoin(door) = person.page() else { panic!("the door") };
        door.link
    };
    person.does(host(None)).await.unwrap();
    let first = link(&person);
    person.does(Request::GoHome).await.unwrap();
    person.does(host(None)).await.unwrap();
    assert_eq!(link(&person), first);
    person.does(Request::GoHome).await.unwrap();
    person.does(host(Some("sesam"))).await.unwrap();
    assert_ne!(link(&person), first, "a server of its own has a certificate of its own");
}

#[tokio::test]
async fn whoever_does_not_moderate_is_told_so() {
    let mut person = at_home().await;
    let server = serve(&mut person, None);
    let link = runde_client::RoomLink::parse(&server.room_link("tisch"), "meet.jit.si").unwrap();
    let target = runde_privacy::Target::new(&link.host, link.rn.as_deref()).unwrap();
    let permit = person.app.desk().unwrap().gate().contact(&target).unwrap();
    let mut leader = runde_client::Meeting::spawn(permit, runde_client::JoinOptions::new(link, "Eva")).unwrap();
    while !matches!(leader.next_event().await, Some(MeetingEvent::Role { moderator: true })) {}
    person.does(Request::OpenLink(server.room_link("tisch"))).await.unwrap();
    person.does(joins()).await.unwrap();
    until(&mut person, |app| app.place.is_meeting()).await;
    let refused = person.does(Request::Moderate(Moderation::Lobby { on: true })).await.unwrap_err();
    assert_eq!(refused.code, ErrorCode::NotModerator);
    server.shutdown().await;
}

#[tokio::test]
async fn while_one_waits_the_page_says_for_whom_and_a_login_page_opens_only_when_asked() {
    let mut person = Person::sits_down(None).await;
    person.arrives_home().await;
    let port = super::own_notice::server("404 Not Found", Some(String::new())).await;
    person.does(Request::OpenLink(format!("http://127.0.0.1:{port}/tisch"))).await.unwrap();
    if matches!(person.app.place, Place::Asking(_)) {
        person.notes().await;
    }
    person.does(joins()).await.unwrap();
    person.hears_the_server().await;
    person.app.heard(Some(MeetingEvent::Waiting { why: Waiting::Host }));
    person.app.heard(Some(MeetingEvent::LoginNeeded { url: "https://login.example/tisch".into() }));
    person.app.publish();
    let Page::Threshold(threshold) = person.page() else { panic!("the page in front of the room") };
    assert_eq!((threshold.wants, threshold.trying), (Wants::Host, false));
    assert_eq!(threshold.login_page.as_deref(), Some("https://login.example/tisch"));
    assert!(person.desktop.0.lock().unwrap().pages.is_empty(), "nothing opens by itself");
    person.does(Request::OpenLoginPage).await.unwrap();
    assert_eq!(person.desktop.0.lock().unwrap().pages, ["https://login.example/tisch"]);
    person.app.heard(Some(MeetingEvent::Waiting { why: Waiting::Lobby }));
    person.app.publish();
    assert_eq!(wants(&person), Wants::Moderator);
}

#[tokio::test]
async fn whoever_wants_only_a_relay_is_told_where_there_is_none() {
    let mut person = at_home().await;
    let server = serve(&mut person, None);
    let link = runde_client::RoomLink::parse(&server.room_link("tisch"), "meet.jit.si").unwrap();
    let target = runde_privacy::Target::new(&link.host, link.rn.as_deref()).unwrap();
    let permit = person.app.desk().unwrap().gate().contact(&target).unwrap();
    let other = runde_client::Meeting::spawn(permit, runde_client::JoinOptions::new(link, "Eva")).unwrap();
    person.does(Request::SetSetting(SettingChange::RelayOnly(true))).await.unwrap();
    person.does(Request::OpenLink(server.room_link("tisch"))).await.unwrap();
    person.does(joins()).await.unwrap();
    until(&mut person, |app| matches!(app.place, Place::Broken(_))).await;
    let Place::Broken(broken) = &person.app.place else { panic!("a page that says why") };
    assert_eq!((broken.error.code, broken.error.retry), (ErrorCode::RelayMissing, true));
    assert!(person.app.contacts.seen().contacts.iter().all(|one| one.purpose != runde_client::Purpose::Media));
    drop(other);
    server.shutdown().await;
}
