//! Scores at the ends of the certified range are exact, for narrow and wide slots, with as many
//! features and scores in a ciphertext as fit.

use veilcast_card::QuantizedRecord;
use veilcast_engine::{Evaluator, LayoutError, Session};
use veilcast_model::Model;
use veilcast_protocol::Layout;

use crate::common;
use crate::common::geometry::{self, Geometry};

/// Models whose scores reach ±(2^(S−1) − 1) (within 255, if that is more than 53 bits).
#[derive(Clone, Copy)]
struct Extreme {
    slot_bits: u32,
    input_bits: u32,
    weight_bits: u32,
    /// Features with a weight.
    heavy: usize,
}

impl Extreme {
    fn bound(self) -> i64 {
        (1 << (self.slot_bits - 1)) - 1
    }

    /// Outputs that take the largest weights and biases, all of them positive, all negative, and
    /// both in turn.
    fn model(self, features: usize, outputs: usize, groups: &[u32]) -> Model {
        let (top, max) = (
            (1i32 << (self.weight_bits - 1)) - 1,
            (1i64 << self.input_bits) - 1,
        );
        let spread = features.div_ceil(self.heavy);
        let is_heavy = |feature: usize| feature.is_multiple_of(spread);
        let sum = (0..features).filter(|&f| is_heavy(f)).count() as i64 * i64::from(top) * max;
        let bias = self.bound() - sum;
        assert!(bias >= 0);
        let bias = if self.slot_bits > 54 {
            bias & !0xff
        } else {
            bias
        };
        let sign = |output: usize, feature: usize| match output % 3 {
            0 => 1,
            1 => -1,
            _ => 1 - 2 * (feature % 2) as i32,
        };
        let weight = |o, f| if is_heavy(f) { sign(o, f) * top } else { 0 };
        let row = |o| (0..features).map(|f| weight(o, f)).collect();
        let weights: Vec<Vec<i32>> = (0..outputs).map(row).collect();
        let biases: Vec<i64> = (0..outputs)
            .map(|output| if output % 3 == 1 { -bias } else { bias })
            .collect();
        let layouts = common::all_layouts(groups.to_vec());
        let model = common::model_with(
            &weights,
            &biases,
            self.input_bits,
            self.weight_bits,
            layouts,
        );
        assert_eq!(model.card().slot_bits().get(), self.slot_bits);
        model
    }
}

const EXTREMES: [Extreme; 5] = [
    Extreme {
        slot_bits: 3,
        input_bits: 1,
        weight_bits: 2,
        heavy: 2,
    },
    Extreme {
        slot_bits: 16,
        input_bits: 8,
        weight_bits: 4,
        heavy: 12,
    },
    // Of weights alone: what lies next to the slots is as large as it can be.
    Extreme {
        slot_bits: 36,
        input_bits: 16,
        weight_bits: 16,
        heavy: 12,
    },
    Extreme {
        slot_bits: 40,
        input_bits: 16,
        weight_bits: 16,
        heavy: 12,
    },
    Extreme {
        slot_bits: 62,
        input_bits: 16,
        weight_bits: 16,
        heavy: 12,
    },
];

/// The most slots by the layouts' description, under a key of 1024 bits.
fn most_slots(slot_bits: u32, k: u32) -> u32 {
    match k {
        1 => (1024 - 41) / slot_bits,
        // ((m + 1)·k − 1)·u ≤ |n| − 2
        _ => (((1024 - 2) / (slot_bits + 41) + 1) / k).saturating_sub(1),
    }
}

/// Layouts with one score per answer and with the most that fit.
fn largest(session: &mut Session, groups: &[u32]) -> Vec<Layout> {
    let (slot_bits, outputs) = (
        session.card().slot_bits().get(),
        session.card().outputs() as u32,
    );
    let mut layouts = vec![Layout::Records];
    for &k in [1].iter().chain(groups) {
        let layout = |scores_per_answer| match k {
            1 => Layout::Scalar { scores_per_answer },
            _ => Layout::Features {
                features_per_ciphertext: k,
                scores_per_answer,
            },
        };
        let most = most_slots(slot_bits, k).min(outputs);
        let (found, limit) = (most + 1, most);
        let error = LayoutError::ScoresPerAnswer { found, limit };
        assert_eq!(session.set_layout(layout(found)), Err(error), "{k}");
        if most > 0 {
            layouts.push(layout(most));
        }
        if most > 1 {
            layouts.push(layout(1));
        }
    }
    layouts
}

