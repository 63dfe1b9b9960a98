//! The rights of a person over their own profile: see, take along, erase, object.

#![allow(clippy::unwrap_used)]

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use runde_privacy::{ConsentState, Lang, Method, Operator, Purpose, Target};
use runde_profile::{
    Archive, Build, EditError, FIELDS, ImportError, Item, LinkPlaces, Opening, Places, Processing, Profile, Reminder,
    Settings, Shown, Theme, holdings, inspect, is_explained, now,
};

/// Words that are planted everywhere a person's words can go.
const MARKER: &str = "zwetschgenkuchen";

fn open(root: &Path) -> Profile {
    let build = Build { app_version: "0.1.0".into(), ui_build_hash: "test".into() };
    Profile::open(Opening { places: Places::at(root), build, wait: Duration::ZERO }).unwrap()
}

fn host(name: &str) -> Target {
    Target::new(name, None).unwrap()
}

fn note(profile: &mut Profile, name: &str, lang: Lang) {
    let shown = Shown { lang, shown_at: now(), scrolled_to_end: true, method: Method::Button };
    profile.acknowledge(&host(name), shown).unwrap();
}

fn decide(profile: &mut Profile, purpose: Purpose, state: ConsentState) {
    profile.decide(purpose, state, Lang::De, Method::Button).unwrap();
}

fn settings() -> Settings {
    Settings {
        language: Some(Lang::En),
        theme: Theme::Dark,
        display_name: Some(format!("Ada {MARKER}")),
        microphone: Some(format!("mic-{MARKER}")),
        speaker: Some("spk".into()),
        camera: Some("cam".into()),
        processing: Processing { echo: false, noise: true, gain: false },
        relay_only: true,
        default_server: format!("{MARKER}.example"),
        listen: "127.0.0.1:9".into(),
    }
}

fn reminder() -> Reminder {
    Reminder {
        article: "15".into(),
        to: format!("{MARKER}.example"),
        written_on: "2026-11-25".into(),
        remind_on: "2026-12-25".into(),
    }
}

/// Everything a profile can be asked to keep.
fn tour(root: &Path) -> Profile {
    let mut profile = open(root);
    note(&mut profile, "meet.jit.si", Lang::De);
    note(&mut profile, &format!("{MARKER}.example"), Lang::DeSimple);
    decide(&mut profile, Purpose::CrashReport, ConsentState::Refused);
    decide(&mut profile, Purpose::RecentRooms, ConsentState::Given);
    decide(&mut profile, Purpose::DisplayName, ConsentState::Given);
    profile.set_settings(settings()).unwrap();
    profile.remember_room(&format!("https://h.example/{MARKER}")).unwrap();
    profile.remind(reminder()).unwrap();
    profile.object(&host("other.example"), Lang::En, Method::CliFlag).unwrap();
    profile.object(&host("again.example"), Lang::En, Method::CliFlag).unwrap();
    profile.lift(&host("again.example"), Lang::En, Method::CliFlag).unwrap();
    profile
}

/// Damages a ledger and the settings, so that copies are kept aside.
fn damage(root: &Path) {
    for file in ["data/acknowledgements.ledger", "config/settings.json"] {
        let mut bytes = fs::read(root.join(file)).unwrap();
        bytes[3] ^= 1;
        fs::write(root.join(file), bytes).unwrap();
    }
    drop(open(root));
}

/// A user's own profile, with what a desktop has beside it and what the app had written there.
fn with_a_desktop(root: &Path) -> (Places, LinkPlaces) {
    let links = LinkPlaces::at(&root.join("share"), &root.join("settings"));
    fs::create_dir_all(root.join("share/applications")).unwrap();
    fs::create_dir_all(root.join("settings")).unwrap();
    let entry = "[Desktop Entry]\nType=Application\nName=Runde\nExec=/usr/bin/runde %u\nTerminal=false\nMimeType=x-scheme-handler/runde;x-scheme-handler/jitsi-meet;\nNoDisplay=true\n";
    fs::write(&links.entry, entry).unwrap();
    fs::write(&links.cache, "[MIME Cache]\nx-scheme-handler/jitsi-meet=runde-handler.desktop;\n").unwrap();
    let list = "[Default Applications]\ntext/html=web.desktop\nx-scheme-handler/jitsi-meet=runde-handler.desktop;other.desktop;\n";
    fs::write(&links.choices, list).unwrap();
    let autostart = Some(root.join("autostart/org.runde.Runde.desktop"));
    (Places { autostart, links: Some(links.clone()), ..Places::at(root) }, links)
}

