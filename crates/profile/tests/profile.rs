//! A profile on a real disk: what is kept, what is refused, what is set aside.

#![allow(clippy::unwrap_used)]

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use runde_privacy::{ConsentState, Damage, Lang, Method, Purpose, Target};
use runde_profile::{
    Build, Opening, Places, Profile, ProfileError, Protection, Settings, Shown, TroubleKind, inspect, now,
};

fn opening(root: &Path) -> Opening {
    let build = Build { app_version: "0.1.0".into(), ui_build_hash: "test".into() };
    Opening { places: Places::at(root), build, wait: Duration::ZERO }
}

fn open(root: &Path) -> Profile {
    Profile::open(opening(root)).unwrap()
}

fn shown() -> Shown {
    Shown { lang: Lang::De, shown_at: now(), scrolled_to_end: true, method: Method::Button }
}

fn meet() -> Target {
    Target::new("meet.jit.si", None).unwrap()
}

fn decide(profile: &mut Profile, purpose: Purpose, state: ConsentState) {
    profile.decide(purpose, state, Lang::De, Method::Button).unwrap();
}

fn ledger(root: &Path) -> PathBuf {
    root.join("data/acknowledgements.ledger")
}

#[test]
fn what_was_noted_is_still_noted_after_a_restart() {
    let root = tempfile::tempdir().unwrap();
    assert!(open(root.path()).gate().contact(&meet()).is_err());
    let record = open(root.path()).acknowledge(&meet(), shown()).unwrap();
    let profile = open(root.path());
    assert!(profile.gate().contact(&meet()).is_ok() && profile.troubles().is_empty());
    assert_eq!(profile.acknowledgements().records().next(), Some(&record));
    assert!(!record.subject_pseudonym.is_empty());
}

#[test]
fn a_second_process_is_told_that_the_profile_is_in_use() {
    let root = tempfile::tempdir().unwrap();
    let first = open(root.path());
    assert!(matches!(Profile::open(opening(root.path())), Err(ProfileError::InUse(_))));
    drop(first);
    open(root.path());
}

#[cfg(unix)]
#[test]
fn the_key_file_and_the_ledgers_are_for_their_owner_alone() {
    use std::os::unix::fs::PermissionsExt;
    let root = tempfile::tempdir().unwrap();
    let mut profile = open(root.path());
    assert_eq!(profile.protection(), Protection::FileRights);
    profile.acknowledge(&meet(), shown()).unwrap();
    for name in ["ledger.key", "acknowledgements.ledger"] {
        let mode = fs::metadata(root.path().join("data").join(name)).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "{name}");
    }
}

#[cfg(target_os = "linux")]
#[test]
fn on_a_full_disk_nothing_is_noted_and_nothing_noted_before_is_lost() {
    let root = tempfile::tempdir().unwrap();
    let mut profile = open(root.path());
    profile.acknowledge(&meet(), shown()).unwrap();
    let other = Target::new("other.example", None).unwrap();
    let (real, hidden) = (ledger(root.path()), root.path().join("hidden"));
    fs::rename(&real, &hidden).unwrap();
    std::os::unix::fs::symlink("/dev/full", &real).unwrap();
    assert!(matches!(profile.acknowledge(&other, shown()), Err(ProfileError::DiskFull(_))));
    assert!(profile.gate().contact(&other).is_err() && profile.gate().contact(&meet()).is_ok());
    fs::rename(&hidden, &real).unwrap();
    profile.acknowledge(&other, shown()).unwrap();
    drop(profile);
    let profile = open(root.path());
    assert!(profile.gate().contact(&other).is_ok() && profile.gate().contact(&meet()).is_ok());
}

#[test]
fn a_damaged_ledger_is_kept_aside_and_the_notice_is_shown_again() {
    let root = tempfile::tempdir().unwrap();
    open(root.path()).acknowledge(&meet(), shown()).unwrap();
    let mut bytes = fs::read(ledger(root.path())).unwrap();
    bytes[40] ^= 1;
    fs::write(ledger(root.path()), &bytes).unwrap();

    let seen = inspect(&Places::at(root.path())).unwrap().unwrap();
    assert!(matches!(seen.acknowledgements_verdict.damage, Some(Damage { line: 1, .. })));

    let mut profile = open(root.path());
    let trouble = profile.troubles()[0].clone();
    assert_eq!(trouble.kind, TroubleKind::Damaged);
    assert_eq!(fs::read(trouble.kept_as.unwrap()).unwrap(), bytes);
    assert!(profile.gate().contact(&meet()).is_err());
    profile.acknowledge(&meet(), shown()).unwrap();
    drop(profile);
    assert!(open(root.path()).troubles().is_empty());
}

