//! A request's way through upload, queue and computation.

use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::body::Body;
use axum::extract::State;
use axum::http::header::{CONTENT_ENCODING, CONTENT_TYPE};
use axum::http::{HeaderMap, HeaderName, HeaderValue};
use axum::response::{IntoResponse as _, Response};
use veilcast_protocol::{
    ContentDigest, Encoding, Framing, HEADER_LENGTH, InferRequest, InferResponse, MEDIA_BINARY,
    MEDIA_JSON,
};

use crate::admission::{Turn, Upload};
use crate::app::App;
use crate::body::{discard, receive};
use crate::extract::Requested;
use crate::fault::Fault;
use crate::models::ServedModel;
use crate::quota::Caller;

/// The header that says how long the service itself took.
const SERVER_TIMING: HeaderName = HeaderName::from_static("server-timing");

/// `POST …/infer`: encrypted scores of encrypted records.
pub(crate) async fn infer(
    State(app): State<Arc<App>>,
    caller: Caller,
    requested: Result<Requested, Fault>,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Fault> {
    let (model, framing, upload) = match admit(&app, caller, requested, &headers) {
        Ok(admitted) => admitted,
        Err(fault) => {
            discard(body).await;
            return Err(fault);
        }
    };
    let body_timeout = app.config().body_timeout;
    let body = receive(body, model.limits.max_body_bytes, body_timeout).await?;
    tracing::Span::current().record("bytes_in", body.len());
    app.metrics.body_received(model.name(), body.len());
    let place = app.admission.place().ok_or_else(|| busy(&app))?;
    drop(upload);
    let turn = tokio::select! {
        turn = app.admission.turn(place) => turn,
        () = app.lifecycle.ending() => return Err(ending(&app)),
    };
    compute(turn, move || answer(&app, caller, &model, framing, body)).await
}

/// Checks what can be refused before the body is received.
fn admit(
    app: &App,
    caller: Caller,
    requested: Result<Requested, Fault>,
    headers: &HeaderMap,
) -> Result<(Arc<ServedModel>, Framing, Upload), Fault> {
    let Requested(model) = requested?;
    let framing = framing(headers)?;
    let upload = app.admission.upload().ok_or_else(|| busy(app))?;
    if let Some(quotas) = &app.allowances().records {
        quotas.take_first(caller).map_err(used_up)?;
    }
    Ok((model, framing, upload))
}

fn busy(app: &App) -> Fault {
    Fault::Busy {
        retry_after: app.config().retry_after,
    }
}

fn ending(app: &App) -> Fault {
    Fault::Ending {
        retry_after: app.config().retry_after,
    }
}

fn used_up(retry_after: Duration) -> Fault {
    Fault::QuotaUsedUp { retry_after }
}

/// The form of the body, by its headers. Without any it is JSON, the protocol's plain form.
fn framing(headers: &HeaderMap) -> Result<Framing, Fault> {
    if headers
        .get(CONTENT_ENCODING)
        .is_some_and(|encoding| encoding != "identity")
    {
        return Err(Fault::UnsupportedMediaType);
    }
    if let Some(length) = headers.get(HEADER_LENGTH) {
        let length = length.to_str().ok().and_then(|length| length.parse().ok());
        return length.map(Framing::HeaderLength).ok_or(Fault::HeaderLength);
    }
    let Some(media_type) = headers.get(CONTENT_TYPE) else {
        return Ok(Framing::Json);
    };
    let media_type = media_type.to_str().unwrap_or_default();
    let essence = media_type
        .split(';')
        .next()
        .unwrap_or_default()
        .trim()
        .to_ascii_lowercase();
    match essence.as_str() {
        MEDIA_JSON => Ok(Framing::Json),
        MEDIA_BINARY => Ok(Framing::SelfDelimiting),
        _ => Err(Fault::UnsupportedMediaType),
    }
}

/// Runs a piece of work on a thread that may block. It runs to its end and keeps its place even if
/// the client goes away, so that abandoned requests can't pile up.
async fn compute<T: Send + 'static>(
    turn: Turn,
    work: impl FnOnce() -> Result<T, Fault> + Send + 'static,
) -> Result<T, Fault> {
    let span = tracing::Span::current();
    let task = tokio::task::spawn_blocking(move || {
        let _turn = turn;
        span.in_scope(work)
    });
    match task.await {
        Ok(answer) => answer,
        Err(error) => {
            // The panic's message has gone to standard error; it is not repeated to the client.
            tracing::error!(panicked = error.is_panic(), "a computation failed");
            Err(Fault::Internal)
        }
    }
}

/// Decodes, evaluates and encodes.
fn answer(
    app: &App,
    caller: Caller,
    model: &ServedModel,
    framing: Framing,
    body: Vec<u8>,
) -> Result<Response, Fault> {
    let started = Instant::now();
    let request = InferRequest::decode(&body, framing, &model.limits)?;
    let request_digest = ContentDigest::of(&body);
    drop(body);
    let allowances = app.allowances();
    if let Some(quotas) = &allowances.records {
        quotas
            .take_others(caller, request.records())
            .map_err(used_up)?;
    }
    if let Some(new_keys) = &allowances.new_keys
        && request.key_proof().is_some()
        && !model.evaluator.keys().knows(request.public_key())
    {
        let taken = new_keys.take_first(caller);
        taken.map_err(|retry_after| Fault::TooManyKeys { retry_after })?;
    }
    let scores = InferResponse {
        request_digest: Some(request_digest),
        ..model.evaluator.evaluate(&request)?
    };
    let mut response = match request.answer() {
        Encoding::Json => ([(CONTENT_TYPE, MEDIA_JSON)], scores.to_json()).into_response(),
        Encoding::Binary => {
            let body = scores.to_binary();
            let header_length = HeaderValue::from(body.header_length);
            let headers = [
                (CONTENT_TYPE, HeaderValue::from_static(MEDIA_BINARY)),
                (HeaderName::from_static(HEADER_LENGTH), header_length),
            ];
            (headers, body.bytes).into_response()
        }
    };
    let elapsed = started.elapsed();
    app.metrics
        .computed(model.name(), request.records(), elapsed);
    let headers = response.headers_mut();
    headers.insert(SERVER_TIMING, server_timing(elapsed));
    Ok(response)
}

/// How long the computation took, in milliseconds, as browsers and their tools read it.
fn server_timing(computed: Duration) -> HeaderValue {
    let text = format!("compute;dur={:.3}", computed.as_secs_f64() * 1000.0);
    HeaderValue::try_from(text).expect("digits and letters")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::admission::Admission;
    use crate::config::Config;

    #[tokio::test]
    async fn panics_end_neither_the_service_nor_its_places() {
        let admission = Admission::new(&Config::default());
        for _ in 0..3 {
            let turn = admission.turn(admission.place().unwrap()).await;
            let failed = compute::<()>(turn, || panic!("a defect")).await;
            assert!(matches!(failed, Err(Fault::Internal)));
        }
        assert_eq!(admission.load().computing, 0);
        let turn = admission.turn(admission.place().unwrap()).await;
        assert!(matches!(compute(turn, || Ok(7)).await, Ok(7)));
    }
}
