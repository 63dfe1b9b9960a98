//! Which answers we wait for: id, address asked, and what it was about. Also where ids and nicks come from.

use rand_core::RngCore;
use sha1::{Digest, Sha1};
use std::collections::VecDeque;

/// A server that answers nothing must not make us remember everything; by then the oldest answers are of no use.
const MAX_ASKED: usize = 64;

/// What an answer will be about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Question {
    Bind,
    Session,
    Relays,
    /// Which components the deployment has.
    Components,
    Conference,
    Ping,
    /// What the room is like.
    Rules,
    /// Something that only moderators may do.
    Moderation,
    Accept {
        sid: String,
    },
    /// Our half of a direct connection.
    Direct {
        sid: String,
    },
    /// New ICE credentials in place.
    Renewal {
        sid: String,
    },
    /// A fresh session in place of one that failed.
    Restart,
    /// Asked because the protocol wants it; whatever the answer, nothing follows from it.
    Courtesy,
}

#[derive(Debug)]
struct Open {
    id: String,
    to: Option<String>,
    question: Question,
}

/// The questions without an answer yet, oldest first.
#[derive(Debug, Default)]
pub(super) struct Asked(VecDeque<Open>);

#[derive(Debug, PartialEq, Eq)]
pub(super) enum Match {
    Ours(Question),
    /// The id is right and the address is not: the question stays open.
    Forged,
    Unknown,
}

impl Asked {
    pub(super) fn put(&mut self, id: String, to: Option<&str>, question: Question) {
        if self.0.len() == MAX_ASKED {
            self.0.pop_front();
        }
        self.0.push_back(Open { id, to: to.map(str::to_owned), question });
    }

    /// `from` is absent when our own server speaks (RFC 6120 8.1.2.1), which we trust for every answer.
    pub(super) fn take(&mut self, id: &str, from: Option<&str>) -> Match {
        let Some(at) = self.0.iter().position(|open| open.id == id) else {
            return Match::Unknown;
        };
        let meant = match (&self.0[at].to, from) {
            (Some(to), Some(from)) => to == from,
            // Login questions go to no address and may be answered in any name of the server.
            (None, _) | (_, None) => true,
        };
        if !meant {
            return Match::Forged;
        }
        self.0.remove(at).map_or(Match::Unknown, |open| Match::Ours(open.question))
    }
}

/// Ids that nobody can guess, from one seed.
#[derive(Debug)]
pub(super) struct Ids {
    seed: [u8; 32],
    used: u64,
}

impl Ids {
    pub(super) fn new(rng: &mut impl RngCore) -> Self {
        let mut seed = [0; 32];
        rng.fill_bytes(&mut seed);
        Ids { seed, used: 0 }
    }

    /// 16 hex digits, never the same twice.
    pub(super) fn next(&mut self) -> String {
        self.used += 1;
        let digest = Sha1::new().chain_update(self.seed).chain_update(self.used.to_be_bytes()).finalize();
        digest[..8].iter().map(|byte| format!("{byte:02x}")).collect()
    }

    /// 8 hex digits: what servers that check nicks want to see.
    pub(super) fn nick(&mut self) -> String {
        let mut id = self.next();
        id.truncate(8);
        id
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_from_another_address_does_not_close_the_question() {
        let mut asked = Asked::default();
        asked.put("1".into(), Some("focus.meet.test"), Question::Conference);
        assert_eq!(asked.take("1", Some("room@muc/mallory")), Match::Forged);
        assert_eq!(asked.take("1", Some("focus.meet.test")), Match::Ours(Question::Conference));
        assert_eq!(asked.take("1", Some("focus.meet.test")), Match::Unknown);
    }

    #[test]
    fn a_silent_server_makes_us_forget_the_oldest_question() {
        let mut asked = Asked::default();
        for id in 0..=MAX_ASKED {
            asked.put(id.to_string(), None, Question::Ping);
        }
        assert_eq!(asked.take("0", None), Match::Unknown);
        assert_eq!(asked.0.len(), MAX_ASKED);
    }
}
