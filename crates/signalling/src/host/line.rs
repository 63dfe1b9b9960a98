//! Lines to guests, which outlive web sockets (XEP-0198): what was said and not yet confirmed is kept, so that a guest
//! that comes back on another socket misses nothing. Also the queue of what is to be done.
//!
//! A line is named by the number of its first connection; [`Output::Send`] names the socket that it has now.

use super::{ConnId, Event, Output};
use crate::xml::{CLIENT, Element};
use crate::{ns, stream};
use std::collections::{BTreeMap, VecDeque};

/// Unconfirmed stanzas after which the guest is asked what it has, as Prosody does.
const ASK_AFTER: usize = 5;
/// Unconfirmed stanzas and bytes that are kept. Entering a room of a hundred takes about a hundred stanzas; a guest that
/// is further behind goes on unharmed as long as its socket lives, but cannot come back on another.
const MAX_KEPT: usize = 512;
const MAX_KEPT_BYTES: usize = 512 * 1024;

/// What has been said to one guest and what it has said, counted since both agreed to count.
#[derive(Clone, Debug)]
struct Counts {
    /// By which it comes back: 128 bits that nobody else knows. None when it cannot.
    id: Option<String>,
    /// Stanzas heard, modulo 2^32.
    heard: u32,
    /// Stanzas that the guest has confirmed, modulo 2^32.
    confirmed: u32,
    /// Those said after the confirmed ones, oldest first.
    kept: VecDeque<String>,
    bytes: usize,
    asked: bool,
}

impl Counts {
    /// Keeps a stanza that is being said. True when the guest is to be asked what it has.
    fn keep(&mut self, text: &str) -> bool {
        if self.id.is_none() {
            return false;
        }
        self.bytes += text.len();
        self.kept.push_back(text.to_owned());
        if self.kept.len() > MAX_KEPT || self.bytes > MAX_KEPT_BYTES {
            self.id = None;
            self.kept = VecDeque::new();
            return false;
        }
        let ask = self.kept.len() >= ASK_AFTER && !self.asked;
        self.asked |= ask;
        ask
    }

    /// The guest has everything up to its `h`-th stanza. False if that many were never said.
    fn confirm(&mut self, h: u32) -> bool {
        let new = h.wrapping_sub(self.confirmed) as usize;
        if new > self.kept.len() {
            return false;
        }
        self.bytes -= self.kept.drain(..new).map(|text| text.len()).sum::<usize>();
        self.confirmed = h;
        self.asked = false;
        true
    }
}

#[derive(Clone, Debug)]
struct Line {
    /// None while the guest is away.
    socket: Option<ConnId>,
    counts: Option<Counts>,
}

/// The lines, and what is to be done, oldest first.
#[derive(Clone, Debug, Default)]
pub(super) struct Outbox {
    queue: VecDeque<Output>,
    lines: BTreeMap<ConnId, Line>,
}

impl Outbox {
    /// A new line on a socket of its own number.
    pub(super) fn open(&mut self, id: ConnId) {
        self.lines.insert(id, Line { socket: Some(id), counts: None });
    }

    /// The line is no more; nothing reaches its guest.
    pub(super) fn forget(&mut self, id: ConnId) {
        self.lines.remove(&id);
    }

    /// Says something to a guest: now, or when it is back.
    pub(super) fn send(&mut self, to: ConnId, stanza: &Element) {
        let Some(line) = self.lines.get_mut(&to) else { return };
        let text = stanza.to_string();
        let counts = line.counts.as_mut().filter(|_| is_counted(stanza));
        let ask = counts.is_some_and(|counts| counts.keep(&text));
        let Some(socket) = line.socket else { return };
        self.queue.push_back(Output::Send(socket, text));
        if ask {
            self.queue.push_back(Output::Send(socket, stream::ask().to_string()));
        }
    }

    /// Closes the socket that a line has now.
    pub(super) fn close(&mut self, id: ConnId) {
        let socket = self.lines.get(&id).map_or(Some(id), |line| line.socket);
        self.queue.extend(socket.map(Output::CloseConnection));
    }

    pub(super) fn tell(&mut self, event: Event) {
        self.queue.push_back(Output::Event(event));
    }

    pub(super) fn pop(&mut self) -> Option<Output> {
        self.queue.pop_front()
    }

    /// From now on both sides count. False if they do already.
    pub(super) fn count(&mut self, id: ConnId, resume: Option<String>) -> bool {
        let Some(line) = self.lines.get_mut(&id).filter(|line| line.counts.is_none()) else { return false };
        let kept = VecDeque::new();
        line.counts = Some(Counts { id: resume, heard: 0, confirmed: 0, kept, bytes: 0, asked: false });
        true
    }

    /// A stanza came from the guest.
    pub(super) fn hear(&mut self, id: ConnId, stanza: &Element) {
        let counts = self.lines.get_mut(&id).and_then(|line| line.counts.as_mut());
        if let Some(counts) = counts.filter(|_| is_counted(stanza)) {
            counts.heard = counts.heard.wrapping_add(1);
        }
    }

    /// How many stanzas came from the guest, where that is counted.
    pub(super) fn heard(&self, id: ConnId) -> Option<u32> {
        self.lines.get(&id)?.counts.as_ref().map(|counts| counts.heard)
    }

    /// The guest says what it has. Nonsense is ignored: only the guest itself would suffer from it.
    pub(super) fn confirm(&mut self, id: ConnId, h: u32) {
        if let Some(counts) = self.lines.get_mut(&id).and_then(|line| line.counts.as_mut()) {
            counts.confirm(h);
        }
    }

