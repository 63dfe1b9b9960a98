//! Another transport for the session that stands: new ICE credentials in place, asked for by us or brought by the focus, and
//! `transport-replace`, by which a focus moves a session to another bridge.
//!
//! In place everything stays but the credentials: sources, codecs, DTLS. Start at [`Guest::renew`].

use super::asked::Question;
use super::event::{Event, Oddity};
use super::live::Answer;
use super::session::Session;
use super::stanza::{self, Asker};
use super::{Guest, refusal};
use crate::jingle::{Action, BridgeSession, Content, Form, Jingle, Transport};
use crate::xml::Element;

/// New credentials of the focus that wait for ours.
#[derive(Debug)]
pub(super) struct Renewal {
    action: Action,
    generation: Option<u32>,
}

impl Guest {
    /// Asks for new credentials in place. The focus says first whether it does that, and later which they are.
    pub(super) fn renew(&mut self) {
        let Some((Session::Active(live), _)) = self.session() else { return self.out_of_place() };
        let mut wish = Jingle::new(Action::SessionInfo, &live.sid);
        let id = live.bridge.as_ref().map(|bridge| bridge.id.clone()).unwrap_or_default();
        wish.bridge_session = Some(BridgeSession { id, ice_restart: Some(true), ..BridgeSession::default() });
        let sid = live.sid.clone();
        self.tell_focus(wish, Question::Renewal { sid });
    }

    pub(super) fn renewal_answered(&mut self, sid: &str, iq: &Element) {
        let ours = self.session().is_some_and(|(session, _)| session.is(sid));
        if let Some(error) = stanza::named(iq, "error").filter(|_| ours) {
            let condition = refusal::condition(error).to_owned();
            self.event(Event::NotRenewed { condition });
        }
    }

    /// `transport-info` of the focus: new credentials, a repetition of those that we have, or a candidate more.
    pub(super) fn transport_told(&mut self, asker: &Asker, jingle: &Jingle) {
        let (generation, action) = (jingle.ice_generation, Action::TransportInfo);
        self.credentials_told(asker, jingle, Renewal { action, generation });
    }

    /// What a focus says with `transport-replace`: with everything an offer has, it is an offer within the same session; with
    /// nothing but credentials, they are new ones in place.
    pub(super) fn transport_replaced(&mut self, asker: &Asker, mut jingle: Jingle) {
        if jingle.contents.iter().any(|content| !content.payload_types.is_empty()) {
            jingle.action = Action::SessionInitiate;
            return self.offered_anew(asker, jingle, Answer::Transport);
        }
        let (generation, action) = (None, Action::TransportAccept);
        self.credentials_told(asker, &jingle, Renewal { action, generation });
    }

    fn credentials_told(&mut self, asker: &Asker, jingle: &Jingle, renewal: Renewal) {
        let transport = jingle.transport().filter(|transport| !transport.ufrag.is_empty() && !transport.pwd.is_empty());
        let Some(transport) = transport else {
            self.send(&asker.refuse("modify", "bad-request", None));
            return self.ignored(Oddity::MalformedJingle);
        };
        self.send(&asker.result());
        self.take_credentials(transport, renewal);
    }

    /// Only new ones count, and only once our answer to the first is known to have arrived.
    fn take_credentials(&mut self, transport: &Transport, renewal: Renewal) {
        let Some((Session::Active(live), _)) = self.session() else { return };
        let newer = renewal.generation.is_none_or(|generation| generation > live.generation);
        if !newer || transport.ufrag == live.ufrag {
            return;
        }
        live.ufrag.clone_from(&transport.ufrag);
        live.generation = renewal.generation.unwrap_or(live.generation);
        live.renewal = Some(renewal);
        self.event(Event::Renewed(Box::new(transport.clone())));
    }

    /// Our half of a renewal, in each section, as browsers say it.
    pub(super) fn renewed(&mut self, transport: &Transport) {
        let Some((Session::Active(live), _)) = self.session() else { return self.out_of_place() };
        let Some(renewal) = live.renewal.take() else { return self.out_of_place() };
        let mut half = Jingle::new(renewal.action, &live.sid);
        half.ice_generation = renewal.generation;
        let section =
            |name: &String| Content { name: name.clone(), transport: Some(transport.clone()), ..Content::default() };
        half.contents = live.sections.iter().map(section).collect();
        let focus = self.occupant("focus");
        half.initiator = Some(focus.clone());
        let mut payload = half.to_xml(Form::Xml);
        payload.each_mut(|content| content.set("creator", "responder"));
        self.ask(Some(&focus), "set", Question::Courtesy, payload);
    }
}
