//! What a room offers besides: the client's words as the window's, and the window's wishes as the client's.

use std::collections::VecDeque;

use super::slices::short;
use super::{App, seat::Seat};
use crate::shell::Shell;
use crate::view::{self, ErrorCode, UiError};
use runde_client::{Capture, Command, Media, MeetingState, Poll, Reaction, Wish};

/// Signs shown at a time. **When full, the oldest goes**: it was seen.
const SIGNS: usize = 12;
/// Characters of a question and of an answer, and how many answers.
const LONGEST_QUESTION: usize = runde_client::extras::MAX_QUESTION;
const LONGEST_ANSWER: usize = 200;

/// Signs of the last seconds.
#[derive(Default)]
pub struct Signs {
    shown: VecDeque<view::Sign>,
    last: u32,
}

impl Signs {
    pub fn add(&mut self, endpoint: &str, reaction: Reaction, now: u64) {
        if self.shown.len() == SIGNS {
            self.shown.pop_front();
        }
        self.last = self.last.wrapping_add(1);
        let sign = view::Sign { id: self.last, endpoint: endpoint.to_owned(), reaction: seen(reaction), at: now };
        self.shown.push_back(sign);
    }

    pub fn shown(&self) -> Vec<view::Sign> {
        self.shown.iter().cloned().collect()
    }
}

pub fn extras(state: &MeetingState, signs: Vec<view::Sign>) -> view::Extras {
    let known = &state.extras;
    let must_ask = |media: &Media| known.must_ask(*media, state.me.moderator);
    view::Extras {
        can_permit: known.abilities.permission,
        can_poll: known.abilities.polls || !known.polls.is_empty(),
        can_break_out: known.abilities.breakout,
        captures: known.captures.iter().map(|capture| captured(*capture)).collect(),
        needed: known.needed.iter().map(|media| device(*media)).collect(),
        must_ask: Media::ALL.into_iter().filter(must_ask).map(device).collect(),
        allowances: allowances(state),
        polls: known.polls.iter().map(|one| poll(one, state)).collect(),
        speakers: known.speakers.iter().map(speaker).collect(),
        rooms: rooms(state),
        signs,
    }
}

fn allowances(state: &MeetingState) -> Vec<view::Allowance> {
    let lists = state.extras.lists.iter();
    let of = |(media, endpoints): (&Media, &std::collections::BTreeSet<String>)| {
        let media = device(*media);
        let here = endpoints.iter().filter(|endpoint| state.person(endpoint).is_some());
        here.map(|endpoint| view::Allowance { endpoint: endpoint.clone(), media }).collect::<Vec<_>>()
    };
    lists.flat_map(of).collect()
}

fn poll(poll: &Poll, state: &MeetingState) -> view::Poll {
    let mine = poll.votes.get(&state.me.endpoint);
    let count = |count: usize| u32::try_from(count).unwrap_or(u32::MAX);
    let answers = poll.answers.iter().zip(poll.counts()).enumerate().map(|(at, (text, yes))| view::PollAnswer {
        text: text.clone(),
        count: count(yes),
        mine: mine.and_then(|vote| vote.get(at)) == Some(&true),
    });
    let by =
        if poll.by == state.me.endpoint { Some(&state.me.name) } else { state.person(&poll.by).map(|it| &it.name) };
    view::Poll {
        id: poll.id.clone(),
        by: by.map(|name| short(name)).unwrap_or_default(),
        question: poll.question.clone(),
        answers: answers.collect(),
        votes: count(poll.votes.len()),
        voted: mine.is_some(),
    }
}

fn speaker(spoken: &runde_client::Spoken) -> view::Speaker {
    view::Speaker { name: short(&spoken.name), seconds: u32::try_from(spoken.seconds).unwrap_or(u32::MAX) }
}

fn rooms(state: &MeetingState) -> Vec<view::Room> {
    let rooms = &state.extras.rooms;
    // The main room alone is no choice.
    if rooms.iter().all(|room| room.main) {
        return Vec::new();
    }
    let here = |room: &runde_client::Breakout| match &state.elsewhere {
        Some(elsewhere) => *elsewhere == room.room,
        None => room.main,
    };
    let seen = |room: &runde_client::Breakout| view::Room {
        room: room.room.clone(),
        title: short(&room.title),
        main: room.main,
        here: here(room),
        people: room.people.iter().map(|name| short(name)).collect(),
    };
    rooms.iter().map(seen).collect()
}

const fn captured(capture: Capture) -> view::Capture {
    match capture {
        Capture::Recording => view::Capture::Recording,
        Capture::Stream => view::Capture::Stream,
        Capture::Transcription => view::Capture::Transcription,
    }
}

const fn device(media: Media) -> view::Media {
    match media {
        Media::Audio => view::Media::Microphone,
        Media::Video => view::Media::Camera,
        Media::Desktop => view::Media::Screen,
    }
}

const fn media(device: view::Media) -> Media {
    match device {
        view::Media::Microphone => Media::Audio,
        view::Media::Camera => Media::Video,
        view::Media::Screen => Media::Desktop,
    }
}

const fn seen(reaction: Reaction) -> view::Reaction {
    match reaction {
        Reaction::Like => view::Reaction::Like,
        Reaction::Clap => view::Reaction::Clap,
        Reaction::Laugh => view::Reaction::Laugh,
        Reaction::Surprised => view::Reaction::Surprised,
        Reaction::Boo => view::Reaction::Boo,
        Reaction::Silence => view::Reaction::Silence,
    }
}