fn open_at(places: &Places) -> Profile {
    let build = Build { app_version: "0.1.0".into(), ui_build_hash: "test".into() };
    Profile::open(Opening { places: places.clone(), build, wait: Duration::ZERO }).unwrap()
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let Ok(entries) = fs::read_dir(folder) else { return Vec::new() };
    let paths = entries.map(|entry| entry.unwrap().path());
    paths.flat_map(|path| if path.is_dir() { files(&path) } else { vec![path] }).collect()
}

fn holding_marker(root: &Path) -> Vec<PathBuf> {
    let holds = |path: &PathBuf| String::from_utf8_lossy(&fs::read(path).unwrap()).contains(MARKER);
    files(root).into_iter().filter(holds).collect()
}

#[test]
fn after_a_tour_of_everything_each_file_and_field_is_explained() {
    let root = tempfile::tempdir().unwrap();
    drop(tour(root.path()));
    damage(root.path());
    drop(tour(root.path()));
    let held = holdings(&Places::at(root.path())).unwrap();
    for file in &held {
        let unknown: Vec<_> =
            file.values.iter().filter(|value| value.field.is_none()).map(|value| &value.path).collect();
        assert!(file.entry.is_some() && unknown.is_empty(), "{}: {unknown:?}", file.path.display());
    }
    assert!(is_explained(&held));
    let mut shown: Vec<PathBuf> = held.iter().map(|file| file.path.clone()).collect();
    let mut there = files(root.path());
    shown.sort();
    there.sort();
    assert_eq!(shown, there, "every file is on the page");
    let values = |name: &str| held.iter().find(|file| file.path.ends_with(name)).unwrap().values.len();
    assert!(values("acknowledgements.ledger") > 80 && values("consents.ledger") > 60 && values("settings.json") == 12);
}

#[test]
fn the_page_shows_the_values_but_never_the_key() {
    let root = tempfile::tempdir().unwrap();
    drop(tour(root.path()));
    let key = fs::read_to_string(root.path().join("data/ledger.key")).unwrap();
    let secret = key.split("\"chain_key\":\"").nth(1).unwrap().split('"').next().unwrap().to_owned();
    let held = holdings(&Places::at(root.path())).unwrap();
    let values: Vec<_> = held.iter().flat_map(|file| &file.values).map(|value| value.value.clone()).collect();
    assert!(values.iter().any(|value| value == &format!("Ada {MARKER}")));
    assert!(secret.len() == 64 && !values.iter().any(|value| value.contains(&secret)));
}

#[test]
fn a_file_or_field_that_nobody_wrote_down_is_found() {
    let root = tempfile::tempdir().unwrap();
    drop(tour(root.path()));
    let settings = root.path().join("config/settings.json");
    let text = fs::read_to_string(&settings).unwrap();
    for (path, content) in [
        (root.path().join("data/stray.txt"), "x".to_owned()),
        (root.path().join("data/inner/stray.txt"), "x".to_owned()),
        (settings.clone(), text.replacen('{', "{\"shoe_size\": 43,", 1)),
    ] {
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        let before = fs::read(&path).ok();
        fs::write(&path, content).unwrap();
        assert!(!is_explained(&holdings(&Places::at(root.path())).unwrap()), "{}", path.display());
        before.map_or_else(|| fs::remove_file(&path).unwrap(), |bytes| fs::write(&path, bytes).unwrap());
    }
    assert!(is_explained(&holdings(&Places::at(root.path())).unwrap()));
}

#[test]
fn a_reminder_is_kept_once_until_it_is_ticked_off_or_erased() {
    let root = tempfile::tempdir().unwrap();
    let mut profile = open(root.path());
    let later = Reminder { remind_on: "2027-01-01".into(), ..reminder() };
    for each in [later.clone(), reminder(), reminder()] {
        profile.remind(each).unwrap();
    }
    assert_eq!(profile.reminders(), [reminder(), later.clone()], "the one that is due first comes first");
    profile.forget_reminders(Some(&reminder())).unwrap();
    assert_eq!(profile.reminders(), [later]);
    assert_eq!(profile.erase(Item::Reminders).unwrap().count, 1);
    assert!(profile.reminders().is_empty() && holding_marker(root.path()).is_empty());
}

