//! The operators' token, which their calls need.

use std::fs;
use std::path::Path;

use veilcast_protocol::ContentDigest;

use crate::start_error::StartError;

/// The minimum length of an operators' token.
const LEAST_CHARACTERS: usize = 32;
/// The largest file of a token.
const MAX_TOKEN_BYTES: u64 = 4096;

/// The operators' token, kept as its digest, so that comparing it reveals nothing about it.
#[derive(Clone, Copy, PartialEq)]
pub(crate) struct OperatorToken(ContentDigest);

impl OperatorToken {
    pub(crate) fn of(token: &str) -> Self {
        Self(ContentDigest::of(token.as_bytes()))
    }

    /// Reads a token from its file; white space around it is ignored.
    pub(crate) fn read(file: &Path) -> Result<Self, StartError> {
        let unusable = |source| StartError::OperatorToken {
            file: file.to_owned(),
            source,
        };
        let bytes = fs::metadata(file).map_err(|error| unusable(error.into()))?;
        if bytes.len() > MAX_TOKEN_BYTES {
            return Err(unusable("the file is too large for a token".into()));
        }
        let text = fs::read_to_string(file).map_err(|error| unusable(error.into()))?;
        let token = text.trim();
        let is_sound =
            token.len() >= LEAST_CHARACTERS && token.bytes().all(|b| b.is_ascii_graphic());
        match is_sound {
            true => Ok(Self::of(token)),
            false => Err(unusable(
                "a token has at least 32 printable characters, such as those that `openssl rand -hex 32` prints".into(),
            )),
        }
    }
}
