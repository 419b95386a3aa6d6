//! What can be wrong with a message.

use thiserror::Error;

/// Why bytes are not a matrix of ciphertexts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum ShapeError {
    /// A dimension is zero.
    #[error("a tensor needs at least one row and one column")]
    Empty,
    /// The product of the dimensions, or of the dimensions and the width, overflows.
    #[error("the tensor's shape is too large")]
    Overflow,
    /// The width is zero.
    #[error("a ciphertext needs at least one byte")]
    NoWidth,
    /// The number of bytes does not match the shape.
    #[error("the shape needs {expected} bytes, but there are {found}")]
    Length {
        /// Rows · columns · width.
        expected: usize,
        /// The bytes that were given.
        found: usize,
    },
}

/// Why parts do not make a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum RequestError {
    /// The modulus has no bytes.
    #[error("`public_key` is empty")]
    EmptyKey,
    /// The modulus starts with a zero byte.
    #[error("`public_key` starts with a zero byte: write the modulus in as few bytes as it needs")]
    PaddedKey,
    /// The number of records differs from that of the rows, or is smaller in the `records` layout.
    #[error("there are {records} records in {rows} rows, which the layout does not allow")]
    Records {
        /// The records that the request names.
        records: usize,
        /// The rows of its tensor.
        rows: usize,
    },
    /// The ciphertexts don't have twice as many bytes as the modulus.
    #[error("a ciphertext has {found} bytes, and under this key it has exactly {expected}")]
    CiphertextWidth {
        /// Twice the modulus's bytes.
        expected: usize,
        /// The ciphertexts' bytes.
        found: usize,
    },
}

impl RequestError {
    /// What happened, for programs: a name that does not change from version to version.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::EmptyKey | Self::PaddedKey => "malformed_public_key",
            Self::CiphertextWidth { .. } => "wrong_ciphertext_width",
            Self::Records { .. } => "wrong_record_count",
        }
    }
}

