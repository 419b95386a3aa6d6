//! The targets of fuzzing, and their first inputs.

/// A target of `fuzz/`.
#[derive(Debug)]
pub(super) struct Target {
    /// Its name, and that of its file.
    pub(super) name: &'static str,
    /// Where inputs to begin with lie: files with an ending, in a folder of the repository but not below it.
    pub(super) seeds: &'static [(&'static str, &'static str)],
    /// Most bytes of an input: about as many as the parser can make use of.
    pub(super) max_bytes: usize,
    /// The words of the format, in a file of `fuzz/dictionaries`.
    pub(super) dictionary: Option<&'static str>,
    /// Most seconds that an input may take, on a busy machine and with every check on.
    pub(super) timeout: u32,
}

const QUICK: u32 = 20;

pub(super) const TARGETS: &[Target] = &[
    Target {
        name: "card",
        seeds: &[
            ("models/digits", "card.json"),
            ("models/digits-hybrid", "card.json"),
        ],
        max_bytes: 8 << 10,
        dictionary: Some("card"),
        timeout: QUICK,
    },
    Target {
        name: "csv",
        seeds: &[("testdata/fixtures/csv", "csv")],
        max_bytes: 4 << 10,
        dictionary: Some("csv"),
        timeout: QUICK,
    },
    Target {
        name: "idx",
        seeds: &[("testdata/fixtures/idx", "")],
        max_bytes: 64 << 10,
        dictionary: None,
        timeout: QUICK,
    },
    Target {
        name: "key_file",
        seeds: &[("crates/paillier/tests/fixtures/keys", "json")],
        max_bytes: 4 << 10,
        dictionary: Some("key_file"),
        timeout: QUICK,
    },
    Target {
        name: "key_proof",
        seeds: &[],
        max_bytes: 1 << 10,
        dictionary: None,
        timeout: QUICK,
    },
    Target {
        name: "npy",
        seeds: &[("testdata/fixtures/npy", "npy")],
        max_bytes: 8 << 10,
        dictionary: Some("npy"),
        timeout: QUICK,
    },
    Target {
        name: "onnx_import",
        seeds: &[
            ("testdata/fixtures/onnx", "onnx"),
            ("testdata/fixtures/onnx/refused", "onnx"),
            ("testdata/fixtures/onnx/split", "onnx"),
        ],
        max_bytes: 2 << 10,
        dictionary: Some("onnx"),
        timeout: 60,
    },
    Target {
        name: "onnx_public",
        seeds: &[],
        max_bytes: 4 << 10,
        dictionary: Some("onnx"),
        timeout: 60,
    },
    Target {
        name: "png",
        seeds: &[("testdata/fixtures/png", "png"), ("data/drawings", "png")],
        max_bytes: 4 << 10,
        dictionary: Some("png"),
        timeout: QUICK,
    },
    Target {
        name: "pool",
        seeds: &[],
        max_bytes: 2 << 10,
        dictionary: None,
        timeout: QUICK,
    },
    Target {
        name: "request",
        seeds: &[],
        max_bytes: 16 << 10,
        dictionary: Some("message"),
        timeout: QUICK,
    },
    Target {
        name: "response",
        seeds: &[],
        max_bytes: 16 << 10,
        dictionary: Some("message"),
        timeout: QUICK,
    },
    Target {
        name: "seeded",
        seeds: &[],
        max_bytes: 1 << 10,
        dictionary: None,
        timeout: QUICK,
    },
    Target {
        name: "table",
        seeds: &[],
        max_bytes: 8 << 10,
        dictionary: None,
        timeout: 60,
    },
    Target {
        name: "weights",
        seeds: &[],
        max_bytes: 4 << 10,
        dictionary: Some("weights"),
        timeout: QUICK,
    },
];
