//! [`Affine`]: what an affine model computes with.

use std::collections::HashSet;

use safetensors::tensor::Dtype;

use super::ModelError;
use super::programs::Programs;
use super::weights::{Tensor, Tensors};
use crate::program::{Output, Program};
use crate::{BoundsCertificate, FloatMap, IntegerMap};
use veilcast_card::Card;

const INTEGER_WEIGHTS: &str = "integer.weights";
const INTEGER_BIASES: &str = "integer.biases";
const FLOAT_WEIGHTS: &str = "float.weights";
const FLOAT_BIASES: &str = "float.biases";

/// The maps of an affine model, and short programs for its weighted sums. Private.
#[derive(Clone, Debug, PartialEq)]
pub struct Affine {
    integer_map: IntegerMap,
    float_map: FloatMap,
    programs: Programs,
}

impl Affine {
    pub(super) fn new(integer_map: IntegerMap, float_map: FloatMap, programs: Programs) -> Self {
        Self {
            integer_map,
            float_map,
            programs,
        }
    }

    /// The integer map, which the encrypted evaluation computes. Private.
    pub fn integer_map(&self) -> &IntegerMap {
        &self.integer_map
    }

    /// The map in floats, on features. Private.
    pub fn float_map(&self) -> &FloatMap {
        &self.float_map
    }

    /// A short program for the integer map's weighted sums. Private.
    pub fn program(&self) -> &Program {
        &self.programs.single
    }

    /// A short program for the sums of [`IntegerMap::grouped`] with `k` features per ciphertext,
    /// if the card's `features` layout offers that `k`. Private.
    pub fn grouped_program(&self, k: u32) -> Option<&Program> {
        self.programs.grouped.get(&k)
    }

    /// Checks the maps' shapes against the card, and proves the bounds.
    pub(super) fn certify(&self, card: &Card) -> Result<BoundsCertificate, ModelError> {
        let expected = (card.features(), card.outputs());
        for (inputs, outputs) in [
            (self.integer_map.inputs(), self.integer_map.outputs()),
            (self.float_map.inputs(), self.float_map.outputs()),
        ] {
            if (inputs, outputs) != expected {
                return Err(ModelError::Shape {
                    inputs,
                    outputs,
                    features: expected.0,
                    labels: expected.1,
                });
            }
        }
        self.integer_map
            .certify(card.quantization().max(), card.slot_bits())
            .map_err(ModelError::Bounds)
    }

    /// What a weights file holds of it.
    pub(super) fn tensors(&self) -> Vec<Tensor> {
        let (integers, floats) = (&self.integer_map, &self.float_map);
        let matrix = vec![integers.outputs(), integers.inputs()];
        let vector = vec![integers.outputs()];
        let mut tensors = vec![
            Tensor::new(
                INTEGER_WEIGHTS,
                Dtype::I32,
                &matrix,
                integers.weights(),
                i32::to_le_bytes,
            ),
            Tensor::new(
                INTEGER_BIASES,
                Dtype::I64,
                &vector,
                integers.biases(),
                i64::to_le_bytes,
            ),
            Tensor::new(
                FLOAT_WEIGHTS,
                Dtype::F64,
                &matrix,
                floats.weights(),
                f64::to_le_bytes,
            ),
            Tensor::new(
                FLOAT_BIASES,
                Dtype::F64,
                &vector,
                floats.biases(),
                f64::to_le_bytes,
            ),
        ];
        for (k, program) in self.programs.iter() {
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
                u32::to_le_bytes,
            ));
            tensors.push(Tensor::new(
                ends,
                Dtype::I64,
                &[program.outputs().len(), 2],
                &outputs,
                i64::to_le_bytes,
            ));
        }
        tensors
    }

    /// Reads the maps and the programs.
    pub(super) fn parse(tensors: &Tensors<'_>, card: &Card) -> Result<Self, ModelError> {
        let grouped = card.layouts().grouped();
        let programs = [1].iter().chain(grouped).flat_map(|&k| program_names(k));
        let maps = [INTEGER_WEIGHTS, INTEGER_BIASES, FLOAT_WEIGHTS, FLOAT_BIASES];
        let known: HashSet<String> = maps
            .map(str::to_owned)
            .into_iter()
            .chain(programs)
            .collect();
        tensors.check_names(&known)?;
        let [outputs, inputs] = tensors.matrix_shape(INTEGER_WEIGHTS)?;
        let (matrix, vector) = ([outputs, inputs], [outputs]);
        let weights = tensors.values(INTEGER_WEIGHTS, Dtype::I32, &matrix, i32::from_le_bytes)?;
        let biases = tensors.values(INTEGER_BIASES, Dtype::I64, &vector, i64::from_le_bytes)?;
        let integer_map = IntegerMap::new(inputs, outputs, weights, biases);
        let weights = tensors.values(FLOAT_WEIGHTS, Dtype::F64, &matrix, f64::from_le_bytes)?;
        let biases = tensors.values(FLOAT_BIASES, Dtype::F64, &vector, f64::from_le_bytes)?;
        let float_map = FloatMap::new(inputs, outputs, weights, biases);
        let integer_map = integer_map.map_err(ModelError::Weights)?;
        let programs = Programs {
            single: program(tensors, 1, &integer_map)?,
            grouped: grouped
                .iter()
                .map(|&k| Ok((k, program(tensors, k, &integer_map.grouped(k))?)))
                .collect::<Result<_, ModelError>>()?,
        };
        let float_map = float_map.map_err(ModelError::Weights)?;
        Ok(Self::new(integer_map, float_map, programs))
    }
}

/// The tensors of the program for `k` features per ciphertext: the two registers that each step
/// adds, and for each output the registers that are added and subtracted, or −1.
fn program_names(k: u32) -> [String; 2] {
    match k {
        1 => ["program.steps".to_owned(), "program.outputs".to_owned()],
        _ => [format!("program.{k}.steps"), format!("program.{k}.outputs")],
    }
}

/// Reads the program for `k` features per ciphertext, and checks that it computes the map's sums.
fn program(tensors: &Tensors<'_>, k: u32, map: &IntegerMap) -> Result<Program, ModelError> {
    let [steps_name, ends_name] = program_names(k);
    let shape = tensors.matrix_shape(&steps_name)?;
    let steps = tensors.values(&steps_name, Dtype::U32, &[shape[0], 2], u32::from_le_bytes)?;
    let ends = tensors.values(
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
