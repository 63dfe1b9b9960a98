//! From packets of others to sound and pictures: which stream is whose, and the threads that decode.
//!
//! One thread decodes and mixes all sound, one each picture source. Streams that nobody announced are dropped. Start
//! at [`Downlink::packet`].

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use runde_media::block::Mute;
use runde_media::channel::{Receiver, Sender, bounded};
use runde_media::level::SILENT;
use runde_media::process::FarWriter;
use runde_media::receive::{AudioReceiver, ReceiveError, VideoReceiver, VoiceStats};
use runde_media::{Mailbox, Picture, Speak};
use runde_rtp::{Extender, Packet, SeqNo, Ssrc};
use runde_signalling::jingle::Kind;

use super::Pictures;
use super::session::Announced;
use crate::event::{MediaKind, SourceStats};
use crate::local::Recorder;
use crate::options::Tile;

/// Key frames asked for and not yet sent on. Each source asks twice a second at most; **when full, the oldest goes**
/// and is asked again.
const ASKS: usize = 64;

/// Streams decoded at once. No screen shows more, and each picture source costs a thread.
const MAX_SOURCES: usize = 256;

/// Pictures of an SSRC that carries another's source now are left out for so long: a bridge says so beside the media path, so what
/// was sent before may come after. Sound that comes late is heard for a moment and shows nobody's face.
const SETTLES: Duration = Duration::from_millis(100);

/// Where the packets of a stream go.
enum Path {
    Sound,
    Sight {
        receiver: VideoReceiver,
        /// What the decoder fills; the faces' mailbox unless it is recorded in between.
        decoded: Arc<Mailbox<Picture>>,
        pictures: Arc<Mailbox<Picture>>,
    },
}

/// One stream of somebody else.
struct Heard {
    source: String,
    owner: String,
    path: Path,
    count: Count,
    /// Nothing is taken before: the SSRC was another's.
    from: Option<Instant>,
}

impl Drop for Heard {
    fn drop(&mut self) {
        if let Path::Sight { decoded, pictures, .. } = &self.path {
            decoded.close();
            pictures.close();
        }
    }
}

/// Packets that came, against those that must have been sent.
#[derive(Default)]
struct Count {
    extender: Extender,
    /// Up to this number everything was another's.
    former: Option<u64>,
    first: u64,
    highest: u64,
    packets: u64,
    bytes: u64,
}

impl Count {
    /// Goes on where another's packets under the same SSRC ended.
    fn after(extender: Extender) -> Self {
        Self { former: extender.highest(), extender, ..Self::default() }
    }

    /// Whether it was sent before the SSRC was given to this source.
    fn is_anothers(&self, seq: SeqNo) -> bool {
        self.former.is_some_and(|former| self.extender.peek(seq) <= former)
    }

    fn packet(&mut self, seq: SeqNo, bytes: usize) {
        self.packets += 1;
        self.bytes += bytes as u64;
        let extended = self.extender.extend(seq);
        self.first = if self.packets == 1 { extended } else { self.first.min(extended) };
        self.highest = self.highest.max(extended);
    }

    /// Share of the expected packets that never came.
    #[allow(clippy::cast_precision_loss)] // a share for people to read
    fn loss(&self) -> f32 {
        if self.packets == 0 {
            return 0.0;
        }
        let expected = self.highest - self.first + 1;
        (1.0 - self.packets as f32 / expected as f32).clamp(0.0, 1.0)
    }
}

/// Everything this guest receives.
pub(super) struct Downlink {
    sound: Option<AudioReceiver>,
    heard: BTreeMap<u32, Heard>,
    /// How far the numbers of SSRCs came that a bridge took from somebody, while nobody has them; at most [`MAX_SOURCES`].
    former: BTreeMap<u32, Extender>,
    /// How many recordings there are of each source.
    recorded: BTreeMap<String, u32>,
    asks: (Sender<Ssrc>, Receiver<Ssrc>),
    video_out: Option<Recorder>,
}

impl Downlink {
    pub(super) fn new(video_out: Option<Recorder>) -> Self {
        let (heard, former, recorded) = (BTreeMap::new(), BTreeMap::new(), BTreeMap::new());
        Self { sound: None, heard, former, recorded, asks: bounded(ASKS), video_out }
    }

    /// Plays the mix into `sink` from now on; `far` is what the echo canceller listens to.
    ///
    /// # Errors
    /// [`ReceiveError`] when there is no thread for it.
    pub(super) fn speak(&mut self, sink: Box<dyn Speak>, far: Option<FarWriter>) -> Result<(), ReceiveError> {
        match &self.sound {
            Some(sound) => sound.set_sink(sink),
            None => self.sound = Some(AudioReceiver::spawn(sink, far)?),
        }
        Ok(())
    }

