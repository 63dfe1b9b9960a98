//! What a moderator asks of the room and of its focus: who is silenced, sent away, made a moderator or let in, and what the
//! room asks of those who come. Shapes are those of the Jitsi clients; the room decides, and its refusal is told.

use super::asked::Question;
use super::event::{Event, Moderation, Muted, RoomRules};
use super::refusal;
use super::stanza::{self, named};
use super::{Guest, State};
use crate::secret::Secret;
use crate::xml::{CLIENT, Element};
use crate::{disco, ns};

/// Bytes of an error condition that is told; the defined ones have at most 25.
const MAX_CONDITION: usize = 40;
/// Members that one request names when a lobby is switched on; a room with more has a deployment of its own to ask.
const MAX_NAMED: usize = 200;
/// Fields of a room's form.
const SECRET: &str = "muc#roomconfig_roomsecret";
const PROTECTED: &str = "muc#roomconfig_passwordprotectedroom";
const MEMBERS_ONLY: &str = "muc#roomconfig_membersonly";
const WHOIS: &str = "muc#roomconfig_whois";

impl Guest {
    pub(super) fn moderate(&mut self, what: Moderation) {
        let State::Present(present) = &self.state else { return self.out_of_place() };
        if !present.moderator {
            return self.out_of_place();
        }
        let room = self.config.room_jid();
        match what {
            Moderation::Mute { endpoint, what } => self.silence(&endpoint, what),
            Moderation::Kick { endpoint } => {
                let item = admin_item().attr("nick", endpoint).attr("role", "none");
                self.administer(&room, [item]);
            }
            Moderation::Grant { endpoint } => {
                let item = admin_item().attr("affiliation", "owner");
                let address = present.roster.address(&endpoint).map(str::to_owned);
                // Deployments go by the real address; a room that shows none knows the nick.
                let item = match address {
                    Some(address) => item.attr("jid", address),
                    None => item.attr("nick", endpoint),
                };
                self.administer(&room, [item]);
            }
            Moderation::SetSubject(text) => {
                let subject = Element::new("subject", CLIENT).text(text);
                let message = Element::new("message", CLIENT).attr("to", room).attr("type", "groupchat");
                self.send(&message.child(subject));
            }
            Moderation::SetPassword(password) => self.lock(password.as_ref()),
            Moderation::SetLobby(on) => self.set_lobby(on),
            Moderation::LetIn { endpoint } => self.let_in(&endpoint),
            Moderation::TurnAway { endpoint } => self.turn_away(&endpoint),
        }
    }

    /// Jitsi's focus silences; nobody can be made to speak.
    fn silence(&mut self, endpoint: &str, what: Muted) {
        let space = match what {
            Muted::Audio => ns::MUTE_AUDIO,
            Muted::Video => ns::MUTE_VIDEO,
            Muted::Desktop => ns::MUTE_DESKTOP,
        };
        let mute = Element::new("mute", space).attr("jid", self.occupant(endpoint)).text("true");
        let focus = self.occupant("focus");
        self.ask(Some(&focus), "set", Question::Moderation, mute);
    }

    pub(super) fn administer(&mut self, to: &str, items: impl IntoIterator<Item = Element>) {
        let query = Element::new("query", ns::MUC_ADMIN).with_children(items);
        self.ask(Some(to), "set", Question::Moderation, query);
    }

    fn lock(&mut self, password: Option<&Secret>) {
        let set = if password.is_some() { "1" } else { "0" };
        let mut fields = vec![(SECRET, password.map_or("", Secret::expose)), (PROTECTED, set), (WHOIS, "anyone")];
        // Older rooms take a form without it as the wish to end the lobby.
        let lobby = matches!(&self.state, State::Present(present) if present.door.rules.lobby);
        fields.extend(lobby.then_some((MEMBERS_ONLY, "true")));
        self.configure(&fields);
    }

