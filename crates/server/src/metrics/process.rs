//! What the process is and uses: gauges under the names that Prometheus' own clients use.

use std::time::{SystemTime, UNIX_EPOCH};

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::info::Info;
use prometheus_client::registry::{Registry, Unit};

use super::gauge::gauge;

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Build {
    version: &'static str,
    kernel: &'static str,
}

/// Registers the process's memory and start, and what runs in it.
pub(super) fn register(registry: &mut Registry) {
    let build = Build {
        version: env!("CARGO_PKG_VERSION"),
        kernel: veilcast_engine::kernel(),
    };
    let help = "What runs, and the fastest arithmetic that the processor has for it";
    let veilcast = registry.sub_registry_with_prefix("veilcast");
    veilcast.register("build", help, Info::new(build));
    let process = registry.sub_registry_with_prefix("process");
    let memory = |of: fn(memory_stats::MemoryStats) -> usize| {
        move || memory_stats::memory_stats().map_or(0, of) as u64
    };
    gauge(
        process,
        "resident_memory",
        "Memory that the process holds",
        Some(Unit::Bytes),
        memory(|memory| memory.physical_mem),
    );
    gauge(
        process,
        "virtual_memory",
        "Addresses that the process has asked for",
        Some(Unit::Bytes),
        memory(|memory| memory.virtual_mem),
    );
    let now = SystemTime::now().duration_since(UNIX_EPOCH);
    let started = now.unwrap_or_default().as_secs_f64();
    gauge(
        process,
        "start_time",
        "When the service started, since 1970",
        Some(Unit::Seconds),
        move || started,
    );
}
