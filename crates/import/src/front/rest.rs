//! What the card's features are, and the graph that continues from them.

use std::collections::{BTreeMap, HashMap, HashSet};

use veilcast_onnx::pb::{GraphProto, ModelProto, NodeProto, TensorProto};

use super::values::{Atom, Column, Sum};
use crate::build::{Names, floats, node_of, whole_numbers, with_int};
use crate::tensor::{TensorInput, fixed_batch};
use veilcast_card::Standard;
use veilcast_onnx::OnnxError;

/// Most numbers of all matrices between features and graph.
const MAX_MATRICES: usize = 1 << 24;

/// The features after preprocessing: a number column's own, one feature per category of the others.
pub(super) struct Features<'a> {
    places: HashMap<Atom, usize>,
    standards: &'a BTreeMap<usize, Standard>,
}

impl<'a> Features<'a> {
    pub(super) fn of(columns: &[Column], standards: &'a BTreeMap<usize, Standard>) -> Self {
        let used = columns
            .iter()
            .enumerate()
            .filter(|(_, column)| column.is_used());
        let atoms = used.flat_map(|(index, column)| match &column.categories {
            None => vec![Atom::Number(index)],
            Some((categories, _)) => {
                let categories = categories.iter();
                categories
                    .map(|category| Atom::Category(index, category.clone()))
                    .collect()
            }
        });
        Self {
            places: atoms
                .enumerate()
                .map(|(place, atom)| (atom, place))
                .collect(),
            standards,
        }
    }

    pub(super) fn len(&self) -> usize {
        self.places.len()
    }

    /// A sum as the weights of features, and a constant.
    fn weights(&self, sum: &Sum) -> (Vec<(usize, f64)>, f64) {
        let mut constant = sum.constant;
        let terms = sum.terms.iter().map(|(atom, weight)| {
            let weight = *weight;
            let standard = match atom {
                Atom::Number(column) => self.standards.get(column),
                Atom::Category(..) => None,
            };
            let weight = standard.map_or(weight, |standard| {
                constant += weight * standard.mean;
                weight * standard.std
            });
            (self.places[atom], weight)
        });
        let terms = terms.collect();
        (terms, constant)
    }
}

/// The part between the front of a graph and the rest of it.
pub(super) struct Boundary {
    /// Values that the rest takes, each once.
    values: Vec<Taken>,
    /// Their names.
    taken: HashSet<String>,
    /// The names of all values, old and new.
    names: Names,
    /// The rest's nodes.
    nodes: Vec<NodeProto>,
}

struct Taken {
    name: String,
    is_nested: bool,
    sums: Vec<Sum>,
}

impl Boundary {
    /// Before any node of this graph.
    pub(super) fn of(graph: &GraphProto) -> Self {
        Self {
            values: Vec::new(),
            taken: HashSet::new(),
            names: Names::of(graph),
            nodes: Vec::new(),
        }
    }

    /// A value that the rest takes.
    pub(super) fn add(&mut self, name: &str, is_nested: bool, sums: Vec<Sum>) {
        if self.taken.insert(name.to_owned()) {
            self.values.push(Taken {
                name: name.to_owned(),
                is_nested,
                sums,
            });
        }
    }

    /// A node of the rest.
    pub(super) fn keep(&mut self, node: &NodeProto) {
        self.nodes.push(node.clone());
    }

    /// For each column that is scaled in only one way, that scaling, which its features get.
    pub(super) fn standards(&self) -> BTreeMap<usize, Standard> {
        let mut scalings: BTreeMap<usize, Option<(f64, f64)>> = BTreeMap::new();
        for sum in self.values.iter().flat_map(|value| &value.sums) {
            for (atom, weight) in &sum.terms {
                let Atom::Number(column) = atom else { continue };
                let scaling = (sum.terms.len() == 1).then_some((*weight, sum.constant));
                let known = scalings.entry(*column).or_insert(scaling);
                if *known != scaling {
                    *known = None;
                }
            }
        }
        let standard = |(column, scaling): (usize, Option<(f64, f64)>)| {
            let (weight, constant) = scaling.filter(|&scaling| scaling != (1.0, 0.0))?;
            let standard = Standard {
                mean: 0.0 - constant / weight,
                std: weight.abs().recip(),
            };
            let fits = standard.mean.is_finite() && standard.std.is_normal();
            fits.then_some((column, standard))
        };
        scalings.into_iter().filter_map(standard).collect()
    }

