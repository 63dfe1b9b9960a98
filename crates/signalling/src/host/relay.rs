//! IQs between guests: Jingle of two who talk directly, questions for features. The room stands in between with ids of
//! its own, so that only who was asked can answer, and only once.

use super::ConnId;
use super::core::{Host, MAX_RELAYED};
use crate::stream;
use crate::xml::{CLIENT, Element};
use std::collections::VecDeque;

/// Questions of one guest that are under way. Trickled candidates of a direct call come in bursts of about ten; beyond
/// this the oldest is given up.
const MAX_ASKED: usize = 64;
/// Bytes of an asker's id; those of Jitsi's clients have about 45.
const MAX_ID: usize = 256;

/// A question of one guest to another.
#[derive(Clone, Debug)]
struct Question {
    /// The id under which it was passed on.
    id: String,
    /// The id that the asker gave it.
    asked_as: String,
    /// The address that was asked.
    address: String,
    to: ConnId,
}

/// A guest's questions under way, oldest first.
#[derive(Clone, Debug, Default)]
pub(super) struct Asked(VecDeque<Question>);

impl Asked {
    fn put(&mut self, question: Question) {
        if self.0.len() == MAX_ASKED {
            self.0.pop_front();
        }
        self.0.push_back(question);
    }

    fn take(&mut self, id: &str, by: ConnId) -> Option<Question> {
        let at = self.0.iter().position(|question| question.id == id && question.to == by)?;
        self.0.remove(at)
    }

    /// Takes out what nobody will answer any more.
    fn take_all_to(&mut self, gone: ConnId) -> VecDeque<Question> {
        let (lost, rest) = std::mem::take(&mut self.0).into_iter().partition(|question| question.to == gone);
        self.0 = rest;
        lost
    }
}

impl Host {
    /// Hands an IQ of one guest to another, in the sender's room address.
    pub(super) fn relay(&mut self, id: ConnId, name: &str, own: &str, endpoint: &str, stanza: Element) {
        let other = self.rooms.get(name).and_then(|room| room.occupants.get(endpoint)).map(|o| o.connection);
        let Some(other) = other else {
            return self.refuse(id, &stanza, "cancel", "item-not-found");
        };
        if stanza.to_string().len() > MAX_RELAYED || stanza.get("id").is_some_and(|id| id.len() > MAX_ID) {
            return self.refuse(id, &stanza, "modify", "policy-violation");
        }
        match stanza.get("type") {
            Some("get" | "set") => self.pass_question(id, name, own, endpoint, other, stanza),
            Some("result" | "error") => self.pass_answer(id, name, own, endpoint, other, stanza),
            _ => self.refuse(id, &stanza, "modify", "bad-request"),
        }
    }

    fn pass_question(&mut self, id: ConnId, name: &str, own: &str, endpoint: &str, to: ConnId, stanza: Element) {
        let passed_as = self.token(8);
        let Some(room) = self.rooms.get(name) else { return };
        let question = Question {
            id: passed_as.clone(),
            asked_as: stanza.get("id").unwrap_or_default().to_owned(),
            address: room.occupant_address(endpoint),
            to,
        };
        let passed = stanza.attr("from", room.occupant_address(own)).attr("id", passed_as);
        room.send(endpoint, passed, &mut self.out);
        if let Some(connection) = self.connections.get_mut(&id) {
            connection.asked.put(question);
        }
    }

    /// An answer that nobody waits for, or of somebody who was not asked, goes nowhere.
    fn pass_answer(&mut self, id: ConnId, name: &str, own: &str, endpoint: &str, asker: ConnId, stanza: Element) {
        let asked = self.connections.get_mut(&asker).map(|connection| &mut connection.asked);
        let question = asked.and_then(|asked| asked.take(stanza.get("id")?, id));
        let (Some(question), Some(room)) = (question, self.rooms.get(name)) else { return };
        let passed = stanza.attr("from", room.occupant_address(own)).attr("id", question.asked_as);
        room.send(endpoint, passed, &mut self.out);
    }

    /// Answers in the name of somebody who has left.
    pub(super) fn answer_for(&mut self, gone: ConnId) {
        for (asker, connection) in &mut self.connections {
            for question in connection.asked.take_all_to(gone) {
                let answer = Element::new("iq", CLIENT)
                    .attr("type", "error")
                    .attr("id", question.asked_as)
                    .attr("from", question.address)
                    .attr("to", &connection.jid)
                    .child(stream::error("cancel", "item-not-found"));
                self.out.send(*asker, &answer);
            }
        }
    }
}
