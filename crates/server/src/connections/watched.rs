//! A connection whose peer must read what it asked for.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::{Instant, Sleep, sleep_until};

use super::activity::Activity;
use super::listener::SEND_BUFFER_BYTES;
use crate::config::Config;
use crate::pace::Pace;

/// How slowly a peer may read.
#[derive(Clone, Copy)]
pub(super) struct ReadingLimits {
    /// The longest time without any progress.
    pub(super) timeout: Duration,
    pub(super) bytes_per_second: usize,
    pub(super) grace: Duration,
}

impl ReadingLimits {
    pub(super) fn of(config: &Config) -> Self {
        Self {
            timeout: config.write_timeout,
            bytes_per_second: config.least_bytes_per_second,
            grace: config.least_rate_grace,
        }
    }
}

/// A stream that fails with `TimedOut` when its peer doesn't read, or too slowly.
pub(super) struct Watched<S> {
    stream: S,
    limits: ReadingLimits,
    activity: Arc<Activity>,
    /// Active while there is something that the peer should read.
    blocked: Option<Blocked>,
}

struct Blocked {
    pace: Pace,
    alarm: Pin<Box<Sleep>>,
}

impl<S> Watched<S> {
    pub(super) fn new(stream: S, limits: ReadingLimits, activity: Arc<Activity>) -> Self {
        Self {
            stream,
            limits,
            activity,
            blocked: None,
        }
    }

    /// Looks at the result of a write.
    fn watch(
        &mut self,
        context: &mut Context<'_>,
        wrote: Poll<io::Result<usize>>,
    ) -> Poll<io::Result<usize>> {
        match wrote {
            Poll::Ready(Ok(bytes)) => {
                self.activity.add_written(bytes);
                if let Some(blocked) = &mut self.blocked {
                    blocked.pace.add(Instant::now(), bytes);
                    let deadline = self.limits.deadline(&blocked.pace);
                    blocked.alarm.as_mut().reset(deadline);
                }
                wrote
            }
            Poll::Ready(Err(_)) => wrote,
            Poll::Pending => {
                let Self {
                    limits, activity, ..
                } = self;
                let blocked = self.blocked.get_or_insert_with(|| {
                    let now = Instant::now();
                    activity.set_blocked(Some(now));
                    let slack = SEND_BUFFER_BYTES as usize;
                    let pace = Pace::new(now, limits.bytes_per_second, limits.grace, slack);
                    let alarm = Box::pin(sleep_until(limits.deadline(&pace)));
                    Blocked { pace, alarm }
                });
                ready!(blocked.alarm.as_mut().poll(context));
                Poll::Ready(Err(io::Error::new(
                    io::ErrorKind::TimedOut,
                    "the peer reads too slowly",
                )))
            }
        }
    }
}

impl ReadingLimits {
    /// When a peer of this pace that reads nothing more is cut off.
    fn deadline(&self, pace: &Pace) -> Instant {
        let stalled = Instant::now() + self.timeout;
        pace.deadline().map_or(stalled, |slow| slow.min(stalled))
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Watched<S> {
    fn poll_read(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        let before = buffer.filled().len();
        let read = Pin::new(&mut this.stream).poll_read(context, buffer);
        this.activity.add_read(buffer.filled().len() - before);
        read
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Watched<S> {
    fn poll_write(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        let wrote = Pin::new(&mut this.stream).poll_write(context, bytes);
        this.watch(context, wrote)
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        pieces: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        let wrote = Pin::new(&mut this.stream).poll_write_vectored(context, pieces);
        this.watch(context, wrote)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    /// Everything that there was to write has been written before this is called.
    fn poll_flush(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        if this.blocked.take().is_some() {
            this.activity.set_blocked(None);
        }
        Pin::new(&mut this.stream).poll_flush(context)
    }

    fn poll_shutdown(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().stream).poll_shutdown(context)
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

    use super::*;

    const LIMITS: ReadingLimits = ReadingLimits {
        timeout: Duration::from_secs(2),
        bytes_per_second: 20_000,
        grace: Duration::from_millis(100),
    };

    /// How a long answer ends for a peer that reads this many bytes at a time with pauses between.
    async fn answer(read: usize, pause: Duration) -> Result<(), io::ErrorKind> {
        let (stream, mut peer) = tokio::io::duplex(1000);
        let activity = Activity::new();
        let mut watched = Watched::new(stream, LIMITS, Arc::clone(&activity));
        let peer = tokio::spawn(async move {
            let mut bytes = vec![0; read];
            while peer.read_exact(&mut bytes).await.is_ok() {
                tokio::time::sleep(pause).await;
            }
        });
        let whole = async {
            watched.write_all(&vec![7; 400_000]).await?;
            watched.flush().await
        };
        let ended = whole.await.map_err(|error: io::Error| error.kind());
        // Visible to the code that looks for a connection to make room.
        assert_eq!(activity.blocked_since().is_some(), ended.is_err());
        peer.abort();
        ended
    }

    #[tokio::test]
    async fn peers_that_read_too_slowly_are_cut_off() {
        let (short, never) = (Duration::from_millis(10), Duration::from_secs(3600));
        assert_eq!(answer(100_000, short).await, Ok(()));
        // Slow, and with pauses, but not too slow.
        assert_eq!(answer(20_000, 10 * short).await, Ok(()));
        assert_eq!(answer(10, short).await, Err(io::ErrorKind::TimedOut));
        assert_eq!(answer(10, never).await, Err(io::ErrorKind::TimedOut));
    }
}
