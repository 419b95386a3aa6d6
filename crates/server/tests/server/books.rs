//! Services with ledgers.

use std::time::SystemTime;

use axum::Router;
use axum::body::Body;
use axum::http::Request;
use axum::http::header::{AUTHORIZATION, HeaderValue};
use tempfile::TempDir;
use veilcast_ledger::{Credential, Ledger, Models, NewToken, Range, Secret};
use veilcast_server::{App, Config, LedgerSettings, WhenAway, router};

use crate::common::{Answer, evaluator, named_evaluator};

/// A ledger, and what its operator does with it.
pub(crate) struct Books {
    pub(crate) ledger: Ledger,
    pub(crate) url: String,
}

impl Books {
    pub(crate) async fn at(url: String) -> Self {
        let ledger = Ledger::open(&url.parse().unwrap()).await.unwrap();
        Self { ledger, url }
    }

    pub(crate) async fn in_file() -> (TempDir, Self) {
        let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
        let url = format!("sqlite://{}/ledger.db", folder.path().display());
        (folder, Self::at(url).await)
    }

    /// A service that needs tokens of this ledger, with the models `sums` and `other`.
    pub(crate) fn service(&self, set: impl FnOnce(&mut Config)) -> Router {
        let mut config = Config {
            ledger: LedgerSettings {
                url: Some(self.url.clone()),
                required: true,
                when_away: WhenAway::Refuse,
            },
            ..Config::default()
        };
        set(&mut config);
        router(App::new([evaluator("1"), named_evaluator("other", "1")], config).unwrap())
    }

    /// Adds a token; gives its secret.
    pub(crate) async fn token(&self, name: &str, models: &[&str], quotas: &[&str]) -> String {
        let secret = Secret::generate().unwrap().text().to_owned();
        let credential = Credential::of_secret(&secret).unwrap();
        self.add(name, models, quotas, credential).await;
        secret
    }

    pub(crate) async fn add(
        &self,
        name: &str,
        models: &[&str],
        quotas: &[&str],
        credential: Credential,
    ) {
        let models = match models {
            [] => Models::All,
            names => Models::Only(names.iter().map(|&name| name.to_owned()).collect()),
        };
        let quotas = quotas.iter().map(|quota| quota.parse().unwrap()).collect();
        let name = name.to_owned();
        let token = NewToken {
            name,
            models,
            quotas,
        };
        self.ledger
            .add(&token, &credential, SystemTime::now())
            .await
            .unwrap();
    }

    /// Requests and records that were charged.
    pub(crate) async fn charged(&self, name: &str) -> (u64, u64) {
        let used = self
            .ledger
            .usage(Range::default(), Some(name))
            .await
            .unwrap();
        let sums = used.iter().map(|used| (used.requests, used.records));
        sums.fold((0, 0), |(a, b), (c, d)| (a + c, b + d))
    }
}

pub(crate) fn with(token: &str, mut request: Request<Body>) -> Request<Body> {
    let value = HeaderValue::try_from(format!("Bearer {token}")).unwrap();
    request.headers_mut().insert(AUTHORIZATION, value);
    request
}

pub(crate) fn refused(answer: &Answer, status: u16, code: &str) {
    assert_eq!(
        answer.problem(),
        (status, code.to_owned()),
        "{}",
        answer.text()
    );
}

pub(crate) fn guess() -> String {
    Secret::generate().unwrap().text().to_owned()
}
