//! Requests, as HTTP bodies and as files. See [`messages::check`] for what holds.
#![no_main]

use libfuzzer_sys::fuzz_target;
use veilcast_engine::SeededEntries;
use veilcast_fuzz::messages::{self, Form};
use veilcast_fuzz::{fixed, seeds};
use veilcast_protocol::{Encoding, InferRequest, Layout};

const FORM: Form<InferRequest> = Form {
    decode: InferRequest::decode,
    to_binary: InferRequest::to_binary,
    to_json: InferRequest::to_json,
};

fuzz_target!(
    init: seeds::write(made),
    |body: &[u8]| {
        messages::check(body, &FORM);
    }
);

/// Requests of every layout, full and seeded, binary and JSON.
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
    bodies
}
