//! New ICE credentials for a session that stands.

use std::net::SocketAddr;
use std::time::Instant;

use runde_signalling::jingle;
use runde_transport::{self as transport, Credentials, Identity};

use super::{Session, SessionError, candidate};

impl Session {
    /// Takes the other side's new credentials and makes own ones, which are returned. They are used from a socket of their own,
    /// as browsers do it: a Videobridge hands whatever comes from an address that it knows to the agent that knew it first,
    /// the old one, so that checks from there are lost. Through a relay there is no such choice.
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
        if self.driver.relaying().is_none() {
            let address = SocketAddr::new(self.driver.local_addr().ip(), 0);
            self.driver.move_to(self.errand.media_socket(address)?)?;
        }
        self.driver.ice_restart(now, local.clone(), &remote, &candidates)?;
        (self.answer.ufrag, self.answer.pwd) = (local.ufrag, local.pwd);
        Ok(self.answer.clone())
    }
}
