//! The way to the window, with a memory: a slice is sent only when it differs from what was sent before.

use crate::shell::Outlet;
use crate::view::Slice;
use std::collections::BTreeMap;

/// The subscribed window, if any, and the last slice of each kind.
pub struct Cached<O> {
    outlet: Option<O>,
    sent: BTreeMap<&'static str, Slice>,
}

impl<O> Default for Cached<O> {
    fn default() -> Self {
        Self { outlet: None, sent: BTreeMap::new() }
    }
}

impl<O: Outlet> Cached<O> {
    /// A window that subscribes gets everything from the beginning.
    pub fn replace(&mut self, outlet: O) {
        self.outlet = Some(outlet);
        self.sent.clear();
    }

    /// Sends a slice if it is news; forgets a window that no longer listens.
    pub fn send(&mut self, slice: Slice) {
        let Some(outlet) = &self.outlet else { return };
        if self.sent.get(name(&slice)) == Some(&slice) {
            return;
        }
        if outlet.send(slice.clone()) {
            self.sent.insert(name(&slice), slice);
        } else {
            self.outlet = None;
        }
    }
}

fn name(slice: &Slice) -> &'static str {
    match slice {
        Slice::Notice(_) => "notice",
        Slice::Page(_) => "page",
        Slice::Meeting(_) => "meeting",
        Slice::People(_) => "people",
        Slice::Chat(_) => "chat",
        Slice::Devices(_) => "devices",
        Slice::Settings(_) => "settings",
        Slice::Levels(_) => "levels",
        Slice::Toasts(_) => "toasts",
        Slice::Reminders(_) => "reminders",
        Slice::Desk(_) => "desk",
        Slice::Contacts(_) => "contacts",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::mpsc::{Sender, channel};

    impl Outlet for Sender<Slice> {
        fn send(&self, slice: Slice) -> bool {
            Self::send(self, slice).is_ok()
        }
    }

    #[test]
    fn the_same_slice_is_sent_once_and_again_to_a_new_window() {
        let (first, heard) = channel();
        let mut cached = Cached::default();
        cached.replace(first);
        cached.send(Slice::Toasts(Vec::new()));
        cached.send(Slice::Toasts(Vec::new()));
        assert_eq!(heard.try_iter().count(), 1);
        let (second, heard) = channel();
        cached.replace(second);
        cached.send(Slice::Toasts(Vec::new()));
        assert_eq!(heard.try_iter().count(), 1);
    }
}
