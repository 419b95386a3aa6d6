//! A request's way through upload, queue and computation.

use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::body::Body;
use axum::extract::State;
use axum::http::header::{CONTENT_ENCODING, CONTENT_TYPE};
use axum::http::{HeaderMap, HeaderName, HeaderValue};
use axum::response::{IntoResponse as _, Response};
use veilcast_engine::{EvaluateError, Pause, Spending, Stopped};
use veilcast_protocol::{
    BinaryBody, ContentDigest, Encoding, Framing, HEADER_LENGTH, InferResponse, Inference,
    MEDIA_BINARY, MEDIA_JSON, MaskedResponse,
};

use crate::accounts::{Asked, Entry, Identity};
use crate::app::App;
use crate::blocking::blocking;
use crate::body::{announced, discard, receive};
use crate::deadline::Deadline;
use crate::extract::{HalfClosed, Requested};
use crate::fault::Fault;
use crate::models::ServedModel;
use crate::quota::Caller;
use crate::turns::{Ended, Turn};
use crate::uploads::{NoRoom, Upload};

/// How long a request waits for room in the queue before it is refused.
const BEFORE_REFUSAL: Duration = Duration::from_secs(1);

/// The header that says how long the service itself took.
const SERVER_TIMING: HeaderName = HeaderName::from_static("server-timing");

