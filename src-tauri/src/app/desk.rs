//! The privacy desk of the app: asks for notices, records answers, keeps settings. The rules are `privacy`'s, the files `profile`'s;
//! here is what the window sees of both.

pub(super) mod fetch;
mod hosting;
pub(super) mod letters;
pub(super) mod outside;
pub(super) mod pages;
pub(super) mod papers;
mod room_log;
pub(super) mod words;

use outside::Known;

use super::door::Door;
use super::{App, Place, misplaced};
use crate::shell::Shell;
use crate::view::{
    Declined, HostOptions, Lang, LedgerState, Notice, NoticeDecision, NoticeReason, Purpose, Recent, SettingChange,
    Settings, Stored, UiError,
};
use runde_client::RoomLink;
use runde_privacy::stamp::Moment;
use runde_privacy::{Asks, ConsentState, Gate, Method, NoticeKind, Target};
use runde_profile::{Build, Opening, Places, Profile, Protection, Shown, TroubleKind};
use std::collections::BTreeMap;
use std::time::Duration;

/// A second start that is just handing over its link lets go of the profile well within this.
const WAIT_FOR_PROFILE: Duration = Duration::from_secs(2);

/// What was on the way when a notice came in between.
#[derive(Debug, Clone)]
pub enum Next {
    Home,
    Open(RoomLink),
    /// Somebody wanted in under this name already.
    Enter(RoomLink, String),
    Host(HostOptions),
}

/// A notice on the page.
pub struct Asking {
    pub asks: Asks,
    pub next: Next,
    /// The version that was noted before, where its words are kept.
    before: Option<runde_privacy::Notice>,
    reason: NoticeReason,
    shown_at: Moment,
    /// Where a re-read notice leads back to.
    back: Option<Place>,
}

impl Asking {
    fn first(asks: Asks, next: Next) -> Self {
        let reason = if asks.stale { NoticeReason::Changed } else { NoticeReason::FirstContact };
        Self { asks, next, before: None, reason, shown_at: runde_profile::now(), back: None }
    }

    /// With the words of whoever manages this computer, where they have some about that server.
    pub fn slice(&self, desk: Option<&Desk>) -> Notice {
        let foreword = desk.and_then(|desk| words::foreword(desk.profile.policy(), &self.asks.target));
        Notice { foreword, ..words::notice(&self.asks, self.before.as_ref(), self.reason) }
    }
}

/// The profile and what it means for the window.
pub struct Desk {
    pub(super) profile: Profile,
    /// How many of the profile's troubles the window was told.
    told: usize,
    known: Known,
}

pub fn unix_now() -> u64 {
    u64::try_from(runde_profile::now().unix()).unwrap_or(0)
}

impl Desk {
    /// The user's profile.
    pub fn open() -> Result<Self, UiError> {
        let places = Places::of_user().map_err(|error| words::profile_error(&error))?;
        Self::at(places)
    }

    pub(super) fn at(places: Places) -> Result<Self, UiError> {
        let build =
            Build { app_version: env!("CARGO_PKG_VERSION").to_owned(), ui_build_hash: crate::UI_BUILD.to_owned() };
        let opening = Opening { places, build, wait: WAIT_FOR_PROFILE };
        let profile = Profile::open_for_long(opening).map_err(|error| words::profile_error(&error))?;
        let mut desk = Self { profile, told: 0, known: Known::default() };
        desk.known = desk.know();
        Ok(desk)
    }

    /// What was found damaged since this was asked last.
    pub fn take_warnings(&mut self) -> Vec<UiError> {
        let troubles = self.profile.troubles();
        let new = troubles.get(self.told..).unwrap_or_default().iter().map(words::trouble).collect();
        self.told = troubles.len();
        new
    }

    /// Whether links may open this profile.
    pub(super) fn has_links(&self) -> bool {
        self.profile.places().links.is_some()
    }

    pub fn gate(&self) -> Gate {
        self.profile.gate()
    }

    /// The target that was noted for this host, if any.
    fn noted(&self, host: &str) -> Option<Target> {
        let record = self.profile.acknowledgements().records().rfind(|record| record.host == host)?;
        Target::new(host, Some(&record.notice_sha256)).ok()
    }

    /// The same target under the notice that its server offered when it was last visited, where a link promises none.
    pub fn as_visited(&self, target: Target) -> Target {
        let stated = |record: &runde_privacy::Acknowledgement| {
            let noted = target.with_notice(&record.notice_sha256);
            matches!(self.gate().notice(&noted).kind(), NoticeKind::Stated(_)).then_some(noted)
        };
        let mut visits = self.profile.acknowledgements().records().rev().filter(|record| record.host == target.host());
        let unpromised = target.embedded_notice().is_none();
        unpromised.then(|| visits.find_map(stated)).flatten().unwrap_or(target)
    }

