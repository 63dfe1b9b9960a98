//! The app on a desktop that only records: what a person clicks, what the window is told.

use super::*;
use crate::shell::{Outlet, Question};
use crate::view::{EntryKind, NoticeReason, Page};
use runde_client::devices::{self, EventSender};
use runde_profile::{LinkPlaces, Places};
use std::sync::Mutex;
use std::sync::mpsc::{Receiver, Sender, channel};

mod autostart;
mod devices_and_links;
mod doors;
mod outside;
mod own_notice;
mod papers_and_log;
mod privacy_desk;

/// Where the program lies.
const PROGRAM: &str = "/opt/runde/runde";

#[derive(Default)]
struct Seen {
    shown: usize,
    quits: usize,
    clipboard: Option<String>,
    trays: Vec<Tray>,
    /// Where a test says which devices there are, once somebody looks.
    devices: Option<EventSender>,
    schemes: BTreeMap<String, bool>,
    /// What was opened in the browser.
    pages: Vec<String>,
    /// The file that the next dialog is answered with.
    file: Option<std::path::PathBuf>,
    without_tray: bool,
    /// The system has no say in which program opens links.
    fixed: bool,
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
    fn has_tray(&self) -> bool {
        !self.0.lock().unwrap().without_tray
    }
    fn program(&self) -> Option<std::path::PathBuf> {
        Some(PROGRAM.into())
    }
    fn clipboard(&self) -> Option<String> {
        self.0.lock().unwrap().clipboard.clone()
    }
    fn watch_devices(&self) -> Option<Looking> {
        let (sender, news) = devices::events();
        self.0.lock().unwrap().devices = Some(sender);
        Some(Looking::new(news, None))
    }
    fn opens_scheme(&self, scheme: &str) -> bool {
        self.0.lock().unwrap().schemes.get(scheme).copied().unwrap_or(false)
    }
    fn set_scheme(&self, scheme: &str, on: bool) -> Result<(), String> {
        let mut seen = self.0.lock().unwrap();
        if seen.fixed {
            return Err("no such tool".to_owned());
        }
        seen.schemes.insert(scheme.to_owned(), on);
        Ok(())
    }
    fn open_page(&self, url: &str) -> Result<(), String> {
        self.0.lock().unwrap().pages.push(url.to_owned());
        Ok(())
    }
    fn ask_for_file(&self, _: Question) -> oneshot::Receiver<Option<std::path::PathBuf>> {
        let (sender, answer) = oneshot::channel();
        sender.send(self.0.lock().unwrap().file.clone()).unwrap();
        answer
    }
    fn quit(&self) {
        self.0.lock().unwrap().quits += 1;
    }
}

