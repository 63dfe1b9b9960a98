//! Which kinds of links the system opens with this program. A choice of the person, never taken by itself: `jitsi-meet` may belong to
//! another program that is installed.

use super::App;
use super::desk::Desk;
use crate::shell::Shell;
use crate::view::{ErrorCode, Scheme, UiError};

/// What can be chosen: our own scheme, and the one of Jitsi's apps.
const OFFERED: [&str; 2] = ["runde", "jitsi-meet"];

/// What the system said when it was asked last; nothing before that.
#[derive(Default)]
pub struct Schemes(Option<Vec<Scheme>>);

impl<S: Shell> App<S> {
    /// Empty for a profile in a folder of its own: what a link starts would open the user's.
    pub(super) fn schemes_slice(&self) -> Vec<Scheme> {
        if self.offers_schemes() { self.schemes.0.clone().unwrap_or_default() } else { Vec::new() }
    }

    fn offers_schemes(&self) -> bool {
        self.desk.as_ref().is_ok_and(Desk::has_links)
    }

    /// The links go back to whoever had them, by the system's own tools; their files go with the profile's erasing.
    pub(super) fn give_links_back(&mut self) {
        for scheme in OFFERED.into_iter().filter(|_| self.offers_schemes()) {
            if self.shell.opens_scheme(scheme)
                && let Err(error) = self.shell.set_scheme(scheme, false)
            {
                tracing::warn!(%error, "the system keeps an entry for links");
            }
        }
        self.schemes.0 = None;
    }

    /// Asks the system, once; it may start a program of its own for the answer.
    pub(super) fn look_at_schemes(&mut self) {
        if self.schemes.0.is_none() {
            let asked =
                OFFERED.map(|scheme| Scheme { scheme: scheme.to_owned(), ours: self.shell.opens_scheme(scheme) });
            self.schemes.0 = Some(asked.into());
        }
    }

    pub(super) fn set_scheme(&mut self, scheme: &str, on: bool) -> Result<(), UiError> {
        if !OFFERED.contains(&scheme) || !self.offers_schemes() {
            return Err(UiError::internal("no such kind of link"));
        }
        let refused = |detail: &str| {
            UiError::new(ErrorCode::SchemeRefused).with("text", scheme).with("detail", detail).retryable()
        };
        self.shell.set_scheme(scheme, on).map_err(|detail| refused(&detail))?;
        self.schemes.0 = None;
        self.look_at_schemes();
        // Some desktops take the entry and go on as before; then the switch must not say otherwise.
        let ours = self.schemes.0.iter().flatten().any(|entry| entry.scheme == scheme && entry.ours);
        if ours == on { Ok(()) } else { Err(refused("")) }
    }
}
