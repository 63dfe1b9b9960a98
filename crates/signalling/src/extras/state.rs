//! What is true now of all that: news in, a bounded snapshot out. For faces.

use super::{Abilities, Breakout, Capture, Media, News, Poll, Spoken};
use std::collections::{BTreeMap, BTreeSet};

/// Polls kept of one meeting, the newest ones.
pub const MAX_POLLS: usize = 32;

/// The snapshot.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Extras {
    pub abilities: Abilities,
    /// What needs a moderator's permission.
    pub needed: BTreeSet<Media>,
    /// What we were allowed.
    pub allowed: BTreeSet<Media>,
    /// Who is allowed what, by endpoint; known to moderators only.
    pub lists: BTreeMap<Media, BTreeSet<String>>,
    /// Oldest first.
    pub polls: Vec<Poll>,
    pub speakers: Vec<Spoken>,
    pub captures: BTreeSet<Capture>,
    /// All rooms of the meeting where there are several, else empty.
    pub rooms: Vec<Breakout>,
}

impl Extras {
    /// Takes news in; false when nothing is new.
    pub fn apply(&mut self, news: &News) -> bool {
        let before = self.clone();
        match news {
            News::Offered(abilities) => self.abilities = *abilities,
            News::Permission { media, needed, .. } => self.permission(*media, *needed),
            News::Allowed { media, allowed } => put(&mut self.allowed, *media, *allowed),
            News::AllAllowed { media, endpoints } => {
                self.lists.insert(*media, endpoints.clone());
            }
            News::Poll(poll) => self.poll(poll),
            News::Vote { poll, vote } => {
                if let Some(known) = self.polls.iter_mut().find(|known| known.id == *poll) {
                    known.vote(vote.clone());
                }
            }
            News::Speakers(speakers) => self.speakers.clone_from(speakers),
            News::Capture { what, on } => put(&mut self.captures, *what, *on),
            News::Rooms(rooms) => self.rooms.clone_from(rooms),
            // It is done, not known.
            News::MoveTo { .. } => return true,
        }
        *self != before
    }

    /// Each time it begins nobody is allowed.
    fn permission(&mut self, media: Media, needed: bool) {
        put(&mut self.needed, media, needed);
        self.allowed.remove(&media);
        self.lists.remove(&media);
    }

    /// One that is known is told anew with its votes when we come back; nobody may change what was asked.
    fn poll(&mut self, poll: &Poll) {
        if let Some(known) = self.polls.iter_mut().find(|known| known.id == poll.id) {
            if known.answers.len() == poll.answers.len() && !poll.votes.is_empty() {
                known.votes.clone_from(&poll.votes);
            }
            return;
        }
        if self.polls.len() >= MAX_POLLS {
            self.polls.remove(0);
        }
        self.polls.push(poll.clone());
    }

    /// Whether we have to ask before we switch it on.
    #[must_use]
    pub fn must_ask(&self, media: Media, moderator: bool) -> bool {
        !moderator && self.needed.contains(&media) && !self.allowed.contains(&media)
    }

    /// What another room, or the same one entered anew, does not know of.
    pub fn leave_room(&mut self) {
        *self = Self::default();
    }
}

fn put<T: Ord>(set: &mut BTreeSet<T>, what: T, is_in: bool) {
    if is_in {
        set.insert(what);
    } else {
        set.remove(&what);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::extras::Vote;

    fn poll(id: &str) -> Poll {
        Poll { id: id.into(), answers: vec!["a".into(), "b".into()], ..Poll::default() }
    }

    #[test]
    fn whoever_is_no_moderator_has_to_ask_until_allowed_and_again_when_it_begins_anew() {
        let (mut extras, media) = (Extras::default(), Media::Audio);
        assert!(!extras.must_ask(media, false));
        extras.apply(&News::Permission { media, needed: true, by: None });
        assert!(
            extras.must_ask(media, false) && !extras.must_ask(media, true) && !extras.must_ask(Media::Video, false)
        );
        extras.apply(&News::Allowed { media, allowed: true });
        assert!(!extras.must_ask(media, false));
        extras.apply(&News::Permission { media, needed: false, by: None });
        extras.apply(&News::Permission { media, needed: true, by: None });
        assert!(extras.must_ask(media, false));
    }

    #[test]
    fn polls_are_bounded_and_their_questions_cannot_be_changed() {
        let mut extras = Extras::default();
        for n in 0..MAX_POLLS + 3 {
            extras.apply(&News::Poll(poll(&n.to_string())));
        }
        assert_eq!((extras.polls.len(), extras.polls[0].id.as_str()), (MAX_POLLS, "3"));
        let other = Poll { question: "another".into(), ..poll("3") };
        assert!(!extras.apply(&News::Poll(other)));
        let vote = |answers| News::Vote { poll: "3".into(), vote: Vote { endpoint: "aa".into(), answers } };
        assert!(extras.apply(&vote(vec![true, false])) && !extras.apply(&vote(vec![true])));
        assert_eq!(extras.polls[0].counts(), [1, 0]);
    }
}
