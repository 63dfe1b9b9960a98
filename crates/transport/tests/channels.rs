//! Data channels of two endpoints, in virtual time, beside media.
#![allow(clippy::unwrap_used)]

mod common;

use common::{FROM_HOST, Net, Plan, ms, packet};
use runde_transport::{ChannelEvent, ChannelId, ChannelMessage, DataChannels, Event, Setup, TransportError};

const LABEL: &str = "JVB data channel";
const PROTOCOL: &str = "http://jitsi.org/protocols/colibri";

/// Both carry data channels; the guest plays this part in DTLS.
fn plan(guest: Setup) -> Plan {
    let mut plan = Plan::new();
    for config in &mut plan.configs {
        config.channels = DataChannels::On { max_message: None };
    }
    plan.setups = [guest, if guest == Setup::Active { Setup::ActPass } else { Setup::Active }];
    plan
}

fn told(net: &Net, side: usize) -> Vec<&ChannelEvent> {
    let events = net.sides[side].events.iter();
    events.filter_map(|event| if let Event::Channel(event) = event { Some(event) } else { None }).collect()
}

fn opened(by_peer: bool, id: ChannelId) -> ChannelEvent {
    ChannelEvent::Opened { id, by_peer, label: LABEL.to_owned(), protocol: PROTOCOL.to_owned() }
}

fn text(words: &str) -> ChannelMessage {
    ChannelMessage::Text(words.to_owned())
}

#[test]
fn in_both_dtls_roles_either_side_may_open_and_both_may_speak() {
    for guest in [Setup::Active, Setup::Passive] {
        for opener in [0, 1] {
            let mut net = plan(guest).start();
            let now = net.now;
            let id = net.sides[opener].endpoint.open_channel(now, LABEL, PROTOCOL).unwrap();
            net.connect();
            net.run(ms(200));
            assert!(told(&net, opener).contains(&&opened(false, id)), "{guest:?} {opener}: {:?}", told(&net, opener));
            assert!(told(&net, 1 - opener).contains(&&opened(true, id)));
            let now = net.now;
            for side in 0..2 {
                net.sides[side].endpoint.send_on_channel(now, id, &text(&side.to_string())).unwrap();
            }
            net.run(ms(200));
            for side in 0..2usize {
                let message = text(&(1 - side).to_string());
                assert!(told(&net, side).contains(&&ChannelEvent::Message { id, message }));
            }
            let now = net.now;
            net.sides[1 - opener].endpoint.close_channel(now, id);
            net.run(ms(1000));
            assert!((0..2).all(|side| told(&net, side).contains(&&ChannelEvent::Closed { id })));
            assert!((0..2).all(|side| net.sides[side].endpoint.stats().refused == 0));
        }
    }
}

#[test]
fn the_bridge_channel_is_open_within_three_round_trips_of_dtls() {
    let mut net = plan(Setup::Active).start();
    let now = net.now;
    net.guest().open_channel(now, LABEL, PROTOCOL).unwrap();
    while !net.sides[0].is_connected() {
        net.run(ms(1));
    }
    // INIT, COOKIE ECHO with DATA_CHANNEL_OPEN, the answers: 20 ms each round.
    net.run(ms(61));
    assert!(told(&net, 0).iter().any(|event| matches!(event, ChannelEvent::Opened { .. })));
}

#[test]
fn an_endpoint_without_data_channels_drops_what_comes_for_them_and_media_flow() {
    let mut plan = plan(Setup::Active);
    plan.configs[1].channels = DataChannels::Off;
    let mut net = plan.start();
    let now = net.now;
    net.guest().open_channel(now, LABEL, PROTOCOL).unwrap();
    assert_eq!(net.host().open_channel(now, LABEL, PROTOCOL), Err(TransportError::NoChannels));
    net.connect();
    net.run(ms(1000));
    assert!(told(&net, 1).is_empty());
    for seq in 0..20 {
        let now = net.now;
        net.host().send_rtp(now, packet(FROM_HOST, seq, 500)).unwrap();
        net.run(ms(20));
    }
    assert_eq!(net.sides[0].received(FROM_HOST).len(), 20);
}

#[test]
fn the_channel_survives_new_ice_credentials_and_a_moved_guest() {
    let mut net = plan(Setup::Active).start();
    let now = net.now;
    let id = net.guest().open_channel(now, LABEL, PROTOCOL).unwrap();
    net.connect();
    net.run(ms(200));
    net.sides[0].addr = "10.0.0.77:6000".parse().unwrap();
    net.run(ms(3000));
    let now = net.now;
    net.guest().send_on_channel(now, id, &text("from elsewhere")).unwrap();
    net.run(ms(3000));
    let message = text("from elsewhere");
    assert!(told(&net, 1).contains(&&ChannelEvent::Message { id, message }), "{:?}", told(&net, 1));
}

#[test]
fn after_the_end_of_the_endpoint_nothing_follows() {
    let mut net = plan(Setup::Active).start();
    let now = net.now;
    let id = net.guest().open_channel(now, LABEL, PROTOCOL).unwrap();
    net.connect();
    net.run(ms(200));
    let now = net.now;
    net.host().close(now);
    net.run(ms(100));
    net.sides[0].events.clear();
    let now = net.now;
    let refused = net.guest().send_on_channel(now, id, &text("late"));
    net.run(ms(60_000));
    assert!(refused.is_err() && net.sides[0].events.is_empty(), "{refused:?} {:?}", net.sides[0].events);
}
