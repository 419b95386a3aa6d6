//! What `inspect` reports, as fields for programs and as lines for people.

mod columns;
mod line;
mod message;
#[cfg(feature = "tables")]
mod table;
mod trees;

use std::fmt::{self, Display};

use serde::Serialize;
use veilcast_card::{
    Activation, Card, CardDigest, Hidden, InputBits, InputKind, Layouts, PublicPart, SlotBits, Way,
    WeightBits,
};
use veilcast_model::{Accuracy, Aucs, ImportReport, Model, Regression, TrainingReport};
use veilcast_paillier::PublicKeyFile;
use veilcast_protocol::{KeyFingerprint, ModelList, ServerMetadata};

use self::columns::ColumnFacts;
use self::line::line;
pub(super) use self::message::MessageFacts;
#[cfg(feature = "tables")]
pub(super) use self::table::TableFacts;
use self::trees::TreesFacts;
use crate::keys;
use crate::models::origin;
use crate::output::{counted, error_figures};

#[derive(Serialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub(super) enum Facts {
    Model(Box<ModelFacts>),
    Card(Box<CardFacts>),
    PublicKey(KeyFacts),
    SecretKey(KeyFacts),
    Request(MessageFacts),
    Response(MessageFacts),
    Opening(OpeningFacts),
    #[cfg(feature = "tables")]
    Table(TableFacts),
    Service(ServiceFacts),
}

#[derive(Serialize)]
pub(super) struct ModelFacts {
    #[serde(flatten)]
    card: CardFacts,
    weights: usize,
    nonzero_weights: usize,
    weight_bits: Option<WeightBits>,
    accuracy: Option<Accuracy>,
    auc: Option<Aucs>,
    #[serde(skip_serializing_if = "Option::is_none")]
    regression: Option<Regression>,
    training: Option<TrainingReport>,
    #[serde(skip_serializing_if = "Option::is_none")]
    import: Option<ImportReport>,
}

#[derive(Serialize)]
pub(super) struct CardFacts {
    name: String,
    version: String,
    description: String,
    card_digest: String,
    input: InputKind,
    shape: Vec<usize>,
    /// A table's columns.
    #[serde(skip_serializing_if = "Option::is_none")]
    columns: Option<Vec<String>>,
    /// What people should know about them, and what they hold.
    #[serde(flatten)]
    about: ColumnFacts,
    /// Trees whose leaves become features.
    #[serde(skip_serializing_if = "Option::is_none")]
    trees: Option<TreesFacts>,
    /// What the client computes in the clear, for a hybrid model.
    #[serde(skip_serializing_if = "Option::is_none")]
    public_part: Option<PublicPart>,
    features: usize,
    input_bits: InputBits,
    labels: Vec<String>,
    outputs: usize,
    activation: Activation,
    /// For quantities.
    #[serde(skip_serializing_if = "Option::is_none")]
    units: Option<Vec<String>>,
    /// The probability above which a record counts as positive, if not 0.5.
    #[serde(skip_serializing_if = "Option::is_none")]
    threshold: Option<f64>,
    /// The probability below which a class is in doubt.
    #[serde(skip_serializing_if = "Option::is_none")]
    doubt: Option<f64>,
    slot_bits: SlotBits,
    /// The bound that no score of each output exceeds in magnitude, as the card publishes it.
    #[serde(skip_serializing_if = "Option::is_none")]
    largest_scores: Option<Vec<u64>>,
    layouts: Layouts,
    max_records: u32,
    max_ciphertexts: u32,
    ways: Vec<Way>,
    /// The hidden layers of a network that isn't affine.
    #[serde(skip_serializing_if = "Option::is_none")]
    hidden: Option<Hidden>,
    /// The fingerprint of the key that the weights are sealed under.
    #[serde(skip_serializing_if = "Option::is_none")]
    sealed_under: Option<String>,
}

#[derive(Serialize)]
pub(super) struct KeyFacts {
    bits: u32,
    fingerprint: String,
    /// Whether there is a proof, which was checked.
    proven: bool,
}

#[derive(Serialize)]
pub(super) struct OpeningFacts {
    pub(super) card_digest: CardDigest,
    pub(super) records: usize,
}

#[derive(Serialize)]
pub(super) struct ServiceFacts {
    name: String,
    version: String,
    extensions: Vec<String>,
    models: Vec<String>,
}

impl ModelFacts {
    pub(super) fn of(model: &Model) -> Self {
        let weights: Vec<i32> = match (model.affine(), model.layered()) {
            (Some(affine), _) => affine.integer_map().weights().to_vec(),
            (None, layered) => {
                let parts = layered
                    .iter()
                    .flat_map(|layered| layered.integers().parts());
                parts
                    .flat_map(|part| part.weights().iter().copied())
                    .collect()
            }
        };
        let report = model.report();
        Self {
            card: CardFacts::of(model.card()),
            weights: weights.len(),
            nonzero_weights: weights.iter().filter(|&&weight| weight != 0).count(),
            weight_bits: report.map(|report| report.weight_bits),
            accuracy: report.and_then(|report| report.accuracy),
            auc: report.and_then(|report| report.auc),
            regression: report.and_then(|report| report.regression),
            training: report.and_then(|report| report.training.clone()),
            import: report.and_then(|report| report.import.clone()),
        }
    }
}

