//! What a service and its models say about themselves.

use serde::{Deserialize, Serialize};

use crate::{DATATYPE, INPUT_TENSOR, OUTPUT_TENSOR};

/// The answer to `GET /v2`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ServerMetadata {
    /// The service's name; [`ServerMetadata::NAME`] for a Veilcast service.
    pub name: String,
    /// The service's version.
    pub version: String,
    /// The protocol's extensions that the service supports.
    pub extensions: Vec<String>,
}

impl ServerMetadata {
    /// The name that distinguishes a Veilcast service from other services of the protocol.
    pub const NAME: &'static str = "veilcast";
    /// The extension for raw tensors after a JSON header.
    pub const BINARY_EXTENSION: &'static str = "binary_tensor_data";

    /// The metadata of a Veilcast service of this version.
    #[must_use]
    pub fn this() -> Self {
        Self {
            name: Self::NAME.to_owned(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
            extensions: vec![Self::BINARY_EXTENSION.to_owned()],
        }
    }
}

/// The answer to `GET /v2/health/live`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ServerLive {
    /// Whether the service runs.
    pub live: bool,
}

/// The answer to `GET /v2/health/ready`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ServerReady {
    /// Whether the service takes requests.
    pub ready: bool,
}

/// The answer to `GET /v2/models`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ModelList {
    /// The models' names, in alphabetical order.
    pub models: Vec<String>,
}

/// The answer to `GET /v2/models/{model}/ready`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ModelReady {
    /// The model's name.
    pub name: String,
    /// Whether the model takes requests.
    pub ready: bool,
}

/// The answer to `GET /v2/models/{model}`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ModelMetadata {
    /// The model's name.
    pub name: String,
    /// The versions that are served.
    pub versions: Vec<String>,
    /// What computes the model; [`ModelMetadata::PLATFORM`] for a Veilcast service.
    pub platform: String,
    /// The tensors that a request carries.
    pub inputs: Vec<TensorMetadata>,
    /// The tensors that a response carries.
    pub outputs: Vec<TensorMetadata>,
}

impl ModelMetadata {
    /// The platform of models that are computed on Paillier ciphertexts.
    pub const PLATFORM: &'static str = "veilcast_paillier";

    /// The metadata of a model with `features` inputs and `outputs` scores per record, in the `scalar` layout.
    #[must_use]
    pub fn new(name: &str, version: &str, features: usize, outputs: usize) -> Self {
        Self {
            name: name.to_owned(),
            versions: vec![version.to_owned()],
            platform: Self::PLATFORM.to_owned(),
            inputs: vec![TensorMetadata::new(INPUT_TENSOR, features)],
            outputs: vec![TensorMetadata::new(OUTPUT_TENSOR, outputs)],
        }
    }
}

/// A tensor's name, datatype and shape.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TensorMetadata {
    /// The tensor's name.
    pub name: String,
    /// The elements' datatype.
    pub datatype: String,
    /// The dimensions; −1 where any size is allowed.
    pub shape: Vec<i64>,
}

impl TensorMetadata {
    fn new(name: &str, columns: usize) -> Self {
        let columns = i64::try_from(columns).unwrap_or(i64::MAX);
        Self {
            name: name.to_owned(),
            datatype: DATATYPE.to_owned(),
            shape: vec![-1, columns],
        }
    }
}
