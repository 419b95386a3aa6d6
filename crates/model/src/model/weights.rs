//! `weights.safetensors`: the private maps, the program for their sums, and the digest of the card
//! they belong to.

use std::borrow::Cow;
use std::collections::HashMap;

use safetensors::tensor::{Dtype, SafeTensors, TensorView, View};

use super::{Model, ModelError};
use crate::card::CardDigest;
use crate::program::{Output, Program};
use crate::{FloatMap, IntegerMap};

/// The metadata entry that holds the card's digest. It is the only one: several would be
/// written in no fixed order, and the same model would have several files.
const CARD_KEY: &str = "card";

const INTEGER_WEIGHTS: &str = "integer.weights";
const INTEGER_BIASES: &str = "integer.biases";
const FLOAT_WEIGHTS: &str = "float.weights";
const FLOAT_BIASES: &str = "float.biases";
/// The two registers that each step adds.
const PROGRAM_STEPS: &str = "program.steps";
/// For each output the registers that are added and subtracted, or −1.
const PROGRAM_OUTPUTS: &str = "program.outputs";
const NAMES: [&str; 6] = [
    INTEGER_WEIGHTS,
    INTEGER_BIASES,
    FLOAT_WEIGHTS,
    FLOAT_BIASES,
    PROGRAM_STEPS,
    PROGRAM_OUTPUTS,
];

/// Longest safetensors header accepted; six tensors need a few hundred bytes.
const MAX_HEADER: u64 = 64 << 10;

/// The bytes of the weights file of a model; the same model always gives the same bytes.
pub(super) fn serialize(model: &Model) -> Result<Vec<u8>, ModelError> {
    let (integers, floats) = (&model.integer_map, &model.float_map);
    let matrix = vec![integers.outputs(), integers.inputs()];
    let vector = vec![integers.outputs()];
    let steps = vec![model.program.steps().len(), 2];
    let ends = vec![integers.outputs(), 2];
    let register = |register: Option<u32>| register.map_or(-1, i64::from);
    let outputs: Vec<i64> = model
        .program
        .outputs()
        .iter()
        .flat_map(|o| [register(o.plus), register(o.minus)])
        .collect();
    let tensors = [
        Tensor::new(
            INTEGER_WEIGHTS,
            Dtype::I32,
            &matrix,
            integers.weights(),
            |w| w.to_le_bytes(),
        ),
        Tensor::new(
            INTEGER_BIASES,
            Dtype::I64,
            &vector,
            integers.biases(),
            |b| b.to_le_bytes(),
        ),
        Tensor::new(FLOAT_WEIGHTS, Dtype::F64, &matrix, floats.weights(), |w| {
            w.to_le_bytes()
        }),
        Tensor::new(FLOAT_BIASES, Dtype::F64, &vector, floats.biases(), |b| {
            b.to_le_bytes()
        }),
        Tensor::new(
            PROGRAM_STEPS,
            Dtype::U32,
            &steps,
            model.program.steps().as_flattened(),
            |r| r.to_le_bytes(),
        ),
        Tensor::new(PROGRAM_OUTPUTS, Dtype::I64, &ends, &outputs, |r| {
            r.to_le_bytes()
        }),
    ];
    let metadata = HashMap::from([(CARD_KEY.to_owned(), model.card_digest().to_string())]);
    let named = tensors.into_iter().map(|tensor| (tensor.name, tensor));
    safetensors::serialize(named, Some(metadata)).map_err(ModelError::Safetensors)
}

