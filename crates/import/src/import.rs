//! From an ONNX file to a model.

use std::ops::RangeInclusive;

use rayon::prelude::*;
use veilcast_onnx::pb::ModelProto;

use super::affinity::Trial;
use super::file::FileFacts;
use super::front::{self, Front};
use super::forms::recognise;
use super::lower::lower;
use super::narrow::narrow;
use super::options::{ImportOptions, MAX_FILE_BYTES};
use super::peel::{self, Peeled};
use super::prune::prune;
use super::ranges::Ranges;
use super::runner::Runner;
use super::scores::{Comparison, Scores};
use super::split::{self, Parts};
use super::tensor::{self, TensorInput};
use super::{ImportError, Progress, collapse, locate, scores};
use veilcast_card::{
    Cell, Input, InputBits, InputKind, Layouts, Limits, Prediction, PublicPart, QuantizedRecord,
    RawRecord, Task, WeightBits, list,
};
use veilcast_model::search::HeldOut;
use veilcast_model::{
    Blueprint, BuildError, FloatMap, ImportReport, Model, PublicPartFile, QuantizationSearch,
    Scheme,
};
use veilcast_onnx::OnnxError;
use veilcast_onnx::graph::{graph, name};

/// How far the collapsed map's scores may be from the network's, relative to the largest score.
const MAX_DEVIATION: f64 = 1e-3;
/// Most input bits that are searched for images, and for tables, whose scores are to stay close.
const MAX_SEARCHED_BITS: (InputBits, InputBits) = (InputBits::of::<8>(), InputBits::of::<12>());

/// A file that was read: a network that gives scores, and what a record is.
#[derive(Clone, Debug)]
pub struct Import {
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

impl Import {
    /// Reads a file from its bytes: checks it, finds out what it takes, and cuts off what
    /// follows its scores.
    ///
    /// # Errors
    /// [`ImportError`] says what in the file or in the options can't be used.
    pub fn open(bytes: &[u8], options: ImportOptions) -> Result<Self, ImportError> {
        options.check()?;
        let model = veilcast_onnx::parse(bytes, MAX_FILE_BYTES)?;
        let file = FileFacts::of(bytes, &model)?;
        let is_of_quantities = is_of_quantities(&model)?;
        let model = prune(model, options.output.as_deref())?;
        let Front {
            table,
            whole,
            mut model,
        } = front::split(model, &options)?;
        narrow(&mut model)?;
        let mut model = recognise(lower(model)?)?;
        let mut tensor = tensor::describe(&mut model)?;
        let input = match table {
            Some(input) => input,
            None => options.input(&mut model, &mut tensor)?,
        };
        input.check().map_err(BuildError::from)?;
        let peeled = peel::peel(model)?;
        Ok(Self {
            task: (is_of_quantities && !peeled.is_of_classes).then_some(Task::Quantities),
            options,
            peeled,
            tensor,
            input,
            whole,
            file,
        })
    }

    /// What a record looks like, for reading calibration records.
    pub fn input(&self) -> &Input {
        &self.input
    }

    /// The network as one map from preprocessed records to its scores, exactly as it computes them.
    ///
    /// # Errors
    /// [`ImportError`] if the network isn't affine.
    pub fn collapse(&self) -> Result<FloatMap, ImportError> {
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
    pub fn build(
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
        check_affine(&private.model, &private.tensor, runner, &units)?;
        let map = collapse::collapse(runner, &units, progress)?;
        let deviation = collapse::deviation(runner, &map, records)?;
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
        let blueprint = self.blueprint(&scores, &private);
        let compared = self.compared(&scores, &private)?;
        let search = compared.as_ref().map(|compared| QuantizationSearch {
            map: &compared.map,
            input_bits: self.input_bits(),
            max_weight: self.options.weight_bits.map(|_| blueprint.max_weight),
            held_out: HeldOut {
                records,
                labels: &compared.labels,
            },
            goal: compared.goal,
        });
        let quantization = |bits| ranges.quantization(bits);
        let map = scores.map.clone();
        let model = blueprint.finish(map, &quantization, search.as_ref(), scheme)?;
        let (agreement, rounding) = compare(&model, records)?;
        let import = ImportReport {
            sha256: self.file.sha256,
            producer: self.file.producer,
            opset: self.file.opset,
            operators: self.file.operators,
            removed: self.peeled.removed,
            split_at: private.public.map(|(_, node)| node),
            records: private.records.len(),
            random_records: private.is_random,
            deviation,
            agreement,
            rounding,
        };
        Ok(model.reporting(|report| report.import = Some(import)))
    }

    /// The network, ready to run, if what was cut off is a function of all its scores.
    fn runner(&self) -> Result<Runner, OnnxError> {
        let (model, tensor) = (&self.peeled.model, &self.tensor);
        let runner = Runner::new(model, tensor).map_err(|error| earlier_bend(model, tensor, error))?;
        if let Some(tail) = self.peeled.tail.clone() {
            let (shape, records) = runner.scores_shape();
            tail.check(self.peeled.activation, shape, records)?;
        }
        Ok(runner)
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
            if let Some(found) = numbers.find(|number| number.is_finite() && number.fract() != 0.0) {
                let column = column.clone();
                return Err(ImportError::Fraction { column, found });
            }
        }
        Ok(())
    }

