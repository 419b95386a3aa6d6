//! From decision trees to a model: their structure becomes the last step of preprocessing, their
//! leaves' values a map on one bit per leaf.

use std::collections::BTreeMap;
use std::fmt;

use rand::rngs::ChaCha20Rng;
use rand::{RngExt as _, SeedableRng as _};
use veilcast_card::{
    Imputed, Input, InputBits, InputKind, Preprocessing, PreprocessingVersion, RawRecord, Step,
    Task, Tree,
};
use veilcast_model::{BuildError, FloatMap, Model, Scheme};
use veilcast_onnx::graph::{graph_mut, keep_output};

use crate::file::FileFacts;
use crate::finish::{Unfinished, preprocessed};
use crate::graph::Graph;
use crate::network::check_affine;
use crate::options::MISSING;
use crate::ranges::Ranges;
use crate::runner::Runner;
use crate::scores::Scores;
use crate::trees::{self, Columns, TreesFile};
use crate::trees_error::TreesError;
use crate::{ImportError, ImportOptions, collapse};

/// Records drawn at random where none are given.
const RANDOM_RECORDS: usize = 1000;

/// Trees that give scores, and what a record is.
#[derive(Clone)]
pub(super) struct Forest {
    options: ImportOptions,
    file: FileFacts,
    input: Input,
    scores: Scores,
}

impl Forest {
    /// Takes what a file of a library that grows trees says.
    ///
    /// # Errors
    /// [`ImportError`] says what in it can't be used.
    pub(super) fn of_file(
        bytes: &[u8],
        found: TreesFile,
        options: ImportOptions,
    ) -> Result<Self, ImportError> {
        options.check_table()?;
        let file = FileFacts::of_trees(bytes, &found.producer, found.sum.size().0);
        let has_texts = !found.categories.is_empty();
        let columns = match (&options.columns, &found.columns) {
            (None, Columns::Named(names)) => names.clone(),
            (Some(_), Columns::Named(names)) if has_texts => names.clone(),
            (_, Columns::Named(names)) => options.names(names.len())?,
            (_, Columns::Unnamed(count)) => options.names(*count)?,
        };
        let input = Input {
            kind: InputKind::Table,
            description: String::new(),
            shape: vec![columns.len()],
            features: Some(columns.clone()),
            fit: None,
            about: Default::default(),
            preprocessing: with_missing(
                Preprocessing::new(one_hot(&columns, &found)),
                MISSING.map(str::to_owned).to_vec(),
            ),
        };
        Self::new(found, options, file, input)
    }

    /// Takes trees from an ONNX file, together with what comes before them.
    ///
    /// # Errors
    /// [`ImportError`] if they look at anything but numbers of the record.
    pub(super) fn of_graph(
        graph: Graph,
        found: trees::onnx::Found,
        options: ImportOptions,
    ) -> Result<Self, ImportError> {
        let Graph {
            mut model,
            tensor,
            input,
            file,
            ..
        } = graph;
        let mut found = found;
        if found.input != tensor.name {
            keep_output(graph_mut(&mut model)?, &found.input);
            let runner = Runner::new(&model, &tensor)?;
            let units = vec![1.0; runner.inputs()];
            check_affine(&model, &tensor, &runner, &units)?;
            let before = collapse::collapse(&runner, &units, &mut |_| {})?;
            found.trees.sum = found.trees.sum.after(&before).map_err(TreesError::from)?;
        }
        let spellings = match input.preprocessing.version {
            PreprocessingVersion::V1 if input.kind == InputKind::Table => {
                MISSING.map(str::to_owned).to_vec()
            }
            _ => input.preprocessing.missing.clone(),
        };
        let Preprocessing { steps, .. } = input.preprocessing.clone();
        let input = Input {
            preprocessing: with_missing(Preprocessing::new(steps), spellings),
            ..input
        };
        Self::new(found.trees, options, file, input)
    }

