//! New ICE credentials in place, what follows when they come to nothing, and a bridge that says goodbye.

use super::*;
use crate::meeting::renewals::Renewals;
use crate::meeting::ways::Doubt;
use runde_transport::CloseReason;

fn ms(milliseconds: u64) -> Duration {
    Duration::from_millis(milliseconds)
}

fn reconnecting(seat: &mut Seat) -> usize {
    let told = std::iter::from_fn(|| seat.events.try_recv().ok());
    told.filter(|event| matches!(event, MeetingEvent::Reconnecting { .. })).count()
}

/// In a session whose path was moved at `start`, and the transport that was offered.
fn moved(renews: bool, start: Instant) -> (Seat, jingle::Transport) {
    let mut seat = seat(false, false);
    let offer = offer(true);
    let transport = offer.contents[0].transport.clone().unwrap();
    seat.actor.renewals = Renewals::new(renews);
    // The offer has no channel, which would be a reason of its own to enter anew.
    seat.actor.classic = true;
    seat.actor.offered(start, &offer);
    seat.actor.session.as_mut().unwrap().connected = true;
    seat.actor.doubt = Some(Doubt::new(start));
    (seat, transport)
}

fn new_credentials(transport: &jingle::Transport) -> jingle::Transport {
    jingle::Transport { ufrag: "another".into(), pwd: "x".repeat(24), ..transport.clone() }
}

fn own_ufrag(seat: &mut Seat) -> String {
    let transport = seat.actor.session.as_mut().unwrap().renew(
        Instant::now(),
        &seat.actor.identity,
        &jingle::Transport { ufrag: "probe".into(), pwd: "y".repeat(24), ..Default::default() },
    );
    transport.unwrap().ufrag
}

#[tokio::test]
async fn a_bridge_that_does_not_follow_is_given_new_credentials_and_only_then_a_new_session() {
    let start = Instant::now();
    let (mut seat, transport) = moved(true, start);
    assert_eq!(seat.actor.wake(), Some(start + ms(700)));
    seat.actor.woken(start + ms(700));
    assert!(seat.actor.session.is_some(), "the session was given up");
    assert_eq!(seat.actor.wake(), Some(start + ms(1_700)), "the answer is not awaited");
    seat.actor.renewed(start + ms(800), &new_credentials(&transport));
    assert_eq!(seat.actor.wake(), Some(start + ms(3_800)), "they have no time to find a way");
    assert_eq!(reconnecting(&mut seat), 0, "somebody noticed");
    seat.actor.woken(start + ms(3_800));
    assert!(seat.actor.session.is_none());
    assert_eq!(reconnecting(&mut seat), 1);
}

#[tokio::test]
async fn an_answer_is_not_missed_while_there_is_no_connection_that_could_bring_it() {
    let start = Instant::now();
    let (mut seat, _) = moved(true, start);
    seat.actor.woken(start + ms(700));
    seat.actor.redialing = true;
    seat.actor.woken(start + ms(1_700));
    assert!(seat.actor.session.is_some());
    seat.actor.redialing = false;
    assert_eq!(seat.actor.wake(), Some(start + ms(2_700)));
    seat.actor.woken(start + ms(2_700));
    assert!(seat.actor.session.is_none());
}

#[tokio::test]
async fn each_renewal_has_credentials_and_a_socket_of_its_own() {
    let (mut seat, _) = moved(true, Instant::now());
    let port = |seat: &Seat| seat.actor.session.as_ref().unwrap().driver.local_addr().port();
    let before = port(&seat);
    let first = own_ufrag(&mut seat);
    let between = port(&seat);
    assert_ne!(first, own_ufrag(&mut seat));
    assert!(before != between && between != port(&seat), "a Videobridge hands what comes from there to the old agent");
}

