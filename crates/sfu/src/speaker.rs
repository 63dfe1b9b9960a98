//! Who speaks: the dominant speaker from the levels that senders write into their packets (RFC 6464).
//!
//! A voice's score is how far it lies above quiet, smoothed quickly upwards and slowly downwards. A challenger must
//! stay clearly above the present speaker for a while, so that a cough or an "mhm" does not turn the picture.

use crate::EndpointId;
use runde_rtp::ext::AudioLevel;
use std::collections::BTreeMap;
use std::time::{Duration, Instant};

/// Levels below this (in -dBov) are the room, not a voice.
const QUIET: f32 = 55.0;
/// Decibels a challenger must be ahead, and the least that counts as speaking.
const MARGIN: f32 = 6.0;
/// How long it must be ahead. With the smoothing below a change of talker is known after 0.5 to 0.9 s.
const PATIENCE: Duration = Duration::from_millis(250);
/// Time constants of the smoothing, seconds.
const RISE: f32 = 0.12;
const FALL: f32 = 0.3;
/// A sender with discontinuous transmission sends nothing while silent; after this its score falls by itself.
const STALE: Duration = Duration::from_millis(60);
/// Jitsi shows at most ten former speakers.
const REMEMBERED: usize = 10;

#[derive(Debug)]
struct Voice {
    score: f32,
    at: Instant,
    ahead_since: Option<Instant>,
}

impl Voice {
    fn score_at(&self, now: Instant) -> f32 {
        let silent = now.saturating_duration_since(self.at).saturating_sub(STALE);
        self.score * (-silent.as_secs_f32() / FALL).exp()
    }

    fn hear(&mut self, now: Instant, level: AudioLevel) {
        let score = self.score_at(now);
        let elapsed = now.saturating_duration_since(self.at).min(STALE).as_secs_f32();
        let loud = (QUIET - f32::from(level.below_full_scale)).max(0.0);
        let constant = if loud > score { RISE } else { FALL };
        self.score = score + (loud - score) * (1.0 - (-elapsed / constant).exp());
        self.at = now;
    }
}

/// Listens to all endpoints of a room.
#[derive(Debug, Default)]
pub(crate) struct Speaker {
    voices: BTreeMap<EndpointId, Voice>,
    dominant: Option<EndpointId>,
    former: Vec<EndpointId>,
}

impl Speaker {
    /// Takes one packet's level; true when the dominant speaker changed.
    pub(crate) fn hear(&mut self, now: Instant, from: EndpointId, level: AudioLevel) -> bool {
        let held = self.dominant.and_then(|id| self.voices.get(&id)).map_or(0.0, |voice| voice.score_at(now));
        let voice = self.voices.entry(from).or_insert(Voice { score: 0.0, at: now, ahead_since: None });
        voice.hear(now, level);
        if self.dominant == Some(from) || voice.score < held + MARGIN {
            voice.ahead_since = None;
            return false;
        }
        let since = *voice.ahead_since.get_or_insert(now);
        if now.saturating_duration_since(since) < PATIENCE {
            return false;
        }
        voice.ahead_since = None;
        self.crown(from);
        true
    }

    pub(crate) fn remove(&mut self, gone: EndpointId) {
        self.voices.remove(&gone);
        self.former.retain(|id| *id != gone);
        if self.dominant == Some(gone) {
            self.dominant = None;
        }
    }

    pub(crate) fn dominant(&self) -> Option<EndpointId> {
        self.dominant
    }

    /// Former speakers, the latest first, without the present one.
    pub(crate) fn former(&self) -> &[EndpointId] {
        &self.former
    }

    fn crown(&mut self, next: EndpointId) {
        self.former.retain(|id| *id != next);
        if let Some(before) = self.dominant.replace(next) {
            self.former.insert(0, before);
            self.former.truncate(REMEMBERED);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ANNA: EndpointId = EndpointId(1);
    const BERT: EndpointId = EndpointId(2);
    const SILENCE: u8 = 127;

    struct Table {
        speaker: Speaker,
        start: Instant,
        ms: u64,
        changes: Vec<(u64, EndpointId)>,
    }

    impl Table {
        fn new() -> Self {
            Self { speaker: Speaker::default(), start: Instant::now(), ms: 0, changes: Vec::new() }
        }

        /// Both send a packet each 20 ms at these levels.
        fn talk(&mut self, ms: u64, anna: u8, bert: u8) {
            for _ in 0..ms / 20 {
                self.ms += 20;
                let now = self.start + Duration::from_millis(self.ms);
                for (who, level) in [(ANNA, anna), (BERT, bert)] {
                    if self.speaker.hear(now, who, AudioLevel { voice: true, below_full_scale: level }) {
                        self.changes.push((self.ms, who));
                    }
                }
            }
        }
    }

    #[test]
    fn a_change_of_talker_is_known_within_a_second_even_to_a_soft_voice() {
        for soft in [10, 20, 30, 40] {
            let mut table = Table::new();
            table.talk(3000, 15, SILENCE);
            table.talk(1000, SILENCE, soft);
            assert_eq!(table.changes.last().map(|(_, who)| *who), Some(BERT), "at -{soft} dBov");
            assert_eq!(table.speaker.former(), [ANNA]);
        }
    }

    #[test]
    fn a_short_interjection_does_not_turn_the_picture() {
        let mut table = Table::new();
        table.talk(3000, 25, SILENCE);
        table.talk(200, SILENCE, 25);
        table.talk(2000, 25, SILENCE);
        assert_eq!(table.changes.len(), 1);
    }

    #[test]
    fn two_who_talk_at_once_do_not_flap() {
        let mut table = Table::new();
        for _ in 0..50 {
            table.talk(120, 20, 28);
            table.talk(120, 28, 20);
        }
        assert_eq!(table.changes.len(), 1, "{:?}", table.changes);
    }

    #[test]
    fn a_quiet_room_has_no_speaker() {
        let mut table = Table::new();
        table.talk(5000, 60, 70);
        assert_eq!(table.speaker.dominant(), None);
    }

    #[test]
    fn a_sender_that_stops_sending_while_silent_loses_the_floor() {
        let mut table = Table::new();
        table.talk(2000, 20, SILENCE);
        for step in 1..50u64 {
            let now = table.start + Duration::from_millis(2000 + 20 * step);
            table.speaker.hear(now, BERT, AudioLevel { voice: true, below_full_scale: 30 });
        }
        assert_eq!(table.speaker.dominant(), Some(BERT));
    }

    #[test]
    fn who_left_is_forgotten() {
        let mut table = Table::new();
        table.talk(2000, 20, SILENCE);
        table.speaker.remove(ANNA);
        assert_eq!(table.speaker.dominant(), None);
        assert!(!table.speaker.voices.contains_key(&ANNA));
    }
}
