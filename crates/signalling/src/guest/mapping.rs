//! What the bridge says of its SSRCs, as the driver heard it on the bridge channel. Start at [`Guest::mapped`].

use super::Guest;
use super::event::{Event, Mapped, Oddity};
use crate::bridge::MappedSource;
use crate::jingle::Kind;
use std::collections::BTreeSet;

impl Guest {
    /// Without a session there is nothing that could be mapped: the next one begins with a bridge's full account.
    pub(super) fn mapped(&mut self, kind: Kind, told: Vec<MappedSource>) {
        let Some((session, roster)) = self.session() else { return };
        let Some(live) = session.live_mut() else { return };
        let change = live.map(roster, kind, told);
        self.remapped(change);
    }

    /// Somebody came of whom the bridge may have spoken before the room did.
    pub(super) fn map_waiting(&mut self, endpoint: &str) {
        let Some((session, roster)) = self.session() else { return };
        let Some(live) = session.live_mut() else { return };
        let change = live.map_waiting(roster, endpoint);
        self.remapped(change);
    }

    fn remapped(&mut self, (mapped, refused): (Mapped, BTreeSet<Oddity>)) {
        if mapped != Mapped::default() {
            self.event(Event::SourcesMapped(mapped));
        }
        self.ignored_all(refused);
    }
}
