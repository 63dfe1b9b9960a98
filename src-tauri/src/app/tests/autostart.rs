//! Starting with the session: what is written for it, and what such a start does.

use super::*;

async fn settings(person: &mut Person) -> crate::view::Settings {
    person.app.publish();
    person.does(Request::GoHome).await.ok();
    let desk = person.app.desk.as_ref().unwrap();
    desk.settings_slice(Vec::new(), person.app.autostart_slice(desk))
}

fn entry(person: &Person) -> std::path::PathBuf {
    person.folder.path().join("autostart/org.runde.Runde.desktop")
}

#[tokio::test]
async fn nothing_starts_with_the_session_until_somebody_wants_it_and_no_more_when_they_do_not() {
    let mut person = Person::sits_down(None).await;
    person.arrives_home().await;
    assert!(!settings(&mut person).await.autostart.unwrap().on && !entry(&person).exists());
    person.does(Request::SetSetting(SettingChange::Autostart(true))).await.unwrap();
    let shown = settings(&mut person).await.autostart.unwrap();
    assert!(shown.on && shown.other.is_empty());
    assert!(std::fs::read_to_string(entry(&person)).unwrap().contains(&format!("Exec=\"{PROGRAM}\" --hidden\n")));
    person.does(Request::SetSetting(SettingChange::Autostart(false))).await.unwrap();
    assert!(!settings(&mut person).await.autostart.unwrap().on && !entry(&person).exists());
}

#[tokio::test]
async fn an_entry_of_another_version_is_named_and_taken_over_only_by_a_choice() {
    let mut person = Person::sits_down(None).await;
    person.arrives_home().await;
    person.does(Request::SetSetting(SettingChange::Autostart(true))).await.unwrap();
    let text = std::fs::read_to_string(entry(&person)).unwrap().replace(PROGRAM, "/usr/bin/runde");
    std::fs::write(entry(&person), &text).unwrap();
    let shown = settings(&mut person).await.autostart.unwrap();
    assert_eq!((shown.on, shown.other.as_str()), (true, "/usr/bin/runde"));
    assert_eq!(std::fs::read_to_string(entry(&person)).unwrap(), text);
    person.does(Request::SetSetting(SettingChange::Autostart(true))).await.unwrap();
    assert!(settings(&mut person).await.autostart.unwrap().other.is_empty());
}

#[tokio::test]
async fn the_entry_is_on_the_page_of_what_is_stored_and_goes_with_it() {
    let mut person = Person::sits_down(None).await;
    person.arrives_home().await;
    person.does(Request::SetSetting(SettingChange::Autostart(true))).await.unwrap();
    let stored = person.app.desk().unwrap().stored().unwrap();
    let file = stored.iter().find(|file| file.item.as_deref() == Some("autostart")).unwrap();
    assert!(file.reasons.is_some() && file.records[0].values.iter().all(|value| value.says.is_some()), "{file:?}");
    person.does(Request::Erase("autostart".into())).await.unwrap();
    assert!(!entry(&person).exists());
    person.does(Request::SetSetting(SettingChange::Autostart(true))).await.unwrap();
    person.does(Request::Erase("all".into())).await.unwrap();
    assert!(!entry(&person).exists());
}

#[tokio::test]
async fn a_start_with_the_session_shows_no_window_and_looks_at_nothing_until_a_person_comes() {
    let mut person = Person::sits_down(None).await;
    person.arrives_home().await;
    let Person { folder, app, .. } = person;
    drop(app);
    let desktop = Recording::default();
    let mut app = App::with_desk(desktop.clone(), Arc::new(Frames::default()), opener(folder.path()));
    app.receive(Message::StartedHidden).await;
    app.tick();
    app.quit_if_unseen().await;
    {
        let seen = desktop.0.lock().unwrap();
        assert!(seen.shown == 0 && seen.quits == 0 && seen.devices.is_none());
    }
    app.receive(Message::Tray(TrayAction::Open)).await;
    assert!(desktop.0.lock().unwrap().shown == 1 && desktop.0.lock().unwrap().devices.is_some());
    app.receive(Message::WindowClosed).await;
    assert_eq!(desktop.0.lock().unwrap().quits, 0, "back to the tray");
    app.receive(Message::Tray(TrayAction::Quit)).await;
    assert_eq!(desktop.0.lock().unwrap().quits, 1);
}

#[tokio::test]
async fn the_first_start_ever_may_be_one_with_the_session_and_asks_when_the_window_comes() {
    let folder = tempfile::tempdir().unwrap();
    let desktop = Recording::default();
    let mut app = App::with_desk(desktop.clone(), Arc::new(Frames::default()), opener(folder.path()));
    app.receive(Message::StartedHidden).await;
    app.receive(Message::Tray(TrayAction::Open)).await;
    assert!(matches!(app.place, Place::Asking(_)) && desktop.0.lock().unwrap().devices.is_none());
}

#[tokio::test]
async fn without_a_tray_a_closed_window_ends_the_program_however_it_was_started() {
    let folder = tempfile::tempdir().unwrap();
    let desktop = Recording::default();
    desktop.0.lock().unwrap().without_tray = true;
    let mut app = App::with_desk(desktop.clone(), Arc::new(Frames::default()), opener(folder.path()));
    app.receive(Message::StartedHidden).await;
    app.receive(Message::Opened(None)).await;
    app.receive(Message::WindowClosed).await;
    assert_eq!(desktop.0.lock().unwrap().quits, 1);
}

#[tokio::test]
async fn a_policy_takes_the_start_with_the_session_away_and_what_was_written_for_it() {
    let mut person = Person::sits_down(None).await;
    person.arrives_home().await;
    person.does(Request::SetSetting(SettingChange::Autostart(true))).await.unwrap();
    let (file, path) = (person.folder.path().join("policy.json"), entry(&person));
    std::fs::write(
        &file,
        r#"{"version":1,"organisation":"Verein","off":["autostart"],
            "notices":[{"hosts":["meet.example"],"de":"Bitte leise.","en":"Please be quiet."}]}"#,
    )
    .unwrap();
    let Person { folder, app, .. } = person;
    drop(app);
    let places = Places { autostart: Some(path.clone()), ..Places::at(folder.path()) }.under(file);
    let open: Opener = Box::new(move || Desk::at(places.clone()));
    let mut app = App::with_desk(Recording::default(), Arc::new(Frames::default()), open);
    assert!(!path.exists());
    let refused = app.answer(Request::SetSetting(SettingChange::Autostart(true))).await.unwrap_err();
    assert!(refused.code == ErrorCode::FixedByPolicy && !path.exists());
    // What the same policy says about a server stands before that server's notice, and is no part of it.
    app.answer(Request::OpenLink("https://meet.example/table".into())).await.unwrap();
    let Place::Asking(asking) = &app.place else { panic!("the notice") };
    let (with, without) = (asking.slice(app.desk.as_ref().ok()), asking.slice(None));
    let foreword = with.foreword.unwrap();
    assert_eq!((foreword.organisation.as_str(), foreword.de.as_str()), ("Verein", "Bitte leise."));
    assert_eq!(with.texts, without.texts);
}
