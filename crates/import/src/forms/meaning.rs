//! What a value is in terms of earlier ones.

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
