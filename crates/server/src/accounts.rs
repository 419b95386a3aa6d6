//! Accounts: who asks, what they may ask for, and what they are charged.
//!
//! | subject | file |
//! |---|---|
//! | a request's token | `identity` |
//! | tokens that were looked up a moment ago | `known` |
//! | the database, which may be away | `store` |
//! | why a request is refused | `refusal` |
//! | what is recorded about each inference | `audit` |

mod audit;
mod identity;
mod known;
mod refusal;
mod store;

use std::num::NonZeroU32;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant, SystemTime};

use axum::http::request::Parts;
use veilcast_engine::Spending;
use veilcast_ledger::{Charge, Credential, LedgerError, Location, Token};
use veilcast_protocol::VoucherId;

use self::audit::Audit;
pub(crate) use self::audit::Entry;
pub(crate) use self::identity::Identity;
use self::identity::Shown;
use self::known::Known;
pub(crate) use self::refusal::Refusal;
use self::store::Store;
use crate::config::{Config, WhenAway};
use crate::fault::Fault;
use crate::metrics::{Metrics, gauge};
use crate::quota::{Caller, Quotas};
use crate::spent::{Spent, Unspendable};
use crate::start_error::StartError;

/// Tokens new to the service that an address may send per minute: a guess costs a database query,
/// and guesses from one address must not slow down others.
const TRIES_PER_MINUTE: NonZeroU32 = NonZeroU32::new(600).expect("not zero");

/// Who may ask, and what they are charged.
pub(crate) struct Accounts {
    /// Without one, anybody may ask.
    ledger: Option<Ledger>,
    /// Without a ledger, what of vouchers was used.
    spent: Spent,
    audit: Arc<Audit>,
}

struct Ledger {
    store: Arc<Store>,
    known: Known,
    tries: Quotas,
    is_required: bool,
    when_away: WhenAway,
    retry_after: Duration,
    /// Records that were answered while the ledger was away.
    uncharged: Arc<AtomicU64>,
}

/// What a request asks for.
#[derive(Clone, Copy)]
pub(crate) struct Asked<'a> {
    pub(crate) model: &'a str,
    pub(crate) records: usize,
    /// Its estimated cost, in seconds of one core.
    pub(crate) seconds: f64,
}

impl Accounts {
    /// Accounts as configured; the database is opened with the first request.
    pub(crate) fn open(config: &Config, metrics: &Metrics) -> Result<Self, StartError> {
        let settings = &config.ledger;
        let ledger = settings.is_used().then(|| {
            let location = match &settings.url {
                Some(url) => url.parse(),
                None => Location::usual(),
            };
            let location = location.map_err(|error| StartError::Ledger(error.into()))?;
            Ok::<_, StartError>(Ledger {
                store: Arc::new(Store::new(location)),
                known: Known::new(),
                tries: Quotas::new(TRIES_PER_MINUTE, 1),
                is_required: settings.required,
                when_away: settings.when_away,
                retry_after: config.retry_after,
                uncharged: Arc::default(),
            })
        });
        let ledger = ledger.transpose()?;
        if let Some(ledger) = &ledger {
            ledger.register(metrics);
        }
        let audit = Audit::open(config.audit_file.as_deref())?;
        Ok(Self {
            ledger,
            spent: Spent::default(),
            audit: Arc::new(audit),
        })
    }

    /// Who sends a request, from `address`.
    pub(crate) async fn identify(
        &self,
        parts: &Parts,
        address: Caller,
    ) -> Result<Identity, Refusal> {
        let anonymous = Identity::anonymous(address);
        let Some(ledger) = &self.ledger else {
            return Ok(anonymous);
        };
        match Shown::of(parts) {
            Shown::Secret(credential) => ledger.find(credential, address).await,
            Shown::NoSecret => Err(ledger.refusal(LedgerError::UnknownToken)),
            Shown::Certificate(credential) => match ledger.find(credential, address).await {
                // A certificate may be meant for another service.
                Err(Refusal::TokenUnknown { .. }) if !ledger.is_required => Ok(anonymous),
                found => found,
            },
            Shown::Nothing if ledger.is_required => Err(Refusal::TokenNeeded),
            Shown::Nothing => Ok(anonymous),
        }
    }

    /// Refuses what exceeds the token's quotas, before anything is computed.
    pub(crate) async fn check(&self, identity: &Identity, asked: Asked<'_>) -> Result<(), Refusal> {
        let (Some(ledger), Some(token)) = (&self.ledger, identity.token()) else {
            return Ok(());
        };
        if token.quotas.is_empty() {
            return Ok(());
        }
        let charge = asked.by(token);
        let now = SystemTime::now();
        let held = ledger
            .store
            .ask(|ledger| async move { ledger.would_hold(&charge, now).await })
            .await;
        ledger.unless_away(held, None)
    }

