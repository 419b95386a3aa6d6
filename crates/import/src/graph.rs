//! An ONNX file, with what it takes.

use veilcast_card::Input;
use veilcast_model::BuildError;
use veilcast_onnx::pb::ModelProto;

use crate::ImportError;
use crate::file::FileFacts;
use crate::front::{self, Front};
use crate::narrow::narrow;
use crate::options::{ImportOptions, MAX_FILE_BYTES};
use crate::tensor::{self, TensorInput};

/// An ONNX file, with what it takes.
pub(super) struct Graph {
    /// What comes after the preparation of a record.
    pub(super) model: ModelProto,
    pub(super) tensor: TensorInput,
    pub(super) input: Input,
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
        let Front { table, mut model } = front::split(model, options)?;
        narrow(&mut model)?;
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
            file,
        })
    }
}
