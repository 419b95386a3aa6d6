//! The package's exceptions, which `veilcast.errors` defines, for the errors of the other crates.

use std::error::Error;

use pyo3::PyErr;
use veilcast_paillier::{
    CiphertextError, DecryptError, EncodedNumberError, KeyFileError, PlaintextError,
    PublicKeyError, SecretKeyError,
};

/// The exceptions themselves, imported when one is first raised.
mod exceptions {
    use pyo3::import_exception;

    import_exception!(veilcast.errors, CardError);
    import_exception!(veilcast.errors, CiphertextError);
    import_exception!(veilcast.errors, DecryptionError);
    import_exception!(veilcast.errors, FileExists);
    import_exception!(veilcast.errors, CompileError);
    import_exception!(veilcast.errors, InvalidKeyError);
    import_exception!(veilcast.errors, KeyFileError);
    import_exception!(veilcast.errors, MessageError);
    import_exception!(veilcast.errors, ModelError);
    import_exception!(veilcast.errors, OtherKeyError);
    import_exception!(veilcast.errors, PlaintextOverflowError);
    import_exception!(veilcast.errors, RecordError);
    import_exception!(veilcast.errors, SealedError);
    import_exception!(veilcast.errors, ServeError);
    import_exception!(veilcast.errors, ServiceError);
    import_exception!(veilcast.errors, ShapeError);
    import_exception!(veilcast.errors, TableError);
    import_exception!(veilcast.errors, ValueRangeError);
    import_exception!(veilcast.errors, VoucherError);
}
use exceptions as py;

/// What went wrong, before it is an exception: computations run without the interpreter.
#[derive(Debug)]
pub(crate) enum Fault {
    /// The key is not acceptable.
    Key(String),
    /// Text is not a key file.
    KeyFile(String),
    /// A file is there already.
    Exists(String),
    /// Values of different keys.
    OtherKey,
    /// Bytes are not ciphertexts.
    Ciphertext(String),
    /// A ciphertext could not be decrypted, or holds what it can't.
    Decryption(String),
    /// A number has no room.
    Overflow(String),
    /// A number can't be encoded.
    Value(String),
    /// Lengths that don't fit together.
    Shape(String),
    /// A card can't be used.
    Card(String),
    /// A model's directory can't be used.
    Model(String),
    /// A record doesn't fit its model.
    Record(String),
    /// A request or an answer can't be used.
    Message(String),
    /// A service can't be reached, or refuses.
    Service(String),
    /// A sealed model can't be used, or a model not be sealed.
    Sealed(String),
    /// Vouchers can't be made or used.
    Voucher(String),
    /// A network can't become a model.
    Import(String),
    /// Models can't be served.
    Serve(String),
    /// A table of encrypted records or of answers can't be used.
    Table(String),
}

impl Fault {
    /// As many of one as of the other, or a fault.
    pub(crate) fn unless_equal(left: usize, right: usize) -> Result<(), Self> {
        if left == right {
            return Ok(());
        }
        Err(Self::Shape(format!(
            "{left} numbers and {right} don't fit together"
        )))
    }
}

impl From<Fault> for PyErr {
    fn from(fault: Fault) -> Self {
        match fault {
            Fault::Key(text) => py::InvalidKeyError::new_err(text),
            Fault::KeyFile(text) => py::KeyFileError::new_err(text),
            Fault::Exists(text) => py::FileExists::new_err(text),
            Fault::OtherKey => py::OtherKeyError::new_err(
                "the values belong to different keys: compute only with values of one key",
            ),
            Fault::Ciphertext(text) => py::CiphertextError::new_err(text),
            Fault::Decryption(text) => py::DecryptionError::new_err(text),
            Fault::Overflow(text) => py::PlaintextOverflowError::new_err(text),
            Fault::Value(text) => py::ValueRangeError::new_err(text),
            Fault::Shape(text) => py::ShapeError::new_err(text),
            Fault::Card(text) => py::CardError::new_err(text),
            Fault::Model(text) => py::ModelError::new_err(text),
            Fault::Record(text) => py::RecordError::new_err(text),
            Fault::Message(text) => py::MessageError::new_err(text),
            Fault::Service(text) => py::ServiceError::new_err(text),
            Fault::Sealed(text) => py::SealedError::new_err(text),
            Fault::Voucher(text) => py::VoucherError::new_err(text),
            Fault::Import(text) => py::CompileError::new_err(text),
            Fault::Serve(text) => py::ServeError::new_err(text),
            Fault::Table(text) => py::TableError::new_err(text),
        }
    }
}

impl From<PublicKeyError> for Fault {
    fn from(error: PublicKeyError) -> Self {
        Self::Key(error.to_string())
    }
}

impl From<SecretKeyError> for Fault {
    fn from(error: SecretKeyError) -> Self {
        Self::Key(error.to_string())
    }
}

impl From<KeyFileError> for Fault {
    fn from(error: KeyFileError) -> Self {
        let cause = error.source().map(|cause| format!(": {cause}"));
        Self::KeyFile(format!("{error}{}", cause.unwrap_or_default()))
    }
}

impl From<CiphertextError> for Fault {
    fn from(error: CiphertextError) -> Self {
        Self::Ciphertext(error.to_string())
    }
}

impl From<DecryptError> for Fault {
    fn from(error: DecryptError) -> Self {
        Self::Decryption(error.to_string())
    }
}

impl From<PlaintextError> for Fault {
    fn from(error: PlaintextError) -> Self {
        Self::Overflow(error.to_string())
    }
}

impl From<EncodedNumberError> for Fault {
    fn from(error: EncodedNumberError) -> Self {
        use EncodedNumberError as Encoded;
        let text = error.to_string();
        match error {
            Encoded::TooLarge | Encoded::Overflow | Encoded::NoFloat => Self::Overflow(text),
            _ => Self::Value(text),
        }
    }
}
