//! New ICE credentials for a session that stands.

use std::time::Instant;

use runde_signalling::jingle;
use runde_transport::{self as transport, Credentials, Identity};

use super::{Session, SessionError, candidate};

impl Session {
    /// Takes the other side's new credentials and makes own ones, which are returned. Media goes on where it goes until they
    /// have found a way.
    ///
    /// # Errors
    /// [`SessionError`] when they are incomplete, or of somebody else: only a new session leads to another certificate.
    pub(in super::super) fn renew(
        &mut self,
        now: Instant,
        identity: &Identity,
        offered: &jingle::Transport,
    ) -> Result<jingle::Transport, SessionError> {
        if offered.ufrag.is_empty() || offered.pwd.is_empty() {
            return Err(SessionError::Lacks("ICE credentials"));
        }
        if offered.fingerprint.as_ref().is_some_and(|named| Some(named) != self.certificate.as_ref()) {
            return Err(SessionError::Fingerprint);
        }
        let remote = Credentials { ufrag: offered.ufrag.clone(), pwd: offered.pwd.clone() };
        let local = Credentials::generate(identity)?;
        let mut candidates: Vec<_> = offered.candidates.iter().map(candidate).collect();
        if candidates.is_empty() {
            candidates.push(transport::Candidate::host(self.bridge));
        }
        self.driver.ice_restart(now, local.clone(), &remote, &candidates)?;
        (self.answer.ufrag, self.answer.pwd) = (local.ufrag, local.pwd);
        Ok(self.answer.clone())
    }
}
