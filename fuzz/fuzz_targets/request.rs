//! Requests, as HTTP bodies and as files. See [`messages::check`] for what holds.
#![no_main]

use libfuzzer_sys::fuzz_target;
use veilcast_engine::{Round, SeededEntries};
use veilcast_fuzz::messages::{self, Form};
use veilcast_fuzz::{fixed, seeds};
use veilcast_protocol::{Encoding, Inference, Layout};

const FORM: Form<Inference> = Form {
    decode: Inference::decode,
    to_binary: |request| match request {
        Inference::Encrypted(request) => request.to_binary(),
        Inference::Masked(request) => request.to_binary(),
        Inference::Sealed(request) => request.to_binary(),
        Inference::Round(request) => request.to_binary(),
    },
    to_json: |request| match request {
        Inference::Encrypted(request) => request.to_json(),
        Inference::Masked(request) => request.to_json(),
        Inference::Sealed(request) => request.to_json(),
        Inference::Round(request) => request.to_json(),
    },
};

fuzz_target!(
    init: seeds::write(made),
    |body: &[u8]| {
        let Some(request) = messages::check(body, &FORM) else {
            return;
        };
        // A service refuses what doesn't fit, and answers the rest.
        match request {
            Inference::Masked(request) => {
                if let Ok(answer) = fixed::EVALUATOR.evaluate_masked(&request) {
                    assert_eq!(answer.scores.shape(), [request.vouchers.len(), 2]);
                }
            }
            Inference::Sealed(request) => {
                let (_, evaluator) = &*fixed::SEALED;
                if let Ok(answer) = evaluator.evaluate_sealed(&request, &mut || Ok(())) {
                    let [rows, _] = answer.scores.shape();
                    assert_eq!(rows, request.records);
                }
            }
            Inference::Round(request) => {
                let (_, evaluator) = &*fixed::NETWORK;
                if evaluator.check_round(&request).is_ok() {
                    let answer = evaluator.evaluate_round(&request).expect("it was checked");
                    assert_eq!(answer.scores.shape()[0], request.records());
                }
            }
            Inference::Encrypted(_) => {}
        }
    }
);

/// Requests of every layout, full and seeded, for vouchers and masked by them, for a network's, in rounds, and for a sealed model;
/// binary and JSON.
fn made() -> Vec<Vec<u8>> {
    let mut session = fixed::session();
    let mut bodies = Vec::new();
    for layout in [
        Layout::SCALAR,
        Layout::Records,
        Layout::Features {
            features_per_ciphertext: 2,
            scores_per_answer: 2,
        },
    ] {
        session.set_layout(layout).expect("the card allows it");
        let records = fixed::records(&[[1, 2, 3], [15, 0, 7]]);
        let full = session.encrypt(&records).expect("the records are sound");
        let count = session.entries_for(records.len());
        let seeded = count.ok().map(|count| {
            let entries = SeededEntries::generate(&fixed::key(), count).expect("no fault");
            let request = session.encrypt_seeded(&records, entries);
            request.expect("there are as many entries as it takes")
        });
        for request in [Some(full), seeded].into_iter().flatten() {
            bodies.push(request.to_binary().bytes);
            bodies.push(request.with_answer(Encoding::Json).to_json());
        }
    }
    let (drawn, request) = session.draw_vouchers(2).expect("the card offers them");
    bodies.push(request.to_binary().bytes);
    let answer = fixed::EVALUATOR.evaluate(&request).expect("it is sound");
    let vouchers = session.vouchers(drawn, &request, &answer);
    let records = fixed::records(&[[1, 2, 3], [15, 0, 7]]);
    let masked = vouchers
        .expect("it is answered")
        .mask(session.card(), &records);
    let (request, _) = masked.expect("there is a voucher for each");
    bodies.push(request.to_binary().bytes);
    bodies.push(request.to_json());
    let (session, evaluator) = &*fixed::NETWORK;
    let mut drawing = session.draw_for_network(2).expect("the card offers them");
    while let Some(request) = drawing.request(session).expect("the key has room") {
        bodies.push(request.to_binary().bytes);
        let answer = evaluator.evaluate(&request).expect("it is sound");
        let received = drawing.receive(session, &request, &answer);
        received.expect("it is answered");
    }
    let records = fixed::records_for(session.card(), &[[1, 2, 3], [15, 0, 7]]);
    let begun = drawing.finish(session).begin(session.card(), &records);
    let (request, rounds) = begun.expect("there is a voucher for each");
    bodies.push(request.to_binary().bytes);
    bodies.push(request.to_json());
    let answer = evaluator.evaluate_round(&request).expect("it is sound");
    if let Ok(Round::Next(request, _)) = rounds.receive(&answer) {
        bodies.push(request.to_binary().bytes);
    }
    let (client, _) = &*fixed::SEALED;
    let records = fixed::records_for(client.card(), &[[1, 2, 3], [15, 0, 7]]);
    let (request, _) = client.prepare(&records).expect("the records are sound");
    bodies.push(request.to_binary().bytes);
    bodies.push(request.to_json());
    bodies
}
