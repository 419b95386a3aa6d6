//! Gauges that are read when someone asks for the metrics.

use std::fmt;

use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, EncodeGaugeValue, EncodeMetric as _};
use prometheus_client::metrics::TypedMetric as _;
use prometheus_client::metrics::gauge::ConstGauge;
use prometheus_client::registry::{Registry, Unit};

/// Registers a gauge that is read whenever someone asks for the metrics.
pub(crate) fn gauge<N: EncodeGaugeValue + 'static>(
    registry: &mut Registry,
    name: &'static str,
    help: &'static str,
    unit: Option<Unit>,
    read: impl Fn() -> N + Send + Sync + 'static,
) {
    registry.register_collector(Box::new(Watched {
        name,
        help: format!("{help}."),
        unit,
        read,
    }));
}

/// A gauge that is read when it is asked for.
struct Watched<F> {
    name: &'static str,
    help: String,
    unit: Option<Unit>,
    read: F,
}

impl<N: EncodeGaugeValue, F: Fn() -> N + Send + Sync + 'static> Collector for Watched<F> {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> fmt::Result {
        let gauge = ConstGauge::new((self.read)());
        let unit = self.unit.as_ref();
        let kind = ConstGauge::<N>::TYPE;
        gauge.encode(encoder.encode_descriptor(self.name, &self.help, unit, kind)?)
    }
}

impl<F> fmt::Debug for Watched<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Watched")
            .field("name", &self.name)
            .finish_non_exhaustive()
    }
}
