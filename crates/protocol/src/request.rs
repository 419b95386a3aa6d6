//! The request: the ciphertexts of a client's records, and the key, layout and card that they were made with.

mod json;

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::Serialize;
use serde_json::value::RawValue;

pub(crate) use self::json::{ReceivedRequest, SentOutput, SentRequest};
use crate::error::{RequestError, required};
use crate::framing::{split, to_json};
use crate::layout::LayoutParameters;
use crate::tensor::{SentTensor, Text, Width};
use crate::voucher::read_batch;
use crate::{
    BatchId, BinaryBody, CORRECTIONS_TENSOR, CardDigest, DecodeError, Encoding, Framing,
    INPUT_TENSOR, Layout, Limits, OUTPUT_TENSOR, SeededUpload, Upload, VoucherBatch, VoucherId,
};

/// A request for the scores of encrypted records.
///
/// The modulus has no leading zeros, the ciphertexts have twice as many bytes, and there is one row per record, or at most
/// one in the `records` layout. Nothing else has been checked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InferRequest {
    id: Option<String>,
    public_key: Vec<u8>,
    key_proof: Option<Vec<u8>>,
    layout: Layout,
    records: usize,
    card_digest: CardDigest,
    upload: Upload,
    vouchers: Option<VoucherBatch>,
    answer: Encoding,
    timeout: Option<Duration>,
}

impl InferRequest {
    /// A request with the modulus n as minimal big-endian bytes, the layout and number of the
    /// records, the digest of the card that they were prepared with, and the encrypted records in
    /// that layout: ciphertexts of 2 · len(n) bytes, or corrections of seeded ones.
    ///
    /// It has no id and no proof of its key, and asks for a binary answer.
    ///
    /// # Errors
    /// A [`RequestError`] if n is empty or starts with a zero byte, if ciphertexts have another width, or if the number of
    /// records differs from that of the rows (in the `records` layout: is smaller).
    pub fn new(
        public_key: Vec<u8>,
        layout: Layout,
        records: usize,
        card_digest: CardDigest,
        upload: impl Into<Upload>,
    ) -> Result<Self, RequestError> {
        let upload = upload.into();
        let (expected, rows) = (ciphertext_width(&public_key)?, upload.rows());
        match &upload {
            Upload::Full(ciphertexts) if ciphertexts.width() != expected => {
                let found = ciphertexts.width();
                return Err(RequestError::CiphertextWidth { expected, found });
            }
            _ => {}
        }
        let fits = if layout.is_grouped() {
            records >= rows
        } else {
            records == rows
        };
        if !fits {
            return Err(RequestError::Records { records, rows });
        }
        Ok(Self {
            id: None,
            public_key,
            key_proof: None,
            layout,
            records,
            card_digest,
            upload,
            vouchers: None,
            answer: Encoding::Binary,
            timeout: None,
        })
    }

    /// The request with an identifier, which the response repeats. Decoding refuses more than [`Limits::MAX_ID_BYTES`] bytes.
    #[must_use]
    pub fn with_id(self, id: impl Into<String>) -> Self {
        Self {
            id: Some(id.into()),
            ..self
        }
    }

    /// The request with the proof of its key, eight numbers of the modulus's length: a service asks for it before it
    /// accepts a key that is new to it. Decoding refuses a proof of any other length.
    #[must_use]
    pub fn with_key_proof(self, proof: impl Into<Vec<u8>>) -> Self {
        Self {
            key_proof: Some(proof.into()),
            ..self
        }
    }

    /// The request with what the last answer said of the shares in it, from which it goes on: for a [layer](Layout::Layer) after
    /// the first.
    #[must_use]
    pub fn with_vouchers(self, vouchers: VoucherBatch) -> Self {
        Self {
            vouchers: Some(vouchers),
            ..self
        }
    }

    /// The request with the form that its answer should have.
    #[must_use]
    pub fn with_answer(self, answer: Encoding) -> Self {
        Self { answer, ..self }
    }

    /// The request with a time limit for its computation, in whole microseconds; 0 means none.
    #[must_use]
    pub fn with_timeout(self, timeout: Duration) -> Self {
        let timeout = Some(timeout).filter(|timeout| timeout.as_micros() > 0);
        Self { timeout, ..self }
    }

    /// The identifier that the client chose.
    #[must_use]
    pub fn id(&self) -> Option<&str> {
        self.id.as_deref()
    }

    /// The modulus n as minimal big-endian bytes, unchecked.
    #[must_use]
    pub fn public_key(&self) -> &[u8] {
        &self.public_key
    }

    /// The proof of the key, of eight times the modulus's bytes, unchecked.
    #[must_use]
    pub fn key_proof(&self) -> Option<&[u8]> {
        self.key_proof.as_deref()
    }

