//! What a room offers besides, said by the right ones and by others, early and in time.

use super::*;
use crate::extras::{Breakout, Capture, Media, News, Wish};

impl Stage {
    fn components(&mut self) {
        let asked =
            |frame: &&Element| frame.get("to") == Some("meet.test") && frame.find("query", ns::DISCO_INFO).is_some();
        let id = self.sent.iter().find(asked).unwrap().get("id").unwrap().to_owned();
        let identity = |kind: &str| format!("<identity category='component' type='{kind}' name='{kind}.meet.test'/>");
        let identities: String = ["av_moderation", "polls", "breakout_rooms", "room_metadata"].map(identity).concat();
        self.hear(&format!("<iq xmlns='jabber:client' type='result' id='{id}' from='meet.test'><query xmlns='http://jabber.org/protocol/disco#info'>{identities}</query></iq>"));
    }

    fn says(&mut self, from: &str, json: &str) {
        self.hear(&format!("<message xmlns='jabber:client' from='{from}'><json-message xmlns='http://jitsi.org/jitmeet'>{json}</json-message></message>"));
    }

    fn news(&mut self) -> Vec<News> {
        let told = |event| if let Event::Extra(news) = event { Some(news) } else { None };
        self.events().into_iter().filter_map(told).filter(|news| !matches!(news, News::Offered(_))).collect()
    }

    fn focus_says(&mut self, inside: &str) {
        self.seen("focus", "focus@auth.meet.test/focus", inside);
    }
}

const NEEDED: &str = r#"{"type":"av_moderation","enabled":true,"mediaType":"audio"}"#;

fn recording(status: &str) -> String {
    format!("<jibri-recording-status xmlns='http://jitsi.org/protocol/jibri' status='{status}' recording_mode='file'/>")
}

fn capture(what: Capture, on: bool) -> News {
    News::Capture { what, on }
}

#[test]
fn what_a_component_says_before_its_address_is_known_waits_and_a_guests_imitation_is_never_believed() {
    let mut stage = Stage::present();
    stage.says("av_moderation.meet.test", NEEDED);
    stage.says("mallory@meet.test/1", NEEDED);
    assert_eq!(stage.news(), []);
    stage.components();
    assert_eq!(stage.news(), [News::Permission { media: Media::Audio, needed: true, by: None }]);
    stage.says(&format!("{ROOM}/aaaa0001"), NEEDED);
    stage.says("mallory@meet.test/1", NEEDED);
    assert_eq!(stage.news(), []);
}

#[test]
fn a_flood_before_the_list_of_components_keeps_the_newest_few() {
    let mut stage = Stage::present();
    for n in 0..200 {
        stage.says(
            "polls.meet.test",
            &format!(
                r#"{{"type":"polls","command":"new-poll","pollId":"{n}","question":"?","answers":[{{"name":"a"}}]}}"#
            ),
        );
    }
    stage.components();
    assert_eq!(stage.news().len(), 16);
}

#[test]
fn a_recording_that_runs_when_we_come_is_told_then_and_each_change_once() {
    let mut stage = Stage::entering();
    stage.focus_says(&recording("on"));
    assert_eq!(stage.news(), []);
    let nick = stage.nick();
    stage.hear(&format!("<presence xmlns='jabber:client' from='{ROOM}/{nick}'><x xmlns='http://jabber.org/protocol/muc#user'><item role='participant'/><status code='110'/></x></presence>"));
    assert_eq!(stage.news(), [capture(Capture::Recording, true)]);
    stage.focus_says(&recording("on"));
    assert_eq!(stage.news(), []);
    stage.focus_says("");
    assert_eq!(stage.news(), [capture(Capture::Recording, false)]);
    stage.seen("aaaa0001", "bo@meet.test/1", &recording("on"));
    assert_eq!(stage.news(), [], "nobody but the focus says so");
}