#[test]
fn an_unfinished_last_line_is_taken_off_and_the_finished_ones_stay() {
    let root = tempfile::tempdir().unwrap();
    open(root.path()).acknowledge(&meet(), shown()).unwrap();
    let mut bytes = fs::read(ledger(root.path())).unwrap();
    bytes.extend_from_slice(b"{\"v\":1,\"seq\":2,");
    fs::write(ledger(root.path()), &bytes).unwrap();
    let profile = open(root.path());
    assert_eq!(profile.troubles()[0].kind, TroubleKind::Unfinished);
    assert!(profile.gate().contact(&meet()).is_ok());
    drop(profile);
    assert!(inspect(&Places::at(root.path())).unwrap().unwrap().acknowledgements_verdict.is_sound());
}

#[test]
fn a_broken_key_file_is_kept_aside_and_its_ledger_is_no_longer_believed() {
    let root = tempfile::tempdir().unwrap();
    open(root.path()).acknowledge(&meet(), shown()).unwrap();
    fs::write(root.path().join("data/ledger.key"), "rubbish").unwrap();
    let profile = open(root.path());
    let kinds: Vec<_> = profile.troubles().iter().map(|trouble| trouble.kind).collect();
    assert_eq!(kinds, [TroubleKind::Key, TroubleKind::Damaged]);
    assert!(profile.gate().contact(&meet()).is_err());
}

#[test]
fn looking_changes_nothing() {
    let root = tempfile::tempdir().unwrap();
    assert!(inspect(&Places::at(root.path())).unwrap().is_none());
    assert_eq!(fs::read_dir(root.path()).unwrap().count(), 0);
}

#[test]
fn damaged_settings_are_kept_aside_and_the_defaults_apply() {
    let root = tempfile::tempdir().unwrap();
    drop(open(root.path()));
    fs::write(root.path().join("config/settings.json"), "{").unwrap();
    let profile = open(root.path());
    assert_eq!(profile.settings(), &Settings::default());
    let trouble = &profile.troubles()[0];
    assert_eq!(trouble.kind, TroubleKind::Settings);
    assert_eq!(fs::read_to_string(trouble.kept_as.as_ref().unwrap()).unwrap(), "{");
}

#[test]
fn a_display_name_is_kept_only_with_its_consent_and_goes_with_it() {
    let root = tempfile::tempdir().unwrap();
    let mut profile = open(root.path());
    let named = Settings { display_name: Some("Ada".into()), ..Settings::default() };
    profile.set_settings(named.clone()).unwrap();
    assert_eq!(profile.settings().display_name, None);
    decide(&mut profile, Purpose::DisplayName, ConsentState::Given);
    profile.set_settings(named).unwrap();
    assert_eq!(profile.settings().display_name.as_deref(), Some("Ada"));
    decide(&mut profile, Purpose::DisplayName, ConsentState::Withdrawn);
    let file = fs::read_to_string(root.path().join("config/settings.json")).unwrap();
    assert!(!file.contains("Ada"));
}

#[test]
fn recent_rooms_are_kept_only_with_their_consent_and_go_with_it() {
    let root = tempfile::tempdir().unwrap();
    let mut profile = open(root.path());
    let list = root.path().join("data/recents.json");
    profile.remember_room("https://h.example/one").unwrap();
    assert!(!list.exists());
    decide(&mut profile, Purpose::RecentRooms, ConsentState::Given);
    profile.remember_room("https://h.example/two?jwt=secret").unwrap();
    assert_eq!(profile.recent_rooms()[0].link, "https://h.example/two");
    assert!(!fs::read_to_string(&list).unwrap().contains("secret"));
    decide(&mut profile, Purpose::RecentRooms, ConsentState::Withdrawn);
    assert!(!list.exists() && profile.recent_rooms().is_empty());
}

