//! The response: encrypted scores, and what they were computed from.

use serde::{Deserialize, Serialize};

use crate::error::required;
use crate::framing::{split, to_json};
use crate::layout::LayoutParameters;
use crate::request::{read_digest, read_id};
use crate::tensor::{OnlyOne, ReceivedTensor, SentTensor, Text, Width};
use crate::voucher::read_batch;
use crate::{
    BinaryBody, ByteMatrix, CardDigest, ContentDigest, DecodeError, Framing, KeyFingerprint,
    Layout, Limits, OUTPUT_TENSOR, VoucherBatch,
};

/// The encrypted scores of a request's records.
///
/// It repeats what the request states, so that the client can tell which request it answers, and
/// carries a digest of its scores, which reveals accidental damage but not deliberate changes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InferResponse {
    /// The request's identifier, if it had one.
    pub id: Option<String>,
    /// The name of the model.
    pub model_name: String,
    /// The version of the model.
    pub model_version: String,
    /// The fingerprint of the key that the scores are encrypted under.
    pub key_fingerprint: KeyFingerprint,
    /// The digest of the model's public card.
    pub card_digest: CardDigest,
    /// The layout of the request.
    pub layout: Layout,
    /// The number of the request's records.
    pub records: usize,
    /// The digest of the request's body as the service received it, if the service received one.
    pub request_digest: Option<ContentDigest>,
    /// What is known of the vouchers that the scores are parts of, in a [layout for vouchers](Layout::is_ahead); or of the shares of
    /// a hidden layer, which the next request goes on from. Nothing in others.
    pub vouchers: Option<VoucherBatch>,
    /// The scores: a row for each row of the request, with as many answers as the layout needs for the outputs.
    pub scores: ByteMatrix,
}

impl InferResponse {
    /// Reads a response.
    ///
    /// The scores have whatever width the sender chose, up to the limit: compare it with the key's.
    ///
    /// # Errors
    /// Each fault has its own [`DecodeError`]; [`DecodeError::Damaged`] means that the scores don't match their digest.
    pub fn decode(body: &[u8], framing: Framing, limits: &Limits) -> Result<Self, DecodeError> {
        let (received, raw) = split::<ReceivedResponse<'_>>(body, framing, limits)?;
        let parameters = received.parameters;
        let fingerprint = required(parameters.key_fingerprint, "key_fingerprint")?;
        let numbers = LayoutParameters {
            features_per_ciphertext: parameters.features_per_ciphertext,
            scores_per_answer: parameters.scores_per_answer,
            part: parameters.part,
            records: parameters.records,
        };
        let layout = numbers.layout(&required(parameters.layout, "layout")?)?;
        let tensor = received.outputs.get(OUTPUT_TENSOR)?;
        let width = Width::AtMost(limits.max_key_bytes.saturating_mul(2));
        let scores = tensor.decode(OUTPUT_TENSOR, width, raw, limits)?;
        let digest = required(parameters.scores_digest, "scores_digest")?;
        if read_content_digest(digest, "scores_digest")? != ContentDigest::of(scores.as_bytes()) {
            return Err(DecodeError::Damaged);
        }
        let request_digest = parameters
            .request_digest
            .map(|digest| read_content_digest(digest, "request_digest"));
        Ok(Self {
            id: read_id(received.id)?,
            model_name: received.model_name.0.into_owned(),
            model_version: received.model_version.0.into_owned(),
            key_fingerprint: fingerprint
                .0
                .parse()
                .map_err(|_| DecodeError::MalformedFingerprint)?,
            card_digest: read_digest(required(parameters.card_digest, "card_digest")?)?,
            layout,
            records: numbers.records(layout, scores.rows())?,
            request_digest: request_digest.transpose()?,
            vouchers: batch_in(layout, parameters.voucher_batch, parameters.voucher_secret)?,
            scores,
        })
    }

    /// The response as JSON.
    #[must_use]
    pub fn to_json(&self) -> Vec<u8> {
        to_json(&self.header(SentTensor::json(OUTPUT_TENSOR, &self.scores)))
    }