    pub fn preferences(&self) -> &runde_profile::Settings {
        self.profile.settings()
    }

    fn acknowledge(&mut self, asking: &Asking, lang: Lang, scrolled_to_end: bool) -> Result<(), UiError> {
        let shown =
            Shown { lang: words::language(lang), shown_at: asking.shown_at, scrolled_to_end, method: Method::Button };
        self.profile.acknowledge(&asking.asks.target, shown).map_err(|error| words::profile_error(&error))?;
        Ok(())
    }

    /// Host that a bare room name means; a rubbish one in the settings means the usual one.
    pub fn default_host(&self) -> String {
        let wished = &self.profile.settings().default_server;
        let usable = Target::new(wished, None).is_ok();
        if usable { wished.clone() } else { super::door::DEFAULT_HOST.to_owned() }
    }

    /// Whether rooms may be opened on this computer at all.
    pub fn may_host(&self) -> Result<(), UiError> {
        let allowed = self.profile.policy().allows_hosting();
        if allowed { Ok(()) } else { Err(UiError::new(crate::view::ErrorCode::FixedByPolicy)) }
    }

    /// Where rooms on this device listen.
    pub fn listen(&self) -> std::net::SocketAddr {
        super::host::listen_of(self.profile.settings())
    }

    /// Grants, refuses or withdraws one purpose, as shown in `lang`.
    pub fn decide(&mut self, purpose: &str, granted: bool, lang: Lang) -> Result<(), UiError> {
        let known = runde_privacy::Purpose::OFFERED.into_iter().find(|offered| offered.id() == purpose);
        let purpose = known.ok_or_else(|| UiError::internal("no such purpose"))?;
        let state = match (self.profile.agreed(purpose), granted) {
            (_, true) => ConsentState::Given,
            (true, false) => ConsentState::Withdrawn,
            (false, false) => ConsentState::Refused,
        };
        self.record(purpose, state, words::language(lang))
    }

    /// Whether sound and picture may go directly to the one other person. Whoever hides behind a relay shows no address there either.
    pub fn wants_direct(&self) -> bool {
        self.profile.agreed(runde_privacy::Purpose::PeerToPeer) && !self.profile.settings().relay_only
    }

    /// The functions that may be asked about at `now`: never after a refusal of the last 90 days.
    pub fn due(&self, now: Moment) -> Vec<runde_privacy::Purpose> {
        let offered = runde_privacy::Purpose::OFFERED.into_iter();
        offered.filter(|purpose| self.profile.may_ask(*purpose, now)).collect()
    }

    /// The voluntary page was left without an answer. Which language it was in is not known here then; the system's is likeliest.
    pub fn defer(&mut self, asked: Vec<runde_privacy::Purpose>) -> Result<(), UiError> {
        let lang = if self.speaks_german() { runde_privacy::Lang::De } else { runde_privacy::Lang::En };
        for purpose in asked {
            self.record(purpose, ConsentState::Deferred, lang)?;
        }
        Ok(())
    }

    fn record(
        &mut self,
        purpose: runde_privacy::Purpose,
        state: ConsentState,
        lang: runde_privacy::Lang,
    ) -> Result<(), UiError> {
        self.profile.decide(purpose, state, lang, Method::Button).map_err(|error| words::profile_error(&error))
    }

    pub fn purposes(&self) -> Vec<Purpose> {
        let offered = runde_privacy::Purpose::OFFERED.into_iter();
        self.shown(offered.filter(|purpose| self.profile.policy().allows(*purpose)))
    }

    /// As a page shows them.
    pub fn shown(&self, purposes: impl IntoIterator<Item = runde_privacy::Purpose>) -> Vec<Purpose> {
        purposes.into_iter().map(|purpose| words::purpose(purpose, self.profile.agreed(purpose))).collect()
    }

    pub fn change(&mut self, change: SettingChange) -> Result<(), UiError> {
        // On top of what another program wrote, not over it.
        self.profile.catch_up().map_err(|error| words::profile_error(&error))?;
        let mut settings = self.profile.settings().clone();
        match change {
            SettingChange::Language(language) => settings.language = words::chosen_language(language),
            SettingChange::Look(look) => settings.theme = words::theme(look),
            SettingChange::Name(name) => settings.display_name = Some(name).filter(|name| !name.is_empty()),
            SettingChange::Echo(on) => settings.processing.echo = on,
            SettingChange::Noise(on) => settings.processing.noise = on,
            SettingChange::Gain(on) => settings.processing.gain = on,
            SettingChange::RelayOnly(on) => settings.relay_only = on,
            // Not one of the profile's files: see `autostart`.
            SettingChange::Autostart(_) => return Err(misplaced()),
            SettingChange::DefaultServer(text) => settings.default_server = words::server(&text)?,
            SettingChange::Port(text) => {
                settings.listen = std::net::SocketAddr::new(self.listen().ip(), words::port(&text)?).to_string();
            }
        }
        self.keep(settings)
    }

