//! What the operators at the front of a graph do, on values known in terms of the table's columns.

use veilcast_onnx::pb::tensor_proto::DataType;
use veilcast_onnx::pb::{GraphProto, NodeProto};

use super::values::{Atom, Column, Element, Kind, Sum, Value};
use crate::numbers::{int, numbers, row, whole};
use veilcast_onnx::graph::{attribute, constant};

/// The result of a node on values at the front.
pub(super) enum Outcome {
    /// A value that also belongs to the front.
    Front(Value),
    /// It isn't one of the front's operators.
    Other,
}

/// What is known about the table's columns so far, and the graph that says more.
pub(super) struct Table<'a> {
    pub(super) columns: Vec<Column>,
    graph: &'a GraphProto,
    /// How much more may be done with the columns: small files could ask for any amount of memory.
    room: usize,
}

/// Most elements, and terms of sums, that nodes may take in total.
const MAX_WORK: usize = 1 << 22;

pub(super) type Done = Result<Outcome, String>;

pub(super) fn front(value: Value) -> Done {
    Ok(Outcome::Front(value))
}

impl<'a> Table<'a> {
    pub(super) fn new(columns: Vec<Column>, graph: &'a GraphProto) -> Self {
        Self {
            columns,
            graph,
            room: MAX_WORK,
        }
    }

    /// What became known about the columns.
    pub(super) fn into_columns(self) -> Vec<Column> {
        self.columns
    }

    /// Carries out a node. `values` has those of its inputs that belong to the front, at their
    /// places.
    ///
    /// # Errors
    /// Why the node can't become preprocessing, to follow its name.
    pub(super) fn apply(&mut self, node: &NodeProto, values: &[Option<&Value>]) -> Done {
        self.take_room(values.iter().flatten().map(|value| value.size()).sum())?;
        let ml = node.domain == "ai.onnx.ml";
        let all: Option<Vec<&Value>> = values.iter().copied().collect();
        let first = values.first().copied().flatten();
        match (node.op_type.as_str(), first) {
            ("Identity", Some(value)) if !ml => front(value.clone()),
            ("Cast", Some(value)) if !ml => {
                let to = int(node, "to").and_then(|to| i32::try_from(to).ok());
                cast(value, to.and_then(|to| DataType::try_from(to).ok()))
            }
            ("CastLike", Some(value)) if !ml => match values.get(1).copied().flatten() {
                Some(like) => cast(value, Some(like.kind.data_type())),
                None => Ok(Outcome::Other),
            },
            ("Concat", _) if !ml => match all {
                Some(all) => concat(node, &all),
                None => Ok(Outcome::Other),
            },
            ("FeatureVectorizer", _) if ml => match all {
                Some(all) => self.vectorize(&all),
                None => Err(
                    "joins columns with computed numbers; compute those in the table".to_owned(),
                ),
            },
            ("Gather", Some(value)) if !ml => self.gather(node, value),
            ("ArrayFeatureExtractor", Some(value)) if ml => self.select(node, value),
            ("Reshape", Some(value)) if !ml => self.reshape(node, value),
            ("Flatten", Some(value)) if !ml => match int(node, "axis").unwrap_or(1) {
                1 => front(flat(value)),
                _ => Ok(Outcome::Other),
            },
            ("Add" | "Sub" | "Mul" | "Div", _) if !ml => self.arithmetic(node, values),
            ("Imputer", Some(value)) if ml => self.impute(node, value),
            ("Scaler", Some(value)) if ml => self.scale(node, value),
            ("OneHotEncoder", Some(value)) if ml => self.one_hot(node, value),
            ("LabelEncoder", Some(value)) if ml => self.encode(node, value),
            ("StringNormalizer", _) if ml => Err(
                "changes texts, which a card can't; drop the step, and change them in the table"
                    .to_owned(),
            ),
            ("Normalizer" | "Binarizer", _) if ml => Err(
                "isn't affine, so it can't be computed on encrypted records; drop the step, or \
                 do it in the table and train on the result"
                    .to_owned(),
            ),
            _ => Ok(Outcome::Other),
        }
    }

    pub(super) fn take_room(&mut self, size: usize) -> Result<(), String> {
        let left = self.room.checked_sub(size);
        self.room =
            left.ok_or("takes more columns and categories than are accepted; leave some out")?;
        Ok(())
    }

    /// The elements as weighted sums; they must be numbers.
    pub(super) fn sums(&mut self, value: &Value) -> Result<Vec<Sum>, String> {
        match value.kind {
            Kind::Text => return Err(TEXTS.to_owned()),
            Kind::Truncated => {
                return Err(
                    "takes floats cut to whole numbers; declare all columns as floats when exporting \
                     (FloatTensorType)"
                        .to_owned(),
                );
            }
            Kind::Whole | Kind::Integral | Kind::Float => {}
        }
        let elements = value.elements.iter();
        let sums = elements.map(|element| match element {
            Element::Sum(sum) => Ok(sum.clone()),
            Element::Cell(column) => {
                self.columns[*column].take_number(None)?;
                Ok(Sum::of(Atom::Number(*column)))
            }
        });
        sums.collect()
    }

