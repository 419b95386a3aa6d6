//! How large a map may be.

use veilcast_card::MAX_OUTPUTS;
use veilcast_onnx::OnnxError;

/// Most weights of a map: the map, its integers and their programs take some fifty bytes for each.
const MAX_WEIGHTS: usize = 1 << 24;

/// Checks the size of a map, before there is anything of it.
pub(super) fn check_size(inputs: usize, outputs: usize) -> Result<(), OnnxError> {
    if outputs <= MAX_OUTPUTS && inputs.saturating_mul(outputs) <= MAX_WEIGHTS {
        return Ok(());
    }
    Err(OnnxError::Collapse {
        problem: format!(
            "it would be a map of {inputs} inputs and {outputs} outputs; at most {MAX_OUTPUTS} outputs \
             and {MAX_WEIGHTS} weights are accepted"
        ),
    })
}
