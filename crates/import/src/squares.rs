//! A network as affine parts with squares between them.
//!
//! Nothing is read here, either. From the network's input on, everything passes through some nodes' values: the separators.
//!
//! 1. The last of them before the first node that isn't affine in the input ends a part: up to it the network is collapsed.
//! 2. The first one behind it whose value is a polynomial of degree two in each number of the part by itself, a·p² + b·p + c with a ≠ 0,
//!    ends what bends: it is found by running what lies between on a few points, and tried on others. Since it is
//!    a·(p + b/2a)² + c − b²/4a, the part before and the part behind take up all but a square.
//! 3. The rest is a network of its own.

use veilcast_model::{FloatMap, PartReport};
use veilcast_onnx::OnnxError;
use veilcast_onnx::graph::{graph, graph_mut, name};
use veilcast_onnx::pb::ModelProto;

use super::affinity::Trial;
use super::build::{Names, node_of};
use super::quadratic::Quadratic;
use super::runner::Runner;
use super::split::{self, Parts};
use super::tensor::TensorInput;
use super::{Progress, collapse, locate};

/// Separators behind a part that may end what bends: a polynomial takes a few nodes.
const CANDIDATES: usize = 8;
/// Records by which it is known how large hidden numbers are.
const RECORDS: usize = 1000;
/// The least size of a number, relative to the largest of its layer.
const LEAST: f64 = 1e-3;

/// An affine part of a network.
pub(super) struct Part {
    /// What it computes, of the squares of the part before.
    pub(super) map: FloatMap,
    /// The operators that it replaces, as people read them.
    pub(super) operators: String,
    /// The last node of what squares its numbers; none for the last part.
    pub(super) squared_by: Option<String>,
}

impl Part {
    /// What it was taken from.
    pub(super) fn told(&self) -> PartReport {
        PartReport {
            inputs: self.map.inputs(),
            outputs: self.map.outputs(),
            operators: self.operators.clone(),
            squared_by: self.squared_by.clone(),
        }
    }
}

/// Takes a network apart: into one part, if it is affine.
///
/// # Errors
/// [`OnnxError::NotAffine`] names the first node that neither is affine nor part of a square.
pub(super) fn parts(
    model: &ModelProto,
    input: &TensorInput,
    runner: &Runner,
    records: &[Vec<f64>],
    units: &[f64],
    progress: &mut dyn FnMut(Progress),
) -> Result<Vec<Part>, OnnxError> {
    let trial = Trial::new(units);
    if trial.is_affine(&runner.run(&trial.points)?) {
        return Ok(vec![Part {
            map: collapse::collapse(runner, units, progress)?,
            operators: split::listed(model),
            squared_by: None,
        }]);
    }
    let bend = || bend(model, input, &trial);
    let free = match input.has_batch {
        true => split::free(model, input).ok(),
        false => None,
    };
    let Some(free) = free else {
        return Err(bend()?);
    };
    let mut records: Vec<f64> = records.iter().take(RECORDS).flatten().copied().collect();
    let mut rest = Rest {
        model: with_end(model.clone())?,
        input: free,
        units: units.to_vec(),
    };
    let mut found: Vec<Part> = Vec::new();
    let mut before: Option<Quadratic> = None;
    loop {
        let runner = Runner::new(&rest.model, &rest.input)?;
        let trial = Trial::new(&rest.units);
        if trial.is_affine(&runner.run(&trial.points)?) {
            let map = collapse::collapse(&runner, &rest.units, progress)?;
            found.push(Part {
                map: narrowed(behind(map, before.as_ref())?),
                operators: split::listed(&rest.model),
                squared_by: None,
            });
            return Ok(found);
        }
        let Some(next) = rest.cut(&trial, &records)? else {
            return Err(rest.bend(&trial)?);
        };
        let affine = Runner::new(&next.part.public, &rest.input)?;
        let map = collapse::collapse(&affine, &rest.units, progress)?;
        let map = next.square.completing(behind(map, before.as_ref())?)?;
        found.push(Part {
            map: narrowed(map),
            operators: split::listed(&next.part.public),
            squared_by: Some(next.bend.node.clone()),
        });
        records = Runner::new(&next.bend.public, &next.part.features)?.run(&next.numbers)?;
        rest = Rest {
            units: sizes(&records, next.bend.features.values()),
            model: next.bend.head,
            input: next.bend.features,
        };
        before = Some(next.square);
    }
}

/// What is left of a network behind a square.
struct Rest {
    model: ModelProto,
    input: TensorInput,
    /// How large its inputs are.
    units: Vec<f64>,
}

/// An affine part and what squares its numbers.
struct Cut {
    /// Before and behind the part's end.
    part: Parts,
    /// Before and behind the end of what squares.
    bend: Parts,
    square: Quadratic,
    /// The part's numbers of the records.
    numbers: Vec<f64>,
}

