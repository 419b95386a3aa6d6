//! What an operator sees of a request: a line in the log, the counters, and its place in a trace.
//!
//! Neither ever holds a key, a ciphertext, a query string or a name that the client chose, other than the request's id.

use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::body::HttpBody as _;
use axum::extract::{MatchedPath, Request, State};
use axum::http::header::CONNECTION;
use axum::http::{HeaderValue, Method, Version};
use axum::middleware::Next;
use axum::response::Response;
use tracing::{Instrument as _, Span, field};

use crate::app::App;
use crate::fault::FaultCode;
use crate::lifecycle::Phase;
use crate::trace::{REQUEST_ID, RequestId, TraceParent};

/// The status and the code for a request whose client went away before the answer; nginx made the
/// status common.
const ABANDONED: (u16, &str) = (499, "abandoned");
/// The code for a request whose answer failed because of a defect.
const PANICKED: (u16, &str) = (500, "internal");

/// Runs a request in a separate span, and reports how it ended.
pub(crate) async fn observe(State(app): State<Arc<App>>, request: Request, next: Next) -> Response {
    let id = RequestId::of(request.headers());
    let span = tracing::info_span!(
        "request",
        method = method_name(request.method()),
        route = field::Empty,
        request_id = id.as_str(),
        trace_id = field::Empty,
        model = field::Empty,
        bytes_in = field::Empty
    );
    if let Some(parent) = TraceParent::of(request.headers()) {
        span.record("trace_id", field::display(parent.trace_id()));
        #[cfg(feature = "otlp")]
        parent.adopt(&span);
    }
    let under_way = UnderWay::new(Arc::clone(&app), &request, span.clone());
    let version = request.version();

    let mut response = next.run(request).instrument(span).await;

    let headers = response.headers_mut();
    headers.insert(REQUEST_ID, id.into_header());
    // If a connection ends now, the client opens the next one elsewhere; HTTP/2 has its own way to
    // say so.
    if version <= Version::HTTP_11 && app.lifecycle.phase() >= Phase::Draining {
        headers.insert(CONNECTION, HeaderValue::from_static("close"));
    }
    under_way.answered(&response);
    response
}

/// A request under way, which is reported even if its client goes away.
struct UnderWay {
    app: Arc<App>,
    method: &'static str,
    route: Option<MatchedPath>,
    started: Instant,
    span: Span,
    is_answered: bool,
}

impl UnderWay {
    fn new(app: Arc<App>, request: &Request, span: Span) -> Self {
        let under_way = Self {
            app,
            method: method_name(request.method()),
            route: request.extensions().get::<MatchedPath>().cloned(),
            started: Instant::now(),
            span,
            is_answered: false,
        };
        under_way.span.record("route", under_way.route());
        under_way
    }

    fn route(&self) -> &str {
        self.route.as_ref().map_or("unknown", MatchedPath::as_str)
    }

    fn answered(mut self, response: &Response) {
        self.is_answered = true;
        let status = response.status().as_u16();
        let code = response.extensions().get::<FaultCode>();
        let code = code.map(|FaultCode(code)| *code);
        let bytes_out = response.body().size_hint().exact();
        let took = self.count(status, code);
        self.span.in_scope(|| {
            tracing::info!(
                status,
                code,
                bytes_out,
                milliseconds = took.as_millis() as u64,
                "answered"
            )
        });
    }

    fn count(&self, status: u16, code: Option<&'static str>) -> Duration {
        let took = self.started.elapsed();
        let metrics = &self.app.metrics;
        metrics.request(self.method, self.route(), status, took);
        if let Some(code) = code {
            metrics.refused(code);
        }
        took
    }
}

impl Drop for UnderWay {
    fn drop(&mut self) {
        if self.is_answered {
            return;
        }
        let is_panicking = std::thread::panicking();
        let (status, code) = if is_panicking { PANICKED } else { ABANDONED };
        let took = self.count(status, Some(code));
        self.span.in_scope(|| {
            tracing::info!(
                status,
                code,
                milliseconds = took.as_millis() as u64,
                "abandoned"
            )
        });
    }
}

/// The usual methods by their names, all others under a single name.
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
