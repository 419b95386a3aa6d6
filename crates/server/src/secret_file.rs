//! Files that hold secrets of the service's.

use std::error::Error;
use std::fs;
use std::path::Path;

use zeroize::Zeroizing;

/// The text of a file of at most `max_bytes` bytes; warns if others may read it.
pub(crate) fn read(
    file: &Path,
    max_bytes: u64,
) -> Result<Zeroizing<String>, Box<dyn Error + Send + Sync>> {
    let metadata = fs::metadata(file)?;
    if metadata.len() > max_bytes {
        return Err("the file is too large for a secret".into());
    }
    warn_of_readers(file, &metadata);
    Ok(fs::read_to_string(file).map(Zeroizing::new)?)
}

fn warn_of_readers(file: &Path, metadata: &fs::Metadata) {
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        if metadata.permissions().mode() & 0o077 != 0 {
            let file = file.display();
            tracing::warn!(
                "{file} is secret, but others may read it too: chmod 600 {file} makes it private"
            );
        }
    }
    #[cfg(not(unix))]
    let _ = (file, metadata);
}