impl CardFacts {
    pub(super) fn of(card: &Card) -> Self {
        Self {
            name: card.name().to_owned(),
            version: card.version().to_owned(),
            description: card.description().to_owned(),
            card_digest: card.digest().to_string(),
            input: card.input().kind,
            shape: card.input().shape.clone(),
            columns: card.input().features.clone(),
            about: ColumnFacts::of(card.input()),
            trees: card.input().preprocessing.trees().map(TreesFacts::of),
            public_part: card.public_part().cloned(),
            features: card.features(),
            input_bits: card.quantization().bits,
            labels: card.output().labels.clone(),
            outputs: card.outputs(),
            activation: card.output().activation,
            units: card.output().units.clone(),
            threshold: card.output().threshold,
            doubt: card.output().doubt,
            slot_bits: card.slot_bits(),
            largest_scores: card.bounds().largest_scores.clone(),
            layouts: card.layouts().clone(),
            max_records: card.limits().max_records,
            max_ciphertexts: card.limits().max_ciphertexts,
            ways: card.ways().to_vec(),
            hidden: card.hidden().cloned(),
            sealed_under: card
                .sealed()
                .map(|sealed| KeyFingerprint::of(&sealed.modulus()).to_string()),
        }
    }
}

impl KeyFacts {
    pub(super) fn of(public: &PublicKeyFile) -> Self {
        Self {
            bits: public.key.bits(),
            fingerprint: keys::fingerprint(&public.key),
            proven: public.proof.is_some(),
        }
    }
}

impl ServiceFacts {
    pub(super) fn of(metadata: ServerMetadata, models: ModelList) -> Self {
        let ServerMetadata {
            name,
            version,
            extensions,
        } = metadata;
        Self {
            name,
            version,
            extensions,
            models: models.models,
        }
    }
}

impl Display for Facts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Model(model) => model.fmt(f),
            Self::Card(card) => write!(f, "public card\n{card}"),
            Self::PublicKey(key) => write!(f, "public key\n{key}"),
            Self::SecretKey(key) => write!(f, "secret key, sound\n{key}"),
            Self::Request(message) => {
                write!(f, "request with {} records\n{message}", message.hidden())
            }
            Self::Response(message) => {
                write!(f, "response with {} scores\n{message}", message.hidden())
            }
            #[cfg(feature = "tables")]
            Self::Table(table) => table.fmt(f),
            Self::Opening(opening) => {
                let card = line("card", opening.card_digest);
                let records = line("records", opening.records);
                write!(
                    f,
                    "secret that opens the answer of a sealed model\n{card}\n{records}"
                )
            }
            Self::Service(service) => service.fmt(f),
        }
    }
}

impl Display for ModelFacts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "model directory\n{}", self.card)?;
        let bits = self
            .weight_bits
            .map_or(String::new(), |bits| format!(" of {bits} bits"));
        write!(
            f,
            "{}",
            line(
                "weights",
                format!("{}{bits}, {} not zero", self.weights, self.nonzero_weights)
            )
        )?;
        if let Some(training) = &self.training {
            write!(f, "\n{}", line("training", how_trained(training)))?;
        }
        if let Some(import) = &self.import {
            let text = format!("a file of {}, SHA-256 {}", origin(import), import.sha256);
            write!(f, "\n{}", line("imported", text))?;
            if let Some(agreement) = import.agreement {
                let (same, records) = (100.0 * agreement, import.records);
                let text = format!("with the network for {same:.2} % of {records} records");
                write!(f, "\n{}", line("agrees", text))?;
            }
        }
        if let Some(Accuracy {
            records,
            network,
            collapsed,
            quantized,
        }) = self.accuracy
        {
            let text = format!(
                "float {network:.4}, collapsed {collapsed:.4}, quantised {quantized:.4} on {records} records"
            );
            write!(f, "\n{}", line("accuracy", text))?;
        }
        if let Some(aucs) = self.auc {
            let (collapsed, quantized) = (aucs.collapsed, aucs.quantized);
            let text = format!("collapsed {collapsed:.4}, quantised {quantized:.4}");
            write!(f, "\n{}", line("ROC area", text))?;
        }
        if let Some(regression) = &self.regression {
            let Regression {
                records, quantized, ..
            } = regression;
            let text = format!("{} on {records} records", error_figures(quantized));
            write!(f, "\n{}", line("errors", text))?;
        }
        Ok(())
    }
}

