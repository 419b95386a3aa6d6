//! `veilcast inspect`: what a model, a file or a service is.

mod cluster;
mod facts;

use std::fmt::{self, Display};
use std::num::NonZeroUsize;
use std::path::Path;

use anyhow::{Context as _, anyhow};
use serde::de::IgnoredAny;
use serde::{Deserialize, Serialize};
use veilcast_card::Card;
use veilcast_card::MAX_CARD_BYTES;
use veilcast_model::CARD_FILE;
use veilcast_paillier::{KEY_BITS, PublicKeyFile};
use veilcast_protocol::{Framing, InferResponse, Inference, Limits, MaskedResponse};
use veilcast_report::{ClusterPlan, Plan};
use zeroize::Zeroizing;

use self::cluster::{ClusterArgs, count};
use self::facts::{
    CardFacts, Facts, KeyFacts, MessageFacts, ModelFacts, OpeningFacts, ServiceFacts,
};
use crate::args::KeyBits;
use crate::failure::Hint as _;
use crate::output::Output;
use crate::planning::CostArgs;
use crate::service::{ServiceArgs, advised};
use crate::verbs::predict::fetch_card;
use crate::{files, keys, logging, models, runtime, sealed};

/// Largest file looked at, in bytes.
const MAX_BYTES: u64 = 1 << 30;

/// Describe a model directory, a card, a key, a request, a response, a table of them or a service.
///
/// For a model or a card, this includes the predicted cost of each layout, and which one is chosen; or with --cluster that of a
/// table of any size on many cores.
/// For a secret key, only public facts are shown.
#[derive(clap::Args)]
#[command(after_long_help = crate::examples::INSPECT)]
pub(crate) struct Args {
    /// Model directory, file, or URL of a service or of one of its models; `-` is standard input.
    #[arg(value_name = "MODEL_DIR|FILE|URL")]
    target: String,
    #[command(flatten)]
    key_bits: KeyBits,
    /// How many records to predict the costs for, such as 1000 or 1e9.
    #[arg(long, value_name = "N", default_value = "1", value_parser = count)]
    records: NonZeroUsize,
    #[command(flatten)]
    costs: CostArgs,
    #[command(flatten)]
    cluster: ClusterArgs,
    #[command(flatten)]
    service: ServiceArgs,
}

/// A description of something, and for a model the costs of its layouts.
#[derive(Serialize)]
struct Shown {
    #[serde(flatten)]
    facts: Facts,
    #[serde(skip_serializing_if = "Option::is_none")]
    plan: Option<Plan>,
    #[serde(skip_serializing_if = "Option::is_none")]
    table: Option<ClusterPlan>,
}

impl From<Facts> for Shown {
    fn from(facts: Facts) -> Self {
        Self {
            facts,
            plan: None,
            table: None,
        }
    }
}

impl Display for Shown {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.facts.fmt(f)?;
        if let Some(plan) = &self.plan {
            write!(f, "\n\n{plan}")?;
        }
        match &self.table {
            Some(table) => write!(f, "\n\n{table}"),
            None => Ok(()),
        }
    }
}

pub(crate) fn run(args: &Args, output: Output) -> anyhow::Result<()> {
    let path = Path::new(&args.target);
    let shown = if args.target.contains("://") {
        service(args, output)?
    } else if path.is_dir() {
        model(path, args)?
    } else {
        file(path, args, output)?
    };
    output.result(&shown)
}

fn model(directory: &Path, args: &Args) -> anyhow::Result<Shown> {
    if !directory.join(CARD_FILE).exists() {
        return Err(anyhow!(
            "{} isn't a model directory: it has no {CARD_FILE}",
            directory.display()
        ))
        .hint("give a directory that `veilcast train` or `veilcast import` wrote");
    }
    let model = models::load(directory)?;
    let facts = Facts::Model(Box::new(ModelFacts::of(&model)));
    let (records, costs) = (args.records.get(), args.costs.costs(args.key_bits.bits)?);
    Ok(match args.cluster.cluster() {
        None => Shown {
            plan: Some(Plan::of_model(&model, records, &costs)),
            ..facts.into()
        },
        Some(cluster) => Shown {
            table: Some(ClusterPlan::of_model(
                &model, records, &costs, &KEY_BITS, &cluster,
            )),
            ..facts.into()
        },
    })
}

fn card(card: &Card, args: &Args) -> anyhow::Result<Shown> {
    let facts = Facts::Card(Box::new(CardFacts::of(card)));
    let (records, costs) = (args.records.get(), args.costs.costs(args.key_bits.bits)?);
    Ok(match args.cluster.cluster() {
        None => Shown {
            plan: Some(Plan::of_card(card, records, &costs)),
            ..facts.into()
        },
        Some(cluster) => Shown {
            table: Some(ClusterPlan::of_card(
                card, records, &costs, &KEY_BITS, &cluster,
            )),
            ..facts.into()
        },
    })
}

