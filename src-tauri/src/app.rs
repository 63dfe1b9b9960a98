//! `App`: sole owner of what the shell knows; one loop over one closed enum.
//!
//! Commands, tray, links and the running meeting all end up in [`App::receive`] and [`App::heard`]; after each, whatever changed goes
//! to the window as whole slices. The parts: `desk` (notices, consents, settings), `door` (links, prejoin), `host` (the room on this
//! device), `counter` (the pages of the privacy desk), `seat` (the running meeting), `outside` (what another program wrote), `autostart` and `end` (how the app begins and ends), `faults` and `slices` (conversions).

mod autostart;
mod contacts;
mod counter;
mod desk;
mod door;
mod end;
mod extras;
mod faults;
mod hardware;
mod host;
mod moderate;
mod outlet;
mod outside;
mod schemes;
mod seat;
mod slices;
mod threshold;
mod wall;

use crate::frames::Frames;
use crate::shell::Shell;
use crate::tray::{Tray, TrayAction};
use crate::view::{
    DeskPage, DeviceKind, Document, ErrorCode, HoldAct, HostOptions, Lang, LetterRequest, Moderation, NoticeDecision,
    PackRequest, Reminder, Responsible, SettingChange, Slice, Tile, Toast, UiError, Wish,
};
use counter::Counter;
use desk::fetch::Fetching;
pub use desk::words::system_speaks_german;
use desk::{Asking, Desk, Next};
use door::Door;
use hardware::Hardware;
pub use hardware::Looking;
use host::Hosted;
use outlet::Cached;
use runde_client::Secret;
use runde_privacy::stamp::Moment;
use schemes::Schemes;
use seat::Seat;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;
use tauri::ipc::Channel;
use threshold::Threshold;
use tokio::sync::{mpsc, oneshot};
use tokio::time::MissedTickBehavior;

/// Clicks and links that wait for the loop. More than a person makes; a storm of links waits outside (T-04 of the abuse cases).
const WAITING: usize = 64;
/// Levels are drawn ten times a second; nothing else is periodic.
const LEVELS: Duration = Duration::from_millis(100);
/// Toasts a window can show; the oldest goes first.
const TOASTS: usize = 4;

/// What a command of the window asks for.
#[derive(Debug)]
pub enum Request<O = Channel<Slice>> {
    Subscribe(O),
    DecideNotice { decision: NoticeDecision, lang: Lang, scrolled_to_end: bool },
    DecideConsents { answers: BTreeMap<String, bool>, lang: Lang },
    SetConsent { purpose: String, granted: bool, lang: Lang },
    OpenLink(String),
    HostRoom(HostOptions),
    CloseRoom,
    Retry,
    Join { name: String, microphone: bool, camera: bool },
    GivePassword(Secret),
    GiveLogin { user: String, password: Secret },
    GiveName(String),
    OpenLoginPage,
    Moderate(Moderation),
    Wish(Wish),
    SetName(String),
    Leave,
    GoHome,
    SetMicrophone(bool),
    SetCamera(bool),
    SetHand(bool),
    SendChat(String),
    SetTiles(Vec<Tile>),
    ChooseDevice { kind: DeviceKind, id: Option<String> },
    SetSetting(SettingChange),
    SetScheme { scheme: String, on: bool },
    ShowNotice(String),
    ForgetRecent(Option<String>),
    DismissToast(u32),
    OpenDesk(DeskPage),
    CloseDesk,
    Object { host: String, objects: bool, lang: Lang },
    Erase(String),
    SaveDocument(Document),
    ImportProfile,
    ComposeLetter(LetterRequest),
    RemindOfLetter,
    ForgetReminder(Reminder),
    ShowText(String),
    DraftHosting(Responsible),
    KeepHosting(Responsible),
    ForgetHosting,
    LookAtLog,
    Hold(HoldAct),
    ShowPack(PackRequest),
}

/// Everything that reaches the loop from outside.
#[derive(Debug)]
pub enum Message<O = Channel<Slice>> {
    Asked(Request<O>, oneshot::Sender<Result<(), UiError>>),
    /// A start of the program (the first or a further one), with the link it was given.
    Opened(Option<String>),
    /// A start with the session: into the tray, without a window.
    StartedHidden,
    Tray(TrayAction),
    WindowClosed,
}

