//! Why a network can't be interpreted.

use crate::opsets::OPSETS;
use crate::pb::NodeProto;

/// A network can't be interpreted, or not with the input that it was given.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum InterpretError {
    /// A node has an operator, an attribute or a kind of input that the interpreter doesn't support,
    /// though another runtime may.
    #[error("the node {node:?} ({operator}) can't be interpreted: {problem}")]
    Unsupported {
        /// The node's name, or that of its first value.
        node: String,
        /// Its operator, with its set if that isn't ONNX's own.
        operator: String,
        /// What isn't supported.
        problem: String,
    },
    /// The network as a whole has something that the interpreter doesn't support, though another
    /// runtime may.
    #[error("the network can't be interpreted: {problem}")]
    UnsupportedNetwork {
        /// What isn't supported.
        problem: String,
    },
    /// The network uses operators of an unknown version.
    #[error(
        "the network uses version {version} of ONNX's operators; {} to {} are known",
        OPSETS.start(), OPSETS.end()
    )]
    Opset {
        /// The version.
        version: i64,
    },
    /// The network declares an input of another shape.
    #[error("the network takes an input of {declared}, not of {asked}")]
    InputShape {
        /// The shape that the file declares, `?` for a side of any length.
        declared: String,
        /// The shape that was asked for.
        asked: String,
    },
    /// A node contradicts itself, its inputs or ONNX.
    #[error("the node {node:?} ({operator}) is malformed: {problem}")]
    Node {
        /// The node's name, or that of its first value.
        node: String,
        /// Its operator.
        operator: String,
        /// What is wrong.
        problem: String,
    },
    /// The network as a whole is incomplete or contradicts itself.
    #[error("the network is malformed: {problem}")]
    Network {
        /// What is wrong.
        problem: String,
    },
    /// The network has too many nodes.
    #[error("the network has {nodes} nodes; at most {limit} are interpreted")]
    Nodes {
        /// How many it has.
        nodes: usize,
        /// The limit.
        limit: usize,
    },
    /// A value would be too large, or take too many products to compute.
    #[error("{place} is too large: {problem}")]
    TooLarge {
        /// The node, the tensor or the input.
        place: String,
        /// What it would take, and how much is accepted.
        problem: String,
    },
    /// The numbers to run on don't fill the input.
    #[error("a record of {found} values was given to a network that takes {expected}")]
    Values {
        /// How many values the input has.
        expected: usize,
        /// How many were given.
        found: usize,
    },
}

impl InterpretError {
    /// Whether another runtime may run the network: nothing wrong was found in it, but it needs
    /// more than the interpreter supports.
    pub fn is_unsupported(&self) -> bool {
        match self {
            Self::Unsupported { .. }
            | Self::UnsupportedNetwork { .. }
            | Self::Opset { .. }
            | Self::InputShape { .. }
            | Self::Nodes { .. }
            | Self::TooLarge { .. } => true,
            Self::Node { .. } | Self::Network { .. } | Self::Values { .. } => false,
        }
    }
}

/// What is wrong with a node or a tensor, without saying which one.
#[derive(Debug)]
pub(super) enum Fault {
    Unsupported(String),
    Malformed(String),
    TooLarge(String),
}

impl Fault {
    /// Of a node.
    pub(super) fn of_node(self, node: &NodeProto) -> InterpretError {
        let (name, operator) = (name(node), operator(node));
        match self {
            Self::Unsupported(problem) => InterpretError::Unsupported {
                node: name,
                operator,
                problem,
            },
            Self::Malformed(problem) => InterpretError::Node {
                node: name,
                operator,
                problem,
            },
            Self::TooLarge(problem) => InterpretError::TooLarge {
                place: format!("what the node {name:?} ({operator}) gives"),
                problem,
            },
        }
    }

    /// Of something else, such as "the tensor …".
    pub(super) fn of(self, place: String) -> InterpretError {
        match self {
            Self::Unsupported(problem) => InterpretError::UnsupportedNetwork {
                problem: format!("{place} {problem}"),
            },
            Self::Malformed(problem) => InterpretError::Network {
                problem: format!("{place} {problem}"),
            },
            Self::TooLarge(problem) => InterpretError::TooLarge { place, problem },
        }
    }
}

pub(super) fn unsupported<T>(problem: impl Into<String>) -> Result<T, Fault> {
    Err(Fault::Unsupported(problem.into()))
}

pub(super) fn malformed<T>(problem: impl Into<String>) -> Result<T, Fault> {
    Err(Fault::Malformed(problem.into()))
}

fn name(node: &NodeProto) -> String {
    let first = || node.output.first().map_or("", String::as_str);
    match node.name.as_str() {
        "" => short(first()),
        name => short(name),
    }
}

fn operator(node: &NodeProto) -> String {
    match node.domain.as_str() {
        "" | "ai.onnx" => short(&node.op_type),
        domain => format!("{}.{}", short(domain), short(&node.op_type)),
    }
}

/// A text from a file, cut short and without control characters, for messages.
pub(super) fn short(text: &str) -> String {
    const CHARACTERS: usize = 60;
    let shown = text.chars().take(CHARACTERS);
    let shown: String = shown
        .map(|letter| if letter.is_control() { ' ' } else { letter })
        .collect();
    match text.chars().nth(CHARACTERS) {
        None => shown,
        Some(_) => shown + "…",
    }
}

/// A shape for messages, such as `[1, 28, 28]`.
pub(super) fn shown<T: ToString>(sides: &[T]) -> String {
    const SIDES: usize = 8;
    let mut shown: Vec<String> = sides.iter().take(SIDES).map(T::to_string).collect();
    if sides.len() > SIDES {
        shown.push("…".to_owned());
    }
    format!("[{}]", shown.join(", "))
}