    /// Charges a request whose answer is about to leave.
    pub(crate) async fn charge(
        &self,
        identity: &Identity,
        asked: Asked<'_>,
    ) -> Result<(), Refusal> {
        let (Some(ledger), Some(token)) = (&self.ledger, identity.token()) else {
            return Ok(());
        };
        let charge = asked.by(token);
        let now = SystemTime::now();
        let charged = ledger
            .store
            .ask(|ledger| async move { ledger.charge(&charge, now).await })
            .await;
        if let (Err(LedgerError::Revoked), Some(credential)) = (&charged, identity.credential()) {
            ledger.known.forget(credential);
        }
        ledger.unless_away(charged, Some(asked))
    }

    /// Marks what a round uses of vouchers, before it is answered: durably, and for all services that share the ledger. Even a ledger that may
    /// be away otherwise must be there.
    pub(crate) async fn spend(&self, spending: &Spending) -> Result<(), Fault> {
        let Some(ledger) = &self.ledger else {
            return Ok(self.spent.spend(spending)?);
        };
        let names = |vouchers: &[VoucherId]| {
            let name = |voucher: &VoucherId| format!("{}{:08x}", voucher.batch, voucher.number);
            vouchers.iter().map(name).collect()
        };
        let spending = veilcast_ledger::Spending {
            secret: spending.secret.to_string(),
            begun: names(&spending.begun),
            ended: names(&spending.ended),
        };
        let spent = ledger
            .store
            .ask(|ledger| async move { ledger.spend(&spending).await })
            .await;
        spent.map_err(|error| match error {
            LedgerError::Spent => Unspendable::Spent.into(),
            LedgerError::NotBegun => Unspendable::NotBegun.into(),
            error => ledger.refusal(error).into(),
        })
    }

    /// Why the service isn't ready, if that is because of its ledger.
    pub(crate) async fn away(&self) -> Option<String> {
        let ledger = self.ledger.as_ref()?;
        match ledger.when_away {
            WhenAway::Refuse => ledger.store.away().await,
            WhenAway::Allow => None,
        }
    }

    /// Begins the record of an inference.
    pub(crate) fn entry(&self, address: Caller) -> Entry {
        Entry::new(Arc::clone(&self.audit), address)
    }
}

impl Ledger {
    fn register(&self, metrics: &Metrics) {
        metrics.register(|registry| {
            let (store, uncharged) = (Arc::clone(&self.store), Arc::clone(&self.uncharged));
            let help = "Whether the ledger can't be reached";
            gauge(registry, "ledger_away", help, None, move || {
                u64::from(store.is_away())
            });
            let help = "Records that were answered without a charge while the ledger was away";
            gauge(registry, "uncharged_records", help, None, move || {
                uncharged.load(Ordering::Relaxed)
            });
        });
    }

    /// The token of a credential; as it was last known, if the ledger is away and that is allowed.
    async fn find(&self, credential: Credential, address: Caller) -> Result<Identity, Refusal> {
        let identity = |token| Identity::of(token, credential, address);
        let remembered = match self.known.get(&credential, Instant::now()) {
            Some((token, true)) => return Ok(identity(token)),
            Some((token, false)) => Some(token),
            None => {
                let tried = self.tries.take_first(address);
                tried.map_err(|retry_after| Refusal::TooManyTries { retry_after })?;
                None
            }
        };
        let found = self
            .store
            .ask(|ledger| async move { ledger.find(&credential).await });
        match (found.await, remembered) {
            (Ok(token), _) => {
                let token = Arc::new(token);
                self.known
                    .remember(credential, Arc::clone(&token), Instant::now());
                Ok(identity(token))
            }
            (Err(LedgerError::Away(_)), Some(token)) if self.when_away == WhenAway::Allow => {
                Ok(identity(token))
            }
            (Err(error), _) => {
                if !matches!(error, LedgerError::Away(_)) {
                    self.known.forget(&credential);
                }
                Err(self.refusal(error))
            }
        }
    }

    /// A result, or none if the ledger is away and that is allowed; what goes uncharged is counted.
    fn unless_away(
        &self,
        result: Result<(), LedgerError>,
        uncharged: Option<Asked<'_>>,
    ) -> Result<(), Refusal> {
        match result {
            Err(LedgerError::Away(_)) if self.when_away == WhenAway::Allow => {
                let records = uncharged.map_or(0, |asked| asked.records);
                self.uncharged.fetch_add(records as u64, Ordering::Relaxed);
                Ok(())
            }
            other => other.map_err(|error| self.refusal(error)),
        }
    }

    fn refusal(&self, error: LedgerError) -> Refusal {
        Refusal::of(error, self.retry_after)
    }
}

impl<'a> Asked<'a> {
    fn by(self, token: &'a Token) -> Charge<'a> {
        Charge {
            token: &token.name,
            model: self.model,
            records: self.records as u64,
            cost: Duration::try_from_secs_f64(self.seconds).unwrap_or(Duration::MAX),
        }
    }
}