#[test]
fn a_ledger_that_is_changed_while_the_profile_is_open_is_judged_by_what_is_on_the_disk() {
    let root = tempfile::tempdir().unwrap();
    let profile = tour(root.path());
    assert!(profile.verify().unwrap().iter().all(runde_privacy::Verdict::is_sound));
    let path = root.path().join("data/acknowledgements.ledger");
    let text = fs::read_to_string(&path).unwrap();
    fs::write(&path, text.replacen("meet.jit.si", "meet.jit.sy", 1)).unwrap();
    let [noted, agreed] = profile.verify().unwrap();
    assert_eq!(noted.damage.unwrap().line, 1);
    assert!(agreed.is_sound());
}

#[test]
fn a_profile_taken_along_is_the_same_profile_elsewhere() {
    let (here, there) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let taken = tour(here.path()).archive();
    let read = Archive::read(taken.to_json().as_bytes()).unwrap();
    open(there.path()).import(read).unwrap();
    let arrived = open(there.path());
    assert!(arrived.troubles().is_empty());
    let again = arrived.archive();
    assert_eq!(Archive { json_ld: taken.json_ld.clone(), ..again }, taken);
    assert_eq!(arrived.settings(), &settings());
    assert!(arrived.gate().contact(&host("meet.jit.si")).is_ok());
    assert!(arrived.gate().objection(&host("other.example")).is_some());
    assert!(arrived.gate().objection(&host("again.example")).is_none());
    assert!(arrived.agreed(Purpose::RecentRooms) && !arrived.agreed(Purpose::CrashReport));
    assert_eq!(arrived.recent_rooms().len(), 1);
    assert!(inspect(&Places::at(there.path())).unwrap().unwrap().acknowledgements_verdict.is_sound());
}

#[test]
fn an_archive_that_is_none_or_comes_too_late_changes_nothing() {
    let root = tempfile::tempdir().unwrap();
    let mut profile = tour(root.path());
    let archive = profile.archive();
    let json = archive.to_json();
    assert!(matches!(profile.import(archive), Err(ImportError::NotEmpty)));
    assert!(matches!(Archive::read(b"{"), Err(ImportError::Unreadable(_))));
    assert!(matches!(Archive::read(b"{}"), Err(ImportError::Schema(_))));
    let newer = json.replace("runde-profile-1", "runde-profile-2");
    assert!(matches!(Archive::read(newer.as_bytes()), Err(ImportError::Schema(_))));
    let odd = json.replacen("\"consents\"", "\"extra\": 1, \"consents\"", 1);
    assert!(matches!(Archive::read(odd.as_bytes()), Err(ImportError::Unreadable(_))));
}

#[test]
fn an_archive_cannot_bring_what_the_consents_in_it_do_not_cover() {
    let (here, there) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let mut archive = tour(here.path()).archive();
    archive.consents.clear();
    open(there.path()).import(archive).unwrap();
    let arrived = open(there.path());
    assert!(arrived.settings().display_name.is_none() && arrived.recent_rooms().is_empty());
}

#[test]
fn an_erased_line_is_gone_and_the_chain_still_stands() {
    let root = tempfile::tempdir().unwrap();
    let mut profile = tour(root.path());
    let erased = profile.erase(Item::Acknowledgements(Some(2))).unwrap();
    assert_eq!((erased.count, erased.kept), (1, Vec::new()));
    assert!(profile.gate().contact(&host(&format!("{MARKER}.example"))).is_err());
    drop(profile);
    let text = fs::read_to_string(root.path().join("data/acknowledgements.ledger")).unwrap();
    assert!(!text.contains(MARKER));
    let seen = inspect(&Places::at(root.path())).unwrap().unwrap();
    assert!(seen.acknowledgements_verdict.is_sound());
    assert_eq!((seen.acknowledgements_verdict.erased, seen.acknowledgements_verdict.lines), (1, 5));
}

#[test]
fn erasing_a_withdrawal_does_not_bring_the_consent_back() {
    let root = tempfile::tempdir().unwrap();
    let mut profile = open(root.path());
    decide(&mut profile, Purpose::RecentRooms, ConsentState::Given);
    decide(&mut profile, Purpose::DisplayName, ConsentState::Given);
    decide(&mut profile, Purpose::RecentRooms, ConsentState::Withdrawn);
    assert_eq!(profile.erase(Item::Consents(Some(3))).unwrap().count, 2);
    assert!(!profile.agreed(Purpose::RecentRooms) && profile.agreed(Purpose::DisplayName));
}

