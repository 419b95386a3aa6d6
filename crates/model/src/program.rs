//! A short straight-line program for a fixed integer matrix.
//!
//! W is known when the model is built and serves every request, so the additions that W·x takes
//! can be searched for once. On ciphertexts an addition is a product modulo n², the whole cost of a
//! prediction. A [`Program`] uses only additions: what is to be subtracted is summed separately, so
//! that each output is a difference of two sums.
//!
//! A program reveals the weights completely, and is as private as they are.

mod compile;

use std::fmt;

use crate::IntegerMap;

/// Most steps that a program may have.
const MAX_STEPS: usize = 1 << 26;

/// A straight-line program of additions that computes the weighted sums of an [`IntegerMap`],
/// without its biases. Private.
///
/// Registers 0 to `inputs` − 1 hold the features. Step k puts the sum of two earlier registers,
/// or twice one, into register `inputs` + k. Steps are ordered by depth, so that steps of the same
/// depth, which don't use each other, are together.
#[derive(Clone, PartialEq, Eq)]
pub struct Program {
    inputs: usize,
    steps: Vec<[u32; 2]>,
    outputs: Vec<Output>,
}

/// The registers whose difference is an output; none means 0.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Output {
    /// The sum of what is added.
    pub plus: Option<u32>,
    /// The sum of what is subtracted.
    pub minus: Option<u32>,
}

impl Output {
    fn side(&mut self, is_minus: bool) -> &mut Option<u32> {
        match is_minus {
            false => &mut self.plus,
            true => &mut self.minus,
        }
    }
}

/// A program that can't be run, or that doesn't compute the map.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ProgramError {
    /// There are more steps than any program has.
    #[error("the program has {steps} steps; at most {MAX_STEPS} are accepted")]
    TooManySteps {
        /// Steps of the program.
        steps: usize,
    },
    /// The number of outputs isn't the map's.
    #[error("the program has {found} outputs, the map {expected}")]
    Outputs {
        /// Outputs of the program.
        found: usize,
        /// Outputs of the map.
        expected: usize,
    },
    /// A step or output uses a register that is not computed before.
    #[error("step {step} of the program uses register {register}, which is not computed before it")]
    Register {
        /// Index of the step, from 0; the number of steps for an output.
        step: usize,
        /// The register it names.
        register: u32,
    },
    /// An output is not the map's.
    #[error(
        "output {output} of the program is not the weighted sum of the map: the weights and the program don't belong together"
    )]
    Output {
        /// Which output, from 0.
        output: usize,
    },
}

impl Program {
    /// The program with these steps and outputs, if it computes the map's weighted sums exactly.
    ///
    /// # Errors
    /// [`ProgramError`] says what is wrong with it.
    pub fn new(
        map: &IntegerMap,
        steps: Vec<[u32; 2]>,
        outputs: Vec<Output>,
    ) -> Result<Self, ProgramError> {
        if steps.len() > MAX_STEPS {
            return Err(ProgramError::TooManySteps { steps: steps.len() });
        }
        if outputs.len() != map.outputs() {
            return Err(ProgramError::Outputs {
                found: outputs.len(),
                expected: map.outputs(),
            });
        }
        let program = Self {
            inputs: map.inputs(),
            steps,
            outputs,
        };
        program.check_registers()?;
        program.check_sums(map)?;
        Ok(program)
    }

    /// Number of features.
    pub fn inputs(&self) -> usize {
        self.inputs
    }

    /// The two registers that each step adds.
    pub fn steps(&self) -> &[[u32; 2]] {
        &self.steps
    }

    /// The registers of each output.
    pub fn outputs(&self) -> &[Output] {
        &self.outputs
    }

    fn check_registers(&self) -> Result<(), ProgramError> {
        let steps = self
            .steps
            .iter()
            .enumerate()
            .flat_map(|(step, registers)| registers.map(|r| (step, r)));
        let outputs = self
            .outputs
            .iter()
            .flat_map(|output| [output.plus, output.minus])
            .flatten();
        let outputs = outputs.map(|register| (self.steps.len(), register));
        for (step, register) in steps.chain(outputs) {
            if register as usize >= self.inputs + step {
                return Err(ProgramError::Register { step, register });
            }
        }
        Ok(())
    }

    /// Finds each output's coefficient of every input by going through the steps backwards: each
    /// part of a sum counts as much as the sum. A coefficient too large to be one of the map's
    /// stays too large.
    fn check_sums(&self, map: &IntegerMap) -> Result<(), ProgramError> {
        for (output, registers) in self.outputs.iter().enumerate() {
            let plus = self.coefficients(registers.plus);
            let minus = self.coefficients(registers.minus);
            let weights = map.row(output).iter().map(|&w| i64::from(w));
            if !plus.iter().zip(&minus).map(|(p, m)| p - m).eq(weights) {
                return Err(ProgramError::Output { output });
            }
        }
        Ok(())
    }

    /// How often each input counts in a register, at most 2³².
    fn coefficients(&self, register: Option<u32>) -> Vec<i64> {
        let mut counts = vec![0u32; self.inputs + self.steps.len()];
        if let Some(register) = register {
            counts[register as usize] = 1;
        }
        for (step, registers) in self.steps.iter().enumerate().rev() {
            let count = counts[self.inputs + step];
            for &register in registers {
                counts[register as usize] = counts[register as usize].saturating_add(count);
            }
        }
        counts[..self.inputs]
            .iter()
            .map(|&count| i64::from(count))
            .collect()
    }
}

/// Shows the size only: the steps are private.
impl fmt::Debug for Program {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Program")
            .field("inputs", &self.inputs)
            .field("steps", &self.steps.len())
            .field("outputs", &self.outputs.len())
            .finish()
    }
}
