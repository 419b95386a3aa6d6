//! Bad weather: proxies with small limits, services that are away, and models that are replaced meanwhile.

use std::sync::{Arc, Mutex, RwLock};
use std::time::Duration;

use crate::common::liar::{self, Liar};
use crate::common::messages::request;
use crate::common::proxy::{Fault, Proxy};
use crate::common::service::{Kind, answers, application, model, records, session, start_service};
use crate::common::{client, client_with, options, start};
use axum::Router;
use axum::extract::Request;
use axum::http::StatusCode;
use axum::http::header::RETRY_AFTER;
use axum::response::{Html, IntoResponse as _, Response};
use axum::routing::any;
use tower::ServiceExt as _;
use veilcast_card::QuantizedRecord;
use veilcast_client::{
    Answered, Client, ClientError, OnWait, Options, PipelineError, ReplacedError, WaitReason,
    Waiting,
};
use veilcast_protocol::Problem;

type Group = Vec<QuantizedRecord>;

const GROUP: u32 = 8;

/// Groups of eight records, no two alike.
fn groups(count: u32) -> impl Iterator<Item = Group> + Send {
    (0..count).map(|group| records((0..GROUP).map(|record| [group, record, 255 - group])))
}

/// The answers to as many groups, one at a time, or the error that ended them.
async fn run(
    client: &Client,
    session_of: &Client,
    count: u32,
) -> Result<Vec<Answered<Group>>, PipelineError> {
    let session = Arc::new(session(session_of).await);
    answers(client, session, groups(count)).await
}

#[track_caller]
fn check(answered: &Answered<Group>, kind: Kind) {
    let model = kind.model();
    let own = Kind::USUAL.model();
    let exact = answered.group.iter().map(|record| {
        let moved = record.moved(own.card(), model.card()).unwrap();
        model.evaluate(&moved).unwrap()
    });
    assert_eq!(answered.scores, Ok(exact.collect::<Vec<_>>()));
    assert_eq!(answered.predictor.card().digest(), model.card().digest());
}

/// A record of three ciphertexts of 256 bytes.
const RECORD: usize = 3 * 256;
/// More than the rest of a request, without the proof of its key, and less than a record.
const REST: usize = 700;

/// No limit for the first request, with which the service gets to know the key.
fn limited(bytes: usize) -> impl Fn(usize) -> Fault + Send + 'static {
    move |connection| match connection {
        0 => Fault::Nothing,
        _ => Fault::Limit(bytes),
    }
}

#[tokio::test]
async fn what_a_proxy_refuses_as_too_large_is_halved() {
    let service = start_service().await;
    for (limit, requests, refused) in [
        (GROUP as usize * RECORD + REST, 1, 0),
        (4 * RECORD + REST, 2, 1),
        (2 * RECORD + REST, 4, 2),
        (RECORD + REST, 8, 3),
    ] {
        let proxy = Proxy::start(&service, limited(limit)).await;
        let answers = run(&client(&proxy.url), &client(&service), 4)
            .await
            .unwrap();
        for answered in &answers {
            check(answered, Kind::USUAL);
        }
        // Only one group learns the size.
        let numbers = |answered: &Answered<Group>| (answered.requests, answered.tries);
        let numbers: Vec<_> = answers.iter().map(numbers).collect();
        let learning = (requests, requests + refused);
        let usual = (requests, requests);
        assert_eq!(numbers, [(1, 1), learning, usual, usual], "{limit}");
    }
}

#[tokio::test]
async fn the_end_of_halving_is_told() {
    let service = start_service().await;
    let proxy = Proxy::start(&service, |_| Fault::Limit(500)).await;
    let error = run(&client(&proxy.url), &client(&service), 1)
        .await
        .unwrap_err();
    let PipelineError::Client(ClientError::RequestTooLarge { bytes, .. }) = error else {
        panic!("{error:?}")
    };
    assert!(
        (RECORD as u64..4 * RECORD as u64).contains(&bytes),
        "{bytes}"
    );
    assert_eq!(proxy.connections(), 4, "8, 4, 2 and 1 record");
}