    pub fn keep(&mut self, settings: runde_profile::Settings) -> Result<(), UiError> {
        self.profile.set_settings(settings).map_err(|error| words::profile_error(&error))
    }

    /// `None` without the consent.
    pub fn recents(&self) -> Option<Vec<Recent>> {
        if !self.profile.agreed(runde_privacy::Purpose::RecentRooms) {
            return None;
        }
        let rooms = self.profile.recent_rooms().into_iter();
        Some(rooms.filter_map(|room| words::recent(&room.link, room.used_at)).collect())
    }

    pub fn forget_recent(&mut self, link: Option<&str>) -> Result<(), UiError> {
        self.profile.forget_rooms(link).map_err(|error| words::profile_error(&error))
    }

    /// Keeps what was agreed to, and says what that was.
    pub fn remember_room(&mut self, link: &str) -> Result<Option<Stored>, UiError> {
        if !self.profile.agreed(runde_privacy::Purpose::RecentRooms) {
            return Ok(None);
        }
        self.profile.remember_room(link).map_err(|error| words::profile_error(&error))?;
        Ok(Some(Stored::RecentRoom))
    }

    /// Keeps the display name where that was agreed to.
    pub fn remember_name(&mut self, name: &str) -> Result<bool, UiError> {
        if !self.profile.agreed(runde_privacy::Purpose::DisplayName) || name.is_empty() {
            return Ok(false);
        }
        self.change(SettingChange::Name(name.to_owned())).map(|()| true)
    }

    pub fn speaks_german(&self) -> bool {
        match self.profile.settings().language {
            Some(lang) => lang.is_german(),
            None => words::system_speaks_german(),
        }
    }

    pub fn settings_slice(
        &self,
        schemes: Vec<crate::view::Scheme>,
        autostart: Option<crate::view::Autostart>,
    ) -> Settings {
        let settings = self.profile.settings();
        let damaged = |kind| matches!(kind, TroubleKind::Damaged | TroubleKind::Cut | TroubleKind::Key);
        let ledger_state = if self.profile.troubles().iter().any(|trouble| damaged(trouble.kind)) {
            LedgerState::Damaged
        } else if self.profile.protection() == Protection::Keyring {
            LedgerState::Intact
        } else {
            LedgerState::FileRightsOnly
        };
        Settings {
            language: words::shown_language(settings.language),
            look: words::look(settings.theme),
            name: settings.display_name.clone().unwrap_or_default(),
            processing: words::processing(settings.processing),
            purposes: self.purposes(),
            ledger_state,
            profile_path: self.profile.places().data.display().to_string(),
            relay_only: settings.relay_only,
            default_server: self.default_host(),
            port: self.listen().port(),
            schemes,
            autostart,
            locked: self.profile.policy().locks(),
            organisation: self.profile.policy().organisation().unwrap_or_default().to_owned(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
        }
    }
}

impl<S: Shell> App<S> {
    /// The program was started, perhaps with a link. Without any acknowledgement the first thing is the notice of whoever the
    /// link leads to, or of the default server.
    pub(super) fn started_with(&mut self, link: Option<String>) {
        if self.desk.is_err() {
            self.waiting = link.or_else(|| self.waiting.take());
            return;
        }
        self.look_around();
        match link {
            Some(text) => {
                self.defer_consents();
                if let Err(error) = self.open_text(&text) {
                    self.toast(error);
                    self.ask_before_anything();
                }
            }
            None => self.ask_before_anything(),
        }
    }

    pub(super) fn ask_before_anything(&mut self) {
        let Ok(desk) = &self.desk else { return };
        if matches!(self.place, Place::Home)
            && let Err(asks) = desk.gate().local_devices()
        {
            self.ask(*asks, Next::Home);
        }
    }

    /// Shows a notice; what was on the way waits behind it.
    pub(super) fn ask(&mut self, asks: Asks, next: Next) {
        let mut asking = Asking::first(asks, next);
        if let Ok(desk) = &self.desk {
            asking.before = asking.asks.before(desk.profile.acknowledgements(), desk.profile.shelf());
        }
        self.place = Place::Asking(Box::new(asking));
    }

