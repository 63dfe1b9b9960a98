//! The bridge channel: a WebSocket kept open by a task and reopened with growing pauses, or a data channel of the media
//! session (jitsi.md 5.1).
//!
//! Messages are [`ToBridge`] and [`FromBridge`]; what they mean is the actor's business. After every opening the actor
//! repeats its wishes, since a bridge forgets them. Which way is taken is decided in `actor/bridge.rs`.

use std::time::Duration;

use runde_signalling::bridge::{Constraint, FromBridge, ReceiverVideoConstraints, ToBridge};
use runde_transport::ChannelId;
use tokio::sync::mpsc;
use tokio::time::sleep;
use tokio_util::task::AbortOnDropHandle;

use super::constraints::Constraints;
use crate::contacts::Errand;
use crate::wire::{INCOMING_FRAMES, Incoming, OUTGOING_FRAMES, Target, pump};

/// Pauses between attempts (jitsi.md 5.1): 1, 2, 4 … s.
const FIRST_PAUSE: Duration = Duration::from_secs(1);
/// The longest pause; a bridge that restarts takes about as long.
const LONGEST_PAUSE: Duration = Duration::from_secs(60);

/// One channel to one bridge.
#[derive(Debug)]
pub(super) enum Bridge {
    WebSocket(WebSocket),
    /// What it brings comes among the session's events.
    DataChannel {
        id: ChannelId,
        open: bool,
        /// How often it was opened in this session.
        attempts: u32,
    },
}

/// A WebSocket that is kept open.
#[derive(Debug)]
pub(super) struct WebSocket {
    /// Attempts that failed before it was open for the first time.
    pub(super) failures: u32,
    was_open: bool,
    outgoing: mpsc::Sender<String>,
    incoming: mpsc::Receiver<Incoming>,
    _task: AbortOnDropHandle<()>,
}

/// What the channel brings.
#[derive(Debug)]
pub(super) enum News {
    /// It is open, for the first time or again.
    Opened,
    Said(FromBridge),
    /// An attempt to open it failed; others follow.
    Failed,
}

impl WebSocket {
    /// Starts to keep a channel to `target` open. Must be called within the runtime.
    pub(super) fn open(target: Target, errand: Errand) -> Self {
        let (outgoing, to_send) = mpsc::channel(OUTGOING_FRAMES);
        let (received, incoming) = mpsc::channel(INCOMING_FRAMES);
        let task = AbortOnDropHandle::new(tokio::spawn(keep_open(target, errand, to_send, received)));
        Self { failures: 0, was_open: false, outgoing, incoming, _task: task }
    }

    /// Sends, or drops when the channel is down: after reopening everything that counts is said again.
    pub(super) fn say(&self, message: &ToBridge) {
        if self.outgoing.try_send(message.to_json()).is_err() {
            tracing::debug!("the bridge channel takes no message");
        }
    }

    /// The next news; never ends. Safe to drop half way.
    pub(super) async fn next(&mut self) -> News {
        loop {
            match self.incoming.recv().await {
                Some(Incoming::Opened(_)) => {
                    self.was_open = true;
                    return News::Opened;
                }
                Some(Incoming::Text(text)) => match FromBridge::parse(&text) {
                    Ok(Some(message)) => return News::Said(message),
                    Ok(None) => {}
                    Err(refused) => tracing::debug!(%refused, "a bridge message was refused"),
                },
                Some(Incoming::Failed(error)) => {
                    tracing::info!(%error, "the bridge channel does not open");
                    self.failures += u32::from(!self.was_open);
                    return News::Failed;
                }
                Some(Incoming::Closed(_)) => tracing::info!("the bridge channel closed"),
                None => std::future::pending().await,
            }
        }
    }
}

async fn keep_open(
    target: Target,
    errand: Errand,
    mut to_send: mpsc::Receiver<String>,
    received: mpsc::Sender<Incoming>,
) {
    let mut pause = FIRST_PAUSE;
    while !received.is_closed() {
        let opened = pump(&target, &errand, &mut to_send, &received).await;
        if opened {
            pause = FIRST_PAUSE;
        }
        sleep(pause).await;
        pause = (pause * 2).min(LONGEST_PAUSE);
        // What was said into a dead channel is stale by now.
        while to_send.try_recv().is_ok() {}
    }
}

/// What is wanted to be seen, as a message.
pub(super) fn wishes(constraints: Constraints) -> ToBridge {
    let constraint = |max_height| Constraint { max_height };
    ToBridge::ReceiverVideoConstraints(ReceiverVideoConstraints {
        last_n: Some(-1),
        selected_sources: None,
        on_stage_sources: Some(constraints.on_stage),
        default_constraints: Some(constraint(constraints.default_height)),
        constraints: Some(constraints.heights.into_iter().map(|(name, lines)| (name, constraint(lines))).collect()),
        assumed_bandwidth_bps: None,
    })
}

/// What the own screen shows, as a message.
pub(super) fn screen_type(source_name: String, on: bool) -> ToBridge {
    ToBridge::SourceVideoType { source_name, video_type: if on { "desktop" } else { "none" }.to_owned() }
}

/// What the own camera shows, as a message.
pub(super) fn video_type(source_name: String, on: bool) -> ToBridge {
    ToBridge::SourceVideoType { source_name, video_type: if on { "camera" } else { "none" }.to_owned() }
}
