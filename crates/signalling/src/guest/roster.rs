//! Who is in the room, read from presence: members, ourselves, the focus.
//!
//! The focus is whoever sits on the nick `focus` **and** shows the real address that the conference answer named;
//! the nick alone proves nothing, since anybody may take it.

use super::entry::bare;
use super::event::{Member, Oddity, SourceState};
use crate::json;
use crate::ns::{MUC_USER, NICK};
use crate::xml::{CLIENT, Element};
use std::collections::BTreeMap;

/// The nick of the focus, fixed by protocol.
const FOCUS_NICK: &str = "focus";
/// Members kept. Ten times the biggest bridge meeting; a room that floods us with more is not worth memory.
pub const MAX_MEMBERS: usize = 2_000;
/// Sources of one member, the limit of the focus itself.
pub const MAX_SOURCES: usize = 20;
/// Characters of a display name that are kept; longer ones are cut.
pub const MAX_NAME: usize = 200;
/// Bytes of one SourceInfo: twenty sources need about 1200.
const MAX_SOURCE_INFO: usize = 8 * 1024;
/// Bytes of a real address that is kept (RFC 6122 2.1: three parts of 1023 and two marks, less the resource).
const MAX_ADDRESS: usize = 2_047;
/// Codecs kept of a member's list.
const MAX_CODECS: usize = 16;

#[derive(Debug)]
struct Occupant {
    member: Member,
    /// Real address, without its resource.
    address: Option<String>,
    /// Once somebody sent SourceInfo, the older elements say nothing any more.
    speaks_source_info: bool,
}

#[derive(Debug)]
pub(super) struct Roster {
    us: String,
    /// Addresses that were ours and are nobody now.
    former: Vec<String>,
    focus_user: Option<String>,
    focus_present: bool,
    occupants: BTreeMap<String, Occupant>,
}

/// What one presence changed.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Change {
    Joined(Member),
    Changed(Member),
    Left(String),
    FocusLeft,
    Nothing,
}

impl Roster {
    pub(super) fn new(us: String, focus_user: Option<String>) -> Self {
        Roster { us, former: Vec::new(), focus_user, focus_present: false, occupants: BTreeMap::new() }
    }

    /// Occupants with one of these real addresses are what a broken connection of ours left behind.
    pub(super) fn without(self, former: Vec<String>) -> Self {
        Roster { former, ..self }
    }

    pub(super) fn members(&self) -> impl Iterator<Item = &Member> {
        self.occupants.values().map(|occupant| &occupant.member)
    }

    /// The one other person in the room, if there is exactly one. Whoever records without being shown counts: of a direct connection
    /// they would record nothing.
    pub(super) fn only_other(&self) -> Option<&str> {
        let mut members = self.members();
        let first = members.next()?;
        members.next().is_none().then_some(first.endpoint.as_str())
    }

    pub(super) fn is_us(&self, endpoint: &str) -> bool {
        endpoint == self.us
    }

    pub(super) fn member(&self, endpoint: &str) -> Option<&Member> {
        self.occupants.get(endpoint).map(|occupant| &occupant.member)
    }

    /// Where somebody's real address is, without its resource.
    pub(super) fn address(&self, endpoint: &str) -> Option<&str> {
        self.occupants.get(endpoint).and_then(|occupant| occupant.address.as_deref())
    }

    /// Real addresses of those who have no rights of their own in the room.
    pub(super) fn guests(&self) -> impl Iterator<Item = &str> {
        let guests = self.occupants.values().filter(|occupant| !occupant.member.moderator);
        guests.filter_map(|occupant| occupant.address.as_deref())
    }

    /// True for the nick of the focus while the real one sits on it.
    pub(super) fn is_focus(&self, nick: &str) -> bool {
        nick == FOCUS_NICK && self.focus_present
    }

    /// Somebody else came, changed or went. Not for our own presence.
    pub(super) fn heard(&mut self, nick: &str, presence: &Element) -> Result<Change, Oddity> {
        let gone = presence.get("type") == Some("unavailable");
        if nick == FOCUS_NICK {
            return self.heard_focus(gone, presence);
        }
        if gone {
            return Ok(match self.occupants.remove(nick) {
                Some(_) => Change::Left(nick.to_owned()),
                None => Change::Nothing,
            });
        }
        self.heard_member(nick, presence)
    }

    fn heard_focus(&mut self, gone: bool, presence: &Element) -> Result<Change, Oddity> {
        if gone {
            let left = std::mem::take(&mut self.focus_present);
            return Ok(if left { Change::FocusLeft } else { Change::Nothing });
        }
        let real = item(presence).and_then(|item| item.get("jid"));
        let genuine = real.is_some_and(|real| Some(bare(real)) == self.focus_user.as_deref());
        self.focus_present = genuine;
        if genuine { Ok(Change::Nothing) } else { Err(Oddity::ForgedFocus) }
    }

