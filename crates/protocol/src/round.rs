//! A round of a network with hidden layers: masked numbers go up, the next masked ones come down.

use std::time::Duration;

use serde::Serialize;

use crate::framing::to_json;
use crate::request::{ReceivedRequest, SentOutput, SentRequest};
use crate::tensor::SentIntegers;
use crate::vouched::{SentVouchers, Vouched};
use crate::{
    BinaryBody, CardDigest, DecodeError, Encoding, IntegerMatrix, KeyFingerprint, Limits,
    MASKED_OUTPUT_TENSOR, ROUND_INPUT_TENSOR, VoucherId, VoucherSecretId,
};

/// A request for the numbers after one affine part of a network, of records that vouchers mask. The answer is a
/// [`MaskedResponse`](crate::MaskedResponse).
///
/// A row of bytes holds the masked numbers of a record that go into the part, and after the first part those of its previous answer
/// too: each little-endian, in as many bytes as the card's ring takes. Nothing but sizes has been checked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RoundRequest {
    /// The identifier that the client chose, which the response repeats; at most [`Limits::MAX_ID_BYTES`] bytes.
    pub id: Option<String>,
    /// The digest of the card that the records were prepared with.
    pub card_digest: CardDigest,
    /// The key that the vouchers were made for.
    pub key_fingerprint: KeyFingerprint,
    /// The secret that the vouchers were derived from.
    pub secret: VoucherSecretId,
    /// Which affine part, from 0.
    pub part: u32,
    /// For each record the parts of its voucher that the round takes, as many for each: the shares of the part, the products of the layer before it, if
    /// there is one, and those of the layer after it, if there is one.
    pub vouchers: Vec<VoucherId>,
    /// A row of bytes for each record.
    pub numbers: IntegerMatrix,
    /// The form in which the client wants its answer.
    pub answer: Encoding,
    /// How long the client waits for the answer.
    pub timeout: Option<Duration>,
}

impl RoundRequest {
    /// The number of records.
    #[must_use]
    pub fn records(&self) -> usize {
        self.numbers.shape()[0]
    }

    /// What each record names of its voucher.
    pub fn vouchers_of_records(&self) -> std::slice::ChunksExact<'_, VoucherId> {
        self.vouchers
            .chunks_exact(self.vouchers.len() / self.records())
    }

    /// Reads what `received` and the bytes after it say.
    pub(crate) fn read(
        received: ReceivedRequest<'_>,
        raw: &[u8],
        limits: &Limits,
    ) -> Result<Self, DecodeError> {
        let part = received.parameters.part;
        let Vouched {
            id,
            card_digest,
            key_fingerprint,
            secret,
            vouchers,
            numbers,
            answer,
            timeout,
        } = Vouched::read(
            received,
            ROUND_INPUT_TENSOR,
            raw,
            limits,
            |vouchers, rows| vouchers > 0 && vouchers.is_multiple_of(rows),
        )?;
        Ok(Self {
            id,
            card_digest,
            key_fingerprint,
            secret,
            part: part.ok_or(DecodeError::MissingParameter("part"))?,
            vouchers,
            numbers,
            answer,
            timeout,
        })
    }

    /// The request as JSON.
    #[must_use]
    pub fn to_json(&self) -> Vec<u8> {
        to_json(&self.header(SentIntegers::json(ROUND_INPUT_TENSOR, &self.numbers)))
    }

    /// The request in the binary tensor data extension.
    #[must_use]
    pub fn to_binary(&self) -> BinaryBody {
        let header = self.header(SentIntegers::binary(ROUND_INPUT_TENSOR, &self.numbers));
        BinaryBody::of_integers(&header, &self.numbers)
    }

    fn header<'a>(
        &'a self,
        input: SentIntegers<'a>,
    ) -> SentRequest<'a, SentParameters, SentIntegers<'a>> {
        SentRequest {
            id: self.id.as_deref(),
            parameters: SentParameters {
                part: self.part,
                vouchers: SentVouchers::new(&self.vouchers, self.secret, self.key_fingerprint),
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
    part: u32,
    #[serde(flatten)]
    vouchers: SentVouchers,
    card_digest: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    timeout: Option<u64>,
}