#[test]
fn a_transcription_is_told_whoever_says_so_until_nobody_does() {
    let mut stage = Stage::present();
    stage.components();
    stage.says(
        "room_metadata.meet.test",
        r#"{"type":"room_metadata","metadata":{"recording":{"isTranscribingEnabled":true}}}"#,
    );
    assert_eq!(stage.news(), [capture(Capture::Transcription, true)]);
    stage.says("room_metadata.meet.test", r#"{"type":"room_metadata","metadata":{}}"#);
    assert_eq!(stage.news(), [capture(Capture::Transcription, false)]);
    stage.seen("aaaa0001", "bo@meet.test/1", "<transcription-status status='ON'/>");
    assert_eq!(stage.news(), [capture(Capture::Transcription, true)]);
    stage.gone("aaaa0001", "");
    assert_eq!(stage.news(), [capture(Capture::Transcription, false)]);
}

#[test]
fn rooms_are_listed_and_nobody_is_sent_out_of_the_deployment() {
    let mut stage = Stage::present();
    stage.components();
    let from = "breakout_rooms.meet.test";
    let listed = r#"{"type":"breakout_rooms","event":"features/breakout-rooms/update","rooms":{"b":{"jid":"b@breakout.meet.test","name":"Gruppe 1"}}}"#;
    stage.says(from, listed);
    let room = Breakout { room: "b@breakout.meet.test".into(), title: "Gruppe 1".into(), main: false, people: vec![] };
    assert_eq!(stage.news(), [News::Rooms(vec![room])]);
    let send = |room: &str| {
        format!(r#"{{"type":"breakout_rooms","event":"features/breakout-rooms/move-to-room","roomJid":"{room}"}}"#)
    };
    stage.says(from, &send("b@breakout.meet.test"));
    assert_eq!(stage.news(), [News::MoveTo { room: "b@breakout.meet.test".into() }]);
    stage.says(from, &send("b@evil.test"));
    assert_eq!(stage.events(), [ignored(Oddity::StrangeRoom)]);
    stage.says(from, &send("b@notmeet.test"));
    assert_eq!(stage.news(), []);
}

#[test]
fn an_older_deployments_polls_come_from_people_and_never_in_a_private_message() {
    let mut stage = Stage::present();
    stage.components();
    let poll = r#"{"type":"new-poll","pollId":"p","question":"?","answers":["a","b"],"senderId":"eve"}"#;
    let message = |kind: &str| {
        format!(
            "<message xmlns='jabber:client' type='{kind}' from='{ROOM}/aaaa0001'><json-message xmlns='http://jitsi.org/jitmeet'>{poll}</json-message></message>"
        )
    };
    stage.hear(&message("chat"));
    assert_eq!(stage.news(), []);
    stage.hear(&message("groupchat"));
    let [News::Poll(poll)] = &stage.news()[..] else { panic!("no poll") };
    assert_eq!(poll.by, "aaaa0001");
}

#[test]
fn only_moderators_ask_for_what_is_theirs_and_a_missing_component_is_said() {
    let mut stage = Stage::present();
    stage.events();
    let wish = Command::Extra(Wish::NeedPermission { media: Media::Audio, needed: true });
    stage.command(wish.clone());
    assert_eq!(stage.events(), [ignored(Oddity::CommandOutOfPlace)]);
    let nick = stage.nick();
    stage.hear(&format!("<presence xmlns='jabber:client' from='{ROOM}/{nick}'><x xmlns='http://jabber.org/protocol/muc#user'><item role='moderator'/><status code='110'/></x></presence>"));
    stage.events();
    stage.command(wish.clone());
    assert_eq!(stage.events(), [Event::NotDone { condition: "feature-not-implemented".into() }]);
    stage.components();
    stage.command(wish);
    let sent = stage.last().to_string();
    assert_eq!(
        sent,
        "<message xmlns='jabber:client' to='av_moderation.meet.test'><av_moderation enable='true' mediaType='audio'/></message>"
    );
}

#[test]
fn a_deployment_without_a_bridge_is_told_by_the_focus_alone_once_for_each_change() {
    const MISSING: &str = "<bridgeNotAvailable xmlns='http://jitsi.org/protocol/focus'/>";
    let bridges = |stage: &mut Stage| -> Vec<bool> {
        let told = |event| if let Event::Bridges { any } = event { Some(any) } else { None };
        stage.events().into_iter().filter_map(told).collect()
    };
    let mut stage = Stage::entering();
    stage.focus_says(MISSING);
    assert_eq!(bridges(&mut stage), [false; 0]);
    let nick = stage.nick();
    stage.hear(&format!("<presence xmlns='jabber:client' from='{ROOM}/{nick}'><x xmlns='http://jabber.org/protocol/muc#user'><item role='participant'/><status code='110'/></x></presence>"));
    assert_eq!(bridges(&mut stage), [false]);
    stage.focus_says(MISSING);
    assert_eq!(bridges(&mut stage), [false; 0]);
    stage.focus_says("");
    assert_eq!(bridges(&mut stage), [true]);
    stage.seen("aaaa0001", "bo@meet.test/1", MISSING);
    assert_eq!(bridges(&mut stage), [false; 0]);
}
