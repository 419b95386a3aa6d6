//! What can be wrong with an ONNX file.

use std::ops::RangeInclusive;

use crate::interpreter::InterpretError;

/// A network in an ONNX file can't be used.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum OnnxError {
    /// The file is larger than the limit.
    #[error("the file has {bytes} bytes; at most {limit} are accepted")]
    TooLarge {
        /// Its size.
        bytes: u64,
        /// The limit.
        limit: u64,
    },
    /// The bytes aren't those of an ONNX file, or some are missing.
    #[error("it isn't a whole ONNX file: {problem}; was it cut short?")]
    Malformed {
        /// What is wrong with them.
        problem: String,
    },
    /// The file has more parts than any network needs.
    #[error(
        "it has more than {limit} nodes, attributes, tensors and names; at most that many are read"
    )]
    TooManyParts {
        /// The limit.
        limit: usize,
    },
    /// The file's parts are nested more deeply than any network's.
    #[error("its parts are nested more than {limit} deep; at most that many levels are read")]
    TooDeep {
        /// The limit.
        limit: usize,
    },
    /// The operators have a version that isn't known.
    #[error(
        "it uses version {version} of ONNX's operators; {} to {} are known, so export it with \
         opset_version=17", .known.start(), .known.end()
    )]
    Opset {
        /// The version.
        version: i64,
        /// The versions that are known.
        known: RangeInclusive<i64>,
    },
    /// There is no graph in it, or nothing in the graph.
    #[error("it holds no network: {problem}")]
    Empty {
        /// What is missing.
        problem: &'static str,
    },
    /// A tensor's numbers are in another file.
    #[error(
        "the tensor {tensor:?} is stored in another file; save the network as one file: \
         onnx.save(onnx.load(\"model.onnx\"), \"whole.onnx\"), or export it with external_data=False"
    )]
    ExternalData {
        /// The tensor's name.
        tensor: String,
    },
    /// A node contains a graph: control flow.
    #[error(
        "the node {node:?} ({operator}) is control flow, with a graph of its own, which isn't \
         supported; export the network for inference, with fixed shapes, so that it is one plain graph"
    )]
    Subgraph {
        /// The node's name.
        node: String,
        /// Its operator.
        operator: String,
    },
    /// A node's window covers more places of a picture than there could be.
    #[error(
        "the node {node:?} ({operator}) has a window of more than {} places; make its kernel_shape \
         no larger than a record",
        veilcast_card::MAX_FEATURES
    )]
    Window {
        /// The node's name.
        node: String,
        /// Its operator.
        operator: String,
    },
    /// The file defines operators by functions.
    #[error(
        "it defines the function {function:?}, which isn't supported; inline it: \
         onnx.inliner.inline_local_functions(model)"
    )]
    Function {
        /// Its name.
        function: String,
    },
    /// A tensor is stored sparsely.
    #[error("the tensor {tensor:?} is stored sparsely, which isn't supported; store it densely")]
    Sparse {
        /// Its name.
        tensor: String,
    },
    /// A tensor has a type that isn't supported.
    #[error("the tensor {tensor:?} holds {found}, which isn't supported; store it as float32")]
    TensorType {
        /// Its name.
        tensor: String,
        /// Its type.
        found: String,
    },
    /// A tensor's shape and content contradict each other.
    #[error("the tensor {tensor:?} claims the shape {shape:?}, but holds {found} numbers")]
    TensorSize {
        /// Its name.
        tensor: String,
        /// The shape that it claims.
        shape: Vec<i64>,
        /// How many numbers it holds.
        found: usize,
    },
    /// A weight isn't a finite number.
    #[error("the tensor {tensor:?} holds {value}; every weight must be finite")]
    NotFinite {
        /// The tensor's name.
        tensor: String,
        /// The value.
        value: f64,
    },
    /// An attribute occurs twice, or isn't of the type that it declares or must have.
    #[error(
        "the attribute {attribute:?} of the node {node:?} ({operator}) {problem}; export the network \
         again, or rewrite the attribute"
    )]
    Attribute {
        /// The node's name.
        node: Box<str>,
        /// Its operator.
        operator: Box<str>,
        /// The attribute's name.
        attribute: Box<str>,
        /// What is wrong with it.
        problem: Box<str>,
    },
    /// A list of a node is longer or shorter than its other lists, or its input, require.
    #[error(
        "the list {list:?} of the node {node:?} ({operator}) is of length {found}, but must be \
         of {expected}; export the network again, or rewrite the list"
    )]
    ListLength {
        /// The node's name.
        node: Box<str>,
        /// Its operator.
        operator: Box<str>,
        /// The list's name.
        list: Box<str>,
        /// Its length.
        found: usize,
        /// The length that it must have, and why.
        expected: Box<str>,
    },
    /// A list of a node holds an invalid index.
    #[error(
        "the list {list:?} of the node {node:?} ({operator}) holds {found}, but must hold {expected}; \
         export the network again, or rewrite the list"
    )]
    ListEntry {
        /// The node's name.
        node: Box<str>,
        /// Its operator.
        operator: Box<str>,
        /// The list's name.
        list: Box<str>,
        /// The number.
        found: i64,
        /// What it must hold.
        expected: Box<str>,
    },
    /// A node's inputs have shapes that it can't be computed on.
    #[error(
        "the node {node:?} ({operator}) can't be computed on {shapes}; export the network again, for \
         inference and with a free side for the batch"
    )]
    Misfit {
        /// The node's name.
        node: Box<str>,
        /// Its operator.
        operator: Box<str>,
        /// The shapes of its inputs.
        shapes: Box<str>,
    },
    /// The rows of a batch of a fixed size aren't treated alike.
    #[error(
        "it was exported for a batch of {records} records, and doesn't treat each of them in the same \
         way; if those {records} rows are one record, export it with another side of 1 in front, else \
         with a free side for the batch"
    )]
    Rows {
        /// The number of records in a batch.
        records: usize,
    },
    /// Nothing but a final function is in the file.
    #[error(
        "it holds no network: it is nothing but {removed} of its input; export the whole network"
    )]
    Nothing {
        /// The operators.
        removed: Box<str>,
    },
    /// What follows the scores isn't a final function of all of a record's scores.
    #[error("{}", ending(.function, *.scores, .shape))]
    Ending {
        /// Its name; empty if there seemed to be none.
        function: Box<str>,
        /// How many scores a record has.
        scores: usize,
        /// Their shape.
        shape: Box<[usize]>,
    },
    /// An operator that the library doesn't have.
    #[error("the operator {operator} of the node {node:?} isn't supported")]
    Operator {
        /// The node's name.
        node: String,
        /// The operator, after its domain if that isn't ONNX's own.
        operator: String,
    },
    /// A node takes a value that no earlier node gives.
    #[error("{user} takes the value {value:?}, which nothing before it gives")]
    Undefined {
        /// The node, or the network itself.
        user: String,
        /// The value's name.
        value: String,
    },
    /// A value has two sources.
    #[error("the value {value:?} is given twice")]
    GivenTwice {
        /// Its name.
        value: String,
    },
    /// The graph does something to a table's columns that can't become preprocessing.
    #[error("{node:?} ({operator}) {problem}")]
    Preparation {
        /// The name of the node, or of the input.
        node: String,
        /// Its operator.
        operator: String,
        /// What it does that isn't possible, and what to do.
        problem: String,
    },
    /// The network takes several tensors.
    #[error(
        "it takes {} tensors ({}); it must take a single one, with a record's numbers", names.len(),
        names.join(", ")
    )]
    Inputs {
        /// Their names.
        names: Vec<String>,
    },
    /// The input isn't a tensor of numbers whose size is known.
    #[error("the input {input:?}: {problem}")]
    Input {
        /// Its name.
        input: String,
        /// What is wrong with it.
        problem: String,
    },
    /// The network has several outputs, of different scores, and none was chosen.
    #[error("it has several outputs, of different scores: {}", names.join(", "))]
    Outputs {
        /// Their names.
        names: Vec<String>,
    },
    /// The network returns a wrong number of numbers, or of tensors.
    #[error("the output: {problem}")]
    Output {
        /// What is wrong with it.
        problem: String,
    },
    /// The network isn't affine.
    #[error("it isn't affine: the first node that isn't is {node:?} ({operator})")]
    NotAffine {
        /// The node's name.
        node: String,
        /// Its operator.
        operator: String,
    },
    /// The network can't be written as one map.
    #[error("it can't be collapsed to one affine map: {problem}")]
    Collapse {
        /// Why not.
        problem: String,
    },
    /// The network can't be split.
    #[error("it can't be split: {problem}")]
    Split {
        /// Why not.
        problem: String,
    },
    /// The interpreter can't run the network.
    #[error("it can't be run")]
    Interpret(#[from] InterpretError),
    /// The interpreter can't run the network, and this build has nothing else that could.
    #[error(
        "this build runs only networks of the operators that public parts trained here have; \
         build it with the feature `tract` to run others"
    )]
    NoRuntime(#[source] InterpretError),
    /// A node has attributes, inputs or types that aren't supported together.
    #[error(
        "it can't be run: {} written in a form that isn't supported; export the network again, for \
         inference, with opset_version=17", node.as_deref().map_or_else(
            || "one of its nodes is".to_owned(), |node| format!("{node} is"))
    )]
    Form {
        /// The node and its operator, if they are known.
        node: Option<Box<str>>,
    },
    /// What the network computes isn't supported.
    #[error("it can't be run: {problem}")]
    Unsupported {
        /// What isn't.
        problem: String,
    },
}

fn ending(function: &str, scores: usize, shape: &[usize]) -> String {
    match function {
        "" => format!(
            "what follows its {scores} scores changes them in a way that isn't known; export the \
             network without it"
        ),
        function => format!(
            "its final {function} isn't one of all {scores} scores of a record, which have the shape \
             {shape:?}; export the network with its scores in one row (Flatten), or without the final \
             function and with --activation"
        ),
    }
}
