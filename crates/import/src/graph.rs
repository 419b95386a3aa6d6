//! An ONNX file, with what it takes.

use veilcast_card::Input;
use veilcast_model::BuildError;
use veilcast_onnx::OnnxError;
use veilcast_onnx::graph::graph;
use veilcast_onnx::pb::ModelProto;

use crate::ImportError;
use crate::file::FileFacts;
use crate::forms::recognise;
use crate::front::{self, Front};
use crate::lower::lower;
use crate::narrow::narrow;
use crate::options::{ImportOptions, MAX_FILE_BYTES};
use crate::prune::prune;
use crate::tensor::{self, TensorInput};

/// An ONNX file, with what it takes.
pub(super) struct Graph {
    /// What comes after the preparation of a record.
    pub(super) model: ModelProto,
    pub(super) tensor: TensorInput,
    pub(super) input: Input,
    /// Columns that hold whole numbers.
    pub(super) whole: Vec<String>,
    /// Whether its only output is of quantities, if it isn't of classes.
    pub(super) is_of_quantities: bool,
    pub(super) file: FileFacts,
}

impl Graph {
    /// Reads a file from its bytes: checks it, and finds out what it takes.
    ///
    /// # Errors
    /// [`ImportError`] says what in the file or in the options can't be used.
    pub(super) fn open(bytes: &[u8], options: &ImportOptions) -> Result<Self, ImportError> {
        let model = veilcast_onnx::parse(bytes, MAX_FILE_BYTES)?;
        let file = FileFacts::of(bytes, &model)?;
        let is_of_quantities = is_of_quantities(&model)?;
        let model = prune(model, options.output.as_deref())?;
        let Front {
            table,
            whole,
            mut model,
        } = front::split(model, options)?;
        narrow(&mut model)?;
        let mut model = recognise(lower(model)?)?;
        let mut tensor = tensor::describe(&mut model)?;
        let input = match table {
            Some(input) => input,
            None => options.input(&mut model, &mut tensor)?,
        };
        input.check().map_err(BuildError::from)?;
        Ok(Self {
            model,
            tensor,
            input,
            whole,
            is_of_quantities,
            file,
        })
    }
}

/// Whether a file's only output is of quantities, if it isn't of classes: scikit-learn's classifiers
/// return labels, too. Otherwise the file doesn't say.
fn is_of_quantities(model: &ModelProto) -> Result<bool, OnnxError> {
    Ok(model.producer_name == "skl2onnx" && graph(model)?.output.len() == 1)
}
