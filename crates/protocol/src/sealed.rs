//! Records in ciphertexts that a client has made of a sealed model's weights.

use std::time::Duration;

use serde::Serialize;

use crate::error::required;
use crate::framing::to_json;
use crate::request::{
    ReceivedRequest, SentOutput, SentRequest, read_digest, read_id, read_timeout,
};
use crate::tensor::{SentTensor, Width};
use crate::{
    BinaryBody, ByteMatrix, CardDigest, DecodeError, Encoding, Framing, Limits,
    MASKED_OUTPUT_TENSOR, SEALED_INPUT_TENSOR,
};

/// A request to a sealed model: a ciphertext under the service's key for each group of records, which share it. The answer is a
/// [`MaskedResponse`](crate::MaskedResponse) with a row of bytes for each record.
///
/// Nothing but sizes has been checked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SealedRequest {
    /// The identifier that the client chose, which the response repeats; at most [`Limits::MAX_ID_BYTES`] bytes.
    pub id: Option<String>,
    /// The digest of the card that the records were prepared with.
    pub card_digest: CardDigest,
    /// The number of records, at least one.
    pub records: usize,
    /// The ciphertexts, one in each row.
    pub ciphertexts: ByteMatrix,
    /// The form in which the client wants its answer.
    pub answer: Encoding,
    /// How long the client waits for the answer.
    pub timeout: Option<Duration>,
}

impl SealedRequest {
    /// Reads a request, such as one from a file.
    ///
    /// # Errors
    /// Each fault has its own [`DecodeError`].
    pub fn decode(body: &[u8], framing: Framing, limits: &Limits) -> Result<Self, DecodeError> {
        let (received, raw) = crate::framing::split(body, framing, limits)?;
        Self::read(received, raw, limits)
    }

    /// Reads what `received` and the bytes after it say.
    pub(crate) fn read(
        received: ReceivedRequest<'_>,
        raw: &[u8],
        limits: &Limits,
    ) -> Result<Self, DecodeError> {
        let answer = received.answer(MASKED_OUTPUT_TENSOR)?;
        let parameters = received.parameters;
        let timeout = read_timeout(parameters.timeout, parameters.priority)?;
        let width = Width::AtMost(2 * limits.max_key_bytes);
        let input = received.inputs.get(SEALED_INPUT_TENSOR)?;
        let ciphertexts = input.decode(SEALED_INPUT_TENSOR, width, raw, limits)?;
        let records = required(parameters.records, "records")?;
        let [rows, columns] = ciphertexts.shape();
        if columns != 1 || rows > records {
            return Err(DecodeError::SealedShape {
                records,
                rows,
                columns,
            });
        }
        if records > limits.max_records {
            return Err(DecodeError::TooManyRecords {
                limit: limits.max_records,
                found: records,
            });
        }
        Ok(Self {
            id: read_id(received.id)?,
            card_digest: read_digest(required(parameters.card_digest, "card_digest")?)?,
            records,
            ciphertexts,
            answer,
            timeout,
        })
    }

    /// The request as JSON.
    #[must_use]
    pub fn to_json(&self) -> Vec<u8> {
        to_json(&self.header(SentTensor::json(SEALED_INPUT_TENSOR, &self.ciphertexts)))
    }

    /// The request in the binary tensor data extension, which is also the content of a request file.
    #[must_use]
    pub fn to_binary(&self) -> BinaryBody {
        let header = self.header(SentTensor::binary(SEALED_INPUT_TENSOR, &self.ciphertexts));
        BinaryBody::new(&header, &self.ciphertexts)
    }

    fn header<'a>(
        &'a self,
        input: SentTensor<'a>,
    ) -> SentRequest<'a, SentParameters, SentTensor<'a>> {
        SentRequest {
            id: self.id.as_deref(),
            parameters: SentParameters {
                records: self.records,
                card_digest: self.card_digest.to_string(),
                timeout: self.timeout.map(|timeout| timeout.as_micros() as u64),
            },
            inputs: [input],
            outputs: [SentOutput::new(MASKED_OUTPUT_TENSOR, self.answer)],
        }
    }
}

#[derive(Serialize)]
struct SentParameters {
    records: usize,
    card_digest: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    timeout: Option<u64>,
}
