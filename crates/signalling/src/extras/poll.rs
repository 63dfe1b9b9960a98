//! Polls: a question, answers, and who said yes to which. Newer deployments have a component for them, older ones send them
//! to everybody.

use super::{MAX_ID, MAX_TEXT, News, id, text};
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// Characters of a question that are kept.
pub const MAX_QUESTION: usize = 500;
/// Answers of one poll; beyond that nobody reads them.
pub const MAX_ANSWERS: usize = 20;
/// Votes kept of one poll.
const MAX_VOTES: usize = 1_000;
/// Polls read of one list, what a deployment keeps of a room at most.
const MAX_LISTED: usize = 128;

/// One vote, by endpoint. No name is kept: counting needs none.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Vote {
    pub endpoint: String,
    /// One for each answer.
    pub answers: Vec<bool>,
}

/// A question to everybody.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Poll {
    pub id: String,
    /// Endpoint of who asks; empty when it is not said.
    pub by: String,
    /// At most 500 characters.
    pub question: String,
    /// At most 20, each of at most 200 characters.
    pub answers: Vec<String>,
    /// By endpoint.
    pub votes: BTreeMap<String, Vec<bool>>,
}

impl Poll {
    /// How many said yes, for each answer.
    #[must_use]
    pub fn counts(&self) -> Vec<usize> {
        let yes = |at: usize| self.votes.values().filter(|vote| vote.get(at) == Some(&true)).count();
        (0..self.answers.len()).map(yes).collect()
    }

    /// Takes a vote in; false when it does not fit this poll or there are too many.
    pub fn vote(&mut self, vote: Vote) -> bool {
        let full = self.votes.len() >= MAX_VOTES && !self.votes.contains_key(&vote.endpoint);
        if full || vote.answers.len() != self.answers.len() {
            return false;
        }
        self.votes.insert(vote.endpoint, vote.answers);
        true
    }
}

pub(super) fn read(said: &Value) -> Vec<News> {
    match said.get("command").and_then(Value::as_str) {
        Some("new-poll") => poll(said).map(News::Poll).into_iter().collect(),
        Some("answer-poll") => vote_of(said, id(said, "senderId")).into_iter().collect(),
        Some("old-polls") => read_all(said),
        _ => Vec::new(),
    }
}

pub(super) fn read_all(said: &Value) -> Vec<News> {
    let polls = said.get("polls").and_then(Value::as_array);
    polls.into_iter().flatten().take(MAX_LISTED).filter_map(poll).map(News::Poll).collect()
}

/// To everybody, in the name of whoever says it: what it says of itself inside is not believed.
pub(super) fn read_old(endpoint: &str, said: &Value) -> Vec<News> {
    match said.get("type").and_then(Value::as_str) {
        Some("new-poll") => {
            let poll = poll(said).map(|poll| Poll { by: endpoint.to_owned(), votes: BTreeMap::new(), ..poll });
            poll.map(News::Poll).into_iter().collect()
        }
        Some("answer-poll") => vote_of(said, Some(endpoint.to_owned())).into_iter().collect(),
        _ => Vec::new(),
    }
}

pub(crate) fn poll(said: &Value) -> Option<Poll> {
    let answers = said.get("answers")?.as_array()?;
    if answers.is_empty() || answers.len() > MAX_ANSWERS {
        return None;
    }
    let name = |answer: &Value| match answer.as_str() {
        Some(name) => Some(name.chars().take(MAX_TEXT).collect()),
        None => text(answer, "name", MAX_TEXT),
    };
    let mut poll = Poll {
        id: id(said, "pollId").or_else(|| id(said, "id"))?,
        by: id(said, "senderId").unwrap_or_default(),
        question: text(said, "question", MAX_QUESTION)?,
        answers: answers.iter().map(name).collect::<Option<_>>()?,
        votes: BTreeMap::new(),
    };
    for (at, answer) in answers.iter().enumerate() {
        for voter in voters(answer) {
            if poll.votes.len() < MAX_VOTES || poll.votes.contains_key(&voter) {
                poll.votes.entry(voter).or_insert_with(|| vec![false; answers.len()])[at] = true;
            }
        }
    }
    Some(poll)
}

/// A list of objects, or (older) a map from id to name.
fn voters(answer: &Value) -> Vec<String> {
    let fits = |voter: &String| !voter.is_empty() && voter.len() <= MAX_ID;
    let voters = answer.get("voters");
    if let Some(map) = voters.and_then(Value::as_object) {
        return map.keys().take(MAX_VOTES).filter(|voter| fits(voter)).cloned().collect();
    }
    let list = voters.and_then(Value::as_array).into_iter().flatten();
    list.take(MAX_VOTES).filter_map(|voter| id(voter, "id")).collect()
}

