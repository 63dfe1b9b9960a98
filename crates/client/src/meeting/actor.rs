//! The one task of a meeting: it owns the guest core, the media session, the channels and the encoders.
//!
//! One `select!` over named sources, one call per source, then a drain of the core. What a source's news mean is in
//! `actor/` (what the guest core says, what a face asks, what media brings). Start at [`run`].

mod ask;
mod bridge;
mod bridgeless;
mod direct;
mod enter;
mod extras;
mod hear;
mod line;
mod network;
mod play;
mod share;
#[cfg(test)]
mod tests;

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use rand_chacha::ChaCha20Rng;
use rand_core::SeedableRng;
use runde_signalling::{Guest, guest};
use runde_transport::Identity;
use tokio::sync::{mpsc, watch};
use tokio::time::{Interval, MissedTickBehavior, interval, sleep, sleep_until};
use tokio_util::sync::CancellationToken;

use super::bridge::{Bridge, News};
use super::bridgeless::Bridgeless;
use super::constraints::Wishes;
use super::direct::Direct;
use super::downlink::Downlink;
use super::renewals::Renewals;
use super::restarts::Restarts;
use super::screen::Screen;
use super::sending::Sending;
use super::session::Session;
use super::stats::{Losses, Meter};
use super::uplink::Uplink;
use super::ways::{Doubt, LOOK_EVERY, Watch};
use super::{Levels, Pictures};
use crate::contacts::Errand;
use crate::event::{LeftReason, MediaKind, MeetingEvent};
use crate::local::{Local, Opened};
use crate::options::{Command, JoinOptions};
use crate::place::{self, Place};
use crate::state::{Fact, MeetingState};
use crate::wire::{Ended, Incoming, Way, WireError};
use direct::direct_event;
use enter::{Asking, ConferenceAnswer, conference_answer, new_guest};
use line::Wire;

/// Attempts to get back into a room after the connection broke: 1, 2, 4 s apart. A server that restarts is back by
/// then, and a person knows after seven seconds that it is over.
const REJOINS: u32 = 3;

/// How often levels are told.
const LEVELS_EVERY: Duration = Duration::from_millis(100);

/// How often figures are told.
const STATS_EVERY: Duration = Duration::from_secs(1);

/// Commands given while the room is being looked for. The channel holds as many again; a person gives one or two.
const EARLY: usize = 32;

/// Where faces look.
pub(super) struct Faces {
    pub(super) events: mpsc::Sender<MeetingEvent>,
    pub(super) state: watch::Sender<MeetingState>,
    pub(super) pictures: watch::Sender<Pictures>,
    pub(super) levels: watch::Sender<Levels>,
    /// When the guest was asked to join; first things are told as times since then.
    pub(super) began: Instant,
}

impl Faces {
    /// Tells a piece of news; drops it when nobody reads ([`super::MeetingHandle::next_event`]).
    pub(super) fn tell(&self, event: MeetingEvent) {
        if self.events.try_send(event).is_err() {
            tracing::debug!("nobody reads the news of the meeting");
        }
    }

    /// Takes a fact into the snapshot and tells what is new.
    pub(super) fn learn(&self, fact: Fact) {
        let mut news = Vec::new();
        self.state.send_modify(|state| news = state.apply(fact));
        news.into_iter().for_each(|event| self.tell(event));
    }
}

/// Why one stay in the room is over.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Over {
    Ended(LeftReason),
    /// Worth another attempt.
    Broken,
    /// On to another room of the meeting.
    Moved,
    /// Out and in again, in the same room: only whoever enters is asked what it can do, and gets a media session.
    Anew {
        attempt: u32,
    },
}

/// What one turn of the loop takes in.
enum Input {
    Cancelled,
    Asked(Command),
    Wire(Incoming),
    Conference(ConferenceAnswer),
    Bridge(News),
    Media(std::io::Result<runde_transport::Event>),
    Direct(std::io::Result<runde_transport::Event>),
    Unit(MediaKind, runde_media::send::Unit),
    Screen(runde_media::send::Unit),
    Opened(Opened),
    KeyFrameWanted(runde_rtp::Ssrc),
    Deadline,
    Levels,
    Stats,
    Network,
}

