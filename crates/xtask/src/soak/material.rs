//! Requests to send: valid ones, made by the program itself.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, ensure};

use super::http;
use crate::shell::run;
use crate::workspace::Workspace;

/// Requests, with their headers.
pub(super) struct Material {
    /// One digit under a key of 2048 bits.
    pub(super) cheap: Vec<u8>,
    /// Many records under a key of 4096 bits, an answer for each score.
    pub(super) costly: Vec<u8>,
}

/// Records of the costly request.
const RECORDS: usize = 60;

/// Costs by which an answer for each score is the cheapest: shifting scores together takes squarings.
const COSTS: &str = r#"{"key_bits": 4096, "link_bytes_per_second": 1e11, "seconds": {
    "product": 1e-6, "square": 100.0, "inversion": 1e-6, "decoding": 1e-6, "unit_check": 1e-6,
    "encryption": 1e-6, "correction": 1e-6, "expansion": 1e-6,
    "randomizers": [1e-6, 1e-6, 1e-6, 1e-6, 1e-6, 1e-6, 1e-6, 1e-6],
    "decryptions": [1e-6, 1e-6, 1e-6, 1e-6]}}"#;

impl Material {
    /// Makes them below the target directory.
    pub(super) fn make(workspace: &Workspace, program: &Path) -> anyhow::Result<Self> {
        let folder = workspace.target().join("soak");
        fs::create_dir_all(&folder)?;
        let costs = folder.join("costs.json");
        fs::write(&costs, COSTS)?;
        let maker = Maker {
            root: workspace.root(),
            program,
            folder,
        };
        let cheap = maker.request("digits", "2048", &[])?;
        let costs = costs.to_string_lossy().into_owned();
        let costly = maker.request("digits-hybrid", "4096", &["--costs", &costs])?;
        Ok(Self {
            cheap: http::post("digits", &cheap),
            costly: http::post("digits-hybrid", &repeated(&costly, RECORDS)?),
        })
    }
}

struct Maker<'a> {
    root: &'a Path,
    program: &'a Path,
    folder: PathBuf,
}

impl Maker<'_> {
    /// The body of a request with one record.
    fn request(&self, model: &str, bits: &str, options: &[&str]) -> anyhow::Result<Vec<u8>> {
        let model = self.root.join("models").join(model);
        let key = self.folder.join(format!("key-{bits}.json"));
        let request = self.folder.join(format!("request-{bits}"));
        let keygen = ["keygen", "--force", "--bits", bits, "--out"];
        run(Command::new(self.program).args(keygen).arg(&key))?;
        let mut encrypt = Command::new(self.program);
        encrypt.arg("encrypt").arg("--force").arg("--key").arg(&key);
        encrypt.arg("--card").arg(model.join("card.json"));
        let public_part = model.join("public.onnx");
        if public_part.exists() {
            encrypt.arg("--public-part").arg(public_part);
        }
        encrypt
            .arg("--in")
            .arg(self.root.join("data/drawings/seven.png"));
        run(encrypt.arg("--out").arg(&request).args(options))?;
        Ok(fs::read(request)?)
    }
}

/// A request with one record, with that record so many times.
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
