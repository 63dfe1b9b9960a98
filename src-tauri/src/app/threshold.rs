//! In front of a room that does not just let in: it asks for something, or somebody else has to act. One page for each, and the way on.

use super::door::{Door, LONGEST_NAME};
use super::{App, Place, faults, misplaced};
use crate::shell::Shell;
use crate::view::{self, ErrorCode, UiError, Wants};
use runde_client::{LeftReason, Login, Refusal, Secret, Waiting};

/// Bytes of a password or an account's name that anybody types; longer ones are a mistake.
const LONGEST_SECRET: usize = 256;

/// What was given at this door so far. It lives as long as somebody stands there.
#[derive(Default)]
pub struct Keys {
    pub password: Option<Secret>,
    pub login: Login,
}

/// The page in front of a room.
pub struct Threshold {
    pub door: Door,
    pub keys: Keys,
    wants: Wants,
    login_page: Option<String>,
}

impl Threshold {
    pub fn slice(&self, trying: bool) -> view::Threshold {
        let waits = matches!(self.wants, Wants::Moderator | Wants::Host);
        view::Threshold {
            room: self.door.room().to_owned(),
            host: self.door.host().to_owned(),
            wants: self.wants,
            trying: trying && !waits,
            name: self.door.name.clone(),
            login_page: self.login_page.clone(),
        }
    }
}

/// What a refusal leaves to be given; nothing where no answer helps.
fn wanted(reason: &LeftReason) -> Option<Wants> {
    let LeftReason::Refused(refusal) = reason else { return None };
    match refusal {
        Refusal::PasswordNeeded => Some(Wants::Password),
        Refusal::PasswordWrong => Some(Wants::OtherPassword),
        Refusal::AuthenticationNeeded | Refusal::NoAnonymousLogin => Some(Wants::Login),
        Refusal::LoginRefused => Some(Wants::OtherLogin),
        Refusal::TokenRefused => Some(Wants::OtherToken),
        Refusal::NameNeeded => Some(Wants::Name),
        Refusal::MembersOnly
        | Refusal::LobbyRefused
        | Refusal::LobbyClosed
        | Refusal::Full
        | Refusal::Banned
        | Refusal::NotAllowed
        | Refusal::NickTaken
        | Refusal::ServerUnproven
        | Refusal::VisitorsOnly { .. }
        | Refusal::NotReserved(_)
        | Refusal::NoFocus
        | Refusal::RequestRefused(_)
        | Refusal::Refused(_)
        | Refusal::Silent(_)
        | Refusal::Closed(_)
        | Refusal::NoPasswordLogin => None,
    }
}

impl<S: Shell> App<S> {
    /// Nothing is wrong; somebody else has to act.
    pub(super) fn wait_outside(&mut self, why: Waiting) {
        let wants = if why == Waiting::Lobby { Wants::Moderator } else { Wants::Host };
        self.stand_before(wants);
    }

    /// The meeting ended before it began. True where there is something to give instead of a page that says no.
    pub(super) fn ask_for_keys(&mut self, reason: &LeftReason) -> bool {
        let wants = wanted(reason);
        wants.is_some_and(|wants| self.stand_before(wants))
    }

    /// From the door to the page in front of the room; false where there is no door to stand at.
    fn stand_before(&mut self, wants: Wants) -> bool {
        let login_page = self.seat.as_ref().and_then(|seat| seat.login_page.clone());
        let place = std::mem::replace(&mut self.place, Place::Home);
        let (door, keys, known) = match place {
            Place::Prejoin(door) => (*door, Keys::default(), None),
            Place::Threshold(before) => (before.door, before.keys, before.login_page),
            other @ (Place::Asking(_)
            | Place::Consents(..)
            | Place::Home
            | Place::Fetching(_)
            | Place::Meeting
            | Place::After(_)
            | Place::Declined(_)
            | Place::Broken(_)) => {
                self.place = other;
                return false;
            }
        };
        let login_page = login_page.or(known);
        self.place = Place::Threshold(Box::new(Threshold { door, keys, wants, login_page }));
        true
    }

    pub(super) fn login_page_found(&mut self, url: String) {
        if let Place::Threshold(threshold) = &mut self.place {
            threshold.login_page = Some(url.clone());
        }
        if let Some(seat) = &mut self.seat {
            seat.login_page = Some(url);
        }
    }

    pub(super) fn give_password(&mut self, password: Secret) -> Result<(), UiError> {
        is_bearable(&password)?;
        self.answer_threshold(|threshold| threshold.keys.password = Some(password))
    }

    pub(super) fn give_login(&mut self, user: String, password: Secret) -> Result<(), UiError> {
        is_bearable(&password)?;
        is_bearable(&Secret::from(user.as_str()))?;
        self.answer_threshold(|threshold| threshold.keys.login = Login::Account { user, password })
    }

    pub(super) fn give_name(&mut self, name: String) -> Result<(), UiError> {
        if name.chars().count() > LONGEST_NAME {
            return Err(UiError::new(ErrorCode::TextTooLong).with("limit", LONGEST_NAME.to_string()));
        }
        self.answer_threshold(|threshold| threshold.door.name = name)
    }

    /// Takes an answer and tries again with it.
    fn answer_threshold(&mut self, take: impl FnOnce(&mut Threshold)) -> Result<(), UiError> {
        if self.seat.is_some() {
            return Ok(());
        }
        let Place::Threshold(threshold) = &mut self.place else { return Err(misplaced()) };
        take(threshold);
        self.enter()
    }

    /// The server's own page for logging in, in the person's browser. Only after a click that says so.
    pub(super) fn open_login_page(&mut self) -> Result<(), UiError> {
        let Place::Threshold(threshold) = &self.place else { return Err(misplaced()) };
        let page = threshold.login_page.clone().ok_or_else(misplaced)?;
        if !is_web_page(&page) {
            return Err(UiError::internal("the login page has an odd address"));
        }
        self.shell.open_page(&page).map_err(|detail| UiError::new(ErrorCode::BrowserSilent).with("detail", detail))
    }

    /// The page that says no, with what it says.
    pub(super) fn turned_off(&mut self, reason: &LeftReason, host: &str, room: &str, link: &str) {
        self.place = Place::broken(faults::of_ending(reason, host, room), room, link);
    }
}

fn is_bearable(secret: &Secret) -> Result<(), UiError> {
    if secret.expose().len() <= LONGEST_SECRET {
        return Ok(());
    }
    Err(UiError::new(ErrorCode::TextTooLong).with("limit", LONGEST_SECRET.to_string()))
}

/// An address that goes to a browser and nowhere else, whatever a server announced.
fn is_web_page(url: &str) -> bool {
    let rest = url.strip_prefix("https://").or_else(|| url.strip_prefix("http://127.0.0.1:"));
    rest.is_some_and(|rest| !rest.is_empty()) && url.chars().all(|letter| letter.is_ascii_graphic())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_web_page_is_handed_to_the_browser() {
        assert!(is_web_page("https://login.example/room?state=%7B%7D"));
        assert!(is_web_page("http://127.0.0.1:8080/login"));
        for odd in [
            "file:///etc/passwd",
            "https://",
            "http://login.example/",
            "-h",
            "https://a b",
            "javascript:1",
            "https://a\u{202e}b",
        ] {
            assert!(!is_web_page(odd), "{odd}");
        }
    }
}
