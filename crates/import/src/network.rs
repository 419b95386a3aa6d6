//! From a network of an ONNX file to a model.

use std::ops::RangeInclusive;

use rayon::prelude::*;
use veilcast_onnx::pb::ModelProto;

use super::affinity::Trial;
use super::file::FileFacts;
use super::finish::{Unfinished, preprocessed};
use super::graph::Graph;
use super::options::ImportOptions;
use super::peel::{self, Peeled};
use super::ranges::Ranges;
use super::runner::Runner;
use super::scores::Scores;
use super::split::{self, Parts};
use super::squares::{self, Part};
use super::tensor::TensorInput;
use super::{ImportError, Progress, collapse, locate, scores};
use veilcast_card::{Cell, Input, InputBits, InputKind, PublicPart, RawRecord, Task};
use veilcast_model::{FloatMap, FloatNetwork, Model, PublicPartFile, Scheme};
use veilcast_onnx::OnnxError;
use veilcast_onnx::graph::name;

/// How far the collapsed map's scores may be from the network's, relative to the largest score.
const MAX_DEVIATION: f64 = 1e-3;
/// Most input bits that are searched for images, and for tables, whose scores are to stay close.
const MAX_SEARCHED_BITS: (InputBits, InputBits) = (InputBits::of::<8>(), InputBits::of::<12>());

/// A network that gives scores, and what a record is.
#[derive(Clone, Debug)]
pub(super) struct Network {
    options: ImportOptions,
    peeled: Peeled,
    /// What the scores are, if the file says that they are quantities.
    task: Option<Task>,
    tensor: TensorInput,
    input: Input,
    /// Columns that hold whole numbers.
    whole: Vec<String>,
    file: FileFacts,
}

/// The part that is computed on ciphertexts, and its inputs.
struct Private {
    model: ModelProto,
    tensor: TensorInput,
    runner: Runner,
    /// The features of each record.
    records: Vec<Vec<f64>>,
    /// Whether they were drawn at random, since there are no others.
    is_random: bool,
    ranges: Ranges,
    /// The public part of a hybrid, and its last node.
    public: Option<(PublicPartFile, String)>,
}

impl Network {
    /// Cuts off what follows a graph's scores.
    ///
    /// # Errors
    /// [`ImportError`] says what can't be used.
    pub(super) fn open(graph: Graph, options: ImportOptions) -> Result<Self, ImportError> {
        let is_of_quantities = graph.is_of_quantities;
        let peeled = peel::peel(graph.model)?;
        Ok(Self {
            task: (is_of_quantities && !peeled.is_of_classes).then_some(Task::Quantities),
            options,
            peeled,
            tensor: graph.tensor,
            input: graph.input,
            whole: graph.whole,
            file: graph.file,
        })
    }

    /// What a record looks like, for reading calibration records.
    pub(super) fn input(&self) -> &Input {
        &self.input
    }

    /// The network as one map from preprocessed records to its scores, exactly as it computes them.
    ///
    /// # Errors
    /// [`ImportError`] if the network isn't affine.
    pub(super) fn collapse(&self) -> Result<FloatMap, ImportError> {
        let runner = self.runner()?;
        let units = match Ranges::known(&self.input) {
            Ok(ranges) => ranges.magnitudes(runner.inputs()),
            Err(_) => vec![1.0; runner.inputs()],
        };
        check_affine(&self.peeled.model, &self.tensor, &runner, &units)?;
        Ok(collapse::collapse(&runner, &units, &mut |_| {})?)
    }

