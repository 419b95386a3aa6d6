//! What a file says about itself.

use std::collections::BTreeMap;

use sha2::{Digest as _, Sha256};
use veilcast_card::hex::Hex;
use veilcast_onnx::pb::{ModelProto, OperatorSetIdProto};

use veilcast_onnx::OnnxError;
use veilcast_onnx::graph::{graph, operators};

/// What the report says about a file.
#[derive(Clone, Debug)]
pub(super) struct FileFacts {
    pub(super) sha256: String,
    pub(super) producer: String,
    pub(super) opset: Option<i64>,
    pub(super) operators: BTreeMap<String, usize>,
    pub(super) description: String,
}

impl FileFacts {
    /// A file of a library that grows trees.
    pub(super) fn of_trees(bytes: &[u8], producer: &str, trees: usize) -> Self {
        Self {
            sha256: Hex(&Sha256::digest(bytes)).to_string(),
            producer: producer.to_owned(),
            opset: None,
            operators: BTreeMap::from([("tree".to_owned(), trees)]),
            description: String::new(),
        }
    }

    pub(super) fn of(bytes: &[u8], model: &ModelProto) -> Result<Self, OnnxError> {
        let found = graph(model)?;
        let own = |version: &&OperatorSetIdProto| matches!(version.domain.as_str(), "" | "ai.onnx");
        let texts = [&model.doc_string, &found.doc_string];
        let text = texts.into_iter().find(|text| !text.is_empty());
        Ok(Self {
            sha256: Hex(&Sha256::digest(bytes)).to_string(),
            producer: [model.producer_name.as_str(), &model.producer_version]
                .join(" ")
                .trim()
                .to_owned(),
            opset: model.opset_import.iter().find(own).map(|set| set.version),
            operators: operators(found),
            description: text.cloned().unwrap_or_default(),
        })
    }
}
