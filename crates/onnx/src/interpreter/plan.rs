//! A network as a list of steps, each of which computes on results of earlier ones.

use super::error::Fault;
use super::limits::{Budget, volume};
use super::value::{Floats, Operand};

/// What a step does. Sizes were checked when it was made.
pub(super) trait Kernel: Send + Sync {
    /// The numbers of the result, given those of the operands.
    fn run(&self, operands: &[&[f32]]) -> Vec<f32>;
}

/// A step of a plan.
struct Step {
    operands: Vec<Operand>,
    kernel: Box<dyn Kernel>,
    /// Slots that no later step takes.
    done: Vec<usize>,
}

/// The steps of a network, in order. Slot 0 is the input; each step gives the next slot.
pub(super) struct Plan {
    steps: Vec<Step>,
    output: Operand,
}

impl Plan {
    /// Computes the numbers of the output from those of an input.
    pub(super) fn run(&self, input: Vec<f32>) -> Vec<f32> {
        let mut slots = Vec::with_capacity(1 + self.steps.len());
        slots.push(input);
        for step in &self.steps {
            let operands = step.operands.iter().map(|operand| numbers(&slots, operand));
            let result = step.kernel.run(&operands.collect::<Vec<_>>());
            slots.push(result);
            for &slot in &step.done {
                slots[slot] = Vec::new();
            }
        }
        match &self.output {
            Operand::Constant(numbers) => numbers.to_vec(),
            &Operand::Slot(slot) => slots.swap_remove(slot),
        }
    }

    /// How many steps there are.
    pub(super) fn steps(&self) -> usize {
        self.steps.len()
    }
}

fn numbers<'a>(slots: &'a [Vec<f32>], operand: &'a Operand) -> &'a [f32] {
    match operand {
        Operand::Constant(numbers) => numbers,
        &Operand::Slot(slot) => &slots[slot],
    }
}

/// A plan that steps are added to, within a budget.
#[derive(Default)]
pub(super) struct Planner {
    steps: Vec<Step>,
    budget: Budget,
}

impl Planner {
    /// What the network may still take.
    pub(super) fn budget(&mut self) -> &mut Budget {
        &mut self.budget
    }

    /// Adds a step whose result has these sides; its kernel is given the operands' numbers.
    pub(super) fn add(
        &mut self,
        sides: Vec<usize>,
        operands: &[&Floats],
        kernel: impl Kernel + 'static,
    ) -> Result<Floats, Fault> {
        self.budget.take_numbers(&[volume(&sides)?])?;
        let operands = operands.iter().map(|operand| operand.numbers.clone());
        self.steps.push(Step {
            operands: operands.collect(),
            kernel: Box::new(kernel),
            done: Vec::new(),
        });
        let numbers = Operand::Slot(self.steps.len());
        Ok(Floats { sides, numbers })
    }

    /// The plan, if this is the output.
    pub(super) fn finish(self, output: Operand) -> Plan {
        let mut steps = self.steps;
        let mut is_kept = vec![false; 1 + steps.len()];
        if let Operand::Slot(slot) = output {
            is_kept[slot] = true;
        }
        for (index, step) in steps.iter_mut().enumerate().rev() {
            let own = Operand::Slot(index + 1);
            for operand in step.operands.iter().chain([&own]) {
                if let &Operand::Slot(slot) = operand
                    && !std::mem::replace(&mut is_kept[slot], true)
                {
                    step.done.push(slot);
                }
            }
        }
        Plan { steps, output }
    }
}
