//! One connection, from its first byte to its last.

use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::sync::watch;
use tokio::time::Instant;

use super::activity::Activity;
use super::ends::told;
use super::half_closed::HalfClosed;
use super::protocol::Http;
use super::requests::{Peer, Requests};
use super::secured::{Insecure, Secured, secure};
use super::stream::Stream;
use super::watched::{ReadingLimits, Watched};
use crate::tls::Tls;

/// How long a connection that makes room may take to close.
const GOODBYE: Duration = Duration::from_millis(250);

/// What all connections of a side have in common.
pub(super) struct Terms {
    pub(super) http: Http,
    pub(super) router: Router,
    pub(super) tls: Option<Arc<Tls>>,
    /// The longest time for a handshake, until the first request, and between two.
    pub(super) idle: Duration,
    pub(super) reading: ReadingLimits,
}

/// How a connection ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum End {
    /// By its peer, or cleanly after its last request.
    Done,
    /// To make room for another.
    MadeRoom,
    /// Without a request for too long.
    Idle,
    /// By a peer that reads too slowly.
    Slow,
    /// In the TLS handshake.
    Handshake,
    /// By a fault of the peer or the network.
    Broken,
}

impl Terms {
    /// Answers a connection's requests until it ends.
    pub(super) async fn answer(
        &self,
        stream: Stream,
        mut peer: Peer,
        activity: Arc<Activity>,
        mut ends: watch::Receiver<bool>,
    ) -> End {
        let encrypted = match (&self.tls, &stream) {
            (Some(tls), Stream::Tcp(_)) => Some(tls),
            _ => None,
        };
        let Some(tls) = encrypted else {
            let stream = Watched::new(stream, self.reading, Arc::clone(&activity));
            return self.requests(stream, peer, activity, ends).await;
        };
        let secured = tokio::select! {
            secured = tokio::time::timeout(self.idle, secure(stream, tls, |stream| {
                Watched::new(stream, self.reading, Arc::clone(&activity))
            })) => secured,
            () = activity.asked_to_leave() => return End::MadeRoom,
            () = told(&mut ends) => return End::Done,
        };
        match secured {
            Ok(Ok(Secured {
                stream,
                certificate,
            })) => {
                peer.certificate = certificate;
                self.requests(stream, peer, activity, ends).await
            }
            Ok(Err(Insecure::Closed)) => End::Done,
            Ok(Err(error)) => {
                tracing::debug!(%error, "no TLS");
                End::Handshake
            }
            Err(_) => End::Handshake,
        }
    }

    async fn requests<S: AsyncRead + AsyncWrite + Unpin + Send + 'static>(
        &self,
        stream: S,
        peer: Peer,
        activity: Arc<Activity>,
        mut ends: watch::Receiver<bool>,
    ) -> End {
        let requests = Requests {
            router: self.router.clone(),
            peer,
            activity: Arc::clone(&activity),
        };
        let stream = HalfClosed::new(stream, Arc::clone(&activity));
        let connection = self.http.serve_connection(TokioIo::new(stream), requests);
        let mut connection = pin!(connection);
        let end = tokio::select! {
            result = connection.as_mut() => return of(result),
            () = told(&mut ends) => {
                connection.as_mut().graceful_shutdown();
                return of(connection.await);
            }
            () = activity.asked_to_leave() => End::MadeRoom,
            () = too_long_idle(&activity, self.idle) => End::Idle,
        };
        connection.as_mut().graceful_shutdown();
        let over = async {
            if end == End::MadeRoom {
                made_room(&activity).await;
            } else {
                tokio::select! {
                    () = read_out(&activity, self.reading) => {}
                    () = activity.asked_to_leave() => {}
                }
            }
        };
        tokio::select! {
            // If it was asked to end in time, that is how it ended.
            _ = connection => {}
            () = over => {}
        }
        end
    }
}

fn of(result: Result<(), Box<dyn std::error::Error + Send + Sync>>) -> End {
    let Err(error) = result else {
        return End::Done;
    };
    tracing::debug!(%error, "a connection ended early");
    let mut cause: Option<&(dyn std::error::Error + 'static)> = Some(error.as_ref());
    while let Some(error) = cause {
        let timed_out = error
            .downcast_ref::<std::io::Error>()
            .is_some_and(|error| error.kind() == std::io::ErrorKind::TimedOut);
        if timed_out {
            return End::Slow;
        }
        if error
            .downcast_ref::<hyper::Error>()
            .is_some_and(hyper::Error::is_timeout)
        {
            return End::Idle;
        }
        cause = error.source();
    }
    End::Broken
}

/// Waits until a connection has been without a request for this long.
async fn too_long_idle(activity: &Activity, time: Duration) {
    loop {
        let end = match activity.idle_since() {
            Some(since) if since.elapsed() >= time => return,
            Some(since) => since + time,
            None => Instant::now() + time,
        };
        tokio::time::sleep_until(end).await;
    }
}

/// Waits until the time of a connection that makes room is over; a request that arrived in between
/// is answered.
async fn made_room(activity: &Activity) {
    tokio::time::sleep(GOODBYE).await;
    let is_held_up = || activity.blocked_since().is_some() || activity.is_incoming();
    while activity.is_under_way() && !is_held_up() {
        tokio::time::sleep(GOODBYE).await;
    }
}

/// Waits until the peer of a connection without requests is too slow in reading what may still be
/// there for it: in HTTP/2 the peer says how much it takes, so there may be nothing to write if it
/// takes nothing.
async fn read_out(activity: &Activity, limits: ReadingLimits) {
    let least = limits.bytes_per_second as f64 * limits.timeout.as_secs_f64();
    loop {
        let before = activity.written();
        tokio::time::sleep(limits.timeout).await;
        let written = activity.written() - before;
        if !activity.is_under_way() && (written as f64) < least.max(1.0) {
            return;
        }
    }
}