/// Why a body is not a message; always the sender's fault.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum DecodeError {
    /// The body is larger than the limits allow.
    #[error(
        "the body has {found} bytes, and at most {limit} are allowed: send fewer records at once"
    )]
    BodyTooLarge {
        /// The limit in bytes.
        limit: usize,
        /// The body's bytes.
        found: usize,
    },
    /// The JSON header does not end where the header length says.
    #[error("the JSON header does not end at byte {given}, where the header length puts it")]
    HeaderLength {
        /// The header length that came with the body.
        given: usize,
    },
    /// The JSON is malformed, or a member is missing or of the wrong type.
    #[error("the JSON is not a message of this protocol: {0}")]
    Json(String),
    /// The body ends before its tensor does.
    #[error("the body is cut short: its tensor needs {expected} bytes, and {found} are left")]
    Truncated {
        /// The bytes that the tensor needs.
        expected: usize,
        /// The bytes after the header.
        found: usize,
    },
    /// There are bytes after the tensor.
    #[error("the body has {0} bytes too many at its end")]
    TrailingBytes(usize),

    /// The message's identifier is too long.
    #[error("the id has more than {limit} bytes", limit = crate::Limits::MAX_ID_BYTES)]
    IdTooLong,
    /// A parameter is missing.
    #[error("the parameter `{0}` is missing")]
    MissingParameter(&'static str),
    /// A parameter that is an unsigned integer is something else.
    #[error("`{0}` is not a whole number from 0 to 2^64 − 1")]
    NotANumber(&'static str),
    /// A request asks for a higher or lower priority.
    #[error(
        "`priority` is {0}, but all requests have the same priority here: leave it out, or write 0"
    )]
    Priority(u64),
    /// The public key is not unpadded base64url.
    #[error("`public_key` is not base64url without padding")]
    KeyEncoding,
    /// The public key is longer than the limits allow.
    #[error("`public_key` has more than {limit} bytes")]
    KeyTooLong {
        /// The limit in bytes.
        limit: usize,
    },
    /// The public key is not written in as few bytes as it needs, or the ciphertexts don't have its width.
    #[error(transparent)]
    Request(#[from] RequestError),
    /// The layout is unknown.
    #[error("the layout {0:?} is unknown: see the model's card for the layouts it allows")]
    UnknownLayout(String),
    /// A number of the layout is zero.
    #[error("`{0}` is 0, and needs to be at least 1")]
    ZeroParameter(&'static str),
    /// There is a parameter that the layout does not have.
    #[error("the layout `{layout}` has no `{parameter}`")]
    SurplusParameter {
        /// The parameter.
        parameter: &'static str,
        /// The layout.
        layout: &'static str,
    },
    /// The number of records is given and differs from the number of the tensor's rows.
    #[error(
        "`records` is {found}, but the tensor has {rows} rows, and in this layout each is a record"
    )]
    RecordsAndRows {
        /// The number that was given.
        found: usize,
        /// The tensor's rows.
        rows: usize,
    },
    /// The seed of seeded ciphertexts is not 32 bytes in unpadded base64url.
    #[error("`seed` is not 32 bytes in base64url without padding")]
    MalformedSeed,
    /// What names vouchers is malformed.
    #[error(
        "`vouchers` is not 20 bytes for each in base64url without padding, or what names a batch or a secret of vouchers is not \
         hexadecimal digits: /openapi.json describes them"
    )]
    MalformedVouchers,
    /// There is not exactly one voucher for each record.
    #[error("there are {found} vouchers for {rows} masked records, and each takes one")]
    VoucherCount {
        /// The masked records.
        rows: usize,
        /// The vouchers.
        found: usize,
    },
    /// There are more ciphertexts for a sealed model than records.
    #[error(
        "{rows} rows of {columns} ciphertexts can't hold {records} records: each row has one ciphertext, which holds a record or more"
    )]
    SealedShape {
        /// The records that the request names.
        records: usize,
        /// The tensor's rows.
        rows: usize,
        /// The tensor's columns.
        columns: usize,
    },
    /// The card digest is not `sha256:` and 64 lower-case hexadecimal digits.
    #[error("`card_digest` is not `sha256:` and 64 lower-case hexadecimal digits")]
    MalformedDigest,
    /// The key fingerprint is not 64 lower-case hexadecimal digits.
    #[error("`key_fingerprint` is not 64 lower-case hexadecimal digits")]
    MalformedFingerprint,
    /// The proof of the key is not base64url of eight numbers of the modulus's length.
    #[error(
        "`key_proof` is not eight numbers of the modulus's length, one after another, as base64url without padding: \
         /openapi.json describes it"
    )]
    MalformedKeyProof,
    /// The digest of a request or of scores is not `sha256:` and 64 lower-case hexadecimal digits.
    #[error("`{0}` is not `sha256:` and 64 lower-case hexadecimal digits")]
    MalformedContentDigest(&'static str),
    /// The scores don't match their digest.
    #[error("the scores were damaged in transit: they don't match `scores_digest`")]
    Damaged,

    /// There is not exactly one tensor.
    #[error("there are {found} tensors where only `{expected}` belongs")]
    TensorCount {
        /// The name of the expected tensor.
        expected: &'static str,
        /// How many there are.
        found: usize,
    },
    /// The tensor is not the expected one.
    #[error("there is a tensor {found:?} where only `{expected}` belongs")]
    TensorName {
        /// The name of the expected tensor.
        expected: &'static str,
        /// The name that was given, shortened.
        found: String,
    },
    /// The tensor's datatype is not `BYTES`.
    #[error("the tensor's datatype is {0:?}, and only `BYTES` holds ciphertexts")]
    Datatype(String),
    /// The datatype of masked numbers is not one of unsigned integers.
    #[error(
        "the tensor's datatype is {0:?}, and masked numbers are `UINT16`, `UINT32` or `UINT64`"
    )]
    IntegerDatatype(String),
    /// The shape does not have two dimensions.
    #[error("the tensor's shape has {0} dimensions, and needs two: rows and columns")]
    Rank(usize),
    /// The shape is empty or overflows.
    #[error(transparent)]
    Shape(#[from] ShapeError),
    /// There are more records than the limits allow.
    #[error("there are {found} records, and at most {limit} are allowed: send fewer at once")]
    TooManyRecords {
        /// The limit.
        limit: usize,
        /// The records in the message.
        found: usize,
    },
    /// There are more ciphertexts than the limits allow.
    #[error(
        "there are {found} ciphertexts, and at most {limit} are allowed: send fewer records at once"
    )]
    TooManyCiphertexts {
        /// The limit.
        limit: usize,
        /// The ciphertexts in the message.
        found: usize,
    },

    /// The tensor has neither `data` nor `binary_data_size`, or both.
    #[error("the tensor needs either `data` or the parameter `binary_data_size`")]
    DataPlace,
    /// The tensor's `binary_data_size` does not match its shape and key.
    #[error("`binary_data_size` is {found}, but the shape and the key need {expected}")]
    BinarySize {
        /// The size that the shape and the key need.
        expected: usize,
        /// The size that was given.
        found: usize,
    },
    /// The binary size of an answer is not a size of elements of equal width.
    #[error("`binary_data_size` is {size}, which is not {count} ciphertexts of one allowed width")]
    UnevenBinarySize {
        /// The size that was given.
        size: usize,
        /// The elements of the shape.
        count: usize,
    },
    /// `data` is neither an array of strings nor an array of arrays of strings, one for each row.
    #[error("`data` is not an array of base64 strings, flat or row by row")]
    DataForm,
    /// `data` is not unsigned integers that fit the datatype.
    #[error("`data` is not an array of whole numbers that fit the datatype, flat or row by row")]
    IntegerForm,
    /// The number of elements of `data` does not match the shape.
    #[error("`data` does not hold exactly {expected} elements")]
    ElementCount {
        /// The elements of the shape.
        expected: usize,
    },
    /// An element is not base64 in the standard alphabet, with padding.
    #[error("element {index} is not base64")]
    ElementEncoding {
        /// The element's place, counted row by row from 0.
        index: usize,
    },
    /// An element does not have the width of a ciphertext.
    #[error(
        "element {index} has {found} bytes, and a ciphertext under this key has exactly {expected}"
    )]
    ElementWidth {
        /// The element's place, counted row by row from 0.
        index: usize,
        /// The width of a ciphertext.
        expected: usize,
        /// The element's bytes.
        found: usize,
    },
}

