//! Sharing, permission to speak and moving between rooms, without a server.

use super::*;
use crate::options::ScreenIn;
use runde_signalling::extras::{Breakout, Media, News, Wish};

fn told(seat: &mut Seat) -> Vec<MeetingEvent> {
    std::iter::from_fn(|| seat.events.try_recv().ok()).collect()
}

fn needed(media: Media) -> News {
    News::Permission { media, needed: true, by: None }
}

#[tokio::test]
async fn a_screen_is_shared_only_where_one_was_chosen_and_is_named_from_then_on() {
    let mut seat = seat(false, false);
    seat.actor.ask(Command::SetShare(true));
    assert_eq!(told(&mut seat).last(), Some(&MeetingEvent::ShareFailed(DeviceFault::NotChosen)));
    assert!(seat.actor.screen_state().is_none() && !seat.state.borrow().me.screen);
    seat.actor.options.screen_in = ScreenIn::Pattern;
    seat.actor.ask(Command::SetShare(true));
    let state = |seat: &mut Seat| seat.actor.screen_state().map(|(name, state)| (name, state.muted, state.desktop));
    assert_eq!(state(&mut seat), Some(("aaaa0001-v1".to_owned(), false, true)));
    seat.actor.ask(Command::SetShare(false));
    assert_eq!(state(&mut seat), Some(("aaaa0001-v1".to_owned(), true, true)), "muted, not gone");
}

#[tokio::test]
async fn what_needs_permission_goes_off_and_stays_off_until_it_is_given() {
    let mut seat = seat(false, false);
    seat.actor.options.audio_in = AudioIn::Tone;
    seat.actor.ask(Command::SetMicrophone(true));
    assert!(seat.state.borrow().me.microphone);
    seat.actor.offered_besides(needed(Media::Audio));
    assert!(!seat.state.borrow().me.microphone);
    told(&mut seat);
    seat.actor.ask(Command::SetMicrophone(true));
    assert!(told(&mut seat).contains(&MeetingEvent::MustAsk(Media::Audio)));
    assert!(!seat.state.borrow().me.microphone);
    seat.actor.offered_besides(News::Allowed { media: Media::Audio, allowed: true });
    assert!(!seat.state.borrow().me.microphone, "nobody but oneself switches it on");
    seat.actor.ask(Command::SetMicrophone(true));
    assert!(seat.state.borrow().me.microphone);
}

#[tokio::test]
async fn who_is_no_moderator_is_told_so_and_may_ask_everybody_and_vote_all_the_same() {
    let mut seat = seat(false, false);
    let refused = [MeetingEvent::NotDone { condition: "forbidden".into() }];
    told(&mut seat);
    seat.actor.ask(Command::Moderate(guest::Moderation::SetLobby(true)));
    assert_eq!(told(&mut seat), refused);
    seat.actor.ask(Command::Extra(Wish::AddRoom { title: "Group".into() }));
    assert_eq!(told(&mut seat), refused);
    seat.actor.ask(Command::Extra(Wish::Vote { poll: "p".into(), answers: vec![true] }));
    assert_eq!(told(&mut seat), []);
    seat.actor.faces.learn(Fact::MyRole { moderator: true });
    told(&mut seat);
    seat.actor.ask(Command::Moderate(guest::Moderation::SetLobby(true)));
    assert_eq!(told(&mut seat), []);
}

#[tokio::test]
async fn one_goes_only_to_rooms_of_the_meeting_and_back_to_the_main_one() {
    let mut seat = seat(false, false);
    let room = |room: &str, main| Breakout { room: room.into(), title: String::new(), main, people: Vec::new() };
    let rooms = || News::Rooms(vec![room("garden@c.test", true), room("b@breakout.test", false)]);
    seat.actor.offered_besides(rooms());
    seat.actor.ask(Command::GoTo("other@breakout.test".into()));
    assert!(matches!(told(&mut seat).last(), Some(MeetingEvent::NotDone { .. })) && seat.actor.over.is_none());
    seat.actor.ask(Command::GoTo("b@breakout.test".into()));
    assert_eq!((seat.actor.over.take(), seat.actor.elsewhere.as_deref()), (Some(Over::Moved), Some("b@breakout.test")));
    seat.actor.ask(Command::GoTo("garden@c.test".into()));
    assert_eq!((seat.actor.over.take(), seat.actor.elsewhere.as_deref()), (Some(Over::Moved), None));
}

#[tokio::test]
async fn a_breakout_room_that_ends_leads_back_and_the_main_one_does_not() {
    let mut seat = seat(false, false);
    seat.actor.elsewhere = Some("b@breakout.test".into());
    assert!(!seat.actor.comes_back(&LeftReason::Kicked));
    assert!(seat.actor.comes_back(&LeftReason::RoomEnded));
    assert!(!seat.actor.comes_back(&LeftReason::RoomEnded), "from the main room");
}

#[tokio::test]
async fn without_a_bridge_the_room_is_entered_anew_unless_nobody_else_is_there() {
    let mut seat = seat(false, false);
    let missing = |seat: &mut Seat, any| seat.actor.guest_said(guest::Event::Bridges { any });
    told(&mut seat);
    missing(&mut seat, false);
    assert_eq!((told(&mut seat), seat.actor.bridgeless.due()), (Vec::new(), None), "alone nobody has a session");
    seat.actor.faces.learn(Fact::Present(bob()));
    told(&mut seat);
    missing(&mut seat, false);
    assert_eq!(told(&mut seat), [MeetingEvent::NoBridge { attempt: 1 }]);
    assert_eq!(seat.state.borrow().connection, Connection::Reconnecting);
    seat.actor.restart(Instant::now());
    assert!(!seat.actor.restarts.take(Instant::now()), "the focus has nothing to give");
    missing(&mut seat, true);
    seat.actor.woken(Instant::now());
    assert_eq!(seat.actor.over.take(), Some(Over::Anew { attempt: 1 }));
    missing(&mut seat, false);
    assert_eq!(told(&mut seat).last(), Some(&MeetingEvent::NoBridge { attempt: 2 }));
    seat.actor.forget_room();
    assert_eq!(seat.actor.bridgeless.due(), None, "another room may have a bridge");
    seat.actor.restart(Instant::now());
    assert!(!told(&mut seat).iter().any(|event| matches!(event, MeetingEvent::NoBridge { .. })));
}
