//! Networks with hidden layers, encrypted layer by layer: exact, and refused where it must be.

use proptest::prelude::*;
use veilcast_card::{Card, QuantizedRecord, Way};
use veilcast_engine::{
    EvaluateError, Evaluator, Layered, Layers, LayoutError, Prepared, Session, SessionError,
};
use veilcast_model::Model;
use veilcast_protocol::{Framing, InferRequest, InferResponse, Inference, Limits, VoucherBatch};

use crate::common;
use crate::common::rounds::{filled, network, part, sides};

fn with_ways(model: &Model, ways: &[Way]) -> Card {
    let mut spec = model.card().spec().clone();
    spec.ways = Some(ways.to_vec());
    Card::new(spec).unwrap()
}

/// The answer to a request, both as they come through the wire.
fn exchanged(evaluator: &Evaluator, request: &InferRequest) -> InferResponse {
    let limits = Limits::new(300, 10_000);
    let decode = |body: &[u8], framing| match Inference::decode(body, framing, &limits).unwrap() {
        Inference::Encrypted(request) => request,
        other => panic!("{other:?} isn't encrypted"),
    };
    let body = request.to_binary();
    let received = decode(&body.bytes, Framing::HeaderLength(body.header_length));
    assert_eq!(&received, request);
    let json = decode(&request.to_json(), Framing::Json);
    assert_eq!(json.vouchers(), request.vouchers());
    let answer = evaluator.evaluate(&received).unwrap();
    let body = answer.to_binary();
    InferResponse::decode(
        &body.bytes,
        Framing::HeaderLength(body.header_length),
        &limits,
    )
    .unwrap()
}

fn next(evaluator: &Evaluator, layers: &Layers, request: &InferRequest) -> InferRequest {
    match layers
        .receive(request, &exchanged(evaluator, request))
        .unwrap()
    {
        Layered::Next(next) => *next,
        Layered::Scores(_) => panic!("there is a layer more"),
    }
}

fn scores(session: &Session, evaluator: &Evaluator, records: &[QuantizedRecord]) -> Vec<Vec<i64>> {
    let (mut request, layers) = session.begin(records).unwrap();
    loop {
        match layers
            .receive(&request, &exchanged(evaluator, &request))
            .unwrap()
        {
            Layered::Next(next) => request = *next,
            Layered::Scores(scores) => return scores,
        }
    }
}

fn check(model: Model, integers: Vec<Vec<u32>>) {
    let records = common::records(model.card(), integers);
    let expected: Vec<_> = records.iter().map(|r| model.evaluate(r).unwrap()).collect();
    let (session, evaluator) = sides(model);
    assert!(records.len() <= session.max_records());
    assert_eq!(scores(&session, &evaluator, &records), expected);
}

#[test]
fn scores_are_those_of_the_model() {
    let records = (0..5).map(|i| vec![15, i % 16, i * 7 % 16]);
    check(
        network(),
        records.chain([vec![0; 3], vec![15; 3]]).collect(),
    );
}

/// A ring of more bits than a limb, more hidden numbers than an answer holds, and results of which scores lack some bits.
#[test]
fn several_layers_take_a_wide_ring() {
    let fill = |i: usize| (i as i32 * 37 % 255) - 127;
    let parts = [
        part(3, 30, 8, fill),
        part(30, 9, 8, fill),
        part(9, 2, 8, fill),
    ];
    let model = common::network(&parts, 8, 8);
    let hidden = model.card().hidden().unwrap();
    assert!(hidden.ring_bits.get() > 64 && hidden.score_shift > 0);
    check(model, vec![vec![255, 0, 254], vec![1, 2, 3], vec![0; 3]]);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(12))]

    #[test]
    fn any_network_is_exact(
        weights in prop::collection::vec(-127..=127_i32, 3 * 2 + 2 * 2),
        record in prop::collection::vec(0..16_u32, 3),
    ) {
        let first = part(3, 2, 8, |i| weights[i]);
        let last = part(2, 2, 8, |i| weights[6 + i]);
        check(common::network(&[first, last], 4, 8), vec![record]);
    }
}

