//! The app on a desktop that only records: what a person clicks, what the window is told.

use super::*;
use crate::shell::Outlet;
use crate::view::{NoticeReason, Page};
use runde_profile::Places;
use std::sync::Mutex;
use std::sync::mpsc::{Receiver, Sender, channel};

#[derive(Default)]
struct Seen {
    shown: usize,
    quits: usize,
    clipboard: Option<String>,
    trays: Vec<Tray>,
}

#[derive(Clone, Default)]
struct Recording(Arc<Mutex<Seen>>);

struct Wire(Sender<Slice>);

impl Outlet for Wire {
    fn send(&self, slice: Slice) -> bool {
        self.0.send(slice).is_ok()
    }
}

impl Shell for Recording {
    type Outlet = Wire;
    fn show_window(&self) {
        self.0.lock().unwrap().shown += 1;
    }
    fn show_tray(&self, tray: &Tray) {
        self.0.lock().unwrap().trays.push(tray.clone());
    }
    fn clipboard(&self) -> Option<String> {
        self.0.lock().unwrap().clipboard.clone()
    }
    fn quit(&self) {
        self.0.lock().unwrap().quits += 1;
    }
}

/// A person at a fresh profile.
struct Person {
    app: App<Recording>,
    desktop: Recording,
    slices: Receiver<Slice>,
    folder: tempfile::TempDir,
}

impl Person {
    async fn sits_down(link: Option<&str>) -> Self {
        let folder = tempfile::tempdir().unwrap();
        Self::sits_down_at(folder, link).await
    }

    async fn sits_down_at(folder: tempfile::TempDir, link: Option<&str>) -> Self {
        let desktop = Recording::default();
        let desk = Desk::at(Places::at(folder.path()));
        let mut app = App::with_desk(desktop.clone(), Arc::new(Frames::default()), desk);
        let (wire, slices) = channel();
        app.answer(Request::Subscribe(Wire(wire))).await.unwrap();
        app.receive(Message::Opened(link.map(str::to_owned))).await;
        app.publish();
        Self { app, desktop, slices, folder }
    }

    async fn does(&mut self, request: Request<Wire>) -> Result<(), UiError> {
        let answer = self.app.answer(request).await;
        self.app.publish();
        answer
    }

    async fn notes(&mut self) {
        let noted = NoticeDecision::Noted;
        self.does(Request::DecideNotice { decision: noted, lang: Lang::De, scrolled_to_end: true }).await.unwrap();
    }

    async fn arrives_home(&mut self) {
        self.notes().await;
        self.does(Request::DecideConsents(BTreeMap::new())).await.unwrap();
    }

    fn page(&self) -> Page {
        self.slices
            .try_iter()
            .filter_map(|slice| if let Slice::Page(page) = slice { Some(page) } else { None })
            .last()
            .unwrap()
    }

    fn notice(&self) -> crate::view::Notice {
        let notices = self.slices.try_iter();
        notices
            .filter_map(|slice| if let Slice::Notice(Some(notice)) = slice { Some(notice) } else { None })
            .last()
            .unwrap()
    }
}

#[tokio::test]
async fn the_first_launch_shows_the_default_servers_notice_and_nothing_else() {
    let person = Person::sits_down(None).await;
    let notice = person.notice();
    assert_eq!((notice.host.as_str(), notice.reason), ("meet.jit.si", NoticeReason::FirstContact));
}

#[tokio::test]
async fn a_link_at_first_launch_shows_only_that_hosts_notice() {
    let person = Person::sits_down(Some("https://meet.example/table")).await;
    assert_eq!(person.notice().host, "meet.example");
}

#[tokio::test]
async fn noting_leads_over_the_voluntary_page_with_everything_off_to_the_room_that_was_asked_for() {
    let mut person = Person::sits_down(Some("https://meet.example/table")).await;
    person.notes().await;
    let Page::Consents { purposes } = person.page() else { panic!("the voluntary page") };
    assert!(!purposes.is_empty() && purposes.iter().all(|purpose| !purpose.granted));
    person.does(Request::DecideConsents(BTreeMap::new())).await.unwrap();
    let Page::Prejoin(door) = person.page() else { panic!("the door") };
    assert_eq!((door.room.as_str(), door.host.as_str(), door.joining), ("table", "meet.example", false));
}

