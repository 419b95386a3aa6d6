//! Values at the front of a graph, in terms of the columns of a table.

use std::collections::HashSet;
use std::sync::Arc;

use veilcast_onnx::pb::tensor_proto::DataType;

/// A number of the table, before it is scaled: what one feature of a card is.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) enum Atom {
    /// The number in a column, imputed if it is missing and the graph does so.
    Number(usize),
    /// 1 where a column has this category, 0 elsewhere.
    Category(usize, Arc<str>),
}

/// A weighted sum of numbers of the table, and a constant.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Sum {
    /// Each number once.
    pub(super) terms: Vec<(Atom, f64)>,
    pub(super) constant: f64,
}

impl Sum {
    pub(super) fn of(atom: Atom) -> Self {
        Self {
            terms: vec![(atom, 1.0)],
            constant: 0.0,
        }
    }

    /// factor·(sum + shift).
    pub(super) fn shifted_and_scaled(mut self, shift: f64, factor: f64) -> Self {
        for (_, weight) in &mut self.terms {
            *weight *= factor;
        }
        self.constant = factor * (self.constant + shift);
        self
    }

    /// Whether its numbers stay finite in 32 bits, in which the rest of the graph computes.
    pub(super) fn fits(&self) -> bool {
        let weights = self.terms.iter().map(|&(_, weight)| weight);
        let mut numbers = weights.chain([self.constant]);
        numbers.all(|number| (number as f32).is_finite())
    }
}

/// One of the numbers, or texts, that a record has in a value.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Element {
    /// A cell of this column as it is.
    Cell(usize),
    Sum(Sum),
}

impl Element {
    /// How much it takes.
    pub(super) fn size(&self) -> usize {
        match self {
            Self::Cell(_) => 1,
            Self::Sum(sum) => 1 + sum.terms.len(),
        }
    }
}

/// How the elements of a value are stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Text,
    Whole,
    /// Whole numbers that were floats, which may have been cut.
    Truncated,
    /// Floats that hold the whole numbers that they were made from.
    Integral,
    /// Of any width: the rest of the graph computes with 32 bits.
    Float,
}

impl Kind {
    /// The type of numbers, or texts, in ONNX.
    pub(super) fn data_type(self) -> DataType {
        match self {
            Self::Text => DataType::String,
            Self::Whole | Self::Truncated => DataType::Int64,
            Self::Integral | Self::Float => DataType::Float,
        }
    }

    pub(super) fn is_float(self) -> bool {
        matches!(self, Self::Float | Self::Integral)
    }
}

/// A value between two nodes: for each record these elements, of shape [k] or, after a one-hot
/// encoding, [1, k].
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Value {
    pub(super) kind: Kind,
    pub(super) is_nested: bool,
    pub(super) elements: Vec<Element>,
}

impl Value {
    /// How much it takes.
    pub(super) fn size(&self) -> usize {
        self.elements.iter().map(Element::size).sum()
    }

    pub(super) fn with(&self, elements: Vec<Element>) -> Self {
        Self {
            elements,
            ..self.clone()
        }
    }
}

/// How the graph uses a column.
#[derive(Clone, Debug, Default)]
pub(super) struct Column {
    pub(super) name: String,
    /// The file declares it as whole numbers.
    pub(super) is_whole: bool,
    /// Its number is taken as it is.
    pub(super) is_number: bool,
    /// A number replaces missing ones.
    pub(super) imputed: Option<f64>,
    /// Its categories, and whether the graph ignores others.
    pub(super) categories: Option<(Vec<Arc<str>>, bool)>,
}

impl Column {
    pub(super) fn is_used(&self) -> bool {
        self.is_number || self.imputed.is_some() || self.categories.is_some()
    }

    /// Notes that its number is taken if nothing of the column is taken yet.
    pub(super) fn take_anyway(&mut self) {
        self.is_number |= !self.is_used();
    }

    /// Notes that its number is taken, and `imputed` where it is missing.
    pub(super) fn take_number(&mut self, imputed: Option<f64>) -> Result<(), String> {
        let name = &self.name;
        if self.categories.is_some() {
            return Err(format!(
                "takes the column {name:?} as a number, which is taken as a category elsewhere; give \
                 the pipeline a copy of the column under another name"
            ));
        }
        let differs = match imputed {
            Some(_) => self.is_number || self.imputed.is_some_and(|known| Some(known) != imputed),
            None => self.imputed.is_some(),
        };
        if differs {
            return Err(format!(
                "takes the column {name:?}, whose missing cells are imputed otherwise elsewhere; \
                 impute them in one way, before all other steps"
            ));
        }
        match imputed {
            Some(_) => self.imputed = imputed,
            None => self.is_number = true,
        }
        Ok(())
    }

    /// Notes that its categories, no two of them alike, are distinguished.
    pub(super) fn take_categories(
        &mut self,
        categories: &[Arc<str>],
        ignores_others: bool,
    ) -> Result<(), String> {
        let name = &self.name;
        if self.is_number || self.imputed.is_some() {
            return Err(format!(
                "takes the column {name:?} as a category, which is taken as a number elsewhere; \
                 give the pipeline a copy of the column under another name"
            ));
        }
        let Some((known, ignored)) = &mut self.categories else {
            self.categories = Some((categories.to_vec(), ignores_others));
            return Ok(());
        };
        *ignored &= ignores_others;
        let [known, found] = [known.as_slice(), categories].map(HashSet::<&Arc<str>>::from_iter);
        if known == found {
            return Ok(());
        }
        Err(format!(
            "tells other categories of the column {name:?} apart than elsewhere; give the pipeline \
             a copy of the column under another name"
        ))
    }
}