    /// Plays nowhere, but still decodes: levels and figures are wanted without a speaker, too.
    pub(super) fn hush(&mut self, far: Option<FarWriter>) -> Result<(), ReceiveError> {
        self.speak(Box::new(Mute::default()), far)
    }

    /// Decodes one more stream.
    ///
    /// # Errors
    /// [`ReceiveError`] when there is no thread for it.
    pub(super) fn add(&mut self, announced: Announced) -> Result<(), ReceiveError> {
        self.take_in(announced, Count::default(), None)
    }

    /// Decodes a stream whose SSRC the bridge has given to this source, from another if it was in use. Nothing of the
    /// other's is shown or heard as this one's, whenever it comes.
    ///
    /// # Errors
    /// [`ReceiveError`] when there is no thread for it.
    pub(super) fn map(&mut self, now: Instant, announced: Announced) -> Result<(), ReceiveError> {
        let former = self.former.remove(&announced.source.ssrc);
        let from = former.as_ref().filter(|_| announced.source.kind == Kind::Video).map(|_| now + SETTLES);
        self.take_in(announced, former.map(Count::after).unwrap_or_default(), from)
    }

    fn take_in(&mut self, announced: Announced, count: Count, from: Option<Instant>) -> Result<(), ReceiveError> {
        if self.heard.len() >= MAX_SOURCES {
            tracing::warn!("more sources than can be decoded at once");
            return Ok(());
        }
        let ssrc = Ssrc(announced.source.ssrc);
        let path = match announced.source.kind {
            Kind::Audio => {
                if let Some(sound) = &self.sound {
                    sound.add(ssrc);
                }
                Path::Sound
            }
            Kind::Video => self.see(ssrc, &announced.source.name)?,
        };
        let heard = Heard { source: announced.source.name, owner: announced.owner, path, count, from };
        self.heard.insert(ssrc.0, heard);
        Ok(())
    }

    fn see(&mut self, ssrc: Ssrc, source: &str) -> Result<Path, ReceiveError> {
        let pictures: Arc<Mailbox<Picture>> = Arc::default();
        let decoded = match &self.video_out {
            Some(recorder) => {
                let nth = self.recorded.entry(source.to_owned()).or_default();
                *nth += 1;
                recorder.record(source, *nth, pictures.clone())
            }
            None => pictures.clone(),
        };
        let receiver = VideoReceiver::spawn(ssrc, decoded.clone(), self.asks.0.clone())?;
        Ok(Path::Sight { receiver, decoded, pictures })
    }

    /// Forgets a stream.
    pub(super) fn remove(&mut self, ssrc: u32) {
        let Some(mut heard) = self.heard.remove(&ssrc) else { return };
        if let Some(sound) = &self.sound {
            sound.remove(Ssrc(ssrc));
        }
        let came = std::mem::take(&mut heard.count.extender);
        if came.highest().is_some() {
            if self.former.len() >= MAX_SOURCES {
                self.former.pop_first();
            }
            self.former.insert(ssrc, came);
        }
    }

    /// Forgets everything of one person.
    pub(super) fn remove_owner(&mut self, owner: &str) -> Vec<u32> {
        let theirs: Vec<u32> = self.heard.iter().filter(|(_, h)| h.owner == owner).map(|(ssrc, _)| *ssrc).collect();
        theirs.iter().for_each(|ssrc| self.remove(*ssrc));
        theirs
    }

    /// Forgets everybody.
    pub(super) fn clear(&mut self) {
        let all: Vec<u32> = self.heard.keys().copied().collect();
        all.into_iter().for_each(|ssrc| self.remove(ssrc));
        self.former.clear();
    }

    /// Source and owner of an announced stream.
    pub(super) fn source_of(&self, ssrc: Ssrc) -> Option<(String, String)> {
        self.heard.get(&ssrc.0).map(|heard| (heard.source.clone(), heard.owner.clone()))
    }

    /// Whether anybody's stream was named.
    pub(super) fn expects_anybody(&self) -> bool {
        !self.heard.is_empty()
    }

    /// What an announced stream carries.
    pub(super) fn kind(&self, ssrc: Ssrc) -> Option<Kind> {
        self.heard.get(&ssrc.0).map(|heard| match heard.path {
            Path::Sound => Kind::Audio,
            Path::Sight { .. } => Kind::Video,
        })
    }

