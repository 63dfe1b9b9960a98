//! Guests in a room: entering, with a password too, the bridge channel, leaving.

use futures_util::SinkExt as _;
use tokio_tungstenite::tungstenite::Message;

use crate::stage::{Guest, attribute, is_closed, open, socket, until};

#[tokio::test]
async fn two_guests_meet_and_both_are_offered_media() {
    let server = open();
    let mut anna = Guest::enter(&server, "aaaaaaaa").await;
    let mut bert = Guest::enter(&server, "bbbbbbbb").await;
    until(&mut anna.socket, "runde@conference.127.0.0.1/bbbbbbbb").await;
    for guest in [&mut anna, &mut bert] {
        let offer = until(&mut guest.socket, "session-initiate").await;
        assert!(offer.contains(&server.local_addr().port().to_string()), "{offer}");
        assert!(offer.contains("opus") && offer.contains("VP8") && offer.contains("sha-256"), "{offer}");
        assert!(attribute(&offer, "url").contains("/colibri-ws/runde/"));
    }
    assert_eq!(server.rooms(), 1);
}

#[tokio::test]
async fn a_message_on_the_bridge_channel_reaches_the_other_under_the_senders_true_name() {
    let server = open();
    let mut anna = Guest::enter(&server, "aaaaaaaa").await;
    let mut bert = Guest::enter(&server, "bbbbbbbb").await;
    let mut channels = Vec::new();
    for guest in [&mut anna, &mut bert] {
        let offer = until(&mut guest.socket, "session-initiate").await;
        let mut channel = socket(&attribute(&offer, "url"), None).await.unwrap();
        until(&mut channel, "ServerHello").await;
        channels.push(channel);
    }
    let forged = r#"{"colibriClass":"EndpointMessage","to":"","from":"cccccccc","msgPayload":{"type":"wave"}}"#;
    channels[0].send(Message::text(forged)).await.unwrap();
    let got = until(&mut channels[1], "wave").await;
    assert!(got.contains("\"from\":\"aaaaaaaa\"") && !got.contains("cccccccc"), "{got}");
    let twice =
        r#"{"colibriClass":"EndpointMessage","colibriClass":"EndpointMessage","to":"","msgPayload":{"type":"twice"}}"#;
    channels[0].send(Message::text(twice)).await.unwrap();
    channels[0].send(Message::text(forged.replace("wave", "again"))).await.unwrap();
    assert!(!until(&mut channels[1], "type").await.contains("twice"), "duplicate keys are refused");
}

#[tokio::test]
async fn a_guest_whose_line_is_cut_leaves_and_the_others_stay() {
    let server = open();
    let mut anna = Guest::enter(&server, "aaaaaaaa").await;
    let bert = Guest::enter(&server, "bbbbbbbb").await;
    let _cleo = Guest::enter(&server, "cccccccc").await;
    until(&mut anna.socket, "session-initiate").await;
    drop(bert);
    let gone = until(&mut anna.socket, "unavailable").await;
    assert!(gone.contains("bbbbbbbb"), "{gone}");
    assert_eq!(server.rooms(), 1);
}

#[tokio::test]
async fn a_second_bridge_channel_replaces_the_first() {
    let server = open();
    let mut anna = Guest::enter(&server, "aaaaaaaa").await;
    let _bert = Guest::enter(&server, "bbbbbbbb").await;
    let url = attribute(&until(&mut anna.socket, "session-initiate").await, "url");
    let mut first = socket(&url, None).await.unwrap();
    until(&mut first, "ServerHello").await;
    let mut second = socket(&url, None).await.unwrap();
    until(&mut second, "ServerHello").await;
    assert!(is_closed(&mut first).await);
    second.send(Message::text(r#"{"colibriClass":"ClientHello"}"#)).await.unwrap();
    until(&mut second, "ServerHello").await;
}

#[tokio::test]
async fn words_that_are_no_xml_end_one_connection_and_no_room() {
    let server = open();
    let mut anna = Guest::enter(&server, "aaaaaaaa").await;
    let mut bert = Guest::enter(&server, "bbbbbbbb").await;
    until(&mut anna.socket, "session-initiate").await;
    bert.say("<!DOCTYPE lolz [<!ENTITY l 'l'>]><presence/>").await;
    assert!(is_closed(&mut bert.socket).await);
    until(&mut anna.socket, "unavailable").await;
    anna.say("<iq xmlns='jabber:client' type='get' id='p' to='127.0.0.1'><ping xmlns='urn:xmpp:ping'/></iq>").await;
    until(&mut anna.socket, "result").await;
}

#[tokio::test]
async fn guesses_of_one_address_slow_each_other_down_and_the_right_password_still_opens() {
    let server = open();
    let mut anna = Guest::enter(&server, "aaaaaaaa").await;
    anna.say(
        "<iq xmlns='jabber:client' type='set' id='o' to='runde@conference.127.0.0.1'>\
         <query xmlns='http://jabber.org/protocol/muc#owner'><x xmlns='jabber:x:data' type='submit'>\
         <field var='muc#roomconfig_roomsecret'><value>geheim</value></field></x></query></iq>",
    )
    .await;
    until(&mut anna.socket, "code='104'").await;
    let mut bert = Guest::log_in(&server, "bbbbbbbb").await;
    for _ in 0..4 {
        bert.ask_in("<password>falsch</password>").await;
        until(&mut bert.socket, "not-authorized").await;
    }
    // Another connection of the same computer waits with it.
    let mut cleo = Guest::log_in(&server, "cccccccc").await;
    let asked = std::time::Instant::now();
    cleo.ask_in("<password>geheim</password>").await;
    until(&mut cleo.socket, "code='110'").await;
    assert!(asked.elapsed() >= std::time::Duration::from_millis(800), "{:?}", asked.elapsed());
    until(&mut anna.socket, "cccccccc").await;
}

#[tokio::test]
async fn a_guest_whose_socket_broke_comes_back_on_another_and_media_never_stopped() {
    let server = open();
    let mut anna = Guest::enter(&server, "aaaaaaaa").await;
    let mut bert = Guest::enter(&server, "bbbbbbbb").await;
    let offer = until(&mut bert.socket, "session-initiate").await;
    let mut channel = socket(&attribute(&offer, "url"), None).await.unwrap();
    until(&mut channel, "ServerHello").await;
    bert.say("<enable xmlns='urn:xmpp:sm:3' resume='true'/>").await;
    let id = attribute(&until(&mut bert.socket, "<enabled").await, "id");
    drop(bert);
    let say = |text: &str| {
        format!(
            "<message xmlns='jabber:client' type='groupchat' to='runde@conference.127.0.0.1'><body>{text}</body></message>"
        )
    };
    anna.say(&say("missed")).await;
    until(&mut anna.socket, "missed").await;
    let mut bert = Guest::connect(&server, "bbbbbbbb").await;
    bert.say(&format!("<resume xmlns='urn:xmpp:sm:3' previd='{id}' h='0'/>")).await;
    until(&mut bert.socket, "<resumed").await;
    until(&mut bert.socket, "missed").await;
    bert.say(&say("back")).await;
    let heard = until(&mut anna.socket, "back").await;
    assert!(heard.contains("runde@conference.127.0.0.1/bbbbbbbb"), "{heard}");
    channel.send(Message::text(r#"{"colibriClass":"ClientHello"}"#)).await.unwrap();
    until(&mut channel, "ServerHello").await;
    drop(channel);
    bert.say("<close xmlns='urn:ietf:params:xml:ns:xmpp-framing'/>").await;
    until(&mut anna.socket, "unavailable").await;
}