pub(crate) fn vote_of(said: &Value, endpoint: Option<String>) -> Option<News> {
    let answers = said.get("answers")?.as_array().filter(|answers| answers.len() <= MAX_ANSWERS)?;
    let answers = answers.iter().map(Value::as_bool).collect::<Option<Vec<bool>>>()?;
    Some(News::Vote { poll: id(said, "pollId")?, vote: Vote { endpoint: endpoint?, answers } })
}

pub(super) fn ask(id: &str, question: &str, answers: &[String]) -> Value {
    let answers: Vec<Value> = answers.iter().map(|name| json!({ "name": name })).collect();
    json!({ "type": "polls", "command": "new-poll", "pollId": id, "question": question, "answers": answers })
}

pub(super) fn vote(poll: &str, answers: &[bool]) -> Value {
    json!({ "type": "polls", "command": "answer-poll", "pollId": poll, "answers": answers })
}

pub(super) fn ask_old(id: &str, question: &str, answers: &[String]) -> Value {
    json!({ "type": "new-poll", "pollId": id, "question": question, "answers": answers })
}

pub(super) fn vote_old(poll: &str, answers: &[bool]) -> Value {
    json!({ "type": "answer-poll", "pollId": poll, "answers": answers })
}

/// Everything a host knows, for a newcomer.
pub(crate) fn all(polls: &[Poll]) -> Value {
    let one = |poll: &Poll| {
        let answer = |(at, name): (usize, &String)| {
            let yes = poll.votes.iter().filter(|(_, vote)| vote.get(at) == Some(&true));
            json!({ "name": name, "voters": yes.map(|(id, _)| json!({ "id": id })).collect::<Vec<_>>() })
        };
        let answers: Vec<Value> = poll.answers.iter().enumerate().map(answer).collect();
        json!({ "pollId": poll.id, "senderId": poll.by, "question": poll.question, "answers": answers })
    };
    json!({ "type": "polls", "command": "old-polls", "polls": polls.iter().map(one).collect::<Vec<_>>() })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked() -> Poll {
        poll(&ask("p1", "Tee?", &["ja".to_owned(), "nein".to_owned()])).unwrap()
    }

    #[test]
    fn a_poll_is_asked_voted_on_and_told_to_a_newcomer_with_its_votes() {
        let mut poll = asked();
        assert!(poll.vote(Vote { endpoint: "aa".into(), answers: vec![true, false] }));
        assert!(poll.vote(Vote { endpoint: "bb".into(), answers: vec![true, true] }));
        assert!(poll.vote(Vote { endpoint: "aa".into(), answers: vec![false, true] }), "a vote may be changed");
        assert!(!poll.vote(Vote { endpoint: "cc".into(), answers: vec![true] }), "it does not fit");
        assert_eq!(poll.counts(), [1, 2]);
        assert_eq!(read(&all(std::slice::from_ref(&poll))), [News::Poll(poll)]);
    }

    #[test]
    fn an_older_poll_is_of_who_sent_it_whatever_it_says() {
        let said =
            json!({ "type": "new-poll", "pollId": "p", "question": "?", "answers": ["a", "b"], "senderId": "eve" });
        let [News::Poll(poll)] = &read_old("aa", &said)[..] else { panic!("no poll") };
        assert_eq!((poll.by.as_str(), poll.answers.len()), ("aa", 2));
        let vote = json!({ "type": "answer-poll", "pollId": "p", "answers": [true, false], "voterId": "eve" });
        let [News::Vote { vote, .. }] = &read_old("aa", &vote)[..] else { panic!("no vote") };
        assert_eq!(vote.endpoint, "aa");
        let map = json!({ "type": "old-polls", "polls": [
            { "id": "p", "question": "?", "answers": [{ "name": "a", "voters": { "aa": "Ada" } }] }] });
        let [News::Poll(poll)] = &read_all(&map)[..] else { panic!("no list") };
        assert_eq!(poll.counts(), [1]);
    }

    #[test]
    fn what_is_too_much_or_no_poll_is_refused_or_cut() {
        let many: Vec<String> = (0..=MAX_ANSWERS).map(|n| n.to_string()).collect();
        assert!(poll(&ask("p", "?", &many)).is_none());
        assert!(poll(&ask("p", "?", &[])).is_none());
        assert!(poll(&ask(&"p".repeat(2_000), "?", &["a".to_owned()])).is_none());
        let long = poll(&ask("p", &"?".repeat(9_000), &["ä".repeat(9_000)])).unwrap();
        assert_eq!((long.question.len(), long.answers[0].chars().count()), (MAX_QUESTION, MAX_TEXT));
        let crowd: Vec<Value> = (0..3_000).map(|n| json!({ "id": n.to_string() })).collect();
        let crowd = json!({ "pollId": "p", "question": "?", "answers": [{ "name": "a", "voters": crowd }] });
        assert_eq!(poll(&crowd).unwrap().votes.len(), MAX_VOTES);
    }
}