    /// The private part, with its features of the records.
    fn private(&self, calibration: &[RawRecord<'_>]) -> Result<Private, ImportError> {
        self.check_whole(calibration)?;
        let preprocess = |(index, raw): (usize, &RawRecord<'_>)| match self.input.preprocess(raw) {
            Ok(record) => Ok(record.features),
            Err(source) => Err(ImportError::Record { index, source }),
        };
        let records = calibration.iter().enumerate().map(preprocess);
        let records = records.collect::<Result<Vec<_>, _>>()?;
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

    /// What quantised maps are compared with; nothing, if the options leave nothing to search for,
    /// or on random records: a network predicts them much alike, so that any quantisation would do.
    fn compared(
        &self,
        scores: &Scores,
        private: &Private,
    ) -> Result<Option<Comparison>, ImportError> {
        let options = &self.options;
        let is_given = options.input_bits.is_some() && options.weight_bits.is_some();
        if is_given || private.is_random {
            return Ok(None);
        }
        let bounds_changes = self.input.kind != InputKind::Image;
        let compared = scores.comparison(options, &private.records, bounds_changes)?;
        Ok(Some(compared))
    }

    /// What the model predicts, according to the options, the file, or the scores.
    fn description(&self, scores: &Scores) -> String {
        let given = [&self.options.description, &self.file.description];
        if let Some(given) = given.into_iter().find(|text| !text.is_empty()) {
            return given.clone();
        }
        let record = match (&self.input.features, self.input.kind) {
            (Some(names), _) => format!("a record of {} columns", names.len()),
            (None, InputKind::Array) => format!("an array of {} numbers", self.input.raw_features()),
            (None, InputKind::Image | InputKind::Table) => "an image".to_owned(),
        };
        let labels = list(&scores.labels);
        match scores.task {
            Task::Quantities => format!("Predicts {labels} of {record}."),
            Task::Classes | Task::Probability => format!("Classifies {record}: {labels}."),
        }
    }

    /// What the card is to say; numbers that are searched for, and all that depends on them, come
    /// later.
    fn blueprint(&self, scores: &Scores, private: &Private) -> Blueprint {
        let options = &self.options;
        Blueprint {
            name: options.name.clone(),
            version: options.version.clone(),
            description: self.description(scores),
            input: self.input.clone(),
            public_part: private.public.as_ref().map(|(file, _)| file.clone()),
            quantization: private
                .ranges
                .quantization(options.input_bits.unwrap_or(InputBits::of::<8>())),
            labels: scores.labels.clone(),
            activation: scores.activation,
            units: options.units.clone(),
            threshold: options.threshold,
            task: Some(scores.task),
            layouts: Layouts::scalar(),
            limits: Limits::default(),
            ways: options.ways.clone(),
            max_weight: options
                .weight_bits
                .unwrap_or(WeightBits::of::<8>())
                .max_weight(),
        }
    }
}

fn check_affine(
    model: &ModelProto,
    tensor: &TensorInput,
    runner: &Runner,
    units: &[f64],
) -> Result<(), OnnxError> {
    let trial = Trial::new(units);
    if trial.is_affine(&runner.run(&trial.points)?) {
        return Ok(());
    }
    let nodes = graph(model)?.node.len();
    let (node, operator) = match locate::first_bend(model, nodes, tensor, &trial)? {
        Some(found) => found,
        // The scores themselves aren't affine, so it must be the last.
        None => match graph(model)?.node.last() {
            Some(node) => (name(node).to_owned(), node.op_type.clone()),
            None => Default::default(),
        },
    };
    Err(OnnxError::NotAffine { node, operator })
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

/// Whether a file's only output is of quantities, if it isn't of classes: scikit-learn's classifiers
/// return labels, too. Otherwise the file doesn't say.
fn is_of_quantities(model: &ModelProto) -> Result<bool, OnnxError> {
    Ok(model.producer_name == "skl2onnx" && graph(model)?.output.len() == 1)
}

/// The share of records for which the integers predict the class that the map in floats does, none
/// for quantities; and how far apart their scores lie at most, relative to the largest score.
fn compare(model: &Model, records: &[Vec<f64>]) -> Result<(Option<f64>, f64), ImportError> {
    let (mut agreeing, mut apart, mut largest) = (0, 0.0_f64, 0.0_f64);
    for record in records {
        let quantized = QuantizedRecord::from_features(model.card(), record)
            .map_err(ImportError::Prediction)?;
        let found = model.predict(&quantized).expect("the card is the model's");
        let expected = model
            .predict_float(record)
            .map_err(ImportError::Prediction)?;
        let class = |prediction: &Prediction| prediction.class().map(|class| class.index);
        agreeing += usize::from(class(&found) == class(&expected));
        for (found, expected) in found.scores().iter().zip(expected.scores()) {
            apart = apart.max((found - expected).abs());
            largest = largest.max(expected.abs());
        }
    }
    let agreement = match model.card().task() {
        Task::Quantities => None,
        Task::Classes | Task::Probability => Some(agreeing as f64 / records.len().max(1) as f64),
    };
    Ok((agreement, if apart > 0.0 { apart / largest } else { 0.0 }))
}
