//! The pages of the privacy desk: what they show, what they write where, and that erasing and objecting take effect.

use super::*;
use crate::view::{ContactLedger, ContactPurpose, PrivacyDesk};
use std::fs;
use std::path::{Path, PathBuf};

/// A word that is planted wherever a person's words can go.
const MARKER: &str = "zwetschgenkuchen";

impl Person {
    async fn opens_desk(&mut self) -> PrivacyDesk {
        self.does(Request::OpenDesk(DeskPage::Ledger)).await.unwrap();
        self.desk_slice()
    }

    /// As it is drawn now.
    fn desk_slice(&mut self) -> PrivacyDesk {
        self.app.counter.something_happened();
        let desk = self.app.desk.as_ref().ok().unwrap();
        self.app.counter.slice(desk).expect("somebody looks")
    }

    async fn grants_everything(&mut self) {
        self.notes().await;
        let all = runde_privacy::Purpose::OFFERED.map(|purpose| (purpose.id().to_owned(), true));
        let answers = all.into_iter().collect();
        self.does(Request::DecideConsents { answers, lang: Lang::De }).await.unwrap();
    }

    /// Presses a button that asks for a file, and answers the dialog.
    pub(super) async fn names(&mut self, file: Option<&Path>, request: Request<Wire>) {
        self.desktop.0.lock().unwrap().file = file.map(Path::to_owned);
        self.does(request).await.unwrap();
        if let Some((errand, path)) = counter::chosen(&mut self.app.counter).await {
            self.app.file_chosen(errand, &path);
        }
    }
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).into_iter().flatten();
    let paths = entries.map(|entry| entry.unwrap().path());
    paths.flat_map(|path| if path.is_dir() { files(&path) } else { vec![path] }).collect()
}

fn holding(folder: &Path, marker: &str) -> Vec<PathBuf> {
    let holds = |path: &PathBuf| String::from_utf8_lossy(&fs::read(path).unwrap()).contains(marker);
    files(folder).into_iter().filter(holds).collect()
}

#[tokio::test]
async fn nobody_reads_the_profile_for_a_page_that_is_closed() {
    let mut person = Person::sits_down(None).await;
    person.arrives_home().await;
    person.opens_desk().await;
    person.does(Request::CloseDesk).await.unwrap();
    let desk = person.app.desk.as_ref().ok().unwrap();
    assert!(person.app.counter.slice(desk).is_none());
}

#[tokio::test]
async fn the_ledger_page_has_every_entry_and_sees_what_was_changed_on_the_disk() {
    let mut person = Person::sits_down(None).await;
    person.arrives_home().await;
    let desk = person.opens_desk().await;
    let asked = runde_privacy::Purpose::OFFERED.len();
    assert_eq!((desk.acknowledgements.lines, desk.consents.lines), (1, u32::try_from(asked).unwrap()));
    let noted = desk.entries.iter().find(|entry| entry.kind == EntryKind::Noted).unwrap();
    assert_eq!((noted.subject.as_str(), noted.lang.as_str(), noted.sha256.len()), ("meet.jit.si", "de", 64));
    assert!(noted.by_button && noted.readable && desk.consents.broken_at.is_none());

    let path = person.folder.path().join("data/consents.ledger");
    let text = fs::read_to_string(&path).unwrap();
    fs::write(&path, text.replacen("\"seq\":2", "\"seq\":3", 1)).unwrap();
    assert_eq!(person.desk_slice().consents.broken_at, Some(2));
}

#[tokio::test]
async fn an_export_is_written_where_the_dialog_said_and_nowhere_without_an_answer() {
    let mut person = Person::sits_down(None).await;
    person.arrives_home().await;
    person.opens_desk().await;
    let elsewhere = tempfile::tempdir().unwrap();
    person.names(None, Request::SaveDocument(Document::LedgerJson)).await;
    assert!(person.desk_slice().saved.is_none() && files(elsewhere.path()).is_empty());
    for document in [Document::LedgerJson, Document::LedgerJsonLd, Document::LedgerKantara, Document::Profile] {
        let path = elsewhere.path().join(format!("{document:?}.json"));
        person.names(Some(&path), Request::SaveDocument(document)).await;
        let value: serde_json::Value = serde_json::from_slice(&fs::read(&path).unwrap()).unwrap();
        assert!(!value.is_null());
        assert_eq!(person.desk_slice().saved.unwrap().path, path.display().to_string());
    }
    let nowhere = elsewhere.path().join("missing/file.json");
    person.names(Some(&nowhere), Request::SaveDocument(Document::LedgerJson)).await;
    assert_eq!(person.toasts(), [ErrorCode::FileUnwritable]);
}

