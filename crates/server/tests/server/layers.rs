//! Networks with hidden layers over HTTP, encrypted layer by layer: exact, and each answer is gone on from once.

use axum::Router;
use veilcast_engine::Layered;
use veilcast_protocol::{InferRequest, InferResponse, Limits};

use crate::common::{Answer, call, get, post_body};
use crate::rounds::{INFER, binary, exact, records, service, session};

async fn ask(service: &Router, request: &InferRequest) -> Answer {
    call(service, post_body(INFER, request.to_binary())).await
}

fn read(answer: &Answer) -> InferResponse {
    assert_eq!(answer.status, 200, "{}", answer.text());
    InferResponse::decode(&answer.body, binary(answer), &Limits::new(1000, 10_000)).unwrap()
}

/// A prediction counts once, however many exchanges it takes.
#[tokio::test]
async fn records_are_answered_and_counted() {
    let (service, session) = (service(), session());
    let records = records(&session, 5);
    let (first, layers) = session.begin(&records).unwrap();
    let answer = read(&ask(&service, &first).await);
    let Layered::Next(second) = layers.receive(&first, &answer).unwrap() else {
        panic!("there is a layer more")
    };
    let answer = read(&ask(&service, &second).await);
    let Layered::Scores(scores) = layers.receive(&second, &answer).unwrap() else {
        panic!("there are only two")
    };
    assert_eq!(scores, exact(&records));
    let metrics = call(&service, get("/metrics")).await.text();
    let counted = "veilcast_records_total{model=\"bent\"} 5";
    assert!(metrics.contains(counted), "{metrics}");
}

/// A client that goes on from an answer many times would get a prediction each time, with numbers of its choice.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn each_answer_is_gone_on_from_once() {
    let (service, session) = (service(), session());
    let (first, layers) = session.begin(&records(&session, 2)).unwrap();
    let answer = read(&ask(&service, &first).await);
    // Each time encrypted afresh.
    let seconds = (0..6).map(|_| match layers.receive(&first, &answer).unwrap() {
        Layered::Next(second) => second,
        Layered::Scores(_) => panic!("there is a layer more"),
    });
    let asked: Vec<_> = seconds
        .map(|second| {
            let service = service.clone();
            tokio::spawn(async move { ask(&service, &second).await })
        })
        .collect();
    let mut answered = 0;
    for one in asked {
        let answer = one.await.unwrap();
        match answer.status.as_u16() {
            200 => answered += 1,
            _ => assert_eq!(answer.problem(), (409, "voucher_spent".to_owned())),
        }
    }
    assert_eq!(answered, 1);

    // Another service has another secret.
    let other = self::service();
    let Layered::Next(second) = layers.receive(&first, &answer).unwrap() else {
        panic!("there is a layer more")
    };
    let refused = ask(&other, &second).await;
    assert_eq!(refused.problem(), (409, "voucher_outdated".to_owned()));
}