    /// The elements of a value that another operator takes, which knows floats.
    pub(super) fn taken(&mut self, node: &NodeProto, value: &Value) -> Result<Vec<Sum>, String> {
        let is_linear = node.domain == "ai.onnx.ml";
        let is_lookup = matches!(node.op_type.as_str(), "ArrayFeatureExtractor" | "Gather");
        if is_lookup && matches!(value.kind, Kind::Whole | Kind::Truncated) {
            return Err(
                "looks up what belongs to a category, as CategoricalNB does, which isn't affine; \
                 encode the columns with OneHotEncoder, and train MultinomialNB or LogisticRegression"
                    .to_owned(),
            );
        }
        if value.kind == Kind::Whole && !is_linear {
            return Err("computes with whole numbers; cast them to floats first".to_owned());
        }
        self.sums(value)
    }

    /// Of the value after its elements are given new weights and constants, as floats.
    fn affine(&mut self, value: &Value, change: impl Fn(Sum, usize) -> Sum) -> Done {
        let sums = self.sums(value)?.into_iter().enumerate();
        let sums: Vec<Sum> = sums.map(|(index, sum)| change(sum, index)).collect();
        if !sums.iter().all(Sum::fits) {
            return Err(
                "scales numbers beyond what floats of 32 bits hold; scale by less".to_owned(),
            );
        }
        front(Value {
            kind: Kind::Float,
            ..value.with(sums.into_iter().map(Element::Sum).collect())
        })
    }

    /// `FeatureVectorizer`, which gives floats.
    fn vectorize(&mut self, values: &[&Value]) -> Done {
        let mut elements = Vec::new();
        for value in values {
            elements.extend(self.sums(value)?.into_iter().map(Element::Sum));
        }
        let is_whole = |value: &&&Value| matches!(value.kind, Kind::Whole | Kind::Integral);
        let is_whole = values.iter().filter(is_whole).count() == values.len();
        front(Value {
            kind: if is_whole {
                Kind::Integral
            } else {
                Kind::Float
            },
            is_nested: false,
            elements,
        })
    }

    /// `Gather` of columns, such as when categories are left out.
    fn gather(&mut self, node: &NodeProto, value: &Value) -> Done {
        let axis = int(node, "axis").unwrap_or(0);
        let is_last = axis == -1 || axis == 1 + i64::from(value.is_nested);
        match is_last {
            true => self.select(node, value),
            false => Ok(Outcome::Other),
        }
    }

    fn select(&mut self, node: &NodeProto, value: &Value) -> Done {
        let places = node.input.get(1);
        let places = places.and_then(|name| constant(self.graph, name));
        // A single index that isn't a list removes the side.
        let list = places.filter(|list| list.dims.len() == 1 || node.op_type != "Gather");
        let Some(places) = list.and_then(whole) else {
            return Ok(Outcome::Other);
        };
        if places.is_empty() {
            return Err("selects no columns; drop the step".to_owned());
        }
        let length = value.elements.len();
        let selected = places.iter().map(|&place| {
            let place = if place < 0 {
                place + i64::try_from(length).ok()?
            } else {
                place
            };
            value.elements.get(usize::try_from(place).ok()?)
        });
        let selected: Option<Vec<&Element>> = selected.collect();
        let selected = selected.ok_or_else(|| {
            format!("selects others than the {length} columns it is given; {AGAIN}")
        })?;
        self.take_room(selected.iter().map(|element| element.size()).sum())?;
        front(value.with(selected.into_iter().cloned().collect()))
    }

    /// `Reshape` to one row per record.
    fn reshape(&self, node: &NodeProto, value: &Value) -> Done {
        let shape = node.input.get(1);
        let shape = shape.and_then(|name| whole(constant(self.graph, name)?));
        let length = value.elements.len() as i64;
        match shape.as_deref() {
            Some(&[-1 | 0, columns]) if columns == length => front(flat(value)),
            Some([0, -1]) => front(flat(value)),
            _ => Ok(Outcome::Other),
        }
    }

