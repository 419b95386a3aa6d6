//! Models by name and version.

use std::collections::BTreeMap;
use std::sync::Arc;

use veilcast_engine::Evaluator;
use veilcast_protocol::Limits;

use crate::config::Config;
use crate::fault::Fault;
use crate::start_error::StartError;

/// A model, and what a request to it may hold.
pub(crate) struct ServedModel {
    pub(crate) evaluator: Evaluator,
    pub(crate) limits: Limits,
}

impl ServedModel {
    fn new(evaluator: Evaluator, config: &Config) -> Result<Self, StartError> {
        let card = evaluator.card();
        let limit = config.max_body_bytes;
        let needed = Limits::new(1, card.features()).max_body_bytes;
        if needed > limit {
            return Err(StartError::BodyLimit {
                name: card.name().to_owned(),
                needed,
                limit,
            });
        }
        let most = card.limits();
        let mut limits = Limits::new(most.max_records as usize, most.max_ciphertexts as usize);
        limits.max_body_bytes = limits.max_body_bytes.min(limit);
        Ok(Self { evaluator, limits })
    }

    pub(crate) fn name(&self) -> &str {
        self.evaluator.card().name()
    }

    pub(crate) fn version(&self) -> &str {
        self.evaluator.card().version()
    }
}

/// A model's public part, sent without a copy: it may be large, and requested often.
pub(crate) struct PublicPart(pub(crate) Arc<ServedModel>);

impl AsRef<[u8]> for PublicPart {
    fn as_ref(&self) -> &[u8] {
        self.0.evaluator.public_part().unwrap_or_default()
    }
}

/// All models of the service; the versions of one name in the order in which they were given, and at least one.
pub(crate) struct Models(BTreeMap<String, Vec<Arc<ServedModel>>>);

impl Models {
    pub(crate) fn new(
        evaluators: impl IntoIterator<Item = Evaluator>,
        config: &Config,
    ) -> Result<Self, StartError> {
        let mut models = BTreeMap::<String, Vec<_>>::new();
        for evaluator in evaluators {
            let model = Arc::new(ServedModel::new(evaluator, config)?);
            let (name, version) = (model.name().to_owned(), model.version().to_owned());
            let versions = models.entry(name.clone()).or_default();
            if versions
                .iter()
                .any(|other: &Arc<ServedModel>| other.version() == version)
            {
                return Err(StartError::DuplicateModel { name, version });
            }
            versions.push(model);
        }
        Ok(Self(models))
    }

    /// The models' names, in alphabetical order.
    pub(crate) fn names(&self) -> impl Iterator<Item = &str> {
        self.0.keys().map(String::as_str)
    }

    /// Records of the largest request that a model takes.
    pub(crate) fn largest_request(&self) -> u32 {
        let models = self.0.values().flatten();
        models
            .map(|model| model.evaluator.card().limits().max_records)
            .max()
            .unwrap_or_default()
    }

    /// The versions of a model.
    pub(crate) fn versions(&self, name: &str) -> impl Iterator<Item = &str> {
        self.0
            .get(name)
            .into_iter()
            .flatten()
            .map(|model| model.version())
    }

    /// The model of this name and version; of several, the one given last.
    pub(crate) fn get(&self, name: &str, version: Option<&str>) -> Result<Arc<ServedModel>, Fault> {
        let versions = self.0.get(name).ok_or_else(|| Fault::UnknownModel {
            known: self.names().collect::<Vec<_>>().join(", "),
        })?;
        let mut latest_first = versions.iter().rev();
        let found =
            latest_first.find(|model| version.is_none_or(|version| model.version() == version));
        found.cloned().ok_or_else(|| Fault::UnknownVersion {
            known: self.versions(name).collect::<Vec<_>>().join(", "),
        })
    }
}
