//! How records become plaintexts.

use std::fmt;

use serde::Serialize;

use crate::DecodeError;
use crate::error::excerpt;
use crate::tensor::Text;

/// How the numbers of records are laid out in ciphertexts; named in each request.
///
/// The numbers have only been checked not to be zero: the evaluation checks whether a model and a
/// key allow them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Layout {
    /// One feature per ciphertext: the textbook protocol, which any Paillier client can implement. One row per record.
    Scalar {
        /// Scores per ciphertext of an answer, at least 1; with more than one, answers are *packed*.
        scores_per_answer: u32,
    },
    /// One feature of many records per ciphertext, and one score of the same number of records per
    /// answer. One row per group of records; the last group may be partly filled.
    Records,
    /// One number for each feature of many vouchers per ciphertext, and a share of one score of as many vouchers per answer. Rows
    /// as in [`Records`](Self::Records); what counts as records are vouchers.
    Vouchers,
    /// Several features of one record per ciphertext. One row per record.
    Features {
        /// Features per ciphertext, at least 1.
        features_per_ciphertext: u32,
        /// Scores per ciphertext of an answer, at least 1.
        scores_per_answer: u32,
    },
}

impl Layout {
    /// One feature per ciphertext, one score per answer.
    pub const SCALAR: Self = Self::Scalar {
        scores_per_answer: 1,
    };

    const NAMES: [&'static str; 4] = ["scalar", "records", "features", "vouchers"];

    /// The layout's name in messages and cards.
    #[must_use]
    pub fn name(self) -> &'static str {
        let [scalar, records, features, vouchers] = Self::NAMES;
        match self {
            Self::Scalar { .. } => scalar,
            Self::Records => records,
            Self::Vouchers => vouchers,
            Self::Features { .. } => features,
        }
    }

    /// Whether a row may hold several records, or vouchers.
    #[must_use]
    pub fn is_grouped(self) -> bool {
        matches!(self, Self::Records | Self::Vouchers)
    }

    /// The parameters that a message about `records` records names.
    pub(crate) fn parameters(self, records: usize) -> LayoutParameters {
        let several = |scores| (scores != 1).then_some(scores);
        let (scores_per_answer, features_per_ciphertext) = match self {
            Self::Scalar { scores_per_answer } => (several(scores_per_answer), None),
            Self::Records | Self::Vouchers => (None, None),
            Self::Features {
                features_per_ciphertext,
                scores_per_answer,
            } => (several(scores_per_answer), Some(features_per_ciphertext)),
        };
        LayoutParameters {
            features_per_ciphertext,
            scores_per_answer,
            records: self.is_grouped().then_some(records),
        }
    }
}

impl fmt::Display for Layout {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A layout's numbers as a message contains them; implied ones are left out.
#[derive(Clone, Copy, Serialize)]
pub(crate) struct LayoutParameters {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) features_per_ciphertext: Option<u32>,
    /// 1 if absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) scores_per_answer: Option<u32>,
    /// The number of the tensor's rows if absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) records: Option<usize>,
}

impl LayoutParameters {
    /// The layout with this name.
    pub(crate) fn layout(self, name: &Text<'_>) -> Result<Layout, DecodeError> {
        let scores_per_answer = self.scores_per_answer.unwrap_or(1);
        let features_per_ciphertext = self.features_per_ciphertext.unwrap_or(1);
        for (name, number) in [
            ("scores_per_answer", scores_per_answer),
            ("features_per_ciphertext", features_per_ciphertext),
        ] {
            if number == 0 {
                return Err(DecodeError::ZeroParameter(name));
            }
        }
        let [scalar, records, features, vouchers] = Layout::NAMES;
        let (layout, surplus) = if name.0 == scalar {
            let surplus = self
                .features_per_ciphertext
                .map(|_| "features_per_ciphertext");
            (Layout::Scalar { scores_per_answer }, surplus)
        } else if name.0 == records || name.0 == vouchers {
            let layout = if name.0 == records {
                Layout::Records
            } else {
                Layout::Vouchers
            };
            let scores = self.scores_per_answer.map(|_| "scores_per_answer");
            let features = self
                .features_per_ciphertext
                .map(|_| "features_per_ciphertext");
            (layout, scores.or(features))
        } else if name.0 == features {
            let layout = Layout::Features {
                features_per_ciphertext,
                scores_per_answer,
            };
            (layout, None)
        } else {
            return Err(DecodeError::UnknownLayout(excerpt(&name.0)));
        };
        match surplus {
            Some(parameter) => Err(DecodeError::SurplusParameter {
                parameter,
                layout: layout.name(),
            }),
            None => Ok(layout),
        }
    }

    /// The number of records of a message with this many rows, by the rules of the layout.
    pub(crate) fn records(self, layout: Layout, rows: usize) -> Result<usize, DecodeError> {
        match (layout.is_grouped(), self.records) {
            (true, None) => Err(DecodeError::MissingParameter("records")),
            (true, Some(0)) => Err(DecodeError::ZeroParameter("records")),
            (true, Some(records)) => Ok(records),
            (_, None) => Ok(rows),
            (_, Some(records)) if records == rows => Ok(rows),
            (_, Some(found)) => Err(DecodeError::RecordsAndRows { found, rows }),
        }
    }
}