#[tokio::test]
async fn everything_stored_is_explained_and_erased_one_by_one() {
    let mut person = Person::sits_down(None).await;
    person.grants_everything().await;
    person.does(Request::SetSetting(SettingChange::Name(MARKER.into()))).await.unwrap();
    person.app.desk().unwrap().remember_room(&format!("https://meet.jit.si/{MARKER}")).unwrap();
    let desk = person.opens_desk().await;
    assert!(desk.stored.iter().all(|file| file.reasons.is_some()));
    let values = desk.stored.iter().flat_map(|file| &file.records).flat_map(|record| &record.values);
    assert!(values.clone().all(|value| value.says.is_some()));
    let secrets = values.filter(|value| value.value.is_none()).count();
    assert_eq!(secrets, 1, "the key is there and not shown");
    assert_eq!(holding(person.folder.path(), MARKER).len(), 2);
    for item in ["display-name", "recent-rooms"] {
        person.does(Request::Erase(item.into())).await.unwrap();
    }
    assert!(holding(person.folder.path(), MARKER).is_empty());
    let record = |desk: &PrivacyDesk| {
        let file = desk.stored.iter().find(|file| file.name == "consents.ledger").unwrap();
        file.records[0].item.clone()
    };
    assert_eq!(record(&person.desk_slice()), Some("consents/1".into()));
    person.does(Request::Erase("consents/1".into())).await.unwrap();
    let desk = person.desk_slice();
    assert_eq!((record(&desk), desk.consents.erased, desk.consents.broken_at), (None, 1, None));
}

#[tokio::test]
async fn erasing_everything_begins_anew_with_the_first_notice() {
    let mut person = Person::sits_down(None).await;
    person.grants_everything().await;
    person.does(Request::SetSetting(SettingChange::Name(MARKER.into()))).await.unwrap();
    person.opens_desk().await;
    person.does(Request::Erase("all".into())).await.unwrap();
    assert!(holding(person.folder.path(), MARKER).is_empty());
    assert_eq!(person.notice().reason, NoticeReason::FirstContact);
    assert!(!person.app.desk().unwrap().purposes().iter().any(|purpose| purpose.granted));
}

#[tokio::test]
async fn nothing_is_erased_under_a_room_that_is_open() {
    let mut person = Person::sits_down(None).await;
    person.arrives_home().await;
    person.hosts().await;
    let refused = person.does(Request::Erase("all".into())).await.unwrap_err();
    assert_eq!(refused.code, ErrorCode::LeaveFirst);
    assert!(person.app.desk.is_ok());
}

#[tokio::test]
async fn an_erased_acknowledgement_is_asked_for_again_and_an_objection_stays() {
    let mut person = Person::sits_down(None).await;
    person.arrives_home().await;
    person.does(Request::Object { host: "other.example".into(), objects: true, lang: Lang::De }).await.unwrap();
    person.does(Request::Erase("acknowledgements".into())).await.unwrap();
    assert_eq!(person.toasts(), [ErrorCode::ObjectionKept]);
    assert_eq!(person.notice().host, "meet.jit.si");
}

#[tokio::test]
async fn an_objection_closes_the_door_at_once_and_lifting_it_opens_the_way_again() {
    let mut person = Person::sits_down(None).await;
    person.arrives_home().await;
    let link = || Request::OpenLink("https://meet.jit.si/table".into());
    person.does(link()).await.unwrap();
    assert!(matches!(person.page(), Page::Prejoin(_)));
    let object = |objects| Request::Object { host: "meet.jit.si".into(), objects, lang: Lang::De };
    person.does(object(true)).await.unwrap();
    assert!(matches!(person.page(), Page::Home(_)));
    assert_eq!(person.does(link()).await.unwrap_err().code, ErrorCode::Objected);
    let desk = person.opens_desk().await;
    assert!(desk.operators.iter().any(|service| service.host == "meet.jit.si" && service.objected.is_some()));
    person.does(object(true)).await.unwrap();
    assert_eq!(person.desk_slice().acknowledgements.lines, 2, "objecting twice is once");
    person.does(object(false)).await.unwrap();
    person.does(link()).await.unwrap();
    assert!(matches!(person.page(), Page::Prejoin(_)));
}