    fn heard_member(&mut self, nick: &str, presence: &Element) -> Result<Change, Oddity> {
        let real = item(presence).and_then(|item| item.get("jid"));
        if real.is_some_and(|real| self.former.iter().any(|former| former == real)) {
            return Ok(Change::Nothing);
        }
        let known = self.occupants.get(nick);
        if known.is_none() && (self.occupants.len() >= MAX_MEMBERS || nick == self.us) {
            return Err(Oddity::TooMany);
        }
        let info = presence.find("SourceInfo", CLIENT);
        let speaks_source_info = info.is_some() || known.is_some_and(|occupant| occupant.speaks_source_info);
        let sources = match info {
            Some(info) => source_info(nick, &info.own_text())?,
            None if speaks_source_info => BTreeMap::new(),
            None => legacy_sources(nick, presence),
        };
        let member = Member {
            endpoint: nick.to_owned(),
            name: name(presence),
            hand: hand(presence),
            moderator: is_moderator(presence),
            sources,
            codecs: codecs(presence),
        };
        let change = match known {
            None => Change::Joined(member.clone()),
            Some(known) if known.member == member => Change::Nothing,
            Some(_) => Change::Changed(member.clone()),
        };
        let address = real.map(|real| bare(real).to_owned()).filter(|address| address.len() <= MAX_ADDRESS);
        let occupant = Occupant { member, address, speaks_source_info };
        self.occupants.insert(nick.to_owned(), occupant);
        Ok(change)
    }
}

/// The `item` of a room's presence: role, affiliation, real address.
pub(super) fn item(presence: &Element) -> Option<&Element> {
    presence.find("x", MUC_USER)?.find("item", MUC_USER)
}

/// The MUC status codes of a presence.
pub(super) fn codes(presence: &Element) -> Vec<u16> {
    presence
        .find("x", MUC_USER)
        .into_iter()
        .flat_map(Element::children)
        .filter(|child| child.name() == "status")
        .filter_map(|status| status.get("code")?.parse().ok())
        .collect()
}

pub(super) fn is_moderator(presence: &Element) -> bool {
    item(presence).and_then(|item| item.get("role")) == Some("moderator")
}

pub(super) fn name(presence: &Element) -> Option<String> {
    let name = presence.find("nick", NICK)?.own_text();
    let name: String = name.trim().chars().take(MAX_NAME).collect();
    (!name.is_empty()).then_some(name)
}

/// Absent, empty and 0 mean lowered. Some clients write `true` instead of a time: raised, moment unknown.
fn hand(presence: &Element) -> Option<u64> {
    let text = presence.find("jitsi_participant_raisedHand", CLIENT)?.own_text();
    match text.trim() {
        "true" => Some(1),
        at => at.parse().ok().filter(|at| *at > 0),
    }
}

fn codecs(presence: &Element) -> Vec<String> {
    let Some(list) = presence.find("jitsi_participant_codecList", CLIENT) else {
        return Vec::new();
    };
    list.own_text()
        .split(',')
        .map(|codec| codec.trim().to_lowercase())
        .filter(|codec| !codec.is_empty())
        .take(MAX_CODECS)
        .collect()
}

/// Names that are not the sender's are left out: nobody may speak for another's sources.
fn source_info(endpoint: &str, text: &str) -> Result<BTreeMap<String, SourceState>, Oddity> {
    if text.len() > MAX_SOURCE_INFO {
        return Err(Oddity::MalformedSourceInfo);
    }
    let value = json::parse(text).map_err(|_| Oddity::MalformedSourceInfo)?;
    let entries = value.as_object().ok_or(Oddity::MalformedSourceInfo)?;
    Ok(entries
        .iter()
        .filter(|(name, _)| owner_of(name) == Some(endpoint))
        .map(|(name, state)| (name.clone(), source_state(state)))
        .take(MAX_SOURCES)
        .collect())
}

fn source_state(state: &serde_json::Value) -> SourceState {
    let kind = state.get("videoType").and_then(serde_json::Value::as_str);
    SourceState {
        muted: state.get("muted").and_then(serde_json::Value::as_bool) != Some(false),
        desktop: kind.is_some_and(|kind| kind.starts_with("desktop")),
    }
}

/// The endpoint in a source name: `EP` of `EP-a0`, `EP-v1`.
pub(super) fn owner_of(name: &str) -> Option<&str> {
    let (owner, rest) = name.rsplit_once('-')?;
    let number = rest.strip_prefix(['a', 'v'])?;
    let digits = number.split_once('.').map_or(number, |(digits, _)| digits);
    let fine = !owner.is_empty() && !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
    fine.then_some(owner)
}