#[test]
fn erasing_a_consent_also_removes_what_was_kept_with_it() {
    let root = tempfile::tempdir().unwrap();
    let mut profile = tour(root.path());
    assert_eq!(profile.erase(Item::Consents(None)).unwrap().count, 3);
    assert!(profile.settings().display_name.is_none() && profile.recent_rooms().is_empty());
    assert!(!root.path().join("data/recents.json").exists());
}

#[test]
fn an_objection_in_force_is_not_erased_until_it_is_lifted() {
    let root = tempfile::tempdir().unwrap();
    let mut profile = tour(root.path());
    let erased = profile.erase(Item::Acknowledgements(None)).unwrap();
    assert_eq!((erased.count, erased.kept), (4, vec!["other.example".to_owned()]));
    assert!(profile.gate().objection(&host("other.example")).is_some());
    profile.lift(&host("other.example"), Lang::De, Method::CliFlag).unwrap();
    assert_eq!(profile.erase(Item::Acknowledgements(None)).unwrap().kept, Vec::<String>::new());
    assert!(profile.gate().contact(&host("meet.jit.si")).is_err());
}

#[test]
fn item_by_item_every_planted_word_can_be_erased() {
    let root = tempfile::tempdir().unwrap();
    drop(tour(root.path()));
    damage(root.path());
    let mut profile = tour(root.path());
    assert!(holding_marker(root.path()).len() >= 4, "ledger, its copy, settings, rooms");
    profile.erase(Item::DisplayName).unwrap();
    assert!(!fs::read_to_string(root.path().join("config/settings.json")).unwrap().contains("Ada"));
    let (noted, agreed) = (Item::Acknowledgements(None), Item::Consents(None));
    for item in [Item::RecentRooms, Item::Reminders, Item::Settings, noted, agreed, Item::Damaged] {
        profile.erase(item).unwrap();
    }
    assert_eq!(holding_marker(root.path()), Vec::<PathBuf>::new());
    drop(profile);
    assert!(open(root.path()).troubles().is_empty());
}

#[test]
fn erasing_everything_leaves_no_file_of_ours_and_names_what_is_not() {
    let root = tempfile::tempdir().unwrap();
    drop(tour(root.path()));
    damage(root.path());
    let stray = root.path().join("data/mine.txt");
    fs::write(&stray, "mine").unwrap();
    let left = tour(root.path()).erase_all().unwrap();
    assert_eq!(left, [stray.display().to_string()]);
    assert_eq!(files(root.path()), std::slice::from_ref(&stray));
    fs::remove_file(stray).unwrap();
    assert_eq!(open(root.path()).erase_all().unwrap(), Vec::<String>::new());
    assert_eq!(fs::read_dir(root.path()).unwrap().count(), 0);
}

#[test]
fn erasing_everything_takes_the_access_log_along_but_not_lines_held_as_evidence() {
    let root = tempfile::tempdir().unwrap();
    let log = root.path().join("data/access-log");
    fs::create_dir_all(log.join("holds")).unwrap();
    let line = "2026-11-23T09:00:07Z 184320 \"Chromium 130\" \"Linux\" 192.0.2.7\n";
    fs::write(log.join("access-2026-11-23-56d.log"), line).unwrap();
    fs::write(log.join("holds/flood.hold"), format!("{{\"v\":1,\"incident\":\"flood\"}}\n{line}")).unwrap();
    fs::write(log.join("holds/register.json"), "{\"v\":1,\"holds\":[]}").unwrap();
    let held = holdings(&Places::at(root.path())).unwrap();
    assert!(is_explained(&held), "{held:?}");
    assert!(held.iter().flat_map(|file| &file.values).any(|value| value.value == "192.0.2.7"));
    let left = open(root.path()).erase_all().unwrap();
    assert_eq!(left.len(), 2, "{left:?}");
    fs::remove_file(log.join("holds/flood.hold")).unwrap();
    assert_eq!(open(root.path()).erase_all().unwrap(), Vec::<String>::new());
    assert_eq!(fs::read_dir(root.path()).unwrap().count(), 0);
}