pub type Inbox<O = Channel<Slice>> = mpsc::Receiver<Message<O>>;

/// The door to the loop, for commands and system callbacks.
#[derive(Debug)]
pub struct Handle<O = Channel<Slice>>(mpsc::Sender<Message<O>>);

impl<O> Clone for Handle<O> {
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }
}

/// A door and the loop's end of it.
pub fn inbox<O>() -> (Handle<O>, Inbox<O>) {
    let (sender, receiver) = mpsc::channel(WAITING);
    (Handle(sender), receiver)
}

impl<O> Handle<O> {
    /// Asks and waits for the answer.
    pub async fn request(&self, request: Request<O>) -> Result<(), UiError> {
        let (reply, answer) = oneshot::channel();
        let closing = || UiError::internal("the app is closing");
        self.0.send(Message::Asked(request, reply)).await.map_err(|_| closing())?;
        answer.await.map_err(|_| closing())?
    }

    /// Tells without waiting; when the loop is far behind, the news is dropped (a click or a link: the person sees that nothing
    /// happened and does it again).
    pub fn tell(&self, message: Message<O>) {
        if self.0.try_send(message).is_err() {
            tracing::warn!("the app is too busy to take a click or a link");
        }
    }
}

/// Where the app is; each place owns what only it needs.
enum Place {
    Asking(Box<Asking>),
    /// What follows, and the functions that are asked about.
    Consents(Next, Vec<runde_privacy::Purpose>),
    Home,
    /// A server is being asked for the notice that its link promises.
    Fetching(Box<Fetching>),
    Prejoin(Box<Door>),
    Threshold(Box<Threshold>),
    Meeting,
    After(crate::view::After),
    Declined(crate::view::Declined),
    Broken(Box<crate::view::Broken>),
}

/// Opens the profile; asked again where it could not be opened.
type Opener = Box<dyn Fn() -> Result<Desk, UiError> + Send>;

/// The app, generic over the desktop it runs on.
pub struct App<S: Shell> {
    shell: S,
    open_desk: Opener,
    /// For what depends on days; tests move it.
    clock: fn() -> Moment,
    outlet: Cached<S::Outlet>,
    frames: Arc<Frames>,
    desk: Result<Desk, UiError>,
    place: Place,
    seat: Option<Box<Seat>>,
    hosted: Option<Hosted>,
    hardware: Hardware,
    tiles: Vec<Tile>,
    /// The tiles that were last asked for at the bridge.
    watched: Option<Vec<Tile>>,
    tray: Option<Tray>,
    toasts: Vec<Toast>,
    next_toast: u32,
    /// Whom this app went to since it started.
    contacts: runde_client::Contacts,
    schemes: Schemes,
    counter: Counter,
    lookout: outside::Lookout,
    /// The link that a start brought while the profile could not be opened.
    waiting: Option<String>,
    window_closed: bool,
    /// Started with the session, so that the tray is its place when the window is closed.
    in_tray: bool,
    ending: bool,
}

impl<S: Shell> App<S> {
    /// Reads the profile; a profile that cannot be opened is a page of its own, not the end.
    pub fn new(shell: S, frames: Arc<Frames>) -> Self {
        Self::with_desk(shell, frames, Box::new(Desk::open))
    }

    fn with_desk(shell: S, frames: Arc<Frames>, open_desk: Opener) -> Self {
        let mut app = Self {
            shell,
            desk: open_desk(),
            open_desk,
            clock: runde_profile::now,
            outlet: Cached::default(),
            frames,
            place: Place::Home,
            seat: None,
            hosted: None,
            hardware: Hardware::default(),
            tiles: Vec::new(),
            watched: None,
            tray: None,
            toasts: Vec::new(),
            next_toast: 1,
            contacts: runde_client::Contacts::default(),
            schemes: Schemes::default(),
            counter: Counter::default(),
            lookout: outside::Lookout::default(),
            waiting: None,
            window_closed: false,
            in_tray: false,
            ending: false,
        };
        app.enter_profile();
        app
    }

