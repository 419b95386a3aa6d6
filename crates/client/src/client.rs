//! The calls that a client makes.

use std::collections::HashSet;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use http::HeaderMap;
use http::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE};
use reqwest::{ClientBuilder, Method, RequestBuilder, redirect};
use veilcast_card::{Card, chain};
use veilcast_engine::SessionError;
use veilcast_protocol::{
    BinaryBody, ContentDigest, DecodeError, Framing, HEADER_LENGTH, InferRequest, InferResponse,
    KeyFingerprint, Limits, MEDIA_BINARY, MEDIA_JSON, MaskedRequest, MaskedResponse, ModelList,
    ModelMetadata, SealedRequest, ServerMetadata,
};

use crate::exchange::{Answer, Exchange};
use crate::failure::not_veilcast;
use crate::transport::Transport;
use crate::url::BaseUrl;
use crate::{AnswerError, ClientError, Options, Threads, tls};

/// A connection to one service; cheap to clone, and the clones share their connections.
///
/// No call changes anything, so a call is repeated, after growing pauses and up to
/// [`Options::tries`] times, while the service is busy and when the connection breaks. A connection
/// that can't be made is reported at once until the service has answered for the first time, since
/// the URL may be wrong, and counts as a restart afterwards.
#[derive(Clone, Debug)]
pub struct Client {
    transport: Transport,
    /// The keys that the service has accepted, which need no proof.
    accepted: Arc<Mutex<HashSet<KeyFingerprint>>>,
}

/// The code with which a service asks for the proof of a key.
const KEY_PROOF_NEEDED: &str = "key_proof_needed";

impl Client {
    /// A client of the service at a URL such as `https://example.org` or `http://localhost:8080/veilcast`.
    ///
    /// It does not connect yet.
    ///
    /// # Errors
    /// [`ClientError::Url`] if the text isn't such a URL; [`ClientError::Tls`] if the machine has
    /// no trusted certificates, or the client's own can't be used; [`ClientError::SecretInClear`] if a token would travel
    /// without TLS; [`ClientError::TwoAuthorizations`] if two headers would say who is asking.
    pub fn new(url: &str) -> Result<Self, ClientError> {
        Self::with_options(url, Options::default())
    }

    /// A client with its own limits, token or authorities.
    ///
    /// # Errors
    /// As for [`new`](Self::new).
    pub fn with_options(url: &str, options: Options) -> Result<Self, ClientError> {
        let base = BaseUrl::parse(url)?;
        let headers = authorization(&base, &options)?;
        let tls = tls::config(&base, &options.authorities, options.identity.as_ref())?;
        let builder = reqwest::Client::builder()
            .tls_backend_preconfigured(tls)
            .user_agent(concat!("veilcast/", env!("CARGO_PKG_VERSION")))
            .default_headers(headers)
            // A redirect could lead the token elsewhere.
            .redirect(redirect::Policy::none())
            .connect_timeout(options.connect_timeout)
            .timeout(options.request_timeout);
        let builder = noticing_silence(builder, options.silence_timeout);
        // The environment's proxy can't reach a service on this machine.
        let builder = if base.is_loopback() {
            builder.no_proxy()
        } else {
            builder
        };
        let http = builder
            .build()
            .map_err(|error| ClientError::Tls(chain(&error)))?;
        if !base.is_https() && !base.is_loopback() {
            tracing::warn!(url = %base, "the connection is not protected by TLS");
        }
        Ok(Self {
            transport: Transport::new(http, base, options),
            accepted: Arc::default(),
        })
    }

    /// What the service says about itself.
    ///
    /// # Errors
    /// [`ClientError::NotVeilcast`] if it is another kind of service; any other [`ClientError`] if the call fails.
    pub async fn server_metadata(&self) -> Result<Exchange<ServerMetadata>, ClientError> {
        let answer = self.get(&["v2"]).await?;
        let metadata = answer.try_map(|answer| answer.json::<ServerMetadata>(self.base()))?;
        if metadata.answer.name == ServerMetadata::NAME {
            Ok(metadata)
        } else {
            Err(not_veilcast(self.base(), "it has a different name"))
        }
    }

