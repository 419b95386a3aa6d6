//! Requests for predictions, as the program makes them.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, ensure};

use crate::shell::run;
use crate::workspace::Workspace;

/// The pixels of an image, which the digit model takes.
const PIXELS: usize = 28 * 28;
/// The model's folder in the workspace.
pub(super) const MODEL: &str = "models/digits";
/// Where its predictions are.
const INFER: &str = "/v2/models/digits/infer";

/// Requests on the wire, under keys that the service may not know yet.
pub(super) struct Requests {
    /// Of one record.
    pub(super) one: Vec<u8>,
    /// Of sixty.
    pub(super) many: Vec<u8>,
    /// Of thirty, under a key of 4096 bits, with an answer for each score.
    pub(super) costly: Vec<u8>,
}

impl Requests {
    /// Encrypts records with the program, below the target directory.
    pub(super) fn make(program: &Path, workspace: &Workspace) -> anyhow::Result<Self> {
        let place = workspace.target().join("soak");
        std::fs::create_dir_all(&place).context("can't make a folder for the requests")?;
        let costs = place.join("costs.json");
        std::fs::write(&costs, COSTS).context("can't write the costs")?;
        let maker = Maker {
            program,
            card: workspace.root().join(MODEL).join("card.json"),
            place,
        };
        let costly = maker.request("costly", "4096", 1, &["--costs".as_ref(), costs.as_ref()])?;
        Ok(Self {
            one: on_the_wire(&maker.request("one", "2048", 1, &[])?),
            many: on_the_wire(&maker.request("many", "2048", 60, &[])?),
            costly: on_the_wire(&repeated(&costly, 30)?),
        })
    }
}

/// Costs by which an answer for each score is the cheapest, since to put scores together takes squarings.
const COSTS: &str = r#"{"key_bits": 4096, "link_bytes_per_second": 1e11, "seconds": {
    "product": 1e-6, "square": 100.0, "inversion": 1e-6, "decoding": 1e-6, "unit_check": 1e-6,
    "encryption": 1e-6, "correction": 1e-6, "expansion": 1e-6,
    "randomizers": [1e-6, 1e-6, 1e-6, 1e-6, 1e-6, 1e-6, 1e-6, 1e-6],
    "decryptions": [1e-6, 1e-6, 1e-6, 1e-6]}}"#;

/// What makes requests.
struct Maker<'a> {
    program: &'a Path,
    card: PathBuf,
    place: PathBuf,
}

impl Maker<'_> {
    /// The body of a request with this many records, under a new key.
    fn request(
        &self,
        name: &str,
        bits: &str,
        records: usize,
        options: &[&OsStr],
    ) -> anyhow::Result<Vec<u8>> {
        let [key, images, body] =
            ["json", "npy", "bin"].map(|kind| self.place.join(format!("{name}.{kind}")));
        run(Command::new(self.program)
            .args(["keygen", "--bits", bits, "--force", "--out"])
            .arg(&key)
            .stdout(std::process::Stdio::null()))?;
        std::fs::write(&images, npy(records)).context("can't write the records")?;
        run(Command::new(self.program)
            .args(["encrypt", "--force", "--key"])
            .arg(&key)
            .arg("--card")
            .arg(&self.card)
            .arg("--in")
            .arg(&images)
            .arg("--out")
            .arg(&body)
            .args(options)
            .stdout(std::process::Stdio::null()))?;
        std::fs::read(&body).context("can't read the request")
    }
}

/// A request with one record, with that record repeated this many times.
fn repeated(body: &[u8], records: usize) -> anyhow::Result<Vec<u8>> {
    let mut values = serde_json::Deserializer::from_slice(body).into_iter::<serde_json::Value>();
    let mut header = values.next().context("the request is empty")??;
    let ciphertexts = &body[values.byte_offset()..];
    let input = &mut header["inputs"][0];
    ensure!(input["shape"][0] == 1, "the request holds one record");
    input["shape"][0] = records.into();
    let size = &mut input["parameters"]["binary_data_size"];
    ensure!(*size == ciphertexts.len(), "its tensor is all that follows");
    *size = (records * ciphertexts.len()).into();
    let header = serde_json::to_vec(&header)?;
    Ok([header, ciphertexts.repeat(records)].concat())
}

fn on_the_wire(body: &[u8]) -> Vec<u8> {
    [&head(body.len())[..], body].concat()
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