/// `POST …/infer`: encrypted scores of encrypted records.
pub(crate) async fn infer(
    State(app): State<Arc<App>>,
    address: Caller,
    requested: Result<Requested, Fault>,
    half_closed: HalfClosed,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Fault> {
    let mut entry = app.accounts.entry(address);
    let answered = serve(&app, requested, half_closed, &headers, body, &mut entry).await;
    entry.ends(answered.as_ref().err().map_or("ok", Fault::code));
    answered
}

async fn serve(
    app: &Arc<App>,
    requested: Result<Requested, Fault>,
    HalfClosed(is_half_closed): HalfClosed,
    headers: &HeaderMap,
    body: Body,
    entry: &mut Entry,
) -> Result<Response, Fault> {
    let arrived = Instant::now();
    let admitted = admitted(app, requested, headers, announced(&body), entry).await;
    let (model, identity, framing, mut upload) = match admitted {
        Ok(admitted) => admitted,
        Err(fault) => {
            discard(body).await;
            return Err(fault);
        }
    };
    let caller = identity.caller();
    let limit = model.limits.max_body_bytes;
    let body = receive(body, limit, &app.config(), &mut upload).await?;
    tracing::Span::current().record("bytes_in", body.len());
    app.metrics.body_received(model.name(), body.len());
    let received = {
        let _core = app.decoding.acquire().await;
        let (app, model) = (Arc::clone(app), Arc::clone(&model));
        blocking(move || open(&app, caller, &model, framing, &body, upload)).await?
    };
    entry.request(&received.request, received.seconds);
    let asked = Asked {
        model: model.name(),
        records: received.request.records(),
        seconds: received.seconds,
    };
    app.accounts.check(&identity, asked).await?;
    let busy = |ended| busy(app, ended);
    let deadline = Deadline::new(arrived, received.request.timeout());
    deadline.check(received.seconds)?;
    let place = app.turns.enter(caller, received.seconds, is_half_closed);
    let granted = deadline.wait(place.map_err(busy)?.turn()).await?;
    let (mut turn, waiting) = granted.map_err(busy)?;
    deadline.check(received.seconds)?;
    if let Some(spending) = &received.spending {
        app.accounts.spend(spending).await?;
    }
    let computed = blocking({
        let (app, model) = (Arc::clone(app), Arc::clone(&model));
        move || answer(&app, &model, &received, deadline, &mut turn)
    });
    let response = computed.await?;
    drop(waiting);
    app.accounts.charge(&identity, asked).await?;
    Ok(response)
}

/// What a request asks for, who asks, and the permission to upload: everything that is known before
/// the body.
async fn admitted(
    app: &App,
    requested: Result<Requested, Fault>,
    headers: &HeaderMap,
    announced: usize,
    entry: &mut Entry,
) -> Result<(Arc<ServedModel>, Identity, Framing, Upload), Fault> {
    let Requested(model, identity) = requested?;
    entry.asks(&identity, model.name(), model.version());
    room(app, identity.caller()).await?;
    let (framing, upload) = admit(app, identity.caller(), &model, headers, announced)?;
    Ok((model, identity, framing, upload))
}

/// Waits for a moment if the queue has no room now, so that a client that asks again at once can't
/// do so a thousand times per second.
async fn room(app: &App, caller: Caller) -> Result<(), Fault> {
    if let Err(Ended::Full(_)) = app.turns.check(&caller) {
        tokio::time::sleep(BEFORE_REFUSAL).await;
    }
    app.turns.check(&caller).map_err(|ended| busy(app, ended))
}

/// Checks what can be refused before the body is received, besides the model and who asks.
fn admit(
    app: &App,
    caller: Caller,
    model: &ServedModel,
    headers: &HeaderMap,
    announced: usize,
) -> Result<(Framing, Upload), Fault> {
    let framing = framing(headers)?;
    let limit = model.limits.max_body_bytes;
    // What is too large is refused for that reason.
    let upload = app.uploads.begin(caller, announced.min(limit), limit);
    let upload = upload.map_err(|NoRoom| busy(app, Ended::Full(Duration::ZERO)))?;
    if let Some(quotas) = &app.allowances().records {
        quotas.take_first(caller).map_err(used_up)?;
    }
    Ok((framing, upload))
}

/// The refusal of a request that gets no slice, or no further one: it may come back when the
/// present requests are done.
fn busy(app: &App, ended: Ended) -> Fault {
    let least = app.config().retry_after;
    match ended {
        Ended::Full(backlog) => Fault::Busy {
            retry_after: backlog.max(least),
        },
        Ended::Abandoned => Fault::Busy { retry_after: least },
        Ended::Closed => Fault::Ending { retry_after: least },
    }
}

fn used_up(retry_after: Duration) -> Fault {
    Fault::QuotaUsedUp { retry_after }
}

/// The form of the body, according to its headers. Without any it is JSON, the protocol's plain
/// form.
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

/// A request that may be computed.
struct Received {
    request: Inference,
    digest: ContentDigest,
    /// Its estimated cost, in seconds of one core.
    seconds: f64,
    /// What it uses of vouchers.
    spending: Option<Spending>,
    /// The memory of its body, which the request takes too.
    _upload: Upload,
}

/// Decodes a body, and deducts what it asks for from its caller's quotas.
fn open(
    app: &App,
    caller: Caller,
    model: &ServedModel,
    framing: Framing,
    body: &[u8],
    upload: Upload,
) -> Result<Received, Fault> {
    let request = Inference::decode(body, framing, &model.limits)?;
    let digest = ContentDigest::of(body);
    let mut spending = None;
    let seconds = match &request {
        Inference::Encrypted(request) => {
            spending = model.evaluator.spending(request)?;
            model.evaluator.cost(request)?
        }
        Inference::Masked(request) => model.evaluator.masked_cost(request),
        Inference::Sealed(request) => model.evaluator.sealed_cost(request)?,
        Inference::Round(request) => {
            let (seconds, uses) = model.evaluator.check_round(request)?;
            spending = Some(uses);
            seconds
        }
    };
    let limit = app.config().request_cost;
    if seconds > limit.as_secs_f64() {
        return Err(Fault::TooCostly { seconds, limit });
    }
    let allowances = app.allowances();
    if let Some(quotas) = &allowances.records {
        quotas
            .take_others(caller, request.records())
            .map_err(used_up)?;
    }
    if let Some(new_keys) = &allowances.new_keys
        && let Inference::Encrypted(request) = &request
        && request.key_proof().is_some()
        && !model.evaluator.keys().knows(request.public_key())
    {
        let taken = new_keys.take_first(caller);
        taken.map_err(|retry_after| Fault::TooManyKeys { retry_after })?;
    }
    Ok(Received {
        request,
        digest,
        seconds,
        spending,
        _upload: upload,
    })
}

/// Evaluates and encodes, slice by slice.
fn answer(
    app: &App,
    model: &ServedModel,
    received: &Received,
    deadline: Deadline,
    turn: &mut Turn<Caller>,
) -> Result<Response, Fault> {
    let started = Instant::now();
    let (request, digest) = (&received.request, Some(received.digest));
    let mut response = match request {
        Inference::Encrypted(encrypted) => {
            let evaluator = &model.evaluator;
            let scores = in_slices(app, deadline, turn, |pause| {
                evaluator.evaluate_in_slices(encrypted, pause)
            })?;
            let scores = InferResponse {
                request_digest: digest,
                ..scores
            };
            turn.finish();
            response(
                encrypted.answer(),
                || scores.to_json(),
                || scores.to_binary(),
            )
        }
        Inference::Masked(masked) => {
            let scores = model.evaluator.evaluate_masked(masked)?;
            masked_response(masked.answer, scores, digest, turn)
        }
        Inference::Round(round) => {
            let numbers = model.evaluator.evaluate_round(round)?;
            masked_response(round.answer, numbers, digest, turn)
        }
        Inference::Sealed(sealed) => {
            let evaluator = &model.evaluator;
            let scores = in_slices(app, deadline, turn, |pause| {
                evaluator.evaluate_sealed(sealed, pause)
            })?;
            masked_response(sealed.answer, scores, digest, turn)
        }
    };
    let elapsed = started.elapsed();
    app.metrics.computed(model.name(), request, elapsed);
    let headers = response.headers_mut();
    headers.insert(SERVER_TIMING, server_timing(elapsed));
    Ok(response)
}

/// Masked scores in the form that the client wants.
fn masked_response(
    form: Encoding,
    scores: MaskedResponse,
    request_digest: Option<ContentDigest>,
    turn: &mut Turn<Caller>,
) -> Response {
    let scores = MaskedResponse {
        request_digest,
        ..scores
    };
    turn.finish();
    response(form, || scores.to_json(), || scores.to_binary())
}

/// Computes slice by slice, as long as there is time and somebody waits.
fn in_slices<T>(
    app: &App,
    deadline: Deadline,
    turn: &mut Turn<Caller>,
    compute: impl FnOnce(Pause<'_>) -> Result<T, EvaluateError>,
) -> Result<T, Fault> {
    let mut ended = None;
    let mut pause = || {
        let paused = turn.pause().map_err(|why| busy(app, why));
        paused.and_then(|()| deadline.check(0.0)).map_err(|fault| {
            ended = Some(fault);
            Stopped
        })
    };
    let computed = compute(&mut pause);
    match ended {
        Some(ended) => Err(ended),
        None => Ok(computed?),
    }
}

/// A message in the form that the client wants.
fn response(
    form: Encoding,
    json: impl FnOnce() -> Vec<u8>,
    binary: impl FnOnce() -> BinaryBody,
) -> Response {
    match form {
        Encoding::Json => ([(CONTENT_TYPE, MEDIA_JSON)], json()).into_response(),
        Encoding::Binary => {
            let body = binary();
            let header_length = HeaderValue::from(body.header_length);
            let headers = [
                (CONTENT_TYPE, HeaderValue::from_static(MEDIA_BINARY)),
                (HeaderName::from_static(HEADER_LENGTH), header_length),
            ];
            (headers, body.bytes).into_response()
        }
    }
}

/// How long the computation took, in milliseconds, in the form that browsers and their tools read.
fn server_timing(computed: Duration) -> HeaderValue {
    let text = format!("compute;dur={:.3}", computed.as_secs_f64() * 1000.0);
    HeaderValue::try_from(text).expect("digits and letters")
}
