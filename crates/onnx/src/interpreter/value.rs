//! What names in a graph refer to: tensors, constant or yet to be computed.

use std::sync::Arc;

use super::error::{Fault, malformed, short, unsupported};
use super::limits::volume;
use crate::pb::TensorProto;
use crate::pb::tensor_proto::{DataLocation, DataType};

/// A tensor.
#[derive(Clone, Debug)]
pub(super) enum Value {
    Floats(Floats),
    /// Constant whole numbers; no operator here gives any.
    Whole(Arc<[i64]>),
}

/// A tensor of 32-bit floats.
#[derive(Clone, Debug)]
pub(super) struct Floats {
    /// Its sides, which its numbers fill row by row.
    pub(super) sides: Vec<usize>,
    pub(super) numbers: Operand,
}

/// Where the numbers of a tensor are.
#[derive(Clone, Debug)]
pub(super) enum Operand {
    Constant(Arc<[f32]>),
    /// The result of a step (from 1), or the network's input (0).
    Slot(usize),
}

impl Value {
    /// A constant of a file.
    pub(super) fn constant(tensor: &TensorProto) -> Result<Self, Fault> {
        if tensor.segment.is_some()
            || !tensor.external_data.is_empty()
            || tensor.data_location.unwrap_or(0) != DataLocation::Default as i32
        {
            return unsupported("isn't in the file itself");
        }
        let sides = tensor.dims.iter().map(|&side| usize::try_from(side).ok());
        let Some(sides) = sides.collect::<Option<Vec<usize>>>() else {
            return malformed("has a side below 0");
        };
        let expected = volume(&sides)?;
        match DataType::try_from(tensor.data_type) {
            Ok(DataType::Float) => {
                let numbers = elements(tensor, &tensor.float_data, f32::from_le_bytes, expected)?;
                if numbers.iter().any(|number| !number.is_finite()) {
                    return malformed("has a number that isn't finite");
                }
                let numbers = Operand::Constant(numbers);
                Ok(Self::Floats(Floats { sides, numbers }))
            }
            Ok(DataType::Int64) => {
                let numbers = elements(tensor, &tensor.int64_data, i64::from_le_bytes, expected)?;
                Ok(Self::Whole(numbers))
            }
            Ok(other) => {
                let other = other.as_str_name().to_lowercase();
                unsupported(format!("holds {other}, neither float nor int64"))
            }
            Err(_) => unsupported(format!("is of type number {}", tensor.data_type)),
        }
    }
}

/// The elements of a tensor: of `raw_data`, if there are any, or of the list for the type.
fn elements<T: Copy, const BYTES: usize>(
    tensor: &TensorProto,
    listed: &[T],
    decode: fn([u8; BYTES]) -> T,
    expected: usize,
) -> Result<Arc<[T]>, Fault> {
    let (raw, rest) = tensor.raw_data.as_chunks();
    let found = match raw.is_empty() {
        true => listed.len(),
        false => raw.len(),
    };
    if found != expected || !rest.is_empty() {
        return malformed(format!(
            "holds {found} numbers, and its shape is for {expected}"
        ));
    }
    Ok(match raw.is_empty() {
        true => listed.into(),
        false => raw.iter().map(|&bytes| decode(bytes)).collect(),
    })
}

/// A node's inputs, at their places; none where one is left out.
pub(super) struct Inputs<'a>(pub(super) Vec<Option<&'a Value>>);

impl<'a> Inputs<'a> {
    /// A tensor of floats that must be there.
    pub(super) fn floats(&self, place: usize) -> Result<&'a Floats, Fault> {
        match self.optional(place)? {
            Some(floats) => Ok(floats),
            None => malformed(format!("it lacks input {place}")),
        }
    }

    /// A tensor of floats that may be left out.
    pub(super) fn optional(&self, place: usize) -> Result<Option<&'a Floats>, Fault> {
        match self.0.get(place).copied().flatten() {
            None => Ok(None),
            Some(Value::Floats(floats)) => Ok(Some(floats)),
            Some(Value::Whole(_)) => unsupported(format!("its input {place} holds int64")),
        }
    }

    /// Constant whole numbers that must be there.
    pub(super) fn whole(&self, place: usize) -> Result<&'a [i64], Fault> {
        match self.0.get(place).copied().flatten() {
            Some(Value::Whole(numbers)) => Ok(numbers),
            // It would have to be computed, or be of a type that can't be right.
            Some(Value::Floats(_)) => {
                unsupported(format!("its input {place} isn't constant int64"))
            }
            None => malformed(format!("it lacks input {place}")),
        }
    }

    /// Refuses more inputs than the operator takes.
    pub(super) fn at_most(&self, count: usize) -> Result<(), Fault> {
        match self.0.iter().skip(count).any(Option::is_some) {
            false => Ok(()),
            true => malformed(format!("it takes at most {count} inputs")),
        }
    }
}

/// How messages name a constant.
pub(super) fn place(tensor: &TensorProto) -> String {
    format!("the tensor {:?}", short(&tensor.name))
}