    /// How the records are laid out.
    #[must_use]
    pub fn layout(&self) -> Layout {
        self.layout
    }

    /// The digest of the card that the records were prepared with.
    #[must_use]
    pub fn card_digest(&self) -> CardDigest {
        self.card_digest
    }

    /// The number of records, at least one.
    #[must_use]
    pub fn records(&self) -> usize {
        self.records
    }

    /// What names each record's voucher, or shares, in a batch.
    pub fn of_batch(&self, batch: BatchId) -> impl Iterator<Item = VoucherId> + Clone + use<> {
        (0..self.records).map(move |number| VoucherId {
            batch,
            number: u32::try_from(number).expect("a request has fewer records"),
        })
    }

    /// The encrypted records, unchecked.
    #[must_use]
    pub fn upload(&self) -> &Upload {
        &self.upload
    }

    /// What the last answer said of the shares in it, if the request goes on from one.
    #[must_use]
    pub fn vouchers(&self) -> Option<VoucherBatch> {
        self.vouchers
    }

    /// How long the client waits for the answer: a service gives up a computation that would take
    /// longer. None if the client doesn't say, or says 0.
    #[must_use]
    pub fn timeout(&self) -> Option<Duration> {
        self.timeout
    }

    /// The form in which the client wants its answer.
    #[must_use]
    pub fn answer(&self) -> Encoding {
        self.answer
    }

    /// Reads a request.
    ///
    /// # Errors
    /// Each fault has its own [`DecodeError`].
    pub fn decode(body: &[u8], framing: Framing, limits: &Limits) -> Result<Self, DecodeError> {
        let (received, raw) = split::<ReceivedRequest<'_>>(body, framing, limits)?;
        Self::read(received, raw, limits)
    }

    /// Reads what `received` and the bytes after it say.
    pub(crate) fn read(
        received: ReceivedRequest<'_>,
        raw: &[u8],
        limits: &Limits,
    ) -> Result<Self, DecodeError> {
        let answer = received.answer(OUTPUT_TENSOR)?;
        let parameters = received.parameters;
        let id = read_id(received.id)?;
        let public_key = read_key(required(parameters.public_key, "public_key")?, limits)?;
        let key_proof = parameters
            .key_proof
            .map(|text| read_proof(&text, &public_key));
        let key_proof = key_proof.transpose()?;
        let timeout = read_timeout(parameters.timeout, parameters.priority)?;
        let card_digest = read_digest(required(parameters.card_digest, "card_digest")?)?;
        let numbers = LayoutParameters {
            features_per_ciphertext: parameters.features_per_ciphertext,
            scores_per_answer: parameters.scores_per_answer,
            part: parameters.part,
            records: parameters.records,
        };
        let layout = numbers.layout(&required(parameters.layout, "layout")?)?;
        let upload = match parameters.seed {
            None => {
                let width = Width::Exactly(ciphertext_width(&public_key)?);
                let input = received.inputs.get(INPUT_TENSOR)?;
                Upload::Full(input.decode(INPUT_TENSOR, width, raw, limits)?)
            }
            Some(seed) => Upload::Seeded(SeededUpload {
                seed: read_seed(&seed)?,
                first: parameters.first.unwrap_or(0),
                corrections: received.inputs.get(CORRECTIONS_TENSOR)?.decode(
                    CORRECTIONS_TENSOR,
                    Width::AtMost(limits.max_body_bytes),
                    raw,
                    limits,
                )?,
            }),
        };
        let records = numbers.records(layout, upload.rows())?;
        let vouchers = match layout {
            Layout::Layer { part: 1.. } => Some(read_batch(
                parameters.voucher_batch,
                parameters.voucher_secret,
            )?),
            _ => None,
        };
        if records > limits.max_records {
            return Err(DecodeError::TooManyRecords {
                limit: limits.max_records,
                found: records,
            });
        }
        Ok(Self {
            id,
            key_proof,
            vouchers,
            answer,
            timeout,
            ..Self::new(public_key, layout, records, card_digest, upload)?
        })
    }

    /// The request as JSON.
    #[must_use]
    pub fn to_json(&self) -> Vec<u8> {
        let (name, tensor) = (self.upload.tensor_name(), self.upload.tensor());
        to_json(&self.header(SentTensor::json(name, tensor), self.key_proof()))
    }

    /// The request in the binary tensor data extension, which is also the content of a request file.
    #[must_use]
    pub fn to_binary(&self) -> BinaryBody {
        self.binary(self.key_proof())
    }

    /// The same without the proof of the key, for a service that has accepted the key before.
    #[must_use]
    pub fn to_binary_without_proof(&self) -> BinaryBody {
        self.binary(None)
    }

    fn binary(&self, key_proof: Option<&[u8]>) -> BinaryBody {
        let (name, tensor) = (self.upload.tensor_name(), self.upload.tensor());
        BinaryBody::new(
            &self.header(SentTensor::binary(name, tensor), key_proof),
            tensor,
        )
    }