/// Reads the maps and the program, and checks that they belong to the card.
pub(super) fn parse(
    bytes: &[u8],
    card: CardDigest,
) -> Result<(IntegerMap, FloatMap, Program), ModelError> {
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
            named: named.map_or("(none)".to_owned(), |named| {
                named.chars().take(80).collect()
            }),
            card,
        });
    }
    let tensors = SafeTensors::deserialize(bytes).map_err(ModelError::Safetensors)?;
    if let Some(name) = tensors
        .names()
        .into_iter()
        .find(|name| !NAMES.contains(name))
    {
        return Err(ModelError::Tensor {
            problem: format!("tensor {name:?} doesn't belong to a model"),
        });
    }
    let [outputs, inputs] = matrix_shape(&tensors, INTEGER_WEIGHTS)?;
    let (matrix, vector) = ([outputs, inputs], [outputs]);
    let integer_map = IntegerMap::new(
        inputs,
        outputs,
        values(
            &tensors,
            INTEGER_WEIGHTS,
            Dtype::I32,
            &matrix,
            i32::from_le_bytes,
        )?,
        values(
            &tensors,
            INTEGER_BIASES,
            Dtype::I64,
            &vector,
            i64::from_le_bytes,
        )?,
    );
    let float_map = FloatMap::new(
        inputs,
        outputs,
        values(
            &tensors,
            FLOAT_WEIGHTS,
            Dtype::F64,
            &matrix,
            f64::from_le_bytes,
        )?,
        values(
            &tensors,
            FLOAT_BIASES,
            Dtype::F64,
            &vector,
            f64::from_le_bytes,
        )?,
    );
    let integer_map = integer_map.map_err(ModelError::Weights)?;
    let program = program(&tensors, &integer_map)?;
    Ok((
        integer_map,
        float_map.map_err(ModelError::Weights)?,
        program,
    ))
}

/// Reads the program, and checks that it computes the map's sums.
fn program(tensors: &SafeTensors<'_>, map: &IntegerMap) -> Result<Program, ModelError> {
    let shape = matrix_shape(tensors, PROGRAM_STEPS)?;
    let steps = values(
        tensors,
        PROGRAM_STEPS,
        Dtype::U32,
        &[shape[0], 2],
        u32::from_le_bytes,
    )?;
    let ends = [map.outputs(), 2];
    let ends = values(
        tensors,
        PROGRAM_OUTPUTS,
        Dtype::I64,
        &ends,
        i64::from_le_bytes,
    )?;
    let register = |register: i64| match register {
        -1 => Ok(None),
        _ => u32::try_from(register)
            .map(Some)
            .map_err(|_| ModelError::Tensor {
                problem: format!("tensor {PROGRAM_OUTPUTS:?} names register {register}"),
            }),
    };
    let output = |&[plus, minus]: &[i64; 2]| {
        Ok(Output {
            plus: register(plus)?,
            minus: register(minus)?,
        })
    };
    let outputs = ends
        .as_chunks()
        .0
        .iter()
        .map(output)
        .collect::<Result<_, ModelError>>()?;
    Program::new(map, steps.as_chunks().0.to_vec(), outputs).map_err(ModelError::Program)
}

fn matrix_shape(tensors: &SafeTensors<'_>, name: &str) -> Result<[usize; 2], ModelError> {
    match tensor(tensors, name)?.shape() {
        &[rows, columns] => Ok([rows, columns]),
        other => Err(ModelError::Tensor {
            problem: format!(
                "tensor {name:?} has {} dimensions; a matrix has 2",
                other.len()
            ),
        }),
    }
}

fn tensor<'data>(
    tensors: &SafeTensors<'data>,
    name: &str,
) -> Result<TensorView<'data>, ModelError> {
    tensors.tensor(name).map_err(|_| ModelError::Tensor {
        problem: format!("tensor {name:?} is missing"),
    })
}

/// The values of one tensor. The file holds them all, so that they can't exceed its size.
fn values<T, const N: usize>(
    tensors: &SafeTensors<'_>,
    name: &str,
    dtype: Dtype,
    shape: &[usize],
    decode: fn([u8; N]) -> T,
) -> Result<Vec<T>, ModelError> {
    let tensor = tensor(tensors, name)?;
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

/// A tensor as its little-endian bytes.
struct Tensor<'a> {
    name: &'static str,
    dtype: Dtype,
    shape: &'a [usize],
    bytes: Vec<u8>,
}

impl<'a> Tensor<'a> {
    fn new<T: Copy, const N: usize>(
        name: &'static str,
        dtype: Dtype,
        shape: &'a [usize],
        values: &[T],
        encode: fn(T) -> [u8; N],
    ) -> Self {
        Self {
            name,
            dtype,
            shape,
            bytes: values.iter().flat_map(|&value| encode(value)).collect(),
        }
    }
}

impl View for Tensor<'_> {
    fn dtype(&self) -> Dtype {
        self.dtype
    }

    fn shape(&self) -> &[usize] {
        self.shape
    }

    fn data(&self) -> Cow<'_, [u8]> {
        Cow::Borrowed(&self.bytes)
    }

    fn data_len(&self) -> usize {
        self.bytes.len()
    }
}
