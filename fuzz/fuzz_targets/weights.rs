//! The private weights of a model directory, which may come from elsewhere too.
//!
//! A model that is read predicts: the bounds that were proven hold for the smallest and the largest record. Its
//! file is written as it was read, but for bytes that nothing reads.
#![no_main]

use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use veilcast_fuzz::memory::{MIB, within};
use veilcast_fuzz::{file, fixed, seeds};
use veilcast_model::{Model, WEIGHTS_FILE};

static CARD: LazyLock<Vec<u8>> = LazyLock::new(|| fixed::model().card_json().to_vec());

fuzz_target!(
    init: seeds::write(|| {
        let folder = file::empty_folder("made");
        fixed::model().save(&folder, true).expect("it can be saved");
        [std::fs::read(folder.join(WEIGHTS_FILE)).expect("it was saved")]
    }),
    |bytes: &[u8]| {
        let memory = 64 * bytes.len() + MIB;
        let Ok(model) = within(memory, || Model::from_bytes(&CARD, bytes, None)) else {
            return;
        };
        for record in fixed::records(&[[0, 0, 0], [15, 15, 15]]) {
            model.predict(&record).expect("the bounds are proven");
        }
    }
);
