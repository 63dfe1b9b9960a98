//! From a hash on the command line, or from what was noted before, to a permit.
//!
//! The profile is open only for a moment: several guests and a server may use one profile at a time.

use std::path::Path;
use std::time::Duration;

use runde_client::{Contacts, RoomLink, announced_notice};
use runde_privacy::access_log::Retention;
use runde_privacy::{Contact, Document, Gate, Host, LocalDevices, Method, Notice, NoticeKind, Permit, Target};
use runde_profile::{Build, Opening, Places, Profile, Shown, inspect, known_notices, now};

use crate::exit::{Failure, NoticeFailure};
use crate::join::asked_to_stop;
use crate::{messages, output};

/// Long enough for several guests that start at once to record one after the other.
const LOCK_WAIT: Duration = Duration::from_secs(10);

/// Host that a bare room name means.
pub const DEFAULT_SERVER: &str = "meet.jit.si";

/// What the own room is called when it keeps an access log; the days follow.
pub const LOGGED_ROOM: &str = "embedded-room:";

/// Days of an access log.
pub fn retention(days: &str) -> Result<Retention, Failure> {
    let asked = days.parse().ok().and_then(|days| Retention::of_days(days).ok());
    asked.ok_or_else(|| Failure::Retention(days.to_owned()))
}

/// The target of a word that is a host, a link, or the name of the own room.
pub fn target_of(text: &str) -> Result<Target, Failure> {
    if text == Target::OWN_ROOM {
        return Ok(Target::own_room());
    }
    if let Some(days) = text.strip_prefix(LOGGED_ROOM) {
        return Ok(Target::own_room_with_log(retention(days)?));
    }
    if text.contains(['/', '#']) {
        return link_target(&RoomLink::parse(text, DEFAULT_SERVER).map_err(Failure::Link)?);
    }
    Ok(Target::new(without_port(text), None)?)
}

pub fn link_target(link: &RoomLink) -> Result<Target, Failure> {
    Ok(Target::new(&link.host, link.rn.as_deref())?)
}

/// Opens the profile in `data`, or the user's.
pub fn open_profile(data: Option<&Path>) -> Result<Profile, Failure> {
    let places = data.map_or_else(Places::of_user, |root| Ok(Places::at(root)))?;
    let build = Build { app_version: env!("CARGO_PKG_VERSION").to_owned(), ui_build_hash: "cli".to_owned() };
    let profile = Profile::open(Opening { places, build, wait: LOCK_WAIT })?;
    for trouble in profile.troubles() {
        output::complain(&messages::trouble(trouble, messages::system_language()));
    }
    Ok(profile)
}

/// Records that the notice with hash `sha256` was noted for `target`.
pub fn acknowledge(profile: &mut Profile, target: &Target, sha256: &str, place: &str) -> Result<(), Failure> {
    let notice = profile.gate().notice(target);
    let Some(lang) = notice.language_of(sha256) else {
        return Err(not_noted(notice, place, true));
    };
    let shown = Shown { lang, shown_at: now(), scrolled_to_end: false, method: Method::CliFlag };
    profile.acknowledge(target, shown)?;
    Ok(())
}

/// What a guest needs: leave to reach the host of the link, and leave to open devices.
///
/// `acks` are hashes of the notices for that host, where it is unknown those of both stages; without one only an earlier
/// acknowledgement counts.
pub fn for_guest(
    link: &RoomLink,
    acks: &[String],
    contacts: &Contacts,
) -> Result<(Permit<Contact>, Permit<LocalDevices>), Failure> {
    let (mut target, place) = (link_target(link)?, format!("{}/{}{}", link.origin(), link.room, promise(link)));
    let mut document = None;
    let first = Notice::known(&target, &known_notices(&Places::of_user()?)?);
    if matches!(first.kind(), NoticeKind::UnknownServer { .. }) {
        let asked = Asked { target: &target, acks, place: &place, data: None, document: None };
        noted(&asked, |gate| gate.fetch(&target).is_ok())?;
        document = second_stage(link, &target, &place, contacts)?;
        match &document {
            Some(document) => target = target.with_notice(&document.id()),
            None if !acks.is_empty() && !acks.iter().any(|ack| first.language_of(ack).is_some()) => {
                return Err(not_noted(first, &place, true));
            }
            None => {}
        }
    }
    let asked = Asked { target: &target, acks, place: &place, data: None, document: document.as_ref() };
    let gate = noted(&asked, |gate| gate.contact(&target).is_ok())?;
    let contact = gate.contact(&target).map_err(|asks| not_noted(asks.notice, &place, false))?;
    let devices = gate.local_devices().map_err(|asks| not_noted(asks.notice, &place, false))?;
    Ok((contact, devices))
}

/// What a link says about the notice, so that a person can copy the whole of it.
fn promise(link: &RoomLink) -> String {
    let both = link.fp.as_ref().zip(link.rn.as_ref()).map(|(fp, rn)| format!("#fp={fp}&rn={rn}"));
    both.or_else(|| link.rn.as_ref().map(|rn| format!("#rn={rn}"))).unwrap_or_default()
}

