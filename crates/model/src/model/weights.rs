//! `weights.safetensors`: the private maps, the programs for their sums, and the digest of the card
//! they belong to.

use std::borrow::Cow;
use std::collections::{HashMap, HashSet};

use safetensors::tensor::{Dtype, SafeTensors, TensorView, View};

use super::ModelError;
use super::programs::Programs;
use crate::program::{Output, Program};
use crate::{FloatMap, IntegerMap};
use veilcast_card::{Card, CardDigest};

/// The metadata entry that holds the card's digest. It is the only one: several would be
/// written in no fixed order, and the same model could be written as different files.
const CARD_KEY: &str = "card";

const INTEGER_WEIGHTS: &str = "integer.weights";
const INTEGER_BIASES: &str = "integer.biases";
const FLOAT_WEIGHTS: &str = "float.weights";
const FLOAT_BIASES: &str = "float.biases";
/// Longest safetensors header accepted: four tensors, and two per program, need less.
const MAX_HEADER: u64 = 64 << 10;

/// The tensors of the program for `k` features per ciphertext: the two registers that each step
/// adds, and for each output the registers that are added and subtracted, or −1.
fn program_names(k: u32) -> [String; 2] {
    match k {
        1 => ["program.steps".to_owned(), "program.outputs".to_owned()],
        _ => [format!("program.{k}.steps"), format!("program.{k}.outputs")],
    }
}

/// The bytes of the weights file of a model; the same model always gives the same bytes.
pub(super) fn serialize(
    integers: &IntegerMap,
    floats: &FloatMap,
    programs: &Programs,
    card: CardDigest,
) -> Result<Vec<u8>, ModelError> {
    let matrix = vec![integers.outputs(), integers.inputs()];
    let vector = vec![integers.outputs()];
    let mut tensors = vec![
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
    ];
    for (k, program) in programs.iter() {
        let [steps, ends] = program_names(k);
        let register = |register: Option<u32>| register.map_or(-1, i64::from);
        let outputs: Vec<i64> = program
            .outputs()
            .iter()
            .flat_map(|o| [register(o.plus), register(o.minus)])
            .collect();
        tensors.push(Tensor::new(
            steps,
            Dtype::U32,
            &[program.steps().len(), 2],
            program.steps().as_flattened(),
            |r| r.to_le_bytes(),
        ));
        tensors.push(Tensor::new(
            ends,
            Dtype::I64,
            &[program.outputs().len(), 2],
            &outputs,
            |r| r.to_le_bytes(),
        ));
    }
    let metadata = HashMap::from([(CARD_KEY.to_owned(), card.to_string())]);
    let named = tensors
        .into_iter()
        .map(|tensor| (tensor.name.clone(), tensor));
    safetensors::serialize(named, Some(metadata)).map_err(ModelError::Safetensors)
}

/// Reads the maps and the programs, and checks that they belong to the card.
pub(super) fn parse(
    bytes: &[u8],
    card: &Card,
) -> Result<(IntegerMap, FloatMap, Programs), ModelError> {
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
    if named.is_none_or(|named| *named != card.digest().to_string()) {
        return Err(ModelError::Mismatch {
            found: named.map_or("(none)".to_owned(), |named| {
                named.chars().take(80).collect()
            }),
            expected: card.digest(),
        });
    }
    let tensors = SafeTensors::deserialize(bytes).map_err(ModelError::Safetensors)?;
    let grouped = card.layouts().grouped();
    let programs = [1].iter().chain(grouped).flat_map(|&k| program_names(k));
    let maps = [INTEGER_WEIGHTS, INTEGER_BIASES, FLOAT_WEIGHTS, FLOAT_BIASES];
    let known: HashSet<String> = maps
        .map(str::to_owned)
        .into_iter()
        .chain(programs)
        .collect();
    if let Some(name) = tensors
        .names()
        .into_iter()
        .find(|&name| !known.contains(name))
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
    let programs = Programs {
        single: program(&tensors, 1, &integer_map)?,
        grouped: grouped
            .iter()
            .map(|&k| Ok((k, program(&tensors, k, &integer_map.grouped(k))?)))
            .collect::<Result<_, ModelError>>()?,
    };
    Ok((
        integer_map,
        float_map.map_err(ModelError::Weights)?,
        programs,
    ))
}

/// Reads the program for `k` features per ciphertext, and checks that it computes the map's sums.
fn program(tensors: &SafeTensors<'_>, k: u32, map: &IntegerMap) -> Result<Program, ModelError> {
    let [steps_name, ends_name] = program_names(k);
    let shape = matrix_shape(tensors, &steps_name)?;
    let steps = values(
        tensors,
        &steps_name,
        Dtype::U32,
        &[shape[0], 2],
        u32::from_le_bytes,
    )?;
    let ends = values(
        tensors,
        &ends_name,
        Dtype::I64,
        &[map.outputs(), 2],
        i64::from_le_bytes,
    )?;
    let register = |register: i64| match register {
        -1 => Ok(None),
        _ => u32::try_from(register)
            .map(Some)
            .map_err(|_| ModelError::Tensor {
                problem: format!("tensor {ends_name:?} names register {register}"),
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
    Program::new(map, steps.as_chunks().0.to_vec(), outputs)
        .map_err(|source| ModelError::Program { k, source })
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
struct Tensor {
    name: String,
    dtype: Dtype,
    shape: Vec<usize>,
    bytes: Vec<u8>,
}

impl Tensor {
    fn new<T: Copy, const N: usize>(
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
