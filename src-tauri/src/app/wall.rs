//! What hangs on the wall: after each message the app's whole state becomes slices, and those that differ go to the window.

use super::door::prejoin;
use super::seat::Seat;
use super::slices::{self, Around};
use super::{App, Place};
use crate::frames::Wanted;
use crate::shell::Shell;
use crate::tray::Tray;
use crate::view::{Broken, Home, Levels, Notice, Page, Slice, Tile, UiError};
use std::collections::BTreeMap;

impl<S: Shell> App<S> {
    /// Sends whatever changed.
    pub(super) fn publish(&mut self) {
        let mut slices =
            vec![Slice::Notice(self.notice()), Slice::Page(self.page()), Slice::Toasts(self.toasts.clone())];
        let seat = self.seat.as_deref().filter(|seat| seat.is_joined());
        match seat {
            Some(seat) => slices.extend(of_meeting(seat)),
            None => slices.extend([Slice::Meeting(None), Slice::People(Vec::new()), Slice::Chat(Vec::new())]),
        }
        if let Ok(desk) = &self.desk {
            slices
                .push(Slice::Settings(Box::new(desk.settings_slice(self.schemes_slice(), self.autostart_slice(desk)))));
            slices.push(Slice::Devices(self.devices_slice(desk)));
            slices.push(Slice::Reminders(desk.reminders()));
            let shown = self.counter.slice(desk);
            let ledger = shown.is_some().then(|| Box::new(super::contacts::page(self.contacts.seen())));
            slices.extend([Slice::Desk(shown.map(Box::new)), Slice::Contacts(ledger)]);
        }
        for slice in slices {
            self.outlet.send(slice);
        }
        self.publish_tray();
    }

    fn publish_tray(&mut self) {
        let Ok(desk) = &self.desk else { return };
        let tray = Tray {
            german: desk.speaks_german(),
            in_meeting: self.seat.is_some(),
            microphone_on: self.seat.as_ref().is_some_and(|seat| seat.microphone_on()),
            recents: desk.recents().unwrap_or_default().into_iter().map(|recent| (recent.link, recent.room)).collect(),
        };
        if self.tray.as_ref() != Some(&tray) {
            self.shell.show_tray(&tray);
            self.tray = Some(tray);
        }
    }

    fn notice(&self) -> Option<Notice> {
        match &self.place {
            Place::Asking(asking) => Some(asking.slice(self.desk.as_ref().ok())),
            Place::Consents(..)
            | Place::Home
            | Place::Fetching(_)
            | Place::Prejoin(_)
            | Place::Threshold(_)
            | Place::Meeting
            | Place::After(_)
            | Place::Declined(_)
            | Place::Broken(_) => None,
        }
    }

    fn page(&self) -> Page {
        match &self.place {
            Place::Asking(_) => Page::Notice,
            Place::Consents(_, asked) => {
                let shown = self.desk.as_ref().map(|desk| desk.shown(asked.iter().copied()));
                Page::Consents { purposes: shown.unwrap_or_default() }
            }
            Place::Home => Page::Home(self.home()),
            Place::Fetching(fetching) => Page::Fetching(fetching.slice()),
            Place::Prejoin(door) => Page::Prejoin(prejoin(door, self.seat.is_some() || door.fetching.is_some())),
            Place::Threshold(threshold) => Page::Threshold(threshold.slice(self.seat.is_some())),
            Place::Meeting => Page::Meeting,
            Place::After(after) => Page::After(after.clone()),
            Place::Declined(declined) => Page::Declined(declined.clone()),
            Place::Broken(broken) => Page::Broken(Broken { home: self.desk.is_ok(), ..broken.as_ref().clone() }),
        }
    }

    fn home(&self) -> Home {
        Home {
            default_host: self.desk.as_ref().map(super::desk::Desk::default_host).unwrap_or_default(),
            recents: self.desk.as_ref().ok().and_then(|desk| desk.recents()),
            interfaces: super::host::interfaces(),
            hosted: self.hosted.as_ref().map(super::host::Hosted::slice),
            contacts: super::contacts::hosts(&self.contacts.seen()),
            responsible: self.desk.as_ref().map(super::desk::Desk::responsible).unwrap_or_default(),
        }
    }

    /// Ten times a second: how loud everybody is, and whether anything changed that nobody reports. True where the window has to
    /// hear of it.
    pub(super) fn tick(&mut self) -> bool {
        self.measure();
        let devices = self.hear_devices_at_the_door();
        let (list, room) = (self.hardware.take_news(), self.room_use_changed());
        let (log, counter) = (self.hear_of_the_log(), self.counter.tick());
        devices || list || room || log || counter
    }

    fn measure(&mut self) {
        let levels = match (&self.seat, &self.place) {
            (Some(seat), _) if seat.is_joined() => {
                let levels = seat.handle.levels().borrow().clone();
                let meter = |below: u8| slices::meter(-f32::from(below));
                Levels {
                    microphone: meter(levels.me),
                    people: levels.people.iter().map(|(endpoint, below)| (endpoint.clone(), meter(*below))).collect(),
                }
            }
            (_, Place::Prejoin(door)) => Levels { microphone: door.level(), people: BTreeMap::new() },
            (Some(_) | None, _) => Levels::default(),
        };
        self.outlet.send(Slice::Levels(levels));
    }

    /// Remembers which tiles are on the screen and asks for just those.
    pub(super) fn set_tiles(&mut self, tiles: Vec<Tile>) -> Result<(), UiError> {
        self.tiles = tiles;
        self.hang_pictures();
        Ok(())
    }

    /// Connects the tiles with the pictures that exist by now.
    pub(super) fn hang_pictures(&mut self) {
        let wanted = |tile: &Tile, pictures| Wanted {
            source: tile.source.clone(),
            width: tile.width,
            height: tile.height,
            pictures,
        };
        let hung = match (&self.seat, &self.place) {
            (Some(seat), _) => {
                if self.watched.as_ref() != Some(&self.tiles) {
                    seat.watch(&self.tiles);
                    self.watched = Some(self.tiles.clone());
                }
                let found = |tile: &Tile| Some(wanted(tile, seat.handle.pictures(&seat.source_name(&tile.source))?));
                self.tiles.iter().filter_map(found).collect()
            }
            (None, Place::Prejoin(door)) => {
                self.tiles.iter().filter_map(|tile| Some(wanted(tile, door.pictures()?))).collect()
            }
            (None, _) => Vec::new(),
        };
        self.frames.set(hung);
    }
}

fn of_meeting(seat: &Seat) -> [Slice; 3] {
    let state = seat.state();
    let around = Around {
        host: &seat.host,
        link: &seat.link,
        hosted_here: seat.hosted_here,
        joined_at: seat.joined_at,
        network: seat.network,
        fingerprint: seat.fingerprint.clone(),
        operator: &seat.operator,
        signs: seat.signs.shown(),
    };
    [
        Slice::Meeting(Some(Box::new(slices::meeting(&state, &around)))),
        Slice::People(slices::people(&state)),
        Slice::Chat(slices::chat(&state)),
    ]
}
