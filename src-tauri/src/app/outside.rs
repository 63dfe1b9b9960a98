//! Another program wrote to the profile while the window is open: `runde-cli` withdrew, objected, erased or corrected something. It counts
//! here within a second, as if it had been done in the window.

use super::desk::outside::Outside;
use super::{App, Place, door};
use crate::shell::Shell;
use crate::view::{ErrorCode, UiError};
use runde_client::Command;
use runde_privacy::Target;
use runde_privacy::access_log::Retention;
use runde_privacy::stamp::Moment;

/// Of the loop, which makes ten in a second: three looks a second, each at the lengths and times of seven files.
const TICKS: u8 = 3;

/// When it was looked last, and whether that failed.
#[derive(Default)]
pub struct Lookout {
    ticks: u8,
    failed: bool,
}

impl<S: Shell> App<S> {
    /// Ten times a second; true where the window has to be drawn anew.
    pub(super) async fn look_outside(&mut self) -> bool {
        self.lookout.ticks = (self.lookout.ticks + 1) % TICKS;
        if self.lookout.ticks != 0 {
            return false;
        }
        let Ok(desk) = &mut self.desk else { return false };
        let seen = desk.look_outside();
        let failed = std::mem::replace(&mut self.lookout.failed, seen.is_err());
        match seen {
            Ok(Outside::Nothing) => return false,
            Ok(Outside::Changed { sound }) => self.heed(sound),
            Ok(Outside::Erased) => self.begin_anew().await,
            // What was read before holds; it is told once, not three times a second.
            Err(_) if failed => return false,
            Err(error) => self.toast(error),
        }
        self.counter.something_happened();
        true
    }

    /// What is open now may not be allowed any more.
    fn heed(&mut self, sound: bool) {
        let Ok(desk) = &mut self.desk else { return };
        let (warnings, gate, processing) = (desk.take_warnings(), desk.gate(), door::processing(desk));
        warnings.into_iter().for_each(|warning| self.toast(warning));
        let objected = |host: &str| Target::new(host, None).is_ok_and(|target| gate.objection(&target).is_some());
        let host = self.seat.as_ref().map(|seat| seat.host.clone()).or_else(|| self.place.host());
        if let Some(host) = host.filter(|host| objected(host)) {
            // A meeting that ends by itself just now needs no leaving.
            let _ = if self.place.is_meeting() { self.leave() } else { self.go_home() };
            return self.toast(UiError::new(ErrorCode::Objected).with("host", host));
        }
        if let Some(seat) = self.seat.as_ref().filter(|_| sound) {
            let _ = seat.command(Command::SetProcessing(processing));
        }
        let asks = matches!(self.place, Place::Asking(_) | Place::Declined(_) | Place::Broken(_));
        if self.seat.is_none() && !asks && gate.local_devices().is_err() {
            // What opened the door was erased.
            let _ = self.go_home();
            self.ask_before_anything();
        }
    }

    /// The profile was erased as a whole: nothing that it allowed goes on, and it begins anew.
    async fn begin_anew(&mut self) {
        if let Some(seat) = self.seat.take() {
            let _ = seat.command(Command::Leave);
        }
        self.frames.set(Vec::new());
        if let Some(hosted) = self.hosted.take() {
            hosted.close().await;
            self.erase_last_lines();
        }
        self.contacts = runde_client::Contacts::default();
        self.close_counter();
        self.enter_profile();
        self.toast(UiError::new(ErrorCode::ProfileErased));
        self.ask_before_anything();
    }
}

impl<S: Shell> App<S> {
    /// Connections that end now leave their line in a log that was erased already: every day is over.
    fn erase_last_lines(&self) {
        let Ok(desk) = &self.desk else { return };
        let (log, end) = (desk.log_folder(), Moment::from_unix(i64::MAX));
        match runde_server::purge(&log, end, Retention::CEILING) {
            Ok(_) => {}
            Err(missing) if missing.kind() == std::io::ErrorKind::NotFound => {}
            Err(error) => tracing::warn!(%error, "lines of an erased access log could not be deleted"),
        }
    }
}

impl Place {
    /// The host that somebody is about to go to.
    fn host(&self) -> Option<String> {
        match self {
            Self::Prejoin(door) => Some(door.host().to_owned()),
            Self::Threshold(threshold) => Some(threshold.door.host().to_owned()),
            Self::Fetching(fetching) => Some(fetching.slice().host),
            Self::Asking(_)
            | Self::Consents(..)
            | Self::Home
            | Self::Meeting
            | Self::After(_)
            | Self::Declined(_)
            | Self::Broken(_) => None,
        }
    }
}