/// A service that moves scores, behind a proxy with a small limit, sees the same requests whatever it guesses.
#[tokio::test]
async fn dividing_does_not_depend_on_what_is_decrypted() {
    let service = start_service().await;
    let guess = model().evaluate(&groups(1).next().unwrap()[0]).unwrap()[0];
    let slot_bits = model().card().slot_bits().get();
    let mut seen = Vec::new();
    for guess in [guess, guess + 1] {
        let liar = Liar::start(&service, move |_, key, answer| {
            liar::betray(guess, slot_bits, key, answer);
        });
        let proxy = Proxy::start(&liar.url, limited(3 * RECORD + REST)).await;
        let answers = run(&client(&proxy.url), &client(&service), 3)
            .await
            .unwrap();
        assert_eq!(answers.len(), 3);
        let predictions = liar.predictions();
        seen.push(
            predictions
                .iter()
                .map(|seen| seen.records)
                .collect::<Vec<_>>(),
        );
    }
    assert_eq!(seen[0], seen[1]);
    assert_eq!(seen[0].len(), 1 + 2 * 4, "eight records, then two each");
}

fn refusing(status: StatusCode, code: &'static str, after: Option<&'static str>) -> Router {
    Router::new().fallback(any(async move || {
        let problem = serde_json::to_string(&Problem::new(code, "no more today")).unwrap();
        let mut response = (status, problem).into_response();
        if let Some(after) = after {
            response
                .headers_mut()
                .insert(RETRY_AFTER, after.parse().unwrap());
        }
        response
    }))
}

#[tokio::test]
async fn quotas_say_when_to_come_back() {
    let ask = async |after| {
        let url = start(refusing(
            StatusCode::TOO_MANY_REQUESTS,
            "quota_used_up",
            after,
        ))
        .await;
        client(&url).infer("m", &request()).await.unwrap_err()
    };
    let error = ask(Some("7260")).await;
    let ClientError::QuotaUsedUp { retry_after, .. } = &error else {
        panic!("{error:?}")
    };
    assert_eq!(*retry_after, Some(Duration::from_secs(7260)));
    assert!(
        error
            .to_string()
            .ends_with("refuses further requests for now: no more today (again in 2 h 1 min)"),
        "{error}"
    );
    let error = ask(None).await;
    assert!(
        error
            .to_string()
            .ends_with("refuses further requests for now: no more today"),
        "{error}"
    );
}

#[tokio::test]
async fn tokens_are_refused_by_their_codes() {
    for (status, code) in [
        (401, "token_needed"),
        (401, "token_unknown"),
        (403, "model_not_allowed"),
    ] {
        let url = start(refusing(StatusCode::from_u16(status).unwrap(), code, None)).await;
        let error = client(&url).infer("m", &request()).await.unwrap_err();
        assert!(
            matches!(&error, ClientError::Refused { status: found, code: other, .. } if *found == status && other == code),
            "{error:?}"
        );
    }
    // A proxy's own page, which knows nothing of tokens.
    let proxy = Router::new().fallback(any(async || {
        (StatusCode::UNAUTHORIZED, Html("<h1>401</h1>"))
    }));
    let error = client(&start(proxy).await).card("m").await.unwrap_err();
    assert!(
        error
            .to_string()
            .ends_with("a proxy in front of it may require a header that says who is asking"),
        "{error}"
    );
}