#[tokio::test]
async fn without_an_answer_or_where_the_deployment_cannot_a_new_session_is_asked_for() {
    let start = Instant::now();
    let (mut silent, _) = moved(true, start);
    silent.actor.woken(start + ms(700));
    silent.actor.woken(start + ms(1_700));
    assert!(silent.actor.session.is_none());
    let (mut unable, _) = moved(false, start);
    unable.actor.woken(start + ms(700));
    assert!(unable.actor.session.is_none());
    assert_eq!((reconnecting(&mut silent), reconnecting(&mut unable)), (1, 1));
}

#[tokio::test]
async fn a_refusal_leads_to_a_new_session_at_once() {
    let start = Instant::now();
    for condition in ["feature-not-implemented", "resource-constraint", "item-not-found"] {
        let (mut seat, _) = moved(true, start);
        seat.actor.woken(start + ms(700));
        seat.actor.guest_said(guest::Event::NotRenewed { condition: condition.into() });
        assert!(seat.actor.session.is_none(), "{condition}");
        let again = seat.actor.renewals.may_ask(start + Duration::from_secs(60));
        assert_eq!(again, condition != "feature-not-implemented", "{condition}");
    }
    let (mut heard, _) = moved(true, start);
    heard.actor.doubt = None;
    heard.actor.guest_said(guest::Event::NotRenewed { condition: "item-not-found".into() });
    assert!(heard.actor.session.is_some(), "the bridge was heard meanwhile");
}

#[tokio::test]
async fn credentials_that_nobody_asked_for_are_taken_and_those_of_another_certificate_are_not() {
    let start = Instant::now();
    let (mut seat, transport) = moved(true, start);
    seat.actor.doubt = None;
    seat.actor.renewed(start, &new_credentials(&transport));
    assert!(seat.actor.session.is_some() && seat.actor.doubt.is_none());
    let other = Identity::generate().unwrap().fingerprint().clone();
    let other = jingle::Fingerprint { hash: other.hash.clone(), value: other.to_string() };
    seat.actor.renewed(start, &jingle::Transport { fingerprint: Some(other), ..new_credentials(&transport) });
    assert!(seat.actor.session.is_none(), "media would go to a stranger");
}

#[tokio::test]
async fn a_kick_is_not_told_as_a_connection_that_is_repaired() {
    let (mut seat, _) = moved(true, Instant::now());
    seat.actor.media_said(Ok(runde_transport::Event::Closed(CloseReason::ByPeer)));
    assert!(seat.actor.session.is_none() && seat.actor.wake().is_some());
    seat.actor.guest_said(guest::Event::Ended(guest::End::Kicked { by: None, reason: String::new() }));
    assert_eq!(seat.actor.over, Some(Over::Ended(LeftReason::Kicked)));
    assert_eq!(reconnecting(&mut seat), 0);
}

#[tokio::test]
async fn a_goodbye_of_the_bridge_that_nobody_explains_is_repaired_a_moment_later() {
    let (mut seat, _) = moved(true, Instant::now());
    seat.actor.media_said(Ok(runde_transport::Event::Closed(CloseReason::ByPeer)));
    assert_eq!(reconnecting(&mut seat), 0);
    let due = seat.actor.wake().unwrap();
    seat.actor.woken(due);
    assert_eq!((reconnecting(&mut seat), seat.actor.restarts.due()), (1, None), "asked for, once");
}

/// The focus invites whoever enters: the way that is left.
#[tokio::test]
async fn a_session_that_the_focus_does_not_give_again_is_got_by_entering_anew() {
    let (mut seat, _) = moved(false, Instant::now());
    seat.actor.faces.learn(Fact::Present(super::bob()));
    seat.actor.restart(Instant::now());
    let silent = seat.actor.wake().unwrap();
    seat.actor.guest_said(guest::Event::NotRestarted { condition: "resource-constraint".into() });
    let refused = seat.actor.wake().unwrap();
    assert!(refused < silent);
    seat.actor.woken(refused);
    assert_eq!(seat.actor.over.take(), Some(Over::Anew { attempt: 1 }));
}