impl Rest {
    /// The first part and what squares its numbers, if that is what bends.
    fn cut(&mut self, trial: &Trial, records: &[f64]) -> Result<Option<Cut>, OnnxError> {
        // A part of nothing: the inputs themselves are squared.
        self.model = with_start(self.model.clone(), &mut self.input)?;
        let nodes = graph(&self.model)?.node.len();
        let place = locate::place_of_first_bend(&self.model, nodes, &self.input, trial)?;
        let place = place.unwrap_or(nodes);
        let mut end = None;
        for index in (0..place).rev() {
            end = split::part(&self.model, &self.input, index)?;
            if end.is_some() {
                break;
            }
        }
        let Some(part) = end else {
            return Ok(None);
        };
        let numbers = Runner::new(&part.public, &self.input)?.run(records)?;
        let units = sizes(&numbers, part.features.values());
        let mut candidates = 0;
        for index in 0..graph(&part.head)?.node.len() {
            let Some(bend) = split::part(&part.head, &part.features, index)? else {
                continue;
            };
            if bend.features.values() == part.features.values() {
                let runner = Runner::new(&bend.public, &part.features);
                // What can't be run by itself is no polynomial.
                let found = runner.map_or(Ok(None), |runner| Quadratic::of(&runner, &units))?;
                if let Some(square) = found {
                    return Ok(Some(Cut {
                        part,
                        bend,
                        square,
                        numbers,
                    }));
                }
            }
            candidates += 1;
            if candidates == CANDIDATES {
                break;
            }
        }
        Ok(None)
    }

    fn bend(&self, trial: &Trial) -> Result<OnnxError, OnnxError> {
        bend(&self.model, &self.input, trial)
    }
}

/// The error that names the first node that isn't affine.
pub(super) fn bend(
    model: &ModelProto,
    input: &TensorInput,
    trial: &Trial,
) -> Result<OnnxError, OnnxError> {
    let nodes = graph(model)?.node.len();
    let (node, operator) = match locate::first_bend(model, nodes, input, trial)? {
        Some(found) => found,
        // The scores themselves aren't affine, so it must be the last.
        None => match graph(model)?.node.last() {
            Some(node) => (name(node).to_owned(), node.op_type.clone()),
            None => Default::default(),
        },
    };
    Ok(OnnxError::NotAffine { node, operator })
}

/// A part that takes the squares of the part before in place of their polynomial.
fn behind(map: FloatMap, before: Option<&Quadratic>) -> Result<FloatMap, OnnxError> {
    match before {
        None => Ok(map),
        Some(square) => square.taken_up_by(&map),
    }
}

/// A part with numbers of 32 bits, as the file's are, unless some are too large or small for that: its model takes half the room.
fn narrowed(map: FloatMap) -> FloatMap {
    let fits = |x: &f64| *x == 0.0 || (1e-30..1e30).contains(&x.abs());
    if !map.weights().iter().chain(map.biases()).all(fits) {
        return map;
    }
    let narrow = |numbers: &[f64]| numbers.iter().map(|&x| f64::from(x as f32)).collect();
    let (weights, biases) = (narrow(map.weights()), narrow(map.biases()));
    FloatMap::new(map.inputs(), map.outputs(), weights, biases).unwrap_or(map)
}

/// How large numbers are, of several records one after another.
fn sizes(numbers: &[f64], width: usize) -> Vec<f64> {
    let mut sizes = vec![0.0_f64; width];
    for record in numbers.chunks_exact(width) {
        for (size, number) in sizes.iter_mut().zip(record) {
            *size = size.max(number.abs());
        }
    }
    let largest = sizes.iter().copied().fold(0.0, f64::max);
    let least = if largest > 0.0 { LEAST * largest } else { 1.0 };
    sizes.iter().map(|size| size.max(least)).collect()
}

/// The network with a node behind its scores, so that a square may be its last.
fn with_end(mut model: ModelProto) -> Result<ModelProto, OnnxError> {
    let mut names = Names::of(graph(&model)?);
    let graph = graph_mut(&mut model)?;
    if let Some(scores) = graph.output.first_mut() {
        let end = names.fresh(format!("{}.end", scores.name));
        graph.node.push(node_of("Identity", &[&scores.name], &end));
        scores.name = end;
    }
    Ok(model)
}

/// The network with a node in front, so that a square may be its first.
fn with_start(mut model: ModelProto, input: &mut TensorInput) -> Result<ModelProto, OnnxError> {
    let mut names = Names::of(graph(&model)?);
    let start = names.fresh(format!("{}.start", input.name));
    let graph = graph_mut(&mut model)?;
    let inner = std::mem::replace(&mut input.name, start);
    for declared in &mut graph.input {
        if declared.name == inner {
            declared.name.clone_from(&input.name);
        }
    }
    graph
        .node
        .insert(0, node_of("Identity", &[&input.name], &inner));
    Ok(model)
}
