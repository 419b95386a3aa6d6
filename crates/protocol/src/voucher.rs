//! What names vouchers: see `veilcast-engine` for what they are.

use std::fmt;
use std::str::FromStr;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use thiserror::Error;
use veilcast_card::hex::{self, Hex};

use crate::DecodeError;
use crate::error::required;
use crate::tensor::Text;

/// A batch of vouchers: a random number that the service chooses; written as 32 lower-case hexadecimal digits.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct BatchId([u8; 16]);

/// The secret that a service derived vouchers from: a digest of it; written as 16 lower-case hexadecimal digits.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct VoucherSecretId([u8; 8]);

/// The text is not the hexadecimal digits of a batch of vouchers, or of a secret of vouchers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error(
    "not an id: expected lower-case hexadecimal digits, 32 for a batch of vouchers and 16 for their secret"
)]
pub struct MalformedVoucherId;

/// Implements what an id of bytes has in common with others.
macro_rules! id {
    ($Id:ident, $bytes:literal) => {
        impl $Id {
            /// The bytes of the id.
            #[must_use]
            pub fn as_bytes(&self) -> &[u8; $bytes] {
                &self.0
            }
        }

        impl From<[u8; $bytes]> for $Id {
            fn from(bytes: [u8; $bytes]) -> Self {
                Self(bytes)
            }
        }

        impl fmt::Display for $Id {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(&Hex(&self.0), f)
            }
        }

        impl fmt::Debug for $Id {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(self, f)
            }
        }

        impl FromStr for $Id {
            type Err = MalformedVoucherId;

            fn from_str(text: &str) -> Result<Self, MalformedVoucherId> {
                hex::parse(text).map(Self).ok_or(MalformedVoucherId)
            }
        }
    };
}

id!(BatchId, 16);
id!(VoucherSecretId, 8);

/// What an answer says about the vouchers in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct VoucherBatch {
    /// The batch, whose vouchers are numbered from 0 in the order of the request's records.
    pub id: BatchId,
    /// The secret that they were derived from.
    pub secret: VoucherSecretId,
}

/// A voucher: one number of a batch.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct VoucherId {
    /// The batch.
    pub batch: BatchId,
    /// Which of the batch, from 0.
    pub number: u32,
}

impl VoucherId {
    /// The bytes of a voucher's id in a message: the batch, then the number, big-endian.
    pub const BYTES: usize = 20;

    /// The bytes in a message.
    #[must_use]
    pub fn to_bytes(self) -> [u8; Self::BYTES] {
        let mut bytes = [0; Self::BYTES];
        bytes[..16].copy_from_slice(self.batch.as_bytes());
        bytes[16..].copy_from_slice(&self.number.to_be_bytes());
        bytes
    }

    /// The voucher that these bytes name.
    #[must_use]
    pub fn from_bytes(bytes: &[u8; Self::BYTES]) -> Self {
        let (batch, number) = bytes.split_at(16);
        Self {
            batch: BatchId(batch.try_into().expect("16 of 20 bytes")),
            number: u32::from_be_bytes(number.try_into().expect("4 of 20 bytes")),
        }
    }
}

/// What a message says of a batch.
pub(crate) fn read_batch(
    batch: Option<Text<'_>>,
    secret: Option<Text<'_>>,
) -> Result<VoucherBatch, DecodeError> {
    let batch = required(batch, "voucher_batch")?;
    let secret = required(secret, "voucher_secret")?;
    let malformed = |_| DecodeError::MalformedVouchers;
    Ok(VoucherBatch {
        id: batch.0.parse().map_err(malformed)?,
        secret: secret.0.parse().map_err(malformed)?,
    })
}

/// The vouchers that a message names.
pub(crate) fn read_vouchers(text: &Text<'_>) -> Result<Vec<VoucherId>, DecodeError> {
    let bytes = URL_SAFE_NO_PAD.decode(text.0.as_bytes());
    let bytes = bytes.map_err(|_| DecodeError::MalformedVouchers)?;
    match bytes.as_chunks() {
        (vouchers, []) => Ok(vouchers.iter().map(VoucherId::from_bytes).collect()),
        _ => Err(DecodeError::MalformedVouchers),
    }
}
