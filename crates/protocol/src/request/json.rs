//! Requests of all kinds as they are in JSON.

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use crate::error::excerpt;
use crate::tensor::{OnlyOne, ReceivedTensor, Text};
use crate::{DecodeError, Encoding};

/// A request of any kind, as it is in JSON.
#[derive(Deserialize)]
pub(crate) struct ReceivedRequest<'a> {
    #[serde(borrow)]
    pub(crate) id: Option<Text<'a>>,
    #[serde(borrow, default)]
    pub(crate) parameters: ReceivedParameters<'a>,
    #[serde(borrow, default)]
    pub(crate) inputs: OnlyOne<ReceivedTensor<'a>>,
    #[serde(borrow, default)]
    outputs: OnlyOne<ReceivedOutput<'a>>,
}

impl ReceivedRequest<'_> {
    /// The form in which the output called `name`, the only one, is wanted.
    pub(crate) fn answer(&self, name: &'static str) -> Result<Encoding, DecodeError> {
        let output = self.outputs.peek_at_most_one(name)?;
        if let Some(output) = output
            && output.name.0 != name
        {
            let found = excerpt(&output.name.0);
            return Err(DecodeError::TensorName {
                expected: name,
                found,
            });
        }
        let is_binary = output
            .and_then(|output| output.parameters.binary_data)
            .or(self.parameters.binary_data_output);
        Ok(match is_binary {
            Some(true) => Encoding::Binary,
            Some(false) | None => Encoding::Json,
        })
    }
}

#[derive(Default, Deserialize)]
pub(crate) struct ReceivedParameters<'a> {
    #[serde(borrow)]
    pub(super) public_key: Option<Text<'a>>,
    #[serde(borrow)]
    pub(super) key_proof: Option<Text<'a>>,
    #[serde(borrow)]
    pub(super) layout: Option<Text<'a>>,
    pub(super) features_per_ciphertext: Option<u32>,
    pub(super) scores_per_answer: Option<u32>,
    pub(crate) part: Option<u32>,
    pub(crate) records: Option<usize>,
    #[serde(borrow)]
    pub(super) seed: Option<Text<'a>>,
    pub(super) first: Option<u64>,
    #[serde(borrow)]
    pub(crate) card_digest: Option<Text<'a>>,
    #[serde(borrow)]
    pub(crate) vouchers: Option<Text<'a>>,
    #[serde(borrow)]
    pub(super) voucher_batch: Option<Text<'a>>,
    #[serde(borrow)]
    pub(crate) voucher_secret: Option<Text<'a>>,
    #[serde(borrow)]
    pub(crate) key_fingerprint: Option<Text<'a>>,
    binary_data_output: Option<bool>,
    #[serde(borrow)]
    pub(crate) timeout: Option<&'a RawValue>,
    #[serde(borrow)]
    pub(crate) priority: Option<&'a RawValue>,
}

#[derive(Deserialize)]
struct ReceivedOutput<'a> {
    #[serde(borrow)]
    name: Text<'a>,
    #[serde(default)]
    parameters: ReceivedOutputParameters,
}

#[derive(Default, Deserialize)]
struct ReceivedOutputParameters {
    binary_data: Option<bool>,
}

/// A request with these parameters and this kind of tensor.
#[derive(Serialize)]
pub(crate) struct SentRequest<'a, P, T> {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) id: Option<&'a str>,
    pub(crate) parameters: P,
    pub(crate) inputs: [T; 1],
    pub(crate) outputs: [SentOutput; 1],
}

/// The output that a request asks for.
#[derive(Serialize)]
pub(crate) struct SentOutput {
    name: &'static str,
    parameters: SentOutputParameters,
}

impl SentOutput {
    pub(crate) fn new(name: &'static str, answer: Encoding) -> Self {
        let binary_data = answer == Encoding::Binary;
        Self {
            name,
            parameters: SentOutputParameters { binary_data },
        }
    }
}

#[derive(Serialize)]
struct SentOutputParameters {
    binary_data: bool,
}
