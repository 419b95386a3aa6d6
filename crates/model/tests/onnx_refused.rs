//! ONNX files that can't be used, each refused with what is wrong and what to do.
#![cfg(feature = "onnx")]
#![allow(clippy::unwrap_used, reason = "a failed test panics")]

mod common;

use std::fs;

use common::{name, onnx_files};
use veilcast_model::onnx::{Import, ImportOptions};

/// What is said of each file that can't be used.
const REFUSED: [(&str, &str); 60] = [
    (
        "a-weight-is-missing",
        r#"the tensor "c0" claims the shape [4, 6], but holds 23 numbers"#,
    ),
    ("abs", r#"the first node that isn't is "activation" (Abs)"#),
    (
        "claims-2-gb-of-graph",
        "it isn't a whole ONNX file: it ends within a field",
    ),
    (
        "claims-2-gb-of-input",
        "at most 262144 numbers; the file says [?, 536870912]",
    ),
    (
        "claims-2-gb-of-weights",
        "claims the shape [32768, 16384], but holds 24 numbers",
    ),
    (
        "claims-2-to-the-64-weights",
        "claims the shape [4294967296, 4294967296], but holds 24",
    ),
    (
        "clip-at-ten",
        r#"the first node that isn't is "activation" (Clip)"#,
    ),
    (
        "computes-2-gb",
        r#""constantofshape_0" gives a tensor of the shape [4, 134217728]; what a network computes may take 1024 MB in all"#,
    ),
    (
        "computes-a-one-hot",
        r#""onehot_0" (OneHot) is told to make 1099511627776 numbers"#,
    ),
    (
        "computes-a-pad",
        r#""pad_0" (Pad) is told to make 1099511627776 numbers"#,
    ),
    (
        "computes-a-product",
        r#""matmul_2" gives a tensor of the shape [131072, 131072]; what a network computes may take 1024 MB"#,
    ),
    (
        "computes-a-range-down",
        r#""range_0" (Range) is told to make 1099511627776 numbers"#,
    ),
    (
        "computes-a-resize",
        r#""resize_0" gives a tensor of the shape [1, 1, 4000000, 4000000]; what a network computes may take 1024 MB"#,
    ),
    ("computes-a-tile", r#""tile_0" (Tile) is told to make"#),
    (
        "computes-doubles",
        r#""concat_24" gives a tensor of the shape [268435456]"#,
    ),
    (
        "computes-many",
        "gives a tensor of the shape [67108864]; what a network computes may take 1024 MB in all",
    ),
    (
        "computes-past-64-bits",
        r#""constantofshape_0" (ConstantOfShape) is told to make 4294967296 numbers"#,
    ),
    (
        "convolves-too-much",
        r#""conv_2" multiplies weights of the shape [1, 1, 131072] by too many places of an image"#,
    ),
    (
        "cycle",
        r#"the node "gemm_0" takes the value "gemm_1", which nothing before it gives"#,
    ),
    (
        "draws-a-terabyte",
        r#""randomnormal_0" gives a tensor of the shape [1048576, 1048576]"#,
    ),
    ("empty", "it holds no network: there is no graph"),
    (
        "external-data",
        r#"the tensor "c0" is stored in another file; save the network as one file"#,
    ),
    ("if", r#"the node "choice" (If) is control flow"#),
    (
        "infinite-weights",
        r#"the tensor "c0" holds inf; every weight must be finite"#,
    ),
    (
        "input-of-a-node-is-missing",
        r#"takes the value "nowhere", which nothing before it gives"#,
    ),
    (
        "leakyrelu",
        r#"the first node that isn't is "activation" (LeakyRelu)"#,
    ),
    (
        "loop-forever",
        r#"the node "forever" (Loop) is control flow"#,
    ),
    (
        "maxpool",
        r#"the first node that isn't is "pool" (MaxPool)"#,
    ),
    (
        "nan-weights",
        r#"the tensor "c0" holds NaN; every weight must be finite"#,
    ),
    (
        "negative-dimension",
        r#"the tensor "c1" claims the shape [-6], but holds 6 numbers"#,
    ),
    ("nested-too-deeply", "recursion limit reached"),
    ("no-graph", "it holds no network: there is no graph"),
    (
        "no-inputs",
        r#"takes the value "x", which nothing before it gives"#,
    ),
    ("no-outputs", "it holds no network: the graph has no output"),
    (
        "no-protobuf",
        "it isn't a whole ONNX file: invalid wire type value: 6",
    ),
    (
        "opset-of-the-future",
        "it uses version 999 of ONNX's operators; 7 to 26 are known",
    ),
    ("overflows", r#"the first node that isn't is "mul_2" (Mul)"#),
    (
        "pipeline-binarizer",
        r#""Binarizer" (Binarizer) isn't affine, so that it can't be computed on encrypted records; drop"#,
    ),
    (
        "pipeline-imputed-late",
        r#""Imputer" (Imputer) imputes numbers that were scaled or encoded; impute before any other step"#,
    ),
    (
        "pipeline-normalizer",
        r#""Normalizer" (Normalizer) isn't affine, so that it can't be computed on encrypted records; drop"#,
    ),
    (
        "pipeline-number-and-category",
        "elsewhere; give the pipeline a copy of the column under another name",
    ),
    (
        "pipeline-truth-values",
        r#""frequent" (input) holds bool; declare it as floats of 32 bits, whole numbers or texts"#,
    ),
    (
        "product-of-inputs",
        r#"the first node that isn't is "product" (Mul)"#,
    ),
    (
        "qlinear",
        r#"the first node that isn't is "quantizelinear_0" (QuantizeLinear)"#,
    ),
    ("random-forest", "(TreeEnsembleClassifier)"),
    ("random", "RandomNormalLike"),
    (
        "relu",
        r#"the first node that isn't is "activation" (Relu)"#,
    ),
    (
        "round",
        r#"the first node that isn't is "activation" (Round)"#,
    ),
    (
        "scores-without-end",
        "it would be a map of 4 inputs and 32768 outputs; at most 16384 outputs",
    ),
    (
        "shape-of-the-input",
        "its scores are the same for every record",
    ),
    ("shapes-do-not-fit", "it can't be run: "),
    (
        "sides-without-end",
        r#""reshape_0" gives a tensor of 202 sides; at most 16 are accepted"#,
    ),
    (
        "softmax-inside",
        r#"the first node that isn't is "attention" (Softmax)"#,
    ),
    (
        "tanh",
        r#"the first node that isn't is "activation" (Tanh)"#,
    ),
    (
        "truncated",
        "it isn't a whole ONNX file: it ends within a field",
    ),
    (
        "two-inputs",
        "it takes 2 tensors (x, z); it must take a single one",
    ),
    (
        "unknown-domain",
        r#"the operator com.example Sharpen of the node "sharpen" isn't supported"#,
    ),
    (
        "unknown-number-of-features",
        "a record's shape must be known",
    ),
    (
        "unknown-operator",
        r#"the operator Sharpen of the node "sharpen" isn't supported"#,
    ),
    (
        "window-too-large",
        r#"the node "averagepool_0" (AveragePool) has a window of more than 262144 places; make"#,
    ),
];

#[test]
fn files_that_cannot_be_used_are_refused() {
    let paths = onnx_files("onnx/refused");
    let names: Vec<&str> = paths.iter().map(|path| name(path)).collect();
    let told: Vec<&str> = REFUSED.iter().map(|(name, _)| *name).collect();
    assert_eq!(names, told, "each file has its error");
    for (path, (name, problem)) in paths.iter().zip(REFUSED) {
        let opened = Import::open(&fs::read(path).unwrap(), ImportOptions::default());
        let error = match opened.and_then(|import| import.collapse()) {
            Ok(_) => panic!("{name} is imported"),
            Err(error) => error.to_string(),
        };
        assert!(error.contains(problem), "{name}: {error}");
    }
}