/// All features at their largest, all at 0, and both in turn.
fn records(session: &Session) -> Vec<QuantizedRecord> {
    let (features, max) = (
        session.card().features(),
        session.card().quantization().max(),
    );
    let turn = |parity| {
        (0..features)
            .map(|f| if f % 2 == parity { max } else { 0 })
            .collect()
    };
    let integers = [vec![max; features], vec![0; features], turn(0), turn(1)];
    common::records(session.card(), integers)
}

/// Both uploads in a layout; gives whether there was room for a seeded one.
fn check(
    session: &Session,
    evaluator: &Evaluator,
    records: &[QuantizedRecord],
    expected: &[Vec<i64>],
) -> bool {
    let layout = session.layout();
    let request = session.encrypt(records).unwrap();
    let answer = evaluator.evaluate(&request).unwrap();
    assert_eq!(session.decrypt(&answer).unwrap(), expected, "{layout:?}");

    let key = common::key();
    let card = session.card();
    let geometry = Geometry::new(card, layout, key.public_key().bits());
    let n = geometry::modulus(key.public_key());
    let form = match layout {
        Layout::Records => {
            assert_eq!(session.entries_for(1), Err(LayoutError::SeededNotAllowed));
            return false;
        }
        _ => geometry.seeded_form(&n, card.quantization().max()),
    };
    let Some(form) = form else {
        assert_eq!(session.entries_for(1), Err(LayoutError::NoRoomForSeeded));
        return false;
    };
    let entries = common::entries(session, records.len());
    let groups = entries.len() / records.len();
    let request = session.encrypt_seeded(records, entries).unwrap();
    let bits = groups * form.correction_bits() as usize;
    assert_eq!(request.upload().tensor().width(), bits.div_ceil(8));
    let answer = evaluator.evaluate(&request).unwrap();
    assert_eq!(
        session.decrypt(&answer).unwrap(),
        expected,
        "{layout:?}, seeded"
    );
    true
}

/// Checks all layouts of a model; gives for how many there was room for seeded uploads.
fn check_all(extreme: Extreme, model: Model, groups: &[u32]) -> usize {
    let (mut session, evaluator) = common::sides(model.clone());
    let records = records(&session);
    let expected: Vec<Vec<i64>> = records.iter().map(|r| model.evaluate(r).unwrap()).collect();
    let tolerance = if extreme.slot_bits > 54 { 255 } else { 0 };
    assert!(expected[0][0] >= extreme.bound() - tolerance);
    assert!(expected[0][1] <= tolerance - extreme.bound());
    let mut seeded = 0;
    for layout in largest(&mut session, groups) {
        session.set_layout(layout).unwrap();
        seeded += usize::from(check(&session, &evaluator, &records, &expected));
    }
    seeded
}

#[test]
fn as_many_scores_an_answer_as_fit() {
    for extreme in EXTREMES {
        let outputs = most_slots(extreme.slot_bits, 1) as usize;
        let extreme = Extreme {
            heavy: 1,
            ..extreme
        };
        // One score per answer leaves room for junk; as many as fit do not.
        let model = extreme.model(1, outputs, &[]);
        assert_eq!(check_all(extreme, model, &[]), 1);
    }
}

#[test]
fn as_many_features_a_ciphertext_as_fit() {
    for extreme in EXTREMES {
        let groups = [2, 3, 4, 5, 11, 12];
        let outputs = most_slots(extreme.slot_bits, 2) as usize;
        let model = extreme.model(12, outputs, &groups);
        assert!(check_all(extreme, model, &groups) >= 3);
    }
}