/// What clients said before SourceInfo existed.
fn legacy_sources(endpoint: &str, presence: &Element) -> BTreeMap<String, SourceState> {
    let flag = |name: &str| presence.find(name, CLIENT).map(|flag| flag.own_text().trim() != "false");
    let desktop = presence.find("videoType", CLIENT).is_some_and(|kind| kind.own_text() == "desktop");
    let audio = flag("audiomuted").map(|muted| {
        let state = SourceState { muted, desktop: false };
        (format!("{endpoint}-a0"), state)
    });
    let video = flag("videomuted").map(|muted| (format!("{endpoint}-v0"), SourceState { muted, desktop }));
    audio.into_iter().chain(video).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::xml::{self, Limits};

    fn roster() -> Roster {
        Roster::new("me000000".into(), Some("focus@auth.meet.test".into()))
    }

    fn presence(inside: &str, jid: &str) -> Element {
        let text = format!(
            "<presence xmlns='jabber:client'>{inside}<x xmlns='http://jabber.org/protocol/muc#user'>\
             <item role='participant' jid='{jid}'/></x></presence>"
        );
        xml::parse(&text, &Limits::PEER).unwrap()
    }

    fn heard(inside: &str) -> Result<Change, Oddity> {
        roster().heard("aaaa0001", &presence(inside, "a@meet.test/1"))
    }

    fn joined(inside: &str) -> Member {
        match heard(inside) {
            Ok(Change::Joined(member)) => member,
            other => panic!("expected a member, got {other:?}"),
        }
    }

    #[test]
    fn only_the_address_named_by_the_conference_answer_is_the_focus() {
        let mut roster = roster();
        let forged = roster.heard("focus", &presence("", "mallory@meet.test/focus"));
        assert_eq!(forged, Err(Oddity::ForgedFocus));
        assert!(!roster.is_focus("focus"));
        let real = roster.heard("focus", &presence("", "focus@auth.meet.test/focus"));
        assert_eq!(real, Ok(Change::Nothing));
        assert!(roster.is_focus("focus"));
        assert_eq!(roster.members().count(), 0);
    }

    #[test]
    fn nobody_speaks_for_the_sources_of_another() {
        let member =
            joined("<SourceInfo>{\"aaaa0001-a0\":{\"muted\":false},\"bbbb0002-a0\":{\"muted\":false}}</SourceInfo>");
        assert_eq!(member.sources.keys().collect::<Vec<_>>(), ["aaaa0001-a0"]);
        assert!(!member.audio_muted());
        assert!(member.video_muted());
    }

    #[test]
    fn the_older_mute_elements_count_only_for_those_who_never_sent_source_info() {
        let old = joined("<audiomuted>false</audiomuted><videomuted>true</videomuted>");
        assert!(!old.audio_muted());
        assert!(old.video_muted());
        let new = joined("<SourceInfo>{}</SourceInfo><audiomuted>false</audiomuted>");
        assert!(new.audio_muted());
    }

    #[test]
    fn a_screen_is_told_from_a_camera() {
        let member = joined("<SourceInfo>{\"aaaa0001-v1\":{\"muted\":false,\"videoType\":\"desktop\"}}</SourceInfo>");
        assert!(member.sources["aaaa0001-v1"].desktop);
    }

    #[test]
    fn a_source_info_that_is_no_json_leaves_the_room_as_it_was() {
        assert_eq!(heard("<SourceInfo>{\"aaaa</SourceInfo>"), Err(Oddity::MalformedSourceInfo));
        let long = format!("<SourceInfo>{{{}}}</SourceInfo>", " ".repeat(9_000));
        assert_eq!(heard(&long), Err(Oddity::MalformedSourceInfo));
    }

    #[test]
    fn a_hand_is_up_with_a_time_and_down_without() {
        let raised = |inside: &str| {
            let element = format!("<jitsi_participant_raisedHand>{inside}</jitsi_participant_raisedHand>");
            joined(&element).hand
        };
        assert_eq!(raised("1795426876133"), Some(1_795_426_876_133));
        assert_eq!(raised(""), None);
        assert_eq!(raised("0"), None);
    }

    #[test]
    fn a_long_name_is_cut() {
        let name = "ü".repeat(5_000);
        let member = joined(&format!("<nick xmlns='http://jabber.org/protocol/nick'>{name}</nick>"));
        assert_eq!(member.name.map(|name| name.chars().count()), Some(MAX_NAME));
    }

    #[test]
    fn the_room_cannot_make_us_remember_without_end() {
        let mut roster = roster();
        let some = presence("", "a@meet.test/1");
        for number in 0..MAX_MEMBERS {
            assert!(roster.heard(&format!("{number:08x}"), &some).is_ok());
        }
        assert_eq!(roster.heard("ffffffff", &some), Err(Oddity::TooMany));
        assert_eq!(roster.members().count(), MAX_MEMBERS);
    }

    #[test]
    fn a_source_name_ends_with_kind_and_number() {
        assert_eq!(owner_of("aaaa0001-v12"), Some("aaaa0001"));
        assert_eq!(owner_of("a-b-a0.en"), Some("a-b"));
        for odd in ["aaaa0001", "-a0", "x-b0", "x-a", "x-av"] {
            assert_eq!(owner_of(odd), None, "{odd}");
        }
    }
}