struct Actor {
    options: JoinOptions,
    rng: ChaCha20Rng,
    commands: mpsc::Receiver<Command>,
    faces: Faces,
    cancel: CancellationToken,
    identity: Identity,
    place: Place,
    guest: Guest,
    wire: Wire,
    /// The conference request by HTTP, while it is under way.
    asking: Option<Asking>,
    /// A new connection is to take the old one's place.
    redialing: bool,
    /// How many connections were tried in place of a broken one since the last that stood.
    redials: u32,
    /// How the last connection to the server went.
    way: Option<Way>,
    /// What the deployment offers (XEP-0215).
    relays: Vec<guest::Relay>,
    wire_watch: Watch,
    media_watch: Watch,
    /// Since the media path was moved, nothing of the other side has come.
    doubt: Option<Doubt>,
    /// Own addresses of earlier connections.
    former: Vec<String>,
    /// The room of the meeting in which we are, where it is not the one of the link.
    elsewhere: Option<String>,
    /// When the guest core wants to be woken.
    deadline: Option<Instant>,
    session: Option<Session>,
    direct: Option<Direct>,
    bridge: Option<Bridge>,
    /// No bridge channel opens here, so the focus is to name sources.
    classic: bool,
    uplink: Uplink,
    downlink: Downlink,
    sending: Sending,
    screen: Screen,
    local: Local,
    wishes: Wishes,
    meter: Meter,
    losses: Losses,
    /// Own endpoint id; empty outside the room.
    endpoint: String,
    /// Whether the room was entered at least once.
    was_in: bool,
    /// What was told of a room's nonsense; a rejoin tells nothing again.
    odd: BTreeSet<guest::Oddity>,
    restarts: Restarts,
    renewals: Renewals,
    /// The other side of the media said goodbye; until then the room may say why.
    farewell: Option<Instant>,
    bridgeless: Bridgeless,
    over: Option<Over>,
    levels: Interval,
    stats: Interval,
    looks: Interval,
}

/// The life of one meeting. Ends when the guest leaves, the room does, or `cancel` fires.
pub(super) async fn run(
    options: JoinOptions,
    errand: Errand,
    seed: [u8; 32],
    mut commands: mpsc::Receiver<Command>,
    faces: Faces,
    cancel: CancellationToken,
) {
    let mut early = Vec::new();
    let place = match look_for((&options, &errand), &mut commands, &mut early, &cancel).await {
        Ok(place) => place,
        Err(reason) => return faces.learn(Fact::Ended(reason)),
    };
    let identity = match Identity::generate() {
        Ok(identity) => identity,
        Err(error) => {
            tracing::error!(%error, "no identity for the transport");
            return faces.learn(Fact::Ended(LeftReason::Lost));
        }
    };
    let mut actor = Actor::new(options, place, ChaCha20Rng::from_seed(seed), commands, faces, cancel, identity);
    actor.heed_direct();
    actor.begin();
    early.into_iter().for_each(|command| actor.ask(command));
    let reason = actor.live().await;
    Box::pin(actor.end(reason)).await;
}

/// Finds the room's services, unless the guest leaves before.
async fn look_for(
    (options, errand): (&JoinOptions, &Errand),
    commands: &mut mpsc::Receiver<Command>,
    early: &mut Vec<Command>,
    cancel: &CancellationToken,
) -> Result<Place, LeftReason> {
    let mut found = Box::pin(place::find(&options.link, errand));
    loop {
        tokio::select! {
            () = cancel.cancelled() => return Err(LeftReason::Asked),
            place = &mut found => return place.map_err(LeftReason::Unreachable),
            command = commands.recv(), if early.len() < EARLY => match command {
                None | Some(Command::Leave) => return Err(LeftReason::Asked),
                Some(command) => early.push(command),
            },
        }
    }
}

fn every(period: Duration) -> Interval {
    let mut interval = interval(period);
    // After a stall one tick is as good as ten.
    interval.set_missed_tick_behavior(MissedTickBehavior::Delay);
    interval
}

impl Actor {
    fn new(
        options: JoinOptions,
        place: Place,
        mut rng: ChaCha20Rng,
        commands: mpsc::Receiver<Command>,
        faces: Faces,
        cancel: CancellationToken,
        identity: Identity,
    ) -> Self {
        let guest = new_guest(&options, &place, None, &[], false, &mut rng);
        let local = Local::new(options.devices.clone());
        let recorder = options.video_out.clone().map(|folder| local.recorder(folder));
        Self {
            guest,
            wire: Wire::to(&place),
            asking: None,
            redialing: false,
            redials: 0,
            way: None,
            relays: Vec::new(),
            wire_watch: Watch::default(),
            media_watch: Watch::default(),
            doubt: None,
            former: Vec::new(),
            elsewhere: None,
            deadline: None,
            session: None,
            direct: None,
            bridge: None,
            classic: false,
            uplink: Uplink::new(options.layers, &mut rng),
            downlink: Downlink::new(recorder),
            sending: Sending::new(options.layers, &mut rng),
            screen: Screen::new(&mut rng),
            local,
            wishes: Wishes::new(options.default_height),
            meter: Meter::default(),
            losses: Losses::default(),
            endpoint: String::new(),
            was_in: false,
            odd: BTreeSet::new(),
            restarts: Restarts::default(),
            renewals: Renewals::new(place.addresses.renews_ice),
            farewell: None,
            bridgeless: Bridgeless::default(),
            over: None,
            levels: every(LEVELS_EVERY),
            stats: every(STATS_EVERY),
            looks: every(LOOK_EVERY),
            options,
            rng,
            commands,
            faces,
            cancel,
            identity,
            place,
        }
    }

