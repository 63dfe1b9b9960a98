//! How the app ends: on request, and by itself when nobody can see it any more and nobody uses it.

use super::{App, Place};
use crate::shell::Shell;
use runde_client::Command;
use std::time::Duration;

/// How long the room and one's own guests may take to say good-bye. A person who chose "quit" waits no longer than this.
const FAREWELL: Duration = Duration::from_secs(2);

impl<S: Shell> App<S> {
    /// Brings the window up.
    pub(super) fn show(&mut self) {
        self.window_closed = false;
        self.shell.show_window();
        // A start in the tray looked at nothing yet.
        self.look_around();
    }

    /// The window is gone. Leaving the voluntary page this way is an answer too, and is recorded as one.
    pub(super) async fn window_was_closed(&mut self) {
        self.window_closed = true;
        self.defer_consents();
        self.quit_if_unseen().await;
    }

    /// Without a window only a meeting, guests in a room of one's own, or a start in the tray keep the program running.
    pub(super) async fn quit_if_unseen(&mut self) {
        let in_use = self.hosted.as_ref().is_some_and(super::host::Hosted::is_in_use);
        if self.window_closed && self.seat.is_none() && !in_use && !self.in_tray {
            self.quit().await;
        }
    }

    /// Leaves the meeting, closes one's own room, then ends the program.
    pub(super) async fn quit(&mut self) {
        if std::mem::replace(&mut self.ending, true) {
            return;
        }
        self.defer_consents();
        let (seat, hosted) = (self.seat.take(), self.hosted.take());
        let farewell = async {
            if let Some(mut seat) = seat {
                // A meeting that is over already takes no command and gives no further news.
                let _ = seat.command(Command::Leave);
                while seat.handle.next_event().await.is_some() {}
            }
            if let Some(hosted) = hosted {
                hosted.close().await;
            }
        };
        if tokio::time::timeout(FAREWELL, Box::pin(farewell)).await.is_err() {
            tracing::info!("the good-byes took too long");
        }
        self.shell.quit();
    }

    /// The voluntary page was left without an answer: everything stays off, and that is recorded.
    pub(super) fn defer_consents(&mut self) {
        let Place::Consents(_, asked) = &self.place else { return };
        let asked = asked.clone();
        self.place = Place::Home;
        if let Some(Err(error)) = self.desk.as_mut().ok().map(|desk| desk.defer(asked)) {
            self.toast(error);
        }
    }
}
