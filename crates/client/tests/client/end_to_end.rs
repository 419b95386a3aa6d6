//! A real session through a real service: the scores are the model's, and only the key's owner sees them.

use crate::common::client;
use crate::common::service::{model, records, session, start_service};
use veilcast_client::{Client, ClientError};
use veilcast_engine::Session;
use veilcast_protocol::{ByteMatrix, InferRequest, Layout};

#[tokio::test]
async fn scores_are_those_of_the_model() {
    let client = client(&start_service().await);
    let session = session(&client).await;
    let records = records([[0, 0, 0], [255, 255, 255], [255, 0, 17], [0, 255, 0]]);
    let request = session.encrypt(&records).unwrap().with_id("records 1 to 4");

    let exchange = client.infer("risk", &request).await.unwrap();
    assert_eq!(exchange.tries, 1);
    assert_eq!(exchange.bytes_up, request.to_binary().bytes.len() as u64);
    assert_eq!(
        exchange.bytes_down,
        exchange.answer.to_binary().bytes.len() as u64
    );

    let scores = session
        .decrypt_answer_to(&request, &exchange.answer)
        .unwrap();
    let model = model();
    let expected: Vec<_> = records
        .iter()
        .map(|record| model.evaluate(record).unwrap())
        .collect();
    assert_eq!(scores, expected);
    assert!(
        session_of_another(&client)
            .await
            .decrypt(&exchange.answer)
            .is_err()
    );
}

/// Someone else with the same card, and a key of their own.
async fn session_of_another(client: &Client) -> Session {
    session(client).await
}

#[tokio::test]
async fn service_describes_itself() {
    let client = client(&start_service().await);
    let server = client.server_metadata().await.unwrap();
    assert_eq!(server.answer.name, "veilcast");
    assert!(server.bytes_down > 0);
    assert_eq!(server.bytes_up, 0);
    let metadata = client.model_metadata("risk").await.unwrap().answer;
    assert_eq!(metadata.versions, ["2024-05"]);
    assert_eq!(metadata.inputs[0].shape, [-1, 3]);
    assert_eq!(
        client.card("risk").await.unwrap().answer,
        model().card_json()
    );
}

#[tokio::test]
async fn refusals_arrive_with_their_code() {
    let client = client(&start_service().await);
    let refusal = |error| match error {
        ClientError::Refused {
            status,
            code,
            message,
            ..
        } => {
            assert!(!message.is_empty());
            (status, code)
        }
        other => panic!("{other}"),
    };
    for model in ["riskier", "../v2", "a/b", "?", "ö", ""] {
        let (status, _) = refusal(client.card(model).await.unwrap_err());
        assert_eq!(status, 404, "{model}");
    }
    let session = session(&client).await;
    let sound = session.encrypt(&records([[1, 2, 3]])).unwrap();
    let (key, digest) = (sound.public_key().to_vec(), sound.card_digest());
    let width = sound.upload().tensor().width();
    let zeros = ByteMatrix::new([1, 3], width, vec![0; 3 * width]).unwrap();
    let bad = InferRequest::new(key, Layout::SCALAR, 1, digest, zeros)
        .unwrap()
        .with_key_proof(sound.key_proof().unwrap());
    let (status, code) = refusal(client.infer("risk", &bad).await.unwrap_err());
    assert_eq!((status, &*code), (400, "invalid_ciphertext"));
    assert!(client.infer("risk", &sound).await.is_ok());
}
