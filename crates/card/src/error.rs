//! What can be wrong with a card, with a record for it, and with scores for it.

use crate::limits::{
    CARD_FORMAT, MAX_CARD_BYTES, MAX_FEATURES, MAX_FEATURES_PER_CIPHERTEXT, MAX_OUTPUTS,
};
use crate::task::Task;

/// The card itself is unusable: its publisher's fault.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CardError {
    /// More bytes than any card has.
    #[error("the card has {bytes} bytes, more than the {MAX_CARD_BYTES} a card may have")]
    TooLarge {
        /// Its size.
        bytes: usize,
    },
    /// Not JSON, or not the fields of a card.
    #[error("the card isn't valid")]
    Json(#[source] serde_json::Error),
    /// A card of another kind or of a later version.
    #[error("the card's format is {found:?}; this version reads {CARD_FORMAT:?}")]
    Format {
        /// The value of its `format` field.
        found: String,
    },
    /// A name that can't be used in a URL.
    #[error(
        "the {field} {found:?} isn't allowed: use 1 to 64 letters, digits, dots, hyphens and \
         underscores, a letter or digit first (lower case in a name)"
    )]
    Name {
        /// `name` or `version`.
        field: &'static str,
        /// What it says.
        found: String,
    },
    /// No way of predicting, or one twice.
    #[error(
        "`ways` must name each way of predicting that the model is offered in once, and one at least"
    )]
    Ways,
    /// Sealed models are offered, and nothing is sealed.
    #[error("`ways` offers a sealed model, but there is no `sealed`: `veilcast seal` makes it")]
    NotSealed,
    /// Something is sealed, and sealed models aren't offered.
    #[error("there is `sealed`, but `ways` doesn't offer a sealed model")]
    SealedNotOffered,
    /// A field of `sealed` is malformed.
    #[error("sealed.{problem}")]
    Sealed {
        /// Which field, and what it must be.
        problem: &'static str,
    },
    /// The hidden layers are malformed, or contradict the rest.
    #[error("hidden: {problem}")]
    Hidden {
        /// Which field, and what it must be.
        problem: String,
    },
    /// The shape has no values, too many, or isn't one the input's kind can have.
    #[error(
        "the input shape {shape:?} doesn't suit its kind: a table has [columns], an image \
         [rows, columns] or [rows, columns, 3], with at most {MAX_FEATURES} values"
    )]
    Shape {
        /// The shape.
        shape: Vec<usize>,
    },
    /// Pictures can only be fitted to a grey image.
    #[error("input.fit is only for a grey image, whose shape is [rows, columns]")]
    Fit,
    /// Preprocessing that can't be carried out.
    #[error("preprocessing step {step}: {problem}")]
    Preprocessing {
        /// Index of the step, from 0.
        step: usize,
        /// What is wrong with it.
        problem: String,
    },
    /// Spellings of missing cells that can't be used.
    #[error("preprocessing.missing: {problem}")]
    Missing {
        /// What is wrong with them.
        problem: String,
    },
    /// One-hot encoding gives more features than a model may have.
    #[error("preprocessing gives {features} features; a model has at most {MAX_FEATURES}")]
    TooManyFeatures {
        /// How many there are.
        features: usize,
    },
    /// Feature names are missing, superfluous, repeated or empty.
    #[error("the input's feature names: {problem}")]
    FeatureNames {
        /// What is wrong with them.
        problem: String,
    },
    /// What is said about columns isn't about the table's, or can't be shown.
    #[error("what is said about the input's columns: {problem}")]
    About {
        /// What is wrong with it.
        problem: String,
    },
    /// A public part that can't be one.
    #[error("public_part: {problem}")]
    PublicPart {
        /// What is wrong with it.
        problem: String,
    },
    /// A list with one value per feature has the wrong length.
    #[error("quantization.{field} has {found} values for {expected} features")]
    PerFeature {
        /// `step` or `zero`.
        field: &'static str,
        /// Length of the list.
        found: usize,
        /// Number of features.
        expected: usize,
    },
    /// A number that must be finite, or finite and positive, isn't.
    #[error("{field} holds {found}; it must be {expected}")]
    Number {
        /// The field's path.
        field: &'static str,
        /// The value found.
        found: f64,
        /// What it must be.
        expected: &'static str,
    },
    /// Wrong number of outputs for the activation or the labels.
    #[error("the output: {problem}")]
    Output {
        /// What is wrong.
        problem: String,
    },
    /// The task contradicts the output's other fields.
    #[error(
        "output.task is {found}, but the activation, the units and the number of outputs are those \
         of {expected}; correct it, or leave it out"
    )]
    Task {
        /// What the card says.
        found: Task,
        /// What its other fields say.
        expected: Task,
    },
    /// One probability from several outputs without a final function.
    #[error(
        "output.task is probability, but there are {outputs} outputs without a final function: \
         these are classes or quantities"
    )]
    SeveralProbabilities {
        /// How many there are.
        outputs: usize,
    },
    /// Number of outputs out of range.
    #[error("output.scales has {found} values; a model has 1 to {MAX_OUTPUTS} outputs")]
    OutputCount {
        /// How many there are.
        found: usize,
    },
    /// Bounds that aren't proven.
    #[error("bounds.certified is false; only a model whose bounds are proven has a card")]
    NotCertified,
    /// The bounds of the single scores are invalid.
    #[error("bounds.largest_scores: {problem}")]
    LargestScores {
        /// What is wrong with them.
        problem: String,
    },
    /// No layout is allowed.
    #[error("the card allows no layout; at least one is needed, such as \"scalar\": {{}}")]
    NoLayout,
    /// Seeded uploads without a layout that takes them.
    #[error(
        "layouts.seeded is only for the layouts scalar and features; allow one of them, or leave \
         seeded out"
    )]
    SeededAlone,
    /// The numbers of features per ciphertext can't be offered.
    #[error(
        "layouts.features.features_per_ciphertext is {found:?}; it must have at least one number, \
         in increasing order, each 2 to {MAX_FEATURES_PER_CIPHERTEXT} and at most the model's \
         {features} features"
    )]
    FeaturesPerCiphertext {
        /// The first of the numbers.
        found: Vec<u32>,
        /// Number of features.
        features: usize,
    },
    /// A limit is 0, so that a request could hold nothing.
    #[error("limits.{field} is 0; it must be at least 1")]
    Limit {
        /// `max_records` or `max_ciphertexts`.
        field: &'static str,
    },
}

