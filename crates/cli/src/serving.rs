//! A service that runs in this process until it is told to stop.

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use anyhow::{Context as _, ensure};
use tokio::runtime::Runtime;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use veilcast_engine::{Evaluator, KeyPolicy};
use veilcast_model::Model;
use veilcast_server::{App, BoundAddress, Config, Listeners, serve};

/// A running service.
pub(crate) struct Service {
    /// Where the public reaches it; never empty.
    addresses: Vec<BoundAddress>,
    stop: oneshot::Sender<()>,
    task: JoinHandle<()>,
}

impl Service {
    /// Serves models on listeners, on the runtime's threads.
    pub(crate) fn start(
        runtime: &Runtime,
        listeners: Listeners,
        models: Vec<Model>,
        config: Config,
    ) -> anyhow::Result<Self> {
        let addresses = listeners.public();
        ensure!(!addresses.is_empty(), "the listener has no address");
        let evaluators = models
            .into_iter()
            .map(|model| Evaluator::new(model, KeyPolicy::default()));
        let app = App::new(evaluators, config).context("the service can't start")?;
        let (stop, stopped) = oneshot::channel();
        let shutdown = async {
            // The end of the sender is a reason to stop too.
            let _ = stopped.await;
        };
        let task = runtime.spawn(serve(listeners, app, shutdown));
        Ok(Self {
            addresses,
            stop,
            task,
        })
    }

    /// Where the service is reached.
    pub(crate) fn urls(&self) -> Vec<String> {
        self.addresses.iter().map(url).collect()
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
                Some(format!("{}/", url(&BoundAddress::Ip(reachable))))
            }
            BoundAddress::Unix(_) => None,
        })
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
        tokio::select! {
            stopped = self.stop() => stopped,
            () = interruptions.next() => Ok(()),
        }
    }
}

fn url(address: &BoundAddress) -> String {
    match address {
        BoundAddress::Ip(address) => format!("http://{address}"),
        BoundAddress::Unix(_) => address.to_string(),
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

/// The user's or the system's requests to end the process: Ctrl-C, and SIGTERM.
///
/// Once they are listened for, they no longer end it by themselves.
pub(crate) struct Interruptions {
    #[cfg(unix)]
    signals: [tokio::signal::unix::Signal; 2],
    #[cfg(windows)]
    signal: tokio::signal::windows::CtrlC,
}

impl Interruptions {
    pub(crate) fn listen(runtime: &Runtime) -> anyhow::Result<Self> {
        let _context = runtime.enter();
        Self::signals().context("can't listen for the signals that end the service")
    }

    #[cfg(unix)]
    fn signals() -> io::Result<Self> {
        use tokio::signal::unix::{SignalKind, signal};
        let signals = [
            signal(SignalKind::interrupt())?,
            signal(SignalKind::terminate())?,
        ];
        Ok(Self { signals })
    }

    #[cfg(windows)]
    fn signals() -> io::Result<Self> {
        let signal = tokio::signal::windows::ctrl_c()?;
        Ok(Self { signal })
    }

    /// Waits for the next one.
    async fn next(&mut self) {
        #[cfg(unix)]
        {
            let [interrupt, terminate] = &mut self.signals;
            tokio::select! {
                _ = interrupt.recv() => {}
                _ = terminate.recv() => {}
            }
        }
        #[cfg(windows)]
        self.signal.recv().await;
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