    /// Asks the guest for a sign of life, if it would answer.
    pub(super) fn prod(&mut self, id: ConnId) {
        let Some(Line { socket: Some(socket), counts: Some(counts) }) = self.lines.get_mut(&id) else { return };
        counts.asked = true;
        self.queue.push_back(Output::Send(*socket, stream::ask().to_string()));
    }

    /// The line's socket is gone. True if its guest may come back on another.
    pub(super) fn cut(&mut self, id: ConnId) -> bool {
        let Some(line) = self.lines.get_mut(&id) else { return false };
        line.socket = None;
        line.counts.as_ref().is_some_and(|counts| counts.id.is_some())
    }

    /// The line that somebody with this id left behind.
    pub(super) fn find(&self, resume: &str) -> Option<ConnId> {
        let known = |line: &Line| line.counts.as_ref().is_some_and(|counts| counts.id.as_deref() == Some(resume));
        self.lines.iter().find(|(_, line)| known(line)).map(|(id, _)| *id)
    }

    /// Moves a line to another socket, whose own line ends, and says again what the guest does not have. Returns the
    /// socket that it had; false if the guest claims to have what was never said.
    pub(super) fn resume(&mut self, id: ConnId, socket: ConnId, h: u32) -> Result<Option<ConnId>, ()> {
        let line = self.lines.get_mut(&id).ok_or(())?;
        let counts = line.counts.as_mut().ok_or(())?;
        let resume = counts.id.clone().ok_or(())?;
        if !counts.confirm(h) {
            return Err(());
        }
        let former = line.socket.replace(socket);
        let mut frames = vec![stream::resumed(&resume, counts.heard).to_string()];
        frames.extend(counts.kept.iter().cloned());
        if !counts.kept.is_empty() {
            counts.asked = true;
            frames.push(stream::ask().to_string());
        }
        self.queue.extend(former.map(Output::CloseConnection));
        self.queue.extend(frames.into_iter().map(|frame| Output::Send(socket, frame)));
        self.lines.remove(&socket);
        Ok(former)
    }
}

/// Stanzas are counted, what opens, counts and closes a stream is not (XEP-0198 4).
fn is_counted(stanza: &Element) -> bool {
    stanza.ns() == CLIENT && matches!(stanza.name(), "iq" | "message" | "presence")
}

/// The number of stanzas in a confirmation or a wish to resume.
pub(super) fn number(stanza: &Element) -> Option<u32> {
    stanza.get("h").filter(|_| stanza.ns() == ns::SM)?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    const GUEST: ConnId = ConnId(1);

    fn line() -> Outbox {
        let mut out = Outbox::default();
        out.open(GUEST);
        assert!(out.count(GUEST, Some("secret".into())));
        out
    }

    fn counts(out: &mut Outbox) -> &mut Counts {
        out.lines.get_mut(&GUEST).unwrap().counts.as_mut().unwrap()
    }

    fn say(out: &mut Outbox, n: usize) {
        for n in 0..n {
            out.send(GUEST, &Element::new("message", CLIENT).attr("id", n));
        }
    }

    fn sent(out: &mut Outbox) -> Vec<String> {
        std::iter::from_fn(|| out.pop()).map(|output| format!("{output:?}")).collect()
    }

    #[test]
    fn counting_goes_on_beyond_the_largest_number() {
        let mut out = line();
        counts(&mut out).confirmed = u32::MAX - 1;
        counts(&mut out).heard = u32::MAX;
        say(&mut out, 4);
        out.hear(GUEST, &Element::new("iq", CLIENT));
        assert_eq!(out.heard(GUEST), Some(0));
        out.confirm(GUEST, 1);
        assert_eq!(counts(&mut out).kept.len(), 1, "2^32 - 1, 0 and 1 are confirmed");
        out.confirm(GUEST, 3);
        assert_eq!(counts(&mut out).kept.len(), 1, "3 was never said");
        out.confirm(GUEST, 2);
        assert_eq!((counts(&mut out).kept.len(), counts(&mut out).bytes), (0, 0));
    }

    #[test]
    fn a_guest_is_asked_after_five_stanzas_and_not_again_before_it_answers() {
        let mut out = line();
        say(&mut out, 12);
        let asked = |frames: &[String]| frames.iter().filter(|frame| frame.contains("<r ")).count();
        assert_eq!(asked(&sent(&mut out)), 1);
        out.confirm(GUEST, 12);
        say(&mut out, 4);
        assert_eq!(asked(&sent(&mut out)), 0);
        say(&mut out, 1);
        assert_eq!(asked(&sent(&mut out)), 1);
    }

    #[test]
    fn what_is_kept_is_bounded_in_number_and_bytes_and_the_guest_still_hears_everything() {
        let mut out = line();
        say(&mut out, MAX_KEPT + 1);
        assert_eq!(sent(&mut out).len(), MAX_KEPT + 2);
        assert_eq!((out.find("secret"), out.cut(GUEST)), (None, false));
        let mut out = line();
        let big = Element::new("message", CLIENT).text("x".repeat(MAX_KEPT_BYTES / 2));
        out.send(GUEST, &big);
        assert_eq!(out.find("secret"), Some(GUEST));
        out.send(GUEST, &big);
        assert_eq!((out.find("secret"), counts(&mut out).kept.len()), (None, 0));
        assert_eq!(sent(&mut out).len(), 2);
    }

    #[test]
    fn what_opens_and_counts_a_stream_is_not_counted_itself() {
        let mut out = line();
        out.send(GUEST, &stream::success());
        out.hear(GUEST, &stream::ask());
        assert_eq!((counts(&mut out).kept.len(), out.heard(GUEST)), (0, Some(0)));
    }
}