    /// Puts the trees behind the preparation of a record.
    fn new(
        trees: TreesFile,
        options: ImportOptions,
        file: FileFacts,
        mut input: Input,
    ) -> Result<Self, ImportError> {
        let (step, map) = trees.sum.into_map().map_err(TreesError::from)?;
        let Preprocessing {
            missing, mut steps, ..
        } = input.preprocessing;
        steps.push(step);
        input.preprocessing = with_missing(Preprocessing::new(steps), missing);
        input.check().map_err(BuildError::from)?;
        let scores = Scores::new(
            map,
            options.activation.or(Some(trees.activation)),
            options.labels.clone().or(trees.labels),
            "score",
            match options.units {
                Some(_) => Some(Task::Quantities),
                None => trees.task,
            },
        )?;
        Ok(Self {
            options,
            file,
            input,
            scores,
        })
    }

    /// What a record looks like.
    pub(super) fn input(&self) -> &Input {
        &self.input
    }

    /// The map from the leaves that a record reaches.
    pub(super) fn map(&self) -> &FloatMap {
        &self.scores.map
    }

    /// Quantises the leaves' values in the way that is cheapest for `scheme` and predicts the records
    /// as the trees do. Without any record, leaves are drawn at random.
    ///
    /// # Errors
    /// [`ImportError`] if the records don't fit, or no quantisation can be found.
    pub(super) fn build(
        self,
        calibration: &[RawRecord<'_>],
        scheme: &dyn Scheme,
    ) -> Result<Model, ImportError> {
        let mut records = preprocessed(&self.input, calibration)?;
        if records.is_empty() {
            records = random(self.input.preprocessing.trees().unwrap_or_default());
        }
        Unfinished {
            options: &self.options,
            file: &self.file,
            input: &self.input,
            scores: self.scores,
            before: Vec::new(),
            parts: Vec::new(),
            public: None,
            ranges: &Ranges::All([0.0, 1.0]),
            // A leaf is reached, or not.
            input_bits: InputBits::MIN..=InputBits::MIN,
            records: &records,
            is_random: calibration.is_empty(),
            removed: Vec::new(),
            other_outputs: Vec::new(),
            deviation: 0.0,
        }
        .finish(scheme)
    }
}

/// The steps that make a number of each category.
fn one_hot(columns: &[String], found: &TreesFile) -> Vec<Step> {
    let name = |place: &usize| columns.get(*place).cloned();
    let imputed = found.imputed.iter();
    let imputed =
        imputed.filter_map(|(place, text)| Some((name(place)?, Imputed::Text(text.clone()))));
    let values: BTreeMap<_, _> = imputed.collect();
    let categories = found.categories.iter();
    let categories = categories.filter_map(|(place, all)| Some((name(place)?, all.clone())));
    let categories: BTreeMap<_, _> = categories.collect();
    let mut steps = Vec::new();
    if !values.is_empty() {
        steps.push(Step::Impute { values });
    }
    if !categories.is_empty() {
        let unknown = found.unknown;
        steps.push(Step::OneHot {
            categories,
            unknown,
        });
    }
    steps
}

/// Preprocessing whose missing cells have these spellings, if any.
fn with_missing(preprocessing: Preprocessing, spellings: Vec<String>) -> Preprocessing {
    match spellings.is_empty() {
        true => preprocessing,
        false => preprocessing.with_missing(spellings),
    }
}

/// Records that reach a leaf of each tree, drawn at random.
fn random(trees: &[Tree]) -> Vec<Vec<f64>> {
    let mut generator = ChaCha20Rng::seed_from_u64(1);
    let mut record = || {
        let leaves = trees.iter().flat_map(|tree| {
            let reached = generator.random_range(0..tree.leaves());
            (0..tree.features()).map(move |leaf| f64::from(u8::from(leaf == reached)))
        });
        leaves.collect()
    };
    (0..RANDOM_RECORDS).map(|_| record()).collect()
}

/// Shows the shape only: the leaves' values are private.
impl fmt::Debug for Forest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Forest")
            .field("leaves", &self.scores.map.inputs())
            .finish_non_exhaustive()
    }
}
