//! What the user or the system wants from a running service: that it ends, or reads its
//! configuration again.
//!
//! Signals that are listened for no longer end the process on their own.

use std::io;

use anyhow::Context as _;
use tokio::runtime::Runtime;

/// Requests to end the process: Ctrl-C, and SIGTERM.
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
    pub(crate) async fn next(&mut self) {
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

/// Requests to read the configuration again: SIGHUP, where there is such a thing.
pub(crate) struct Hangups {
    #[cfg(unix)]
    signal: tokio::signal::unix::Signal,
}

impl Hangups {
    pub(crate) fn listen(runtime: &Runtime) -> anyhow::Result<Self> {
        let _context = runtime.enter();
        Self::signals().context("can't listen for the signal to read the configuration again")
    }

    #[cfg(unix)]
    fn signals() -> io::Result<Self> {
        use tokio::signal::unix::{SignalKind, signal};
        let signal = signal(SignalKind::hangup())?;
        Ok(Self { signal })
    }

    #[cfg(windows)]
    fn signals() -> io::Result<Self> {
        Ok(Self {})
    }

    /// Waits for the next one.
    pub(crate) async fn next(&mut self) {
        #[cfg(unix)]
        self.signal.recv().await;
        #[cfg(windows)]
        std::future::pending::<()>().await;
    }
}
