//! The service: its models, its limits and its counters.

use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::Semaphore;
use veilcast_engine::planner::Costs;
use veilcast_engine::{Evaluator, KeyPolicy, Keys, VoucherSecrets};

use crate::accounts::Accounts;
use crate::catalogue::{Catalogue, Listed, Load, LoadError};
use crate::config::Config;
use crate::fault::Fault;
use crate::lifecycle::{Lifecycle, Phase};
use crate::metrics::{Metrics, gauge};
use crate::models::Models;
use crate::operator_token::OperatorToken;
use crate::quota::{Allowances, Caller, Terms};
use crate::start_error::StartError;
use crate::swap::Swap;
use crate::tls::Tls;
use crate::turns::{Bounds, Turns, cores};
use crate::uploads::Uploads;
use crate::voucher_secrets;

/// A service: ready to answer, or about to be.
pub struct App {
    catalogue: Catalogue,
    config: Swap<Config>,
    /// Held while the settings are replaced.
    changing: Mutex<()>,
    pub(crate) uploads: Arc<Uploads>,
    /// Permits to decode a body, one per core. A thread for each body would be no faster, and the
    /// allocator keeps memory for every thread.
    pub(crate) decoding: Semaphore,
    pub(crate) turns: Arc<Turns<Caller>>,
    allowances: Swap<Allowances>,
    operator_token: Swap<Option<OperatorToken>>,
    pub(crate) accounts: Accounts,
    pub(crate) lifecycle: Arc<Lifecycle>,
    pub(crate) metrics: Metrics,
    tls: Option<Arc<Tls>>,
}

impl App {
    /// A service for these models, where those with the same name differ in their version: the last
    /// one answers requests that don't name a version. They share the keys that clients have
    /// proven, and accept those that the first of them accepts.
    ///
    /// # Errors
    /// A [`StartError`] if there is no model, if two are the same, or if a setting makes no sense.
    pub fn new(
        evaluators: impl IntoIterator<Item = Evaluator>,
        config: Config,
    ) -> Result<Arc<Self>, StartError> {
        let evaluators: Vec<Evaluator> = evaluators.into_iter().collect();
        let first = evaluators.first().ok_or(StartError::NoModel)?;
        let policy = first.keys().policy();
        let app = Self::open(config, policy, |_| {
            Err("this service has its models from elsewhere than directories".into())
        })?;
        app.catalogue.give(evaluators, &app.config())?;
        app.set_allowances();
        app.lifecycle.enter(Phase::Serving);
        Ok(app)
    }

    /// A service whose models are in directories, from which `load` makes them; it answers that it
    /// isn't ready until [`App::load_models`] has loaded those that the configuration names.
    ///
    /// # Errors
    /// A [`StartError`] if a setting makes no sense.
    pub fn open(
        config: Config,
        policy: KeyPolicy,
        load: impl Fn(&Path) -> Result<Evaluator, LoadError> + Send + Sync + 'static,
    ) -> Result<Arc<Self>, StartError> {
        config.check()?;
        let keys = Keys::new(policy).with_randomizers_ahead(config.randomizers_ahead);
        let keys = Arc::new(keys);
        let load: Load = Box::new(load);
        let metrics = Metrics::new();
        let uploads = Uploads::new(&config);
        uploads.register(&metrics);
        let turns = Turns::new(Bounds::of(&config));
        turns.register(&metrics);
        // Measured now, while the machine has nothing else to do.
        Costs::of_this_machine(2048);
        let lifecycle = Arc::new(Lifecycle::new());
        metrics.register(|registry| {
            let readiness = Arc::clone(&lifecycle);
            let help = "Whether the service takes requests: 1 or 0";
            gauge(registry, "ready", help, None, move || {
                u64::from(readiness.ready().is_ok())
            });
            let keys = Arc::clone(&keys);
            let help = "Proven keys that the service remembers";
            gauge(registry, "keys_cached", help, None, move || keys.accepted());
        });
        let operator_token = config
            .operator_token_file
            .as_deref()
            .map(OperatorToken::read);
        let voucher_secrets = match &config.voucher_secret_file {
            Some(file) => voucher_secrets::read(file)?,
            None => VoucherSecrets::generate(),
        };
        Ok(Arc::new(Self {
            catalogue: Catalogue::new(keys, voucher_secrets, load),
            changing: Mutex::default(),
            uploads,
            decoding: Semaphore::new(cores()),
            turns,
            allowances: Swap::new(Allowances::new(Terms {
                records_per_minute: config.records_per_minute,
                new_keys_per_minute: config.new_keys_per_minute,
                largest_request: 0,
            })),
            operator_token: Swap::new(operator_token.transpose()?),
            accounts: Accounts::open(&config, &metrics)?,
            lifecycle,
            metrics,
            tls: Tls::load(&config.tls)?,
            config: Swap::new(config),
        }))
    }