    /// Makes a model: collapses the network, or the part of a hybrid after its public part, and
    /// quantises the map in the way that is cheapest for `scheme` and predicts the records as the
    /// network does.
    ///
    /// The records should be like those that the model will be given. Without any, random ones are
    /// drawn, if it is known what values the features have.
    ///
    /// # Errors
    /// [`ImportError`] if what is to be private isn't affine, or the records don't fit or are needed,
    /// or no quantisation can be found.
    pub(super) fn build(
        self,
        calibration: &[RawRecord<'_>],
        scheme: &dyn Scheme,
        progress: &mut dyn FnMut(Progress),
    ) -> Result<Model, ImportError> {
        let private = self.private(calibration)?;
        let Private {
            runner,
            records,
            ranges,
            ..
        } = &private;
        let activation = self.options.activation.or(self.peeled.activation);
        let labels = self.options.labels.as_ref().or(self.peeled.labels.as_ref());
        scores::check(runner.outputs(), activation, labels.map(Vec::as_slice))?;
        let units = ranges.magnitudes(runner.inputs());
        let (model, tensor) = (&private.model, &private.tensor);
        let mut parts = squares::parts(model, tensor, runner, records, &units, progress)?;
        let told = parts.iter().filter(|_| parts.len() > 1).map(Part::told);
        let told = told.collect();
        let map = parts
            .pop()
            .map(|part| part.map)
            .expect("there is a last part");
        let before: Vec<FloatMap> = parts.into_iter().map(|part| part.map).collect();
        self.check_margins(&map)?;
        let network = match before.is_empty() {
            true => None,
            false => {
                let parts = before.iter().chain([&map]).cloned();
                Some(FloatNetwork::new(parts.collect())?)
            }
        };
        let mapped = |record: &[f64]| match &network {
            None => map.evaluate(record),
            Some(network) => network.evaluate(record),
        };
        let deviation = collapse::deviation(runner, mapped, records)?;
        if deviation > MAX_DEVIATION {
            let problem =
                format!("its scores lie {deviation:.1e} of the largest apart from the network's");
            return Err(OnnxError::Collapse { problem }.into());
        }
        let scores = Scores::new(
            map,
            self.options.activation.or(self.peeled.activation),
            self.options.labels.clone().or(self.peeled.labels.clone()),
            &self.peeled.output,
            match self.options.units {
                Some(_) => Some(Task::Quantities),
                None => self.task,
            },
        )?;
        Unfinished {
            options: &self.options,
            file: &self.file,
            input: &self.input,
            scores,
            before,
            parts: told,
            public: private.public.clone(),
            ranges: &private.ranges,
            input_bits: self.input_bits(),
            records: &private.records,
            is_random: private.is_random,
            removed: self.peeled.removed.clone(),
            other_outputs: self.peeled.others.clone(),
            deviation,
        }
        .finish(scheme)
    }

    /// The network, ready to run, if what was cut off is a function of all its scores.
    fn runner(&self) -> Result<Runner, OnnxError> {
        let (model, tensor) = (&self.peeled.model, &self.tensor);
        let runner =
            Runner::new(model, tensor).map_err(|error| earlier_bend(model, tensor, error))?;
        if let Some(tail) = self.peeled.tail.clone() {
            let (shape, records) = runner.scores_shape();
            tail.check(self.peeled.activation, shape, records)?;
        }
        Ok(runner)
    }

    /// Checks that the scores of two classes are what scikit-learn decides by.
    ///
    /// skl2onnx writes 1 − s next to the margin s of a `OneVsRestClassifier` of two classes as if it were
    /// a probability, so that its labels change at 1/2 instead of 0.
    fn check_margins(&self, map: &FloatMap) -> Result<(), OnnxError> {
        let is_decided = self.options.activation.or(self.peeled.activation).is_some();
        let is_by_label = self.peeled.is_of_classes && !is_decided;
        if self.file.producer.starts_with("skl2onnx") && is_by_label && scores::adds_up_to_one(map)
        {
            return Err(OnnxError::Output {
                problem:
                    "the scores of its two classes always add up to 1, but aren't probabilities, \
                          so that its labels aren't those of scikit-learn: skl2onnx writes a \
                          OneVsRestClassifier of two classes so; export the classifier in it alone"
                        .to_owned(),
            });
        }
        Ok(())
    }

    /// Checks that columns which the file declares as whole numbers hold such.
    fn check_whole(&self, records: &[RawRecord<'_>]) -> Result<(), ImportError> {
        let names = self.input.features.iter().flatten().enumerate();
        for (place, column) in names.filter(|(_, name)| self.whole.contains(name)) {
            let number = |record: &RawRecord<'_>| match record {
                RawRecord::Numbers(numbers) => numbers.get(place).copied(),
                RawRecord::Cells(cells) => match cells.get(place) {
                    Some(Cell::Number(number)) => Some(*number),
                    _ => None,
                },
            };
            let mut numbers = records.iter().filter_map(number);
            if let Some(found) = numbers.find(|number| number.is_finite() && number.fract() != 0.0)
            {
                let column = column.clone();
                return Err(ImportError::Fraction { column, found });
            }
        }
        Ok(())
    }

    /// The private part, with its features of the records.
    fn private(&self, calibration: &[RawRecord<'_>]) -> Result<Private, ImportError> {
        self.check_whole(calibration)?;
        let records = preprocessed(&self.input, calibration)?;
        if let Some(place) = &self.options.split {
            if records.is_empty() {
                return Err(ImportError::NoCalibrationOfFeatures);
            }
            let parts = split::split(&self.peeled.model, &self.tensor, place)?;
            return Ok(self.hybrid(parts, &records)?);
        }
        let runner = self.runner()?;
        let known = if records.is_empty() || self.input.kind == InputKind::Image {
            Ranges::known(&self.input)
        } else {
            Ok(match self.input.kind {
                InputKind::Array => Ranges::of_array(&records),
                InputKind::Image | InputKind::Table => Ranges::of(&records),
            })
        };
        let ranges = match known {
            Ok(ranges) => ranges,
            Err(columns) => {
                // A user whose network can't be imported shouldn't have to look for records first.
                let units = vec![1.0; runner.inputs()];
                check_affine(&self.peeled.model, &self.tensor, &runner, &units)?;
                return Err(ImportError::NoCalibration { columns });
            }
        };
        let records = match records.is_empty() {
            true => ranges.random(self.tensor.values()),
            false => records,
        };
        Ok(Private {
            model: self.peeled.model.clone(),
            tensor: self.tensor.clone(),
            runner,
            records,
            is_random: calibration.is_empty(),
            ranges,
            public: None,
        })
    }

    /// The private head of a network in two parts.
    fn hybrid(&self, parts: Parts, records: &[Vec<f64>]) -> Result<Private, OnnxError> {
        let file = PublicPartFile {
            description: parts.description(),
            onnx: parts.public_bytes(),
            shape: self.tensor.sides.clone(),
        };
        // Read and run as clients will, so that they don't refuse it later.
        let part = PublicPart::of(
            &file.onnx,
            file.shape.clone(),
            parts.features.values(),
            file.description.clone(),
        );
        let public = veilcast_onnx::public_network(&file.onnx, &part)?;
        let run = |record: &Vec<f64>| public.run(record);
        let features = records.par_iter().map(run).collect::<Result<Vec<_>, _>>();
        let features = features.map_err(|problem| OnnxError::Unsupported { problem })?;
        Ok(Private {
            runner: Runner::new(&parts.head, &parts.features)?,
            model: parts.head,
            tensor: parts.features,
            ranges: match self.input.kind {
                InputKind::Table | InputKind::Array => Ranges::of(&features),
                // Not every image's scores must stay close, so rare extremes may be lost.
                InputKind::Image => Ranges::clipped(&features),
            },
            records: features,
            is_random: false,
            public: Some((file, parts.node)),
        })
    }

    /// The numbers of bits of an input to choose from.
    fn input_bits(&self) -> RangeInclusive<InputBits> {
        match (self.options.input_bits, self.input.kind) {
            (Some(bits), _) => bits..=bits,
            (None, InputKind::Image) => InputBits::MIN..=MAX_SEARCHED_BITS.0,
            (None, InputKind::Table | InputKind::Array) => InputBits::MIN..=MAX_SEARCHED_BITS.1,
        }
    }
}

/// Checks that a graph is affine.
///
/// # Errors
/// [`OnnxError::NotAffine`] names the first node that isn't.
pub(super) fn check_affine(
    model: &ModelProto,
    tensor: &TensorInput,
    runner: &Runner,
    units: &[f64],
) -> Result<(), OnnxError> {
    let trial = Trial::new(units);
    if trial.is_affine(&runner.run(&trial.points)?) {
        return Ok(());
    }
    Err(squares::bend(model, tensor, &trial)?)
}

/// Why a network can't be used that has a node that can't be run: another node before it that isn't
/// affine, if there is one, since no other way of writing that node would help.
fn earlier_bend(model: &ModelProto, tensor: &TensorInput, error: OnnxError) -> OnnxError {
    let failing = match &error {
        OnnxError::Operator { node, .. } => node.as_str(),
        OnnxError::Misfit { node, .. } => node,
        _ => return error,
    };
    let nodes = model.graph.iter().flat_map(|graph| &graph.node);
    let place = nodes.into_iter().position(|node| name(node) == failing);
    let trial = Trial::new(&vec![1.0; tensor.values()]);
    let found = place.map(|nodes| locate::first_bend(model, nodes, tensor, &trial));
    match found {
        Some(Ok(Some((node, operator)))) => OnnxError::NotAffine { node, operator },
        _ => error,
    }
}
