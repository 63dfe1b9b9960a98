//! An open profile: the only door through which something is recorded.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use rand_core::{OsRng, TryRngCore};
use runde_privacy::stamp::Moment;
use runde_privacy::{
    Acknowledgement, Choice, Circumstances, ConsentRecord, ConsentState, Document, Gate, Lang, Ledger, Method, Notice,
    Operator, Purpose, Shelf, Standing, Target, Verdict, consent,
};

use crate::autostart;
use crate::disk;
use crate::error::{ProfileError, Trouble, TroubleKind};
use crate::ledger_file::{ACKNOWLEDGEMENTS, CONSENTS, LedgerFile};
use crate::places::Places;
use crate::policy::Policy;
use crate::recents::{self, RecentRoom};
use crate::secrets::{Protection, Secrets};
use crate::settings::Settings;
use crate::shelf;
use crate::turns::Turn;

/// Which program records, as written into each record.
#[derive(Debug, Clone, Default)]
pub struct Build {
    pub app_version: String,
    pub ui_build_hash: String,
}

/// How to open a profile.
#[derive(Debug, Clone)]
pub struct Opening {
    pub places: Places,
    pub build: Build,
    /// How long to wait for another process to let go of the profile.
    pub wait: Duration,
}

/// How a notice was shown and noted.
#[derive(Debug, Clone, Copy)]
pub struct Shown {
    pub lang: Lang,
    pub shown_at: Moment,
    pub scrolled_to_end: bool,
    pub method: Method,
}

pub struct Profile {
    places: Places,
    build: Build,
    secrets: Secrets,
    acknowledgements: LedgerFile<Acknowledgement>,
    consents: LedgerFile<ConsentRecord>,
    policy: Policy,
    /// As the user chose them; `settings` are those in force.
    own: Settings,
    settings: Settings,
    /// Texts of notices that were noted, and those that somebody is about to note.
    shelf: Shelf,
    /// Those of the shelf that are not noted yet, so that no file holds them.
    considered: Vec<Document>,
    operator: Option<Operator>,
    troubles: Vec<Trouble>,
    turn: Turn,
}

/// The present second.
#[must_use]
pub fn now() -> Moment {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Moment::from_unix(i64::try_from(since.as_secs()).unwrap_or(i64::MAX))
}

impl Profile {
    /// Opens the profile for this process alone, making what is missing and setting damaged files aside.
    ///
    /// # Errors
    /// When another process has it, a folder cannot be used, or its key cannot be reached.
    pub fn open(opening: Opening) -> Result<Self, ProfileError> {
        let Opening { places, build, wait } = opening;
        let policy = Policy::read(&places.policy)?;
        disk::make_folder(&places.data)?;
        disk::make_folder(&places.config)?;
        let lock = disk::lock(&places.lock(), wait)?;
        let mut profile = Self::read(places, build, policy)?;
        profile.turn = Turn::alone(lock, wait);
        profile.forget_what_is_not_agreed()?;
        Ok(profile)
    }

    /// Everything as the files have it, damaged ones set aside. Whoever calls has the lock.
    fn read(places: Places, build: Build, policy: Policy) -> Result<Self, ProfileError> {
        let (mut secrets, key_trouble) = Secrets::open(&places, has_records(&places))?;
        let (acknowledgements, ack_trouble) =
            LedgerFile::open(ACKNOWLEDGEMENTS, places.acknowledgements(), &mut secrets)?;
        let (consents, consent_trouble) = LedgerFile::open(CONSENTS, places.consents(), &mut secrets)?;
        let (own, settings_trouble) = read_settings(&places, &policy)?;
        let troubles = [key_trouble, ack_trouble, consent_trouble, settings_trouble];
        let (shelf, notice_troubles) = shelf::open(&places)?;
        let (operator, operator_trouble) = read_operator(&places)?;
        let troubles = troubles.into_iter().flatten().chain(notice_troubles).chain(operator_trouble).collect();
        let settings = policy.imposed_on(&own);
        Ok(Self {
            places,
            build,
            secrets,
            acknowledgements,
            consents,
            policy,
            own,
            settings,
            shelf,
            considered: Vec::new(),
            operator,
            troubles,
            turn: Turn::default(),
        })
    }

    /// The same for a profile that is open: what another program wrote counts from now on.
    pub(crate) fn read_again(&mut self) -> Result<(), ProfileError> {
        let policy = Policy::read(&self.places.policy)?;
        let fresh = Self::read(self.places.clone(), self.build.clone(), policy)?;
        let before = std::mem::replace(self, fresh);
        self.turn = before.turn;
        before.considered.into_iter().for_each(|document| self.consider(document));
        self.troubles.splice(0..0, before.troubles);
        self.forget_what_is_not_agreed()
    }