    /// The names of the service's models.
    ///
    /// # Errors
    /// A [`ClientError`] if the call fails.
    pub async fn models(&self) -> Result<Exchange<ModelList>, ClientError> {
        let answer = self.get(&["v2", "models"]).await?;
        answer.try_map(|answer| answer.json(self.base()))
    }

    /// What the service says about a model: its versions, and the shapes of its tensors.
    ///
    /// # Errors
    /// A [`ClientError`] if the call fails.
    pub async fn model_metadata(
        &self,
        model: &str,
    ) -> Result<Exchange<ModelMetadata>, ClientError> {
        let answer = self.get(&["v2", "models", model]).await?;
        answer.try_map(|answer| answer.json(self.base()))
    }

    /// The exact bytes of a model's public card, unchecked.
    ///
    /// # Errors
    /// A [`ClientError`] if the call fails.
    pub async fn card(&self, model: &str) -> Result<Exchange<Vec<u8>>, ClientError> {
        let answer = self.get(&["v2", "models", model, "card"]).await?;
        answer.try_map(|answer| {
            if answer.is(MEDIA_JSON) {
                Ok(answer.body)
            } else {
                Err(not_veilcast(self.base(), "its card is not JSON"))
            }
        })
    }

    /// The exact bytes of a hybrid model's public part, unchecked except for their number: no more
    /// than `bytes`, as the card gives it.
    ///
    /// # Errors
    /// A [`ClientError`] if the call fails, or more is sent.
    pub async fn public_part(
        &self,
        model: &str,
        bytes: usize,
    ) -> Result<Exchange<Vec<u8>>, ClientError> {
        let path = ["v2", "models", model, "public.onnx"];
        self.file(&path, bytes, "its public part is longer than its card says")
            .await
    }

    /// The exact bytes of a sealed model's encrypted weights, unchecked except for their number: no more than the card says.
    ///
    /// # Errors
    /// A [`ClientError`] if the call fails, or more is sent.
    pub async fn sealed_file(
        &self,
        model: &str,
        card: &Card,
    ) -> Result<Exchange<Vec<u8>>, ClientError> {
        let bytes = card
            .sealed()
            .map_or(0, |sealed| sealed.file_bytes(card.features()));
        let path = ["v2", "models", model, "sealed.bin"];
        self.file(
            &path,
            bytes,
            "its sealed weights are longer than its card says",
        )
        .await
    }

    /// A file of at most `bytes` bytes; `fault` says what is wrong if it is longer.
    async fn file(
        &self,
        path: &[&str],
        bytes: usize,
        fault: &str,
    ) -> Result<Exchange<Vec<u8>>, ClientError> {
        let request = self
            .call(Method::GET, path)
            .header(ACCEPT, MEDIA_BINARY)
            .build()
            .expect("the URL and the header are sound");
        let mut transport = self.transport.clone();
        transport.options.max_response_bytes = bytes;
        match transport.send(request).await {
            Ok(answer) => answer.try_map(|answer| Ok(answer.body)),
            Err(ClientError::ResponseTooLarge { .. }) => Err(not_veilcast(self.base(), fault)),
            Err(error) => Err(error),
        }
    }

    /// The encrypted scores of encrypted records. The answer is undamaged and belongs to exactly
    /// this request, according to its digests; whatever else the service repeats is unchecked.
    ///
    /// The request is sent in the binary tensor data extension, and should ask for a binary answer.
    /// The proof of its key goes with it until the service has accepted the key, and again if the
    /// service asks for it, as it does after a restart.
    ///
    /// # Errors
    /// [`ClientError::Malformed`] or [`ClientError::OtherRequest`] if the answer can't be used, and any other
    /// [`ClientError`] if the call fails.
    pub async fn infer(
        &self,
        model: &str,
        request: &InferRequest,
    ) -> Result<Exchange<InferResponse>, ClientError> {
        let exchange = self.exchange(model, request).await?;
        exchange.try_map(|answer| self.usable(answer))
    }

