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
    /// What [`Vouchers`](Self::Vouchers) are for a whole model, for one affine part of a network with hidden layers.
    Shares {
        /// Which, from 0.
        part: u32,
    },
    /// One number of a hidden layer per ciphertext, and in the answers shares of its products with numbers that the service draws,
    /// several per ciphertext. One row per voucher.
    Products {
        /// The affine part before that layer, from 0.
        part: u32,
    },
    /// Directly through one affine part of a network with hidden layers: one feature per ciphertext; after the first part, the client's
    /// shares of the hidden layer before, and then their squares. Answers hold shares of the next hidden layer, or scores after the
    /// last part, several per ciphertext. One row per record.
    Layer {
        /// Which, from 0.
        part: u32,
    },
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

    const NAMES: [&'static str; 7] = [
        "scalar", "records", "features", "vouchers", "shares", "products", "layer",
    ];

    /// The layout's name in messages and cards.
    #[must_use]
    pub fn name(self) -> &'static str {
        let [scalar, records, features, vouchers, shares, products, layer] = Self::NAMES;
        match self {
            Self::Scalar { .. } => scalar,
            Self::Records => records,
            Self::Vouchers => vouchers,
            Self::Shares { .. } => shares,
            Self::Products { .. } => products,
            Self::Layer { .. } => layer,
            Self::Features { .. } => features,
        }
    }

    /// Whether a row may hold several records, or vouchers.
    #[must_use]
    pub fn is_grouped(self) -> bool {
        matches!(self, Self::Records | Self::Vouchers | Self::Shares { .. })
    }

    /// Whether it is for vouchers, in place of records.
    #[must_use]
    pub fn is_ahead(self) -> bool {
        matches!(
            self,
            Self::Vouchers | Self::Shares { .. } | Self::Products { .. }
        )
    }

    /// The affine part of a network that it is for, if it is for one.
    fn part(self) -> Option<u32> {
        match self {
            Self::Shares { part } | Self::Products { part } | Self::Layer { part } => Some(part),
            Self::Scalar { .. } | Self::Records | Self::Vouchers | Self::Features { .. } => None,
        }
    }

    /// The parameters that a message about `records` records names.
    pub(crate) fn parameters(self, records: usize) -> LayoutParameters {
        let several = |scores| (scores != 1).then_some(scores);
        let (scores_per_answer, features_per_ciphertext) = match self {
            Self::Scalar { scores_per_answer } => (several(scores_per_answer), None),
            Self::Records
            | Self::Vouchers
            | Self::Shares { .. }
            | Self::Products { .. }
            | Self::Layer { .. } => (None, None),
            Self::Features {
                features_per_ciphertext,
                scores_per_answer,
            } => (several(scores_per_answer), Some(features_per_ciphertext)),
        };
        LayoutParameters {
            features_per_ciphertext,
            scores_per_answer,
            part: self.part(),
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
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) part: Option<u32>,
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
        let [scalar, records, features, vouchers, shares, products, layer] = Layout::NAMES;
        let part = || self.part.ok_or(DecodeError::MissingParameter("part"));
        let layout = if name.0 == scalar {
            Layout::Scalar { scores_per_answer }
        } else if name.0 == records {
            Layout::Records
        } else if name.0 == vouchers {
            Layout::Vouchers
        } else if name.0 == shares {
            Layout::Shares { part: part()? }
        } else if name.0 == products {
            Layout::Products { part: part()? }
        } else if name.0 == layer {
            Layout::Layer { part: part()? }
        } else if name.0 == features {
            Layout::Features {
                features_per_ciphertext,
                scores_per_answer,
            }
        } else {
            return Err(DecodeError::UnknownLayout(excerpt(&name.0)));
        };
        // What a message with this layout says, at most.
        let (has_features, has_scores) = match layout {
            Layout::Scalar { .. } => (false, true),
            Layout::Features { .. } => (true, true),
            _ => (false, false),
        };
        let surplus = [
            ("scores_per_answer", self.scores_per_answer, has_scores),
            (
                "features_per_ciphertext",
                self.features_per_ciphertext,
                has_features,
            ),
            ("part", self.part, layout.part().is_some()),
        ];
        let surplus = surplus
            .iter()
            .find(|(_, number, is_known)| number.is_some() && !is_known);
        match surplus {
            Some(&(parameter, ..)) => Err(DecodeError::SurplusParameter {
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
