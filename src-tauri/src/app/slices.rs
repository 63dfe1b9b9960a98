//! From what the client says to what the window sees: pure conversions, one per slice.

use crate::view::{ChatLine, Knocker, Meeting, Network, Person, Phase};
use runde_client::{Connection, MeetingState, Stats};

/// Longest name on the window, in characters; the full name would push the controls away.
const LONGEST_NAME: usize = 80;

/// Loss and delay that listeners notice, and those at which speech is being lost (ITU-T G.114 for the delay).
const WEAK: (f32, u128) = (0.03, 300);
const POOR: (f32, u128) = (0.10, 800);

/// Level that fills the meter, and the one that leaves it empty, in dBFS.
const LOUD: f32 = -12.0;
const SILENT: f32 = -60.0;

/// What the meeting slice needs beside the client's state.
pub struct Around<'a> {
    pub host: &'a str,
    pub link: &'a str,
    pub hosted_here: bool,
    pub joined_at: u64,
    pub network: Network,
    pub fingerprint: Option<crate::view::Fingerprint>,
    /// As the notice names them; empty where it does not.
    pub operator: &'a str,
    pub signs: Vec<crate::view::Sign>,
}

pub fn meeting(state: &MeetingState, around: &Around) -> Meeting {
    Meeting {
        phase: phase(&state.connection),
        room: state.room.clone(),
        host: around.host.to_owned(),
        link: around.link.to_owned(),
        operator: around.operator.to_owned(),
        hosted_here: around.hosted_here,
        joined_at: around.joined_at,
        network: around.network,
        direct: state.direct.is_some(),
        dominant: state.dominant.clone(),
        fingerprint: around.fingerprint.clone(),
        subject: state.subject.clone(),
        moderator: state.me.moderator,
        locked: state.rules.password,
        lobby: state.rules.lobby,
        knockers: state.knockers.iter().map(knocker).collect(),
        extras: super::extras::extras(state, around.signs.clone()),
    }
}

fn knocker(knocker: &runde_client::Knocker) -> Knocker {
    Knocker { endpoint: knocker.endpoint.clone(), name: short(&knocker.name) }
}

fn phase(connection: &Connection) -> Phase {
    match connection {
        Connection::Joining | Connection::Ended(_) => Phase::Joining,
        Connection::InRoom | Connection::Connected => Phase::Joined,
        Connection::Reconnecting => Phase::Reconnecting,
    }
}

/// Everybody, oneself first.
pub fn people(state: &MeetingState) -> Vec<Person> {
    let me = Person {
        endpoint: state.me.endpoint.clone(),
        name: short(&state.me.name),
        is_me: true,
        muted: !state.me.microphone,
        camera: state.me.camera.then(|| "self".to_owned()),
        screen: None,
        hand: state.me.hand,
        away: false,
        moderator: state.me.moderator,
    };
    let others = state.people.iter().map(|person| Person {
        endpoint: person.endpoint.clone(),
        name: short(&person.name),
        is_me: false,
        muted: !person.microphone(),
        camera: picture_of(person, false),
        screen: picture_of(person, true),
        hand: person.hand,
        away: !person.connected,
        moderator: person.moderator,
    });
    std::iter::once(me).chain(others).collect()
}

/// Of the camera, or of the screen that is shared.
fn picture_of(person: &runde_client::Person, desktop: bool) -> Option<String> {
    let is_shown = |source: &&runde_client::Source| {
        source.kind == runde_client::MediaKind::Video && !source.muted && source.desktop == desktop
    };
    person.sources.iter().find(is_shown).map(|source| source.name.clone())
}

pub fn short(name: &str) -> String {
    name.chars().take(LONGEST_NAME).collect()
}

pub fn chat(state: &MeetingState) -> Vec<ChatLine> {
    let lines = state.chat.iter();
    lines
        .map(|line| ChatLine {
            id: line.number,
            name: short(&line.name),
            mine: line.mine,
            text: line.text.clone(),
            at: line.at_ms / 1000,
        })
        .collect()
}

/// The connection in a word, from the figures of the last second.
pub fn network(stats: &Stats) -> Network {
    let received = stats.sources.iter().filter(|source| !source.mine && source.packets > 0);
    let loss = received.map(|source| source.loss).fold(0.0, f32::max);
    let delay = stats.rtt.map_or(0, |rtt| rtt.as_millis());
    if loss >= POOR.0 || delay >= POOR.1 {
        Network::Poor
    } else if loss >= WEAK.0 || delay >= WEAK.1 {
        Network::Weak
    } else {
        Network::Good
    }
}

