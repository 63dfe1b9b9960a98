//! What a room offers besides: permission to speak and polls, from our guests to our host and back.

use crate::stage::{Pair, ROOM, Seat};
use runde_signalling::extras::{Abilities, Extras, Media, News, Wish};
use runde_signalling::guest::{Command, Event, Moderation, Muted};
use std::time::Duration;

const SOON: Duration = Duration::from_secs(3);

fn wish(pair: &mut Pair, seat: Seat, wish: Wish) {
    pair.command(seat, Command::Extra(wish));
    pair.drive(SOON);
}

fn news(pair: &mut Pair, seat: Seat) -> Vec<News> {
    let told = |event| if let Event::Extra(news) = event { Some(news) } else { None };
    pair.events(seat).into_iter().filter_map(told).collect()
}

fn needed(needed: bool) -> Wish {
    Wish::NeedPermission { media: Media::Audio, needed }
}

fn ask(id: &str) -> Wish {
    Wish::Ask { id: id.into(), question: "Tee & <Kekse>?".into(), answers: vec!["ja".into(), "nein".into()] }
}

#[test]
fn everybody_finds_what_our_room_offers() {
    let mut pair = Pair::new(81);
    let ada = pair.seated("Ada");
    let offered = News::Offered(Abilities { permission: true, polls: true, breakout: false });
    assert!(news(&mut pair, ada).contains(&offered));
}

#[test]
fn where_microphones_need_permission_guests_are_silenced_ask_and_are_allowed_one_by_one() {
    let mut pair = Pair::new(82);
    let (ada, bo, cy) = (pair.seated("Ada"), pair.seated("Bo"), pair.seated("Cy"));
    pair.hush();
    wish(&mut pair, ada, needed(true));
    let (media, by) = (Media::Audio, Some(pair.endpoint(ada)));
    let told = Event::Extra(News::Permission { media, needed: true, by: by.clone() });
    let silenced = Event::MutedByModerator { what: Muted::Audio, by };
    for seat in [bo, cy] {
        let events = pair.events(seat);
        assert!(events.contains(&told) && events.contains(&silenced), "{events:?}");
    }
    assert!(!pair.events(ada).contains(&silenced), "who moderates needs none");

    let endpoint = pair.endpoint(bo);
    wish(&mut pair, ada, Wish::Allow { endpoint: endpoint.clone(), media, allowed: true });
    assert_eq!(news(&mut pair, bo), [News::Allowed { media, allowed: true }]);
    assert_eq!(news(&mut pair, ada), [News::AllAllowed { media, endpoints: [endpoint.clone()].into() }]);
    assert_eq!(news(&mut pair, cy), []);

    wish(&mut pair, ada, Wish::Allow { endpoint, media, allowed: false });
    let events = pair.events(bo);
    assert!(events.contains(&Event::Extra(News::Allowed { media, allowed: false })));
    assert!(events.iter().any(|event| matches!(event, Event::MutedByModerator { what: Muted::Audio, .. })));
}

#[test]
fn whoever_comes_later_learns_what_needs_permission_and_a_new_moderator_who_has_it() {
    let mut pair = Pair::new(83);
    let (ada, bo) = (pair.seated("Ada"), pair.seated("Bo"));
    wish(&mut pair, ada, needed(true));
    let (media, endpoint) = (Media::Audio, pair.endpoint(bo));
    wish(&mut pair, ada, Wish::Allow { endpoint: endpoint.clone(), media, allowed: true });
    let cy = pair.seated("Cy");
    let known = news(&mut pair, cy).iter().fold(Extras::default(), |mut known, news| {
        known.apply(news);
        known
    });
    assert!(known.must_ask(media, false) && known.lists.is_empty());
    let cleo = pair.endpoint(cy);
    pair.command(ada, Command::Moderate(Moderation::Grant { endpoint: cleo }));
    pair.drive(SOON);
    assert_eq!(news(&mut pair, cy), [News::AllAllowed { media, endpoints: [endpoint].into() }]);
}

#[test]
fn who_does_not_moderate_cannot_change_what_needs_permission() {
    let mut pair = Pair::new(84);
    let (ada, bo) = (pair.seated("Ada"), pair.seated("Bo"));
    pair.hush();
    wish(&mut pair, bo, needed(true));
    assert_eq!((news(&mut pair, ada), news(&mut pair, bo)), (vec![], vec![]));
    // As a client of another make would ask.
    let frame = "<message xmlns='jabber:client' to='avmoderation.meet.test'><av_moderation enable='true' mediaType='audio'/></message>";
    pair.raw(bo, frame.to_owned());
    pair.drive(SOON);
    assert_eq!(news(&mut pair, ada), []);
    assert!(
        pair.events(bo).iter().any(|event| matches!(event, Event::NotDone { condition } if condition == "forbidden"))
    );
}

#[test]
fn a_poll_reaches_everybody_is_counted_once_each_and_told_to_who_comes_later() {
    let mut pair = Pair::new(85);
    let (ada, bo) = (pair.seated("Ada"), pair.seated("Bo"));
    pair.hush();
    wish(&mut pair, bo, ask("p1"));
    for answers in [vec![true, false], vec![false, true]] {
        wish(&mut pair, ada, Wish::Vote { poll: "p1".into(), answers });
    }
    let cy = pair.seated("Cy");
    let mut known = [Extras::default(), Extras::default()];
    for (seat, known) in [ada, cy].into_iter().zip(&mut known) {
        for news in news(&mut pair, seat) {
            known.apply(&news);
        }
        let [poll] = &known.polls[..] else { panic!("{known:?}") };
        assert_eq!((poll.question.as_str(), &poll.by), ("Tee & <Kekse>?", &pair.endpoint(bo)));
        assert_eq!(poll.counts(), [0, 1], "the newer vote counts, once");
    }
    pair.hush();
    wish(&mut pair, ada, ask("p1"));
    assert_eq!(news(&mut pair, bo), [], "its id is taken");
}

#[test]
fn a_flood_of_polls_or_a_giant_one_ends_at_the_room() {
    let mut pair = Pair::new(86);
    let (ada, bo) = (pair.seated("Ada"), pair.seated("Bo"));
    pair.hush();
    for n in 0..60 {
        pair.command(bo, Command::Extra(ask(&n.to_string())));
    }
    let giant = Wish::Ask { id: "giant".into(), question: "?".repeat(9_000), answers: vec!["a".into()] };
    pair.command(bo, Command::Extra(giant));
    pair.drive(SOON);
    assert_eq!(news(&mut pair, ada).len(), 32);
    assert_eq!(pair.host.guests(ROOM), 2);
}
