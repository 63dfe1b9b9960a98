//! From a hash on the command line, or from what was noted before, to a permit.
//!
//! The profile is open only for a moment: several guests and a server may use one profile at a time.

use std::path::Path;
use std::time::Duration;

use runde_client::RoomLink;
use runde_privacy::access_log::Retention;
use runde_privacy::{Contact, Gate, Host, LocalDevices, Method, Notice, Permit, Target};
use runde_profile::{Build, Opening, Places, Profile, Shown, now};

use crate::exit::Failure;
use crate::{messages, output};

/// Long enough for several guests that start at once to record one after the other.
const LOCK_WAIT: Duration = Duration::from_secs(10);

/// Host that a bare room name means.
pub const DEFAULT_SERVER: &str = "meet.jit.si";

/// What the own room is called when it keeps an access log; the days follow.
const LOGGED_ROOM: &str = "embedded-room:";

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
    let notice = Notice::for_target(target);
    let Some(lang) = notice.language_of(sha256) else {
        return Err(not_noted(notice, place, true));
    };
    let shown = Shown { lang, shown_at: now(), scrolled_to_end: false, method: Method::CliFlag };
    profile.acknowledge(target, shown)?;
    Ok(())
}

/// What a guest needs: leave to reach the host of the link, and leave to open devices.
///
/// `ack` must be a hash of the notice for that host; without it only an earlier acknowledgement counts.
pub fn for_guest(link: &RoomLink, ack: Option<&str>) -> Result<(Permit<Contact>, Permit<LocalDevices>), Failure> {
    let (target, place) = (link_target(link)?, format!("{}/{}", link.origin(), link.room));
    let gate = noted(&target, ack, &place, None, |gate| gate.contact(&target).is_ok())?;
    let contact = gate.contact(&target).map_err(|asks| not_noted(asks.notice, &place, false))?;
    let devices = gate.local_devices().map_err(|asks| not_noted(asks.notice, &place, false))?;
    Ok((contact, devices))
}

/// What somebody needs who opens rooms, and keeps an access log for so long.
pub fn for_host(ack: Option<&str>, data: Option<&Path>, log: Option<Retention>) -> Result<Permit<Host>, Failure> {
    let place = log.map_or(Target::OWN_ROOM.to_owned(), |log| format!("{LOGGED_ROOM}{}", log.days()));
    let open = |gate: &Gate| log.map_or_else(|| gate.host(), |log| gate.host_with_log(log));
    let gate = noted(&target_of(&place)?, ack, &place, data, |gate| open(gate).is_ok())?;
    open(&gate).map_err(|asks| not_noted(asks.notice, &place, false))
}

/// Checks the hash before the profile is touched, and records it only where the gate is still shut.
fn noted(
    target: &Target,
    ack: Option<&str>,
    place: &str,
    data: Option<&Path>,
    is_open: impl Fn(&Gate) -> bool,
) -> Result<Gate, Failure> {
    let notice = Notice::for_target(target);
    if ack.is_some_and(|ack| notice.language_of(ack).is_none()) {
        return Err(not_noted(notice, place, true));
    }
    let mut profile = open_profile(data)?;
    if target.host() == Target::own_room().host() && !profile.policy().allows_hosting() {
        return Err(runde_profile::ProfileError::Locked("hosting".to_owned()).into());
    }
    if let Some(since) = profile.gate().objection(target) {
        return Err(Failure::Objected { host: target.host().to_owned(), since });
    }
    if let (Some(ack), false) = (ack, is_open(&profile.gate())) {
        acknowledge(&mut profile, target, ack, place)?;
    }
    Ok(profile.gate())
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