#[test]
fn without_a_session_bus_the_keyring_is_absent_and_nobody_waits_for_ever() {
    let start = std::time::Instant::now();
    let _ = runde_profile::keyring_answers();
    assert!(start.elapsed() < runde_profile::KEYRING_LIMIT + Duration::from_secs(1));
}

fn under(root: &Path, policy: &str) -> Opening {
    let file = root.join("policy.json");
    fs::write(&file, policy).unwrap();
    let opening = opening(root);
    Opening { places: opening.places.clone().under(file), ..opening }
}

#[test]
fn a_locked_setting_holds_and_what_the_user_chose_is_there_again_when_the_lock_goes() {
    let root = tempfile::tempdir().unwrap();
    let chosen = Settings { default_server: "mine.example".into(), ..Settings::default() };
    open(root.path()).set_settings(chosen).unwrap();
    let locked = r#"{"version":1,"locked":{"default_server":"ours.example"}}"#;
    let mut profile = Profile::open(under(root.path(), locked)).unwrap();
    assert_eq!(profile.settings().default_server, "ours.example");
    let other = Settings { default_server: "other.example".into(), ..profile.settings().clone() };
    assert!(matches!(profile.set_settings(other), Err(ProfileError::Locked(key)) if key == "default_server"));
    let quiet = Settings { listen: "127.0.0.1:9000".into(), ..profile.settings().clone() };
    profile.set_settings(quiet).unwrap();
    assert_eq!(profile.settings().default_server, "ours.example");
    drop(profile);
    let freed = open(root.path());
    assert_eq!(
        (freed.settings().default_server.as_str(), freed.settings().listen.as_str()),
        ("mine.example", "127.0.0.1:9000")
    );
}

#[test]
fn a_preset_is_where_a_new_profile_begins_and_no_more() {
    let root = tempfile::tempdir().unwrap();
    let preset = r#"{"version":1,"preset":{"default_server":"ours.example"}}"#;
    let mut profile = Profile::open(under(root.path(), preset)).unwrap();
    assert_eq!(profile.settings().default_server, "ours.example");
    let mine = Settings { default_server: "meet.jit.si".into(), ..profile.settings().clone() };
    profile.set_settings(mine).unwrap();
    drop(profile);
    assert_eq!(Profile::open(under(root.path(), preset)).unwrap().settings().default_server, "meet.jit.si");
}

#[test]
fn a_function_that_was_taken_away_forgets_what_it_kept_and_cannot_be_agreed_to() {
    let root = tempfile::tempdir().unwrap();
    let mut profile = open(root.path());
    decide(&mut profile, Purpose::RecentRooms, ConsentState::Given);
    profile.remember_room("https://h.example/one").unwrap();
    drop(profile);
    let off = r#"{"version":1,"off":["recent-rooms"]}"#;
    let mut profile = Profile::open(under(root.path(), off)).unwrap();
    assert!(!profile.agreed(Purpose::RecentRooms) && !root.path().join("data/recents.json").exists());
    let again = profile.decide(Purpose::RecentRooms, ConsentState::Given, Lang::De, Method::Button);
    assert!(matches!(again, Err(ProfileError::Locked(_))));
    decide(&mut profile, Purpose::RecentRooms, ConsentState::Withdrawn);
    assert_eq!(profile.consents().records().count(), 2);
}

#[test]
fn a_policy_never_notes_a_notice_and_nonsense_opens_nothing() {
    let root = tempfile::tempdir().unwrap();
    let profile =
        Profile::open(under(root.path(), r#"{"version":1,"locked":{"default_server":"meet.jit.si"}}"#)).unwrap();
    assert!(profile.gate().contact(&meet()).is_err() && profile.acknowledgements().records().next().is_none());
    drop(profile);
    let nonsense = Profile::open(under(root.path(), r#"{"version":1,"on":["recent-rooms"]}"#));
    let Err(ProfileError::Policy { path, why }) = nonsense else { panic!("it opened") };
    assert!(path.ends_with("policy.json") && why.to_string().contains("`on`"), "{why}");
}