    /// To the first page, with what was found damaged; or to the page that says why there is no profile.
    fn enter_profile(&mut self) {
        let warnings = match &mut self.desk {
            Ok(desk) => {
                desk.purge_former_log();
                desk.take_warnings()
            }
            Err(error) => {
                self.place = Place::broken(error.clone(), "", "");
                return;
            }
        };
        self.place = Place::Home;
        for warning in warnings {
            self.toast(warning);
        }
    }

    /// "Try again" on the page that says what did not work: the link, or the profile where that was it.
    fn retry(&mut self) -> Result<(), UiError> {
        let Place::Broken(broken) = &self.place else { return Err(misplaced()) };
        if self.desk.is_ok() {
            let link = broken.link.clone();
            return self.open_text(&link);
        }
        self.desk = (self.open_desk)();
        self.enter_profile();
        self.desk()?;
        let link = self.waiting.take();
        self.started_with(link);
        Ok(())
    }

    /// The loop; ends when every door is gone.
    pub async fn run(mut self, mut inbox: Inbox<S::Outlet>) {
        let mut ticks = tokio::time::interval(LEVELS);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Skip);
        loop {
            tokio::select! {
                message = inbox.recv() => match message {
                    Some(message) => self.receive(message).await,
                    None => return,
                },
                news = seat::next_event(&mut self.seat) => self.heard(news),
                file = counter::chosen(&mut self.counter) => if let Some((errand, path)) = file {
                    self.file_chosen(errand, &path);
                },
                found = desk::fetch::arrived(&mut self.place) => self.notice_found(found),
                _ = ticks.tick() => {
                    let news = self.tick() | self.look_outside().await;
                    self.quit_if_unseen().await;
                    if !news {
                        continue;
                    }
                }
            }
            self.publish();
        }
    }

    async fn receive(&mut self, message: Message<S::Outlet>) {
        self.counter.something_happened();
        match message {
            Message::Asked(request, reply) => {
                let answer = self.answer(request).await;
                // The window may be gone by now; nobody misses the answer then.
                let _ = reply.send(answer);
            }
            Message::Opened(link) => {
                self.show();
                self.started_with(link);
            }
            Message::StartedHidden => self.start_in_tray(),
            Message::Tray(action) => self.tray_clicked(action).await,
            Message::WindowClosed => self.window_was_closed().await,
        }
    }

    async fn answer(&mut self, request: Request<S::Outlet>) -> Result<(), UiError> {
        match request {
            Request::Subscribe(outlet) => {
                self.outlet.replace(outlet);
                Ok(())
            }
            Request::DecideNotice { decision, lang, scrolled_to_end } => {
                self.decide_notice(decision, lang, scrolled_to_end).await
            }
            Request::DecideConsents { answers, lang } => self.decide_consents(&answers, lang).await,
            Request::SetConsent { purpose, granted, lang } => self.set_consent(&purpose, granted, lang),
            Request::OpenLink(text) => self.open_text(&text),
            Request::HostRoom(options) => self.host(options).await,
            Request::CloseRoom => self.close_room().await,
            Request::Retry => self.retry(),
            Request::Join { name, microphone, camera } => self.join(name, microphone, camera),
            Request::GivePassword(password) => self.give_password(password),
            Request::GiveLogin { user, password } => self.give_login(user, password),
            Request::GiveName(name) => self.give_name(name),
            Request::OpenLoginPage => self.open_login_page(),
            Request::Moderate(what) => self.moderate(what),
            Request::Wish(what) => self.wish(what),
            Request::SetName(name) => self.seated()?.set_name(name),
            Request::Leave => self.leave(),
            Request::GoHome => self.go_home(),
            Request::SetMicrophone(on) => self.set_microphone(on),
            Request::SetCamera(on) => self.set_camera(on),
            Request::SetHand(raised) => self.seated()?.set_hand(raised),
            Request::SendChat(text) => self.seated()?.say(text),
            Request::SetTiles(tiles) => self.set_tiles(tiles),
            Request::ChooseDevice { kind, id } => self.choose_device(kind, id),
            Request::SetSetting(change) => self.set_setting(change),
            Request::SetScheme { scheme, on } => self.set_scheme(&scheme, on),
            Request::ShowNotice(controller) => self.show_notice(&controller),
            Request::ForgetRecent(link) => self.desk()?.forget_recent(link.as_deref()),
            Request::DismissToast(id) => {
                self.toasts.retain(|toast| toast.id != id);
                Ok(())
            }
            Request::OpenDesk(page) => self.open_counter(page),
            Request::CloseDesk => {
                self.close_counter();
                Ok(())
            }
            Request::Object { host, objects, lang } => self.object(&host, objects, lang),
            Request::Erase(item) => self.erase(&item),
            Request::SaveDocument(document) => self.save_document(document),
            Request::ImportProfile => self.import_profile(),
            Request::ComposeLetter(wish) => self.compose_letter(&wish),
            Request::RemindOfLetter => self.remind_of_letter(),
            Request::ForgetReminder(reminder) => self.forget_reminder(reminder),
            Request::ShowText(sha256) => self.show_text(&sha256),
            Request::DraftHosting(details) => self.draft_hosting(&details),
            Request::KeepHosting(details) => self.keep_hosting(&details),
            Request::ForgetHosting => self.forget_hosting(),
            Request::LookAtLog => self.look_at_log(),
            Request::Hold(act) => self.hold(&act),
            Request::ShowPack(wish) => self.show_pack(wish),
        }
    }

    /// What leads to a page brings the window up; muting and leaving do not, since whoever uses the tray for that wants to see
    /// something else.
    async fn tray_clicked(&mut self, action: TrayAction) {
        let done = match action {
            TrayAction::Open => {
                self.show();
                Ok(())
            }
            TrayAction::Privacy => {
                self.show();
                self.open_counter(DeskPage::Voluntary)
            }
            TrayAction::HostNow => {
                self.show();
                self.defer_consents();
                self.host(HostOptions { room: None, interface: None, password: None, lobby: false }).await
            }
            TrayAction::JoinFromClipboard => {
                let text = self.shell.clipboard().unwrap_or_default();
                self.join_from_tray(&text)
            }
            TrayAction::JoinRecent(link) => self.join_from_tray(&link),
            TrayAction::ToggleMicrophone => {
                let on = self.seat.as_ref().is_some_and(|seat| seat.microphone_on());
                self.set_microphone(!on)
            }
            TrayAction::Leave => self.leave(),
            TrayAction::Quit => {
                self.quit().await;
                Ok(())
            }
        };
        if let Err(error) = done {
            self.toast(error);
        }
    }

    fn join_from_tray(&mut self, text: &str) -> Result<(), UiError> {
        self.show();
        self.defer_consents();
        self.open_text(text)
    }

    /// Keeps a setting; what concerns the running meeting takes effect there at once.
    fn set_setting(&mut self, change: SettingChange) -> Result<(), UiError> {
        if let SettingChange::Autostart(on) = change {
            return self.set_autostart(on);
        }
        let desk = self.desk()?;
        desk.change(change)?;
        let processing = door::processing(desk);
        if let Some(seat) = &self.seat {
            seat.command(runde_client::Command::SetProcessing(processing))?;
        }
        self.tell_direct()
    }

    fn desk(&mut self) -> Result<&mut Desk, UiError> {
        self.desk.as_mut().map_err(|error| error.clone())
    }

    fn seated(&mut self) -> Result<&mut Seat, UiError> {
        self.seat.as_deref_mut().ok_or_else(|| UiError::internal("no meeting is running"))
    }

    fn toast(&mut self, error: UiError) {
        self.toasts.retain(|toast| toast.error != error);
        if self.toasts.len() >= TOASTS {
            self.toasts.remove(0);
        }
        self.toasts.push(Toast { id: self.next_toast, error });
        self.next_toast = self.next_toast.wrapping_add(1);
    }
}

impl Place {
    fn broken(error: UiError, room: &str, link: &str) -> Self {
        let (room, link) = (room.to_owned(), link.to_owned());
        Self::Broken(Box::new(crate::view::Broken { error, room, link, home: true }))
    }

    fn is_meeting(&self) -> bool {
        matches!(self, Self::Meeting)
    }
}

/// An action that its place does not know, for example a late click.
fn misplaced() -> UiError {
    UiError::new(ErrorCode::Internal).with("detail", "not possible on this page")
}

#[cfg(test)]
mod tests;
