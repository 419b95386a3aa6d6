//! Why decision trees can't be imported.

use veilcast_model::ShapeError;
use veilcast_model::trees::{Mixed, TooManyNodes};

/// A file of trees can't be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TreesError {
    /// The file isn't JSON.
    #[error("it isn't JSON: {problem}")]
    Json {
        /// Where it stops being JSON.
        problem: String,
    },
    /// The file is JSON of something else.
    #[error(
        "it is JSON, but not of XGBoost (model.save_model(\"model.json\")), LightGBM \
         (json.dump(booster.dump_model(), file)) or InterpretML (ebm.to_json(\"model.json\"))"
    )]
    Unknown,
    /// A part of the file is missing or not of the right kind.
    #[error("{place} is missing, or isn't what it should be")]
    Malformed {
        /// The part.
        place: String,
    },
    /// The trees do what none can do here.
    #[error("{what}; {advice}")]
    Unsupported {
        /// What they do.
        what: String,
        /// What to do instead.
        advice: String,
    },
    /// A tree isn't one.
    #[error(transparent)]
    Nodes(#[from] TooManyNodes),
    /// Trees compare what isn't a number of the record.
    #[error("{0}; export the trees without what comes before them")]
    Mixed(#[from] Mixed),
    /// The trees don't fit together.
    #[error(transparent)]
    Shape(#[from] ShapeError),
}

impl TreesError {
    /// A part of a file, by its path, is missing or not of the right kind.
    pub(crate) fn malformed(place: &str) -> Self {
        Self::Malformed {
            place: place.trim_start_matches('/').to_owned(),
        }
    }

    /// Trees do what none can do here.
    pub(crate) fn unsupported(what: impl Into<String>, advice: impl Into<String>) -> Self {
        Self::Unsupported {
            what: what.into(),
            advice: advice.into(),
        }
    }
}
