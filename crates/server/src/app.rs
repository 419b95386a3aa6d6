//! The service: its models, its limits and its counters.

use std::num::NonZeroU32;
use std::sync::Arc;

use veilcast_engine::{Evaluator, Keys};

use crate::admission::Admission;
use crate::config::Config;
use crate::metrics::Metrics;
use crate::models::Models;
use crate::quota::Quotas;
use crate::start_error::StartError;

/// A service that is ready to answer.
pub struct App {
    pub(crate) models: Models,
    pub(crate) config: Config,
    pub(crate) admission: Arc<Admission>,
    /// How many records a caller may send.
    pub(crate) quotas: Option<Quotas>,
    /// How many keys that have to be checked a caller may send.
    pub(crate) new_keys: Option<Quotas>,
    pub(crate) metrics: Metrics,
}

impl App {
    /// A service for these models, where those with the same name differ in their version: the last
    /// one answers requests that don't name a version. They share the keys that clients have
    /// proven, and accept those that the first of them accepts.
    ///
    /// # Errors
    /// A [`StartError`] if there is no model, if two are the same, or if a setting makes no sense.
    pub fn new(
        evaluators: impl IntoIterator<Item = Evaluator>,
        config: Config,
    ) -> Result<Arc<Self>, StartError> {
        config.check()?;
        let evaluators: Vec<Evaluator> = evaluators.into_iter().collect();
        let first = evaluators.first().ok_or(StartError::NoModel)?;
        let keys =
            Keys::new(first.keys().policy()).with_randomizers_ahead(config.randomizers_ahead);
        let keys = Arc::new(keys);
        let sharing = |evaluator: Evaluator| evaluator.with_keys(Arc::clone(&keys));
        let models = Models::new(evaluators.into_iter().map(sharing), &config)?;
        let metrics = Metrics::new();
        let admission = Arc::new(Admission::new(&config));
        admission.register(&metrics);
        let quotas = |per_minute: usize, at_once: u32| {
            let per_minute = u32::try_from(per_minute).unwrap_or(u32::MAX);
            NonZeroU32::new(per_minute).map(|per_minute| Quotas::new(per_minute, at_once))
        };
        Ok(Arc::new(Self {
            quotas: quotas(config.records_per_minute, models.largest_request()),
            new_keys: quotas(config.new_keys_per_minute, 1),
            models,
            config,
            admission,
            metrics,
        }))
    }

    /// The service's settings.
    #[must_use]
    pub fn config(&self) -> &Config {
        &self.config
    }
}