#[test]
fn what_goes_on_from_nothing_is_refused() {
    let (session, evaluator) = sides(network());
    let records = common::records(session.card(), [vec![1, 2, 3]]);
    let (first, layers) = session.begin(&records).unwrap();
    assert_eq!(evaluator.spending(&first).unwrap(), None);
    let second = next(&evaluator, &layers, &first);
    let named = second.vouchers().unwrap();
    let spending = evaluator.spending(&second).unwrap().unwrap();
    assert_eq!(
        (spending.begun.len(), spending.begun[0].batch),
        (1, named.id)
    );
    let of = |vouchers: VoucherBatch| second.clone().with_vouchers(vouchers);
    let refused = |request: &InferRequest| {
        let refused = evaluator.spending(request).unwrap_err();
        assert_eq!(
            evaluator.evaluate(request).unwrap_err().to_string(),
            refused.to_string()
        );
        refused
    };

    let unknown = |error: &EvaluateError| matches!(error, EvaluateError::UnknownVoucher);
    let invented = VoucherBatch {
        id: [7; 16].into(),
        ..named
    };
    assert!(unknown(&refused(&of(invented))));
    // A batch of vouchers isn't one of shares.
    let mut drawing = session.draw_for_network(1).unwrap();
    let request = drawing.request(&session).unwrap().unwrap();
    let ahead = evaluator.evaluate(&request).unwrap().vouchers.unwrap();
    assert!(unknown(&refused(&of(ahead))));
    let forgotten = VoucherBatch {
        secret: [9; 8].into(),
        ..named
    };
    let error = refused(&of(forgotten));
    assert!(matches!(error, EvaluateError::VoucherSecret(id) if id == forgotten.secret));

    // The body says so, too.
    let limits = Limits::new(10, 1000);
    let mut header: serde_json::Value = serde_json::from_slice(&second.to_json()).unwrap();
    header["parameters"]
        .as_object_mut()
        .unwrap()
        .remove("voucher_batch");
    let body = serde_json::to_vec(&header).unwrap();
    let error = InferRequest::decode(&body, Framing::Json, &limits).unwrap_err();
    assert!(error.to_string().contains("voucher_batch"), "{error}");

    // A layer that the network doesn't have, and other numbers of ciphertexts.
    header["parameters"]["part"] = 7.into();
    header["parameters"]["voucher_batch"] = named.id.to_string().into();
    let body = serde_json::to_vec(&header).unwrap();
    let request = InferRequest::decode(&body, Framing::Json, &limits).unwrap();
    let error = evaluator.cost(&request).unwrap_err();
    assert!(
        matches!(error, EvaluateError::Layout(LayoutError::NotAllowed(_))),
        "{error:?}"
    );
    header["parameters"]["part"] = 0.into();
    let body = serde_json::to_vec(&header).unwrap();
    let request = InferRequest::decode(&body, Framing::Json, &limits).unwrap();
    let error = evaluator.cost(&request).unwrap_err();
    assert!(
        matches!(
            error,
            EvaluateError::Columns {
                expected: 3,
                found: 4
            }
        ),
        "{error:?}"
    );
}

#[test]
fn answers_to_other_requests_are_refused() {
    let (session, evaluator) = sides(network());
    let records = common::records(session.card(), [vec![1, 2, 3]]);
    let (first, layers) = session.begin(&records).unwrap();
    let (other, _) = session.begin(&records).unwrap();
    let answer = exchanged(&evaluator, &other);
    let error = layers.receive(&first, &answer).unwrap_err();
    assert!(matches!(error, SessionError::OtherRequest));
    let silent = InferResponse {
        vouchers: None,
        ..exchanged(&evaluator, &first)
    };
    let error = layers.receive(&first, &silent).unwrap_err();
    assert!(matches!(error, SessionError::OtherRequest));
    // A part of the way isn't an answer.
    let error = session.decrypt(&exchanged(&evaluator, &first)).unwrap_err();
    assert!(matches!(error, SessionError::OtherRequest));
    assert!(matches!(
        session.encrypt(&records).unwrap_err(),
        SessionError::NotDirect
    ));
}

/// A card may offer either way alone.
#[test]
fn ways_that_are_not_offered_are_refused() {
    let records = |card: &Card| common::records(card, [vec![1, 2, 3]]);
    let model = network();
    let by_vouchers = Session::new(with_ways(&model, &[Way::Vouchers]), common::key()).unwrap();
    let quantized = records(by_vouchers.card());
    let error = by_vouchers.prepare(&quantized).unwrap_err();
    assert!(
        matches!(error, SessionError::NoVouchers { needed: 1 }),
        "{error:?}"
    );

    let direct = Session::new(with_ways(&model, &[Way::Direct]), common::key()).unwrap();
    let prepared = direct.prepare(&records(direct.card())).unwrap();
    assert!(matches!(prepared, Prepared::Layered(..)));
    assert!(direct.max_vouchers().is_err());
    let error = Card::new({
        let mut spec = model.card().spec().clone();
        spec.ways = Some(vec![Way::Direct, Way::Sealed]);
        spec
    });
    assert!(error.is_err());

    // With both, vouchers come first.
    let (session, evaluator) = sides(network());
    let vouchers = filled(&session, &evaluator, 1);
    assert_eq!(vouchers.len(), 1);
}