const fn meant(reaction: view::Reaction) -> Reaction {
    match reaction {
        view::Reaction::Like => Reaction::Like,
        view::Reaction::Clap => Reaction::Clap,
        view::Reaction::Laugh => Reaction::Laugh,
        view::Reaction::Surprised => Reaction::Surprised,
        view::Reaction::Boo => Reaction::Boo,
        view::Reaction::Silence => Reaction::Silence,
    }
}

impl<S: Shell> App<S> {
    pub(super) fn wish(&mut self, wish: view::Wish) -> Result<(), UiError> {
        let seat = self.seated()?;
        let state = seat.state();
        let command = asked(wish)?;
        if needs_moderator(&command) && !state.me.moderator {
            return Err(UiError::new(ErrorCode::NotModerator));
        }
        let own = if let Command::React(reaction) = &command { Some(*reaction) } else { None };
        seat.command(command)?;
        // The bridge tells everybody but oneself.
        if let (Some(reaction), Some(seat)) = (own, self.seat.as_deref_mut()) {
            seat.reacted(&state.me.endpoint, reaction);
        }
        Ok(())
    }
}

impl Seat {
    pub(super) fn reacted(&mut self, endpoint: &str, reaction: Reaction) {
        self.signs.add(endpoint, reaction, super::desk::unix_now());
    }
}

const fn needs_moderator(command: &Command) -> bool {
    matches!(
        command,
        Command::Extra(
            Wish::NeedPermission { .. } | Wish::Allow { .. } | Wish::AddRoom { .. } | Wish::RemoveRoom { .. }
        )
    )
}

fn asked(wish: view::Wish) -> Result<Command, UiError> {
    let fits = |text: String, limit: usize| {
        if text.chars().count() > limit {
            return Err(UiError::new(ErrorCode::TextTooLong).with("limit", limit.to_string()));
        }
        Ok(text)
    };
    Ok(match wish {
        view::Wish::React { reaction } => Command::React(meant(reaction)),
        view::Wish::NeedPermission { media: of, needed } => {
            Command::Extra(Wish::NeedPermission { media: media(of), needed })
        }
        view::Wish::Allow { endpoint, media: of, allowed } => {
            Command::Extra(Wish::Allow { endpoint, media: media(of), allowed })
        }
        view::Wish::Ask { question, answers } => {
            let question = fits(question, LONGEST_QUESTION)?;
            let answers = answers.into_iter().take(runde_client::extras::MAX_ANSWERS);
            let answers = answers.map(|answer| fits(answer, LONGEST_ANSWER)).collect::<Result<_, _>>()?;
            Command::Extra(Wish::Ask { id: String::new(), question, answers })
        }
        view::Wish::Vote { poll, answers } => Command::Extra(Wish::Vote { poll, answers }),
        view::Wish::GoTo { room } => Command::GoTo(room),
        view::Wish::AddRoom { title } => Command::Extra(Wish::AddRoom { title: fits(title, LONGEST_ANSWER)? }),
        view::Wish::RemoveRoom { room } => Command::Extra(Wish::RemoveRoom { room }),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use runde_client::{Breakout, News, Vote};

    #[test]
    fn signs_are_bounded_and_numbered() {
        let mut signs = Signs::default();
        (0..SIGNS + 2).for_each(|_| signs.add("aa", Reaction::Clap, 7));
        let shown = signs.shown();
        assert_eq!((shown.len(), shown[0].id), (SIGNS, 3));
    }

    #[test]
    fn a_poll_shows_counts_and_the_own_vote() {
        let mut state = MeetingState::default();
        state.me.endpoint = "me".into();
        let mut asked = Poll { id: "p".into(), answers: vec!["a".into(), "b".into()], ..Poll::default() };
        asked.vote(Vote { endpoint: "me".into(), answers: vec![false, true] });
        asked.vote(Vote { endpoint: "other".into(), answers: vec![true, true] });
        state.extras.apply(&News::Poll(asked));
        let shown = extras(&state, Vec::new()).polls.remove(0);
        let counted: Vec<_> = shown.answers.iter().map(|answer| (answer.count, answer.mine)).collect();
        assert_eq!((counted, shown.votes, shown.voted), (vec![(1, false), (2, true)], 2, true));
    }

    #[test]
    fn one_room_is_no_choice_and_of_several_one_is_here() {
        let mut state = MeetingState::default();
        let room = |room: &str, main| Breakout { room: room.into(), title: String::new(), main, people: Vec::new() };
        state.extras.apply(&News::Rooms(vec![room("m@c", true)]));
        assert!(extras(&state, Vec::new()).rooms.is_empty());
        state.extras.apply(&News::Rooms(vec![room("m@c", true), room("b@b", false)]));
        let here =
            |state: &MeetingState| extras(state, Vec::new()).rooms.iter().map(|room| room.here).collect::<Vec<_>>();
        assert_eq!(here(&state), [true, false]);
        state.elsewhere = Some("b@b".into());
        assert_eq!(here(&state), [false, true]);
    }

    #[test]
    fn what_is_too_long_is_refused_with_its_limit() {
        let ask = view::Wish::Ask { question: "?".repeat(501), answers: vec!["a".into(), "b".into()] };
        assert_eq!(asked(ask).unwrap_err().params["limit"], "500");
    }
}
