//! The way into the room as far as it needs more than one socket: the guest's configuration, the conference request by
//! HTTP, waiting, a replaced connection, and where a login page is.

use std::time::Instant;

use rand_chacha::ChaCha20Rng;
use rand_core::RngCore;
use runde_signalling::Guest;
use runde_signalling::guest::{self, Failure, GuestConfig, Waiting};
use tokio_util::task::AbortOnDropHandle;

use super::{Actor, Wire};
use crate::contacts::Purpose;
use crate::event::MeetingEvent;
use crate::options::JoinOptions;
use crate::place::Place;
use crate::state::Fact;
use crate::wire::{Ask, fetch};

/// Addresses of earlier connections that are remembered: a server shows none of them for longer than a few minutes.
const FORMER: usize = 8;

/// What the conference request by HTTP came to; status 0 is no answer.
pub(super) type ConferenceAnswer = (u16, String);

/// A request under way.
pub(super) type Asking = AbortOnDropHandle<ConferenceAnswer>;

/// A guest for the next attempt; `former` are addresses of ours that a broken connection may have left in the room.
/// `elsewhere` is another room of the same meeting. `classic`: SSRC rewriting is not offered.
pub(super) fn new_guest(
    options: &JoinOptions,
    place: &Place,
    elsewhere: Option<&str>,
    former: &[String],
    classic: bool,
    rng: &mut ChaCha20Rng,
) -> Guest {
    let mut machine = [0; 16];
    rng.fill_bytes(&mut machine);
    let mut config = GuestConfig::at(&place.addresses, &options.link, &options.name, &hex::encode(machine));
    config.conference_by_http = place.conference.is_some();
    config.password.clone_from(&options.password);
    config.login.clone_from(&options.login);
    config.former = former.to_vec();
    config.classic = classic;
    config.direct = options.allows_direct();
    if let Some((room, muc)) = elsewhere.and_then(|address| address.split_once('@')) {
        (config.room, config.muc) = (room.to_owned(), muc.to_owned());
    }
    Guest::new(Instant::now(), config, rng)
}

/// Ends when there is an answer, or never when nothing was asked.
pub(super) async fn conference_answer(asking: &mut Option<Asking>) -> ConferenceAnswer {
    match asking {
        Some(task) => {
            let answer = task.await.unwrap_or_default();
            *asking = None;
            answer
        }
        None => std::future::pending().await,
    }
}

impl Actor {
    /// The guest wants the conference asked for by HTTP.
    pub(super) fn ask_conference(&mut self, json: String) {
        let Some(target) = self.place.conference.clone() else {
            return self.conference_answered((0, String::new()));
        };
        let errand = self.place.errand.towards(Purpose::ConferenceRequest);
        let bearer = self.options.link.jwt.clone();
        let work = async move {
            match fetch(&target, Ask::Post { json, bearer }, &errand).await {
                Ok(answer) => (answer.status, String::from_utf8_lossy(&answer.body).into_owned()),
                Err(error) => {
                    tracing::info!(%error, "no answer to the conference request");
                    (0, String::new())
                }
            }
        };
        self.asking = Some(AbortOnDropHandle::new(tokio::spawn(work)));
    }

    pub(super) fn conference_answered(&mut self, (status, body): ConferenceAnswer) {
        self.guest.handle(Instant::now(), guest::Input::Conference { status, body });
    }

    /// The connection broke, the stay did not: a new one in its place.
    pub(super) fn redial(&mut self, previd: &str) {
        if self.over.is_some() {
            return;
        }
        tracing::info!("the connection broke; trying to carry on");
        self.redialing = true;
        // A connection that is back at once is nobody's business.
        if self.redials > 0 {
            self.faces.learn(Fact::Repairing { attempt: self.redials });
        }
        self.redials += 1;
        self.wire = Wire::resuming(&self.place, previd);
    }

    /// The new connection stands in the place of the old one. Sound and picture never passed through it.
    pub(super) fn resumed(&mut self) {
        self.redialing = false;
        if std::mem::take(&mut self.redials) < 2 {
            return;
        }
        let connected = self.session.as_ref().is_some_and(|session| session.connected);
        self.faces.learn(if connected { Fact::MediaConnected } else { Fact::MediaGone });
    }

    pub(super) fn waiting(&mut self, why: Waiting) {
        self.faces.tell(MeetingEvent::Waiting { why });
        if why == Waiting::Host {
            self.tell_login_page();
        }
    }

    /// Where a login would help and the deployment has a page for it. The page is told, never opened.
    pub(super) fn tell_login_page(&self) {
        if let Some(url) = self.place.addresses.token_page.clone() {
            self.faces.tell(MeetingEvent::LoginNeeded { url });
        }
    }

    /// What a refusal leaves to do besides telling it.
    pub(super) fn refusal_hints(&self, failure: &Failure) {
        if matches!(failure, Failure::AuthenticationNeeded | Failure::NoAnonymousLogin | Failure::TokenRefused) {
            self.tell_login_page();
        }
    }

    /// Remembers the address under which the room knows us now.
    pub(super) fn remember_address(&mut self) {
        let Some(address) = self.guest.address() else { return };
        if self.former.len() == FORMER {
            self.former.remove(0);
        }
        self.former.push(address.to_owned());
    }
}