    /// Loads the models that the configuration names, and takes requests from then on. Blocks.
    ///
    /// # Errors
    /// A [`StartError`] if there is none, if two are the same, or if one can't be used.
    pub fn load_models(&self) -> Result<(), StartError> {
        let config = self.config();
        let faults = self.catalogue.replace(&config)?;
        if let Some(fault) = faults.into_iter().next() {
            return Err(fault);
        }
        self.set_allowances();
        self.lifecycle.enter(Phase::Serving);
        Ok(())
    }

    /// Takes over new settings, as far as they are in [`Config::CHANGEABLE`] (the caller makes sure
    /// that the others are unchanged), and reads every model again. Requests under way keep the
    /// model that they began with, and proven keys remain accepted. Blocks.
    ///
    /// Returns what is wrong with models and certificates that can't be used: those stay as they
    /// were.
    ///
    /// # Errors
    /// A [`StartError`] if a setting makes no sense or two models are the same; nothing changes then.
    pub fn reload(&self, config: Config) -> Result<Vec<StartError>, StartError> {
        let _one_at_a_time = self.changing.lock().unwrap_or_else(PoisonError::into_inner);
        config.check()?;
        let token = config
            .operator_token_file
            .as_deref()
            .map(OperatorToken::read);
        let token = token.transpose()?;
        let mut faults = self.catalogue.replace(&config)?;
        if let Some(Err(fault)) = self.tls().map(|tls| tls.reload()) {
            faults.push(fault.into());
        }
        self.operator_token.set(token);
        self.config.set(config);
        self.set_allowances();
        Ok(faults)
    }

    /// Announces the service's end: it isn't ready any more, takes requests for as long as the
    /// configured drain time, and after that refuses those in the queue. Those being computed
    /// continue.
    pub async fn drain(&self) {
        self.lifecycle.enter(Phase::Draining);
        let drain = self.config().drain;
        tracing::info!(?drain, "not ready any more");
        tokio::time::sleep(drain).await;
        self.end();
    }

    /// Takes nothing more, and refuses the requests in the queue. Those being computed continue.
    pub(crate) fn end(&self) {
        self.lifecycle.enter(Phase::Ending);
        self.turns.close();
    }

    /// The service's TLS, if it speaks it.
    #[must_use]
    pub fn tls(&self) -> Option<&Arc<Tls>> {
        self.tls.as_ref()
    }

    /// The service's settings.
    #[must_use]
    pub fn config(&self) -> Arc<Config> {
        self.config.get()
    }

    /// The names and versions of the models that are served now.
    #[must_use]
    pub fn served(&self) -> Vec<(String, String)> {
        let models = self.models();
        let named = models
            .all()
            .map(|model| (model.name().to_owned(), model.version().to_owned()));
        named.collect()
    }

    pub(crate) fn models(&self) -> Arc<Models> {
        self.catalogue.models()
    }

    /// What callers may send.
    pub(crate) fn allowances(&self) -> Arc<Allowances> {
        self.allowances.get()
    }

    pub(crate) fn operator_token(&self) -> Option<OperatorToken> {
        *self.operator_token.get()
    }

    pub(crate) fn load(&self, model: &str) -> Result<(), Fault> {
        let loaded = self.catalogue.load(model, &self.config());
        self.set_allowances();
        loaded
    }

    pub(crate) fn unload(&self, model: &str) -> Result<(), Fault> {
        self.catalogue.unload(model)
    }

    pub(crate) fn index(&self) -> Vec<Listed> {
        self.catalogue.index(&self.config())
    }

    /// Adapts the callers' allowances to the settings and the models; if they already fit, nothing
    /// is forgotten.
    fn set_allowances(&self) {
        let config = self.config();
        let terms = Terms {
            records_per_minute: config.records_per_minute,
            new_keys_per_minute: config.new_keys_per_minute,
            largest_request: self.models().largest_request(),
        };
        if !self.allowances().are_for(terms) {
            self.allowances.set(Allowances::new(terms));
        }
    }
}
