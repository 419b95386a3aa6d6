//! The built-in models, at the sizes that keys have.

use std::path::Path;

use veilcast_model::Model;

pub(crate) type Failure = Box<dyn std::error::Error>;

/// Measures each built-in model at each of these sizes that a key may have.
pub(crate) fn each(
    bits: &[usize],
    mut measure: impl FnMut(&str, Model, u32) -> Result<(), Failure>,
) -> Result<(), Failure> {
    for name in ["digits", "digits-hybrid"] {
        let path = Path::new(env!("CARGO_MANIFEST_DIR"))
            .join("../../models")
            .join(name);
        for &bits in bits.iter().filter(|&&bits| bits >= 2048) {
            measure(name, Model::load(&path)?, bits as u32)?;
        }
    }
    Ok(())
}