    /// Stays in the room, and gets back in when the connection breaks.
    async fn live(&mut self) -> LeftReason {
        let mut attempt = 0;
        loop {
            let over = Box::pin(self.stay()).await;
            let stayed = !self.endpoint.is_empty();
            self.forget_room();
            match over {
                Over::Moved => {
                    attempt = 0;
                    self.enter_other_room().await;
                    continue;
                }
                Over::Anew { attempt } => {
                    self.faces.learn(Fact::Reconnecting { attempt });
                    self.enter_anew().await;
                    continue;
                }
                Over::Ended(reason) if self.comes_back(&reason) => {
                    self.enter_other_room().await;
                    continue;
                }
                Over::Ended(reason) if !self.was_in || !is_repairable(&reason) => return reason,
                Over::Ended(_) | Over::Broken => {}
            }
            attempt = if stayed { 1 } else { attempt + 1 };
            if !self.was_in || attempt > REJOINS {
                return LeftReason::Lost;
            }
            self.faces.learn(Fact::Reconnecting { attempt });
            if !self.pause(Duration::from_secs(1 << (attempt - 1))).await || !self.wait_for_network().await {
                return LeftReason::Asked;
            }
            self.rejoin();
        }
    }

    /// False when the guest no longer wants to wait.
    async fn pause(&mut self, length: Duration) -> bool {
        let until = tokio::time::Instant::now() + length;
        loop {
            tokio::select! {
                () = self.cancel.cancelled() => return false,
                () = sleep_until(until) => return true,
                command = self.commands.recv() => match command {
                    None | Some(Command::Leave) => return false,
                    Some(command) => self.ask(command),
                },
            }
        }
    }

    fn rejoin(&mut self) {
        self.over = None;
        self.renew_guest();
        self.wire = Wire::to(&self.place);
    }

    fn renew_guest(&mut self) {
        let elsewhere = self.elsewhere.as_deref();
        self.guest = new_guest(&self.options, &self.place, elsewhere, &self.former, self.classic, &mut self.rng);
    }

    async fn stay(&mut self) -> Over {
        self.drain();
        loop {
            let input = self.next().await;
            self.take(input);
            self.drain();
            if let Some(over) = self.over.take() {
                return over;
            }
        }
    }

    async fn next(&mut self) -> Input {
        let wake = self.wake();
        tokio::select! {
            () = self.cancel.cancelled() => Input::Cancelled,
            command = self.commands.recv() => command.map_or(Input::Cancelled, Input::Asked),
            incoming = self.wire.next() => Input::Wire(incoming),
            answer = conference_answer(&mut self.asking) => Input::Conference(answer),
            news = bridge_news(&mut self.bridge) => Input::Bridge(news),
            event = media_event(&mut self.session) => Input::Media(event),
            event = direct_event(&mut self.direct) => Input::Direct(event),
            (kind, unit) = self.sending.next() => Input::Unit(kind, unit),
            unit = self.screen.sight.next() => Input::Screen(unit),
            opened = self.local.next() => Input::Opened(opened),
            ssrc = self.downlink.next_ask() => Input::KeyFrameWanted(ssrc),
            () = wake_at(wake) => Input::Deadline,
            _ = self.levels.tick() => Input::Levels,
            _ = self.stats.tick() => Input::Stats,
            _ = self.looks.tick() => Input::Network,
        }
    }

    fn take(&mut self, input: Input) {
        match input {
            Input::Cancelled => self.ask(Command::Leave),
            Input::Asked(command) => self.ask(command),
            Input::Wire(incoming) => self.wire_said(incoming),
            Input::Conference(answer) => self.conference_answered(answer),
            Input::Bridge(news) => self.bridge_said(news),
            Input::Media(event) => self.media_said(event),
            Input::Direct(event) => self.direct_said(event),
            Input::Unit(kind, unit) => self.send(kind, unit),
            Input::Screen(unit) => self.send_screen(unit),
            Input::Opened(opened) => self.opened(opened),
            Input::KeyFrameWanted(ssrc) => self.want_key_frame(ssrc),
            Input::Deadline => self.woken(Instant::now()),
            Input::Levels => self.tell_levels(),
            Input::Stats => self.tell_stats(),
            Input::Network => self.look_at_network(Instant::now()),
        }
    }

    /// When something is due: in the guest core, or a repair.
    fn wake(&self) -> Option<Instant> {
        let doubt = self.doubt.map(|doubt| doubt.ends());
        [self.deadline, self.restarts.due(), self.bridgeless.due(), doubt, self.farewell].into_iter().flatten().min()
    }

