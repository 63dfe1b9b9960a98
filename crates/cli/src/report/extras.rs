//! What a room offers besides, as JSON lines.

use runde_client::{Breakout, Capture, News, Poll, Spoken};
use serde_json::{Value, json};

pub fn to_json(news: &News) -> Value {
    match news {
        News::Offered(can) => json!({
            "event": "offers", "permission": can.permission, "polls": can.polls, "breakout": can.breakout,
        }),
        News::Permission { media, needed, by } => {
            json!({"event": "permission", "media": media.word(), "needed": needed, "by": by})
        }
        News::Allowed { media, allowed } => json!({"event": "allowed", "media": media.word(), "allowed": allowed}),
        News::AllAllowed { media, endpoints } => {
            json!({"event": "all-allowed", "media": media.word(), "endpoints": endpoints})
        }
        News::Poll(poll) => self::poll(poll),
        News::Vote { poll, vote } => {
            json!({"event": "vote", "poll": poll, "endpoint": vote.endpoint, "answers": vote.answers})
        }
        News::Speakers(speakers) => {
            json!({"event": "speakers", "people": speakers.iter().map(spoken).collect::<Vec<_>>()})
        }
        News::Capture { what, on } => json!({"event": "capture", "what": capture_word(*what), "on": on}),
        News::Rooms(rooms) => json!({"event": "rooms", "rooms": rooms.iter().map(room).collect::<Vec<_>>()}),
        News::MoveTo { room } => json!({"event": "sent-to", "room": room}),
    }
}

fn poll(poll: &Poll) -> Value {
    json!({
        "event": "poll", "poll": poll.id, "by": poll.by, "question": poll.question, "answers": poll.answers,
        "counts": poll.counts(),
    })
}

fn spoken(one: &Spoken) -> Value {
    json!({"endpoint": one.endpoint, "name": one.name, "seconds": one.seconds})
}

fn room(room: &Breakout) -> Value {
    json!({"room": room.room, "title": room.title, "main": room.main, "people": room.people})
}

const fn capture_word(what: Capture) -> &'static str {
    match what {
        Capture::Recording => "recording",
        Capture::Stream => "stream",
        Capture::Transcription => "transcription",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_recorded_is_told_by_its_word() {
        let line = to_json(&News::Capture { what: Capture::Stream, on: true });
        assert_eq!(line, json!({"event": "capture", "what": "stream", "on": true}));
    }

    #[test]
    fn a_poll_carries_its_counts() {
        let mut poll = Poll { id: "p".into(), answers: vec!["a".into(), "b".into()], ..Poll::default() };
        poll.vote(runde_client::Vote { endpoint: "aa".into(), answers: vec![false, true] });
        let line = to_json(&News::Poll(poll));
        assert_eq!((&line["poll"], &line["counts"]), (&json!("p"), &json!([0, 1])));
    }
}
