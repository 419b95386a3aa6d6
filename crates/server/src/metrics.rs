//! Counters and gauges for operators.
//!
//! What concerns every request is counted here. Every other part of the service adds its counters
//! with [`Metrics::register`], and values that can be read at any time as a [`gauge`].
//!
//! Labels take few values: methods, route templates, statuses, codes and the names of the service's own models.

mod format;
mod gauge;
mod process;

use std::sync::{PoisonError, RwLock};
use std::time::Duration;

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::histogram::{Histogram, exponential_buckets};
use prometheus_client::registry::{Registry, Unit};
use veilcast_protocol::Inference;

pub(crate) use self::format::Format;
pub(crate) use self::gauge::gauge;

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

/// Everything that is counted.
pub(crate) struct Metrics {
    registry: RwLock<Registry>,
    requests: Family<RequestLabels, Counter>,
    request_durations: Durations<RouteLabels>,
    refusals: Family<CodeLabels, Counter>,
    records: Family<ModelLabels, Counter>,
    vouchers: Family<ModelLabels, Counter>,
    body_bytes: Family<ModelLabels, Counter>,
    compute_durations: Durations<ModelLabels>,
}

impl Metrics {
    pub(crate) fn new() -> Self {
        let metrics = Self {
            registry: RwLock::default(),
            requests: Family::default(),
            request_durations: durations(),
            refusals: Family::default(),
            records: Family::default(),
            vouchers: Family::default(),
            body_bytes: Family::default(),
            compute_durations: durations(),
        };
        metrics.register(|registry| metrics.register_own(registry));
        process::register(
            &mut metrics
                .registry
                .write()
                .unwrap_or_else(PoisonError::into_inner),
        );
        metrics
    }

    fn register_own(&self, registry: &mut Registry) {
        registry.register("http_requests", "Requests answered", self.requests.clone());
        registry.register_with_unit(
            "http_request_duration",
            "Time from a request's header to its answer",
            Unit::Seconds,
            self.request_durations.clone(),
        );
        registry.register(
            "refusals",
            "Requests refused, by code",
            self.refusals.clone(),
        );
        registry.register("records", "Records evaluated", self.records.clone());
        registry.register("vouchers", "Vouchers made", self.vouchers.clone());
        registry.register_with_unit(
            "request_body",
            "Bodies received for inference",
            Unit::Bytes,
            self.body_bytes.clone(),
        );
        registry.register_with_unit(
            "compute_duration",
            "Time to decode, evaluate and encode a request",
            Unit::Seconds,
            self.compute_durations.clone(),
        );
    }

    /// Lets a part of the service add what it counts, in a registry whose names begin with `veilcast_`.
    pub(crate) fn register(&self, add: impl FnOnce(&mut Registry)) {
        let mut registry = self
            .registry
            .write()
            .unwrap_or_else(PoisonError::into_inner);
        add(registry.sub_registry_with_prefix("veilcast"));
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

    pub(crate) fn computed(&self, model: &str, request: &Inference, took: Duration) {
        let labels = ModelLabels {
            model: model.to_owned(),
        };
        let (records, vouchers) = (request.records() as u64, request.vouchers() as u64);
        self.records.get_or_create(&labels).inc_by(records);
        if vouchers > 0 {
            self.vouchers.get_or_create(&labels).inc_by(vouchers);
        }
        self.compute_durations
            .get_or_create(&labels)
            .observe(took.as_secs_f64());
    }

    /// All counters and gauges as text.
    pub(crate) fn render(&self, format: Format) -> String {
        let registry = self.registry.read().unwrap_or_else(PoisonError::into_inner);
        let mut text = String::new();
        encode(&mut text, &registry).expect("writing to a string can't fail");
        match format {
            Format::OpenMetrics => text,
            Format::Prometheus => format::to_prometheus(&text),
        }
    }
}

/// Histograms from a millisecond to about a minute.
fn durations<L: Clone + Eq + std::hash::Hash>() -> Durations<L> {
    Family::new_with_constructor(|| Histogram::new(exponential_buckets(0.001, 2.0, 17)))
}