    /// The graph that takes features.
    pub(super) fn rest(
        self,
        model: &ModelProto,
        features: &Features<'_>,
    ) -> Result<ModelProto, OnnxError> {
        if features.len() == 0 {
            return Err(OnnxError::Empty {
                problem: "what it gives doesn't depend on any column",
            });
        }
        let mut model = model.clone();
        let graph = model.graph.get_or_insert_default();
        let fixed = fixed_batch(graph);
        let Self {
            values,
            mut names,
            nodes,
            ..
        } = self;
        let name = names.fresh("features".to_owned());
        let mut bridge = Bridge {
            input: name,
            features,
            names,
            nodes: Vec::new(),
            constants: Vec::new(),
            room: MAX_MATRICES,
        };
        for value in &values {
            bridge.compute(value)?;
        }
        graph.node = bridge.nodes;
        graph.node.extend(nodes);
        let old: HashSet<&str> = graph.initializer.iter().map(|t| t.name.as_str()).collect();
        graph
            .input
            .retain(|input| old.contains(input.name.as_str()));
        let input = TensorInput {
            name: bridge.input,
            description: String::new(),
            has_batch: true,
            fixed,
            sides: vec![features.len()],
        };
        graph.input.insert(0, input.value_info());
        graph.initializer.extend(bridge.constants);
        graph.value_info.clear();
        Ok(model)
    }
}

/// The nodes that compute, from the features, the values that the rest takes.
struct Bridge<'a> {
    /// The features' name.
    input: String,
    features: &'a Features<'a>,
    names: Names,
    nodes: Vec<NodeProto>,
    constants: Vec<TensorProto>,
    /// How many more numbers matrices may have.
    room: usize,
}

impl Bridge<'_> {
    /// Adds nodes that compute a value: a selection and a product where each number comes from at
    /// most one feature, elsewhere a matrix.
    fn compute(&mut self, value: &Taken) -> Result<(), OnnxError> {
        let features = self.features;
        let mut part = |part: &str| self.names.fresh(format!("{}/{part}", value.name));
        let width = value.sums.len();
        let sums: Vec<_> = value.sums.iter().map(|sum| features.weights(sum)).collect();
        let shifts: Vec<f64> = sums.iter().map(|(_, constant)| *constant).collect();
        let (weights, weighted) = (part("weights"), part("weighted"));
        if sums.iter().all(|(terms, _)| terms.len() <= 1) {
            let only = sums
                .iter()
                .map(|(terms, _)| terms.first().copied().unwrap_or((0, 0.0)));
            let (places, factors): (Vec<i64>, Vec<f64>) = only
                .map(|(feature, weight)| (feature as i64, weight))
                .unzip();
            let (selection, selected) = (part("selection"), part("selected"));
            self.constants
                .push(whole_numbers(selection.clone(), places));
            self.constants
                .push(floats(weights.clone(), vec![1, width as i64], &factors));
            let select = node_of("Gather", &[&self.input, &selection], &selected);
            self.nodes.push(with_int(select, "axis", 1));
            self.nodes
                .push(node_of("Mul", &[&selected, &weights], &weighted));
        } else {
            let size = features.len().checked_mul(width);
            let size = size.filter(|&size| size <= self.room);
            let size = size.ok_or_else(|| OnnxError::Unsupported {
                problem: format!(
                    "its encoded columns make {} features, more than is accepted with this many \
                     columns",
                    features.len()
                ),
            })?;
            self.room -= size;
            let mut matrix = vec![0.0; size];
            for (column, (terms, _)) in sums.iter().enumerate() {
                for &(feature, weight) in terms {
                    matrix[feature * width + column] = weight;
                }
            }
            let sides = vec![features.len() as i64, width as i64];
            self.constants.push(floats(weights.clone(), sides, &matrix));
            self.nodes
                .push(node_of("MatMul", &[&self.input, &weights], &weighted));
        }
        let (shift, mut last) = (part("shift"), part("sum"));
        self.constants
            .push(floats(shift.clone(), vec![1, width as i64], &shifts));
        self.nodes.push(node_of("Add", &[&weighted, &shift], &last));
        if value.is_nested {
            let (shape, nested) = (part("shape"), part("nested"));
            let sides = vec![-1, 1, width as i64];
            self.constants.push(whole_numbers(shape.clone(), sides));
            self.nodes
                .push(node_of("Reshape", &[&last, &shape], &nested));
            last = nested;
        }
        self.nodes.push(node_of("Identity", &[&last], &value.name));
        Ok(())
    }
}
