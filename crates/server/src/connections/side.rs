//! Accepting connections, and ending them.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::http::StatusCode;
use tokio::sync::watch;
use tokio::task::JoinSet;

use super::activity::Activity;
use super::connection::Terms;
use super::counts::Counts;
use super::ends::told;
use super::listener::Listener;
use super::places::Places;
use super::refusal::{self, Refusals};
use super::requests::Peer;
use super::stream::Stream;
use crate::config::Config;
use crate::quota::Caller;

/// The pause after the operating system could not hand over a connection, for lack of file
/// descriptors or memory.
const ACCEPT_PAUSE: Duration = Duration::from_millis(200);

/// The public side of a service, or its operators'.
pub(super) struct Side {
    pub(super) terms: Terms,
    pub(super) places: Arc<Places>,
    pub(super) counts: Arc<Counts>,
    pub(super) refusals: Refusals,
    /// Connections without a place get this.
    pub(super) no_place: Option<Vec<u8>>,
    pub(super) grace: Duration,
}

/// The answer to a connection for which there is no place.
pub(super) fn no_place(config: &Config) -> Vec<u8> {
    let seconds = config.retry_after.as_secs_f64().ceil();
    refusal::answer(
        StatusCode::SERVICE_UNAVAILABLE,
        &format!("retry-after: {seconds}\r\n"),
        "The service has too many connections: try again in a moment.\n",
    )
}

impl Side {
    /// Answers the connections of all these listeners until the end.
    pub(super) async fn run(
        self: Arc<Self>,
        listeners: Vec<Listener>,
        ends: watch::Receiver<bool>,
    ) {
        let mut accepting = JoinSet::new();
        for listener in listeners {
            accepting.spawn(Arc::clone(&self).accept_from(listener, ends.clone()));
        }
        while let Some(ended) = accepting.join_next().await {
            match ended {
                // A service that can't start ends although it is already listening.
                Err(error) if !error.is_cancelled() => {
                    tracing::error!(%error, "a listener failed");
                }
                _ => {}
            }
        }
    }

    async fn accept_from(self: Arc<Self>, listener: Listener, mut ends: watch::Receiver<bool>) {
        let mut connections = JoinSet::new();
        loop {
            tokio::select! {
                () = told(&mut ends) => break,
                (stream, address) = self.accept(&listener) => {
                    self.begin(stream, address, &mut connections, &ends);
                }
                Some(_) = connections.join_next() => {}
            }
        }
        drop(listener);
        tracing::info!(connections = connections.len(), grace = ?self.grace, "ending");
        let finished = async { while connections.join_next().await.is_some() {} };
        if tokio::time::timeout(self.grace, finished).await.is_err() {
            tracing::warn!(
                connections = connections.len(),
                "the grace period is over: closing connections"
            );
        }
        connections.shutdown().await;
    }

    /// The next connection and where it comes from.
    async fn accept(&self, listener: &Listener) -> (Stream, Option<SocketAddr>) {
        loop {
            match listener.accept().await {
                Ok(accepted) => return accepted,
                Err(error) if is_the_connections(&error) => {}
                Err(error) => {
                    tracing::warn!(%error, "can't accept connections");
                    self.places.make_room();
                    tokio::time::sleep(ACCEPT_PAUSE).await;
                }
            }
        }
    }

    /// Finds a place for a connection and answers its requests, or turns it away.
    fn begin(
        self: &Arc<Self>,
        stream: Stream,
        address: Option<SocketAddr>,
        connections: &mut JoinSet<()>,
        ends: &watch::Receiver<bool>,
    ) {
        let activity = Activity::new();
        let caller = address.map(|address| Caller::at(address.ip()));
        let place = match self.places.take(caller, &activity) {
            Ok(place) => place,
            Err(reason) => {
                self.counts.refused(reason, self.places.limit());
                self.refusals.close(stream, self.no_place.clone());
                return;
            }
        };
        let side = Arc::clone(self);
        let ends = ends.clone();
        let peer = Peer {
            address,
            certificate: None,
        };
        connections.spawn(async move {
            let _place = place;
            let end = side.terms.answer(stream, peer, activity, ends).await;
            side.counts.ended(end);
        });
    }
}

/// Whether an error concerns the connection that was to be accepted, not the listener.
fn is_the_connections(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::ConnectionRefused
            | io::ErrorKind::ConnectionAborted
            | io::ErrorKind::ConnectionReset
    )
}
