//! What is refused, and how.
use veilcast_onnx::pb::ModelProto;
use veilcast_onnx::{InterpretError, Interpreter};

/// The error of a network on inputs of a shape.
pub(crate) fn refused(model: &ModelProto, shape: &[usize]) -> InterpretError {
    match Interpreter::compile(model, shape) {
        Ok(network) => panic!("{network:?} of {model:#?}"),
        Err(error) => error,
    }
}

#[track_caller]
pub(crate) fn unsupported(model: &ModelProto, shape: &[usize], said: &str) {
    let error = refused(model, shape);
    assert!(error.is_unsupported(), "{error:?}");
    assert!(error.to_string().contains(said), "{error}");
}

#[track_caller]
pub(crate) fn malformed(model: &ModelProto, shape: &[usize], said: &str) {
    let error = refused(model, shape);
    assert!(!error.is_unsupported(), "{error:?}");
    assert!(error.to_string().contains(said), "{error}");
}

#[track_caller]
pub(crate) fn too_large(model: &ModelProto, shape: &[usize], said: &str) {
    let error = refused(model, shape);
    assert!(
        matches!(error, InterpretError::TooLarge { .. }),
        "{error:?}"
    );
    assert!(error.to_string().contains(said), "{error}");
}
