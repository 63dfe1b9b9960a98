//! What somebody asks of a running meeting: one order a line on standard input (`join --orders`). docs/cli.md lists them.

use runde_client::{Command, Knocker, MeetingState, Moderation, Muted, Person, Reaction, Secret};

mod extras;

/// Orders that wait for the meeting. A script that is faster than the room is made to wait.
pub const WAITING: usize = 16;

/// The one order that the meeting has no part in: it prints the contact ledger as it is now.
pub const CONTACTS: &str = "contacts";

/// Why a line was not carried out. The line itself is not repeated: it may hold a password.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Misread {
    #[error("there is no such order")]
    Unknown,
    #[error("the order lacks a part, or has one that it does not know")]
    Incomplete,
    #[error("nobody of that name or endpoint is there")]
    Nobody,
    #[error("several people have that name; use the endpoint")]
    Several,
}

/// Lines from standard input, until it ends. They are read on a thread for blocking work; whoever waits for the next line here may stop
/// waiting at any time.
pub fn lines() -> tokio::sync::mpsc::Receiver<String> {
    let (sender, lines) = tokio::sync::mpsc::channel(WAITING);
    tokio::task::spawn_blocking(move || {
        for line in std::io::stdin().lines().map_while(Result::ok) {
            if sender.blocking_send(line).is_err() {
                return;
            }
        }
    });
    lines
}

/// What a line asks for, in a meeting that is in this state.
pub fn read(line: &str, state: &MeetingState) -> Result<Command, Misread> {
    let (word, rest) = line.trim().split_once(' ').unwrap_or((line.trim(), ""));
    let rest = rest.trim();
    let moderate = |what| Ok(Command::Moderate(what));
    match word {
        "chat" if rest.is_empty() => Err(Misread::Incomplete),
        "chat" => Ok(Command::Chat(rest.to_owned())),
        "name" => Ok(Command::SetName(rest.to_owned())),
        "hand" => Ok(Command::SetHand(switch(rest, ["up", "down"])?)),
        "react" => Reaction::named(rest).map(Command::React).ok_or(Misread::Incomplete),
        "microphone" => Ok(Command::SetMicrophone(switch(rest, ["on", "off"])?)),
        "camera" => Ok(Command::SetCamera(switch(rest, ["on", "off"])?)),
        "share" => Ok(Command::SetShare(switch(rest, ["on", "off"])?)),
        "mute" => moderate(mute(rest, state)?),
        "kick" => moderate(Moderation::Kick { endpoint: person(rest, state)? }),
        "grant" => moderate(Moderation::Grant { endpoint: person(rest, state)? }),
        "subject" => moderate(Moderation::SetSubject(rest.to_owned())),
        "password" => moderate(Moderation::SetPassword(Some(rest).filter(|text| !text.is_empty()).map(Secret::from))),
        "lobby" => moderate(Moderation::SetLobby(switch(rest, ["on", "off"])?)),
        "admit" => moderate(Moderation::LetIn { endpoint: knocker(rest, state)? }),
        "deny" => moderate(Moderation::TurnAway { endpoint: knocker(rest, state)? }),
        "leave" => Ok(Command::Leave),
        "allow" | "disallow" | "permission" | "poll" | "vote" | "room" | "room-add" | "room-remove" => {
            extras::read(word, rest, state)
        }
        _ => Err(Misread::Unknown),
    }
}

fn switch(text: &str, [on, off]: [&str; 2]) -> Result<bool, Misread> {
    match text {
        _ if text == on => Ok(true),
        _ if text == off => Ok(false),
        _ => Err(Misread::Incomplete),
    }
}

/// `WHO`, or `WHO camera`, `WHO screen`; sound unless said otherwise.
fn mute(text: &str, state: &MeetingState) -> Result<Moderation, Misread> {
    let (who, what) = match text.rsplit_once(' ') {
        Some((who, "camera")) => (who, Muted::Video),
        Some((who, "screen")) => (who, Muted::Desktop),
        Some(_) | None => (text, Muted::Audio),
    };
    Ok(Moderation::Mute { endpoint: person(who, state)?, what })
}