/// dBFS to the meter's 0 to 1.
pub fn meter(dbfs: f32) -> f32 {
    ((dbfs - SILENT) / (LOUD - SILENT)).clamp(0.0, 1.0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use runde_client::{Me, MediaKind, Source, SourceStats};
    use std::time::Duration;

    fn state() -> MeetingState {
        let source = |name: &str, kind, muted| Source { name: name.into(), kind, desktop: false, muted };
        MeetingState {
            room: "table".into(),
            connection: Connection::Connected,
            me: Me { endpoint: "aaaa".into(), name: "Ich".into(), camera: true, ..Me::default() },
            people: vec![runde_client::Person {
                endpoint: "bbbb".into(),
                name: "x".repeat(500),
                hand: true,
                moderator: false,
                connected: true,
                sources: vec![source("bbbb-a0", MediaKind::Audio, false), source("bbbb-v0", MediaKind::Video, false)],
            }],
            ..MeetingState::default()
        }
    }

    #[test]
    fn one_stands_first_and_names_are_cut() {
        let people = people(&state());
        assert!(people[0].is_me && people[0].muted && people[0].camera.as_deref() == Some("self"));
        assert_eq!(people[1].camera.as_deref(), Some("bbbb-v0"));
        assert!(!people[1].muted && people[1].hand);
        assert_eq!(people[1].name.len(), LONGEST_NAME);
        let mut state = state();
        state.people[0].connected = false;
        assert_eq!(super::people(&state).iter().map(|person| person.away).collect::<Vec<_>>(), [false, true]);
    }

    #[test]
    fn a_chat_line_keeps_its_number_when_older_ones_are_forgotten() {
        let line = |number, text: &str| runde_client::ChatLine {
            number,
            from: None,
            name: String::new(),
            text: text.to_owned(),
            at_ms: 0,
            mine: false,
        };
        let mut state = MeetingState { chat: vec![line(1, "first"), line(2, "second")], ..state() };
        assert_eq!(chat(&state).iter().map(|line| line.id).collect::<Vec<_>>(), [1, 2]);
        state.chat.remove(0);
        assert_eq!(chat(&state)[0].id, 2);
    }

    #[test]
    fn a_shared_screen_is_a_picture_beside_the_camera_and_not_in_its_place() {
        let mut state = state();
        let screen = Source { name: "bbbb-v1".into(), kind: MediaKind::Video, desktop: true, muted: false };
        state.people[0].sources.push(screen);
        let shown = people(&state);
        assert_eq!(shown[1].camera.as_deref(), Some("bbbb-v0"));
        assert_eq!((shown[1].screen.as_deref(), &shown[0].screen), (Some("bbbb-v1"), &None));
        state.people[0].sources[1].muted = true;
        state.people[0].sources[2].muted = true;
        assert_eq!((&people(&state)[1].camera, &people(&state)[1].screen), (&None, &None));
    }

    #[test]
    fn a_switched_off_camera_has_no_tile_picture() {
        let mut state = state();
        state.people[0].sources[1].muted = true;
        assert_eq!(people(&state)[1].camera, None);
    }

    #[test]
    fn the_network_is_named_by_loss_and_delay_of_what_is_received() {
        let mut figures = SourceStats {
            source: "bbbb-a0".into(),
            endpoint: "bbbb".into(),
            kind: MediaKind::Audio,
            mine: false,
            packets: 10,
            bytes: 10,
            loss: 0.0,
            jitter: Duration::ZERO,
            fps: 0.0,
            width: 0,
            height: 0,
            level: -30.0,
            first_sound: None,
        };
        let stats = |source: &SourceStats, rtt| Stats {
            rtt: Some(Duration::from_millis(rtt)),
            sources: vec![source.clone()],
            ..Stats::default()
        };
        assert_eq!(network(&stats(&figures, 40)), Network::Good);
        assert_eq!(network(&stats(&figures, 400)), Network::Weak);
        figures.loss = 0.2;
        assert_eq!(network(&stats(&figures, 40)), Network::Poor);
        figures.mine = true;
        assert_eq!(network(&stats(&figures, 40)), Network::Good, "what others miss is not ours to show here");
    }

    #[test]
    fn the_meter_is_empty_in_silence_and_full_when_loud() {
        assert_eq!((meter(-127.0), meter(-12.0), meter(0.0)), (0.0, 1.0, 1.0));
        assert!(meter(-40.0) > 0.3 && meter(-40.0) < 0.5);
    }
}
