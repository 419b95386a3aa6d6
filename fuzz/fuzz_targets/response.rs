//! Responses, as a client reads and decrypts them. See [`messages::check`] for what holds of messages.
//!
//! Decrypting one gives a score for each output of each record, or says what is wrong with it.
#![no_main]

use std::cell::LazyCell;

use libfuzzer_sys::fuzz_target;
use veilcast_engine::Session;
use veilcast_fuzz::messages::{self, Form};
use veilcast_fuzz::{fixed, seeds};
use veilcast_protocol::{InferResponse, Layout, MaskedResponse};

const MASKED: Form<MaskedResponse> = Form {
    decode: MaskedResponse::decode,
    to_binary: MaskedResponse::to_binary,
    to_json: MaskedResponse::to_json,
};

const FORM: Form<InferResponse> = Form {
    decode: InferResponse::decode,
    to_binary: InferResponse::to_binary,
    to_json: InferResponse::to_json,
};

thread_local! {
    static SESSION: LazyCell<Session> = LazyCell::new(fixed::session);
}

fuzz_target!(
    init: seeds::write(made),
    |body: &[u8]| {
        messages::check(body, &MASKED);
        let Some(response) = messages::check(body, &FORM) else {
            return;
        };
        SESSION.with(|session| {
            if let Ok(scores) = session.decrypt(&response) {
                assert_eq!(scores.len(), response.records);
                assert!(scores.iter().all(|scores| scores.len() == 2));
            }
        });
    }
);

/// Answers in every layout, with vouchers and masked by them, binary and JSON.
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
        let request = session.encrypt(&fixed::records(&[[1, 2, 3], [15, 0, 7]]));
        let request = request.expect("the records are sound");
        let response = fixed::EVALUATOR.evaluate(&request).expect("it is sound");
        bodies.push(response.to_binary().bytes);
        bodies.push(response.to_json());
    }
    let (drawn, request) = session.draw_vouchers(2).expect("the card offers them");
    let response = fixed::EVALUATOR.evaluate(&request).expect("it is sound");
    bodies.push(response.to_binary().bytes);
    let vouchers = session.vouchers(drawn, &request, &response);
    let records = fixed::records(&[[1, 2, 3], [15, 0, 7]]);
    let masked = vouchers
        .expect("it is answered")
        .mask(session.card(), &records);
    let (request, _) = masked.expect("there is a voucher for each");
    let response = fixed::EVALUATOR
        .evaluate_masked(&request)
        .expect("it is sound");
    bodies.push(response.to_binary().bytes);
    bodies.push(response.to_json());
    bodies
}