#[tokio::test]
async fn refusing_the_notice_leaves_an_app_that_contacts_nobody_but_can_be_used() {
    let mut person = Person::sits_down(None).await;
    let offline = NoticeDecision::Offline;
    person.does(Request::DecideNotice { decision: offline, lang: Lang::En, scrolled_to_end: false }).await.unwrap();
    assert!(matches!(person.page(), Page::Declined(declined) if declined.host == "meet.jit.si"));
    let join = Request::Join { name: String::new(), microphone: false, camera: false };
    assert!(person.does(join).await.is_err());
    person.does(Request::SetSetting(SettingChange::Echo(false))).await.unwrap();
}

#[tokio::test]
async fn what_was_noted_and_refused_is_remembered_and_not_asked_again() {
    let mut person = Person::sits_down(None).await;
    person.arrives_home().await;
    let Person { folder, app, .. } = person;
    drop(app);
    let again = Person::sits_down_at(folder, None).await;
    assert!(matches!(again.page(), Page::Home(home) if home.recents.is_none()));
}

#[tokio::test]
async fn a_rubbish_link_gets_a_sentence_and_the_app_stays_where_it_was() {
    let mut person = Person::sits_down(None).await;
    person.arrives_home().await;
    let error = person.does(Request::OpenLink("https://".into())).await.unwrap_err();
    assert_eq!(error.code, ErrorCode::LinkUnreadable);
    assert!(matches!(person.page(), Page::Home(_)));
}

#[tokio::test]
async fn hosting_asks_for_the_hosts_own_notice_first() {
    let mut person = Person::sits_down(None).await;
    person.arrives_home().await;
    person.does(Request::HostRoom(HostOptions { room: None, interface: None })).await.unwrap();
    assert_eq!(person.notice().notice_id, "embedded-room");
}

#[tokio::test]
async fn a_notice_read_again_leads_back_to_where_one_was() {
    let mut person = Person::sits_down(None).await;
    person.arrives_home().await;
    person.does(Request::OpenLink("https://meet.example/table".into())).await.unwrap();
    person.notes().await;
    person.does(Request::ShowNotice("meet.jit.si".into())).await.unwrap();
    assert_eq!(person.notice().reason, NoticeReason::Reading);
    person.notes().await;
    assert!(matches!(person.page(), Page::Prejoin(_)));
}

#[tokio::test]
async fn the_tray_joins_from_the_clipboard_but_only_up_to_the_door() {
    let mut person = Person::sits_down(None).await;
    person.arrives_home().await;
    person.desktop.0.lock().unwrap().clipboard = Some("meet.jit.si/table".into());
    person.app.receive(Message::Tray(TrayAction::JoinFromClipboard)).await;
    person.app.publish();
    assert!(matches!(person.page(), Page::Prejoin(_)));
    assert!(person.desktop.0.lock().unwrap().shown >= 2);
}

#[tokio::test]
async fn closing_the_window_without_a_meeting_quits() {
    let mut person = Person::sits_down(None).await;
    person.app.receive(Message::WindowClosed).await;
    assert_eq!(person.desktop.0.lock().unwrap().quits, 1);
}

#[tokio::test]
async fn a_profile_in_use_is_a_page_and_not_the_end() {
    let first = Person::sits_down(None).await;
    let second = Desk::at(Places::at(first.folder.path()));
    let mut app = App::with_desk(Recording::default(), Arc::new(Frames::default()), second);
    let (wire, slices) = channel();
    app.answer(Request::Subscribe(Wire(wire))).await.unwrap();
    app.receive(Message::Opened(None)).await;
    app.publish();
    let pages = slices.try_iter().filter_map(|slice| if let Slice::Page(page) = slice { Some(page) } else { None });
    assert!(
        pages
            .last()
            .is_some_and(|page| matches!(page, Page::Broken(broken) if broken.error.code == ErrorCode::ProfileInUse))
    );
}
