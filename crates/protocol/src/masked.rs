//! Records masked with vouchers, and their masked scores: plain integers in place of ciphertexts.

use std::time::Duration;

use serde::Serialize;

use crate::error::required;
use crate::framing::{split, to_json};
use crate::request::{ReceivedRequest, SentOutput, SentRequest, read_digest, read_id};
use crate::response::{ReceivedResponse, SentResponse, read_content_digest};
use crate::tensor::SentIntegers;
use crate::vouched::{SentVouchers, Vouched};
use crate::{
    BinaryBody, CardDigest, ContentDigest, DecodeError, Encoding, Framing, IntegerMatrix,
    KeyFingerprint, Limits, MASKED_INPUT_TENSOR, MASKED_OUTPUT_TENSOR, VoucherId, VoucherSecretId,
};

/// A request for the scores of records that vouchers mask: a row of integers for each record.
///
/// It has a voucher for each record. Nothing else has been checked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MaskedRequest {
    /// The identifier that the client chose, which the response repeats; at most [`Limits::MAX_ID_BYTES`] bytes.
    pub id: Option<String>,
    /// The digest of the card that the records were prepared with.
    pub card_digest: CardDigest,
    /// The key that the vouchers were made for.
    pub key_fingerprint: KeyFingerprint,
    /// The secret that the vouchers were derived from.
    pub secret: VoucherSecretId,
    /// A voucher for each record.
    pub vouchers: Vec<VoucherId>,
    /// The masked records.
    pub records: IntegerMatrix,
    /// The form in which the client wants its answer.
    pub answer: Encoding,
    /// How long the client waits for the answer.
    pub timeout: Option<Duration>,
}

impl MaskedRequest {
    /// Reads what `received` and the bytes after it say.
    pub(crate) fn read(
        received: ReceivedRequest<'_>,
        raw: &[u8],
        limits: &Limits,
    ) -> Result<Self, DecodeError> {
        let Vouched {
            id,
            card_digest,
            key_fingerprint,
            secret,
            vouchers,
            numbers: records,
            answer,
            timeout,
        } = Vouched::read(
            received,
            MASKED_INPUT_TENSOR,
            raw,
            limits,
            |vouchers, rows| vouchers == rows,
        )?;
        Ok(Self {
            id,
            card_digest,
            key_fingerprint,
            secret,
            vouchers,
            records,
            answer,
            timeout,
        })
    }

    /// The request as JSON.
    #[must_use]
    pub fn to_json(&self) -> Vec<u8> {
        to_json(&self.header(SentIntegers::json(MASKED_INPUT_TENSOR, &self.records)))
    }

    /// The request in the binary tensor data extension.
    #[must_use]
    pub fn to_binary(&self) -> BinaryBody {
        let header = self.header(SentIntegers::binary(MASKED_INPUT_TENSOR, &self.records));
        BinaryBody::of_integers(&header, &self.records)
    }

    fn header<'a>(
        &'a self,
        input: SentIntegers<'a>,
    ) -> SentRequest<'a, SentParameters, SentIntegers<'a>> {
        SentRequest {
            id: self.id.as_deref(),
            parameters: SentParameters {
                vouchers: SentVouchers::new(&self.vouchers, self.secret, self.key_fingerprint),
                card_digest: self.card_digest.to_string(),
                timeout: self.timeout.map(|timeout| timeout.as_micros() as u64),
            },
            inputs: [input],
            outputs: [SentOutput::new(MASKED_OUTPUT_TENSOR, self.answer)],
        }
    }
}

/// The masked scores of a request's records: a row of integers for each.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MaskedResponse {
    /// The request's identifier, if it had one.
    pub id: Option<String>,
    /// The name of the model.
    pub model_name: String,
    /// The version of the model.
    pub model_version: String,
    /// The digest of the model's public card.
    pub card_digest: CardDigest,
    /// The digest of the request's body as the service received it, if the service received one.
    pub request_digest: Option<ContentDigest>,
    /// The masked scores, which a digest in the message protects from accidental damage.
    pub scores: IntegerMatrix,
}

impl MaskedResponse {
    /// Reads a response.
    ///
    /// # Errors
    /// Each fault has its own [`DecodeError`]; [`DecodeError::Damaged`] means that the scores don't match their digest.
    pub fn decode(body: &[u8], framing: Framing, limits: &Limits) -> Result<Self, DecodeError> {
        let (received, raw) = split::<ReceivedResponse<'_>>(body, framing, limits)?;
        let parameters = received.parameters;
        let tensor = received.outputs.get(MASKED_OUTPUT_TENSOR)?;
        let scores = tensor.integers(MASKED_OUTPUT_TENSOR, raw, limits)?;
        let digest = required(parameters.scores_digest, "scores_digest")?;
        if read_content_digest(digest, "scores_digest")? != digest_of(&scores) {
            return Err(DecodeError::Damaged);
        }
        let request_digest = parameters
            .request_digest
            .map(|digest| read_content_digest(digest, "request_digest"));
        Ok(Self {
            id: read_id(received.id)?,
            model_name: received.model_name.0.into_owned(),
            model_version: received.model_version.0.into_owned(),
            card_digest: read_digest(required(parameters.card_digest, "card_digest")?)?,
            request_digest: request_digest.transpose()?,
            scores,
        })
    }

    /// The response as JSON.
    #[must_use]
    pub fn to_json(&self) -> Vec<u8> {
        to_json(&self.header(SentIntegers::json(MASKED_OUTPUT_TENSOR, &self.scores)))
    }

    /// The response in the binary tensor data extension.
    #[must_use]
    pub fn to_binary(&self) -> BinaryBody {
        let header = self.header(SentIntegers::binary(MASKED_OUTPUT_TENSOR, &self.scores));
        BinaryBody::of_integers(&header, &self.scores)
    }

    fn header<'a>(
        &'a self,
        output: SentIntegers<'a>,
    ) -> SentResponse<'a, SentResponseParameters, SentIntegers<'a>> {
        SentResponse {
            model_name: &self.model_name,
            model_version: &self.model_version,
            id: self.id.as_deref(),
            parameters: SentResponseParameters {
                card_digest: self.card_digest.to_string(),
                request_digest: self.request_digest.map(|digest| digest.to_string()),
                scores_digest: digest_of(&self.scores).to_string(),
            },
            outputs: [output],
        }
    }
}

/// The digest of scores: of their bytes in a binary tensor.
fn digest_of(scores: &IntegerMatrix) -> ContentDigest {
    ContentDigest::of(&scores.to_le_bytes())
}

#[derive(Serialize)]
struct SentParameters {
    #[serde(flatten)]
    vouchers: SentVouchers,
    card_digest: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    timeout: Option<u64>,
}

#[derive(Serialize)]
struct SentResponseParameters {
    card_digest: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    request_digest: Option<String>,
    scores_digest: String,
}
