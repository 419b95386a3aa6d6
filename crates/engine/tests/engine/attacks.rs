//! What a client learns by encrypting something other than a record.
//!
//! With numbers far apart in place of features, an answer without its mask would hold all the
//! weights at once. Each layout is attacked this way, and with other numbers; the client only gets
//! the bits of the slots claimed, and whatever else is in an answer is fresh and uniform.

use num_bigint::{BigInt, BigUint};
use veilcast_engine::Evaluator;
use veilcast_protocol::{ByteMatrix, InferRequest, Layout, SeededUpload, Upload};

use crate::common;
use crate::common::geometry::{self, Geometry, number, weighted_sum, window};
use crate::common::statistics::assert_fresh;

/// A bin is a value of four bits.
const NIBBLE: usize = 16;
/// Rows of a request, each with as many answers as a record has.
const ROWS: usize = 161;

/// Four outputs of six features, none of them alike.
fn weights() -> Vec<Vec<i32>> {
    vec![
        vec![3, 1, 2, 7, 5, 4],
        vec![7, 5, 0, 1, 6, 2],
        vec![0, 7, 4, 6, 1, 3],
        vec![6, 2, 7, 0, 3, 5],
    ]
}

fn evaluator() -> Evaluator {
    let layouts = common::all_layouts(vec![2, 3, 6]);
    common::sides(common::model_with(&weights(), &[3, 2, 1, 0], 4, 4, layouts)).1
}

fn scalar(scores_per_answer: u32) -> Layout {
    Layout::Scalar { scores_per_answer }
}

fn features(features_per_ciphertext: u32, scores_per_answer: u32) -> Layout {
    Layout::Features {
        features_per_ciphertext,
        scores_per_answer,
    }
}

/// An attacked service: what is sent to it, and what comes back, in the clear.
struct Attack {
    evaluator: Evaluator,
    layout: Layout,
    geometry: Geometry,
    /// Slots of an answer that are claimed.
    slots: usize,
    n: BigUint,
}

impl Attack {
    fn new(layout: Layout) -> Self {
        let evaluator = evaluator();
        let key = common::key();
        let geometry = Geometry::new(evaluator.card(), layout, key.public_key().bits());
        assert_eq!(geometry.slot_bits, 10);
        Self {
            slots: match layout {
                Layout::Records => 1,
                _ => geometry.slots,
            },
            n: geometry::modulus(key.public_key()),
            evaluator,
            layout,
            geometry,
        }
    }

    fn groups(&self) -> u32 {
        6_u32.div_ceil(self.geometry.k as u32)
    }

    /// Bits between the numbers that read the weights out: those of one answer don't meet.
    fn spacing(&self) -> u32 {
        match self.layout {
            Layout::Features { .. } => 8,
            _ => 32.max(self.geometry.slot_bits * self.slots as u32),
        }
    }

    /// One number per ciphertext of a row, each at a place of its own from a bit on.
    fn spread(&self, from: u32) -> Vec<BigUint> {
        let place = |g| BigUint::from(1u8) << (from + self.spacing() * g);
        (0..self.groups()).map(place).collect()
    }

    /// All the weights, read off the answers without a mask to numbers spread from a bit on.
    fn read_weights(&self, unmasked: &[BigUint], from: u32) -> Vec<Vec<i32>> {
        let k = self.geometry.k;
        let weight = |output: usize, feature: usize| {
            let (answer, i) = match self.layout {
                Layout::Records => (output, 0),
                _ => (output / self.slots, output % self.slots),
            };
            let unit = (i * k + k - 1 - feature % k) as u32;
            let bit = from + self.geometry.unit * unit + self.spacing() * (feature / k) as u32;
            window(&unmasked[answer], bit, 4) as i32
        };
        let row = |output| (0..6).map(|feature| weight(output, feature)).collect();
        (0..4).map(row).collect()
    }

    /// What each answer of a row holds without a mask.
    fn sums(&self, row: &[BigUint]) -> Vec<BigUint> {
        let sum = |answer| weighted_sum(&self.geometry.weights(&weights(), answer), row, &self.n);
        (0..self.geometry.answers(4)).map(sum).collect()
    }