fn person(text: &str, state: &MeetingState) -> Result<String, Misread> {
    let all = state.people.iter().map(|Person { endpoint, name, .. }| (endpoint, name));
    one_of(text, all)
}

fn knocker(text: &str, state: &MeetingState) -> Result<String, Misread> {
    let all = state.knockers.iter().map(|Knocker { endpoint, name }| (endpoint, name));
    one_of(text, all)
}

/// By endpoint, else by a name that only one has.
fn one_of<'a>(text: &str, all: impl Iterator<Item = (&'a String, &'a String)> + Clone) -> Result<String, Misread> {
    if let Some((endpoint, _)) = all.clone().find(|(endpoint, _)| *endpoint == text) {
        return Ok(endpoint.clone());
    }
    let mut named = all.filter(|(_, name)| !name.is_empty() && *name == text);
    match (named.next(), named.next()) {
        (Some((endpoint, _)), None) => Ok(endpoint.clone()),
        (Some(_), Some(_)) => Err(Misread::Several),
        (None, _) => Err(Misread::Nobody),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn state() -> MeetingState {
        let person = |endpoint: &str, name: &str| Person {
            endpoint: endpoint.into(),
            name: name.into(),
            hand: false,
            moderator: false,
            connected: true,
            sources: Vec::new(),
        };
        MeetingState {
            people: vec![person("aaaa0001", "Ada"), person("bbbb0002", "Bo Berg"), person("cccc0003", "Bo Berg")],
            knockers: vec![Knocker { endpoint: "dddd0004".into(), name: "Di".into() }],
            ..MeetingState::default()
        }
    }

    #[test]
    fn each_order_is_the_command_it_names() {
        let table = [
            ("chat Guten Abend", Command::Chat("Guten Abend".into())),
            ("hand up", Command::SetHand(true)),
            ("react like", Command::React(Reaction::Like)),
            ("microphone off", Command::SetMicrophone(false)),
            ("share on", Command::SetShare(true)),
            ("mute Ada", Command::Moderate(Moderation::Mute { endpoint: "aaaa0001".into(), what: Muted::Audio })),
            (
                "mute bbbb0002 camera",
                Command::Moderate(Moderation::Mute { endpoint: "bbbb0002".into(), what: Muted::Video }),
            ),
            ("kick aaaa0001", Command::Moderate(Moderation::Kick { endpoint: "aaaa0001".into() })),
            ("grant Ada", Command::Moderate(Moderation::Grant { endpoint: "aaaa0001".into() })),
            ("subject Kapitel 7", Command::Moderate(Moderation::SetSubject("Kapitel 7".into()))),
            ("password drei kurze Worte", Command::Moderate(Moderation::SetPassword(Some("drei kurze Worte".into())))),
            ("password", Command::Moderate(Moderation::SetPassword(None))),
            ("lobby on", Command::Moderate(Moderation::SetLobby(true))),
            ("admit Di", Command::Moderate(Moderation::LetIn { endpoint: "dddd0004".into() })),
            ("deny dddd0004", Command::Moderate(Moderation::TurnAway { endpoint: "dddd0004".into() })),
            ("leave", Command::Leave),
        ];
        for (line, command) in table {
            assert_eq!(read(line, &state()), Ok(command), "{line}");
        }
    }

    #[test]
    fn a_line_that_means_nothing_or_nobody_is_refused_with_its_reason() {
        let table = [
            ("dance", Misread::Unknown),
            ("", Misread::Unknown),
            ("hand", Misread::Incomplete),
            ("chat", Misread::Incomplete),
            ("react volcano", Misread::Incomplete),
            ("kick Eve", Misread::Nobody),
            ("kick", Misread::Nobody),
            ("kick Bo Berg", Misread::Several),
            ("admit Ada", Misread::Nobody),
        ];
        for (line, reason) in table {
            assert_eq!(read(line, &state()), Err(reason), "{line}");
        }
    }
}
