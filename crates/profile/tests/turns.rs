//! A window that is open for long and programs that write for a moment: each sees what the other wrote, and the chain stays whole.

#![allow(clippy::unwrap_used)]

use std::fs;
use std::path::Path;
use std::time::Duration;

use runde_privacy::{ConsentState, Lang, Method, Purpose, Target};
use runde_profile::{Build, Item, Opening, Places, Profile, ProfileError, Settings, Shown, inspect, now};

fn opening(root: &Path) -> Opening {
    Opening { places: Places::at(root), build: Build::default(), wait: Duration::from_secs(20) }
}

fn window(root: &Path) -> Profile {
    Profile::open_for_long(opening(root)).unwrap()
}

fn command(root: &Path) -> Profile {
    Profile::open(opening(root)).unwrap()
}

fn host(name: &str) -> Target {
    Target::new(name, None).unwrap()
}

fn note(profile: &mut Profile, name: &str) {
    let shown = Shown { lang: Lang::De, shown_at: now(), scrolled_to_end: false, method: Method::Button };
    profile.acknowledge(&host(name), shown).unwrap();
}

fn decide(profile: &mut Profile, purpose: Purpose, state: ConsentState) {
    profile.decide(purpose, state, Lang::De, Method::Button).unwrap();
}

fn is_sound(root: &Path) -> bool {
    let seen = inspect(&Places::at(root)).unwrap().unwrap();
    seen.acknowledgements_verdict.is_sound() && seen.consents_verdict.is_sound()
}

#[test]
fn one_window_has_a_profile_and_commands_write_beside_it() {
    let root = tempfile::tempdir().unwrap();
    let mut open = window(root.path());
    let at_once = Opening { wait: Duration::ZERO, ..opening(root.path()) };
    assert!(matches!(Profile::open_for_long(at_once), Err(ProfileError::InUse(_))), "two windows");
    note(&mut command(root.path()), "one.example");
    assert!(open.gate().contact(&host("one.example")).is_err(), "not read yet");
    open.catch_up().unwrap();
    assert!(open.gate().contact(&host("one.example")).is_ok());
    assert_eq!(open.readings(), 1);
    open.catch_up().unwrap();
    assert_eq!(open.readings(), 1, "nothing new, nothing read");
    note(&mut open, "two.example");
    assert!(command(root.path()).gate().contact(&host("two.example")).is_ok());
    open.catch_up().unwrap();
    assert_eq!(open.readings(), 1, "what one wrote oneself is no news");
    drop(open);
    window(root.path());
}

#[test]
fn what_was_withdrawn_or_objected_to_elsewhere_counts_in_the_window_and_nothing_kept_for_it_comes_back() {
    let root = tempfile::tempdir().unwrap();
    let mut open = window(root.path());
    note(&mut open, "one.example");
    for purpose in [Purpose::RecentRooms, Purpose::DisplayName] {
        decide(&mut open, purpose, ConsentState::Given);
    }
    open.set_settings(Settings { display_name: Some("Ada".into()), ..Settings::default() }).unwrap();
    open.remember_room("https://one.example/table").unwrap();

    let mut other = command(root.path());
    decide(&mut other, Purpose::RecentRooms, ConsentState::Withdrawn);
    decide(&mut other, Purpose::DisplayName, ConsentState::Withdrawn);
    other.object(&host("one.example"), Lang::De, Method::CliFlag).unwrap();
    drop(other);
    // Without having looked: the window writes, and what it remembered must not come back.
    open.remember_room("https://one.example/other").unwrap();
    open.set_settings(Settings { display_name: Some("Ada".into()), ..Settings::default() }).unwrap();
    assert!(!root.path().join("data/recents.json").exists());
    assert!(!fs::read_to_string(root.path().join("config/settings.json")).unwrap().contains("Ada"));
    assert!(
        open.gate().objection(&host("one.example")).is_some() && open.gate().contact(&host("one.example")).is_err()
    );
    assert!(!open.agreed(Purpose::RecentRooms) && open.recent_rooms().is_empty() && is_sound(root.path()));
}

#[test]
fn while_another_program_writes_the_window_does_not_wait_to_look() {
    let root = tempfile::tempdir().unwrap();
    let mut open = window(root.path());
    let mut other = command(root.path());
    note(&mut other, "one.example");
    open.catch_up().unwrap();
    assert_eq!(open.readings(), 0);
    drop(other);
    open.catch_up().unwrap();
    assert_eq!(open.readings(), 1);
}