    /// The response in the binary tensor data extension, which is also the content of a response file.
    #[must_use]
    pub fn to_binary(&self) -> BinaryBody {
        let header = self.header(SentTensor::binary(OUTPUT_TENSOR, &self.scores));
        BinaryBody::new(&header, &self.scores)
    }

    fn header<'a>(
        &'a self,
        output: SentTensor<'a>,
    ) -> SentResponse<'a, SentParameters, SentTensor<'a>> {
        SentResponse {
            model_name: &self.model_name,
            model_version: &self.model_version,
            id: self.id.as_deref(),
            parameters: SentParameters {
                key_fingerprint: self.key_fingerprint.to_string(),
                layout: self.layout.name(),
                numbers: self.layout.parameters(self.records),
                card_digest: self.card_digest.to_string(),
                request_digest: self.request_digest.map(|digest| digest.to_string()),
                voucher_batch: self.vouchers.map(|batch| batch.id.to_string()),
                voucher_secret: self.vouchers.map(|batch| batch.secret.to_string()),
                scores_digest: ContentDigest::of(self.scores.as_bytes()).to_string(),
            },
            outputs: [output],
        }
    }
}

pub(crate) fn read_content_digest(
    digest: Text<'_>,
    parameter: &'static str,
) -> Result<ContentDigest, DecodeError> {
    let digest = digest.0.parse();
    digest.map_err(|_| DecodeError::MalformedContentDigest(parameter))
}

/// What an answer says about its vouchers, in a layout that has them, or about the shares of a network's layer, if it holds any.
fn batch_in(
    layout: Layout,
    batch: Option<Text<'_>>,
    secret: Option<Text<'_>>,
) -> Result<Option<VoucherBatch>, DecodeError> {
    let is_there = match layout {
        Layout::Layer { .. } => batch.is_some() || secret.is_some(),
        _ => layout.is_ahead(),
    };
    is_there.then(|| read_batch(batch, secret)).transpose()
}

/// A response of any kind, as it is in JSON.
#[derive(Deserialize)]
pub(crate) struct ReceivedResponse<'a> {
    #[serde(borrow)]
    pub(crate) model_name: Text<'a>,
    #[serde(borrow)]
    pub(crate) model_version: Text<'a>,
    #[serde(borrow)]
    pub(crate) id: Option<Text<'a>>,
    #[serde(borrow, default)]
    pub(crate) parameters: ReceivedParameters<'a>,
    #[serde(borrow, default)]
    pub(crate) outputs: OnlyOne<ReceivedTensor<'a>>,
}

#[derive(Default, Deserialize)]
pub(crate) struct ReceivedParameters<'a> {
    #[serde(borrow)]
    key_fingerprint: Option<Text<'a>>,
    #[serde(borrow)]
    layout: Option<Text<'a>>,
    features_per_ciphertext: Option<u32>,
    scores_per_answer: Option<u32>,
    part: Option<u32>,
    records: Option<usize>,
    #[serde(borrow)]
    pub(crate) card_digest: Option<Text<'a>>,
    #[serde(borrow)]
    pub(crate) request_digest: Option<Text<'a>>,
    #[serde(borrow)]
    voucher_batch: Option<Text<'a>>,
    #[serde(borrow)]
    voucher_secret: Option<Text<'a>>,
    #[serde(borrow)]
    pub(crate) scores_digest: Option<Text<'a>>,
}

/// A response with these parameters and this kind of tensor.
#[derive(Serialize)]
pub(crate) struct SentResponse<'a, P, T> {
    pub(crate) model_name: &'a str,
    pub(crate) model_version: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) id: Option<&'a str>,
    pub(crate) parameters: P,
    pub(crate) outputs: [T; 1],
}

#[derive(Serialize)]
struct SentParameters {
    key_fingerprint: String,
    layout: &'static str,
    #[serde(flatten)]
    numbers: LayoutParameters,
    card_digest: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    request_digest: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    voucher_batch: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    voucher_secret: Option<String>,
    scores_digest: String,
}
