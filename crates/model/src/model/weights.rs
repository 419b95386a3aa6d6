//! `weights.safetensors`: the private numbers, with the digest of the card they belong to.

use std::borrow::Cow;
use std::collections::{HashMap, HashSet};

use safetensors::tensor::{Dtype, SafeTensors, TensorView, View};

use super::ModelError;
use veilcast_card::CardDigest;

/// The metadata entry that holds the card's digest. It is the only one: several would be
/// written in no fixed order, and the same model could be written as different files.
const CARD_KEY: &str = "card";
/// Longest safetensors header accepted: five tensors for each part, and two per program, need less.
const MAX_HEADER: u64 = 64 << 10;

/// Largest matrix of which a file may list only the numbers that aren't 0, so that its size alone doesn't bound the memory.
const MAX_SPREAD: usize = 1 << 24;

/// The bytes of the weights file of a model; the same tensors always give the same bytes.
pub(super) fn serialize(tensors: Vec<Tensor>, card: CardDigest) -> Result<Vec<u8>, ModelError> {
    let metadata = HashMap::from([(CARD_KEY.to_owned(), card.to_string())]);
    let named = tensors
        .into_iter()
        .map(|tensor| (tensor.name.clone(), tensor));
    safetensors::serialize(named, Some(metadata)).map_err(ModelError::Safetensors)
}

/// The tensors of a weights file.
pub(super) struct Tensors<'data>(SafeTensors<'data>);

impl<'data> Tensors<'data> {
    /// Reads where the tensors are, and checks that they belong to a card.
    pub(super) fn open(bytes: &'data [u8], card: CardDigest) -> Result<Self, ModelError> {
        if let Some(length) = bytes.first_chunk::<8>()
            && u64::from_le_bytes(*length) > MAX_HEADER
        {
            return Err(ModelError::Safetensors(
                safetensors::SafeTensorError::HeaderTooLarge,
            ));
        }
        let (_, metadata) = SafeTensors::read_metadata(bytes).map_err(ModelError::Safetensors)?;
        let entries = metadata.metadata().as_ref();
        let named = entries.and_then(|entries| entries.get(CARD_KEY));
        if named.is_none_or(|named| *named != card.to_string()) {
            return Err(ModelError::Mismatch {
                found: named.map_or("(none)".to_owned(), |named| {
                    named.chars().take(80).collect()
                }),
                expected: card,
            });
        }
        SafeTensors::deserialize(bytes)
            .map(Self)
            .map_err(ModelError::Safetensors)
    }

    /// Refuses a tensor that isn't one of these.
    pub(super) fn check_names(&self, known: &HashSet<String>) -> Result<(), ModelError> {
        let names = self.0.names().into_iter();
        match names.into_iter().find(|&name| !known.contains(name)) {
            None => Ok(()),
            Some(name) => Err(ModelError::Tensor {
                problem: format!("tensor {name:?} doesn't belong to a model"),
            }),
        }
    }

    /// The rows and columns of a matrix.
    pub(super) fn matrix_shape(&self, name: &str) -> Result<[usize; 2], ModelError> {
        match self.tensor(name)?.shape() {
            &[rows, columns] => Ok([rows, columns]),
            other => Err(ModelError::Tensor {
                problem: format!(
                    "tensor {name:?} has {} dimensions; a matrix has 2",
                    other.len()
                ),
            }),
        }
    }

    /// The values of one tensor. The file holds them all, so that they can't exceed its size.
    pub(super) fn values<T, const N: usize>(
        &self,
        name: &str,
        dtype: Dtype,
        shape: &[usize],
        decode: fn([u8; N]) -> T,
    ) -> Result<Vec<T>, ModelError> {
        let tensor = self.tensor(name)?;
        if tensor.dtype() != dtype || tensor.shape() != shape {
            return Err(ModelError::Tensor {
                problem: format!(
                    "tensor {name:?} is {} {:?}; expected {dtype} {shape:?}",
                    tensor.dtype(),
                    tensor.shape()
                ),
            });
        }
        let (chunks, _) = tensor.data().as_chunks::<N>();
        Ok(chunks.iter().map(|chunk| decode(*chunk)).collect())
    }

    /// The floats of one tensor, of 64 or 32 bits.
    pub(super) fn floats(&self, name: &str, shape: &[usize]) -> Result<Vec<f64>, ModelError> {
        if self.tensor(name)?.dtype() != Dtype::F32 {
            return self.values(name, Dtype::F64, shape, f64::from_le_bytes);
        }
        let narrow = self.values(name, Dtype::F32, shape, f32::from_le_bytes)?;
        Ok(narrow.into_iter().map(f64::from).collect())
    }

    /// The places of a matrix's numbers that aren't 0, each after the one before; none if there is no such tensor.
    pub(super) fn places(&self, name: &str, size: usize) -> Result<Option<Vec<u32>>, ModelError> {
        let Ok(tensor) = self.0.tensor(name) else {
            return Ok(None);
        };
        let count: usize = tensor.shape().iter().product();
        let places = self.values(name, Dtype::U32, &[count], u32::from_le_bytes)?;
        let is_ascending = places.is_sorted_by(|one, next| one < next);
        let is_inside = places.last().is_none_or(|&last| (last as usize) < size);
        if !(is_ascending && is_inside) || size > MAX_SPREAD {
            return Err(ModelError::Tensor {
                problem: format!(
                    "tensor {name:?} must list places of a matrix of {size} numbers in ascending order, and the matrix have at most \
                     {MAX_SPREAD}"
                ),
            });
        }
        Ok(Some(places))
    }

    fn tensor(&self, name: &str) -> Result<TensorView<'data>, ModelError> {
        self.0.tensor(name).map_err(|_| ModelError::Tensor {
            problem: format!("tensor {name:?} is missing"),
        })
    }
}

/// A tensor as its little-endian bytes.
pub(super) struct Tensor {
    name: String,
    dtype: Dtype,
    shape: Vec<usize>,
    bytes: Vec<u8>,
}

impl Tensor {
    /// These values, each as its bytes.
    pub(super) fn new<T: Copy, const N: usize>(
        name: impl Into<String>,
        dtype: Dtype,
        shape: &[usize],
        values: &[T],
        encode: fn(T) -> [u8; N],
    ) -> Self {
        Self {
            name: name.into(),
            dtype,
            shape: shape.to_vec(),
            bytes: values.iter().flat_map(|&value| encode(value)).collect(),
        }
    }

    /// These floats: in 32 bits, if they hold all of them.
    pub(super) fn floats(name: impl Into<String>, shape: &[usize], values: &[f64]) -> Self {
        if values.iter().any(|&value| f64::from(value as f32) != value) {
            return Self::new(name, Dtype::F64, shape, values, f64::to_le_bytes);
        }
        let narrow: Vec<f32> = values.iter().map(|&value| value as f32).collect();
        Self::new(name, Dtype::F32, shape, &narrow, f32::to_le_bytes)
    }
}

impl View for Tensor {
    fn dtype(&self) -> Dtype {
        self.dtype
    }

    fn shape(&self) -> &[usize] {
        &self.shape
    }

    fn data(&self) -> Cow<'_, [u8]> {
        Cow::Borrowed(&self.bytes)
    }

    fn data_len(&self) -> usize {
        self.bytes.len()
    }
}
