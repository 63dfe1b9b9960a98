//! One web socket: frames between the network and the hall, with limits on size, pace and silence.

use std::time::Duration;

use axum::extract::ws::{CloseFrame, Message, Utf8Bytes, WebSocket};
use tokio::sync::{OwnedSemaphorePermit, mpsc};
use tokio::time::{Instant, MissedTickBehavior, interval, timeout};
use tokio_util::sync::CancellationToken;

use crate::hall::{ConnId, Frame, ToHall};
use crate::pace::Pace;

/// Largest XMPP frame: a stanza of a peer.
pub(crate) const MAX_XMPP_FRAME: usize = 256 * 1024;
/// Largest message on the bridge channel: constraints for a big room.
pub(crate) const MAX_BRIDGE_FRAME: usize = 64 * 1024;
/// Frames waiting for a slow reader. Joining a room of a hundred takes about that many; a reader that is further
/// behind is closed, since what it would read is history.
pub(crate) const OUTBOX: usize = 1024;
/// A ping asks a silent guest whether it is there; without any sign for the longer time it is not.
const PING: Duration = Duration::from_secs(15);
const SILENT: Duration = Duration::from_secs(45);
/// How long one frame may take to leave.
const SEND: Duration = Duration::from_secs(10);
/// Whoever has not entered a room by then was not going to.
const STRANGER: Duration = Duration::from_secs(30);
/// The same for somebody whom a room asked for a password or a name to knock by: a person is typing.
const TYPING: Duration = Duration::from_secs(300);
/// RFC 6455 7.4.1.
const GOING_AWAY: u16 = 1001;
const POLICY: u16 = 1008;

/// What a web socket carries.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Line {
    Xmpp,
    Bridge,
}

/// One open web socket and what it belongs to.
pub(crate) struct Wire {
    pub(crate) socket: WebSocket,
    pub(crate) id: ConnId,
    pub(crate) line: Line,
    pub(crate) hall: mpsc::Sender<ToHall>,
    pub(crate) outbox: mpsc::Receiver<Frame>,
    /// Held until the hall says that this is a guest. Bridge channels prove that by their password.
    pub(crate) stranger: Option<OwnedSemaphorePermit>,
    pub(crate) cancel: CancellationToken,
}

impl Wire {
    /// Pumps until one side ends; then tells the hall.
    pub(crate) async fn run(mut self) {
        let reason = self.pump().await;
        let close = Message::Close(Some(CloseFrame { code: reason, reason: Utf8Bytes::default() }));
        let _ = timeout(SEND, self.socket.send(close)).await;
        let _ = self.hall.send(ToHall::Closed(self.id)).await;
    }

    async fn pump(&mut self) -> u16 {
        let opened = Instant::now();
        let (mut heard, mut pace, mut limit) = (opened, Pace::new(opened.into_std()), STRANGER);
        let mut ping = interval(PING);
        ping.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                () = self.cancel.cancelled() => return GOING_AWAY,
                frame = self.socket.recv() => {
                    heard = Instant::now();
                    let Some(Ok(message)) = frame else { return GOING_AWAY };
                    if !pace.allow(heard.into_std()) || !self.take(message).await {
                        return POLICY;
                    }
                }
                frame = self.outbox.recv() => {
                    let Some(frame) = frame else { return GOING_AWAY };
                    if matches!(frame, Frame::Asked) {
                        limit = TYPING;
                    } else if !self.give(frame).await {
                        return GOING_AWAY;
                    }
                }
                _ = ping.tick() => {
                    let stranger = self.stranger.is_some() && opened.elapsed() >= limit;
                    if stranger || heard.elapsed() >= SILENT || !self.write(Message::Ping(bytes::Bytes::new())).await {
                        return POLICY;
                    }
                }
            }
        }
    }

    /// False ends the connection: only text has a meaning here.
    async fn take(&mut self, message: Message) -> bool {
        match message {
            Message::Text(text) => {
                let text = text.as_str().to_owned();
                let said = match self.line {
                    Line::Xmpp => ToHall::Xmpp(self.id, text),
                    Line::Bridge => ToHall::Bridge(self.id, text),
                };
                self.hall.send(said).await.is_ok()
            }
            Message::Ping(_) | Message::Pong(_) => true,
            Message::Binary(_) | Message::Close(_) => false,
        }
    }

    async fn give(&mut self, frame: Frame) -> bool {
        match frame {
            Frame::Text(text) => self.write(Message::Text(text.into())).await,
            Frame::Seated => {
                self.stranger = None;
                true
            }
            Frame::Asked => true,
        }
    }

    async fn write(&mut self, message: Message) -> bool {
        matches!(timeout(SEND, self.socket.send(message)).await, Ok(Ok(())))
    }
}