    fn header<'a>(
        &'a self,
        input: SentTensor<'a>,
        key_proof: Option<&[u8]>,
    ) -> SentRequest<'a, SentParameters, SentTensor<'a>> {
        let seeded = match &self.upload {
            Upload::Full(_) => None,
            Upload::Seeded(seeded) => Some(seeded),
        };
        SentRequest {
            id: self.id.as_deref(),
            parameters: SentParameters {
                public_key: URL_SAFE_NO_PAD.encode(&self.public_key),
                key_proof: key_proof.map(|proof| URL_SAFE_NO_PAD.encode(proof)),
                layout: self.layout.name(),
                numbers: self.layout.parameters(self.records),
                seed: seeded.map(|seeded| URL_SAFE_NO_PAD.encode(seeded.seed)),
                first: seeded.map(|seeded| seeded.first),
                card_digest: self.card_digest.to_string(),
                voucher_batch: self.vouchers.map(|batch| batch.id.to_string()),
                voucher_secret: self.vouchers.map(|batch| batch.secret.to_string()),
                timeout: self.timeout.map(|timeout| timeout.as_micros() as u64),
            },
            inputs: [input],
            outputs: [SentOutput::new(OUTPUT_TENSOR, self.answer)],
        }
    }
}

/// The bytes of a ciphertext under this modulus, which must have no leading zeros.
fn ciphertext_width(public_key: &[u8]) -> Result<usize, RequestError> {
    match public_key {
        [] => Err(RequestError::EmptyKey),
        [0, ..] => Err(RequestError::PaddedKey),
        _ => Ok(2 * public_key.len()),
    }
}

fn read_key(text: Text<'_>, limits: &Limits) -> Result<Vec<u8>, DecodeError> {
    let limit = limits.max_key_bytes;
    if text.0.len() > limit.saturating_mul(4).div_ceil(3) {
        return Err(DecodeError::KeyTooLong { limit });
    }
    URL_SAFE_NO_PAD
        .decode(text.0.as_bytes())
        .map_err(|_| DecodeError::KeyEncoding)
}

pub(crate) fn read_id(id: Option<Text<'_>>) -> Result<Option<String>, DecodeError> {
    match id {
        Some(id) if id.0.len() > Limits::MAX_ID_BYTES => Err(DecodeError::IdTooLong),
        id => Ok(id.map(|id| id.0.into_owned())),
    }
}

/// The proof of a key: eight numbers of the modulus's length.
fn read_proof(text: &Text<'_>, public_key: &[u8]) -> Result<Vec<u8>, DecodeError> {
    const NUMBERS: usize = 8;
    let mut proof = vec![0; NUMBERS * public_key.len()];
    match URL_SAFE_NO_PAD.decode_slice(text.0.as_bytes(), &mut proof) {
        Ok(length) if length == proof.len() => Ok(proof),
        _ => Err(DecodeError::MalformedKeyProof),
    }
}

/// The time that a client gives a request, whose priority must be that of all others.
pub(crate) fn read_timeout(
    timeout: Option<&RawValue>,
    priority: Option<&RawValue>,
) -> Result<Option<Duration>, DecodeError> {
    let timeout = read_number(timeout, "timeout")?;
    match read_number(priority, "priority")? {
        0 => Ok((timeout > 0).then(|| Duration::from_micros(timeout))),
        found => Err(DecodeError::Priority(found)),
    }
}

/// A parameter that V2 defines as an unsigned integer; 0, its default, if it is missing.
fn read_number(value: Option<&RawValue>, name: &'static str) -> Result<u64, DecodeError> {
    let Some(value) = value else { return Ok(0) };
    let number = serde_json::from_str(value.get());
    number.map_err(|_| DecodeError::NotANumber(name))
}

fn read_seed(seed: &Text<'_>) -> Result<[u8; 32], DecodeError> {
    let mut bytes = [0; 32];
    match URL_SAFE_NO_PAD.decode_slice(seed.0.as_bytes(), &mut bytes) {
        Ok(32) => Ok(bytes),
        _ => Err(DecodeError::MalformedSeed),
    }
}

pub(crate) fn read_digest(digest: Text<'_>) -> Result<CardDigest, DecodeError> {
    digest.0.parse().map_err(|_| DecodeError::MalformedDigest)
}

#[derive(Serialize)]
struct SentParameters {
    public_key: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    key_proof: Option<String>,
    layout: &'static str,
    #[serde(flatten)]
    numbers: LayoutParameters,
    #[serde(skip_serializing_if = "Option::is_none")]
    seed: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    first: Option<u64>,
    card_digest: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    voucher_batch: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    voucher_secret: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    timeout: Option<u64>,
}
