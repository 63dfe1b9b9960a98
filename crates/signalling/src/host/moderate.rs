//! What is asked of a room: what it is like, and what only its moderators may do to it and to others in it.

use super::ConnId;
use super::core::Host;
use super::room::Room;
use crate::xml::Element;
use crate::{disco, muc, ns};

/// Items of one request. A client that turns the lobby on names everybody in the room.
const MAX_ITEMS: usize = 200;

/// The type and condition of a stanza error.
type Refused = (&'static str, &'static str);

impl Host {
    /// An IQ to the room itself.
    pub(super) fn ask_room(&mut self, id: ConnId, name: &str, own: Option<&str>, stanza: &Element) {
        let Some(room) = self.rooms.get(name) else {
            return self.refuse(id, stanza, "cancel", "item-not-found");
        };
        let (get, set) = (stanza.get("type") == Some("get"), stanza.get("type") == Some("set"));
        if get && stanza.find("query", ns::DISCO_INFO).is_some() {
            let answer = describe(room);
            return self.answer(id, stanza, "result", Some(answer));
        }
        let admin = stanza.find("query", ns::MUC_ADMIN).filter(|_| set);
        let owner = stanza.find("query", ns::MUC_OWNER);
        let Some(own) = own.filter(|_| admin.is_some() || owner.is_some()) else {
            return self.refuse(id, stanza, "cancel", "feature-not-implemented");
        };
        if !self.moderates(id, name) {
            return self.refuse(id, stanza, "auth", "forbidden");
        }
        let done = match (admin, owner) {
            (Some(query), _) => self.administer(name, own, query).map(|()| None),
            (None, Some(_)) if get => Ok(self.form(name)),
            (None, Some(query)) => self.configure(name, query).map(|()| None),
            (None, None) => Err(("cancel", "feature-not-implemented")),
        };
        match done {
            Ok(child) => self.answer(id, stanza, "result", child),
            Err((kind, condition)) => self.refuse(id, stanza, kind, condition),
        }
    }

    fn form(&self, name: &str) -> Option<Element> {
        let room = self.rooms.get(name)?;
        Some(Element::new("query", ns::MUC_OWNER).child(room.settings.form()))
    }

    fn configure(&mut self, name: &str, query: &Element) -> Result<(), Refused> {
        let form = query.find("x", ns::FORM).ok_or(("cancel", "feature-not-implemented"))?;
        match form.get("type") {
            Some("cancel") => return Ok(()),
            Some("submit") => {}
            _ => return Err(("modify", "bad-request")),
        }
        let room = self.rooms.get_mut(name).ok_or(("cancel", "item-not-found"))?;
        let after = room.settings.after(form).map_err(|condition| ("modify", condition))?;
        if room.settings == after {
            return Ok(());
        }
        let opened = room.settings.members_only && !after.members_only;
        if !room.settings.members_only && after.members_only {
            // Whoever is here was let in already; the lobby is for those who come.
            room.admitted.extend(room.occupants.values().map(|occupant| occupant.connection));
        }
        room.settings = after;
        room.announce_settings(&mut self.out);
        if opened {
            let address = room.address.clone();
            self.close_lobby(name, Some(&address));
        }
        Ok(())
    }

    fn administer(&mut self, name: &str, own: &str, query: &Element) -> Result<(), Refused> {
        let items: Vec<&Element> = query.all("item", ns::MUC_ADMIN).take(MAX_ITEMS).collect();
        if items.is_empty() {
            return Err(("modify", "bad-request"));
        }
        items.into_iter().try_for_each(|item| self.administer_one(name, own, item))
    }

    /// Kick (`role='none'`), promotion (`affiliation='owner'`), membership, as Jitsi's clients send them.
    fn administer_one(&mut self, name: &str, own: &str, item: &Element) -> Result<(), Refused> {
        let room = self.rooms.get_mut(name).ok_or(("cancel", "item-not-found"))?;
        match (item.get("role"), item.get("affiliation")) {
            (Some("none"), _) => {
                let victim = item.get("nick").filter(|nick| room.occupants.contains_key(*nick));
                let victim = victim.ok_or(("cancel", "item-not-found"))?.to_owned();
                self.leave(name, &victim, Some((own, reason(item))));
            }
            (_, Some("owner")) => {
                let chosen = named(room, item).ok_or(("cancel", "item-not-found"))?;
                room.promote(&chosen, own, &mut self.out);
            }
            (_, Some("member")) => {
                let chosen = named(room, item).ok_or(("cancel", "item-not-found"))?;
                room.make_member(&chosen, &mut self.out);
            }
            (_, _) => return Err(("cancel", "feature-not-implemented")),
        }
        Ok(())
    }
}

/// Why somebody was sent away, made harmless.
pub(super) fn reason(item: &Element) -> String {
    muc::clean_name(&item.text_of("reason", ns::MUC_ADMIN).unwrap_or_default())
}

/// Who is meant by an item: clients of 2022 say it by nick, later ones by real address.
fn named(room: &Room, item: &Element) -> Option<String> {
    if let Some(nick) = item.get("nick") {
        return room.occupants.contains_key(nick).then(|| nick.to_owned());
    }
    let bare = |jid: &str| jid.split('/').next().unwrap_or_default().to_owned();
    let wanted = item.get("jid").map(bare)?;
    room.occupants.iter().find(|(_, occupant)| bare(&occupant.jid) == wanted).map(|(endpoint, _)| endpoint.clone())
}

fn describe(room: &Room) -> Element {
    let field = |name: &str, value: &str| {
        Element::new("field", ns::FORM).attr("var", name).child(Element::new("value", ns::FORM).text(value))
    };
    let occupants = room.occupants.len() + 1;
    let mut form = Element::new("x", ns::FORM)
        .attr("type", "result")
        .child(field("FORM_TYPE", "http://jabber.org/protocol/muc#roominfo").attr("type", "hidden"))
        .child(field("muc#roominfo_occupants", &occupants.to_string()))
        .child(field("muc#roominfo_meetingId", &room.meeting));
    if room.settings.members_only {
        form.push(field("muc#roominfo_lobbyroom", room.lobby.address()));
    }
    let access = if room.settings.members_only { "muc_membersonly" } else { "muc_open" };
    let secrecy = if room.settings.password.is_some() { "muc_passwordprotected" } else { "muc_unsecured" };
    let features = [ns::MUC, "muc_hidden", access, "muc_temporary", "muc_nonanonymous", "muc_unmoderated", secrecy];
    let identity = Element::new("identity", ns::DISCO_INFO).attr("category", "conference").attr("type", "text");
    disco::query(None).child(identity).with_children(features.map(disco::feature)).child(form)
}
