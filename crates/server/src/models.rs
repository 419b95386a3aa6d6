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
    pub(crate) fn new(evaluator: Evaluator, config: &Config) -> Result<Self, StartError> {
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

/// A sealed model's encrypted weights, sent without a copy.
pub(crate) struct SealedFile(pub(crate) Arc<ServedModel>);

impl AsRef<[u8]> for SealedFile {
    fn as_ref(&self) -> &[u8] {
        self.0.evaluator.sealed_file().unwrap_or_default()
    }
}

/// All models of the service, by name.
#[derive(Default)]
pub(crate) struct Models(BTreeMap<String, Versions>);

/// The versions of one name in the order in which they were given; at least one.
#[derive(Default)]
struct Versions {
    all: Vec<Arc<ServedModel>>,
    /// The one that answers requests without a version, if the operator chose it; otherwise the
    /// last.
    default: Option<usize>,
}

impl Versions {
    fn get(&self, version: Option<&str>) -> Option<&Arc<ServedModel>> {
        match (version, self.default) {
            (Some(version), _) => self.all.iter().find(|model| model.version() == version),
            (None, Some(default)) => self.all.get(default),
            (None, None) => self.all.last(),
        }
    }
}

impl Models {
    /// Models, each with a flag that says whether it is the default version of its name.
    pub(crate) fn new(
        given: impl IntoIterator<Item = (Arc<ServedModel>, bool)>,
    ) -> Result<Self, StartError> {
        let mut models = BTreeMap::<String, Versions>::new();
        let mut sealing = BTreeMap::<Vec<u8>, String>::new();
        for (model, is_default) in given {
            let (name, version) = (model.name().to_owned(), model.version().to_owned());
            if let Some(sealed) = model.evaluator.card().sealed() {
                let first = sealing.entry(sealed.modulus()).or_insert(name.clone());
                if *first != name {
                    let (first, second) = (first.clone(), name);
                    return Err(StartError::SharedSealingKey { first, second });
                }
            }
            let versions = models.entry(name.clone()).or_default();
            if versions.get(Some(&version)).is_some() {
                return Err(StartError::DuplicateModel { name, version });
            }
            if is_default && versions.default.replace(versions.all.len()).is_some() {
                return Err(StartError::TwoDefaults { name });
            }
            versions.all.push(model);
        }
        Ok(Self(models))
    }

    /// The models' names, in alphabetical order.
    pub(crate) fn names(&self) -> impl Iterator<Item = &str> {
        self.0.keys().map(String::as_str)
    }

    /// All models, by name and then in the order in which they were given.
    pub(crate) fn all(&self) -> impl Iterator<Item = &Arc<ServedModel>> {
        self.0.values().flat_map(|versions| &versions.all)
    }

    /// Records of the largest request that a model takes.
    pub(crate) fn largest_request(&self) -> u32 {
        self.all()
            .map(|model| model.evaluator.card().limits().max_records)
            .max()
            .unwrap_or_default()
    }

    /// The versions of a model.
    pub(crate) fn versions(&self, name: &str) -> impl Iterator<Item = &str> {
        self.0
            .get(name)
            .into_iter()
            .flat_map(|versions| &versions.all)
            .map(|model| model.version())
    }

    /// The model of this name and version; without a version, the default one.
    pub(crate) fn get(&self, name: &str, version: Option<&str>) -> Result<Arc<ServedModel>, Fault> {
        let versions = self.0.get(name).ok_or_else(|| Fault::UnknownModel {
            known: self.names().collect::<Vec<_>>().join(", "),
        })?;
        let found = versions.get(version);
        found.cloned().ok_or_else(|| Fault::UnknownVersion {
            known: self.versions(name).collect::<Vec<_>>().join(", "),
        })
    }
}