    /// Takes one packet; never waits.
    pub(super) fn packet(&mut self, packet: Packet, arrival: Instant) {
        let Some(heard) = self.heard.get_mut(&packet.ssrc.0) else { return };
        if heard.count.is_anothers(packet.seq) || heard.from.is_some_and(|from| arrival < from) {
            return;
        }
        heard.count.packet(packet.seq, packet.payload.len());
        match (&heard.path, &self.sound) {
            (Path::Sight { receiver, .. }, _) => receiver.packet(arrival, packet),
            (Path::Sound, Some(sound)) => sound.packet(arrival, packet),
            (Path::Sound, None) => {}
        }
    }

    /// The next stream that needs a key frame. Safe to drop half way.
    pub(super) async fn next_ask(&mut self) -> Ssrc {
        match self.asks.1.next().await {
            Some(ssrc) => ssrc,
            None => std::future::pending().await,
        }
    }

    /// Decoded pictures need no more lines than their tile, unless they are recorded.
    pub(super) fn set_tiles(&self, tiles: &[Tile]) {
        if self.video_out.is_some() {
            return;
        }
        for heard in self.heard.values() {
            let Path::Sight { receiver, .. } = &heard.path else { continue };
            let tile = tiles.iter().find(|tile| tile.source == heard.source && tile.height > 0);
            receiver.set_tile_height(tile.map_or(u32::MAX, |tile| tile.height));
        }
    }

    /// Where the newest pictures are.
    pub(super) fn pictures(&self) -> Pictures {
        let seen = |heard: &Heard| match &heard.path {
            Path::Sight { pictures, .. } => Some((heard.source.clone(), pictures.clone())),
            Path::Sound => None,
        };
        self.heard.values().filter_map(seen).collect()
    }

    /// By endpoint id, dB below overload; the loudest source of each.
    pub(super) fn levels(&self) -> BTreeMap<String, u8> {
        let mut levels = BTreeMap::new();
        for (ssrc, voice) in self.voices() {
            let Some(heard) = self.heard.get(&ssrc.0) else { continue };
            let level = levels.entry(heard.owner.clone()).or_insert(SILENT);
            *level = voice.level.dbov.min(*level);
        }
        levels
    }

    fn voices(&self) -> BTreeMap<Ssrc, VoiceStats> {
        self.sound.as_ref().map(AudioReceiver::stats).unwrap_or_default()
    }

    /// One entry for each stream of others; first things are told as times since `began`.
    pub(super) fn stats(&self, began: Instant) -> Vec<SourceStats> {
        let voices = self.voices();
        let entry = |(ssrc, heard): (&u32, &Heard)| match &heard.path {
            Path::Sound => sound_stats(heard, voices.get(&Ssrc(*ssrc)).copied().unwrap_or_default(), began),
            Path::Sight { receiver, .. } => sight_stats(heard, receiver),
        };
        self.heard.iter().map(entry).collect()
    }
}

fn blank(heard: &Heard, kind: MediaKind, jitter_ms: f32) -> SourceStats {
    SourceStats {
        source: heard.source.clone(),
        endpoint: heard.owner.clone(),
        kind,
        mine: false,
        packets: heard.count.packets,
        bytes: heard.count.bytes,
        loss: heard.count.loss(),
        jitter: Duration::try_from_secs_f32(jitter_ms / 1000.0).unwrap_or_default(),
        fps: 0.0,
        width: 0,
        height: 0,
        level: -f32::from(SILENT),
        first_sound: None,
    }
}

fn sound_stats(heard: &Heard, voice: VoiceStats, began: Instant) -> SourceStats {
    SourceStats {
        level: voice.loudness,
        first_sound: voice.first_audible.map(|at| at.saturating_duration_since(began)),
        ..blank(heard, MediaKind::Audio, voice.jitter_ms)
    }
}

