//! A node's attributes, taken one by one; those that its operator doesn't take are unsupported.

use std::collections::HashMap;

use super::error::{Fault, malformed, short, unsupported};
use crate::pb::attribute_proto::AttributeType;
use crate::pb::{AttributeProto, NodeProto};

/// The types of attributes that any operator here reads.
const READ: [AttributeType; 5] = [
    AttributeType::Float,
    AttributeType::Int,
    AttributeType::String,
    AttributeType::Floats,
    AttributeType::Ints,
];

/// The attributes of a node that haven't been taken yet.
pub(super) struct Attributes<'a> {
    left: HashMap<&'a str, &'a AttributeProto>,
}

impl<'a> Attributes<'a> {
    pub(super) fn of(node: &'a NodeProto) -> Result<Self, Fault> {
        let mut left = HashMap::new();
        for attribute in &node.attribute {
            if left.insert(attribute.name.as_str(), attribute).is_some() {
                return malformed(format!(
                    "its attribute {:?} is there twice",
                    short(&attribute.name)
                ));
            }
        }
        Ok(Self { left })
    }

    /// A 32-bit float.
    pub(super) fn float(&mut self, name: &str, usual: f32) -> Result<f32, Fault> {
        let found = self.take(name, AttributeType::Float)?;
        Ok(found.map_or(usual, |attribute| attribute.f))
    }

    /// A whole number.
    pub(super) fn integer(&mut self, name: &str, usual: i64) -> Result<i64, Fault> {
        let found = self.take(name, AttributeType::Int)?;
        Ok(found.map_or(usual, |attribute| attribute.i))
    }

    /// A list of `N` whole numbers, each at least `least`.
    pub(super) fn list<const N: usize>(
        &mut self,
        name: &str,
        usual: [usize; N],
        least: usize,
    ) -> Result<[usize; N], Fault> {
        let Some(attribute) = self.take(name, AttributeType::Ints)? else {
            return Ok(usual);
        };
        let numbers = attribute.ints.iter();
        let numbers = numbers.map(|&number| usize::try_from(number).ok().filter(|&n| n >= least));
        let numbers: Option<Vec<usize>> = numbers.collect();
        match numbers.and_then(|numbers| numbers.try_into().ok()) {
            Some(numbers) => Ok(numbers),
            None => malformed(format!(
                "its {name} must be {N} whole numbers of at least {least}"
            )),
        }
    }

    /// A whole number that must be this one, if it is there.
    pub(super) fn only_integer(&mut self, name: &str, only: i64) -> Result<(), Fault> {
        match self.integer(name, only)? {
            number if number == only => Ok(()),
            number => unsupported(format!("its {name} is {number}")),
        }
    }

    /// A text that must be one of these, if it is there.
    pub(super) fn only_text(&mut self, name: &str, known: &[&str]) -> Result<(), Fault> {
        match self.take(name, AttributeType::String)? {
            Some(attribute) if !known.iter().any(|text| text.as_bytes() == attribute.s) => {
                let text = String::from_utf8_lossy(&attribute.s);
                unsupported(format!("its {name} is {:?}", short(&text)))
            }
            _ => Ok(()),
        }
    }

    /// Refuses a node with attributes that its operator here doesn't take.
    pub(super) fn end(self) -> Result<(), Fault> {
        // The first by name, so that it is always the same.
        match self.left.keys().min() {
            None => Ok(()),
            Some(name) => unsupported(format!("it has the attribute {:?}", short(name))),
        }
    }

    fn take(
        &mut self,
        name: &str,
        kind: AttributeType,
    ) -> Result<Option<&'a AttributeProto>, Fault> {
        let Some(attribute) = self.left.remove(name) else {
            return Ok(None);
        };
        if !attribute.ref_attr_name.is_empty() {
            return unsupported(format!("its {name} refers to another attribute"));
        }
        match AttributeType::try_from(attribute.r#type) {
            Ok(found) if found == kind => Ok(Some(attribute)),
            Ok(found) if READ.contains(&found) => malformed(format!(
                "its {name} is of type {found:?}, and must be of type {kind:?}"
            )),
            _ => unsupported(format!("its {name} isn't of type {kind:?}")),
        }
    }
}
