//! What requests share whose numbers are masked with vouchers.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::Serialize;

use crate::error::required;
use crate::request::{ReceivedRequest, read_digest, read_id, read_timeout};
use crate::voucher::read_vouchers;
use crate::{
    CardDigest, DecodeError, Encoding, IntegerMatrix, KeyFingerprint, Limits, MASKED_OUTPUT_TENSOR,
    VoucherId, VoucherSecretId,
};

/// What such a request says, whichever it is.
pub(crate) struct Vouched {
    pub(crate) id: Option<String>,
    pub(crate) card_digest: CardDigest,
    pub(crate) key_fingerprint: KeyFingerprint,
    pub(crate) secret: VoucherSecretId,
    pub(crate) vouchers: Vec<VoucherId>,
    pub(crate) numbers: IntegerMatrix,
    pub(crate) answer: Encoding,
    pub(crate) timeout: Option<Duration>,
}

impl Vouched {
    /// Reads what `received` and the bytes after it say; `are_enough` tells whether there may be so many vouchers for so many rows.
    pub(crate) fn read(
        received: ReceivedRequest<'_>,
        tensor: &'static str,
        raw: &[u8],
        limits: &Limits,
        are_enough: impl Fn(usize, usize) -> bool,
    ) -> Result<Self, DecodeError> {
        let answer = received.answer(MASKED_OUTPUT_TENSOR)?;
        let parameters = received.parameters;
        let timeout = read_timeout(parameters.timeout, parameters.priority)?;
        let numbers = (received.inputs.get(tensor)?).integers(tensor, raw, limits)?;
        let vouchers = read_vouchers(&required(parameters.vouchers, "vouchers")?)?;
        let ([rows, _], found) = (numbers.shape(), vouchers.len());
        if !are_enough(found, rows) {
            return Err(DecodeError::VoucherCount { rows, found });
        }
        let fingerprint = required(parameters.key_fingerprint, "key_fingerprint")?;
        let secret = required(parameters.voucher_secret, "voucher_secret")?;
        Ok(Self {
            id: read_id(received.id)?,
            card_digest: read_digest(required(parameters.card_digest, "card_digest")?)?,
            key_fingerprint: (fingerprint.0.parse())
                .map_err(|_| DecodeError::MalformedFingerprint)?,
            secret: (secret.0.parse()).map_err(|_| DecodeError::MalformedVouchers)?,
            vouchers,
            numbers,
            answer,
            timeout,
        })
    }
}

/// What the header of such a request says of its vouchers.
#[derive(Serialize)]
pub(crate) struct SentVouchers {
    vouchers: String,
    voucher_secret: String,
    key_fingerprint: String,
}

impl SentVouchers {
    pub(crate) fn new(
        vouchers: &[VoucherId],
        secret: VoucherSecretId,
        key_fingerprint: KeyFingerprint,
    ) -> Self {
        let vouchers = vouchers.iter().flat_map(|voucher| voucher.to_bytes());
        Self {
            vouchers: URL_SAFE_NO_PAD.encode(vouchers.collect::<Vec<u8>>()),
            voucher_secret: secret.to_string(),
            key_fingerprint: key_fingerprint.to_string(),
        }
    }
}