/// A service by its base URL, or one of its models by a URL below `/v2/models/`.
fn service(args: &Args, output: Output) -> anyhow::Result<Shown> {
    logging::start(logging::Format::of(output), "warn");
    let (runtime, url) = (runtime::start()?, &args.target);
    if let Some((base, rest)) = url.split_once("/v2/models/") {
        let name = rest.split('/').next().unwrap_or_default();
        let client = args.service.client(base, None, output)?;
        return card(&runtime.block_on(fetch_card(&client, name))?, args);
    }
    let base = url.trim_end_matches('/').trim_end_matches("/v2");
    let client = args.service.client(base, None, output)?;
    let metadata = advised(runtime.block_on(client.server_metadata()))?.answer;
    let models = advised(runtime.block_on(client.models()))?.answer;
    Ok(Facts::Service(ServiceFacts::of(metadata, models)).into())
}

/// The JSON members that distinguish files; their values are ignored, as they may be secret.
#[derive(Deserialize)]
struct Members {
    kty: Option<IgnoredAny>,
    p: Option<IgnoredAny>,
    format: Option<IgnoredAny>,
    masks: Option<IgnoredAny>,
    inputs: Option<IgnoredAny>,
    outputs: Option<IgnoredAny>,
    model_name: Option<IgnoredAny>,
}

fn file(path: &Path, args: &Args, output: Output) -> anyhow::Result<Shown> {
    let unknown = || {
        Err(anyhow!(
            "{} isn't a Veilcast file, or it is damaged",
            path.display()
        ))
        .hint("give a card, a key, a request, a response, a model directory or a URL")
    };
    #[cfg(feature = "tables")]
    if is_parquet(path) {
        let summary = veilcast_tables::Summary::of(path).hint(
            "a table of encrypted records or of answers has the columns that the book lists",
        )?;
        return Ok(Facts::Table(facts::TableFacts::of(&summary)).into());
    }
    // It may be a secret key: wiped when done.
    let content = Zeroizing::new(files::read(path, MAX_BYTES)?);
    let mut values = serde_json::Deserializer::from_slice(&content).into_iter::<Members>();
    let Some(Ok(members)) = values.next() else {
        return unknown();
    };
    if members.kty.is_some() {
        return Ok(key(path, &content, members.p.is_some(), output)?.into());
    }
    if members.masks.is_some() {
        let (card_digest, records) = sealed::described_opening(path, &content)?;
        let opening = OpeningFacts {
            card_digest,
            records,
        };
        return Ok(Facts::Opening(opening).into());
    }
    if members.format.is_some() && content.len() <= MAX_CARD_BYTES {
        let parsed = Card::parse(&content)
            .with_context(|| format!("can't use the card {}", path.display()))?;
        return card(&parsed, args);
    }
    let limits = Limits {
        max_body_bytes: content.len(),
        max_records: usize::MAX,
        max_ciphertexts: usize::MAX,
        max_key_bytes: Limits::LARGEST_KEY_BYTES,
    };
    let damaged = |what| format!("{} is a damaged {what}", path.display());
    if members.inputs.is_some() {
        let request = Inference::decode(&content, Framing::SelfDelimiting, &limits)
            .with_context(|| damaged("request"))?;
        let facts = MessageFacts::of_request(&request, content.len());
        return Ok(Facts::Request(facts).into());
    }
    if members.model_name.is_some() || members.outputs.is_some() {
        let framing = Framing::SelfDelimiting;
        if let Ok(response) = MaskedResponse::decode(&content, framing, &limits) {
            let facts = MessageFacts::of_masked_response(&response, content.len());
            return Ok(Facts::Response(facts).into());
        }
        let response = InferResponse::decode(&content, framing, &limits)
            .with_context(|| damaged("response"))?;
        let facts = MessageFacts::of_response(&response, content.len());
        return Ok(Facts::Response(facts).into());
    }
    unknown()
}

/// Whether a file begins as Parquet files do.
#[cfg(feature = "tables")]
fn is_parquet(path: &Path) -> bool {
    use std::io::Read as _;

    let mut start = [0; 4];
    let file = std::fs::File::open(path);
    file.and_then(|mut file| file.read_exact(&mut start))
        .is_ok()
        && start == *b"PAR1"
}

fn key(path: &Path, content: &[u8], is_secret: bool, output: Output) -> anyhow::Result<Facts> {
    if is_secret {
        let key = keys::secret_in(path, content, output)?;
        Ok(Facts::SecretKey(KeyFacts::of(&PublicKeyFile::from(&key))))
    } else {
        Ok(Facts::PublicKey(KeyFacts::of(&keys::public_in(
            path, content,
        )?)))
    }
}