    /// The answers to the same row, sent many times.
    fn answers(&self, row: &[BigUint]) -> Vec<Vec<BigUint>> {
        let row = common::encrypted(row);
        // The layout `records` has one row for a claimed record.
        let (rows, requests) = match self.layout {
            Layout::Records => (1, ROWS),
            _ => (ROWS, 1),
        };
        let request = common::repeated(&self.evaluator, self.layout, &row, rows);
        let mut answers = vec![Vec::new(); self.geometry.answers(4)];
        for _ in 0..requests {
            let opened = common::opened(&self.evaluator.evaluate(&request).unwrap());
            for (all, new) in answers.iter_mut().zip(opened) {
                all.extend(new);
            }
        }
        answers
    }

    /// The slots hold what a score's place holds of the sums, but for a carry from below and for
    /// passing n; all else is fresh.
    fn assert_slots_alone(&self, sums: &[BigUint], answers: &[Vec<BigUint>]) {
        for (index, (sum, answers)) in sums.iter().zip(answers).enumerate() {
            for answer in answers {
                self.assert_slots(index, sum, answer);
            }
            self.assert_rest_is_fresh(answers);
        }
    }

    fn assert_slots(&self, index: usize, sum: &BigUint, answer: &BigUint) {
        let bits = self.geometry.slot_bits;
        let modulus = BigInt::from(1u64 << bits);
        for (slot, output) in self.geometry.outputs(index, 4).enumerate() {
            let start = self.geometry.slot(slot);
            let base = (3 - output as i64) + (1 << (bits - 1));
            let value = BigInt::from(window(answer, start, bits));
            let passed_n = [BigInt::ZERO, BigInt::from(self.n.clone())];
            let possible = passed_n.iter().flat_map(|over| {
                let rest: BigInt = (BigInt::from(sum.clone()) - over) >> start;
                [0, 1].map(|carry| rest.clone() + base + carry)
            });
            let mut differences = possible.map(|value_there| (value_there - &value) % &modulus);
            assert!(
                differences.any(|difference| difference == BigInt::ZERO),
                "{:?}: slot {slot} of answer {index}",
                self.layout
            );
        }
    }

    fn assert_rest_is_fresh(&self, answers: &[BigUint]) {
        let check = |nibble: &dyn Fn(&BigUint) -> usize, what: String| {
            let nibbles: Vec<usize> = answers.iter().map(nibble).collect();
            assert_fresh(&nibbles, NIBBLE, format!("{:?}, {what}", self.layout));
        };
        let above = self.geometry.end(self.slots);
        let mut gaps = self.geometry.gaps(self.slots);
        // Up to where the modulus gives the highest bits their shape.
        gaps.push((above, 1024 - 60));
        for (start, end) in gaps {
            for place in (start..=end - 4).step_by(4) {
                let nibble = |answer: &BigUint| window(answer, place, 4) as usize;
                check(&nibble, format!("bit {place}"));
                // Nor does it reveal what lies next to it, or above the slots. A slot does: the carry into it, as
                // often as the gap's bits below it are less than the sum's.
                let next = Some(place + 4).filter(|next| next + 4 <= end);
                for other in next.into_iter().chain([above + place - start]) {
                    let both =
                        |answer: &BigUint| nibble(answer) ^ window(answer, other, 4) as usize;
                    if other != place {
                        check(&both, format!("bits {place} and {other}"));
                    }
                }
            }
        }
        let highest = |answer: &BigUint| (answer >> above) * NIBBLE / (&self.n >> above);
        check(
            &|answer| usize::try_from(highest(answer)).unwrap(),
            "highest bits".into(),
        );
    }

    /// Without the mask the row reads out all the weights; with it, nothing.
    fn spread_numbers_read_nothing(&self, from: u32) {
        let row = self.spread(from);
        let sums = self.sums(&row);

        let (secret, encrypted) = (common::key(), common::encrypted(&row));
        let unmasked: Vec<BigUint> = (0..self.geometry.answers(4))
            .map(|answer| {
                let key = secret.public_key();
                let sum = self.geometry.unmasked(key, &weights(), answer, &encrypted);
                number(&secret.decrypt(&sum).unwrap())
            })
            .collect();
        assert_eq!(unmasked, sums);
        assert_eq!(self.read_weights(&unmasked, from), weights());

        self.assert_slots_alone(&sums, &self.answers(&row));
    }

