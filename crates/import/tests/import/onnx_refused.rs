//! ONNX files that can't be used, each refused with what is wrong and what to do.

use std::fs;

use veilcast_import::{Import, ImportError, ImportOptions};
use veilcast_onnx::OnnxError;

use crate::common::{fixture, name, onnx_files};

/// What is said of each file that can't be used.
const REFUSED: [(&str, &str); 103] = [
    (
        "a-weight-is-missing",
        r#"the tensor "c0" claims the shape [4, 6], but holds 23 numbers"#,
    ),
    ("abs", r#"the first node that isn't is "activation" (Abs)"#),
    (
        "attribute-of-another-type",
        r#"the attribute "coefficients" of the node "linearregressor_0" (LinearRegressor) must be a list of floats"#,
    ),
    (
        "attribute-of-two-types",
        r#"(LinearRegressor) doesn't hold what its type says"#,
    ),
    (
        "attribute-twice",
        r#"the attribute "coefficients" of the node "linearregressor_0" (LinearRegressor) is there twice; export"#,
    ),
    (
        "categories-without-texts",
        r#"(CategoryMapper) is of length 2, but must be of 1, as many as "cats_strings""#,
    ),
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
        "classifier-for-more-inputs",
        r#"(LinearClassifier) is of length 12, but must be of 6, for 3 scores of 2 numbers"#,
    ),
    (
        "classifier-for-other-classes",
        r#"the list "intercepts" of the node "linearclassifier_0" (LinearClassifier) is of length 4, but must be of 3, one for each class"#,
    ),
    (
        "classifier-without-intercepts",
        r#"is of length 0, but must be of 2, one for each class, zeros if necessary"#,
    ),
    (
        "clip-at-ten",
        r#"the first node that isn't is "activation" (Clip)"#,
    ),
    (
        "coefficients-for-fewer-inputs",
        r#"is of length 3, but must be of 6, for 3 targets of 2 numbers"#,
    ),
    (
        "coefficients-for-more-inputs",
        r#"the list "coefficients" of the node "linearregressor_0" (LinearRegressor) is of length 12, but must be of 6, for 3 targets of 2 numbers; export the network again"#,
    ),
    (
        "coefficients-for-no-targets",
        r#"is of length 7, but must be of a multiple of 3, for that many targets"#,
    ),
    (
        "computes-2-gb",
        r#""constantofshape_0" gives a tensor of the shape [4, 134217728]; what a network computes may take 256 MB in all"#,
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
        r#""matmul_2" gives a tensor of the shape [131072, 131072]; what a network computes may take 256 MB"#,
    ),
    (
        "computes-a-range-down",
        r#""range_0" (Range) is told to make 1099511627776 numbers"#,
    ),
    (
        "computes-a-resize",
        r#""resize_0" gives a tensor of the shape [1, 1, 4000000, 4000000]; what a network computes may take 256 MB"#,
    ),
    ("computes-a-tile", r#""tile_0" (Tile) is told to make"#),
    (
        "computes-doubles",
        r#""concat_22" gives a tensor of the shape [67108864]"#,
    ),
    (
        "computes-many",
        "gives a tensor of the shape [67108864]; what a network computes may take 256 MB in all",
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
        "dilation-without-end",
        r#"the list "dilations" of the node "conv_0" (Conv) holds 4611686018427387904, but must hold numbers from 1 to 262144"#,
    ),
    (
        "dilations-of-three-sides",
        r#"the list "dilations" of the node "conv_0" (Conv) is of length 3, but must be of 2"#,
    ),
    (
        "draws-a-terabyte",
        r#""randomnormal_0" gives a tensor of the shape [1048576, 1048576]"#,
    ),
    ("empty", "it holds no network: there is no graph"),
    (
        "ends-without-axes",
        r#"the list "ends" of the node "slice_0" (Slice) is of length 2, but must be of 1, as many as "axes""#,
    ),
    (
        "external-data",
        r#"the tensor "c0" is stored in another file; save the network as one file"#,
    ),
    (
        "gathers-behind-the-end",
        r#"the list "indices" of the node "gather_0" (Gather) holds 4, but must hold numbers from -3 to 2"#,
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
        "inputs-of-other-dimensions",
        r#"(FeatureVectorizer) is of length 2, but must be of 1, one for each input"#,
    ),
    (
        "intercepts-for-other-targets",
        r#"the list "intercepts" of the node "linearregressor_0" (LinearRegressor) is of length 1, but must be of 3, one for each target"#,
    ),
    (
        "keys-without-values",
        r#"the list "values_floats" of the node "labelencoder_0" (LabelEncoder) is of length 2, but must be of 3, one for each key"#,
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
    (
        "nested-too-deeply",
        "its parts are nested more than 64 deep",
    ),
    ("no-graph", "it holds no network: there is no graph"),
    (
        "no-inputs",
        r#"takes the value "x", which nothing before it gives"#,
    ),
    ("no-outputs", "it holds no network: the graph has no output"),
    (
        "no-protobuf",
        "it isn't a whole ONNX file: its bytes aren't fields of a message",
    ),
    (
        "normalised-along-a-side-that-is-not-there",
        r#"the list "axis" of the node "layernormalization_0" (LayerNormalization) holds -9, but must hold numbers from -3 to 2"#,
    ),
    (
        "opset-of-the-future",
        "it uses version 999 of ONNX's operators; 7 to 26 are known",
    ),
    ("overflows", r#"the first node that isn't is "mul_2" (Mul)"#),
    (
        "packed-weights-for-more-inputs",
        r#"the list "K" of the node "matmulnbits_0" (MatMulNBits) holds 64, but must hold 32"#,
    ),
    (
        "padding-of-another-output",
        r#"the list "output_padding" of the node "convtranspose_0" (ConvTranspose) is of length 1, but must be of 2"#,
    ),
    (
        "pads-of-another-shape",
        r#"the list "pads" of the node "pad_0" (Pad) is of length 2, but must be of 6, 2 for each of 3 sides"#,
    ),
    (
        "pads-of-one-side",
        r#"the list "pads" of the node "maxpool_0" (MaxPool) is of length 2, but must be of 4, 2 for each of a picture's 2 sides"#,
    ),
    (
        "pipeline-binarizer",
        r#""Binarizer" (Binarizer) isn't affine, so it can't be computed on encrypted records; drop"#,
    ),
    (
        "pipeline-imputed-late",
        r#""Imputer" (Imputer) imputes numbers that were scaled or encoded; impute before any other step"#,
    ),
    (
        "pipeline-normalizer",
        r#""Normalizer" (Normalizer) isn't affine, so it can't be computed on encrypted records; drop"#,
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
        "qlinear-for-more-rows",
        r#""qlinearmatmul_1" multiplies tensors whose sides don't fit, of 3 and 5 numbers"#,
    ),
    (
        "qlinear",
        r#"the first node that isn't is "quantizelinear_0" (QuantizeLinear)"#,
    ),
    ("random", "RandomNormalLike"),
    (
        "recurrent-weights-for-more-inputs",
        r#"the list "W" of the node "lstm_1" (LSTM) is of length 9, but must be of 2 in a row, one for each number of its input"#,
    ),
    (
        "relu",
        r#"the first node that isn't is "activation" (Relu)"#,
    ),
    (
        "repeated-never",
        "the output: for one record it is [1, 0], which holds no number",
    ),
    (
        "round",
        r#"the first node that isn't is "activation" (Round)"#,
    ),
    (
        "scaler-for-other-columns",
        r#"the list "scale" of the node "scaler_0" (Scaler) is of length 4, but must be of 3, as many as "offset""#,
    ),
    (
        "scores-without-end",
        "it would be a map of 4 inputs and 32768 outputs; at most 16384 outputs",
    ),
    (
        "shape-of-the-input",
        "its scores are the same for every record",
    ),
    (
        "shapes-do-not-fit",
        "(MatMul) can't be computed on inputs of the shapes [1, 3] and [5, 2]",
    ),
    (
        "side-summed-that-is-not-there",
        r#"the list "axes" of the node "reducesum_0" (ReduceSum) holds 7, but must hold numbers from -3 to 2"#,
    ),
    (
        "side-summed-twice",
        r#"the list "axes" of the node "reducemean_0" (ReduceMean) holds 1, but must hold each side only once"#,
    ),
    (
        "side-transposed-twice",
        r#"the list "perm" of the node "transpose_0" (Transpose) holds 1, but must hold each side only once"#,
    ),
    (
        "sides-transposed-of-another-shape",
        r#"the list "perm" of the node "transpose_0" (Transpose) is of length 2, but must be of 3, 1 for each of 3 sides"#,
    ),
    (
        "sides-without-end",
        r#""reshape_0" gives a tensor of 202 sides; at most 16 are accepted"#,
    ),
    (
        "softmax-inside",
        r#"the first node that isn't is "attention" (Softmax)"#,
    ),
    (
        "split-into-too-much",
        r#"the list "split" of the node "split_0" (Split) holds 5, but must hold numbers from 0 to 3"#,
    ),
    (
        "starts-without-ends",
        r#"the list "starts" of the node "slice_0" (Slice) is of length 2, but must be of 1, as many as "ends""#,
    ),
    (
        "stride-of-nothing",
        r#"the list "strides" of the node "conv_0" (Conv) holds 0, but must hold numbers from 1 to 262144"#,
    ),
    (
        "strides-of-one-side",
        r#"the list "strides" of the node "conv_0" (Conv) is of length 1, but must be of 2, 1 for each of a picture's 2 sides"#,
    ),
    (
        "tanh",
        r#"the first node that isn't is "activation" (Tanh)"#,
    ),
    (
        "trees-for-a-class-that-is-not-there",
        r#"the list "class_ids" of the node "treeensembleclassifier_0" (TreeEnsembleClassifier) holds 1048576, but must hold numbers from 0 to 2"#,
    ),
    (
        "trees-for-an-input-that-is-not-there",
        "tree 0: it looks at number 9, and there are 2",
    ),
    (
        "trees-from-other-bases",
        r#"the list "base_values" of the node "treeensembleclassifier_0" (TreeEnsembleClassifier) is of length 2, but must be of 3, one for each class"#,
    ),
    (
        "trees-in-a-circle",
        r#"the list "nodes_truenodeids" of the node "treeensembleclassifier_0" (TreeEnsembleClassifier) holds 1, but must hold each node only once"#,
    ),
    (
        "trees-of-another-branch",
        r#"branch by BRANCH_GTE, which isn't supported"#,
    ),
    (
        "trees-of-other-lengths",
        r#"the list "nodes_values" of the node "treeensembleclassifier_0" (TreeEnsembleClassifier) is of length 4, but must be of 5, as many as "nodes_nodeids""#,
    ),
    (
        "trees-that-lead-nowhere",
        r#"(TreeEnsembleClassifier) holds 77, but must hold numbers from 1 to 4"#,
    ),
    (
        "trees-whose-leaf-branches",
        r#"the list "class_nodeids" of the node "treeensembleclassifier_0" (TreeEnsembleClassifier) holds 1, but must hold leaves of the tree 0"#,
    ),
    (
        "trees-without-a-node",
        r#"(TreeEnsembleClassifier) holds 9, but must hold the numbers from 0 to 4 for the tree 0"#,
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
        "window-of-one-side",
        r#"the list "kernel_shape" of the node "averagepool_0" (AveragePool) is of length 1, but must be of 2"#,
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

#[test]
fn coefficients_for_more_inputs_are_refused_every_time() {
    let path = fixture("onnx/refused/coefficients-for-more-inputs.onnx");
    let bytes = fs::read(path).unwrap();
    // What the library would read beyond the record's end depends on what was there before.
    let mut before = Vec::new();
    for round in 0..300_usize {
        before.push(vec![round as f32 * 1e30; 1 + round % 40]);
        if round % 3 == 0 {
            before.swap_remove(round % before.len());
        }
        let opened = Import::open(&bytes, ImportOptions::default());
        let error = opened.and_then(|import| import.collapse()).unwrap_err();
        let ImportError::Onnx(OnnxError::ListLength { list, found, .. }) = error else {
            panic!("round {round}: {error}");
        };
        assert_eq!((&*list, found), ("coefficients", 12));
    }
}
