//! `veilcast serve`: models over HTTP.

use std::fmt;
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use serde::Serialize;
use veilcast_model::Model;
use veilcast_server::{Config, ListenAddress, Listeners};

use crate::output::Output;
use crate::serving::{Interruptions, Service};
use crate::{files, logging, models, runtime};

/// Largest configuration file, in bytes.
const MAX_CONFIG_BYTES: u64 = 1 << 20;

/// Serve models over HTTP, and a web page for them, until Ctrl-C or SIGTERM.
///
/// The first line on standard output is the address, the second that of the page; logs go to
/// standard error. RUST_LOG chooses what is logged, such as RUST_LOG=debug.
///
/// Browsers let a page encrypt only if it comes over HTTPS or from their own machine: for others to
/// use it, put the service behind a server that speaks TLS.
#[derive(clap::Args)]
pub(crate) struct Args {
    /// Directory of a model; may be given several times.
    #[arg(long = "model", value_name = "MODEL_DIR", required = true)]
    models: Vec<PathBuf>,
    /// Address to listen on, such as 127.0.0.1:8080, localhost:8080, :8080 for all addresses, or
    /// unix:/run/veilcast.sock; port 0 takes a free one; may be given several times [default:
    /// 127.0.0.1:8080].
    #[arg(long, value_name = "ADDR")]
    listen: Vec<ListenAddress>,
    /// Configuration file with limits, in TOML.
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Serve no web page: / leads to /v2 then.
    #[arg(long)]
    no_page: bool,
    /// Form of the logs; json is the default with --json.
    #[arg(long, value_name = "FORM")]
    log: Option<logging::Format>,
}

#[derive(Serialize)]
struct Listening {
    listening: String,
    /// Further addresses.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    also: Vec<String>,
    /// Where a browser finds the web page, if it is served.
    page: Option<String>,
    models: Vec<String>,
}

impl fmt::Display for Listening {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "listening on {}", self.listening)?;
        for other in &self.also {
            write!(f, "\nlistening on {other}")?;
        }
        match &self.page {
            Some(page) => write!(f, "\nOpen {page} in a browser"),
            None => Ok(()),
        }
    }
}

pub(crate) fn run(args: Args, output: Output) -> anyhow::Result<()> {
    let usual = if output.is_json() {
        logging::Format::Json
    } else {
        logging::Format::Text
    };
    logging::start(args.log.unwrap_or(usual), "info");
    let mut config = args
        .config
        .as_deref()
        .map_or_else(|| Ok(Config::default()), load_config)?;
    if !args.listen.is_empty() {
        config.listen = args.listen;
    }
    config.page &= !args.no_page;
    let has_page = config.page;
    let models: Vec<Model> = args
        .models
        .iter()
        .map(|path| models::load(path))
        .collect::<anyhow::Result<_>>()?;
    let names = models
        .iter()
        .map(|model| model.card().name().to_owned())
        .collect();

    let runtime = runtime::start()?;
    let listeners = runtime.block_on(Listeners::bind(&config))?;
    let service = Service::start(&runtime, listeners, models, config)?;
    // Before the address is printed: its reader may end the service at once.
    let interruptions = Interruptions::listen(&runtime)?;
    output.result(&Listening {
        listening: service.url(),
        also: service.urls().split_off(1),
        page: service.page_url().filter(|_| has_page),
        models: names,
    })?;
    runtime.block_on(service.stop_after(interruptions))?;
    // A computation that outlasts the grace period isn't waited for.
    runtime.shutdown_background();
    Ok(())
}

fn load_config(path: &Path) -> anyhow::Result<Config> {
    let unusable = || format!("can't use the configuration {}", path.display());
    let text = String::from_utf8(files::read(path, MAX_CONFIG_BYTES)?).with_context(unusable)?;
    toml::from_str(&text).with_context(unusable)
}