impl Display for CardFacts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kind = match self.input {
            InputKind::Image => "image",
            InputKind::Table => "table",
            InputKind::Array => "array",
        };
        let activation = self.activation.name();
        let input = format!(
            "{kind} of shape {:?}, {} features of {} bits",
            self.shape, self.features, self.input_bits
        );
        let output = format!(
            "{} of at most {} bits, final function {activation}",
            counted(self.outputs as u64, "score"),
            self.slot_bits
        );
        let limits = format!(
            "at most {} records and {} ciphertexts per request",
            self.max_records, self.max_ciphertexts
        );
        writeln!(
            f,
            "{}",
            line("name", format!("{} {}", self.name, self.version))
        )?;
        writeln!(f, "{}", line("about", &self.description))?;
        writeln!(f, "{}", line("card", &self.card_digest))?;
        writeln!(f, "{}", line("input", input))?;
        if let Some(columns) = &self.columns {
            writeln!(f, "{}", line("columns", columns.join(", ")))?;
            write!(f, "{}", self.about.of_columns(columns))?;
        }
        if let Some(trees) = &self.trees {
            writeln!(f, "{}", line("trees", trees))?;
        }
        if let Some(PublicPart {
            sha256,
            bytes,
            shape,
            features,
            description,
        }) = &self.public_part
        {
            let text = format!(
                "public.onnx of {bytes} bytes, run in the clear: {shape:?} to {features} features"
            );
            writeln!(f, "{}", line("public", text))?;
            writeln!(f, "{}", line("", format!("sha256:{sha256}")))?;
            writeln!(f, "{}", line("", description))?;
        }
        writeln!(f, "{}", line("output", output))?;
        writeln!(f, "{}", line("labels", self.labels.join(", ")))?;
        if let Some(units) = &self.units {
            writeln!(f, "{}", line("units", units.join(", ")))?;
        }
        if let Some(doubt) = self.doubt {
            let text = format!("if the probability is below {doubt}");
            writeln!(f, "{}", line("not sure", text))?;
        }
        if let (Some(threshold), Some(positive)) = (self.threshold, self.labels.last()) {
            let text = format!("{positive} if its probability exceeds {threshold}");
            writeln!(f, "{}", line("positive", text))?;
        }
        match &self.hidden {
            None => writeln!(f, "{}", line("layouts", layout_names(&self.layouts)))?,
            Some(hidden) => {
                let sizes: Vec<String> = hidden.sizes.iter().map(usize::to_string).collect();
                let (sizes, ring) = (sizes.join(", "), hidden.ring_bits);
                let text =
                    format!("layers of {sizes}, squared; in a ring of {ring} bits, by vouchers");
                writeln!(f, "{}", line("hidden", text))?;
            }
        }
        write!(f, "{}", line("limits", limits))?;
        if let Some(key) = &self.sealed_under {
            let text = format!("its weights are offered encrypted under the key {key}");
            write!(f, "\n{}", line("sealed", text))?;
        }
        Ok(())
    }
}

impl Display for KeyFacts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}", line("bits", self.bits))?;
        writeln!(f, "{}", line("print", &self.fingerprint))?;
        let proof = match self.proven {
            true => "right: the modulus is fit for a service",
            false => "none: services ask for it, and its owner makes it with `veilcast pubkey`",
        };
        write!(f, "{}", line("proof", proof))
    }
}

impl Display for ServiceFacts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "service")?;
        writeln!(
            f,
            "{}",
            line("name", format!("{} {}", self.name, self.version))
        )?;
        writeln!(f, "{}", line("extras", self.extensions.join(", ")))?;
        write!(f, "{}", line("models", self.models.join(", ")))
    }
}

/// The layouts that a card allows.
fn layout_names(layouts: &Layouts) -> String {
    let numbers: Vec<_> = layouts.grouped().iter().map(u32::to_string).collect();
    let features = format!("features ({} per ciphertext)", numbers.join(", "));
    let seeded = "uploads full or seeded".to_owned();
    [
        layouts.scalar.map(|_| "scalar".to_owned()),
        layouts.records.map(|_| "records".to_owned()),
        layouts.features.as_ref().map(|_| features),
        layouts.seeded.map(|_| seeded),
    ]
    .into_iter()
    .flatten()
    .collect::<Vec<_>>()
    .join(", ")
}

/// How a model was trained, in a line.
fn how_trained(training: &TrainingReport) -> String {
    let TrainingReport {
        hidden,
        epochs,
        seed,
        records,
        stem,
        trees,
        penalty,
        ..
    } = training;
    if let Some(penalty) = penalty {
        return format!("one layer on {records} records until it had converged, penalty {penalty}");
    }
    if let Some(trees) = trees {
        let (trees, depth) = (counted(trees.trees as u64, "tree"), trees.depth);
        return format!(
            "{trees} of depth {depth}, {epochs} rounds of boosting on {records} records, seed {seed}"
        );
    }
    let stem = stem.map_or(String::new(), |stem| {
        format!("stem of {:?} channels, ", stem.channels)
    });
    format!("{stem}hidden layers {hidden:?}, {epochs} epochs on {records} records, seed {seed}")
}