    /// The same, but an answer that can't be used counts as an answer, with its bytes and tries.
    pub(crate) async fn exchange(
        &self,
        model: &str,
        request: &InferRequest,
    ) -> Result<Exchange<Result<InferResponse, AnswerError>>, ClientError> {
        let key = KeyFingerprint::of(request.public_key());
        let accepted = || self.accepted.lock().unwrap_or_else(PoisonError::into_inner);
        let is_known = request.key_proof().is_some() && accepted().contains(&key);
        if is_known {
            let body = request.to_binary_without_proof();
            let bytes = body.bytes.len() as u64;
            match self.ask(model, request, body).await {
                Err(ClientError::Refused { code, .. }) if code == KEY_PROOF_NEEDED => {
                    let asked_again = self.ask(model, request, request.to_binary()).await?;
                    return Ok(Exchange {
                        bytes_up: asked_again.bytes_up + bytes,
                        tries: asked_again.tries + 1,
                        ..asked_again
                    });
                }
                answer => return answer,
            }
        }
        let answer = self.ask(model, request, request.to_binary()).await?;
        accepted().insert(key);
        Ok(answer)
    }

    /// The masked scores of masked records. The answer is undamaged and belongs to this very request, by its digests.
    ///
    /// # Errors
    /// As for [`infer`](Self::infer). [`ClientError::Refused`] with the code `voucher_outdated` says that the service has another
    /// secret for vouchers by now.
    pub async fn infer_masked(
        &self,
        model: &str,
        request: &MaskedRequest,
    ) -> Result<Exchange<MaskedResponse>, ClientError> {
        let exchange = self.exchange_masked(model, request).await?;
        exchange.try_map(|answer| self.usable(answer))
    }

    /// The same, but an answer that can't be used counts as an answer, with its bytes and tries.
    pub(crate) async fn exchange_masked(
        &self,
        model: &str,
        request: &MaskedRequest,
    ) -> Result<Exchange<Result<MaskedResponse, AnswerError>>, ClientError> {
        self.masked_answer(model, request.to_binary(), request.vouchers.len())
            .await
    }

    /// The masked scores of records for a sealed model. The answer is undamaged and belongs to this very request, by its digests.
    ///
    /// # Errors
    /// As for [`infer`](Self::infer).
    pub async fn infer_sealed(
        &self,
        model: &str,
        request: &SealedRequest,
    ) -> Result<Exchange<MaskedResponse>, ClientError> {
        let exchange = self.exchange_sealed(model, request).await?;
        exchange.try_map(|answer| self.usable(answer))
    }

    /// The same, but an answer that can't be used counts as an answer, with its bytes and tries.
    pub(crate) async fn exchange_sealed(
        &self,
        model: &str,
        request: &SealedRequest,
    ) -> Result<Exchange<Result<MaskedResponse, AnswerError>>, ClientError> {
        self.masked_answer(model, request.to_binary(), request.records)
            .await
    }

    /// The masked scores of this many records.
    pub(crate) async fn masked_answer(
        &self,
        model: &str,
        body: BinaryBody,
        records: usize,
    ) -> Result<Exchange<Result<MaskedResponse, AnswerError>>, ClientError> {
        let limits = Limits {
            max_body_bytes: self.transport.options.max_response_bytes,
            max_records: records,
            max_ciphertexts: 0,
            max_key_bytes: 0,
        };
        let decode = |body: &[u8], framing| {
            let answer = MaskedResponse::decode(body, framing, &limits)?;
            Ok((answer.request_digest, answer))
        };
        self.send_inference(model, body, decode).await
    }

    /// The answer to an encrypted request in this form.
    async fn ask(
        &self,
        model: &str,
        request: &InferRequest,
        body: BinaryBody,
    ) -> Result<Exchange<Result<InferResponse, AnswerError>>, ClientError> {
        let limit = self.transport.options.max_response_bytes;
        let limits = Limits {
            max_body_bytes: limit,
            max_records: request.records(),
            max_ciphertexts: limit / (2 * request.public_key().len()),
            max_key_bytes: request.public_key().len(),
        };
        let decode = |body: &[u8], framing| {
            let answer = InferResponse::decode(body, framing, &limits)?;
            Ok((answer.request_digest, answer))
        };
        self.send_inference(model, body, decode).await
    }

