//! Accepting connections, and ending them.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::ConnectInfo;
use axum::http::Request;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};
use tokio::task::JoinSet;
use tower::util::MapRequest;

use super::listener::Listener;
use super::stream::Stream;
use crate::config::Config;

/// The pause after the operating system could not hand over a connection, for want of file descriptors or memory.
const ACCEPT_PAUSE: Duration = Duration::from_millis(200);
/// The largest header, and the piece in which bodies are read.
const BUFFER_BYTES: usize = 64 << 10;

/// The public's side of a service, or its operators'.
pub(super) struct Side {
    http: http1::Builder,
    router: Router,
    places: Arc<Semaphore>,
    grace: Duration,
}

impl Side {
    pub(super) fn new(router: Router, places: usize, config: &Config) -> Arc<Self> {
        let mut http = http1::Builder::new();
        http.timer(TokioTimer::new())
            .header_read_timeout(config.header_timeout)
            .max_buf_size(BUFFER_BYTES);
        Arc::new(Self {
            http,
            router,
            places: Arc::new(Semaphore::new(places)),
            grace: config.shutdown_grace,
        })
    }

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
            if let Err(error) = ended {
                tracing::error!(%error, "a listener failed");
            }
        }
    }

    async fn accept_from(self: Arc<Self>, listener: Listener, mut ends: watch::Receiver<bool>) {
        let mut connections = JoinSet::new();
        loop {
            let (stream, peer, place) = tokio::select! {
                () = told(&mut ends) => break,
                accepted = accept(&listener, &self.places) => accepted,
                Some(_) = connections.join_next() => continue,
            };
            let side = Arc::clone(&self);
            let ends = ends.clone();
            connections.spawn(async move {
                let _place = place;
                side.answer(stream, peer, ends).await;
            });
        }
        drop(listener);
        tracing::info!(connections = connections.len(), grace = ?self.grace, "ending");
        let finished = async { while connections.join_next().await.is_some() {} };
        if tokio::time::timeout(self.grace, finished).await.is_err() {
            tracing::warn!(
                connections = connections.len(),
                "the grace is over: breaking connections off"
            );
        }
        connections.shutdown().await;
    }

    /// Answers a connection's requests.
    async fn answer(
        &self,
        stream: Stream,
        peer: Option<SocketAddr>,
        mut ends: watch::Receiver<bool>,
    ) {
        let service = MapRequest::new(
            self.router.clone(),
            move |mut request: Request<Incoming>| {
                if let Some(peer) = peer {
                    request.extensions_mut().insert(ConnectInfo(peer));
                }
                request
            },
        );
        let service = TowerToHyperService::new(service);
        let connection = self.http.serve_connection(TokioIo::new(stream), service);
        let mut connection = std::pin::pin!(connection);
        let result = tokio::select! {
            result = connection.as_mut() => result,
            () = told(&mut ends) => {
                connection.as_mut().graceful_shutdown();
                connection.await
            }
        };
        if let Err(error) = result {
            tracing::debug!(%error, "a connection ended early");
        }
    }
}

/// Waits for the end.
async fn told(ends: &mut watch::Receiver<bool>) {
    // A sender that has gone away is an end too.
    let _ = ends.wait_for(|&ends| ends).await;
}

/// The next connection and where it comes from, once there is a place for it.
async fn accept(
    listener: &Listener,
    places: &Arc<Semaphore>,
) -> (Stream, Option<SocketAddr>, OwnedSemaphorePermit) {
    let place = Arc::clone(places)
        .acquire_owned()
        .await
        .expect("the semaphore is never closed");
    loop {
        match listener.accept().await {
            Ok((stream, peer)) => return (stream, peer, place),
            Err(error) if is_the_connections(&error) => {}
            Err(error) => {
                tracing::warn!(%error, "can't accept connections");
                tokio::time::sleep(ACCEPT_PAUSE).await;
            }
        }
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
