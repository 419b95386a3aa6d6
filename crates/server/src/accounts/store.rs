//! The database, which may be away.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::OnceCell;
use veilcast_card::chain;
use veilcast_ledger::{Ledger, LedgerError, Location};

/// How long an answer may take.
const PATIENCE: Duration = Duration::from_secs(5);
/// How often a database that is away is tried again, and how often at least when readiness is asked
/// for.
const BETWEEN_TRIES: Duration = Duration::from_secs(1);

/// A ledger that is opened with the first query, and asked again when it comes back.
pub(super) struct Store {
    location: Location,
    opened: OnceCell<Ledger>,
    health: Mutex<Health>,
}

/// What is known about the database.
#[derive(Default)]
struct Health {
    /// When it was last heard of or tried.
    news: Option<Instant>,
    away: Option<String>,
}

impl Store {
    pub(super) fn new(location: Location) -> Self {
        Self {
            location,
            opened: OnceCell::new(),
            health: Mutex::default(),
        }
    }

    /// Asks the ledger something. While it is away, one query per second is sent to it, and the
    /// others fail at once.
    pub(super) async fn ask<T, F>(
        &self,
        question: impl FnOnce(Ledger) -> F,
    ) -> Result<T, LedgerError>
    where
        F: Future<Output = Result<T, LedgerError>>,
    {
        if let Some(reason) = self.was_away_just_now() {
            return Err(LedgerError::Away(reason.into()));
        }
        let answer = async {
            let opened = self.opened.get_or_try_init(|| Ledger::open(&self.location));
            question(opened.await?.clone()).await
        };
        let answer = tokio::time::timeout(PATIENCE, answer).await;
        let answer = match answer {
            Ok(Err(LedgerError::Newer)) => Err(LedgerError::Away(LedgerError::Newer.into())),
            Ok(answer) => answer,
            Err(_) => Err(LedgerError::Away("no answer in time".into())),
        };
        self.note(answer.as_ref().err());
        answer
    }

    /// Why the ledger can't be used now, if it can't.
    pub(super) async fn away(&self) -> Option<String> {
        let is_new = |news: Instant| news.elapsed() < BETWEEN_TRIES;
        if !self.health().news.is_some_and(is_new) {
            // The answer is noted.
            let _ = self.ask(|ledger| async move { ledger.ping().await }).await;
        }
        self.health().away.clone()
    }

    pub(super) fn is_away(&self) -> bool {
        self.health().away.is_some()
    }

    fn health(&self) -> MutexGuard<'_, Health> {
        self.health.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The reason, unless it is time for another try.
    fn was_away_just_now(&self) -> Option<String> {
        let mut health = self.health();
        let reason = health.away.clone()?;
        match health.news {
            Some(news) if news.elapsed() < BETWEEN_TRIES => Some(reason),
            _ => {
                health.news = Some(Instant::now());
                None
            }
        }
    }

    fn note(&self, error: Option<&LedgerError>) {
        let away = match error {
            Some(error @ LedgerError::Away(_)) => Some(chain(error).to_string()),
            _ => None,
        };
        let mut health = self.health();
        match (&health.away, &away) {
            (None, Some(reason)) => {
                tracing::error!(ledger = %self.location, reason, "the ledger is away");
            }
            (Some(_), None) => tracing::info!(ledger = %self.location, "the ledger is back"),
            _ => {}
        }
        *health = Health {
            news: Some(Instant::now()),
            away,
        };
    }
}