    fn arithmetic(&mut self, node: &NodeProto, values: &[Option<&Value>]) -> Done {
        let (value, other, value_first) = match (values, node.input.as_slice()) {
            ([Some(value), None], [_, other]) => (*value, other, true),
            ([None, Some(value)], [other, _]) => (*value, other, false),
            _ => return Ok(Outcome::Other),
        };
        let length = value.elements.len();
        let row = constant(self.graph, other).and_then(row);
        let row = row.filter(|row| row.len() == 1 || row.len() == length);
        let Some(row) = row.filter(|_| value.kind.is_float()) else {
            return Ok(Outcome::Other);
        };
        let at = |index: usize| row[index % row.len()];
        match (node.op_type.as_str(), value_first) {
            ("Add", _) => self.affine(value, |sum, i| sum.shifted_and_scaled(at(i), 1.0)),
            ("Sub", true) => self.affine(value, |sum, i| sum.shifted_and_scaled(-at(i), 1.0)),
            ("Sub", false) => self.affine(value, |sum, i| sum.shifted_and_scaled(-at(i), -1.0)),
            ("Mul", _) => self.affine(value, |sum, i| sum.shifted_and_scaled(0.0, at(i))),
            ("Div", true) if row.iter().all(|&divisor| divisor != 0.0) => {
                self.affine(value, |sum, i| sum.shifted_and_scaled(0.0, at(i).recip()))
            }
            _ => Ok(Outcome::Other),
        }
    }

    /// `Scaler`: (x − offset)·scale.
    fn scale(&mut self, node: &NodeProto, value: &Value) -> Done {
        let length = value.elements.len();
        let [offset, scale] =
            ["offset", "scale"].map(|name| numbers(node, name).unwrap_or_default());
        for numbers in [&offset, &scale] {
            if numbers.len() != 1 && numbers.len() != length {
                let found = numbers.len();
                return Err(format!(
                    "has {found} offsets or scales for {length} columns; {AGAIN}"
                ));
            }
        }
        let at = |numbers: &[f64], index: usize| numbers[index % numbers.len()];
        self.affine(value, |sum, index| {
            sum.shifted_and_scaled(-at(&offset, index), at(&scale, index))
        })
    }

    /// `Imputer` of missing numbers.
    fn impute(&mut self, node: &NodeProto, value: &Value) -> Done {
        let replaced = attribute(node, "replaced_value_float").map(|attribute| attribute.f);
        if !value.kind.is_float() || !replaced.is_some_and(f32::is_nan) {
            return Err(
                "replaces a number, not what is missing (NaN); replace it in the table, and train \
                 on the result"
                    .to_owned(),
            );
        }
        let length = value.elements.len();
        let imputed = numbers(node, "imputed_value_floats").unwrap_or_default();
        if imputed.len() != 1 && imputed.len() != length {
            let found = imputed.len();
            return Err(format!("has {found} numbers for {length} columns; {AGAIN}"));
        }
        let elements = value.elements.iter().enumerate();
        let elements = elements.map(|(index, element)| match element {
            Element::Cell(column) => {
                let imputed = imputed[index % imputed.len()];
                self.columns[*column].take_number(Some(imputed))?;
                Ok(Element::Sum(Sum::of(Atom::Number(*column))))
            }
            Element::Sum(_) => Err(
                "imputes numbers that were scaled or encoded; impute before any other step"
                    .to_owned(),
            ),
        });
        front(value.with(elements.collect::<Result<_, String>>()?))
    }
}

pub(super) const AGAIN: &str = "export the pipeline again";
pub(super) const TEXTS: &str =
    "takes texts, which must be encoded as categories first (OneHotEncoder, OrdinalEncoder)";

fn cast(value: &Value, to: Option<DataType>) -> Done {
    let kind = match (to, value.kind) {
        (Some(DataType::String), Kind::Text) => Kind::Text,
        (_, Kind::Text) => return Err(TEXTS.to_owned()),
        (Some(DataType::Int64 | DataType::Int32), Kind::Float) => Kind::Truncated,
        (Some(DataType::Int64 | DataType::Int32), Kind::Integral) => Kind::Whole,
        (Some(DataType::Int64 | DataType::Int32), whole) => whole,
        (Some(DataType::String), Kind::Whole) => Kind::Text,
        (Some(DataType::Float | DataType::Double), Kind::Whole | Kind::Integral) => Kind::Integral,
        (Some(DataType::Float | DataType::Double), Kind::Float) => Kind::Float,
        _ => return Ok(Outcome::Other),
    };
    front(Value {
        kind,
        ..value.clone()
    })
}

fn concat(node: &NodeProto, values: &[&Value]) -> Done {
    let Some(first) = values.first() else {
        return Ok(Outcome::Other);
    };
    let axis = int(node, "axis");
    let is_last = axis == Some(-1) || axis == Some(1 + i64::from(first.is_nested));
    let alike = |value: &&Value| {
        let is_float = value.kind.is_float() && first.kind.is_float();
        (value.kind == first.kind || is_float) && value.is_nested == first.is_nested
    };
    if !is_last || !values.iter().all(alike) {
        return Ok(Outcome::Other);
    }
    let is_mixed = values.iter().any(|value| value.kind != first.kind);
    let kind = if is_mixed { Kind::Float } else { first.kind };
    let elements = values
        .iter()
        .flat_map(|value| value.elements.iter().cloned());
    front(Value {
        kind,
        ..first.with(elements.collect())
    })
}

/// The same elements in one row per record.
fn flat(value: &Value) -> Value {
    Value {
        is_nested: false,
        ..value.clone()
    }
}