#[tokio::test]
async fn a_profile_taken_along_and_read_back_is_the_same_profile() {
    let mut person = Person::sits_down(None).await;
    person.grants_everything().await;
    person.does(Request::SetSetting(SettingChange::Name(MARKER.into()))).await.unwrap();
    let elsewhere = tempfile::tempdir().unwrap();
    let file = elsewhere.path().join("profile.json");
    person.names(Some(&file), Request::SaveDocument(Document::Profile)).await;

    let mut other = Person::sits_down(None).await;
    other.arrives_home().await;
    other.names(Some(&file), Request::ImportProfile).await;
    other.app.publish();
    assert!(other.toasts().is_empty());
    assert!(matches!(other.page(), Page::Home(_)), "what was noted there counts here");
    assert_eq!(other.app.desk().unwrap().preferences().display_name.as_deref(), Some(MARKER));
    assert!(other.app.desk().unwrap().purposes().iter().all(|purpose| purpose.granted));
}

#[tokio::test]
async fn a_file_that_is_no_profile_changes_nothing() {
    let mut person = Person::sits_down(None).await;
    person.grants_everything().await;
    let elsewhere = tempfile::tempdir().unwrap();
    let file = elsewhere.path().join("other.json");
    fs::write(&file, "{\"schema\":\"something else\"}").unwrap();
    person.names(Some(&file), Request::ImportProfile).await;
    person.names(Some(&elsewhere.path().join("missing.json")), Request::ImportProfile).await;
    assert_eq!(person.toasts(), [ErrorCode::NoExportedProfile, ErrorCode::FileUnreadable]);
    assert!(person.app.desk().unwrap().purposes().iter().all(|purpose| purpose.granted));
}

#[tokio::test]
async fn a_letter_is_written_as_pdf_and_text_and_reminded_of_without_keeping_its_words() {
    let mut person = Person::sits_down(None).await;
    person.arrives_home().await;
    person.opens_desk().await;
    let wish = LetterRequest {
        article: "15".into(),
        host: "meet.jit.si".into(),
        lang: Lang::De,
        sender: format!("Ada {MARKER}\nWeg 1\n12345 Ort"),
        address: String::new(),
        authority: None,
        details: String::new(),
    };
    person.does(Request::ComposeLetter(wish)).await.unwrap();
    let letter = person.desk_slice().letter.unwrap();
    assert!(letter.text.contains("675 Creekside Way") && !letter.reminded);
    let elsewhere = tempfile::tempdir().unwrap();
    for (document, begins) in [(Document::LetterPdf, "%PDF-"), (Document::LetterText, "Ada ")] {
        let path = elsewhere.path().join(begins.trim_matches('%'));
        person.names(Some(&path), Request::SaveDocument(document)).await;
        assert!(fs::read(&path).unwrap().starts_with(begins.as_bytes()), "{document:?}");
    }
    person.does(Request::RemindOfLetter).await.unwrap();
    assert!(person.desk_slice().letter.unwrap().reminded);
    let reminders = person.app.desk().unwrap().reminders();
    assert!(reminders.len() == 1 && !reminders[0].due && reminders[0].to == "meet.jit.si");
    assert!(holding(person.folder.path(), MARKER).is_empty());
    person.does(Request::ForgetReminder(reminders[0].clone())).await.unwrap();
    assert!(person.app.desk().unwrap().reminders().is_empty());
    person.does(Request::CloseDesk).await.unwrap();
    assert!(person.does(Request::SaveDocument(Document::LetterPdf)).await.is_err(), "it is forgotten with the page");
}

#[tokio::test]
async fn a_reminder_is_due_from_its_day_on() {
    let mut person = Person::sits_down(None).await;
    person.arrives_home().await;
    let on = |day: &str| runde_profile::Reminder {
        article: "15".into(),
        to: "meet.jit.si".into(),
        written_on: "2020-01-01".into(),
        remind_on: day.into(),
    };
    let desk = person.app.desk().unwrap();
    desk.remind(on("2020-02-01")).unwrap();
    desk.remind(on("9999-02-01")).unwrap();
    let due: Vec<bool> = desk.reminders().into_iter().map(|reminder| reminder.due).collect();
    assert_eq!(due, [true, false]);
}

#[tokio::test]
async fn the_tray_leads_to_the_voluntary_functions_and_the_next_click_withdraws_one() {
    let mut person = Person::sits_down(None).await;
    person.grants_everything().await;
    person.app.desk().unwrap().remember_room(&format!("https://meet.jit.si/{MARKER}")).unwrap();
    person.app.receive(Message::Tray(TrayAction::Privacy)).await;
    assert_eq!(person.desk_slice().opened_at, DeskPage::Voluntary);
    let id = runde_privacy::Purpose::RecentRooms.id().to_owned();
    person.does(Request::SetConsent { purpose: id, granted: false, lang: Lang::De }).await.unwrap();
    assert!(holding(person.folder.path(), MARKER).is_empty(), "gone before the answer came");
}