    pub(crate) const fn turn(&self) -> &Turn {
        &self.turn
    }

    pub(crate) const fn turn_mut(&mut self) -> &mut Turn {
        &mut self.turn
    }

    /// Random, and another one after everything was erased.
    #[must_use]
    pub fn pseudonym(&self) -> &str {
        self.secrets.profile_id()
    }

    /// What was found damaged, oldest first.
    #[must_use]
    pub fn troubles(&self) -> &[Trouble] {
        &self.troubles
    }

    #[must_use]
    pub const fn protection(&self) -> Protection {
        self.secrets.protection()
    }

    #[must_use]
    pub const fn places(&self) -> &Places {
        &self.places
    }

    /// What whoever manages this computer fixed.
    #[must_use]
    pub const fn policy(&self) -> &Policy {
        &self.policy
    }

    /// As of now; ask again after each acknowledgement.
    #[must_use]
    pub fn gate(&self) -> Gate {
        Gate::replay(&self.acknowledgements.ledger).with_shelf(self.shelf.clone())
    }

    /// Makes a notice known to the gate, so that it can be shown and noted. It is kept on disk only once it is noted.
    pub fn consider(&mut self, document: Document) {
        if self.shelf.find(&document.id()).is_none() {
            self.considered.push(document.clone());
        }
        self.shelf.put(document);
    }

    /// The texts of the notices that were noted: every version of each.
    #[must_use]
    pub const fn shelf(&self) -> &Shelf {
        &self.shelf
    }

    /// Who opens rooms here, where that was said.
    #[must_use]
    pub const fn operator(&self) -> Option<&Operator> {
        self.operator.as_ref()
    }

    /// Keeps who opens rooms here, or forgets it. The notice made from it still has to be noted.
    ///
    /// # Errors
    /// When it could not be written; then the former details stay.
    pub fn set_operator(&mut self, operator: Option<Operator>) -> Result<(), ProfileError> {
        self.in_turn(|me| {
            match &operator {
                Some(operator) => disk::replace(&me.places.operator(), operator.to_json().as_bytes())?,
                None => disk::remove(&me.places.operator())?,
            }
            me.operator = operator;
            Ok(())
        })
    }

    #[must_use]
    pub const fn acknowledgements(&self) -> &Ledger<Acknowledgement> {
        &self.acknowledgements.ledger
    }

    #[must_use]
    pub const fn consents(&self) -> &Ledger<ConsentRecord> {
        &self.consents.ledger
    }

    /// Reads the files of both ledgers again and judges them as they are now; acknowledgements first.
    ///
    /// # Errors
    /// When a file cannot be read.
    pub fn verify(&self) -> Result<[Verdict; 2], ProfileError> {
        let (noted, agreed) = (disk::read(&self.places.acknowledgements())?, disk::read(&self.places.consents())?);
        let noted = Ledger::<Acknowledgement>::replay(self.secrets.key(ACKNOWLEDGEMENTS), &noted);
        let agreed = Ledger::<ConsentRecord>::replay(self.secrets.key(CONSENTS), &agreed);
        Ok([
            noted.verdict(self.secrets.head(ACKNOWLEDGEMENTS), now()),
            agreed.verdict(self.secrets.head(CONSENTS), now()),
        ])
    }

    /// Records that the notice for `target` was noted; returns when it is on disk.
    ///
    /// # Errors
    /// When it could not be written; then nothing was recorded and the gate stays as it was.
    pub fn acknowledge(&mut self, target: &Target, shown: Shown) -> Result<Acknowledgement, ProfileError> {
        self.stand(target, Standing::Informed, shown)
    }

    /// Records an objection to the controller of `target` (Art. 21 GDPR): the gate shuts that host.
    ///
    /// # Errors
    /// When it could not be written; then nothing was recorded.
    pub fn object(&mut self, target: &Target, lang: Lang, method: Method) -> Result<Acknowledgement, ProfileError> {
        self.stand(target, Standing::Objected, Shown { lang, shown_at: now(), scrolled_to_end: false, method })
    }

    /// Lifts an objection; what was noted before counts again.
    ///
    /// # Errors
    /// When it could not be written; then the objection stays in force.
    pub fn lift(&mut self, target: &Target, lang: Lang, method: Method) -> Result<Acknowledgement, ProfileError> {
        self.stand(target, Standing::Lifted, Shown { lang, shown_at: now(), scrolled_to_end: false, method })
    }