fn opener(folder: &std::path::Path) -> Opener {
    let folder = folder.to_owned();
    Box::new(move || {
        let entry = folder.join("autostart").join("org.runde.Runde.desktop");
        let links = LinkPlaces::at(&folder.join("share"), &folder.join("choices"));
        Desk::at(Places { autostart: Some(entry), links: Some(links), ..Places::at(&folder) })
    })
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
        let mut app = App::with_desk(desktop.clone(), Arc::new(Frames::default()), opener(folder.path()));
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
        self.continues().await;
    }

    async fn continues(&mut self) {
        self.does(Request::DecideConsents { answers: BTreeMap::new(), lang: Lang::De }).await.unwrap();
    }

    async fn hosts(&mut self) -> crate::view::Prejoin {
        self.does(Request::HostRoom(HostOptions { room: None, interface: None, password: None, lobby: false }))
            .await
            .unwrap();
        if matches!(self.app.place, Place::Asking(_)) {
            self.notes().await;
        }
        let Page::Prejoin(door) = self.page() else { panic!("the door of one's own room") };
        door
    }

    fn quits(&self) -> usize {
        self.desktop.0.lock().unwrap().quits
    }

    fn toasts(&self) -> Vec<ErrorCode> {
        self.app.toasts.iter().map(|toast| toast.error.code).collect()
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
    person.continues().await;
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
    person
        .does(Request::HostRoom(HostOptions { room: None, interface: None, password: None, lobby: false }))
        .await
        .unwrap();
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
async fn a_window_closed_during_a_stay_ends_the_program_when_the_last_guest_is_gone() {
    let mut person = Person::sits_down(None).await;
    person.arrives_home().await;
    let door = person.hosts().await;
    person.does(Request::Join { name: "Ada".into(), microphone: false, camera: false }).await.unwrap();
    person.app.receive(Message::WindowClosed).await;
    assert_eq!(person.quits(), 0, "the meeting goes on without a window");
    person.app.heard(Some(runde_client::MeetingEvent::Left { reason: runde_client::LeftReason::Asked }));
    person.app.quit_if_unseen().await;
    assert_eq!(person.quits(), 1);
    assert!(door.hosted_here && person.app.hosted.is_none());
}

#[tokio::test]
async fn a_window_that_is_open_keeps_the_program_whatever_ends() {
    let mut person = Person::sits_down(None).await;
    person.arrives_home().await;
    person.app.quit_if_unseen().await;
    assert_eq!(person.quits(), 0);
}

#[tokio::test]
async fn quitting_from_the_tray_closes_ones_own_room_first_and_shows_no_window() {
    let mut person = Person::sits_down(None).await;
    person.arrives_home().await;
    person.hosts().await;
    let shown = person.desktop.0.lock().unwrap().shown;
    person.app.receive(Message::Tray(TrayAction::Quit)).await;
    person.app.receive(Message::Tray(TrayAction::Quit)).await;
    assert!(person.app.hosted.is_none());
    assert_eq!((person.quits(), person.desktop.0.lock().unwrap().shown), (1, shown));
}

#[tokio::test]
async fn muting_from_the_tray_does_not_raise_the_window() {
    let mut person = Person::sits_down(None).await;
    person.arrives_home().await;
    let shown = person.desktop.0.lock().unwrap().shown;
    person.app.receive(Message::Tray(TrayAction::ToggleMicrophone)).await;
    person.app.receive(Message::Tray(TrayAction::Leave)).await;
    assert_eq!(person.desktop.0.lock().unwrap().shown, shown);
    person.app.receive(Message::Tray(TrayAction::Open)).await;
    assert_eq!(person.desktop.0.lock().unwrap().shown, shown + 1);
}

#[tokio::test]
async fn a_room_on_this_device_is_shown_on_the_first_page_and_can_be_closed_there() {
    let mut person = Person::sits_down(None).await;
    person.arrives_home().await;
    let door = person.hosts().await;
    assert!(door.fingerprint.is_none(), "nobody compares words with themselves");
    person.does(Request::GoHome).await.unwrap();
    let Page::Home(home) = person.page() else { panic!("home") };
    let hosted = home.hosted.expect("the open room");
    assert_eq!(
        (hosted.room.as_str(), hosted.link.as_str(), hosted.in_use),
        (door.room.as_str(), door.link.as_str(), false)
    );
    person.does(Request::CloseRoom).await.unwrap();
    assert!(matches!(person.page(), Page::Home(home) if home.hosted.is_none()));
}

#[tokio::test]
async fn a_room_with_somebody_in_it_is_not_shut_by_opening_another_address() {
    let mut person = Person::sits_down(None).await;
    person.arrives_home().await;
    let door = person.hosts().await;
    let link = runde_client::RoomLink::parse(&door.link, "meet.jit.si").unwrap();
    let target = runde_privacy::Target::new(&link.host, link.rn.as_deref()).unwrap();
    let permit = person.app.desk().unwrap().gate().contact(&target).unwrap();
    let guest = runde_client::Meeting::spawn(permit, runde_client::JoinOptions::new(link, "Gast")).unwrap();
    person.does(Request::Join { name: "Ada".into(), microphone: false, camera: false }).await.unwrap();
    let entering = async {
        while !person.app.place.is_meeting() {
            let news = seat::next_event(&mut person.app.seat).await;
            person.app.heard(news);
        }
        while !person.app.room_use_changed() {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(Duration::from_secs(60), entering).await.unwrap();
    let permit = person.app.desk().unwrap().gate().host().unwrap();
    let refused =
        person.app.serve(permit, "127.0.0.2:8443".parse().unwrap(), host::Rules::default()).await.unwrap_err();
    assert_eq!(refused.code, ErrorCode::RoomInUse);
    assert!(person.app.hosted.is_some(), "the room is still there");
    drop(guest);
}

#[tokio::test]
async fn a_port_in_use_is_told_and_the_room_opens_on_another() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap();
    let mut person = Person::sits_down(None).await;
    person.arrives_home().await;
    let desk = person.app.desk().unwrap();
    let settings = runde_profile::Settings { listen: address.to_string(), ..desk.preferences().clone() };
    desk.keep(settings).unwrap();
    let door = person.hosts().await;
    assert!(!door.host.is_empty() && !door.link.contains(&format!(":{}/", address.port())));
    assert_eq!(person.toasts(), [ErrorCode::PortChanged]);
    let told = &person.app.toasts[0].error.params;
    assert_eq!(told["address"], address.to_string());
}

#[tokio::test]
async fn the_port_of_the_settings_is_kept_with_its_address_and_shown() {
    let mut person = Person::sits_down(None).await;
    person.arrives_home().await;
    person.does(Request::SetSetting(SettingChange::Port("9443".into()))).await.unwrap();
    person.does(Request::SetSetting(SettingChange::DefaultServer("meet.example".into()))).await.unwrap();
    assert!(person.does(Request::SetSetting(SettingChange::Port("80".into()))).await.is_err());
    let desk = person.app.desk().unwrap();
    assert_eq!(desk.listen().to_string(), "127.0.0.1:9443");
    let shown = desk.settings_slice(Vec::new(), None);
    assert_eq!((shown.default_server.as_str(), shown.port), ("meet.example", 9443));
}

#[tokio::test]
async fn the_settings_say_which_server_a_bare_name_means() {
    let mut person = Person::sits_down(None).await;
    person.arrives_home().await;
    for (wished, meant) in [("meet.example", "meet.example"), ("no host", "meet.jit.si")] {
        let desk = person.app.desk().unwrap();
        let settings = runde_profile::Settings { default_server: wished.into(), ..desk.preferences().clone() };
        desk.keep(settings).unwrap();
        assert_eq!(person.app.desk().unwrap().default_host(), meant);
    }
}

fn kinds(person: &Person) -> Vec<EntryKind> {
    let desk = person.app.desk.as_ref().ok().unwrap();
    desk.entries().into_iter().map(|entry| entry.kind).collect()
}

#[tokio::test]
async fn closing_the_voluntary_page_is_recorded_as_an_answer() {
    let mut person = Person::sits_down(None).await;
    person.notes().await;
    person.app.receive(Message::WindowClosed).await;
    let deferred = kinds(&person).into_iter().filter(|kind| *kind == EntryKind::Deferred).count();
    assert_eq!(deferred, runde_privacy::Purpose::OFFERED.len());
    assert!(person.app.desk.as_ref().ok().unwrap().purposes().iter().all(|purpose| !purpose.granted));
}

#[tokio::test]
async fn a_link_that_comes_while_the_voluntary_page_is_open_is_an_answer_too() {
    let mut person = Person::sits_down(None).await;
    person.notes().await;
    person.app.receive(Message::Opened(Some("https://meet.jit.si/table".into()))).await;
    person.app.publish();
    assert!(matches!(person.page(), Page::Prejoin(_)));
    assert!(kinds(&person).contains(&EntryKind::Deferred));
}

#[tokio::test]
async fn a_consent_names_the_language_in_which_it_was_asked() {
    let mut person = Person::sits_down(None).await;
    person.notes().await;
    let granted = runde_privacy::Purpose::OFFERED.map(|purpose| (purpose.id().to_owned(), true)).into_iter().collect();
    person.does(Request::DecideConsents { answers: granted, lang: Lang::En }).await.unwrap();
    let text = runde_privacy::Purpose::OFFERED.map(|purpose| purpose.text_sha256(runde_privacy::Lang::En));
    let desk = person.app.desk.as_ref().ok().unwrap();
    let given: Vec<String> =
        desk.entries().into_iter().filter(|entry| entry.kind == EntryKind::Given).map(|entry| entry.sha256).collect();
    assert!(!given.is_empty() && given.iter().all(|sha256| text.contains(sha256)), "{given:?}");
}

#[tokio::test]
async fn a_profile_in_use_is_a_page_and_trying_again_opens_it_with_the_link_that_waited() {
    let first = Person::sits_down(None).await;
    let mut app = App::with_desk(Recording::default(), Arc::new(Frames::default()), opener(first.folder.path()));
    let (wire, slices) = channel();
    app.answer(Request::Subscribe(Wire(wire))).await.unwrap();
    app.receive(Message::Opened(Some("https://meet.example/table".into()))).await;
    app.publish();
    let page = |slices: &Receiver<Slice>| {
        slices.try_iter().filter_map(|slice| if let Slice::Page(page) = slice { Some(page) } else { None }).last()
    };
    let Some(Page::Broken(broken)) = page(&slices) else { panic!("the page that says why") };
    assert_eq!((broken.error.code, broken.home), (ErrorCode::ProfileInUse, false));
    assert!(app.answer(Request::GoHome).await.is_err(), "there is no home without a profile");
    assert_eq!(app.answer(Request::Retry).await.unwrap_err().code, ErrorCode::ProfileInUse);

    let Person { app: other, folder: _folder, .. } = first;
    drop(other);
    app.answer(Request::Retry).await.unwrap();
    app.publish();
    assert_eq!(page(&slices), Some(Page::Notice));
    let Place::Asking(asking) = &app.place else { panic!("the notice of the link's host") };
    assert_eq!(asking.asks.target.host(), "meet.example");
}
