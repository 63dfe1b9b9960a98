//! A broken connection, replaced without leaving the room (XEP-0198 5): dial, log in again, resume, repeat what was lost.
//!
//! Meanwhile the room goes on in [`State::Present`]: what we say is kept, what others say comes after the resumption. When
//! the server's time is over, or it does not know us any more, the stay ends with [`End::Closed`] and a fresh join follows,
//! which is the driver's business.

use super::acks::{Acks, Resumable};
use super::event::{End, Event, Failure};
use super::login::Exchange;
use super::{Guest, STEP_LIMIT, State};
use crate::xml::Element;
use std::time::{Duration, Instant};

/// The pause after the first failed attempt; each further one is twice as long.
const FIRST_PAUSE: Duration = Duration::from_secs(1);
/// A network that is back shall not be waited for much longer than it takes to notice.
const LONGEST_PAUSE: Duration = Duration::from_secs(4);

/// The repair under way.
#[derive(Debug)]
pub(super) struct Mend {
    pub(super) step: MendStep,
    /// Deadline of the step.
    until: Instant,
    /// The server forgets us then.
    over: Instant,
    pause: Duration,
}

#[derive(Debug)]
pub(super) enum MendStep {
    Pausing,
    Dialing,
    Authenticating { exchange: Exchange },
    Reopened,
    Asked,
}

impl Mend {
    pub(super) fn until(&self) -> Instant {
        self.until.min(self.over)
    }

    fn go(&mut self, now: Instant, step: MendStep) {
        self.step = step;
        self.until = now + STEP_LIMIT;
    }
}

impl Guest {
    /// The connection is broken. False when there is nothing to resume.
    pub(super) fn cut(&mut self, now: Instant) -> bool {
        let (State::Present(_), Some(session), None) = (&self.state, self.acks.session(), &self.mend) else {
            return false;
        };
        let over = now + session.window;
        self.mend = Some(Mend { step: MendStep::Pausing, until: now, over, pause: FIRST_PAUSE });
        self.dial(now);
        true
    }

    /// What is open or being opened leads nowhere now; in the room the next attempt is due at once, without a pause.
    pub(super) fn network_changed(&mut self, now: Instant) {
        if !matches!(self.state, State::Present(_)) {
            return;
        }
        match self.mend.as_ref().map(|mend| mend.over) {
            None if self.cut(now) => {}
            None => self.end(End::Closed),
            Some(over) if now < over => self.dial(now),
            Some(_) => self.unmendable(),
        }
    }

    fn resumable(&mut self) -> Option<Resumable> {
        let session = self.acks.session().cloned();
        if session.is_none() {
            self.unmendable();
        }
        session
    }

    fn dial(&mut self, now: Instant) {
        let Some(session) = self.resumable() else { return };
        if let Some(mend) = &mut self.mend {
            mend.go(now, MendStep::Dialing);
        }
        self.event(Event::Dial { previd: session.id });
    }

    /// This attempt came to nothing.
    pub(super) fn mend_failed(&mut self, now: Instant) {
        let Some(mend) = &mut self.mend else { return };
        if now >= mend.over {
            return self.unmendable();
        }
        mend.step = MendStep::Pausing;
        mend.until = now + mend.pause;
        mend.pause = (mend.pause * 2).min(LONGEST_PAUSE);
    }

    pub(super) fn mend_due(&mut self, now: Instant) {
        let Some(mend) = &self.mend else { return };
        if now >= mend.over {
            return self.unmendable();
        }
        if now < mend.until {
            return;
        }
        match mend.step {
            MendStep::Pausing => self.dial(now),
            MendStep::Dialing | MendStep::Authenticating { .. } | MendStep::Reopened | MendStep::Asked => {
                self.mend_failed(now);
            }
        }
    }

    fn unmendable(&mut self) {
        self.mend = None;
        self.end(End::Closed);
    }

    pub(super) fn mend_opened(&mut self, now: Instant) {
        let Some(mend) = &mut self.mend else { return };
        if matches!(mend.step, MendStep::Dialing) {
            mend.until = now + STEP_LIMIT;
            self.open_stream();
        }
    }

    pub(super) fn mend_features(&mut self, now: Instant, features: &Element) {
        let Some(mend) = &self.mend else { return };
        match mend.step {
            MendStep::Dialing => match self.begin_login(features) {
                Ok(exchange) => self.mend_step(now, MendStep::Authenticating { exchange }),
                Err(_) => self.unmendable(),
            },
            MendStep::Reopened => {
                let Some(session) = self.resumable() else { return };
                let resume = self.acks.resume(&session);
                self.mend_step(now, MendStep::Asked);
                self.write(&resume);
            }
            MendStep::Pausing | MendStep::Authenticating { .. } | MendStep::Asked => {}
        }
    }

    pub(super) fn mend_logged_in(&mut self, now: Instant) {
        if self.mend.as_ref().is_some_and(|mend| matches!(mend.step, MendStep::Authenticating { .. })) {
            self.mend_step(now, MendStep::Reopened);
            self.open_stream();
        }
    }

    fn mend_step(&mut self, now: Instant, step: MendStep) {
        if let Some(mend) = &mut self.mend {
            mend.go(now, step);
        }
    }

    /// The server carries on: what it did not get is said again.
    pub(super) fn resumed(&mut self, now: Instant, answer: &Element) {
        if !self.mend.as_ref().is_some_and(|mend| matches!(mend.step, MendStep::Asked)) {
            return;
        }
        self.mend = None;
        self.acks.confirm(answer);
        for stanza in self.acks.unconfirmed() {
            self.outputs.push_back(super::Output::Send(stanza));
        }
        self.write(&Acks::request());
        if let State::Present(present) = &mut self.state {
            present.pulse = super::pulse::Pulse::new(now);
        }
        self.event(Event::Resumed);
    }

    /// The server does not know us any more, or wants none of it.
    pub(super) fn management_failed(&mut self) {
        match &self.mend {
            Some(mend) if matches!(mend.step, MendStep::Asked) => self.unmendable(),
            Some(_) => {}
            None => self.acks.refused(),
        }
    }

    /// A login cannot go on: on the way in that is the end, in the room a repair that failed.
    pub(super) fn give_up(&mut self, why: Failure) {
        if self.mend.is_some() { self.unmendable() } else { self.fail(why) }
    }
}