/// Asks an unknown server what it says about itself, once the warning about it is noted. It must be what the link promises.
pub fn second_stage(
    link: &RoomLink,
    target: &Target,
    place: &str,
    contacts: &Contacts,
) -> Result<Option<Document>, Failure> {
    let seen = inspect(&Places::of_user()?)?;
    let gate = seen.map(|seen| Gate::replay(&seen.acknowledgements)).unwrap_or_default();
    if let Some(since) = gate.objection(target) {
        return Err(Failure::Objected { host: target.host().to_owned(), since });
    }
    let permit = gate.fetch(target).map_err(|asks| not_noted(asks.notice, place, false))?;
    let host = target.host().to_owned();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(Failure::Runtime)?;
    let found = runtime.block_on(async {
        tokio::select! {
            found = announced_notice(&permit, link, contacts) => found.map_err(|error| NoticeFailure::Announced { host: host.clone(), error }),
            () = asked_to_stop() => Err(NoticeFailure::Stopped),
        }
    })?;
    match (&found, target.embedded_notice()) {
        (None, Some(_)) => Err(NoticeFailure::NoticeMissing { host }.into()),
        (Some(document), Some(rn)) if document.language_of(rn).is_none() => {
            Err(NoticeFailure::NoticeDiffers { host }.into())
        }
        (Some(_) | None, _) => Ok(found),
    }
}

/// What somebody needs who opens rooms under this notice.
pub fn for_host(ack: Option<&str>, data: Option<&Path>, notice: &Notice, place: &str) -> Result<Permit<Host>, Failure> {
    let acks: Vec<String> = ack.into_iter().map(str::to_owned).collect();
    let target = match (notice.kind(), notice.access_log()) {
        (NoticeKind::Stated(_), _) => Target::own_room_with(notice),
        (_, Some(log)) => Target::own_room_with_log(log),
        (_, None) => Target::own_room(),
    };
    let document = notice.document();
    let asked = Asked { target: &target, acks: &acks, place, data, document: Some(&document) };
    let gate = noted(&asked, |gate| gate.host_as(notice).is_ok())?;
    gate.host_as(notice).map_err(|asks| not_noted(asks.notice, place, false))
}

/// What is to be noted, and what was said about it on the command line.
struct Asked<'a> {
    target: &'a Target,
    acks: &'a [String],
    place: &'a str,
    data: Option<&'a Path>,
    /// A notice that is not bundled.
    document: Option<&'a Document>,
}

/// Checks the hashes before the profile is touched, and records the right one only where the gate is still shut.
fn noted(asked: &Asked<'_>, is_open: impl Fn(&Gate) -> bool) -> Result<Gate, Failure> {
    let places = asked.data.map_or_else(Places::of_user, |root| Ok(Places::at(root)))?;
    let mut shelf = known_notices(&places)?;
    asked.document.cloned().into_iter().for_each(|document| shelf.put(document));
    let notice = Notice::known(asked.target, &shelf);
    let ack = asked.acks.iter().find(|ack| notice.language_of(ack).is_some());
    // The hash may be that of the second stage, if the first was noted before.
    let first_stage = matches!(notice.kind(), NoticeKind::UnknownServer { .. });
    let before =
        || inspect(&places).map(|seen| seen.is_some_and(|seen| is_open(&Gate::replay(&seen.acknowledgements))));
    if ack.is_none() && !asked.acks.is_empty() && !(first_stage && before()?) {
        return Err(not_noted(notice, asked.place, true));
    }
    let mut profile = open_profile(asked.data)?;
    if asked.target.host() == Target::own_room().host() && !profile.policy().allows_hosting() {
        return Err(runde_profile::ProfileError::Locked("hosting".to_owned()).into());
    }
    asked.document.cloned().into_iter().for_each(|document| profile.consider(document));
    if let Some(since) = profile.gate().objection(asked.target) {
        return Err(Failure::Objected { host: asked.target.host().to_owned(), since });
    }
    if let (Some(ack), false) = (ack, is_open(&profile.gate())) {
        acknowledge(&mut profile, asked.target, ack, asked.place)?;
    }
    let gate = profile.gate();
    if is_open(&gate) { Ok(gate) } else { Err(not_noted(notice, asked.place, false)) }
}

fn not_noted(notice: Notice, place: &str, wrong_hash: bool) -> Failure {
    Failure::NotNoted { notice: Box::new(notice), place: place.to_owned(), wrong_hash }
}

fn without_port(text: &str) -> &str {
    if let Some((address, _)) = text.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
        return address;
    }
    match text.split_once(':') {
        Some((host, port)) if !port.contains(':') => host,
        Some(_) | None => text,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_host_may_be_written_with_its_port() {
        for (written, host) in [("h.example:8443", "h.example"), ("[::1]:8443", "::1"), ("::1", "::1")] {
            assert_eq!(target_of(written).unwrap().host(), host);
        }
    }

    #[test]
    fn a_room_of_ones_own_may_be_written_with_the_days_of_its_log() {
        let target = target_of("embedded-room:14").unwrap();
        assert_eq!(Notice::for_target(&target).access_log(), Retention::of_days(14).ok());
        assert_eq!(Notice::for_target(&target_of("embedded-room").unwrap()).access_log(), None);
        for refused in ["embedded-room:0", "embedded-room:57", "embedded-room:", "embedded-room:x"] {
            assert!(matches!(target_of(refused), Err(Failure::Retention(_))), "{refused}");
        }
    }

    #[test]
    fn rubbish_is_no_target() {
        assert!(target_of("h ö st").is_err() && target_of("").is_err());
    }
}
