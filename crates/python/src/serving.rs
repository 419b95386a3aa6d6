//! [`Serving`]: a service in this process.

use std::net::SocketAddr;
use std::process;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use pyo3::prelude::*;
use tokio::runtime::Runtime;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use veilcast_card::chain;
use veilcast_engine::Evaluator;
use veilcast_server::{App, BoundAddress, Config, Listeners, serve};

use crate::errors::Fault;
use crate::models::Model;
use crate::work;

/// How long the end of requests under way is waited for before the runtime ends.
const LEFT: Duration = Duration::from_secs(1);

/// The process that has served models; 0 if none has.
static SERVER: AtomicU32 = AtomicU32::new(0);

/// A running service.
#[pyclass(frozen, module = "veilcast._native")]
pub(crate) struct Serving {
    url: String,
    process: u32,
    running: Mutex<Option<Running>>,
}

struct Running {
    runtime: Runtime,
    stop: oneshot::Sender<()>,
    task: JoinHandle<()>,
}

#[pymethods]
impl Serving {
    /// Serves models with settings, which are JSON text with the names of the configuration file's.
    #[new]
    fn new(py: Python<'_>, models: Vec<PyRef<'_, Model>>, settings: &str) -> PyResult<Self> {
        let config: Config = serde_json::from_str(settings)
            .map_err(|error| Fault::Serve(format!("the settings can't be used: {error}")))?;
        let before = SERVER.swap(process::id(), Ordering::Relaxed);
        if before != 0 && before != process::id() {
            SERVER.store(before, Ordering::Relaxed);
            return Err(Fault::Serve(
                "the process that this one was forked from has served models, whose threads aren't here: serve from a \
                 process that is started anew, as multiprocessing's method `spawn` does"
                    .into(),
            )
            .into());
        }
        let evaluators = models.iter().map(|model| model.to_serve());
        let evaluators = evaluators.collect::<Result<Vec<_>, _>>()?;
        drop(models);
        let started = work::at_once(py, || start(evaluators, config))?;
        let (url, running) = started?;
        Ok(Self {
            url,
            process: process::id(),
            running: Mutex::new(Some(running)),
        })
    }

    #[getter]
    fn url(&self) -> &str {
        &self.url
    }

    /// Takes no more requests, lets those under way finish, and ends; does nothing the second time, or in a child of `fork`.
    fn close(&self, py: Python<'_>) -> PyResult<()> {
        let running = self.running.lock();
        let running = running.unwrap_or_else(PoisonError::into_inner).take();
        let Some(running) = running else {
            return Ok(());
        };
        if self.process != process::id() {
            // Its threads are the parent's.
            std::mem::forget(running);
            return Ok(());
        }
        let ended = py.detach(|| {
            let Running {
                runtime,
                stop,
                task,
            } = running;
            // If nobody listens any more, it has stopped already.
            let _ = stop.send(());
            let ended = runtime.block_on(task);
            runtime.shutdown_timeout(LEFT);
            ended
        });
        Ok(ended.map_err(|error| Fault::Serve(format!("the service failed: {error}")))?)
    }
}

fn start(evaluators: Vec<Evaluator>, config: Config) -> Result<(String, Running), Fault> {
    let cant = |problem: String| Fault::Serve(format!("the service can't start: {problem}"));
    let app = App::new(evaluators, config).map_err(|error| cant(chain(&error)))?;
    let runtime = Runtime::new().map_err(|error| cant(error.to_string()))?;
    let listeners = runtime.block_on(Listeners::bind(&app.config()));
    let listeners = listeners.map_err(|error| cant(chain(&error)))?;
    let url = url(&listeners, &app).ok_or_else(|| cant("there is no address".into()))?;
    let (stop, stopped) = oneshot::channel();
    let draining = Arc::clone(&app);
    let shutdown = async move {
        // It is also dropped when the interpreter ends.
        let _ = stopped.await;
        draining.drain().await;
    };
    let task = runtime.spawn(serve(listeners, app, shutdown));
    let running = Running {
        runtime,
        stop,
        task,
    };
    Ok((url, running))
}

/// Where this machine reaches the service.
fn url(listeners: &Listeners, app: &App) -> Option<String> {
    let scheme = if app.tls().is_some() { "https" } else { "http" };
    listeners
        .public()
        .into_iter()
        .find_map(|address| match address {
            BoundAddress::Ip(address) if address.ip().is_unspecified() => {
                let local = match address {
                    SocketAddr::V4(_) => "127.0.0.1",
                    SocketAddr::V6(_) => "[::1]",
                };
                Some(format!("{scheme}://{local}:{}", address.port()))
            }
            BoundAddress::Ip(address) => Some(format!("{scheme}://{address}")),
            BoundAddress::Unix(_) => None,
        })
}
