//! Sealed models over HTTP: exact, in parts where a proxy wants them, and replaced meanwhile.

use std::sync::{Arc, RwLock};

use crate::common::proxy::{Fault, Proxy};
use crate::common::service::{
    Kind, answers, application, sealed_application, sealed_model, sealing_key,
};
use crate::common::{client, start};
use axum::Router;
use axum::extract::Request;
use axum::http::header::CONTENT_TYPE;
use axum::response::Response;
use axum::routing::any;
use tower::ServiceExt as _;
use veilcast_card::QuantizedRecord;
use veilcast_client::{Answered, Client, PipelineError, ReplacedError};
use veilcast_engine::{SealedError, SealedModel};

type Group = Vec<QuantizedRecord>;

/// Enough records that a group takes several ciphertexts.
const MANY: Kind = Kind {
    max_records: 200,
    ..Kind::USUAL
};
const GROUP: u32 = 120;

const NEW_WEIGHTS: Kind = Kind {
    version: "2024-06",
    bias: -4.0,
    ..MANY
};

fn groups(model: &SealedModel, count: u32) -> Vec<Group> {
    let record = |group, record| vec![group, record, 255 - group];
    let quantized = |values| QuantizedRecord::new(model.card(), values).unwrap();
    (0..count)
        .map(|group| (0..GROUP).map(|i| quantized(record(group, i))).collect())
        .collect()
}

async fn run(
    client: &Client,
    of: &Client,
    count: u32,
) -> Result<Vec<Answered<Group>>, PipelineError> {
    let model = sealed_model(of).await;
    let groups = groups(&model, count);
    answers(client, Arc::new(model), groups.into_iter()).await
}

#[track_caller]
fn check(answered: &Answered<Group>, kind: Kind) {
    let model = kind.model();
    let exact = answered.group.iter().map(|record| {
        let same = QuantizedRecord::new(model.card(), record.values().to_vec()).unwrap();
        model.evaluate(&same).unwrap()
    });
    assert_eq!(answered.scores, Ok(exact.collect::<Vec<_>>()));
    assert_eq!(answered.predictor.card().version(), kind.version);
    assert_eq!(answered.masked, 0);
}

#[tokio::test]
async fn scores_are_those_of_the_model() {
    let url = start(sealed_application(MANY, sealing_key())).await;
    for answered in run(&client(&url), &client(&url), 3).await.unwrap() {
        check(&answered, MANY);
        assert_eq!((answered.requests, answered.tries), (1, 1));
    }
}

/// What a proxy refuses is sent in halves, of whole ciphertexts.
#[tokio::test]
async fn what_a_proxy_refuses_as_too_large_is_halved() {
    let service = start(sealed_application(MANY, sealing_key())).await;
    let proxy = Proxy::start(&service, |_| Fault::Limit(256 + 500)).await;
    let answers = run(&client(&proxy.url), &client(&service), 2)
        .await
        .unwrap();
    answers.iter().for_each(|answered| check(answered, MANY));
    assert!(answers[1].requests > 2, "{answers:?}");
}

/// A service whose model is replaced after the first request.
async fn replaced(first: Router, second: Router) -> String {
    let models = Arc::new(RwLock::new((0, first, second)));
    let application = Router::new().fallback(any(async move |request: Request| -> Response {
        let service = {
            let mut models = models.write().unwrap();
            if request.uri().path().ends_with("/infer") {
                models.0 += 1;
            }
            if models.0 > 1 {
                models.2.clone()
            } else {
                models.1.clone()
            }
        };
        service.oneshot(request).await.unwrap()
    }));
    start(application).await
}

/// The new card names new weights, which are fetched and checked, also under another key.
#[tokio::test]
async fn records_go_on_to_a_sealed_model_that_takes_the_same() {
    let first = sealed_application(MANY, sealing_key());
    let url = replaced(first, sealed_application(NEW_WEIGHTS, sealing_key())).await;
    let answers = run(&client(&url), &client(&url), 3).await.unwrap();
    check(&answers[0], MANY);
    answers[1..]
        .iter()
        .for_each(|answered| check(answered, NEW_WEIGHTS));
}

#[tokio::test]
async fn a_model_that_is_no_longer_sealed_ends_it() {
    let first = sealed_application(MANY, sealing_key());
    let url = replaced(first, application(NEW_WEIGHTS)).await;
    let error = run(&client(&url), &client(&url), 3).await.unwrap_err();
    let PipelineError::Replaced { fault, .. } = &error else {
        panic!("{error:?}")
    };
    let not_offered = matches!(fault, ReplacedError::Sealed(SealedError::NotOffered));
    assert!(not_offered, "{fault}");
}

/// A service that replaces the file, but not the card.
#[tokio::test]
async fn weights_that_the_card_does_not_name_are_refused() {
    let (sealed, others) = (
        sealed_application(MANY, sealing_key()),
        sealed_application(NEW_WEIGHTS, sealing_key()),
    );
    let (first, others) = (sealed.clone(), Arc::new(others));
    let second = Router::new().fallback(any(async move |request: Request| -> Response {
        let path = request.uri().path();
        let of_others = path.ends_with("/card") || path.ends_with("/infer");
        let service = if of_others {
            (*others).clone()
        } else {
            sealed.clone()
        };
        service.oneshot(request).await.unwrap()
    }));
    let url = replaced(first, second).await;
    let error = run(&client(&url), &client(&url), 3).await.unwrap_err();
    let PipelineError::Replaced { fault, .. } = &error else {
        panic!("{error:?}")
    };
    assert!(matches!(fault, ReplacedError::Sealed(_)), "{fault}");
}

#[tokio::test]
async fn weights_that_are_too_long_are_not_read_to_the_end() {
    let card = {
        let url = start(sealed_application(MANY, sealing_key())).await;
        sealed_model(&client(&url)).await.card().clone()
    };
    let endless = Router::new().fallback(any(async || {
        let media = [(CONTENT_TYPE, "application/octet-stream")];
        (media, vec![1_u8; 1 << 20])
    }));
    let url = start(endless).await;
    let error = client(&url).sealed_file("risk", &card).await.unwrap_err();
    assert!(
        error
            .to_string()
            .contains("its sealed weights are longer than its card says"),
        "{error}"
    );
}
