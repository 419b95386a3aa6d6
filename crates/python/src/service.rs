//! [`Service`] for Python: calls over HTTP, one after another.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use pyo3::exceptions::PyTypeError;
use pyo3::prelude::*;
use pyo3::types::PyBytes;
use veilcast_card::chain;
use veilcast_client::{Client, ClientError, Options, Token};
use veilcast_protocol::{Framing, InferRequest, Limits};

use crate::errors::Fault;
use crate::work;

/// How long a call goes on after it was told to stop.
const LOOK: Duration = Duration::from_millis(50);

/// A service's address, and who asks.
#[pyclass(frozen, module = "veilcast._native")]
pub(crate) struct Service {
    url: String,
    options: Options,
}

#[pymethods]
impl Service {
    #[new]
    #[pyo3(signature = (url, token=None))]
    fn new(url: String, token: Option<&str>) -> PyResult<Self> {
        let token = token.map(Token::new).transpose();
        let options = Options {
            token: token.map_err(|error| Fault::Service(error.to_string()))?,
            ..Options::default()
        };
        let service = Self { url, options };
        service.client()?;
        Ok(service)
    }

    /// The names of the service's models.
    fn models(&self, py: Python<'_>) -> PyResult<Vec<String>> {
        let list = self.call(py, async |client| Ok(client.models().await?.answer))?;
        Ok(list.models)
    }

    /// The exact bytes of a model's card, unchecked.
    fn card<'py>(&self, py: Python<'py>, model: &str) -> PyResult<Bound<'py, PyBytes>> {
        let card = self.call(py, async |client| Ok(client.card(model).await?.answer))?;
        Ok(PyBytes::new(py, &card))
    }

    /// The bytes of a model's public part, at most `most`.
    fn public_part<'py>(
        &self,
        py: Python<'py>,
        model: &str,
        most: usize,
    ) -> PyResult<Bound<'py, PyBytes>> {
        let part = self.call(py, async |client| {
            Ok(client.public_part(model, most).await?.answer)
        })?;
        Ok(PyBytes::new(py, &part))
    }

    /// The answers to a session's requests, each checked to be that request's. All are sent, whatever the answers hold.
    fn infer<'py>(
        &self,
        py: Python<'py>,
        model: &str,
        requests: Vec<Vec<u8>>,
    ) -> PyResult<Vec<Bound<'py, PyBytes>>> {
        let limits = Limits::new(usize::MAX, usize::MAX);
        let decode = |request: &Vec<u8>| {
            let decoded = InferRequest::decode(request, Framing::SelfDelimiting, &limits);
            decoded.map_err(|error| Fault::Message(chain(&error)))
        };
        let requests = requests.iter().map(decode).collect::<Result<Vec<_>, _>>()?;
        let answers = self.call(py, async |client| {
            let mut answers = Vec::with_capacity(requests.len());
            for request in &requests {
                let answer = client.infer(model, request).await?.answer;
                answers.push(answer.to_binary().bytes);
            }
            Ok(answers)
        })?;
        Ok(answers
            .iter()
            .map(|answer| PyBytes::new(py, answer))
            .collect())
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

impl Service {
    fn client(&self) -> Result<Client, Fault> {
        Client::with_options(&self.url, self.options.clone()).map_err(fault)
    }

    /// Calls the service, in a runtime of its own: nothing of it is left for a child to inherit.
    fn call<T: Send>(
        &self,
        py: Python<'_>,
        call: impl AsyncFnOnce(&Client) -> Result<T, ClientError> + Send,
    ) -> PyResult<T> {
        let answer = work::until_signal(py, |stop| {
            let runtime = tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build();
            let runtime =
                runtime.map_err(|error| Fault::Service(format!("can't call: {error}")))?;
            runtime.block_on(async {
                let client = self.client()?;
                tokio::select! {
                    answer = call(&client) => answer.map_err(fault),
                    () = stopped(stop) => Err(Fault::Service("the call was interrupted".into())),
                }
            })
        })?;
        Ok(answer?)
    }
}

async fn stopped(stop: &AtomicBool) {
    while !stop.load(Ordering::Relaxed) {
        tokio::time::sleep(LOOK).await;
    }
}

fn fault(error: ClientError) -> Fault {
    Fault::Service(chain(&error))
}
