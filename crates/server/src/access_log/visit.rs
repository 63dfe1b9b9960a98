//! One connection, from its first byte to its line in the log.

use std::io::{self, IoSlice};
use std::net::IpAddr;
use std::pin::Pin;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};
use std::task::{Context, Poll};

use axum::http::{HeaderMap, header};
use runde_privacy::access_log::{Client, Line, Os, agent};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use super::Pen;

/// Counts what one connection is sent. The line is written when the last copy is gone: with the connection, and, for a
/// bridge channel, with the guest's seat, so that the media it was sent is in the number.
#[derive(Debug, Clone)]
pub(crate) struct Meter(Arc<Visit>);

#[derive(Debug)]
struct Visit {
    pen: Option<Pen>,
    ip: IpAddr,
    sent: AtomicU64,
    /// From the first request. Without one nothing was asked for, and there is no line.
    agent: OnceLock<(Client, Os)>,
}

impl Meter {
    /// Without a pen it counts for nobody.
    pub(crate) fn new(pen: Option<Pen>, ip: IpAddr) -> Self {
        Self(Arc::new(Visit { pen, ip: ip.to_canonical(), sent: AtomicU64::new(0), agent: OnceLock::new() }))
    }

    pub(crate) fn add(&self, bytes: u64) {
        self.0.sent.fetch_add(bytes, Ordering::Relaxed);
    }

    /// A request came; of all it says only the `User-Agent` is looked at.
    pub(crate) fn asked(&self, headers: &HeaderMap) {
        if self.0.pen.is_some() {
            let header = headers.get(header::USER_AGENT).map(header::HeaderValue::as_bytes);
            self.0.agent.get_or_init(|| agent::read(header));
        }
    }
}

impl Drop for Visit {
    fn drop(&mut self) {
        let (Some(pen), Some((client, os))) = (&self.pen, self.agent.get()) else { return };
        let bytes_sent = self.sent.load(Ordering::Relaxed);
        pen.write(|time| Line { time, bytes_sent, client: *client, os: *os, ip: self.ip });
    }
}

/// A stream whose sent bytes are counted.
#[derive(Debug)]
pub(crate) struct Counted<S> {
    stream: S,
    meter: Meter,
}

impl<S> Counted<S> {
    pub(crate) fn new(stream: S, meter: Meter) -> Self {
        Self { stream, meter }
    }

    fn count(&self, written: Poll<io::Result<usize>>) -> Poll<io::Result<usize>> {
        if let Poll::Ready(Ok(bytes)) = written {
            self.meter.add(bytes as u64);
        }
        written
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Counted<S> {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, into: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(cx, into)
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Counted<S> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write(cx, bytes);
        self.count(written)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        parts: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write_vectored(cx, parts);
        self.count(written)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}
