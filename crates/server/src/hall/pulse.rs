//! Who has fallen silent: a guest that crashed keeps its seat, so the others are told meanwhile why its tile stands still.
//!
//! A guest that is there is heard all the time, muted or not: it checks its path every two and a half seconds at the latest. ICE itself gives a
//! path up after 15 s only.

use std::time::{Duration, Instant};

use runde_sfu::{EndpointId, Input};

use super::Hall;
use super::seat::Line;

/// One check may be lost.
const SILENT: Duration = Duration::from_secs(4);
/// How often it is looked.
const LOOK_EVERY: Duration = Duration::from_millis(500);

impl Hall {
    /// Looks at everybody, if it is time to.
    pub(super) fn look_for_silence(&mut self, now: Instant) {
        if self.look_due.is_some_and(|due| due > now) {
            return;
        }
        self.look_due = (!self.seats.is_empty()).then(|| now + LOOK_EVERY);
        let mut turned = Vec::new();
        for (id, seat) in &mut self.seats {
            let heard = self.port.get_mut(*id).and_then(|endpoint| endpoint.heard());
            let line = judge(seat.line, heard.map(|heard| now.saturating_duration_since(heard)));
            if std::mem::replace(&mut seat.line, line) != line {
                turned.push((*id, seat.room.clone(), line == Line::Up));
            }
        }
        for (endpoint, room, active) in turned {
            tracing::debug!(endpoint = endpoint.0, active, "a guest is silent, or heard again");
            self.room(now, &room, Input::Path { endpoint, active });
        }
    }

    /// What the transport says of a path.
    pub(super) fn note_line(&mut self, id: EndpointId, line: Line) {
        if let Some(seat) = self.seats.get_mut(&id) {
            seat.line = line;
        }
    }
}

/// `silence` is how long nothing has come.
fn judge(line: Line, silence: Option<Duration>) -> Line {
    let is_silent = silence.is_none_or(|silence| silence >= SILENT);
    match (line, is_silent) {
        (Line::Down, _) => Line::Down,
        (Line::Up | Line::Silent, true) => Line::Silent,
        (Line::Up | Line::Silent, false) => Line::Up,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_silent_after_four_seconds_and_alive_with_the_next_word() {
        let after = |line, seconds| judge(line, Some(Duration::from_secs(seconds)));
        assert_eq!((after(Line::Up, 3), after(Line::Up, 4)), (Line::Up, Line::Silent));
        assert_eq!((after(Line::Silent, 9), after(Line::Silent, 0)), (Line::Silent, Line::Up));
        assert_eq!(after(Line::Down, 0), Line::Down, "before it stands it cannot fall silent");
        assert_eq!(judge(Line::Up, None), Line::Silent);
    }
}
