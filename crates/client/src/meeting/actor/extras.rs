//! What the room offers besides: what it means for devices, and the way between the rooms of one meeting.
//!
//! Another room of the meeting is entered as the first one was, over a connection of its own; the farewell to the old room
//! goes out first, so that nobody sees us twice.

use rand_core::RngCore;
use runde_signalling::extras::{Media, News, Wish};
use runde_signalling::guest;

use super::{Actor, Over, Wire};
use crate::event::{LeftReason, MeetingEvent};
use crate::state::Fact;

impl Actor {
    pub(super) fn offered_besides(&mut self, news: News) {
        let moved = if let News::MoveTo { room } = &news { Some(room.clone()) } else { None };
        self.faces.learn(Fact::Extra(news));
        self.hold_back();
        if let Some(room) = moved {
            self.move_to(Some(room));
        }
    }

    /// Whatever needs a permission that we do not have goes off, whether or not the room asks for it.
    fn hold_back(&mut self) {
        let asks = |media| self.must_ask(media);
        let [audio, video, desktop] = Media::ALL.map(asks);
        if audio && self.options.microphone {
            self.set_microphone(false);
        }
        if video && self.options.camera {
            self.set_camera(false);
        }
        if desktop && self.options.share {
            self.set_share(false);
        }
    }

    fn must_ask(&self, media: Media) -> bool {
        let state = self.faces.state.borrow();
        state.extras.must_ask(media, state.me.moderator)
    }

    /// Whether it may be switched on; who may not is told so.
    pub(super) fn may(&self, media: Media) -> bool {
        let may = !self.must_ask(media);
        if !may {
            self.faces.tell(MeetingEvent::MustAsk(media));
        }
        may
    }

    /// What only moderators may do; who is none is told so, in the word of XMPP for it.
    pub(super) fn may_moderate(&self) -> bool {
        let may = self.faces.state.borrow().me.moderator;
        if !may {
            self.faces.tell(MeetingEvent::NotDone { condition: "forbidden".to_owned() });
        }
        may
    }

    pub(super) fn wish(&mut self, mut wish: Wish) {
        let anybodys = matches!(wish, Wish::Ask { .. } | Wish::Vote { .. });
        if !anybodys && !self.may_moderate() {
            return;
        }
        if let Wish::Ask { id, .. } = &mut wish
            && id.is_empty()
        {
            let mut random = [0; 8];
            self.rng.fill_bytes(&mut random);
            *id = hex::encode(random);
        }
        self.tell_guest(guest::Command::Extra(wish));
    }

    /// Only to rooms that the meeting has.
    pub(super) fn go_to(&mut self, room: String) {
        let rooms = self.faces.state.borrow().extras.rooms.clone();
        match rooms.iter().find(|known| known.room == room) {
            Some(known) if known.main => self.move_to(None),
            Some(_) => self.move_to(Some(room)),
            None => self.faces.tell(MeetingEvent::NotDone { condition: "item-not-found".to_owned() }),
        }
    }

    fn move_to(&mut self, room: Option<String>) {
        let main = room.as_ref().is_some_and(|room| self.is_main(room));
        let room = room.filter(|_| !main);
        if room == self.elsewhere {
            return;
        }
        self.elsewhere = room;
        self.over = Some(Over::Moved);
        self.tell_guest(guest::Command::Leave);
    }

    /// The main room by its address, as a moderator may send us back to it.
    fn is_main(&self, room: &str) -> bool {
        self.faces.state.borrow().extras.rooms.iter().any(|known| known.main && known.room == room)
    }

    /// A breakout room that ends, or does not let us in, leads back to where we came from.
    pub(super) fn comes_back(&mut self, reason: &LeftReason) -> bool {
        match reason {
            LeftReason::Refused(_) | LeftReason::RoomEnded => self.elsewhere.take().is_some(),
            LeftReason::Asked | LeftReason::Unreachable(_) | LeftReason::Kicked | LeftReason::Lost => false,
        }
    }

    pub(super) async fn enter_other_room(&mut self) {
        self.faces.learn(Fact::Moving { room: self.elsewhere.clone() });
        self.enter_anew().await;
    }

    pub(super) async fn enter_anew(&mut self) {
        std::mem::replace(&mut self.wire, Wire::to(&self.place)).close().await;
        self.over = None;
        self.renew_guest();
    }
}
