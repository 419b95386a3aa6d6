//! A service that runs in this process until it is told to stop.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use anyhow::{Context as _, ensure};
use std::sync::Arc;
use tokio::runtime::Runtime;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use veilcast_server::{App, BoundAddress, Listeners, serve};

use crate::signals::Interruptions;

/// A running service.
pub(crate) struct Service {
    app: Arc<App>,
    /// The public addresses; never empty.
    addresses: Vec<BoundAddress>,
    stop: oneshot::Sender<()>,
    task: JoinHandle<()>,
}

impl Service {
    /// Answers on listeners, on the runtime's threads; when it is stopped, it drains first.
    pub(crate) fn start(
        runtime: &Runtime,
        listeners: Listeners,
        app: Arc<App>,
    ) -> anyhow::Result<Self> {
        let addresses = listeners.public();
        ensure!(!addresses.is_empty(), "the listener has no address");
        let (stop, stopped) = oneshot::channel();
        let draining = Arc::clone(&app);
        let shutdown = async move {
            match stopped.await {
                Ok(()) => draining.drain().await,
                // If the service is dropped, it ends with the runtime.
                Err(_) => std::future::pending().await,
            }
        };
        let task = runtime.spawn(serve(listeners, Arc::clone(&app), shutdown));
        Ok(Self {
            app,
            addresses,
            stop,
            task,
        })
    }

    /// What is served.
    pub(crate) fn app(&self) -> &Arc<App> {
        &self.app
    }

    /// Where the service is reached.
    pub(crate) fn urls(&self) -> Vec<String> {
        self.addresses
            .iter()
            .map(|address| self.url_of(address))
            .collect()
    }

    /// The first of these.
    pub(crate) fn url(&self) -> String {
        self.urls().swap_remove(0)
    }

    /// Where a browser on this machine finds the web page, unless it would have to open a unix socket.
    pub(crate) fn page_url(&self) -> Option<String> {
        self.addresses.iter().find_map(|address| match address {
            BoundAddress::Ip(address) => {
                let reachable = SocketAddr::new(reachable(address.ip()), address.port());
                Some(format!("{}/", self.url_of(&BoundAddress::Ip(reachable))))
            }
            BoundAddress::Unix(_) => None,
        })
    }

    fn url_of(&self, address: &BoundAddress) -> String {
        match address {
            BoundAddress::Ip(address) if self.app.tls().is_some() => format!("https://{address}"),
            BoundAddress::Ip(address) => format!("http://{address}"),
            BoundAddress::Unix(_) => address.to_string(),
        }
    }

    /// Lets the requests under way finish.
    pub(crate) async fn stop(self) -> anyhow::Result<()> {
        // If nobody listens any more, it has stopped already.
        let _ = self.stop.send(());
        self.task.await.context("the service failed")
    }

    /// Serves until an interruption, then stops; another interruption ends the wait for requests
    /// under way.
    pub(crate) async fn stop_after(self, mut interruptions: Interruptions) -> anyhow::Result<()> {
        interruptions.next().await;
        self.stop_before(interruptions).await
    }

    /// Stops, and no longer waits for requests under way if there is an interruption.
    pub(crate) async fn stop_before(self, mut interruptions: Interruptions) -> anyhow::Result<()> {
        tokio::select! {
            stopped = self.stop() => stopped,
            () = interruptions.next() => Ok(()),
        }
    }
}

/// The address at which this machine reaches a listener on an address: itself, for one on all
/// addresses.
fn reachable(listening: IpAddr) -> IpAddr {
    match listening {
        IpAddr::V4(Ipv4Addr::UNSPECIFIED) => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(Ipv6Addr::UNSPECIFIED) => Ipv6Addr::LOCALHOST.into(),
        one => one,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn browsers_get_an_address_that_they_can_open() {
        for (listening, expected) in [
            ("127.0.0.1", "127.0.0.1"),
            ("0.0.0.0", "127.0.0.1"),
            ("::", "::1"),
            ("192.0.2.7", "192.0.2.7"),
        ] {
            let listening = listening.parse().unwrap();
            assert_eq!(reachable(listening).to_string(), expected);
        }
    }
}