    fn stand(&mut self, target: &Target, standing: Standing, shown: Shown) -> Result<Acknowledgement, ProfileError> {
        self.in_turn(|me| me.stand_now(target, standing, shown))
    }

    fn stand_now(
        &mut self,
        target: &Target,
        standing: Standing,
        shown: Shown,
    ) -> Result<Acknowledgement, ProfileError> {
        let how = Circumstances {
            target: Some(target.clone()),
            shown_at: shown.shown_at,
            acknowledged_at: now(),
            scrolled_to_end: shown.scrolled_to_end,
            app_version: self.build.app_version.clone(),
            ui_build_hash: self.build.ui_build_hash.clone(),
            subject_pseudonym: self.secrets.profile_id().to_owned(),
            method: shown.method,
        };
        let notice = Notice::known(target, &self.shelf);
        let document = notice.document();
        shelf::keep(&self.places, &document)?;
        self.considered.retain(|considered| considered.id() != document.id());
        self.shelf.put(document);
        let record = Acknowledgement::with_standing(standing, &notice, shown.lang, how, &mut OsRng.unwrap_err());
        self.acknowledgements.record(record.clone(), &mut self.secrets)?;
        Ok(record)
    }

    /// Records an answer about a voluntary purpose. A withdrawal also removes what was kept for it.
    ///
    /// # Errors
    /// When it could not be written, or the policy took the function away; then the earlier answer stays in force.
    pub fn decide(
        &mut self,
        purpose: Purpose,
        state: ConsentState,
        lang: Lang,
        method: Method,
    ) -> Result<(), ProfileError> {
        self.in_turn(|me| {
            if state == ConsentState::Given && !me.policy.allows(purpose) {
                return Err(ProfileError::Locked(purpose.id().to_owned()));
            }
            let choice = Choice {
                purpose,
                state,
                lang,
                at: now(),
                method,
                app_version: me.build.app_version.clone(),
                subject_pseudonym: me.secrets.profile_id().to_owned(),
            };
            let record = ConsentRecord::new(choice, &me.consents.ledger, &mut OsRng.unwrap_err());
            me.consents.record(record, &mut me.secrets)?;
            me.forget_what_is_not_agreed()
        })
    }

    /// Whether a voluntary purpose may be served now.
    #[must_use]
    pub fn agreed(&self, purpose: Purpose) -> bool {
        self.policy.allows(purpose) && consent::in_force(&self.consents.ledger, purpose, now())
    }

    /// Whether what was kept for a purpose stays: it is agreed, or only the clock stands against it ([`consent::holds_on`]).
    fn keeps(&self, purpose: Purpose) -> bool {
        self.policy.allows(purpose) && consent::holds_on(&self.consents.ledger, purpose, now())
    }

    /// Whether somebody may be asked about a voluntary purpose at `now` ([`consent::may_ask`]).
    #[must_use]
    pub fn may_ask(&self, purpose: Purpose, now: Moment) -> bool {
        self.policy.allows(purpose) && consent::may_ask(&self.consents.ledger, purpose, now)
    }

    #[must_use]
    pub const fn settings(&self) -> &Settings {
        &self.settings
    }

    /// Keeps new settings; the display name only with its consent.
    ///
    /// # Errors
    /// When one of them is locked, or they could not be written; then the old ones stay.
    pub fn set_settings(&mut self, settings: Settings) -> Result<(), ProfileError> {
        self.in_turn(|me| me.set_settings_now(settings))
    }

    fn set_settings_now(&mut self, mut settings: Settings) -> Result<(), ProfileError> {
        if !self.agreed(Purpose::DisplayName) {
            let kept = self.own.display_name.clone().filter(|_| self.keeps(Purpose::DisplayName));
            settings.display_name = settings.display_name.and(kept);
        }
        if let Some(key) = self.policy.refuses(&settings) {
            return Err(ProfileError::Locked(key.to_owned()));
        }
        let own = self.policy.kept(settings, &self.own);
        let text = serde_json::to_string_pretty(&own).unwrap_or_default();
        disk::replace(&self.places.settings(), text.as_bytes())?;
        self.settings = self.policy.imposed_on(&own);
        self.own = own;
        Ok(())
    }

    /// Newest first; empty without the consent.
    #[must_use]
    pub fn recent_rooms(&self) -> Vec<RecentRoom> {
        if self.agreed(Purpose::RecentRooms) { self.kept_rooms() } else { Vec::new() }
    }

    fn kept_rooms(&self) -> Vec<RecentRoom> {
        let bytes = disk::read(&self.places.recents()).unwrap_or_default();
        recents::fresh(serde_json::from_slice(&bytes).unwrap_or_default(), now())
    }

