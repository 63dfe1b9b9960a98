//! A TCP connection whose bytes are counted, below TLS: what the wire carries, not what is said.

use std::io::{self, IoSlice};
use std::net::SocketAddr;
use std::pin::Pin;
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;

use super::{Contacts, Entry};

/// The connection.
#[derive(Debug)]
pub(crate) struct Counted {
    tcp: TcpStream,
    contacts: Contacts,
    entry: Entry,
}

impl Counted {
    pub(super) const fn new(tcp: TcpStream, contacts: Contacts, entry: Entry) -> Self {
        Self { tcp, contacts, entry }
    }

    pub(crate) fn local_addr(&self) -> io::Result<SocketAddr> {
        self.tcp.local_addr()
    }

    pub(crate) fn peer_addr(&self) -> io::Result<SocketAddr> {
        self.tcp.peer_addr()
    }

    fn wrote(&self, polled: Poll<io::Result<usize>>) -> Poll<io::Result<usize>> {
        if let Poll::Ready(Ok(bytes)) = &polled {
            self.contacts.count(self.entry, *bytes as u64, 0);
        }
        polled
    }
}

impl AsyncRead for Counted {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        let polled = Pin::new(&mut self.tcp).poll_read(context, buffer);
        let came = buffer.filled().len() - before;
        if came > 0 {
            self.contacts.count(self.entry, 0, came as u64);
        }
        polled
    }
}

impl AsyncWrite for Counted {
    fn poll_write(mut self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let polled = Pin::new(&mut self.tcp).poll_write(context, bytes);
        self.wrote(polled)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        pieces: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let polled = Pin::new(&mut self.tcp).poll_write_vectored(context, pieces);
        self.wrote(polled)
    }

    fn is_write_vectored(&self) -> bool {
        self.tcp.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.tcp).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.tcp).poll_shutdown(context)
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Contacts, errand};
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::TcpListener;

    #[tokio::test]
    async fn what_went_and_came_is_counted_and_so_is_an_attempt_that_failed() {
        let contacts = Contacts::default();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let serving = tokio::spawn(async move {
            let (mut tcp, _) = listener.accept().await.unwrap();
            tcp.read_exact(&mut [0; 5]).await.unwrap();
            tcp.write_all(b"answer").await.unwrap();
        });
        let errand = errand(&contacts);
        let mut tcp = errand.connect("localhost", address).await.unwrap();
        tcp.write_all(b"hello").await.unwrap();
        tcp.read_exact(&mut [0; 6]).await.unwrap();
        serving.await.unwrap();
        assert!(errand.connect("localhost", address).await.is_err(), "nobody listens any more");
        let [entry] = contacts.seen().contacts.try_into().unwrap();
        assert_eq!((entry.times, entry.sent, entry.received), (2, 5, 6));
        assert_eq!((entry.host.as_str(), entry.address), ("localhost", Some(address)));
    }
}
