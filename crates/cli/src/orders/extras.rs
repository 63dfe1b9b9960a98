//! Orders about what the room offers besides.

use runde_client::{Command, Media, MeetingState, Wish};

use super::{Misread, person, switch};

pub fn read(word: &str, rest: &str, state: &MeetingState) -> Result<Command, Misread> {
    let wish = match word {
        "allow" | "disallow" => {
            let (who, media) = who_and_media(rest);
            Wish::Allow { endpoint: person(who, state)?, media, allowed: word == "allow" }
        }
        "permission" => {
            let (media, needed) = rest.split_once(' ').ok_or(Misread::Incomplete)?;
            let needed = switch(needed.trim(), ["needed", "free"])?;
            Wish::NeedPermission { media: device(media).ok_or(Misread::Incomplete)?, needed }
        }
        "poll" => poll(rest)?,
        "vote" => vote(rest, state)?,
        "room" => return Ok(Command::GoTo(room(rest, state)?)),
        "room-add" if !rest.is_empty() => Wish::AddRoom { title: rest.to_owned() },
        "room-remove" => Wish::RemoveRoom { room: room(rest, state)? },
        _ => return Err(Misread::Incomplete),
    };
    Ok(Command::Extra(wish))
}

fn device(word: &str) -> Option<Media> {
    match word {
        "microphone" => Some(Media::Audio),
        "camera" => Some(Media::Video),
        "screen" => Some(Media::Desktop),
        _ => None,
    }
}

/// `WHO`, or `WHO camera`, `WHO screen`; the microphone unless said otherwise.
fn who_and_media(text: &str) -> (&str, Media) {
    match text.rsplit_once(' ').map(|(who, word)| (who, device(word))) {
        Some((who, Some(media))) => (who, media),
        Some((_, None)) | None => (text, Media::Audio),
    }
}

/// `QUESTION | ANSWER | ANSWER…`
fn poll(text: &str) -> Result<Wish, Misread> {
    let mut parts = text.split('|').map(|part| part.trim().to_owned()).filter(|part| !part.is_empty());
    let question = parts.next().ok_or(Misread::Incomplete)?;
    let answers: Vec<String> = parts.collect();
    if answers.len() < 2 || answers.len() > runde_client::extras::MAX_ANSWERS {
        return Err(Misread::Incomplete);
    }
    Ok(Wish::Ask { id: String::new(), question, answers })
}

/// `POLL NUMBER[,NUMBER…]`, answers counted from 1; `POLL none` for none of them.
fn vote(text: &str, state: &MeetingState) -> Result<Wish, Misread> {
    let (poll, numbers) = text.split_once(' ').ok_or(Misread::Incomplete)?;
    let known = state.extras.polls.iter().find(|known| known.id == poll).ok_or(Misread::Nobody)?;
    let mut answers = vec![false; known.answers.len()];
    if numbers.trim() != "none" {
        for number in numbers.split(',') {
            let number: usize = number.trim().parse().map_err(|_| Misread::Incomplete)?;
            *number.checked_sub(1).and_then(|at| answers.get_mut(at)).ok_or(Misread::Incomplete)? = true;
        }
    }
    Ok(Wish::Vote { poll: poll.to_owned(), answers })
}

/// By its address or title; `main` is the main one.
fn room(text: &str, state: &MeetingState) -> Result<String, Misread> {
    let all = &state.extras.rooms;
    let is = |room: &&runde_client::Breakout| (text == "main" && room.main) || room.room == text || room.title == text;
    let mut found = all.iter().filter(is).filter(|_| !text.is_empty());
    match (found.next(), found.next()) {
        (Some(room), None) => Ok(room.room.clone()),
        (Some(_), Some(_)) => Err(Misread::Several),
        (None, _) => Err(Misread::Nobody),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use runde_client::{Breakout, News, Person, Poll};

    fn state() -> MeetingState {
        let mut state = MeetingState::default();
        state.people.push(Person {
            endpoint: "aaaa0001".into(),
            name: "Ada".into(),
            hand: true,
            moderator: false,
            connected: true,
            sources: Vec::new(),
        });
        let poll = Poll { id: "p1".into(), answers: vec!["a".into(), "b".into()], ..Poll::default() };
        state.extras.apply(&News::Poll(poll));
        let room =
            |room: &str, title: &str, main| Breakout { room: room.into(), title: title.into(), main, people: vec![] };
        state.extras.apply(&News::Rooms(vec![room("m@c.test", "", true), room("b@b.test", "Gruppe 1", false)]));
        state
    }

    #[test]
    fn each_order_is_the_wish_it_names() {
        let allow = |media, allowed| Wish::Allow { endpoint: "aaaa0001".into(), media, allowed };
        let table = [
            ("allow", "Ada", Command::Extra(allow(Media::Audio, true))),
            ("disallow", "Ada screen", Command::Extra(allow(Media::Desktop, false))),
            (
                "permission",
                "microphone needed",
                Command::Extra(Wish::NeedPermission { media: Media::Audio, needed: true }),
            ),
            (
                "poll",
                "Tee? | ja | nein",
                Command::Extra(Wish::Ask {
                    id: String::new(),
                    question: "Tee?".into(),
                    answers: vec!["ja".into(), "nein".into()],
                }),
            ),
            ("vote", "p1 2", Command::Extra(Wish::Vote { poll: "p1".into(), answers: vec![false, true] })),
            ("room", "Gruppe 1", Command::GoTo("b@b.test".into())),
            ("room", "main", Command::GoTo("m@c.test".into())),
            ("room-add", "Gruppe 2", Command::Extra(Wish::AddRoom { title: "Gruppe 2".into() })),
        ];
        for (word, rest, command) in table {
            assert_eq!(read(word, rest, &state()), Ok(command), "{word} {rest}");
        }
    }

    #[test]
    fn what_is_not_there_or_not_complete_is_refused() {
        let table = [
            ("poll", "Tee?", Misread::Incomplete),
            ("vote", "p1 3", Misread::Incomplete),
            ("vote", "p1 0", Misread::Incomplete),
            ("vote", "p2 1", Misread::Nobody),
            ("room", "Gruppe 9", Misread::Nobody),
            ("permission", "smell needed", Misread::Incomplete),
            ("room-add", "", Misread::Incomplete),
        ];
        for (word, rest, why) in table {
            assert_eq!(read(word, rest, &state()), Err(why), "{word} {rest}");
        }
    }
}
