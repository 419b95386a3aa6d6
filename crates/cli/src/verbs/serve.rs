//! `veilcast serve`: models over HTTP.

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::Context as _;
use serde::Serialize;
use toml::{Table, Value};
use veilcast_engine::{Evaluator, KeyPolicy};
use veilcast_model::Model;
use veilcast_server::{App, ListenAddress, Listeners, LoadError, StartError};

use crate::failure::{self, Hint as _};
use crate::output::Output;
use crate::serving::Service;
use crate::settings::shown::Shown;
use crate::settings::{self, Sources};
use crate::signals::{Hangups, Interruptions};
use crate::{logging, runtime, supervisor};

/// The error for anything that goes wrong before the service runs.
const CANT_START: &str = "the service can't start";

/// Serve models over HTTP, and a web page for them, until Ctrl-C or SIGTERM.
///
/// The first line on standard output is the address, the second that of the page; logs go to
/// standard error. RUST_LOG chooses what is logged, such as RUST_LOG=debug. SIGHUP reads the
/// configuration and the models again, without losing a request.
///
/// Browsers let a page encrypt only if it comes over HTTPS or from their own machine: for use from
/// other machines, give the service a certificate, or put it behind a server that speaks TLS.
#[derive(clap::Args)]
#[command(after_long_help = crate::examples::SERVE)]
pub(crate) struct Args {
    /// Directory of a model, in addition to those in the configuration; may be given several times.
    #[arg(long = "model", value_name = "MODEL_DIR")]
    models: Vec<PathBuf>,
    /// File of the key of a sealed model, in addition to those in the configuration; may be given several times.
    #[arg(long = "sealing-key", value_name = "FILE")]
    sealing_keys: Vec<PathBuf>,
    /// Address to listen on, such as 127.0.0.1:8080, localhost:8080, :8080 for all addresses, or
    /// unix:/run/veilcast.sock; port 0 takes a free one; may be given several times [default:
    /// 127.0.0.1:8080].
    #[arg(long, value_name = "ADDR")]
    listen: Vec<ListenAddress>,
    /// File of the service's certificate, then those that sign it, as PEM; read again when it changes.
    #[arg(long, value_name = "FILE", requires = "tls_key")]
    tls_certificate: Option<PathBuf>,
    /// File of the certificate's private key, as PEM.
    #[arg(long, value_name = "FILE", requires = "tls_certificate")]
    tls_key: Option<PathBuf>,
    /// Configuration file, in TOML. Environment variables override it, such as
    /// VEILCAST_MAX_CONNECTIONS=100; VEILCAST_CONFIG also names a file.
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Don't serve the web page: / then points to /v2.
    #[arg(long)]
    no_page: bool,
    /// Print the settings in effect, and where each comes from, instead of serving.
    #[arg(long)]
    print_config: bool,
    /// Format of the logs; json is the default with --json.
    #[arg(long, value_name = "FORM")]
    log: Option<logging::Format>,
}

impl Args {
    /// The settings from the command line.
    fn settings(&self) -> anyhow::Result<Table> {
        let mut table = Table::new();
        for (name, paths) in [
            ("models", &self.models),
            ("sealing_keys", &self.sealing_keys),
        ] {
            if !paths.is_empty() {
                table.insert(name.to_owned(), settings::paths(paths)?);
            }
        }
        if !self.listen.is_empty() {
            let listen = self.listen.iter().map(|address| address.to_string().into());
            table.insert("listen".to_owned(), Value::Array(listen.collect()));
        }
        for (name, path) in [
            ("tls.certificate", &self.tls_certificate),
            ("tls.key", &self.tls_key),
        ] {
            if let Some(path) = path {
                let path = path.to_str().with_context(|| {
                    format!(
                        "the path {} is not text: give the file another name",
                        path.display()
                    )
                })?;
                table.insert(name.to_owned(), path.into());
            }
        }
        if self.no_page {
            table.insert("page".to_owned(), false.into());
        }
        Ok(table)
    }
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
    let format = args.log.unwrap_or(logging::Format::of(output));
    logging::start(format, "info");
    let sources = Sources::new(args.config.clone(), args.settings()?);
    let settings = sources.read()?;
    if args.print_config {
        settings.config.check().context(CANT_START)?;
        return output.result(&Shown::new(&settings)?);
    }
    let config = settings.config;
    if config.models.is_empty() {
        let missing = "name a model: with --model MODEL_DIR, or as `models` in a configuration\n";
        let kind = clap::error::ErrorKind::MissingRequiredArgument;
        return Err(clap::Error::raw(kind, missing).into());
    }
    let has_page = config.page;

