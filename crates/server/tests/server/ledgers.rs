//! Ledgers that services share, and that go away and come back.

#[path = "../../../ledger/tests/ledger/common/postgres.rs"]
mod postgres;

use std::time::Duration;

use crate::books::{Books, guess, refused, with};
use crate::common::{Answer, call, evaluator, get, post, request};
use axum::Router;
use axum::body::Body;
use axum::http::Request;
use axum::http::header::RETRY_AFTER;
use postgres::Postgres;
use veilcast_server::{App, Config, LedgerSettings, WhenAway, router};

/// Sends requests of one record to services that share a ledger; gives how many were answered.
async fn flood(services: [Router; 2], token: &str, requests: usize) -> u64 {
    let senders: Vec<_> = (0..requests)
        .map(|number| {
            let (service, token) = (services[number % 2].clone(), token.to_owned());
            tokio::spawn(async move { call(&service, with(&token, post(&request(1)))).await })
        })
        .collect();
    let mut answered = 0;
    for sender in senders {
        let answer = sender.await.unwrap();
        match answer.status.as_u16() {
            200 => answered += 1,
            _ => refused(&answer, 429, "quota_used_up"),
        }
    }
    answered
}

async fn services_share_a_ledger(books: Books) {
    let service = || books.service(|config| config.concurrent_uploads = 1000);
    let services = [service(), service()];
    for round in 0..5 {
        let name = format!("last-{round}");
        let token = books.token(&name, &[], &["1"]).await;
        assert_eq!(flood(services.clone(), &token, 2).await, 1);
        assert_eq!(books.charged(&name).await, (1, 1));
    }
    let token = books.token("clinic", &[], &["25"]).await;
    assert_eq!(flood(services.clone(), &token, 60).await, 25);
    assert_eq!(books.charged("clinic").await, (25, 25));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn services_share_a_file() {
    let (_folder, books) = Books::in_file().await;
    services_share_a_ledger(books).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn services_share_a_server() {
    let server = Postgres::start();
    services_share_a_ledger(Books::at(server.database("shared")).await).await;
}

/// Asks again until the answer is as expected: a database that is back is noticed within a second or two.
async fn eventually(
    service: &Router,
    mut ask: impl FnMut() -> Request<Body>,
    status: u16,
) -> Answer {
    for _ in 0..100 {
        let answer = call(service, ask()).await;
        if answer.status == status {
            return answer;
        }
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    panic!("the status never was {status}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn while_the_ledger_is_away_requests_are_refused_or_allowed_as_set() {
    let server = Postgres::start();
    let books = Books::at(server.database("ledger")).await;
    let refusing = books.service(|_| {});
    let allowing = books.service(|config| config.ledger.when_away = WhenAway::Allow);
    let token = books.token("clinic", &["sums"], &["1000"]).await;
    for service in [&refusing, &allowing] {
        assert_eq!(
            call(service, with(&token, post(&request(1)))).await.status,
            200
        );
        assert_eq!(call(service, get("/v2/health/ready")).await.status, 200);
    }

    server.stop();
    let answer = eventually(&refusing, || with(&token, post(&request(1))), 503).await;
    refused(&answer, 503, "ledger_away");
    assert!(answer.headers.get(RETRY_AFTER).is_some());
    assert!(!answer.text().contains("postgres"), "{}", answer.text());
    assert_eq!(call(&refusing, get("/v2/health/ready")).await.status, 503);
    assert_eq!(call(&refusing, get("/v2/health/live")).await.status, 200);
    let metrics = call(&refusing, get("/metrics")).await.text();
    assert!(metrics.contains("veilcast_ledger_away 1\n"), "{metrics}");

    // Known tokens are answered, for their models alone; whatever else is shown isn't.
    for _ in 0..2 {
        assert_eq!(
            call(&allowing, with(&token, post(&request(1))))
                .await
                .status,
            200
        );
        tokio::time::sleep(Duration::from_secs(4)).await;
    }
    refused(
        &call(&allowing, with(&token, get("/v2/models/other"))).await,
        403,
        "model_not_allowed",
    );
    refused(
        &call(&allowing, with(&guess(), post(&request(1)))).await,
        503,
        "ledger_away",
    );
    refused(
        &call(&allowing, post(&request(1))).await,
        401,
        "token_needed",
    );
    assert_eq!(call(&allowing, get("/v2/health/ready")).await.status, 200);
    let metrics = call(&allowing, get("/metrics")).await.text();
    assert!(
        metrics.contains("veilcast_uncharged_records 2\n"),
        "{metrics}"
    );

    server.start_again();
    eventually(&refusing, || get("/v2/health/ready"), 200).await;
    eventually(&refusing, || with(&token, post(&request(1))), 200).await;
    assert_eq!(books.charged("clinic").await, (3, 3));
    // The other answers all the while: what it answers before it notices is counted, and then charged again.
    let mut uncharged = 2;
    while books.charged("clinic").await == (3, 3) {
        let answer = call(&allowing, with(&token, post(&request(1)))).await;
        assert_eq!(answer.status, 200);
        let metrics = call(&allowing, get("/metrics")).await.text();
        let counted =
            |count: u32| metrics.contains(&format!("veilcast_uncharged_records {count}\n"));
        if counted(uncharged) {
            assert_eq!(books.charged("clinic").await, (4, 4));
        } else {
            uncharged += 1;
            assert!(counted(uncharged) && uncharged < 100, "{metrics}");
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
    }
}

#[tokio::test]
async fn a_service_starts_before_its_database() {
    let server = Postgres::start();
    let url = server.database("late");
    server.stop();
    let config = Config {
        ledger: LedgerSettings {
            url: Some(url.clone()),
            required: true,
            when_away: WhenAway::Refuse,
        },
        ..Config::default()
    };
    let service = router(App::new([evaluator("1")], config).unwrap());
    assert_eq!(call(&service, get("/v2/health/ready")).await.status, 503);
    refused(
        &call(&service, with(&guess(), post(&request(1)))).await,
        503,
        "ledger_away",
    );
    server.start_again();
    eventually(&service, || get("/v2/health/ready"), 200).await;
    let books = Books::at(url).await;
    let token = books.token("clinic", &[], &[]).await;
    assert_eq!(
        call(&service, with(&token, post(&request(1)))).await.status,
        200
    );
}
