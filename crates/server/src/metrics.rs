//! Counters for operators, in the OpenMetrics text format.
//!
//! Labels take few values: methods, route templates, statuses, codes and the names of the service's own models.

use std::time::Duration;

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::{Histogram, exponential_buckets};
use prometheus_client::registry::{Registry, Unit};

use crate::admission::Load;

/// The media type of [`Metrics::render`].
pub(crate) const MEDIA_METRICS: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct RequestLabels {
    method: &'static str,
    route: String,
    status: u16,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct RouteLabels {
    route: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct CodeLabels {
    code: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct ModelLabels {
    model: String,
}

type Durations<L> = Family<L, Histogram, fn() -> Histogram>;

/// All that is counted.
pub(crate) struct Metrics {
    registry: Registry,
    requests: Family<RequestLabels, Counter>,
    request_durations: Durations<RouteLabels>,
    refusals: Family<CodeLabels, Counter>,
    records: Family<ModelLabels, Counter>,
    body_bytes: Family<ModelLabels, Counter>,
    compute_durations: Durations<ModelLabels>,
    uploading: Gauge,
    waiting: Gauge,
    computing: Gauge,
}

impl Metrics {
    pub(crate) fn new() -> Self {
        let mut metrics = Self {
            registry: Registry::with_prefix("veilcast"),
            requests: Family::default(),
            request_durations: durations(),
            refusals: Family::default(),
            records: Family::default(),
            body_bytes: Family::default(),
            compute_durations: durations(),
            uploading: Gauge::default(),
            waiting: Gauge::default(),
            computing: Gauge::default(),
        };
        let registry = &mut metrics.registry;
        registry.register(
            "http_requests",
            "Requests answered",
            metrics.requests.clone(),
        );
        registry.register_with_unit(
            "http_request_duration",
            "Time from a request's header to its answer",
            Unit::Seconds,
            metrics.request_durations.clone(),
        );
        registry.register(
            "refusals",
            "Requests refused, by code",
            metrics.refusals.clone(),
        );
        registry.register("records", "Records evaluated", metrics.records.clone());
        registry.register_with_unit(
            "request_body",
            "Bodies received for inference",
            Unit::Bytes,
            metrics.body_bytes.clone(),
        );
        registry.register_with_unit(
            "compute_duration",
            "Time to decode, evaluate and encode a request",
            Unit::Seconds,
            metrics.compute_durations.clone(),
        );
        registry.register(
            "uploading",
            "Requests being received",
            metrics.uploading.clone(),
        );
        registry.register("waiting", "Requests in the queue", metrics.waiting.clone());
        registry.register(
            "computing",
            "Requests being computed",
            metrics.computing.clone(),
        );
        metrics
    }

    pub(crate) fn request(&self, method: &'static str, route: &str, status: u16, took: Duration) {
        let labels = RequestLabels {
            method,
            route: route.to_owned(),
            status,
        };
        self.requests.get_or_create(&labels).inc();
        let labels = RouteLabels {
            route: route.to_owned(),
        };
        self.request_durations
            .get_or_create(&labels)
            .observe(took.as_secs_f64());
    }

    pub(crate) fn refused(&self, code: &'static str) {
        self.refusals.get_or_create(&CodeLabels { code }).inc();
    }

    pub(crate) fn body_received(&self, model: &str, bytes: usize) {
        let labels = ModelLabels {
            model: model.to_owned(),
        };
        self.body_bytes.get_or_create(&labels).inc_by(bytes as u64);
    }

    pub(crate) fn computed(&self, model: &str, records: usize, took: Duration) {
        let labels = ModelLabels {
            model: model.to_owned(),
        };
        self.records.get_or_create(&labels).inc_by(records as u64);
        self.compute_durations
            .get_or_create(&labels)
            .observe(took.as_secs_f64());
    }

    /// The counters as text, with the load of this moment.
    pub(crate) fn render(&self, load: &Load) -> String {
        self.uploading.set(load.uploading as i64);
        self.waiting.set(load.waiting as i64);
        self.computing.set(load.computing as i64);
        let mut text = String::new();
        encode(&mut text, &self.registry).expect("writing to a string can't fail");
        text
    }
}

/// Histograms from a millisecond to about a minute.
fn durations<L: Clone + Eq + std::hash::Hash>() -> Durations<L> {
    Family::new_with_constructor(|| Histogram::new(exponential_buckets(0.001, 2.0, 17)))
}
