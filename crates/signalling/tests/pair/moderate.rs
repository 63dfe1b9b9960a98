//! A moderator with buttons: our guest side moderates our host side, and everybody learns what happened.

use crate::stage::{DOMAIN, Pair, ROOM, Seat};
use runde_signalling::guest::{Command, End, Event, Failure, Moderation, Muted, RoomRules, Waiting};
use runde_signalling::host::HostConfig;
use std::time::Duration;

const SOON: Duration = Duration::from_secs(3);

fn moderate(pair: &mut Pair, seat: Seat, what: Moderation) {
    pair.command(seat, Command::Moderate(what));
    pair.drive(SOON);
}

/// Who knocks, as a moderator sees it, by name.
fn knocks(pair: &mut Pair, seat: Seat, name: &str) -> String {
    let knocks = pair.events(seat).into_iter().find_map(|event| match event {
        Event::Knocked { endpoint, name: said } if said == name => Some(endpoint),
        _other => None,
    });
    knocks.expect("nobody knocks")
}

#[test]
fn whom_a_moderator_silences_promotes_or_sends_away_learns_it_and_by_whom() {
    let mut pair = Pair::new(61);
    let (ada, bo, cy) = (pair.seated("Ada"), pair.seated("Bo"), pair.seated("Cy"));
    pair.hush();
    let (by, of) = (pair.endpoint(ada), pair.endpoint(bo));
    moderate(&mut pair, ada, Moderation::Mute { endpoint: of.clone(), what: Muted::Audio });
    assert!(pair.events(bo).contains(&Event::MutedByModerator { what: Muted::Audio, by: Some(by.clone()) }));
    let cleo = pair.endpoint(cy);
    moderate(&mut pair, ada, Moderation::Grant { endpoint: cleo });
    assert!(pair.events(cy).contains(&Event::Role { moderator: true }));
    moderate(&mut pair, cy, Moderation::Kick { endpoint: of });
    let kicked = |event: &Event| matches!(event, Event::Ended(End::Kicked { by: Some(_), .. }));
    assert!(pair.events(bo).iter().any(kicked));
    assert_eq!(pair.host.guests(ROOM), 2);
    assert!(!pair.events(ada).iter().any(|event| matches!(event, Event::NotDone { .. })));
}

#[test]
fn a_subject_is_heard_by_everybody() {
    let mut pair = Pair::new(62);
    let (ada, bo) = (pair.seated("Ada"), pair.seated("Bo"));
    moderate(&mut pair, ada, Moderation::SetSubject("Kapitel 7".into()));
    for seat in [ada, bo] {
        assert!(pair.events(seat).contains(&Event::Subject("Kapitel 7".into())));
    }
}

#[test]
fn a_password_is_set_asked_for_and_taken_away_and_its_moderator_sees_the_rules() {
    let mut pair = Pair::new(63);
    let ada = pair.seated("Ada");
    assert!(pair.events(ada).contains(&Event::Rules(RoomRules::default())));
    moderate(&mut pair, ada, Moderation::SetPassword(Some("sesam & <öffne>".into())));
    assert!(pair.events(ada).contains(&Event::Rules(RoomRules { password: true, lobby: false })));
    let bo = pair.join("Bo");
    pair.drive(SOON);
    assert!(pair.events(bo).contains(&Event::Failed(Failure::PasswordNeeded)));
    let bo = pair.join_as("Bo", 9, Some("sesam & <öffne>"));
    pair.drive(SOON);
    assert!(pair.events(bo).iter().any(|event| matches!(event, Event::Joined { .. })));
    moderate(&mut pair, ada, Moderation::SetPassword(None));
    assert!(pair.events(ada).contains(&Event::Rules(RoomRules::default())));
    let cy = pair.seated("Cy");
    assert!(pair.events(cy).iter().any(|event| matches!(event, Event::Joined { .. })));
}

#[test]
fn who_knocks_is_seen_and_let_in_or_sent_away_and_those_inside_stay() {
    let mut pair = Pair::new(64);
    let (ada, bo) = (pair.seated("Ada"), pair.seated("Bo"));
    moderate(&mut pair, ada, Moderation::SetLobby(true));
    assert_eq!(pair.host.guests(ROOM), 2, "whoever is inside stays");
    let cy = pair.join("Cy");
    pair.drive(SOON);
    assert!(pair.events(cy).contains(&Event::Waiting(Waiting::Lobby)));
    let endpoint = knocks(&mut pair, ada, "Cy");
    assert!(!pair.events(bo).iter().any(|event| matches!(event, Event::Knocked { .. })), "a guest sees nobody knock");
    moderate(&mut pair, ada, Moderation::LetIn { endpoint: endpoint.clone() });
    assert!(pair.events(cy).iter().any(|event| matches!(event, Event::Joined { .. })));
    assert!(pair.events(ada).contains(&Event::KnockerGone { endpoint }));

    let di = pair.join("Di");
    pair.drive(SOON);
    let endpoint = knocks(&mut pair, ada, "Di");
    moderate(&mut pair, ada, Moderation::TurnAway { endpoint });
    assert!(pair.events(di).contains(&Event::Failed(Failure::LobbyRefused)));

    let eve = pair.join("Eve");
    pair.drive(SOON);
    knocks(&mut pair, ada, "Eve");
    moderate(&mut pair, ada, Moderation::SetLobby(false));
    assert!(pair.events(eve).iter().any(|event| matches!(event, Event::Joined { .. })), "the door is open");
    assert!(pair.events(ada).contains(&Event::Rules(RoomRules::default())));
}

#[test]
fn a_lobby_from_the_beginning_is_watched_by_the_first_who_comes() {
    let mut pair = Pair::of(65, HostConfig { lobby: true, ..HostConfig::new(DOMAIN) });
    let ada = pair.seated("Ada");
    assert!(pair.events(ada).contains(&Event::Rules(RoomRules { password: false, lobby: true })));
    let bo = pair.join("Bo");
    pair.drive(SOON);
    let endpoint = knocks(&mut pair, ada, "Bo");
    moderate(&mut pair, ada, Moderation::LetIn { endpoint });
    assert!(pair.events(bo).iter().any(|event| matches!(event, Event::Joined { .. })));
}

#[test]
fn the_guest_who_inherits_the_room_sees_who_knocks() {
    let mut pair = Pair::new(66);
    let (ada, bo) = (pair.seated("Ada"), pair.seated("Bo"));
    moderate(&mut pair, ada, Moderation::SetLobby(true));
    let cy = pair.join("Cy");
    pair.drive(SOON);
    pair.command(ada, Command::Leave);
    pair.drive(SOON);
    let endpoint = knocks(&mut pair, bo, "Cy");
    moderate(&mut pair, bo, Moderation::LetIn { endpoint });
    assert!(pair.events(cy).iter().any(|event| matches!(event, Event::Joined { .. })));
}