    /// Puts a room on top of the list; does nothing without the consent.
    ///
    /// # Errors
    /// When the list could not be written.
    pub fn remember_room(&mut self, link: &str) -> Result<(), ProfileError> {
        self.in_turn(|me| {
            if !me.agreed(Purpose::RecentRooms) {
                return Ok(());
            }
            me.keep_rooms(&recents::remember(me.kept_rooms(), link, now()))
        })
    }

    /// Takes one room off the list, or all of them.
    ///
    /// # Errors
    /// When the list could not be written; then it stays as it was.
    pub fn forget_rooms(&mut self, link: Option<&str>) -> Result<(), ProfileError> {
        self.in_turn(|me| {
            let Some(link) = link else { return disk::remove(&me.places.recents()) };
            me.keep_rooms(&me.kept_rooms().into_iter().filter(|room| room.link != link).collect::<Vec<_>>())
        })
    }

    fn keep_rooms(&self, rooms: &[RecentRoom]) -> Result<(), ProfileError> {
        disk::replace(&self.places.recents(), serde_json::to_string_pretty(rooms).unwrap_or_default().as_bytes())
    }

    pub(crate) fn erase_acknowledgement_lines(&mut self, lines: &[u64]) -> Result<usize, ProfileError> {
        let count = self.acknowledgements.erase(lines)?;
        shelf::forget_unnamed(&self.places, &self.acknowledgements.ledger)?;
        (self.shelf, _) = shelf::read(&self.places)?;
        Ok(count)
    }

    /// Also removes what was kept with a consent that is gone now.
    pub(crate) fn erase_consent_lines(&mut self, lines: &[u64]) -> Result<usize, ProfileError> {
        let count = self.consents.erase(lines)?;
        self.forget_what_is_not_agreed()?;
        Ok(count)
    }

    /// Fills the ledgers of a profile that has recorded nothing; consents first, since what is kept with
    /// them needs them.
    pub(crate) fn take_records(
        &mut self,
        noted: Vec<Acknowledgement>,
        agreed: Vec<ConsentRecord>,
        notices: Vec<Document>,
    ) -> Result<(), ProfileError> {
        for document in notices {
            shelf::keep(&self.places, &document)?;
            self.shelf.put(document);
        }
        self.consents.refill(agreed, &mut self.secrets)?;
        self.acknowledgements.refill(noted, &mut self.secrets)
    }

    pub(crate) fn take_recent_rooms(&self, rooms: &[RecentRoom]) -> Result<(), ProfileError> {
        if rooms.is_empty() || !self.agreed(Purpose::RecentRooms) {
            return Ok(());
        }
        self.keep_rooms(&recents::clean(rooms, now()))
    }

    pub(crate) fn forget_key(&self) {
        self.secrets.forget();
    }

    fn forget_what_is_not_agreed(&mut self) -> Result<(), ProfileError> {
        if !self.keeps(Purpose::RecentRooms) {
            disk::remove(&self.places.recents())?;
        }
        if self.settings.display_name.is_some() && !self.keeps(Purpose::DisplayName) {
            self.set_settings(self.settings.clone())?;
        }
        if !self.policy.allows_autostart() {
            autostart::remove(&self.places)?;
        }
        Ok(())
    }
}

pub(crate) fn has_records(places: &Places) -> bool {
    let holds = |path: std::path::PathBuf| path.metadata().is_ok_and(|file| file.len() > 0);
    holds(places.acknowledgements()) || holds(places.consents())
}

fn read_operator(places: &Places) -> Result<(Option<Operator>, Option<Trouble>), ProfileError> {
    let file = places.operator();
    let bytes = disk::read(&file)?;
    if bytes.is_empty() && !file.exists() {
        return Ok((None, None));
    }
    if let Ok(operator) = Operator::read(&bytes) {
        return Ok((Some(operator), None));
    }
    let kept_as = disk::keep_aside(&file)?;
    disk::remove(&file)?;
    Ok((None, Some(Trouble { file, kept_as, kind: TroubleKind::Operator })))
}

fn read_settings(places: &Places, policy: &Policy) -> Result<(Settings, Option<Trouble>), ProfileError> {
    let file = places.settings();
    let bytes = disk::read(&file)?;
    if bytes.is_empty() && !file.exists() {
        return Ok((policy.beginning(), None));
    }
    if let Ok(settings) = serde_json::from_slice(&bytes) {
        return Ok((settings, None));
    }
    let kept_as = disk::keep_aside(&file)?;
    disk::remove(&file)?;
    Ok((Settings::default(), Some(Trouble { file, kept_as, kind: TroubleKind::Settings })))
}