    fn woken(&mut self, now: Instant) {
        self.settle_doubt(now);
        self.miss_explanation(now);
        self.repair(now);
        self.leave_bridgeless(now);
        if self.deadline.is_some_and(|at| at <= now) {
            self.guest.handle(now, guest::Input::Timeout);
        }
    }

    /// Drains the guest core to its `Wait`.
    fn drain(&mut self) {
        loop {
            match self.guest.poll_output() {
                guest::Output::Send(text) => {
                    if self.wire.outgoing.try_send(text).is_err() {
                        // A server that leaves hundreds of stanzas unread is as good as gone.
                        self.guest.handle(Instant::now(), guest::Input::Closed);
                    }
                }
                guest::Output::Event(event) => self.guest_said(event),
                guest::Output::Wait(at) => {
                    self.deadline = at;
                    return;
                }
            }
        }
    }

    fn wire_said(&mut self, incoming: Incoming) {
        let input = match incoming {
            Incoming::Opened(way) => {
                self.way = Some(way);
                guest::Input::Opened
            }
            Incoming::Text(text) => guest::Input::Text(text),
            Incoming::Closed(ended) => return self.wire_closed(ended),
            // What does not open while we are in the room may open a moment later.
            Incoming::Failed(_) if self.redialing => guest::Input::Closed,
            Incoming::Failed(error) => return self.unreachable(error),
        };
        self.guest.handle(Instant::now(), input);
    }

    /// Somebody's own room ends with the program it runs in, and nobody comes back to it; a deployment that goes away
    /// restarts.
    fn wire_closed(&mut self, ended: Ended) {
        let own_room = self.options.link.rn.is_some();
        if ended == Ended::GoingAway && own_room && !self.endpoint.is_empty() {
            self.over = Some(Over::Ended(LeftReason::RoomEnded));
        }
        self.guest.handle(Instant::now(), guest::Input::Closed);
    }

    fn unreachable(&mut self, error: WireError) {
        tracing::info!(%error, "no connection to the server");
        if !self.was_in && self.place.fall_back() {
            return self.rejoin();
        }
        self.over = Some(Over::Ended(LeftReason::Unreachable(error)));
    }

    /// Everything that belongs to one stay, away.
    fn forget_room(&mut self) {
        self.drop_direct();
        self.end_session();
        self.restarts = Restarts::default();
        self.bridgeless.left_room();
        self.farewell = None;
        self.endpoint.clear();
        self.screen.left_room();
        self.sending.camera.left_room();
        self.deadline = None;
        self.asking = None;
        (self.redialing, self.redials) = (false, 0);
    }

    /// Drops the media session and everybody's sources.
    fn end_session(&mut self) {
        if let Some(mut session) = self.session.take() {
            session.driver.endpoint().close(Instant::now());
        }
        self.bridge = None;
        self.doubt = None;
        self.carry();
        self.screen.announced = false;
        if !self.hears_directly() {
            self.downlink.clear();
        }
        self.share_pictures();
    }

    /// Whether there is a session that own pictures go out by. A direct connection has an encoder of its own for the camera, and shares the
    /// screen's.
    fn carry(&mut self) {
        let (bridged, direct) = (self.session.is_some(), self.direct.as_ref().is_some_and(Direct::stands));
        self.sending.camera.set_carried(bridged);
        self.screen.sight.set_carried(bridged || direct);
    }

    async fn end(mut self, reason: LeftReason) {
        self.drop_direct();
        self.end_session();
        self.wire.close().await;
        // Threads are joined by their handles; that is no work for the runtime's threads.
        let threads = (self.sending, self.screen, self.downlink, self.local);
        let _ = tokio::task::spawn_blocking(move || drop(threads)).await;
        self.faces.learn(Fact::Ended(reason));
    }
}

/// A broken connection may be repaired, a decision may not.
fn is_repairable(reason: &LeftReason) -> bool {
    match reason {
        LeftReason::Unreachable(error) => *error != WireError::NoRelay,
        LeftReason::Lost => true,
        LeftReason::Asked | LeftReason::Refused(_) | LeftReason::Kicked | LeftReason::RoomEnded => false,
    }
}

async fn bridge_news(bridge: &mut Option<Bridge>) -> News {
    match bridge {
        Some(Bridge::WebSocket(socket)) => socket.next().await,
        Some(Bridge::DataChannel { .. }) | None => std::future::pending().await,
    }
}

async fn media_event(session: &mut Option<Session>) -> std::io::Result<runde_transport::Event> {
    match session {
        Some(session) => session.driver.next().await,
        None => std::future::pending().await,
    }
}

async fn wake_at(deadline: Option<Instant>) {
    match deadline {
        Some(at) => sleep(at.saturating_duration_since(Instant::now())).await,
        None => std::future::pending().await,
    }
}
