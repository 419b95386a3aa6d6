//! A unix socket: made with its permissions, and removed at the end.

use std::io;
use std::os::unix::fs::{FileTypeExt as _, MetadataExt as _, PermissionsExt as _};
use std::os::unix::net::UnixStream as BlockingStream;
use std::path::{Path, PathBuf};
use std::{fs, process};

use tokio::net::{UnixListener, UnixStream};

/// A unix socket that is listened on.
#[derive(Debug)]
pub(super) struct UnixSocket {
    listener: UnixListener,
    path: PathBuf,
    /// The file's device and number: whether it is still this one when it is to be removed.
    identity: (u64, u64),
}

impl UnixSocket {
    /// Listens on a path, replacing a socket there that nobody listens on any more.
    ///
    /// # Errors
    /// `AddrInUse` if somebody listens there, `AlreadyExists` if the file there is no socket.
    pub(super) fn bind(path: &Path, mode: u32) -> io::Result<Self> {
        if let Ok(found) = fs::symlink_metadata(path) {
            if !found.file_type().is_socket() {
                return Err(io::ErrorKind::AlreadyExists.into());
            }
            match BlockingStream::connect(path) {
                // There may be one without the permission to connect to it.
                Ok(_) => return Err(io::ErrorKind::AddrInUse.into()),
                Err(error) if error.kind() == io::ErrorKind::ConnectionRefused => {}
                Err(error) => return Err(error),
            }
        }
        // It has its permissions before anyone can find it, and replaces the old one at once.
        let mut name = path.file_name().unwrap_or_default().to_owned();
        name.push(format!(".{}", process::id()));
        let beside = path.with_file_name(name);
        let listener = UnixListener::bind(&beside)?;
        let placed = || {
            fs::set_permissions(&beside, fs::Permissions::from_mode(mode))?;
            let made = fs::symlink_metadata(&beside)?;
            fs::rename(&beside, path)?;
            Ok((made.dev(), made.ino()))
        };
        let identity = placed().inspect_err(|_: &io::Error| {
            // It is useless; the error matters.
            let _ = fs::remove_file(&beside);
        })?;
        Ok(Self {
            listener,
            path: path.to_owned(),
            identity,
        })
    }

    pub(super) async fn accept(&self) -> io::Result<UnixStream> {
        self.listener.accept().await.map(|(stream, _)| stream)
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }
}

impl Drop for UnixSocket {
    fn drop(&mut self) {
        let is_ours = fs::symlink_metadata(&self.path)
            .is_ok_and(|found| (found.dev(), found.ino()) == self.identity);
        if is_ours && let Err(error) = fs::remove_file(&self.path) {
            tracing::warn!(%error, path = %self.path.display(), "can't remove the socket");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A separate path for this test.
    struct Place(PathBuf);

    impl Place {
        fn new(name: &str) -> Self {
            let place = std::env::temp_dir().join(format!("veilcast-{}-{name}", process::id()));
            fs::create_dir_all(&place).unwrap();
            Self(place)
        }
    }

    impl Drop for Place {
        fn drop(&mut self) {
            fs::remove_dir_all(&self.0).unwrap();
        }
    }

    #[tokio::test]
    async fn only_sockets_that_nobody_listens_on_are_replaced() {
        let place = Place::new("replaced");
        let path = place.0.join("a.sock");
        let kind = |path: &Path| UnixSocket::bind(path, 0o600).map(drop).unwrap_err().kind();

        let first = UnixSocket::bind(&path, 0o640).unwrap();
        let mode = fs::metadata(&path).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o640);
        assert_eq!(kind(&path), io::ErrorKind::AddrInUse);
        assert!(path.exists());
        drop(first);
        assert!(!path.exists());

        // As after a service that was killed.
        drop(std::os::unix::net::UnixListener::bind(&path).unwrap());
        assert!(path.exists());
        let second = UnixSocket::bind(&path, 0o600).unwrap();
        assert!(BlockingStream::connect(&path).is_ok());
        // Somebody else's socket stays where it is.
        fs::remove_file(&path).unwrap();
        let other = std::os::unix::net::UnixListener::bind(&path).unwrap();
        drop(second);
        assert!(path.exists());
        drop(other);

        let file = place.0.join("file");
        fs::write(&file, "kept").unwrap();
        assert_eq!(kind(&file), io::ErrorKind::AlreadyExists);
        assert_eq!(fs::read_to_string(&file).unwrap(), "kept");
        assert_eq!(fs::read_dir(&place.0).unwrap().count(), 2);
    }
}