#[test]
fn a_line_that_is_none_of_an_access_log_is_shown_as_unexplained() {
    let root = tempfile::tempdir().unwrap();
    let log = root.path().join("data/access-log");
    fs::create_dir_all(&log).unwrap();
    fs::write(log.join("access-2026-11-23-56d.log"), "somebody else's words\n").unwrap();
    assert!(!is_explained(&holdings(&Places::at(root.path())).unwrap()));
}

#[test]
fn an_objection_survives_a_restart() {
    let root = tempfile::tempdir().unwrap();
    drop(tour(root.path()));
    assert!(open(root.path()).gate().contact(&host("other.example")).unwrap_err().objected.is_some());
}

#[test]
fn every_stored_field_can_be_corrected_and_nonsense_leaves_it_as_it_was() {
    let root = tempfile::tempdir().unwrap();
    let mut profile = open(root.path());
    assert!(matches!(profile.edit("display-name", "Ada"), Err(EditError::NotAgreed)));
    assert!(matches!(profile.edit("operator.name", "Ada"), Err(EditError::NoOperator)));
    decide(&mut profile, Purpose::DisplayName, ConsentState::Given);
    let school = Operator::read(br#"{"name": "A", "address": ["b"]}"#).unwrap();
    profile.set_operator(Some(school)).unwrap();
    let sound = |field: &str| match field {
        "language" => "en",
        "theme" => "dark",
        "default-server" => "meet.example",
        "listen" => "127.0.0.1:9000",
        "echo" | "noise" | "gain" => "off",
        "operator.address" => "Weg 1; 12345 Ort",
        "operator.basis" => "public-task",
        "operator.retention-days" => "14",
        "operator.authority" => "nw",
        _ => "Ada",
    };
    for field in FIELDS {
        profile.edit(field, sound(field)).unwrap();
    }
    let wrong = [
        ("theme", "pink"),
        ("listen", "8443"),
        ("echo", "maybe"),
        ("operator.retention-days", "57"),
        ("operator.name", ""),
    ];
    for (field, value) in wrong {
        assert!(profile.edit(field, value).is_err(), "{field}");
    }
    assert!(matches!(profile.edit("payload.host", "x"), Err(EditError::Unknown(_))));
    drop(profile);
    let profile = open(root.path());
    let (settings, operator) = (profile.settings(), profile.operator().unwrap());
    assert_eq!((settings.display_name.as_deref(), settings.default_server.as_str()), (Some("Ada"), "meet.example"));
    assert_eq!((operator.address.len(), operator.retention_days, operator.name.as_str()), (2, Some(14), "Ada"));
    assert!(operator.version > 1 && operator.valid_from.is_some(), "its notice is a new version");
}

#[test]
fn what_lies_beside_the_profile_is_shown_byte_for_byte_and_taken_back_without_anything_of_others() {
    let root = tempfile::tempdir().unwrap();
    let (places, links) = with_a_desktop(root.path());
    open_at(&places).set_autostart(Some(Path::new("/usr/bin/runde"))).unwrap();
    let held = holdings(&places).unwrap();
    assert!(is_explained(&held), "{held:?}");
    let shown: Vec<PathBuf> = held.iter().map(|file| file.path.clone()).collect();
    assert!(files(root.path()).iter().all(|path| shown.contains(path)), "{shown:?}");
    let list = held.iter().find(|file| file.path == links.choices).unwrap();
    assert_eq!(list.values.len(), 1, "the lines of others are nobody's business: {list:?}");
    assert_eq!(list.bytes, "x-scheme-handler/jitsi-meet=runde-handler.desktop;other.desktop;\n".len() as u64);
    let text = fs::read_to_string(&links.choices).unwrap();
    fs::write(&links.choices, text.replace("text/html=web", "text/html=runde-handler")).unwrap();
    assert!(!is_explained(&holdings(&places).unwrap()), "a kind of link that nobody wrote down");
    fs::write(&links.choices, text).unwrap();

    let mut profile = open_at(&places);
    assert_eq!((profile.erase(Item::Links).unwrap().count, profile.erase(Item::Links).unwrap().count), (3, 0));
    assert!(!links.entry.exists() && !links.cache.exists());
    with_a_desktop(root.path());
    assert_eq!(profile.erase_all().unwrap(), Vec::<String>::new());
    let rest = "[Default Applications]\ntext/html=web.desktop\nx-scheme-handler/jitsi-meet=other.desktop;\n";
    assert_eq!(files(root.path()), std::slice::from_ref(&links.choices));
    assert_eq!(fs::read_to_string(&links.choices).unwrap(), rest);
}
