//! A session with the one other person in the room instead of a bridge: ICE as a full agent, addresses told one by one, one size of
//! picture. Everything else is as with a bridge.

use std::collections::{BTreeMap, BTreeSet};
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Instant;

use runde_signalling::guest::{DirectOrder, answerable, direct_contents};
use runde_signalling::jingle::{self, Content, Kind, Offer};
use runde_transport::{Candidate, Config, Credentials, Driver, Endpoint, IceRole, Identity};

use super::{
    Session, SessionError, answer_to, candidate, extension_ids, own_sources, own_transport, payload_types, remote,
    terms,
};
use crate::contacts::{Errand, Other};
use crate::meeting::uplink::Uplink;

/// A session that is not agreed on yet, what the other is told of it, and who counts at its socket.
pub(in super::super) struct Half {
    pub(in super::super) session: Session,
    pub(in super::super) order: DirectOrder,
    /// Our address, to be told after the order.
    pub(in super::super) address: DirectOrder,
    pub(in super::super) other: Arc<Other>,
}

impl Session {
    /// Answers the offer of another person as `endpoint`, from this address of ours.
    ///
    /// # Errors
    /// [`SessionError`]; nothing is left open then.
    pub(in super::super) fn answer_directly(
        now: Instant,
        identity: &Identity,
        offer: &Offer,
        endpoint: &str,
        uplink: &mut Uplink,
        (from, errand): (IpAddr, &Errand),
    ) -> Result<Half, SessionError> {
        let offered = offer.transport().ok_or(SessionError::Lacks("a transport"))?;
        let theirs = remote(offered)?;
        let contents = answerable(&offer.contents);
        let (mut session, local, other) =
            begin(now, identity, &contents, IceRole::FullControlled, uplink, (from, errand))?;
        session.certificate.clone_from(&offered.fingerprint);
        session.driver.endpoint().set_remote(now, &theirs)?;
        session.answer = own_transport(identity, local, answer_to(theirs.setup));
        let (sources, groups) = own_sources(endpoint, uplink, true);
        let order = DirectOrder::Accept { transport: session.answer.clone(), sources, groups };
        Ok(Half { address: session.address(), session, order, other })
    }

    /// Offers a session to another person as `endpoint`, from this address of ours.
    ///
    /// # Errors
    /// [`SessionError`]; nothing is left open then.
    pub(in super::super) fn offer_directly(
        now: Instant,
        identity: &Identity,
        endpoint: &str,
        uplink: &mut Uplink,
        (from, errand): (IpAddr, &Errand),
    ) -> Result<Half, SessionError> {
        let contents = direct_contents();
        let (mut session, local, other) =
            begin(now, identity, &contents, IceRole::FullControlling, uplink, (from, errand))?;
        session.answer = own_transport(identity, local, jingle::Setup::ActPass);
        let (sources, groups) = own_sources(endpoint, uplink, true);
        let order = DirectOrder::Offer { transport: session.answer.clone(), sources, groups };
        Ok(Half { address: session.address(), session, order, other })
    }

    /// The other person takes our offer.
    ///
    /// # Errors
    /// [`SessionError`].
    pub(in super::super) fn taken(&mut self, now: Instant, answer: &Offer) -> Result<(), SessionError> {
        let offered = answer.transport().ok_or(SessionError::Lacks("a transport"))?;
        self.certificate.clone_from(&offered.fingerprint);
        Ok(self.driver.endpoint().set_remote(now, &remote(offered)?)?)
    }

    /// One more address of the other person; one that is none of ours to try is left aside by the agent.
    pub(in super::super) fn try_address(&mut self, now: Instant, named: &jingle::Candidate) {
        if let Err(refused) = self.driver.endpoint().add_candidate(now, &candidate(named)) {
            tracing::debug!(%refused, "an address is not tried");
        }
    }

    /// The one address at which we are reached, with the credentials it belongs to.
    fn address(&self) -> DirectOrder {
        let own = Candidate::host(self.driver.local_addr());
        let named = jingle::Candidate {
            foundation: own.foundation,
            component: 1,
            protocol: own.protocol,
            priority: own.priority,
            addr: own.addr,
            kind: jingle::CandidateKind::Host,
            related: None,
        };
        DirectOrder::Candidates(jingle::Transport { candidates: vec![named], setup: None, ..self.answer.clone() })
    }
}

fn begin(
    now: Instant,
    identity: &Identity,
    contents: &[Content],
    role: IceRole,
    uplink: &mut Uplink,
    (from, errand): (IpAddr, &Errand),
) -> Result<(Session, Credentials, Arc<Other>), SessionError> {
    let of = |kind| contents.iter().find(|content| content.kind == Some(kind));
    let sound = of(Kind::Audio).ok_or(SessionError::Lacks("sound that we speak"))?;
    let picture = of(Kind::Video).ok_or(SessionError::Lacks("pictures that we speak"))?;
    let (socket, other) = errand.direct_socket(SocketAddr::new(from, 0))?;
    let (local, address) = (Credentials::generate(identity)?, socket.local_addr()?);
    let guest = Config::guest(local.clone(), address, extension_ids(contents, sound, Some(picture)));
    let core = Endpoint::new(now, identity, Config { role, ..guest })?;
    let mut session = Session {
        driver: Driver::new(socket, core)?,
        certificate: None,
        answer: jingle::Transport::default(),
        connected: false,
        bridge: address,
        errand: errand.clone(),
        web_socket: None,
        has_data_channels: false,
        audio: payload_types(sound, "opus"),
        video: payload_types(picture, "VP8"),
        declared: BTreeSet::new(),
        heard: BTreeMap::new(),
        mids: BTreeMap::new(),
    };
    session.declare_tx(uplink)?;
    uplink.agree(terms(Some(sound), &session.audio), terms(Some(picture), &session.video));
    Ok((session, local, other))
}