    /// Whoever is in the room stays and may come back; strangers wait from now on.
    fn set_lobby(&mut self, on: bool) {
        let State::Present(present) = &self.state else { return };
        if on {
            let member = |address: &str| admin_item().attr("affiliation", "member").attr("jid", address);
            let items: Vec<Element> = present.roster.guests().map(member).take(MAX_NAMED).collect();
            if !items.is_empty() {
                let room = self.config.room_jid();
                self.administer(&room, items);
            }
        }
        self.configure(&[(MEMBERS_ONLY, if on { "true" } else { "false" })]);
    }

    fn configure(&mut self, fields: &[(&str, &str)]) {
        let field = |name: &str, value: &str| {
            let value = Element::new("value", ns::FORM).text(value);
            Element::new("field", ns::FORM).attr("var", name).child(value)
        };
        let form = Element::new("x", ns::FORM)
            .attr("type", "submit")
            .child(field("FORM_TYPE", "http://jabber.org/protocol/muc#roomconfig"))
            .with_children(fields.iter().map(|(name, value)| field(name, value)));
        let room = self.config.room_jid();
        self.ask(Some(&room), "set", Question::Moderation, Element::new("query", ns::MUC_OWNER).child(form));
    }

    pub(super) fn moderated(&mut self, iq: &Element) {
        if iq.get("type") != Some("error") {
            return;
        }
        let condition = named(iq, "error").map_or("undefined-condition", refusal::condition);
        let condition = condition.chars().take(MAX_CONDITION).collect();
        self.event(Event::NotDone { condition });
    }

    /// Asks what the room is like now. Only moderators do: they alone can do something about it.
    pub(super) fn ask_rules(&mut self) {
        let room = self.config.room_jid();
        self.ask(Some(&room), "get", Question::Rules, disco::query(None));
    }

    pub(super) fn rules(&mut self, iq: &Element) {
        let Some(query) = iq.find("query", ns::DISCO_INFO) else { return };
        let features = disco::features(query);
        let fields = query.find("x", ns::FORM).into_iter().flat_map(|form| form.all("field", ns::FORM));
        let mut lobbies = fields.filter(|field| field.get("var") == Some("muc#roominfo_lobbyroom"));
        let lobby = lobbies.next().and_then(|field| field.text_of("value", ns::FORM)).filter(|room| is_room(room));
        let rules = RoomRules {
            password: features.contains("muc_passwordprotected"),
            lobby: features.contains("muc_membersonly"),
        };
        let State::Present(present) = &mut self.state else { return };
        if !present.moderator {
            return;
        }
        let first = !std::mem::replace(&mut present.door.known, true);
        let differ = std::mem::replace(&mut present.door.rules, rules) != rules;
        if first || differ {
            self.event(Event::Rules(rules));
        }
        self.watch(lobby.filter(|_| rules.lobby));
    }

    /// Our own rights changed.
    pub(super) fn became(&mut self, moderator: bool) {
        self.event(Event::Role { moderator });
        if moderator {
            self.ask_rules();
        } else {
            self.watch(None);
            if let State::Present(present) = &mut self.state {
                present.door = super::watch::Door::default();
            }
        }
    }
}

fn admin_item() -> Element {
    Element::new("item", ns::MUC_ADMIN)
}

pub(super) fn message_to(room: &str, to: &str) -> Element {
    let invite = Element::new("invite", ns::MUC_USER).attr("to", to);
    Element::new("message", CLIENT).attr("to", room).child(Element::new("x", ns::MUC_USER).child(invite))
}

pub(super) fn turned_away(endpoint: &str) -> Element {
    admin_item().attr("nick", endpoint).attr("role", "none")
}

/// A bare address of a room, of bearable length.
fn is_room(text: &str) -> bool {
    text.len() <= refusal::MAX_LOBBY && text.contains('@') && !text.contains(['/', ' '])
}

/// The presence by which a moderator stands in the lobby.
pub(super) fn presence_in(lobby: &str, nick: &str, name: &str) -> Element {
    stanza::knock(&format!("{lobby}/{nick}"), name)
}