    pub(super) async fn decide_notice(
        &mut self,
        decision: NoticeDecision,
        lang: Lang,
        scrolled_to_end: bool,
    ) -> Result<(), UiError> {
        let Place::Asking(asking) = &mut self.place else { return Err(misplaced()) };
        if asking.reason == NoticeReason::Reading {
            self.place = asking.back.take().unwrap_or(Place::Home);
            return Ok(());
        }
        if decision == NoticeDecision::Offline {
            self.place = Place::Declined(declined(&asking.asks));
            return Ok(());
        }
        let desk = self.desk.as_mut().map_err(|error| error.clone())?;
        desk.acknowledge(asking, lang, scrolled_to_end)?;
        let (next, asked) = (asking.next.clone(), desk.due((self.clock)()));
        self.look_around();
        if asked.is_empty() {
            return self.proceed(next).await;
        }
        self.place = Place::Consents(next, asked);
        Ok(())
    }

    pub(super) async fn decide_consents(
        &mut self,
        answers: &BTreeMap<String, bool>,
        lang: Lang,
    ) -> Result<(), UiError> {
        let Place::Consents(next, asked) = &self.place else { return Err(misplaced()) };
        let (next, asked) = (next.clone(), asked.clone());
        let desk = self.desk()?;
        for purpose in asked {
            desk.decide(purpose.id(), answers.get(purpose.id()).copied().unwrap_or(false), lang)?;
        }
        self.proceed(next).await
    }

    /// Goes on with what the notice interrupted; the link is shown once more before anything is contacted.
    async fn proceed(&mut self, next: Next) -> Result<(), UiError> {
        self.place = Place::Home;
        match next {
            Next::Home => Ok(()),
            Next::Open(link) => self.proceed_to(link).map(|_| ()),
            Next::Enter(link, name) => {
                if let Some(door) = self.proceed_to(link)? {
                    door.name = name;
                }
                Ok(())
            }
            Next::Host(options) => self.host(options).await,
        }
    }

    /// To the door, unless its server has to be asked for a notice before, or another one is to be noted.
    fn proceed_to(&mut self, link: RoomLink) -> Result<Option<&mut Door>, UiError> {
        if !self.fetch_promised(&link)? {
            self.open_room(link)?;
        }
        Ok(if let Place::Prejoin(door) = &mut self.place { Some(door) } else { None })
    }

    /// Reads a notice again. `controller` is a host, as the slices name it.
    pub(super) fn show_notice(&mut self, controller: &str) -> Result<(), UiError> {
        let target = self.target_of(controller).ok_or_else(|| UiError::internal("no such notice"))?;
        let asks = Asks::first(self.desk()?.gate().notice(&target), target);
        self.read_notice(asks);
        Ok(())
    }

    /// Reads a version that was noted, whatever holds for its host now.
    pub(super) fn show_text(&mut self, sha256: &str) -> Result<(), UiError> {
        let gone = || UiError::internal("no such text");
        let profile = &self.desk()?.profile;
        let record = profile.acknowledgements().records().rfind(|record| record.notice_sha256 == sha256);
        let record = record.ok_or_else(gone)?;
        let notice = runde_privacy::Notice::of_record(record, profile.shelf()).ok_or_else(gone)?;
        let target = Target::new(&record.host, Some(sha256)).map_err(|_| gone())?;
        self.read_notice(Asks::first(notice, target));
        Ok(())
    }

    fn read_notice(&mut self, asks: Asks) {
        let mut asking = Asking::first(asks, Next::Home);
        asking.reason = NoticeReason::Reading;
        let before = std::mem::replace(&mut self.place, Place::Home);
        let reading = |asking: &Asking| asking.reason == NoticeReason::Reading;
        asking.back = if let Place::Asking(mut earlier) = before {
            // Reading a second notice leads back to where the first one was opened.
            if reading(&earlier) { earlier.back.take() } else { Some(Place::Asking(earlier)) }
        } else {
            Some(before)
        };
        self.place = Place::Asking(Box::new(asking));
    }

    /// Controllers are named by id, or by host where somebody wants to read again what was noted for it.
    fn target_of(&self, controller: &str) -> Option<Target> {
        if let Some(noted) = self.desk.as_ref().ok().and_then(|desk| desk.noted(controller)) {
            return Some(noted);
        }
        if let Place::Prejoin(door) = &self.place
            && door.controller_id() == controller
        {
            return Some(door.target().clone());
        }
        if let Place::Declined(declined) = &self.place
            && declined.controller_id == controller
        {
            return Target::new(&declined.host, None).ok();
        }
        Door::target_by_controller(controller)
    }
}

fn declined(asks: &Asks) -> Declined {
    Declined {
        host: asks.target.host().to_owned(),
        controller_id: asks.notice.controller_id(),
        controller_name: words::controller(asks).name,
    }
}
