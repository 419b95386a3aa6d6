//! [`Service`] for Python: calls over HTTP.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use pyo3::exceptions::PyTypeError;
use pyo3::prelude::*;
use pyo3::types::PyBytes;
use rayon::ThreadPool;
use veilcast_card::chain;
use veilcast_client::{Authorities, Client, ClientError, Options, SealedFiles, Threads, Token};

use crate::cards::Card;
use crate::errors::Fault;
use crate::sessions::SealedModel;
use crate::work;

/// How long a call goes on after it was told to stop.
const LOOK: Duration = Duration::from_millis(20);

/// A service's address, and who asks.
#[pyclass(frozen, module = "veilcast._native")]
pub(crate) struct Service {
    url: String,
    options: Options,
}

/// Ends calls from another thread.
#[pyclass(frozen, module = "veilcast._native")]
#[derive(Default)]
pub(crate) struct Stop(Arc<AtomicBool>);

#[pymethods]
impl Stop {
    #[new]
    fn new() -> Self {
        Self::default()
    }

    /// Ends the calls that were given this, and those to come.
    fn set(&self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

#[pymethods]
impl Service {
    #[new]
    #[pyo3(signature = (url, token=None, authorities=None))]
    fn new(url: String, token: Option<&str>, authorities: Option<&[u8]>) -> PyResult<Self> {
        let token = token.map(Token::new).transpose();
        let authorities = authorities.map(Authorities::and).transpose();
        let options = Options {
            token: token.map_err(|error| Fault::Service(error.to_string()))?,
            authorities: authorities
                .map_err(|error| Fault::Service(error.to_string()))?
                .unwrap_or_default(),
            ..Options::default()
        };
        let service = Self { url, options };
        service.client(Threads::default())?;
        Ok(service)
    }

    /// The names of the service's models.
    #[pyo3(signature = (stop=None))]
    fn models(&self, py: Python<'_>, stop: Option<&Stop>) -> PyResult<Vec<String>> {
        let list = self.call(py, stop, async |client| Ok(client.models().await?.answer))?;
        Ok(list.models)
    }

    /// The exact bytes of a model's card, unchecked.
    #[pyo3(signature = (model, stop=None))]
    fn card<'py>(
        &self,
        py: Python<'py>,
        model: &str,
        stop: Option<&Stop>,
    ) -> PyResult<Bound<'py, PyBytes>> {
        let card = self.call(py, stop, async |client| {
            Ok(client.card(model).await?.answer)
        })?;
        Ok(PyBytes::new(py, &card))
    }

    /// The bytes of a model's public part, at most `most`.
    #[pyo3(signature = (model, most, stop=None))]
    fn public_part<'py>(
        &self,
        py: Python<'py>,
        model: &str,
        most: usize,
        stop: Option<&Stop>,
    ) -> PyResult<Bound<'py, PyBytes>> {
        let part = self.call(py, stop, async |client| {
            Ok(client.public_part(model, most).await?.answer)
        })?;
        Ok(PyBytes::new(py, &part))
    }

    /// A sealed model, with its weights from an earlier run if they are still there.
    #[pyo3(signature = (card, public_part=None, stop=None))]
    fn sealed_model(
        &self,
        py: Python<'_>,
        card: &Card,
        public_part: Option<&[u8]>,
        stop: Option<&Stop>,
    ) -> PyResult<SealedModel> {
        let weights = self.run(
            py,
            stop,
            |_| Ok(()),
            async |client| {
                let fetched = SealedFiles::of_user().fetch(&client, &card.0).await;
                fetched.map_err(|error| Fault::Sealed(chain(&error)))
            },
        )?;
        SealedModel::of(weights, public_part)
    }

    fn __repr__(&self) -> String {
        format!("<service at {}>", self.url)
    }

    fn __reduce__(&self) -> PyResult<()> {
        Err(PyTypeError::new_err(
            "a service may hold a token, and is never pickled",
        ))
    }
}

impl Stop {
    pub(crate) fn flag(&self) -> &AtomicBool {
        &self.0
    }
}

impl Service {
    fn client(&self, threads: Threads) -> Result<Client, Fault> {
        let options = Options {
            threads,
            ..self.options.clone()
        };
        Client::with_options(&self.url, options).map_err(fault)
    }

    /// Calls the service once.
    fn call<T: Send>(
        &self,
        py: Python<'_>,
        stop: Option<&Stop>,
        call: impl AsyncFnOnce(&Client) -> Result<T, ClientError> + Send,
    ) -> PyResult<T> {
        let call = async |client: Client| call(&client).await.map_err(fault);
        self.run(py, stop, |_| Ok(()), call)
    }

    /// Makes calls in a runtime of their own, of which nothing is left for a child to inherit, and calls `look` meanwhile, as
    /// [`work::until_stopped`] does.
    pub(crate) fn run<T: Send>(
        &self,
        py: Python<'_>,
        stop: Option<&Stop>,
        look: impl FnMut(Python<'_>) -> PyResult<()>,
        calls: impl AsyncFnOnce(Client) -> Result<T, Fault> + Send,
    ) -> PyResult<T> {
        let pool: Arc<ThreadPool> = work::pool(py)?;
        let own = Stop::default();
        let stop = &stop.unwrap_or(&own).0;
        let done = work::until_stopped(py, stop, look, move |stop| {
            let runtime = tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build();
            let runtime =
                runtime.map_err(|error| Fault::Service(format!("can't call: {error}")))?;
            let done = runtime.block_on(async {
                let client = self.client(Threads::of(pool))?;
                tokio::select! {
                    done = calls(client) => done,
                    () = stopped(stop) => Err(Fault::Service("the call was interrupted".into())),
                }
            });
            // What is being encrypted isn't waited for.
            runtime.shutdown_background();
            done
        })?;
        Ok(done?)
    }
}

async fn stopped(stop: &AtomicBool) {
    while !stop.load(Ordering::Relaxed) {
        tokio::time::sleep(LOOK).await;
    }
}

pub(crate) fn fault(error: ClientError) -> Fault {
    Fault::Service(chain(&error))
}