#[tokio::test]
async fn two_talk_directly_only_where_that_was_agreed_to_and_never_beside_a_relay_alone() {
    let mut person = Person::sits_down(None).await;
    assert!(!person.app.desk().unwrap().wants_direct(), "off until somebody switches it on");
    person.grants_everything().await;
    assert!(person.app.desk().unwrap().wants_direct());
    for (on, direct) in [(true, false), (false, true)] {
        person.does(Request::SetSetting(SettingChange::RelayOnly(on))).await.unwrap();
        assert_eq!(person.app.desk().unwrap().wants_direct(), direct);
    }
    let id = runde_privacy::Purpose::PeerToPeer.id().to_owned();
    person.does(Request::SetConsent { purpose: id, granted: false, lang: Lang::De }).await.unwrap();
    assert!(!person.app.desk().unwrap().wants_direct());
}

fn days_later(days: i64) -> runde_privacy::stamp::Moment {
    runde_privacy::stamp::Moment::from_unix(runde_profile::now().unix() + days * 24 * 60 * 60)
}

#[tokio::test]
async fn what_was_refused_is_not_asked_again_for_ninety_days_and_what_was_granted_not_at_all() {
    let mut person = Person::sits_down(None).await;
    person.notes().await;
    let answers = [("recent-rooms".to_owned(), true)].into();
    person.does(Request::DecideConsents { answers, lang: Lang::De }).await.unwrap();
    person.app.clock = || days_later(89);
    person.does(Request::OpenLink("https://one.example/table".into())).await.unwrap();
    person.notes().await;
    assert!(matches!(person.page(), Page::Prejoin(_)), "nobody is asked");
    person.app.clock = || days_later(91);
    person.does(Request::OpenLink("https://two.example/table".into())).await.unwrap();
    person.notes().await;
    let Page::Consents { purposes } = person.page() else { panic!("the voluntary page") };
    assert_eq!(
        purposes.iter().map(|purpose| purpose.id.as_str()).collect::<Vec<_>>(),
        ["display-name", "peer-to-peer"]
    );
    person.continues().await;
    let granted = person.app.desk().unwrap().purposes();
    assert!(granted.iter().any(|purpose| purpose.id == "recent-rooms" && purpose.granted), "what was not asked stays");
}

/// What the window was told last about contacts; nothing where it was not told.
fn last_contacts(person: &mut Person) -> Option<Option<Box<ContactLedger>>> {
    person.app.publish();
    let told = |slice| if let Slice::Contacts(ledger) = slice { Some(ledger) } else { None };
    person.slices.try_iter().filter_map(told).last()
}

#[tokio::test]
async fn contacts_move_while_somebody_looks_and_are_saved_where_the_dialog_said() {
    let mut person = Person::sits_down(None).await;
    person.arrives_home().await;
    person.hosts().await;
    assert!(person.app.contacts.seen().contacts.is_empty(), "to stand at the door is no contact");
    person.does(Request::Join { name: "Ada".into(), microphone: false, camera: false }).await.unwrap();
    let entering = async {
        while !person.app.place.is_meeting() {
            let news = seat::next_event(&mut person.app.seat).await;
            person.app.heard(news);
        }
    };
    tokio::time::timeout(Duration::from_secs(60), entering).await.unwrap();
    assert!((0..20).all(|_| !person.app.counter.tick()), "nobody looks");
    assert!(matches!(last_contacts(&mut person), None | Some(None)));
    person.opens_desk().await;
    assert_eq!((0..20).filter(|_| person.app.counter.tick()).count(), 2, "once a second");
    let ledger = last_contacts(&mut person).flatten().unwrap();
    let [entry] = &ledger.contacts[..] else { panic!("one contact: {ledger:?}") };
    assert_eq!((entry.purpose, entry.notice_id.as_str()), (ContactPurpose::Signalling, "embedded-room"));
    assert!(entry.sent > Some(0) && entry.received > Some(0) && entry.sha256.len() == 64, "{entry:?}");
    let file = person.folder.path().join("contacts.json");
    person.names(Some(&file), Request::SaveDocument(Document::Contacts)).await;
    let saved: serde_json::Value = serde_json::from_slice(&fs::read(&file).unwrap()).unwrap();
    assert_eq!(saved["contacts"][0]["purpose"], "signalling");
    person.does(Request::CloseDesk).await.unwrap();
    assert_eq!(last_contacts(&mut person), Some(None));
}
