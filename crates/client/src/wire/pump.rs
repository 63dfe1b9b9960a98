//! Moves text frames between one socket and two bounded channels, until either end is gone.
//!
//! Start at [`pump`].

use tokio::sync::mpsc;

use super::{Ended, Socket, Target, Way, WireError, connect};
use crate::contacts::Errand;

/// Frames read ahead of the meeting. Beyond it the socket waits, and so does the server behind TCP.
pub(crate) const INCOMING_FRAMES: usize = 64;

/// Frames not yet taken by the server. A guest sends a few a second; a server that leaves so many unread is gone.
pub(crate) const OUTGOING_FRAMES: usize = 256;

/// What comes from a socket.
#[derive(Debug)]
pub(crate) enum Incoming {
    Opened(Way),
    Text(String),
    /// It never opened.
    Failed(WireError),
    /// It was open and is no more.
    Closed(Ended),
}

/// Connects, then moves frames. Ends when the connection does, when `outgoing` is closed (after a good-bye), or
/// when nobody listens to `incoming` any more. Full `incoming`: waits. Returns whether it had opened.
pub(crate) async fn pump(
    target: &Target,
    errand: &Errand,
    outgoing: &mut mpsc::Receiver<String>,
    incoming: &mpsc::Sender<Incoming>,
) -> bool {
    let socket = match connect(target, errand).await {
        Ok(socket) => socket,
        Err(error) => {
            let _ = incoming.send(Incoming::Failed(error)).await;
            return false;
        }
    };
    if incoming.send(Incoming::Opened(socket.way)).await.is_ok() {
        let ended = carry(socket, outgoing, incoming).await;
        let _ = incoming.send(Incoming::Closed(ended)).await;
    }
    true
}

/// Ends the connection so that the last words arrive: a socket that is closed with something unread in it is reset, and a reset
/// takes away what the other side has not read yet. Whoever calls bounds the wait for the other side's end.
async fn part(mut socket: Socket) -> Ended {
    socket.close().await;
    loop {
        if let Err(ended) = socket.next().await {
            return ended;
        }
    }
}

async fn carry(mut socket: Socket, outgoing: &mut mpsc::Receiver<String>, incoming: &mpsc::Sender<Incoming>) -> Ended {
    loop {
        tokio::select! {
            // What is to be said goes first: each frame that is read may want an answer, and a server that floods us would
            // otherwise look like one that takes nothing.
            biased;
            text = outgoing.recv() => match text {
                Some(text) => if socket.send(text).await.is_err() { return socket.last_word().await },
                None => return part(socket).await,
            },
            text = socket.next() => match text {
                Ok(text) => if incoming.send(Incoming::Text(text)).await.is_err() { return Ended::Broken },
                Err(ended) => return ended,
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::Reach;
    use super::*;
    use crate::contacts::{Contacts, errand};
    use futures_util::{SinkExt, StreamExt};
    use tokio::net::TcpListener;
    use tokio_tungstenite::tungstenite::Message;

    const FLOOD: usize = 20_000;

    #[tokio::test]
    async fn a_flood_of_questions_leaves_room_for_the_answers() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let (host, port) = ("127.0.0.1".to_owned(), listener.local_addr().unwrap().port());
        let target = Target {
            secure: false,
            host,
            port,
            path: "/".to_owned(),
            pin: None,
            protocol: None,
            reach: Reach::Anywhere,
        };
        let server = tokio::spawn(async move {
            let (tcp, _) = listener.accept().await.unwrap();
            let (mut say, mut heard) = tokio_tungstenite::accept_async(tcp).await.unwrap().split();
            let flood = async {
                for _ in 0..FLOOD {
                    say.send(Message::text("?")).await.unwrap();
                }
            };
            let answers = async {
                for _ in 0..2 * FLOOD {
                    heard.next().await.unwrap().unwrap();
                }
            };
            tokio::join!(flood, answers);
        });
        let (outgoing, mut to_send) = mpsc::channel(OUTGOING_FRAMES);
        let (received, mut incoming) = mpsc::channel(INCOMING_FRAMES);
        let pumping = tokio::spawn(async move {
            pump(&target, &errand(&Contacts::default()), &mut to_send, &received).await;
        });
        let mut asked = 0;
        while asked < FLOOD {
            if let Incoming::Text(_) = incoming.recv().await.unwrap() {
                asked += 1;
                for answer in ["!", "r"] {
                    outgoing.try_send(answer.to_owned()).unwrap();
                }
            }
        }
        server.await.unwrap();
        pumping.abort();
    }
}