#[tokio::test]
async fn callers_are_told_of_pauses() {
    for (status, reason) in [
        (StatusCode::SERVICE_UNAVAILABLE, WaitReason::Busy),
        (StatusCode::BAD_GATEWAY, WaitReason::Away),
        (StatusCode::GATEWAY_TIMEOUT, WaitReason::Away),
    ] {
        let told = Arc::<Mutex<Vec<Waiting>>>::default();
        let kept = Arc::clone(&told);
        let options = Options {
            on_wait: Some(OnWait::new(move |waiting| {
                kept.lock().unwrap().push(waiting)
            })),
            ..options()
        };
        let page = Router::new().fallback(any(async move || (status, Html("<h1>nginx</h1>"))));
        let error = client_with(&start(page).await, options)
            .card("m")
            .await
            .unwrap_err();
        assert!(
            matches!(error, ClientError::Busy { tries: 3, .. }),
            "{error:?}"
        );
        let told = told.lock().unwrap();
        assert_eq!(told.len(), 2);
        assert!(
            told.iter()
                .all(|waiting| waiting.reason == reason && !waiting.pause.is_zero())
        );
    }
}

/// A service whose model is replaced after this many requests for predictions.
async fn replaced_after(predictions: usize, first: Kind, second: Kind) -> String {
    let models = Arc::new(RwLock::new((0, application(first))));
    let application = Router::new().fallback(any(async move |request: Request| -> Response {
        let service = {
            let mut models = models.write().unwrap();
            if request.uri().path().ends_with("/infer") {
                if models.0 == predictions {
                    models.1 = application(second);
                }
                models.0 += 1;
            }
            models.1.clone()
        };
        service.oneshot(request).await.unwrap()
    }));
    start(application).await
}

const NEW_WEIGHTS: Kind = Kind {
    version: "2024-06",
    bias: -4.0,
    ..Kind::USUAL
};

#[tokio::test]
async fn records_go_on_to_a_model_that_takes_the_same() {
    let url = replaced_after(2, Kind::USUAL, NEW_WEIGHTS).await;
    let answers = run(&client(&url), &client(&url), 5).await.unwrap();
    for (index, answered) in answers.iter().enumerate() {
        check(answered, if index < 2 { Kind::USUAL } else { NEW_WEIGHTS });
    }
    assert_eq!(answers.len(), 5);

    // Also when it takes fewer at once.
    let fewer = Kind {
        max_records: 3,
        ..NEW_WEIGHTS
    };
    let url = replaced_after(1, Kind::USUAL, fewer).await;
    let answers = run(&client(&url), &client(&url), 3).await.unwrap();
    answers[1..]
        .iter()
        .for_each(|answered| check(answered, fewer));
    let requests: Vec<_> = answers.iter().map(|answered| answered.requests).collect();
    assert_eq!(requests, [1, 3, 3]);
}

#[tokio::test]
async fn records_that_a_new_model_does_not_take_end_it() {
    for (kind, words) in [
        (
            Kind {
                step: 0.5,
                ..NEW_WEIGHTS
            },
            "rounds them differently",
        ),
        (
            Kind {
                labels: ["high", "low"],
                ..NEW_WEIGHTS
            },
            "predicts something else",
        ),
    ] {
        let url = replaced_after(1, Kind::USUAL, kind).await;
        let error = run(&client(&url), &client(&url), 3).await.unwrap_err();
        let PipelineError::Replaced { fault, .. } = &error else {
            panic!("{error:?}")
        };
        assert!(matches!(
            fault,
            ReplacedError::Records | ReplacedError::Predictions
        ));
        assert!(fault.to_string().ends_with(words), "{fault}");
    }
}

/// Two services with different models behind one name: cards and requests miss each other.
#[tokio::test]
async fn a_service_that_disagrees_with_itself_is_not_asked_for_ever() {
    let (cards, others) = (application(Kind::USUAL), application(NEW_WEIGHTS));
    let both = Router::new().fallback(any(async move |request: Request| {
        let is_card = request.uri().path().ends_with("/card");
        let service = if is_card {
            cards.clone()
        } else {
            others.clone()
        };
        service.oneshot(request).await.unwrap()
    }));
    let url = start(both).await;
    let error = run(&client(&url), &client(&url), 3).await.unwrap_err();
    assert!(
        matches!(
            error,
            PipelineError::Client(ClientError::CardUnclear { .. })
        ),
        "{error:?}"
    );
}
