//! The secrets that vouchers are derived from, in a file that replicas share.

use std::path::Path;

use veilcast_card::hex;
use veilcast_engine::{VoucherSecret, VoucherSecrets};
use zeroize::Zeroizing;

use crate::secret_file;
use crate::start_error::StartError;

/// The largest file: a few dozen secrets.
const MAX_BYTES: u64 = 4096;

/// Reads secrets from their file: one per line, each as 64 hexadecimal digits. The first is for new vouchers; those of the others
/// are still taken. Empty lines and comments, which begin with `#`, don't count.
///
/// # Errors
/// [`StartError::VoucherSecret`]: the file can't be read, is too large, or holds a line that isn't a secret, or none. That others may read it is only
/// warned of.
pub fn read(file: &Path) -> Result<VoucherSecrets, StartError> {
    let unusable = |source| StartError::VoucherSecret {
        file: file.to_owned(),
        source,
    };
    let text = secret_file::read(file, MAX_BYTES).map_err(unusable)?;
    let lines = text.lines().map(str::trim);
    let lines = lines.filter(|line| !line.is_empty() && !line.starts_with('#'));
    let secret = |line: &str| {
        let bytes = hex::parse(line).map(Zeroizing::new)?;
        Some(VoucherSecret::new(bytes))
    };
    let secrets: Option<Vec<VoucherSecret>> = lines.map(secret).collect();
    let mut secrets = secrets.unwrap_or_default().into_iter();
    match secrets.next() {
        Some(current) => Ok(VoucherSecrets::new(current, secrets.collect())),
        None => Err(unusable(
            "each line must be 64 lower-case hexadecimal digits, such as `openssl rand -hex 32` prints".into(),
        )),
    }
}
