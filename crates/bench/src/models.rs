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
        for &bits in bits.iter().filter(|&&bits| bits >= 2048) {
            measure(name, of_name(name)?, bits as u32)?;
        }
    }
    Ok(())
}

/// The built-in model of this name.
pub(crate) fn of_name(name: &str) -> Result<Model, Failure> {
    let models = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../models");
    Ok(Model::load(&models.join(name))?)
}