fn sight_stats(heard: &Heard, receiver: &VideoReceiver) -> SourceStats {
    let seen = receiver.stats();
    SourceStats {
        #[allow(clippy::cast_precision_loss)] // pictures a second
        fps: seen.fps as f32,
        width: seen.width,
        height: seen.height,
        ..blank(heard, MediaKind::Video, seen.jitter_ms)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use runde_signalling::jingle::{Source, VideoType};

    fn announced(kind: Kind, ssrc: u32, owner: &str) -> Announced {
        let letter = if kind == Kind::Audio { 'a' } else { 'v' };
        let name = format!("{owner}-{letter}0");
        let source = Source { kind, ssrc, name, owner: Some(owner.into()), msid: None, video_type: VideoType::Camera };
        Announced { source, owner: owner.into() }
    }

    fn packet(ssrc: u32, seq: u16) -> Packet {
        Packet { ssrc: Ssrc(ssrc), seq: SeqNo(seq), payload: vec![0; 10].into(), ..Packet::default() }
    }

    #[test]
    fn packets_count_for_their_stream_and_strangers_are_dropped() {
        let mut downlink = Downlink::new(None);
        downlink.add(announced(Kind::Video, 7, "bbbb0001")).unwrap();
        for seq in [65_534, 65_535, 1, 2] {
            downlink.packet(packet(7, seq), Instant::now());
        }
        downlink.packet(packet(8, 0), Instant::now());
        let stats = downlink.stats(Instant::now());
        assert_eq!((stats.len(), stats[0].packets, stats[0].bytes), (1, 4, 40));
        assert!((stats[0].loss - 0.2).abs() < 0.001, "one of five is missing: {}", stats[0].loss);
    }

    #[test]
    fn who_leaves_takes_all_their_streams_along() {
        let mut downlink = Downlink::new(None);
        for (kind, ssrc, owner) in [(Kind::Video, 7, "b"), (Kind::Audio, 8, "b"), (Kind::Video, 9, "c")] {
            downlink.add(announced(kind, ssrc, owner)).unwrap();
        }
        let gone = downlink.pictures()["b-v0"].clone();
        assert_eq!(downlink.remove_owner("b"), [7, 8]);
        assert_eq!(downlink.pictures().into_keys().collect::<Vec<_>>(), ["c-v0"]);
        assert!(gone.put(Picture::plain(2, 2, [0; 3], 0, Instant::now())).is_some(), "the mailbox is closed");
    }

    /// An SSRC passes from one source to another after its number 10.
    fn passed_on(kind: Kind, now: Instant) -> Downlink {
        let mut downlink = Downlink::new(None);
        downlink.map(now, announced(kind, 7, "bbbb0001")).unwrap();
        for seq in [9, 10] {
            downlink.packet(packet(7, seq), now);
        }
        downlink.remove(7);
        downlink.map(now, announced(kind, 7, "cccc0001")).unwrap();
        downlink
    }

    fn counted(downlink: &Downlink) -> (String, u64) {
        let stats = downlink.stats(Instant::now());
        assert_eq!(stats.len(), 1);
        (stats[0].endpoint.clone(), stats[0].packets)
    }

    #[test]
    fn what_was_sent_for_the_former_owner_of_an_ssrc_is_not_the_new_ones() {
        let now = Instant::now();
        let mut downlink = passed_on(Kind::Video, now);
        let settled = now + SETTLES;
        for seq in [8, 10, 65_535] {
            downlink.packet(packet(7, seq), settled);
        }
        assert_eq!(counted(&downlink), ("cccc0001".into(), 0), "it came late");
        downlink.packet(packet(7, 11), now);
        assert_eq!(counted(&downlink).1, 0, "it may have been on the way when the bridge spoke");
        for seq in [13, 12] {
            downlink.packet(packet(7, seq), settled);
        }
        assert_eq!(counted(&downlink).1, 2);
        assert!(downlink.stats(now)[0].loss.abs() < 0.001, "what was the other's is no loss");
        assert_eq!(downlink.pictures().into_keys().collect::<Vec<_>>(), ["cccc0001-v0"]);
    }

    #[test]
    fn a_voice_that_takes_over_an_ssrc_is_heard_from_its_first_word() {
        let now = Instant::now();
        let mut downlink = passed_on(Kind::Audio, now);
        for seq in [10, 11] {
            downlink.packet(packet(7, seq), now);
        }
        assert_eq!(counted(&downlink), ("cccc0001".into(), 1));
    }

    #[test]
    fn an_ssrc_that_begins_anew_in_a_classic_session_is_taken_from_any_number() {
        let now = Instant::now();
        let mut downlink = passed_on(Kind::Video, now);
        downlink.remove(7);
        downlink.add(announced(Kind::Video, 7, "cccc0001")).unwrap();
        downlink.packet(packet(7, 3), now);
        assert_eq!(counted(&downlink).1, 1);
    }

    #[test]
    fn what_is_remembered_of_former_ssrcs_is_bounded() {
        let mut downlink = Downlink::new(None);
        for ssrc in 0..3 * MAX_SOURCES as u32 {
            downlink.map(Instant::now(), announced(Kind::Audio, ssrc, "b")).unwrap();
            downlink.packet(packet(ssrc, 1), Instant::now());
            downlink.remove(ssrc);
        }
        assert_eq!(downlink.former.len(), MAX_SOURCES);
        downlink.clear();
        assert!(downlink.former.is_empty(), "with the session");
    }

    #[test]
    fn a_flood_of_sources_is_cut() {
        let mut downlink = Downlink::new(None);
        for ssrc in 0..MAX_SOURCES as u32 + 3 {
            downlink.add(announced(Kind::Audio, ssrc, "b")).unwrap();
        }
        assert_eq!(downlink.stats(Instant::now()).len(), MAX_SOURCES);
    }
}
