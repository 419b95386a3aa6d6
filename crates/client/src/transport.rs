//! Sending a request to the service and receiving its answer, as often as it takes.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use reqwest::{Request, Response};

use crate::exchange::{Answer, Exchange};
use crate::failure::{Failure, NO_HTTP, Try};
use crate::retry::pause;
use crate::url::BaseUrl;
use crate::waiting::Waiting;
use crate::{ClientError, Options};

/// The connections to a service.
#[derive(Clone, Debug)]
pub(crate) struct Transport {
    pub(crate) http: reqwest::Client,
    pub(crate) base: BaseUrl,
    pub(crate) options: Options,
    /// Whether anything at the URL has answered yet.
    reached: Arc<AtomicBool>,
}

impl Transport {
    pub(crate) fn new(http: reqwest::Client, base: BaseUrl, options: Options) -> Self {
        Self {
            http,
            base,
            options,
            reached: Arc::default(),
        }
    }

    /// Sends a request until there is an answer, no hope of one, or no try left.
    ///
    /// No call of the protocol changes anything, so each can be repeated.
    pub(crate) async fn send(&self, request: Request) -> Result<Exchange<Answer>, ClientError> {
        let body = request.body().and_then(|body| body.as_bytes());
        let request_bytes = body.map_or(0, <[u8]>::len) as u64;
        let (mut bytes_down, mut tries) = (0, 0);
        loop {
            tries += 1;
            let copy = request
                .try_clone()
                .expect("a body in memory can be sent again");
            let this = Try {
                base: &self.base,
                number: tries,
                reached: self.reached.load(Ordering::Relaxed),
                bytes: request_bytes,
                has_identity: self.options.identity.is_some(),
            };
            let failure = match self.attempt(copy, &this, &mut bytes_down).await {
                Ok(answer) => {
                    return Ok(Exchange {
                        answer,
                        bytes_up: request_bytes * u64::from(tries),
                        bytes_down,
                        tries,
                    });
                }
                Err(failure) => failure,
            };
            let Failure {
                error,
                may_pass,
                asked,
            } = failure;
            match pause(tries, asked, &self.options) {
                Some(pause) if may_pass => {
                    tracing::info!(%error, tries, ?pause, "trying again");
                    if let Some(on_wait) = &self.options.on_wait {
                        on_wait.tell(Waiting::after(&error, pause, tries));
                    }
                    tokio::time::sleep(pause).await;
                }
                _ => return Err(self.looked_at(error).await),
            }
        }
    }

    /// Sends a request once.
    async fn attempt(
        &self,
        request: Request,
        this: &Try<'_>,
        bytes_down: &mut u64,
    ) -> Result<Answer, Failure> {
        let response = self
            .http
            .execute(request)
            .await
            .map_err(|error| this.network(&error))?;
        self.reached.store(true, Ordering::Relaxed);
        let (status, headers) = (response.status(), response.headers().clone());
        let body = self.read(this, response, bytes_down).await?;
        if status.is_success() {
            Ok(Answer { headers, body })
        } else {
            Err(this.refusal(status, &headers, &body))
        }
    }

    /// The error, or a better one: a URL without TLS that doesn't speak HTTP may speak TLS.
    async fn looked_at(&self, error: ClientError) -> ClientError {
        match &error {
            ClientError::NotVeilcast { url, reason }
                if reason == NO_HTTP && !self.base.is_https() && self.base.speaks_tls().await =>
            {
                ClientError::OnlyTls { url: url.clone() }
            }
            _ => error,
        }
    }

    /// Reads a body piece by piece, up to the limit.
    async fn read(
        &self,
        this: &Try<'_>,
        mut response: Response,
        bytes_down: &mut u64,
    ) -> Result<Vec<u8>, Failure> {
        let limit = self.options.max_response_bytes;
        let announced = response.content_length().unwrap_or(0);
        let announced = usize::try_from(announced)
            .ok()
            .filter(|&bytes| bytes <= limit);
        let mut body = Vec::with_capacity(announced.ok_or_else(|| this.too_large(limit))?);
        while let Some(piece) = response
            .chunk()
            .await
            .map_err(|error| this.network(&error))?
        {
            *bytes_down += piece.len() as u64;
            if piece.len() > limit - body.len() {
                return Err(this.too_large(limit));
            }
            body.extend_from_slice(&piece);
        }
        Ok(body)
    }
}
