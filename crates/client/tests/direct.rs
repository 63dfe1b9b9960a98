//! Two guests of this crate in a room of the embedded server talk directly while nobody else is there.
#![allow(clippy::unwrap_used)] // a test that cannot go on has failed

mod common;

use std::time::{Duration, Instant};

use common::{PATIENCE, gate, serve_for_ever};
use runde_client::{
    AudioIn, Command, Contacts, JoinOptions, MediaKind, Meeting, MeetingEvent, MeetingHandle, Purpose, RoomLink,
    ScreenIn, Stats, VideoIn,
};
use runde_privacy::Target;
use tokio::time::timeout;

/// Nobody shall be without sound for longer.
const GAP: Duration = Duration::from_secs(1);

/// Somebody in the room, who hears, sees, and is heard and seen.
struct Guest {
    meeting: MeetingHandle,
    contacts: Contacts,
}

impl Guest {
    fn join(link: &str, name: &str, adjust: impl FnOnce(&mut JoinOptions)) -> Self {
        let link = RoomLink::parse(link, "meet.jit.si").unwrap();
        let permit = gate().contact(&Target::new(&link.host, link.rn.as_deref()).unwrap()).unwrap();
        let mut options = JoinOptions::new(link, name);
        (options.audio_in, options.microphone) = (AudioIn::Tone, true);
        (options.video_in, options.camera) = (VideoIn::Pattern, true);
        (options.screen_in, options.direct) = (ScreenIn::Pattern, true);
        adjust(&mut options);
        let contacts = options.contacts.clone();
        Self { meeting: Meeting::spawn(permit, options).unwrap(), contacts }
    }

    async fn until<T>(&mut self, what: &str, mut wanted: impl FnMut(&MeetingEvent) -> Option<T>) -> T {
        let search = async {
            loop {
                let event = self.meeting.next_event().await.expect("the meeting is over");
                if let Some(found) = wanted(&event) {
                    return found;
                }
            }
        };
        timeout(PATIENCE, search).await.unwrap_or_else(|_| panic!("never: {what}"))
    }

    async fn direct(&mut self, on: bool) {
        let is =
            |event: &MeetingEvent| matches!(event, MeetingEvent::Direct { on: told, .. } if *told == on).then_some(());
        self.until(&format!("direct {on}"), is).await;
    }

    async fn stats(&mut self) -> Stats {
        let is = |event: &MeetingEvent| if let MeetingEvent::Stats(stats) = event { Some(stats.clone()) } else { None };
        self.until("figures", is).await
    }

    /// Waits until somebody is heard and seen for a whole second, by this way.
    async fn hears_and_sees(&mut self, direct: bool) {
        let is = |event: &MeetingEvent| {
            let MeetingEvent::Stats(stats) = event else { return None };
            let of = |kind| stats.sources.iter().filter(move |source| !source.mine && source.kind == kind);
            let heard = of(MediaKind::Audio).any(|source| source.level > -40.0);
            let seen = of(MediaKind::Video).any(|source| source.fps > 5.0);
            (heard && seen && stats.direct == direct).then_some(())
        };
        self.until("sound and pictures", is).await;
    }

    /// Bytes that were sent for this purpose.
    fn sent(&self, purpose: Purpose) -> u64 {
        let seen = self.contacts.seen();
        seen.contacts.iter().filter(|contact| contact.purpose == purpose).map(|contact| contact.sent).sum()
    }

    /// Bytes that go out in two seconds: to the bridge, and to the other person.
    async fn flow(&self) -> (u64, u64) {
        let before = (self.sent(Purpose::Media), self.sent(Purpose::Direct));
        tokio::time::sleep(Duration::from_secs(2)).await;
        (self.sent(Purpose::Media) - before.0, self.sent(Purpose::Direct) - before.1)
    }

    /// The longest time without a sound of anybody, over these seconds.
    async fn longest_silence(&self, over: Duration) -> Duration {
        let (mut levels, begun) = (self.meeting.levels(), Instant::now());
        let (mut heard, mut longest) = (begun, Duration::ZERO);
        while begun.elapsed() < over {
            let _ = timeout(Duration::from_millis(200), levels.changed()).await;
            if levels.borrow_and_update().people.values().any(|level| *level < 40) {
                heard = Instant::now();
            }
            longest = longest.max(heard.elapsed());
        }
        longest
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn two_talk_directly_until_a_third_comes_and_again_when_they_are_two() {
    let link = serve_for_ever("direct");
    let mut ada = Guest::join(&link, "Ada", |_| {});
    let mut bo = Guest::join(&link, "Bo", |_| {});
    ada.direct(true).await;
    bo.direct(true).await;
    ada.hears_and_sees(true).await;
    bo.hears_and_sees(true).await;
    assert_eq!(
        ada.meeting.state().borrow().direct,
        ada.meeting.state().borrow().people.first().map(|p| p.endpoint.clone())
    );
    let ((bridge, other), (bridge_of_bo, other_of_bo)) = tokio::join!(ada.flow(), bo.flow());
    assert!(
        bridge < 4_000 && bridge_of_bo < 4_000,
        "media still goes to the bridge: {bridge} and {bridge_of_bo} bytes"
    );
    assert!(other > 40_000 && other_of_bo > 40_000, "hardly anything goes directly: {other} and {other_of_bo} bytes");

    // A screen is one more source of the same connection.
    bo.meeting.command(Command::SetShare(true)).unwrap();
    let screen = |event: &MeetingEvent| {
        let MeetingEvent::Stats(stats) = event else { return None };
        stats
            .sources
            .iter()
            .any(|source| !source.mine && source.source.ends_with("-v1") && source.fps > 2.0)
            .then_some(())
    };
    ada.until("the screen", screen).await;
    assert!(ada.stats().await.direct);
    bo.meeting.command(Command::SetCamera(false)).unwrap();
    bo.meeting.command(Command::SetShare(false)).unwrap();

    let (silence, cleo) = tokio::join!(ada.longest_silence(Duration::from_secs(4)), async {
        tokio::time::sleep(GAP).await;
        Guest::join(&link, "Cleo", |options| (options.microphone, options.camera) = (false, false))
    });
    ada.direct(false).await;
    bo.direct(false).await;
    assert!(silence < GAP, "{silence:?} without sound when the third came");
    bo.hears_and_sees(false).await;
    let (bridge, other) = ada.flow().await;
    assert!(bridge > 40_000 && other == 0, "{bridge} bytes to the bridge, {other} directly");

    cleo.meeting.command(Command::Leave).unwrap();
    ada.direct(true).await;
    bo.direct(true).await;
    bo.hears_and_sees(true).await;
    // Whoever switches it off is obeyed at once, and nothing is lost but the way.
    bo.meeting.command(Command::SetDirect(false)).unwrap();
    ada.direct(false).await;
    bo.hears_and_sees(false).await;
    bo.meeting.command(Command::SetCamera(true)).unwrap();
    ada.hears_and_sees(false).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn nobody_is_reached_directly_who_did_not_switch_it_on() {
    let link = serve_for_ever("apart");
    let mut ada = Guest::join(&link, "Ada", |_| {});
    let mut bo = Guest::join(&link, "Bo", |options| options.direct = false);
    ada.hears_and_sees(false).await;
    bo.hears_and_sees(false).await;
    let (bridge, other) = ada.flow().await;
    assert!(bridge > 40_000 && other == 0, "{bridge} bytes to the bridge, {other} directly");
    assert!(ada.meeting.state().borrow().direct.is_none());
    assert!(!bo.contacts.seen().contacts.iter().any(|contact| contact.purpose == Purpose::Direct));
}
