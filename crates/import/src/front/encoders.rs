//! The operators that turn categories into numbers.

use std::collections::HashSet;
use std::sync::Arc;

use veilcast_onnx::pb::NodeProto;

use super::operators::{AGAIN, Done, Table, front};
use super::values::{Atom, Element, Kind, Sum, Value};
use crate::numbers::{categories, int, numbers};
use veilcast_onnx::graph::attribute;

impl Table<'_> {
    /// `OneHotEncoder` of one column.
    pub(super) fn one_hot(&mut self, node: &NodeProto, value: &Value) -> Done {
        let known = self.categories(node, "cats_strings", "cats_int64s")?;
        // Without the attribute others are ignored. Floats, which may be written as 3.0, aren't.
        let ignores_others = int(node, "zeros").unwrap_or(1) != 0 && value.kind != Kind::Truncated;
        let column = self.categorical(value, &known, ignores_others)?;
        let sums = known
            .into_iter()
            .map(|category| Sum::of(Atom::Category(column, category)));
        front(Value {
            kind: Kind::Float,
            is_nested: true,
            elements: sums.map(Element::Sum).collect(),
        })
    }

    /// `LabelEncoder` of one column, as an encoder of ordinals: a number for each category.
    pub(super) fn encode(&mut self, node: &NodeProto, value: &Value) -> Done {
        let known = self.categories(node, "keys_strings", "keys_int64s")?;
        let whole = attribute(node, "values_int64s").filter(|list| !list.ints.is_empty());
        let (numbers, kind) = match whole {
            Some(list) => (list.ints.iter().map(|&x| x as f64).collect(), Kind::Whole),
            None => (
                numbers(node, "values_floats").unwrap_or_default(),
                Kind::Float,
            ),
        };
        if numbers.len() != known.len() {
            return Err(format!(
                "gives {} numbers for {} categories; {AGAIN}, with numbers as the encoder's values",
                numbers.len(),
                known.len()
            ));
        }
        // Others become a number that belongs to no category; the record is refused.
        let column = self.categorical(value, &known, false)?;
        let terms = known.into_iter().zip(numbers);
        let terms = terms.map(|(category, number)| (Atom::Category(column, category), number));
        let sum = Sum {
            terms: terms.collect(),
            constant: 0.0,
        };
        front(Value {
            kind,
            ..value.with(vec![Element::Sum(sum)])
        })
    }

    /// Categories, which are texts or whole numbers, by the names of both attributes.
    fn categories(
        &mut self,
        node: &NodeProto,
        texts: &str,
        whole: &str,
    ) -> Result<Vec<Arc<str>>, String> {
        let lists = [texts, whole].map(|name| attribute(node, name));
        let lengths = lists
            .iter()
            .flatten()
            .map(|list| list.strings.len() + list.ints.len());
        self.take_room(lengths.sum())?;
        let found = categories(node, texts, whole).unwrap_or_default();
        if found.is_empty() {
            return Err(
                "knows no categories of texts or whole numbers; declare the column as one of them \
                 when exporting (StringTensorType, Int64TensorType)"
                    .to_owned(),
            );
        }
        let mut seen = HashSet::new();
        match found.iter().find(|category| !seen.insert(*category)) {
            None => Ok(found),
            // A table's cells have no spaces at their ends.
            Some(twice) => Err(format!(
                "names the category {twice:?} twice, spaces at its ends aside; make them one in \
                 the table, and train on the result"
            )),
        }
    }

    /// The column whose cells are distinguished by their categories.
    fn categorical(
        &mut self,
        value: &Value,
        known: &[Arc<str>],
        ignores_others: bool,
    ) -> Result<usize, String> {
        let &[Element::Cell(column)] = value.elements.as_slice() else {
            return Err(
                "encodes several columns, or computed numbers; encode a column of the table at a \
                 time"
                    .to_owned(),
            );
        };
        if value.kind == Kind::Float {
            return Err(
                "encodes floats; declare the column as texts or whole numbers when exporting \
                 (StringTensorType, Int64TensorType)"
                    .to_owned(),
            );
        }
        self.columns[column].take_categories(known, ignores_others)?;
        Ok(column)
    }
}