    /// Sends a request, and decodes its answer and the digest of the request that it repeats.
    async fn send_inference<T>(
        &self,
        model: &str,
        body: BinaryBody,
        decode: impl FnOnce(&[u8], Framing) -> Result<(Option<ContentDigest>, T), DecodeError>,
    ) -> Result<Exchange<Result<T, AnswerError>>, ClientError> {
        let digest = ContentDigest::of(&body.bytes);
        let call = self
            .call(Method::POST, &["v2", "models", model, "infer"])
            .header(CONTENT_TYPE, MEDIA_BINARY)
            .header(ACCEPT, MEDIA_BINARY)
            .header(HEADER_LENGTH, body.header_length)
            .body(body.bytes);
        self.send(call).await?.try_map(|answer| {
            let framing = self.framing(&answer)?;
            Ok(match decode(&answer.body, framing) {
                Ok((found, answer)) if found == Some(digest) => Ok(answer),
                Ok(_) => Err(SessionError::OtherRequest.into()),
                Err(error) => Err(error.into()),
            })
        })
    }

    /// An answer, or the error of a call that got none that can be used.
    pub(crate) fn usable<T>(&self, answer: Result<T, AnswerError>) -> Result<T, ClientError> {
        let url = || self.base().to_string();
        answer.map_err(|error| match error {
            AnswerError::Malformed(source) => ClientError::Malformed { url: url(), source },
            AnswerError::Content(_) => ClientError::OtherRequest { url: url() },
        })
    }

    /// Where an answer's header ends, according to its HTTP headers.
    fn framing(&self, answer: &Answer) -> Result<Framing, ClientError> {
        let header_length = answer.headers.get(HEADER_LENGTH);
        match header_length.map(|value| value.to_str().ok()?.parse().ok()) {
            Some(Some(length)) => Ok(Framing::HeaderLength(length)),
            None if answer.is(MEDIA_JSON) => Ok(Framing::Json),
            Some(None) | None => Err(not_veilcast(
                self.base(),
                "its answer is neither JSON nor binary tensors",
            )),
        }
    }

    async fn get(&self, path: &[&str]) -> Result<Exchange<Answer>, ClientError> {
        self.send(self.call(Method::GET, path).header(ACCEPT, MEDIA_JSON))
            .await
    }

    fn call(&self, method: Method, path: &[&str]) -> RequestBuilder {
        let url = self.base().join(path);
        self.transport.http.request(method, url)
    }

    async fn send(&self, call: RequestBuilder) -> Result<Exchange<Answer>, ClientError> {
        let request = call
            .build()
            .expect("the URL, the headers and the body are sound");
        self.transport.send(request).await
    }

    pub(crate) fn threads(&self) -> &Threads {
        &self.transport.options.threads
    }

    pub(crate) fn base(&self) -> &BaseUrl {
        &self.transport.base
    }
}

/// The headers of every request. Secrets among them aren't sent if the connection isn't safe.
fn authorization(base: &BaseUrl, options: &Options) -> Result<HeaderMap, ClientError> {
    let mut headers = options.headers.map();
    if options.token.is_some() && options.headers.authorize() {
        return Err(ClientError::TwoAuthorizations);
    }
    let secret = match (&options.token, options.headers.secret()) {
        (Some(_), _) => Some("the token".to_owned()),
        (None, Some(name)) => Some(format!("the header {name}")),
        (None, None) => None,
    };
    let is_safe = base.is_https() || base.is_loopback() || options.secrets_in_clear;
    if let Some(secret) = secret.filter(|_| !is_safe) {
        let url = base.to_string();
        return Err(ClientError::SecretInClear { url, secret });
    }
    if let Some(token) = &options.token {
        headers.insert(AUTHORIZATION, token.value());
    }
    Ok(headers)
}

/// Makes a connection break when the other side's machine is silent for this long.
///
/// A long computation is not silent: its machine still acknowledges what the operating system asks, and an HTTP/2 service
/// answers pings meanwhile. What is not acknowledged is given up too.
fn noticing_silence(builder: ClientBuilder, silence: Duration) -> ClientBuilder {
    const PROBES: u32 = 3;
    let between = silence / (PROBES + 1);
    let builder = builder
        .tcp_keepalive(between)
        .tcp_keepalive_interval(between)
        .tcp_keepalive_retries(PROBES)
        .http2_keep_alive_interval(silence / 2)
        .http2_keep_alive_timeout(silence / 2);
    #[cfg(any(target_os = "android", target_os = "fuchsia", target_os = "linux"))]
    let builder = builder.tcp_user_timeout(silence);
    builder
}
