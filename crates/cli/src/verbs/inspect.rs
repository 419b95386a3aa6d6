//! `veilcast inspect`: what a model, a file or a service is.

mod facts;

use std::path::Path;

use anyhow::{Context as _, anyhow};
use serde::Deserialize;
use serde::de::IgnoredAny;
use veilcast_client::Client;
use veilcast_model::card::MAX_CARD_BYTES;
use veilcast_model::{CARD_FILE, Card};
use veilcast_protocol::{Framing, InferRequest, InferResponse, Limits};
use zeroize::Zeroizing;

use self::facts::{CardFacts, Facts, KeyFacts, MessageFacts, ModelFacts};
use crate::failure::Hint as _;
use crate::output::Output;
use crate::verbs::predict::fetch_card;
use crate::{files, keys, logging, models, runtime};

/// Largest file looked at, in bytes.
const MAX_BYTES: u64 = 1 << 30;

/// Show what a model directory, a card, a key, a request, a response or a service is.
///
/// Of a secret key only public facts are shown.
#[derive(clap::Args)]
pub(crate) struct Args {
    /// Model directory, file, or URL of a service or of one of its models.
    #[arg(value_name = "MODEL_DIR|FILE|URL")]
    target: String,
}

pub(crate) fn run(args: &Args, output: Output) -> anyhow::Result<()> {
    let path = Path::new(&args.target);
    let facts = if args.target.contains("://") {
        service(&args.target)?
    } else if path.is_dir() {
        model(path)?
    } else {
        file(path)?
    };
    output.result(&facts)
}

fn model(directory: &Path) -> anyhow::Result<Facts> {
    if !directory.join(CARD_FILE).exists() {
        return Err(anyhow!(
            "{} isn't a model directory: it has no {CARD_FILE}",
            directory.display()
        ))
        .hint("give a directory that `veilcast train` wrote");
    }
    Ok(Facts::Model(Box::new(ModelFacts::of(&models::load(
        directory,
    )?))))
}

/// A service by its base URL, or one of its models by a URL below `/v2/models/`.
fn service(url: &str) -> anyhow::Result<Facts> {
    logging::start(logging::Format::Text, "warn");
    let runtime = runtime::start()?;
    if let Some((base, rest)) = url.split_once("/v2/models/") {
        let name = rest.split('/').next().unwrap_or_default();
        let card = runtime.block_on(fetch_card(&Client::new(base)?, name))?;
        return Ok(Facts::Card(CardFacts::of(&card)));
    }
    let base = url.trim_end_matches('/').trim_end_matches("/v2");
    let metadata = runtime
        .block_on(Client::new(base)?.server_metadata())?
        .answer;
    Ok(Facts::Service(metadata.into()))
}

/// The JSON members by which files are told apart; what they hold is ignored, as it may be secret.
#[derive(Deserialize)]
struct Members {
    kty: Option<IgnoredAny>,
    p: Option<IgnoredAny>,
    format: Option<IgnoredAny>,
    inputs: Option<IgnoredAny>,
    outputs: Option<IgnoredAny>,
    model_name: Option<IgnoredAny>,
}

fn file(path: &Path) -> anyhow::Result<Facts> {
    let unknown = || {
        Err(anyhow!(
            "{} isn't a file of Veilcast's, or it is damaged",
            path.display()
        ))
        .hint("give a card, a key, a request, a response, a model directory or a URL")
    };
    // It may be a secret key: wiped when done.
    let content = Zeroizing::new(files::read(path, MAX_BYTES)?);
    let mut values = serde_json::Deserializer::from_slice(&content).into_iter::<Members>();
    let Some(Ok(members)) = values.next() else {
        return unknown();
    };
    if members.kty.is_some() {
        return key(path, members.p.is_some());
    }
    if members.format.is_some() && content.len() <= MAX_CARD_BYTES {
        let card = Card::parse(&content)
            .with_context(|| format!("can't use the card {}", path.display()))?;
        return Ok(Facts::Card(CardFacts::of(&card)));
    }
    let limits = Limits {
        max_body_bytes: content.len(),
        max_records: usize::MAX,
        max_ciphertexts: usize::MAX,
        max_key_bytes: Limits::LARGEST_KEY_BYTES,
    };
    let damaged = |what| format!("{} is a damaged {what}", path.display());
    if members.inputs.is_some() {
        let request = InferRequest::decode(&content, Framing::SelfDelimiting, &limits)
            .with_context(|| damaged("request"))?;
        return Ok(Facts::Request(MessageFacts::of_request(
            &request,
            content.len(),
        )));
    }
    if members.model_name.is_some() || members.outputs.is_some() {
        let response = InferResponse::decode(&content, Framing::SelfDelimiting, &limits)
            .with_context(|| damaged("response"))?;
        return Ok(Facts::Response(MessageFacts::of_response(
            &response,
            content.len(),
        )));
    }
    unknown()
}

fn key(path: &Path, is_secret: bool) -> anyhow::Result<Facts> {
    if is_secret {
        let key = keys::load_secret(path)?;
        Ok(Facts::SecretKey(KeyFacts::of(key.public_key())))
    } else {
        Ok(Facts::PublicKey(KeyFacts::of(&keys::load_public(path)?)))
    }
}