#[test]
fn writers_at_once_break_no_chain_and_lose_no_record() {
    const EACH: usize = 20;
    let root = tempfile::tempdir().unwrap();
    let mut open = window(root.path());
    let path = root.path().to_owned();
    let others: Vec<_> = (0..2)
        .map(|writer| {
            let path = path.clone();
            std::thread::spawn(move || {
                (0..EACH).for_each(|number| note(&mut command(&path), &format!("h{writer}-{number}.example")))
            })
        })
        .collect();
    (0..EACH).for_each(|number| note(&mut open, &format!("w{number}.example")));
    others.into_iter().for_each(|other| other.join().unwrap());
    let seen = inspect(&Places::at(root.path())).unwrap().unwrap();
    assert!(is_sound(root.path()) && seen.acknowledgements_verdict.clock_back.is_none());
    assert_eq!(seen.acknowledgements.records().count(), 3 * EACH);
}

#[test]
fn a_notice_that_is_on_the_page_but_not_noted_survives_that_another_program_writes() {
    let root = tempfile::tempdir().unwrap();
    let mut open = window(root.path());
    let target = Target::own_room();
    let document = open.gate().notice(&target).document();
    open.consider(document.clone());
    note(&mut command(root.path()), "one.example");
    open.catch_up().unwrap();
    assert!(open.shelf().find(&document.id()).is_some());
}

#[test]
fn a_profile_that_was_erased_elsewhere_begins_anew_in_the_window_and_stays_its_own() {
    let root = tempfile::tempdir().unwrap();
    let mut open = window(root.path());
    note(&mut open, "one.example");
    let before = open.pseudonym().to_owned();
    assert!(command(root.path()).erase_all().unwrap().is_empty());
    open.catch_up().unwrap();
    assert!(open.gate().contact(&host("one.example")).is_err());
    assert_ne!(open.pseudonym(), before);
    let at_once = Opening { wait: Duration::ZERO, ..opening(root.path()) };
    assert!(matches!(Profile::open_for_long(at_once), Err(ProfileError::InUse(_))), "two windows");
    note(&mut open, "two.example");
    assert!(is_sound(root.path()) && command(root.path()).troubles().is_empty());
}

#[test]
fn an_entry_erased_elsewhere_is_not_written_back_by_the_window() {
    let root = tempfile::tempdir().unwrap();
    let mut open = window(root.path());
    note(&mut open, "zwetschge.example");
    note(&mut open, "two.example");
    command(root.path()).erase(Item::Acknowledgements(Some(1))).unwrap();
    decide(&mut open, Purpose::RecentRooms, ConsentState::Refused);
    open.erase(Item::Acknowledgements(Some(2))).unwrap();
    let text = fs::read_to_string(root.path().join("data/acknowledgements.ledger")).unwrap();
    assert!(!text.contains("zwetschge") && !text.contains("two.example") && is_sound(root.path()), "{text}");
}

/// Consents from a clock that ran ahead, as an archive has them.
fn of_a_clock_ahead(root: &Path) {
    let elsewhere = tempfile::tempdir().unwrap();
    let mut profile = command(elsewhere.path());
    for purpose in [Purpose::RecentRooms, Purpose::DisplayName] {
        decide(&mut profile, purpose, ConsentState::Given);
    }
    let mut archive = profile.archive();
    let ahead = runde_privacy::stamp::Moment::from_unix(now().unix() + 30 * 24 * 60 * 60);
    archive.consents.iter_mut().for_each(|record| record.time = ahead);
    command(root).import(archive).unwrap();
}

#[test]
fn what_was_kept_stays_while_only_the_clock_stands_against_its_consent_and_nothing_new_is_kept() {
    let root = tempfile::tempdir().unwrap();
    of_a_clock_ahead(root.path());
    let list = root.path().join("data/recents.json");
    fs::write(&list, r#"[{"link":"https://h.example/one","used_at":"2999-01-01T00:00:00Z"}]"#).unwrap();
    let settings = root.path().join("config/settings.json");
    fs::write(&settings, r#"{"display_name":"Ada"}"#).unwrap();
    let mut profile = command(root.path());
    assert!(!profile.agreed(Purpose::RecentRooms) && profile.recent_rooms().is_empty());
    profile.remember_room("https://h.example/two").unwrap();
    profile
        .set_settings(Settings { display_name: Some("Bea".into()), relay_only: true, ..Settings::default() })
        .unwrap();
    let (rooms, named) = (fs::read_to_string(&list).unwrap(), fs::read_to_string(&settings).unwrap());
    assert!(rooms.contains("/one") && !rooms.contains("/two"), "{rooms}");
    assert!(named.contains("Ada") && !named.contains("Bea") && named.contains("true"), "{named}");
    decide(&mut profile, Purpose::RecentRooms, ConsentState::Withdrawn);
    assert!(!list.exists());
}
