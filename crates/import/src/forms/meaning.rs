//! What a value is in terms of earlier ones.

use veilcast_onnx::graph::attribute;
use veilcast_onnx::pb::NodeProto;
use veilcast_onnx::pb::tensor_proto::DataType;

use super::Forms;
use crate::build::{node_of, with_int};
use crate::numbers::{int, whole};

/// What a value is. Sums and the like are those of each record.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Meaning {
    /// Another value.
    Same(String),
    /// −x.
    Negated(String),
    /// exp(x), or exp(−x).
    Exp { of: String, negated: bool },
    /// 1 + exp(x), or 1 + exp(−x).
    OneAndExp { of: String, negated: bool },
    /// The sigmoid of x, or of −x.
    Sigmoid { of: String, negated: bool },
    /// x − max(x).
    Shifted { of: String, axis: i64 },
    /// exp(x − max(x)).
    ShiftedExp { of: String, axis: i64 },
    /// ln Σ exp(x).
    LogSumExp { of: String, axis: i64 },
    /// Softmax of x along a side.
    Softmax { of: String, axis: i64 },
    /// Its logarithm.
    LogSoftmax { of: String, axis: i64 },
    /// Σ x.
    Sum { of: String, axis: i64 },
    /// max(x).
    Largest { of: String, axis: i64 },
    /// Probabilities, divided by their sum.
    Shares(String),
    /// Whether the sum is anything but 0.
    IsSum { of: String },
    /// Whether the sum is 0, which that of sigmoids never is but by rounding.
    IsNoSum { of: String },
    /// A number where the sum is 0, and 0 elsewhere.
    NoSum { of: String },
}

use Meaning::{
    Exp, IsNoSum, IsSum, Largest, LogSoftmax, LogSumExp, Negated, NoSum, OneAndExp, Same, Shares,
    Shifted, ShiftedExp, Sigmoid, Softmax, Sum,
};

