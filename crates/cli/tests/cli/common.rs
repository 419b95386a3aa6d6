//! A small model, a key and a service that the tests share.

use std::fs;
use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command as Process, Stdio};
use std::sync::LazyLock;

use assert_cmd::Command;
use serde_json::Value;
use tempfile::TempDir;
use veilcast_card::{
    Activation, ClassPrediction, Input, InputBits, InputKind, Layouts, Limits, PerFeature,
    Preprocessing, Quantization, ScalarLayout,
};
use veilcast_model::{Blueprint, FloatMap, Model};

/// Sends a process a signal by its name, such as TERM.
pub(crate) fn signal(process: &Child, name: &str) {
    let sent = Process::new("kill")
        .args(["-s", name, &process.id().to_string()])
        .status();
    assert!(sent.unwrap().success());
}

/// The built-in digit model, as the repository has it.
pub(crate) const DIGITS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../models/digits");
/// The built-in hybrid model, as the repository has it.
pub(crate) const HYBRID: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../models/digits-hybrid");
/// MNIST, as the repository has it.
pub(crate) const MNIST: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../data/mnist");

/// Where the program keeps what it can fetch again.
pub(crate) const CACHE: &str = ".cache";

/// Records of the small model, more than it takes in one request.
pub(crate) const RECORDS: &str = "age,weight,height\n1,2,3\n4,5,6\n7.5,8,9\n0,0,0\n15,15,15\n";

static SHARED: LazyLock<TempDir> = LazyLock::new(|| {
    let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
    let bits = ["keygen", "--bits", "2048", "--out", "key.json"];
    veilcast(folder.path()).args(bits).assert().success();
    table_model("risk")
        .save(&folder.path().join("model"), false)
        .unwrap();
    fs::write(folder.path().join("records.csv"), RECORDS).unwrap();
    folder
});

/// A model of three columns and two classes that takes two records per request, one column per
/// ciphertext.
pub(crate) fn table_model(name: &str) -> Model {
    let layouts = Layouts {
        scalar: Some(ScalarLayout {}),
        ..Layouts::default()
    };
    table_model_in(layouts, name)
}

/// The same in other layouts.
pub(crate) fn table_model_in(layouts: Layouts, name: &str) -> Model {
    let (blueprint, map) = table_blueprint(layouts, name);
    blueprint.build(map).unwrap()
}

/// What the small model is built from.
pub(crate) fn table_blueprint(layouts: Layouts, name: &str) -> (Blueprint, FloatMap) {
    let columns = ["age", "weight", "height"];
    let blueprint = Blueprint {
        name: name.to_owned(),
        version: "1".to_owned(),
        description: "Tells low from high.".to_owned(),
        input: Input {
            kind: InputKind::Table,
            description: String::new(),
            shape: vec![3],
            features: Some(columns.map(str::to_owned).to_vec()),
            fit: None,
            about: Default::default(),
            preprocessing: Preprocessing::new(vec![]),
        },
        public_part: None,
        quantization: Quantization {
            bits: InputBits::of::<4>(),
            step: PerFeature::All(1.0),
            zero: PerFeature::All(0.0),
        },
        labels: vec!["low".to_owned(), "high".to_owned()],
        activation: Activation::Softmax,
        units: None,
        threshold: None,
        task: None,
        layouts,
        ways: None,
        limits: Limits {
            max_records: 2,
            max_ciphertexts: 1000,
        },
        max_weight: 7,
    };
    let map = FloatMap::new(3, 2, vec![7.0, -7.0, 0.0, -7.0, 7.0, 1.0], vec![3.0, -2.0]).unwrap();
    (blueprint, map)
}

/// A folder of its own with `model`, `key.json` and `records.csv`, and the binary to run in it.
pub(crate) struct Place {
    folder: TempDir,
}

impl Place {
    pub(crate) fn new() -> Self {
        let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
        for name in ["model", "key.json", "records.csv"] {
            std::os::unix::fs::symlink(SHARED.path().join(name), folder.path().join(name)).unwrap();
        }
        Self { folder }
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub(crate) fn read(&self, name: &str) -> String {
        fs::read_to_string(self.path(name)).unwrap()
    }

    pub(crate) fn write(&self, name: &str, content: impl AsRef<[u8]>) {
        fs::write(self.path(name), content).unwrap();
    }

    /// The names of all files, to see that nothing is left behind.
    pub(crate) fn names(&self) -> Vec<String> {
        let entries = fs::read_dir(self.folder.path()).unwrap();
        let mut names: Vec<_> = entries
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        names
    }

    pub(crate) fn veilcast(&self) -> Command {
        veilcast(self.folder.path())
    }

    /// Runs a command that must succeed; gives its standard output.
    pub(crate) fn run(&self, line: &str) -> String {
        let output = self
            .veilcast()
            .args(line.split_whitespace())
            .assert()
            .success();
        String::from_utf8(output.get_output().stdout.clone()).unwrap()
    }

    /// Runs a command that must succeed; gives its standard output's last line as JSON.
    pub(crate) fn json(&self, line: &str) -> Value {
        let output = self.run(line);
        serde_json::from_str(output.lines().last().unwrap()).unwrap()
    }

    /// A file's content as JSON.
    pub(crate) fn json_file(&self, name: &str) -> Value {
        serde_json::from_str(&self.read(name)).unwrap()
    }

    /// Runs a command that must fail with status 1 and no output; gives its standard error.
    pub(crate) fn fail(&self, line: &str) -> String {
        let output = self
            .veilcast()
            .args(line.split_whitespace())
            .assert()
            .code(1)
            .stdout("");
        String::from_utf8(output.get_output().stderr.clone()).unwrap()
    }

    /// Starts a service of models in this place.
    pub(crate) fn serve(&self, line: &str) -> Server {
        Server::start(self.folder.path(), line)
    }
}

fn veilcast(folder: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_veilcast"));
    command.current_dir(folder).env_remove("RUST_LOG");
    command.env("XDG_CACHE_HOME", folder.join(CACHE));
    command
}

/// A running service, killed when dropped.
pub(crate) struct Server {
    pub(crate) process: Child,
    pub(crate) url: String,
    /// What it prints after the line with the address.
    pub(crate) stdout: BufReader<ChildStdout>,
}

impl Server {
    fn start(folder: &Path, line: &str) -> Self {
        let mut process = Process::new(env!("CARGO_BIN_EXE_veilcast"))
            .args(["serve", "--listen", "127.0.0.1:0"])
            .args(line.split_whitespace())
            .current_dir(folder)
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut stdout = BufReader::new(process.stdout.take().unwrap());
        let mut first = String::new();
        stdout.read_line(&mut first).unwrap();
        let url = first
            .trim()
            .strip_prefix("listening on ")
            .unwrap()
            .to_owned();
        Self {
            process,
            url,
            stdout,
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// What a model says about a raw record in the clear.
pub(crate) fn predicted(model: &Model, record: &[f64]) -> ClassPrediction {
    let encoder = veilcast_card::Encoder::new(model.card().clone()).unwrap();
    let quantized = encoder.quantize(record).unwrap();
    let prediction = model.predict(&quantized).unwrap();
    prediction.class().unwrap().clone()
}