    /// Numbers of the modulus's size, which pass n many times when they are weighted.
    fn large_numbers_read_nothing(&self) {
        let key = common::key();
        let large = |_| number(&key.public_key().random_plaintext());
        let row: Vec<BigUint> = (0..self.groups()).map(large).collect();
        self.assert_slots_alone(&self.sums(&row), &self.answers(&row));
    }

    fn run(&self) {
        self.spread_numbers_read_nothing(0);
        // Into the spare bits behind the lowest slot's place, and above all slots.
        self.spread_numbers_read_nothing(self.geometry.slot_bits + 4);
        self.spread_numbers_read_nothing(self.geometry.end(self.slots));
        self.large_numbers_read_nothing();
    }
}

#[test]
fn one_score_an_answer() {
    Attack::new(scalar(1)).run();
}

#[test]
fn several_scores_an_answer() {
    Attack::new(scalar(3)).run();
}

#[test]
fn several_features_a_ciphertext() {
    Attack::new(features(2, 3)).run();
    Attack::new(features(3, 2)).run();
    Attack::new(features(6, 1)).run();
}

/// One record is claimed; the slots behind it are masked as all that is above them, even if there
/// are other records in them.
#[test]
fn records_side_by_side() {
    let attack = Attack::new(Layout::Records);
    attack.run();

    assert_eq!(attack.geometry.slots, 98);
    let record = |slot: u32| BigUint::from(slot % 16) << (attack.geometry.slot_bits * slot);
    let row: Vec<BigUint> = (0..6).map(|_| (0..50).map(record).sum()).collect();
    let sums = attack.sums(&row);
    for (sum, weights) in sums.iter().zip(weights()) {
        let score = 15 * weights.iter().sum::<i32>() as u64;
        assert_eq!(
            window(sum, 10 * 31, 10),
            score,
            "unmasked, all of them are there"
        );
    }
    attack.assert_slots_alone(&sums, &attack.answers(&row));
}

/// A seeded upload whose corrections are anything at all.
#[test]
fn arbitrary_corrections() {
    for layout in [scalar(4), features(2, 2)] {
        let attack = Attack::new(layout);
        let (request, row) = arbitrary_upload(&attack);
        let sums = attack.sums(&row);
        let mut answers = vec![Vec::new(); sums.len()];
        for _ in 0..ROWS {
            let opened = common::opened(&attack.evaluator.evaluate(&request).unwrap());
            for (all, new) in answers.iter_mut().zip(opened) {
                all.extend(new);
            }
        }
        attack.assert_slots_alone(&sums, &answers);
    }
}

/// One row of random corrections, and the numbers that its ciphertexts hold.
fn arbitrary_upload(attack: &Attack) -> (InferRequest, Vec<BigUint>) {
    let secret = common::key();
    let key = secret.public_key();
    let form = attack.geometry.seeded_form(&attack.n, 15).unwrap();
    let groups = attack.groups() as usize;
    let width = form.correction_bits() as usize;
    let random = number(&key.random_plaintext()) * number(&key.random_plaintext());
    let random = &random * &random * &random * &random;
    let bits = random % (BigUint::from(1u8) << (groups * width));
    let mut corrections = bits.to_bytes_le();
    corrections.resize((groups * width).div_ceil(8), 0);

    let seed = [5; 32];
    let ciphertexts = key.seeded_ciphertexts(&seed, 0, groups).unwrap();
    let randoms = secret.decrypt_many(&ciphertexts).unwrap();
    let row = randoms.iter().enumerate().map(|(index, random)| {
        let correction = &bits >> (index * width);
        form.plaintext(&number(random), &correction, &attack.n)
    });
    let upload = Upload::Seeded(SeededUpload {
        seed,
        first: 0,
        corrections: ByteMatrix::new([1, 1], corrections.len(), corrections).unwrap(),
    });
    let request = common::request(&attack.evaluator, attack.layout, 1, upload);
    (request, row.collect())
}