impl Forms<'_> {
    /// What a node gives.
    pub(super) fn meaning(&mut self, node: &NodeProto) -> Option<Meaning> {
        let x = node.input.first()?.as_str();
        let operator = node.op_type.as_str();
        if node.domain == "ai.onnx.ml" {
            let is_l1 = attribute(node, "norm").is_some_and(|norm| norm.s == b"L1");
            return (operator == "Normalizer" && is_l1)
                .then(|| self.shares(x))
                .flatten();
        }
        match (operator, node.input.get(1)) {
            ("Identity", _) => Some(Same(x.to_owned())),
            ("Sum" | "Max" | "Min" | "Mean" | "Concat", None) => Some(Same(x.to_owned())),
            ("Concat", Some(_)) => self.side_by_side(node),
            ("Cast", _) => self.cast(node, x),
            ("Not", _) => match self.meaning_of(x)? {
                IsSum { of } => Some(IsNoSum { of: of.clone() }),
                _ => None,
            },
            ("Equal", Some(y)) if self.number(y) == Some(0.0) => match self.meaning_of(x)? {
                Sum { .. } => Some(IsNoSum { of: x.to_owned() }),
                _ => None,
            },
            ("Where", Some(_)) => match (self.meaning_of(x)?, node.input.get(2)?) {
                (IsNoSum { of }, other) if of == other => Some(Same(of.clone())),
                _ => None,
            },
            ("Neg", _) => Some(self.opposite(x)),
            ("Exp", _) => Some(self.exp(x)),
            ("Log", _) => self.log(x),
            ("Abs", _) => self.is_probability(x).then(|| Same(x.to_owned())),
            ("Reciprocal", _) => self.reciprocal(x),
            ("Add", Some(y)) => self.add(x, y).or_else(|| self.add(y, x)),
            ("Sub", Some(y)) => self.sub(x, y),
            ("Mul", Some(y)) => self.mul(x, y).or_else(|| self.mul(y, x)),
            ("Div", Some(y)) => self.div(x, y),
            ("Pow", Some(y)) if self.number(y) == Some(-1.0) => self.reciprocal(x),
            ("ReduceSum" | "ReduceL1", _) => {
                let axis = self.axis(node)?;
                Some(Sum {
                    of: x.to_owned(),
                    axis,
                })
            }
            ("ReduceMax", _) => {
                let axis = self.axis(node)?;
                Some(Largest {
                    of: x.to_owned(),
                    axis,
                })
            }
            ("ReduceLogSumExp", _) => {
                let axis = self.axis(node)?;
                Some(LogSumExp {
                    of: x.to_owned(),
                    axis,
                })
            }
            ("Sigmoid", _) => Some(Sigmoid {
                of: x.to_owned(),
                negated: false,
            }),
            // Without the attribute the side depends on the operators' version.
            ("Softmax", _) => Some(Softmax {
                of: x.to_owned(),
                axis: int(node, "axis")?,
            }),
            ("LogSoftmax", _) => Some(LogSoftmax {
                of: x.to_owned(),
                axis: int(node, "axis")?,
            }),
            ("LpNormalization", _) if int(node, "p") == Some(1) => self.shares(x),
            ("Reshape" | "Flatten" | "Squeeze" | "Unsqueeze" | "Slice" | "Gather", _) => {
                self.arranged(node, x)
            }
            _ => None,
        }
    }

    fn opposite(&self, x: &str) -> Meaning {
        match self.meaning_of(x) {
            Some(Negated(of)) => Same(of.clone()),
            _ => Negated(x.to_owned()),
        }
    }

    fn exp(&self, x: &str) -> Meaning {
        match self.meaning_of(x) {
            Some(Negated(of)) => Exp {
                of: of.clone(),
                negated: true,
            },
            Some(Shifted { of, axis }) => ShiftedExp {
                of: of.clone(),
                axis: *axis,
            },
            Some(LogSoftmax { of, axis }) => Softmax {
                of: of.clone(),
                axis: *axis,
            },
            _ => Exp {
                of: x.to_owned(),
                negated: false,
            },
        }
    }

    fn log(&self, x: &str) -> Option<Meaning> {
        match self.meaning_of(x)? {
            Softmax { of, axis } => Some(LogSoftmax {
                of: of.clone(),
                axis: *axis,
            }),
            Sum { of, axis } => match self.meaning_of(of)? {
                Exp { of, negated: false } => Some(LogSumExp {
                    of: of.clone(),
                    axis: *axis,
                }),
                _ => None,
            },
            _ => None,
        }
    }

    /// 1/x.
    fn reciprocal(&self, x: &str) -> Option<Meaning> {
        match self.meaning_of(x)? {
            OneAndExp { of, negated } => Some(Sigmoid {
                of: of.clone(),
                negated: !negated,
            }),
            _ => None,
        }
    }

    /// x + y, looking at y.
    fn add(&self, x: &str, y: &str) -> Option<Meaning> {
        match (self.number(x), self.meaning_of(y)) {
            (Some(0.0), _) => Some(Same(y.to_owned())),
            (Some(1.0), Some(Exp { of, negated })) => Some(OneAndExp {
                of: of.clone(),
                negated: *negated,
            }),
            (None, Some(NoSum { of })) => {
                let is_own = match self.meaning_of(of) {
                    Some(Sum { of: summed, .. }) => of == x || summed == x,
                    _ => false,
                };
                is_own.then(|| Same(x.to_owned()))
            }
            _ => None,
        }
    }

    fn sub(&self, x: &str, y: &str) -> Option<Meaning> {
        match (self.number(x), self.number(y)) {
            (_, Some(0.0)) => return Some(Same(x.to_owned())),
            (Some(0.0), _) => return Some(self.opposite(y)),
            _ => {}
        }
        match (self.number(x), self.meaning_of(y)?) {
            (Some(1.0), Sigmoid { of, negated }) => Some(Sigmoid {
                of: of.clone(),
                negated: !negated,
            }),
            (None, LogSumExp { of, axis }) if of == x => Some(LogSoftmax {
                of: of.clone(),
                axis: *axis,
            }),
            (None, Largest { of, axis }) if of == x => Some(Shifted {
                of: of.clone(),
                axis: *axis,
            }),
            _ => None,
        }
    }

    /// x·y, looking at x.
    fn mul(&self, x: &str, y: &str) -> Option<Meaning> {
        match (self.number(x)?, self.meaning_of(y)) {
            (1.0, _) => Some(Same(y.to_owned())),
            (-1.0, _) => Some(self.opposite(y)),
            (_, Some(NoSum { of })) => Some(NoSum { of: of.clone() }),
            _ => None,
        }
    }

    fn div(&self, x: &str, y: &str) -> Option<Meaning> {
        if self.number(y) == Some(1.0) {
            return Some(Same(x.to_owned()));
        }
        match self.meaning_of(y)? {
            OneAndExp { .. } if self.number(x) == Some(1.0) => self.reciprocal(y),
            OneAndExp { of, negated } => {
                let above = Exp {
                    of: of.clone(),
                    negated: *negated,
                };
                (self.meaning_of(x) == Some(&above)).then(|| Sigmoid {
                    of: of.clone(),
                    negated: *negated,
                })
            }
            Sum { of, axis } if of == x => match self.meaning_of(x)? {
                Exp { of, negated: false } => Some(Softmax {
                    of: of.clone(),
                    axis: *axis,
                }),
                ShiftedExp { of, axis: own } if own == axis => Some(Softmax {
                    of: of.clone(),
                    axis: *axis,
                }),
                _ => self.shares(x),
            },
            _ => None,
        }
    }

    /// x/Σ x.
    fn shares(&self, x: &str) -> Option<Meaning> {
        match self.meaning_of(x)? {
            Softmax { .. } | Shares(_) => Some(Same(x.to_owned())),
            Sigmoid { .. } => Some(Shares(x.to_owned())),
            _ => None,
        }
    }

    fn is_probability(&self, x: &str) -> bool {
        matches!(
            self.meaning_of(x),
            Some(Sigmoid { .. } | Softmax { .. } | Shares(_))
        )
    }

    fn cast(&self, node: &NodeProto, x: &str) -> Option<Meaning> {
        let meaning = self.meaning_of(x)?;
        let to = DataType::try_from(i32::try_from(int(node, "to")?).ok()?).ok()?;
        match (to, meaning) {
            (DataType::Bool, Sum { .. }) => Some(IsSum { of: x.to_owned() }),
            (DataType::Float | DataType::Double, IsNoSum { of }) => Some(NoSum { of: of.clone() }),
            (DataType::Float | DataType::Double, IsSum { .. }) => None,
            (DataType::Float | DataType::Double, other) => Some(other.clone()),
            _ => None,
        }
    }

    /// Sigmoids next to each other, as the sigmoid of what is next to each other.
    fn side_by_side(&mut self, node: &NodeProto) -> Option<Meaning> {
        let axis = int(node, "axis").filter(|axis| matches!(axis, 1 | -1))?;
        let parts = node.input.iter().map(|part| match self.meaning_of(part)? {
            Sigmoid { of, negated } => Some((of.clone(), *negated)),
            _ => None,
        });
        let parts: Vec<(String, bool)> = parts.collect::<Option<_>>()?;
        let parts: Vec<String> = parts
            .iter()
            .map(|(of, negated)| self.signed(of, *negated))
            .collect();
        let parts: Vec<&str> = parts.iter().map(String::as_str).collect();
        let name = format!("{}/scores", node.output.first()?);
        let name = self.names.fresh(name);
        let joined = with_int(node_of("Concat", &parts, &name), "axis", axis);
        Some(Sigmoid {
            of: self.push(joined),
            negated: false,
        })
    }

    /// A part of a value, or its numbers in another shape.
    fn arranged(&mut self, node: &NodeProto, x: &str) -> Option<Meaning> {
        let is_selection = matches!(node.op_type.as_str(), "Slice" | "Gather");
        match self.meaning_of(x)?.clone() {
            Sigmoid { of, negated } => {
                let name = self.names.fresh(format!("{}/score", node.output.first()?));
                let mut arranged = node.clone();
                *arranged.input.first_mut()? = of;
                arranged.output = vec![name.clone()];
                arranged.name = name;
                Some(Sigmoid {
                    of: self.push(arranged),
                    negated,
                })
            }
            kept @ (LogSumExp { .. } | Sum { .. } | Largest { .. } | NoSum { .. })
                if !is_selection =>
            {
                Some(kept)
            }
            _ => None,
        }
    }

    /// The only side that a node reduces, of a record's.
    fn axis(&self, node: &NodeProto) -> Option<i64> {
        let listed = attribute(node, "axes").map(|axes| axes.ints.clone());
        let given = || whole(self.constants.get(node.input.get(1)?.as_str())?);
        match listed.or_else(given)?.as_slice() {
            &[axis @ (1 | -1)] => Some(axis),
            _ => None,
        }
    }
}