    let runtime = runtime::start()?;
    let app = App::open(config, KeyPolicy::default(), load).context(CANT_START)?;
    let listeners = runtime.block_on(Listeners::bind(&app.config()))?;
    let service = Service::start(&runtime, listeners, app)?;
    let app = Arc::clone(service.app());
    load_models(&app)?;
    // Before the address is printed: its reader may end the service at once.
    let interruptions = Interruptions::listen(&runtime)?;
    let hangups = Hangups::listen(&runtime)?;
    tell_of_start(&service);
    supervisor::ready(&status(&app));
    output.result(&Listening {
        listening: service.url(),
        also: service.urls().split_off(1),
        page: service.page_url().filter(|_| has_page),
        models: app.served().into_iter().map(|(name, _)| name).collect(),
    })?;
    runtime.block_on(run_until_interrupted(
        service,
        interruptions,
        hangups,
        sources,
    ))?;
    // A computation that outlasts the grace period isn't waited for.
    runtime.shutdown_background();
    #[cfg(feature = "otlp")]
    crate::traces::flush();
    Ok(())
}

/// Loads the models that the configuration names.
fn load_models(app: &App) -> anyhow::Result<()> {
    match app.load_models() {
        Err(error @ StartError::Model { .. }) => Err(error).hint(
            "give a directory that `veilcast train` or `veilcast import` wrote, as it wrote it",
        ),
        loaded => loaded.context(CANT_START),
    }
}

fn load(directory: &Path) -> Result<Evaluator, LoadError> {
    let model = Model::load(directory)?;
    Ok(Evaluator::new(model, KeyPolicy::default()))
}

async fn run_until_interrupted(
    service: Service,
    mut interruptions: Interruptions,
    mut hangups: Hangups,
    sources: Sources,
) -> anyhow::Result<()> {
    let sources = Arc::new(sources);
    let mut beat = supervisor::watches().map(tokio::time::interval);
    let mut tick = async || match &mut beat {
        Some(beat) => {
            beat.tick().await;
        }
        None => std::future::pending().await,
    };
    loop {
        tokio::select! {
            () = interruptions.next() => break,
            () = tick() => supervisor::alive(),
            () = hangups.next() => {
                let (sources, app) = (Arc::clone(&sources), Arc::clone(service.app()));
                tokio::task::spawn_blocking(move || reload(&sources, &app));
            }
        }
    }
    supervisor::stopping();
    service.stop_before(interruptions).await
}

/// Reads the configuration and the models again; what can't be used stays as it was.
fn reload(sources: &Sources, app: &App) {
    supervisor::reloading();
    if let Err(error) = try_reload(sources, app) {
        let error = failure::describe(&error);
        tracing::error!(error, "can't reload: everything stays as it was");
    }
    supervisor::ready(&status(app));
}

fn try_reload(sources: &Sources, app: &App) -> anyhow::Result<()> {
    let settings = sources.read()?;
    let (config, fixed) = settings.changed_from(&app.config())?;
    for setting in fixed {
        tracing::warn!(setting, "restart the service to change this setting");
    }
    for fault in app.reload(config)? {
        let error = failure::describe(&fault.into());
        tracing::error!(error, "what can't be used stays as it was");
    }
    tracing::info!(models = models(app), "reloaded");
    Ok(())
}

/// A line with what operators want to know first.
fn tell_of_start(service: &Service) {
    let app = service.app();
    let config = app.config();
    if config.is_open_to_all() {
        tracing::warn!(
            "other machines can reach the service, and anybody may ask: `required = true` below `[ledger]` makes it \
             ask for tokens"
        );
    }
    tracing::info!(
        version = env!("CARGO_PKG_VERSION"),
        kernel = veilcast_engine::kernel(),
        addresses = service.urls().join(" "),
        models = models(app),
        tls = app.tls().is_some(),
        max_connections = config.max_connections,
        max_body_bytes = config.max_body_bytes,
        records_per_minute = config.records_per_minute,
        "serving"
    );
}

fn status(app: &App) -> String {
    format!("serving {}", models(app))
}

/// The names and versions of what is served.
fn models(app: &App) -> String {
    let served = app.served().into_iter();
    let named: Vec<String> = served
        .map(|(name, version)| format!("{name} {version}"))
        .collect();
    named.join(", ")
}
