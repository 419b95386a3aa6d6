//! Requests for predictions, as the program makes them.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::Context as _;

use crate::shell::run;
use crate::workspace::Workspace;

/// The pixels of an image, which the digit model takes.
const PIXELS: usize = 28 * 28;
/// The model's folder in the workspace.
pub(super) const MODEL: &str = "models/digits";
/// Where its predictions are.
const INFER: &str = "/v2/models/digits/infer";

/// Requests on the wire, under a key that the service may not know yet.
pub(super) struct Requests {
    /// Of one record.
    pub(super) one: Vec<u8>,
    /// Of sixty.
    pub(super) many: Vec<u8>,
}

impl Requests {
    /// Encrypts records with the program, below the target directory.
    pub(super) fn make(program: &Path, workspace: &Workspace) -> anyhow::Result<Self> {
        let place = workspace.target().join("soak");
        std::fs::create_dir_all(&place).context("can't make a folder for the requests")?;
        let key = place.join("key.json");
        run(Command::new(program)
            .args(["keygen", "--bits", "2048", "--force", "--out"])
            .arg(&key)
            .stdout(std::process::Stdio::null()))?;
        let card = workspace.root().join(MODEL).join("card.json");
        let request = |name: &str, records: usize| -> anyhow::Result<Vec<u8>> {
            let images = place.join(format!("{name}.npy"));
            std::fs::write(&images, npy(records)).context("can't write the records")?;
            let body: PathBuf = place.join(format!("{name}.bin"));
            run(Command::new(program)
                .args(["encrypt", "--force", "--key"])
                .arg(&key)
                .arg("--card")
                .arg(&card)
                .arg("--in")
                .arg(&images)
                .arg("--out")
                .arg(&body)
                .stdout(std::process::Stdio::null()))?;
            let body = std::fs::read(&body).context("can't read the request")?;
            Ok([&head(body.len())[..], &body].concat())
        };
        Ok(Self {
            one: request("one", 1)?,
            many: request("many", 60)?,
        })
    }
}

/// The head of a request for predictions whose body has this many bytes.
pub(super) fn head(length: usize) -> Vec<u8> {
    format!(
        "POST {INFER} HTTP/1.1\r\nhost: soak\r\ncontent-type: application/octet-stream\r\ncontent-length: {length}\r\n\r\n"
    )
    .into_bytes()
}

/// A request without a body.
pub(super) fn get(path: &str) -> Vec<u8> {
    format!("GET {path} HTTP/1.1\r\nhost: soak\r\n\r\n").into_bytes()
}

/// Black images in NumPy's format.
fn npy(records: usize) -> Vec<u8> {
    let header =
        format!("{{'descr': '|u1', 'fortran_order': False, 'shape': ({records}, 28, 28), }}");
    // With the ten bytes before it, and the line's end, a multiple of 64.
    let width = (10 + header.len() + 1).next_multiple_of(64) - 11;
    let header = format!("{header:width$}\n");
    let mut file = b"\x93NUMPY\x01\x00".to_vec();
    file.extend_from_slice(&(header.len() as u16).to_le_bytes());
    file.extend_from_slice(header.as_bytes());
    file.resize(file.len() + records * PIXELS, 0);
    file
}
