//! Proving who we are: without a name, or with an account. The same on the way in and when a broken connection resumes.

use super::State;
use super::config::Login;
use super::event::Failure;
use super::mend::MendStep;
use super::{Guest, stanza::named};
use crate::ns;
use crate::sasl::{self, Hash, Scram};
use crate::stream;
use crate::xml::Element;

/// Ways to prove a password without saying it, best first.
const SCRAM: [(&str, Hash); 2] = [("SCRAM-SHA-256", Hash::Sha256), ("SCRAM-SHA-1", Hash::Sha1)];

/// A login under way.
#[derive(Debug)]
pub(super) enum Exchange {
    /// Nothing more to say: anonymous, or everything was said at once.
    Told,
    Scram(Box<Scram>),
}

impl Guest {
    /// Begins the best login that the server offers and we can do.
    pub(super) fn begin_login(&mut self, features: &Element) -> Result<Exchange, Failure> {
        let Login::Account { user, password } = &self.config.login else {
            if !stream::offers_mechanism(features, "ANONYMOUS") {
                return Err(Failure::NoAnonymousLogin);
            }
            self.write(&stream::auth_anonymous());
            return Ok(Exchange::Told);
        };
        let user = user.split_once('@').map_or(user.as_str(), |(user, _)| user);
        let refused = |_| Failure::LoginRefused;
        let scram = SCRAM.into_iter().find(|(name, _)| stream::offers_mechanism(features, name));
        let (name, text, exchange) = if let Some((name, hash)) = scram {
            let nonce = format!("{}{}", self.ids.next(), self.ids.next());
            let scram = Scram::new(hash, user, password, nonce).map_err(refused)?;
            (name, scram.first(), Exchange::Scram(Box::new(scram)))
        } else if stream::offers_mechanism(features, "PLAIN") {
            ("PLAIN", sasl::plain(user, password).map_err(refused)?, Exchange::Told)
        } else {
            return Err(Failure::NoPasswordLogin);
        };
        self.write(&Element::new("auth", ns::SASL).attr("mechanism", name).text(text));
        Ok(exchange)
    }

    /// The login under way, in whichever part of our life.
    fn exchange(&mut self) -> Option<&mut Exchange> {
        if let Some(mend) = &mut self.mend {
            return match &mut mend.step {
                MendStep::Authenticating { exchange } => Some(exchange),
                MendStep::Pausing | MendStep::Dialing | MendStep::Reopened | MendStep::Asked => None,
            };
        }
        match &mut self.state {
            State::Authenticating { exchange, .. } => Some(exchange),
            State::Opening { .. }
            | State::Binding { .. }
            | State::Requesting { .. }
            | State::Entering { .. }
            | State::Knocking { .. }
            | State::Present(_)
            | State::Gone => None,
        }
    }

    pub(super) fn challenged(&mut self, challenge: &Element) {
        let Some(Exchange::Scram(scram)) = self.exchange() else { return };
        match scram.answer(&challenge.own_text()) {
            Ok(answer) => self.write(&Element::new("response", ns::SASL).text(answer)),
            Err(_) => self.give_up(Failure::LoginRefused),
        }
    }

    /// False when the server says yes without proving that it may.
    pub(super) fn is_proven(&mut self, success: &Element) -> bool {
        match self.exchange() {
            Some(Exchange::Scram(scram)) => scram.verify(&success.own_text()).is_ok(),
            Some(Exchange::Told) | None => true,
        }
    }

    /// Why a login was refused, as far as it can be told.
    pub(super) fn login_failure(&self, failure: &Element) -> Failure {
        let busy = named(failure, "temporary-auth-failure").is_some();
        match &self.config.login {
            Login::Account { .. } if busy => Failure::Refused("temporary-auth-failure".to_owned()),
            Login::Account { .. } => Failure::LoginRefused,
            Login::Anonymous if self.config.token.is_some() => Failure::TokenRefused,
            Login::Anonymous => Failure::AuthenticationNeeded,
        }
    }
}
