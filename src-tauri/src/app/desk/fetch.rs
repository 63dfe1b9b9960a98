//! Asking an unknown server for its own notice, beside the app's loop: everything else goes on meanwhile, and whoever waits can turn
//! back. A link that promises a notice is answered before the door is shown; where none is promised the server is asked when
//! somebody presses "join", at each visit, so that a changed notice is noticed.

use super::super::{App, Place, faults};
use super::Next;
use crate::shell::Shell;
use crate::view::{ErrorCode, Fetching as Page, UiError};
use runde_client::{AnnouncedError, Contacts, LeftReason, RoomLink};
use runde_privacy::{Document, Fetch, NoticeKind, Permit, Target};
use tokio::task::JoinHandle;

/// What the server answered; `None` where the asking itself broke down.
pub type Found = Option<Result<Option<Document>, AnnouncedError>>;

/// A question that is under way; dropping it takes it back.
pub struct Fetching {
    link: RoomLink,
    task: JoinHandle<Result<Option<Document>, AnnouncedError>>,
}

impl Fetching {
    /// Must be called inside a tokio runtime.
    fn begin(permit: Permit<Fetch>, link: RoomLink, contacts: Contacts) -> Self {
        let asked = link.clone();
        let task = tokio::spawn(async move { runde_client::announced_notice(&permit, &asked, &contacts).await });
        Self { link, task }
    }

    pub fn slice(&self) -> Page {
        Page { room: self.link.room.clone(), host: self.link.host.clone() }
    }
}

impl Drop for Fetching {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// Waits for the answer; for ever where nothing was asked.
pub async fn arrived(place: &mut Place) -> Found {
    let fetching = match place {
        Place::Fetching(fetching) => Some(fetching.as_mut()),
        Place::Prejoin(door) => door.fetching.as_mut(),
        Place::Asking(_)
        | Place::Consents(..)
        | Place::Home
        | Place::Threshold(_)
        | Place::Meeting
        | Place::After(_)
        | Place::Declined(_)
        | Place::Broken(_) => None,
    };
    match fetching {
        Some(fetching) => (&mut fetching.task).await.ok(),
        None => std::future::pending().await,
    }
}

impl<S: Shell> App<S> {
    /// Asks for the notice that the link promises, once the warning about its server is noted. False where there is none to ask for.
    pub(super) fn fetch_promised(&mut self, link: &RoomLink) -> Result<bool, UiError> {
        let Ok(target) = Target::new(&link.host, link.rn.as_deref()) else { return Ok(false) };
        let gate = self.desk()?.gate();
        if !gate.contact(&target).is_err_and(|asks| asks.second_stage) {
            return Ok(false);
        }
        let Ok(permit) = gate.fetch(&target) else { return Ok(false) };
        self.place = Place::Fetching(Box::new(Fetching::begin(permit, link.clone(), self.contacts.clone())));
        Ok(true)
    }

    /// The same at the door of a server whose link promises nothing. False where nothing has to be asked.
    pub(in crate::app) fn fetch_at_the_door(&mut self) -> Result<bool, UiError> {
        let gate = self.desk()?.gate();
        let Place::Prejoin(door) = &mut self.place else { return Ok(false) };
        if door.fetching.is_some() {
            return Ok(true);
        }
        let Ok(plain) = Target::new(door.host(), None) else { return Ok(false) };
        let unknown = matches!(gate.notice(&plain).kind(), NoticeKind::UnknownServer { .. });
        if door.is_served_here() || door.link().rn.is_some() || !unknown {
            return Ok(false);
        }
        let Ok(permit) = gate.fetch(&plain) else { return Ok(false) };
        door.fetching = Some(Fetching::begin(permit, door.link().clone(), self.contacts.clone()));
        Ok(true)
    }

    pub(in crate::app) fn notice_found(&mut self, found: Found) {
        let done = match std::mem::replace(&mut self.place, Place::Home) {
            Place::Fetching(fetching) => self.promised_notice_found(found, fetching.link.clone()),
            Place::Prejoin(mut door) => {
                door.fetching = None;
                let (link, name) = (door.link().clone(), door.name.clone());
                self.place = Place::Prejoin(door);
                self.notice_found_at_the_door(found, link, name)
            }
            other @ (Place::Asking(_)
            | Place::Consents(..)
            | Place::Home
            | Place::Threshold(_)
            | Place::Meeting
            | Place::After(_)
            | Place::Declined(_)
            | Place::Broken(_)) => {
                self.place = other;
                Ok(())
            }
        };
        if let Err(error) = done {
            self.toast(error);
        }
    }

    /// It must be the one that the link promises; then it is asked for like any other.
    fn promised_notice_found(&mut self, found: Found, link: RoomLink) -> Result<(), UiError> {
        let promised = link.rn.clone().unwrap_or_default();
        let document = match answer(found, &link) {
            Ok(document) => document.filter(|document| document.language_of(&promised).is_some()),
            Err(error) => return self.turned_back(error, &link),
        };
        let Some(document) = document else {
            let error = refused(&link, "the server does not show the notice that the link promises");
            return self.turned_back(error, &link);
        };
        self.desk()?.profile.consider(document);
        self.open_room(link)
    }

    /// A server that offers none is entered after the warning; one that offers another than was noted asks first.
    fn notice_found_at_the_door(&mut self, found: Found, link: RoomLink, name: String) -> Result<(), UiError> {
        let document = match answer(found, &link) {
            Ok(Some(document)) => document,
            Ok(None) => return self.enter(),
            Err(error) => return self.turned_back(error, &link),
        };
        let Ok(target) = Target::new(&link.host, Some(&document.id())) else { return self.enter() };
        let desk = self.desk()?;
        desk.profile.consider(document);
        match desk.gate().contact(&target) {
            Ok(_) => self.enter(),
            Err(asks) if asks.objected.is_some() => {
                self.place = Place::Home;
                Err(UiError::new(ErrorCode::Objected).with("host", link.host))
            }
            Err(asks) => {
                self.ask(*asks, Next::Enter(link, name));
                Ok(())
            }
        }
    }

    fn turned_back(&mut self, error: UiError, link: &RoomLink) -> Result<(), UiError> {
        self.place = Place::broken(error, &link.room, &link.to_link());
        Ok(())
    }
}

fn answer(found: Found, link: &RoomLink) -> Result<Option<Document>, UiError> {
    let found = found.ok_or_else(|| UiError::internal("the question was not put"))?;
    found.map_err(|error| match error {
        AnnouncedError::Wire(error) => faults::of_ending(&LeftReason::Unreachable(error), &link.host, &link.room),
        AnnouncedError::OtherHost | AnnouncedError::Unusable(_) => refused(link, &error.to_string()),
    })
}

fn refused(link: &RoomLink, detail: &str) -> UiError {
    UiError::new(ErrorCode::EntryRefused).with("host", link.host.clone()).with("detail", detail)
}
