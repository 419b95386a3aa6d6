//! A service that runs in this process until it is told to stop.

use std::net::SocketAddr;

use anyhow::Context as _;
use tokio::net::TcpListener;
use tokio::runtime::Runtime;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use veilcast_engine::{Evaluator, KeyPolicy};
use veilcast_model::Model;
use veilcast_server::{App, Config, serve};

/// A running service.
pub(crate) struct Service {
    address: SocketAddr,
    stop: oneshot::Sender<()>,
    task: JoinHandle<()>,
}

impl Service {
    /// Serves models on a listener, on the runtime's threads.
    pub(crate) fn start(
        runtime: &Runtime,
        listener: TcpListener,
        models: Vec<Model>,
        config: Config,
    ) -> anyhow::Result<Self> {
        let address = listener
            .local_addr()
            .context("the listener has no address")?;
        let evaluators = models
            .into_iter()
            .map(|model| Evaluator::new(model, KeyPolicy::default()));
        let app = App::new(evaluators, config).context("the service can't start")?;
        let (stop, stopped) = oneshot::channel();
        let shutdown = async {
            // The sender's end is a reason to stop too.
            let _ = stopped.await;
        };
        let task = runtime.spawn(serve(listener, app, shutdown));
        Ok(Self {
            address,
            stop,
            task,
        })
    }

    /// Where the service is reached.
    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Lets the requests under way finish; another interruption ends the wait.
    pub(crate) async fn stop(self) -> anyhow::Result<()> {
        // If nobody listens any more, it has stopped already.
        let _ = self.stop.send(());
        tokio::select! {
            ended = self.task => ended.context("the service failed"),
            interrupted = interrupted() => interrupted,
        }
    }
}

/// Completes when the user or the system asks the process to end: Ctrl-C, or SIGTERM.
pub(crate) async fn interrupted() -> anyhow::Result<()> {
    let cant_listen = "can't listen for the signals that end the service";
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        let mut terminate = signal(SignalKind::terminate()).context(cant_listen)?;
        tokio::select! {
            done = tokio::signal::ctrl_c() => done.context(cant_listen),
            _ = terminate.recv() => Ok(()),
        }
    }
    #[cfg(not(unix))]
    tokio::signal::ctrl_c().await.context(cant_listen)
}
