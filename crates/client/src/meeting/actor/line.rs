//! The XMPP connection of one stay, with the task that moves its frames.

use std::time::Duration;

use tokio::sync::mpsc;
use tokio::time::timeout;
use tokio_util::task::AbortOnDropHandle;

use crate::contacts::Errand;
use crate::place::Place;
use crate::wire::{Ended, INCOMING_FRAMES, Incoming, OUTGOING_FRAMES, Target, pump, pump_bosh};

/// How long a good-bye may take to get out.
const FAREWELL: Duration = Duration::from_millis(500);

/// The XMPP connection with the task that moves its frames.
#[derive(Debug)]
pub(super) struct Wire {
    pub(super) outgoing: mpsc::Sender<String>,
    incoming: mpsc::Receiver<Incoming>,
    /// Its end was told.
    pub(super) over: bool,
    task: AbortOnDropHandle<()>,
}

impl Wire {
    /// To a place, in the way that it has: its socket, or plain requests.
    pub(super) fn to(place: &Place) -> Self {
        match place.bosh.clone().filter(|_| place.by_requests) {
            Some(bosh) => Self::over(bosh, place.errand.clone(), true),
            None => Self::over(place.socket.clone(), place.errand.clone(), false),
        }
    }

    /// Carries on a conversation that broke; only sockets can.
    pub(super) fn resuming(place: &Place, previd: &str) -> Self {
        Self::over(place.socket.resuming(previd), place.errand.clone(), false)
    }

    fn over(target: Target, errand: Errand, by_requests: bool) -> Self {
        let (outgoing, mut to_send) = mpsc::channel(OUTGOING_FRAMES);
        let (received, incoming) = mpsc::channel(INCOMING_FRAMES);
        let work = async move {
            if by_requests {
                pump_bosh(&target, &errand, &mut to_send, &received).await;
            } else {
                pump(&target, &errand, &mut to_send, &received).await;
            }
        };
        Self { outgoing, incoming, over: false, task: AbortOnDropHandle::new(tokio::spawn(work)) }
    }

    /// What comes next. The end comes once; after it nothing does, until another wire takes the place of this one. Safe to drop half
    /// way.
    pub(super) async fn next(&mut self) -> Incoming {
        if self.over {
            return std::future::pending().await;
        }
        let incoming = self.incoming.recv().await.unwrap_or(Incoming::Closed(Ended::Broken));
        self.over = matches!(incoming, Incoming::Closed(_) | Incoming::Failed(_));
        incoming
    }

    /// Lets what was said get out. What comes meanwhile is read and forgotten: a pump that cannot hand it on would stop before the
    /// farewell is out, and the server would keep the seat for a guest that might come back.
    pub(super) async fn close(self) {
        let Self { outgoing, mut incoming, task, .. } = self;
        drop(outgoing);
        let forget = async { while incoming.recv().await.is_some() {} };
        let _ = timeout(FAREWELL, async { tokio::join!(forget, task) }).await;
    }
}