/// A record doesn't fit the card: its sender's fault.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum RecordError {
    /// Too few or too many values.
    #[error("the record has {found} values; the model takes {expected}")]
    Length {
        /// Number of values given.
        found: usize,
        /// Number of values the model takes.
        expected: usize,
    },
    /// A number isn't finite.
    #[error("feature {name:?} (number {index}, from 0) is {value}; it must be a finite number")]
    NotFinite {
        /// Its index, from 0.
        index: usize,
        /// Its name.
        name: String,
        /// The value.
        value: f64,
    },
    /// A cell is missing, and the card gives no value to use instead.
    #[error("column {name:?} (number {index}, from 0) has no value, and the model needs one")]
    Missing {
        /// Its index, from 0.
        index: usize,
        /// Its name.
        name: String,
    },
    /// A text in a column of numbers.
    #[error("column {name:?} (number {index}, from 0) has a text; the model takes a number")]
    NotANumber {
        /// Its index, from 0.
        index: usize,
        /// Its name.
        name: String,
    },
    /// A number in a column of texts.
    #[error("column {name:?} (number {index}, from 0) has a number; the model takes a text")]
    NotAText {
        /// Its index, from 0.
        index: usize,
        /// Its name.
        name: String,
    },
    /// A category that the card doesn't know and doesn't allow to be ignored.
    #[error(
        "column {name:?} (number {index}, from 0) has the category {found:?}; the model knows \
         {known}"
    )]
    UnknownCategory {
        /// Its index, from 0.
        index: usize,
        /// Its name.
        name: String,
        /// The category.
        found: String,
        /// Those that the card knows, or the first of them.
        known: String,
    },
    /// An integer feature above the quantisation's maximum.
    #[error("quantised feature {index} is {found}; the largest possible is {limit}")]
    TooLarge {
        /// Its index, from 0.
        index: usize,
        /// The value.
        found: u32,
        /// The maximum.
        limit: u32,
    },
}

/// Scores don't fit the card: the fault of the party that computed them.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ScoreError {
    /// Too few or too many scores.
    #[error("the answer has {found} scores; the model has {expected} outputs")]
    Length {
        /// Number of scores given.
        found: usize,
        /// Number of the model's outputs.
        expected: usize,
    },
    /// A score outside the certified bounds.
    #[error(
        "score {output} (from 0) is {score}, but no record has one beyond ±{bound}, as the card \
         certifies; the answer wasn't computed by this model, or not from this record"
    )]
    OutOfBounds {
        /// Index of the output, from 0.
        output: usize,
        /// The score.
        score: i64,
        /// The largest magnitude that it may have.
        bound: u64,
    },
}