impl DecodeError {
    /// What happened, for programs: a name that does not change from version to version.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::BodyTooLarge { .. } => "body_too_large",
            Self::HeaderLength { .. } => "wrong_header_length",
            Self::Json(_) => "malformed_json",
            Self::Truncated { .. } => "truncated_body",
            Self::TrailingBytes(_) => "trailing_bytes",
            Self::IdTooLong => "id_too_long",
            Self::MissingParameter(_) => "missing_parameter",
            Self::NotANumber(_) => "malformed_parameter",
            Self::Priority(_) => "priority_not_supported",
            Self::KeyEncoding | Self::KeyTooLong { .. } => "malformed_public_key",
            Self::Request(error) => error.code(),
            Self::UnknownLayout(_) => "unknown_layout",
            Self::ZeroParameter(_)
            | Self::SurplusParameter { .. }
            | Self::RecordsAndRows { .. } => "wrong_layout_parameters",
            Self::MalformedSeed => "malformed_seed",
            Self::MalformedVouchers => "malformed_vouchers",
            Self::VoucherCount { .. } => "wrong_voucher_count",
            Self::MalformedDigest => "malformed_card_digest",
            Self::MalformedFingerprint => "malformed_key_fingerprint",
            Self::MalformedKeyProof => "malformed_key_proof",
            Self::MalformedContentDigest(_) => "malformed_content_digest",
            Self::Damaged => "damaged_scores",
            Self::TensorCount { .. } => "wrong_tensor_count",
            Self::TensorName { .. } => "unknown_tensor",
            Self::Datatype(_) | Self::IntegerDatatype(_) => "wrong_datatype",
            Self::Rank(_) | Self::Shape(_) | Self::SealedShape { .. } => "wrong_shape",
            Self::TooManyRecords { .. } => "too_many_records",
            Self::TooManyCiphertexts { .. } => "too_many_ciphertexts",
            Self::DataPlace => "misplaced_data",
            Self::BinarySize { .. } | Self::UnevenBinarySize { .. } => "wrong_binary_size",
            Self::DataForm | Self::IntegerForm => "malformed_data",
            Self::ElementCount { .. } => "wrong_element_count",
            Self::ElementEncoding { .. } => "malformed_element",
            Self::ElementWidth { .. } => "wrong_ciphertext_width",
        }
    }
}

/// The beginning of an untrusted text, short enough to be repeated in an error.
pub(crate) fn excerpt(text: &str) -> String {
    const CHARACTERS: usize = 128;
    match text.char_indices().nth(CHARACTERS) {
        None => text.to_owned(),
        Some((end, _)) => format!("{}…", &text[..end]),
    }
}

/// A parameter that a message must have.
pub(crate) fn required<T>(value: Option<T>, name: &'static str) -> Result<T, DecodeError> {
    value.ok_or(DecodeError::MissingParameter(name))
}
