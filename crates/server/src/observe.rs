//! What an operator sees of a request: a line in the log and the counters.
//!
//! Neither ever holds a key, a ciphertext, a query string or a name that the client chose.

use std::sync::Arc;
use std::time::Instant;

use axum::body::HttpBody as _;
use axum::extract::{MatchedPath, Request, State};
use axum::http::Method;
use axum::middleware::Next;
use axum::response::Response;
use tracing::{Instrument as _, field};

use crate::app::App;
use crate::fault::FaultCode;

/// Runs a request in a span of its own, and reports how it ended.
pub(crate) async fn observe(State(app): State<Arc<App>>, request: Request, next: Next) -> Response {
    let started = Instant::now();
    let method = method_name(request.method());
    let matched = request.extensions().get::<MatchedPath>().cloned();
    let route = matched.as_ref().map_or("unknown", MatchedPath::as_str);
    let span = tracing::info_span!(
        "request",
        method,
        route,
        model = field::Empty,
        bytes_in = field::Empty
    );

    let response = next.run(request).instrument(span.clone()).await;

    let (status, took) = (response.status().as_u16(), started.elapsed());
    let code = response
        .extensions()
        .get::<FaultCode>()
        .map(|FaultCode(code)| *code);
    let bytes_out = response.body().size_hint().exact();
    app.metrics.request(method, route, status, took);
    if let Some(code) = code {
        app.metrics.refused(code);
    }
    span.in_scope(|| {
        tracing::info!(
            status,
            code,
            bytes_out,
            milliseconds = took.as_millis() as u64,
            "answered"
        )
    });
    response
}

/// The usual methods by their names, the others under a single name.
fn method_name(method: &Method) -> &'static str {
    match *method {
        Method::GET => "GET",
        Method::HEAD => "HEAD",
        Method::POST => "POST",
        Method::PUT => "PUT",
        Method::PATCH => "PATCH",
        Method::DELETE => "DELETE",
        Method::OPTIONS => "OPTIONS",
        _ => "other",
    }
}
