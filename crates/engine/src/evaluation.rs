//! [`Plan`]: a request that fits its model, and its computation slice by slice.

mod layer;

use std::ops::Range;

use crypto_bigint::BoxedUint;
use rayon::prelude::*;
use veilcast_card::Limits;
use veilcast_model::{Affine, Model, Program, RingMap};
use veilcast_paillier::{Ciphertext, CiphertextError, Plaintext, PublicKey};
use veilcast_protocol::{BatchId, ByteMatrix, InferRequest, KeyFingerprint, Layout, Upload};
use zeroize::Zeroizing;

use crate::arrangement::{Arrangement, products_for_part, products_with_weights};
use crate::bits;
use crate::error::{EvaluateError, LayoutError};
use crate::keys::CheckedKey;
use crate::mask::Mask;
use crate::planner::{Costs, server_seconds};
use crate::seeded::SeededForm;
use crate::slices::{Pause, Slices};
use crate::vouchers::{Kind, VoucherSecret, VoucherUse};

/// What a request asks for, once its sizes and shapes have been found valid.
pub(crate) struct Plan<'a> {
    model: &'a Model,
    request: &'a InferRequest,
    arrangement: Arrangement,
    sums: Sums<'a>,
    /// How a seeded upload is written; none for a full one.
    form: Option<SeededForm>,
    /// What each record's slots hold besides the sums, modulo 2^S: −s of vouchers, or what a hidden layer is shared by; none if biases.
    contents: Option<Vec<Zeroizing<Vec<u128>>>>,
    /// The costs by which the computation is cut into slices.
    costs: Costs,
}

/// What is computed of a row's ciphertexts.
enum Sums<'a> {
    /// An affine model's weighted sums.
    Affine(&'a Affine, &'a Program),
    /// Those of an affine part of a network.
    Part(&'a RingMap),
    /// Products of each number and one of the service's, for each voucher.
    Products(Vec<Zeroizing<Vec<u128>>>),
    /// Those of an affine part on the squares of a hidden layer, of which each record's client has shares a, and this has 2·z: of
    /// a² + 2·z·a.
    Squares(&'a RingMap, Vec<Zeroizing<Vec<u128>>>),
}

impl<'a> Plan<'a> {
    /// The plan for a request under a key of the costs' size.
    ///
    /// # Errors
    /// The request must have a layout, rows and ciphertexts that the model's card allows, and no more than the limits.
    pub(crate) fn new(
        model: &'a Model,
        request: &'a InferRequest,
        limits: Limits,
        costs: Costs,
    ) -> Result<Self, EvaluateError> {
        let arrangement = Arrangement::new(model.card(), request.layout(), costs.key_bits)?;
        check_size(limits, request, &arrangement)?;
        let sums = match (request.layout(), model.affine(), model.layered()) {
            (Layout::Shares { part }, _, Some(layered)) => {
                Sums::Part(&layered.integers().parts()[part as usize])
            }
            (Layout::Products { .. }, _, Some(_)) => Sums::Products(Vec::new()),
            (Layout::Layer { part }, _, Some(layered)) => {
                let map = &layered.integers().parts()[part as usize];
                match part {
                    0 => Sums::Part(map),
                    _ => Sums::Squares(map, Vec::new()),
                }
            }
            (_, Some(affine), _) => {
                let program = match arrangement.features_per_ciphertext() {
                    1 => affine.program(),
                    k => (affine.grouped_program(k as u32))
                        .expect("a model has programs for what its card allows"),
                };
                Sums::Affine(affine, program)
            }
            (layout, None, _) => return Err(LayoutError::NotAllowed(layout).into()),
        };
        Ok(Self {
            form: seeded_form(model, request, &arrangement)?,
            contents: None,
            costs,
            model,
            request,
            arrangement,
            sums,
        })
    }

    /// The id of a batch of vouchers for this request: signed, if it is for a part of a network.
    pub(crate) fn sign(&self, secret: &VoucherSecret, batch: BatchId) -> BatchId {
        match self.request.layout() {
            Layout::Shares { part } => secret.sign(&self.use_in(part), Kind::Shares, batch),
            Layout::Products { part } => secret.sign(&self.use_in(part), Kind::Products, batch),
            Layout::Layer { part } => secret.sign(&self.use_in(part), Kind::Layer, batch),
            _ => batch,
        }
    }

    fn use_in(&self, part: u32) -> VoucherUse {
        VoucherUse {
            card: self.request.card_digest(),
            key: KeyFingerprint::of(self.request.public_key()),
            ring_bits: self.arrangement.slot_bits(),
            part,
        }
    }

    /// The plan with the vouchers of a batch, derived from a secret, as what is asked for.
    pub(crate) fn for_vouchers(self, secret: &VoucherSecret, batch: BatchId) -> Self {
        let outputs = self.arrangement.outputs();
        let vouchers = self.request.of_batch(batch);
        let mut sums = None;
        let masks: Vec<_> = match self.request.layout() {
            Layout::Shares { part } => vouchers
                .map(|voucher| secret.shares(&self.use_in(part), voucher, outputs))
                .collect(),
            Layout::Products { part } => {
                let use_in = self.use_in(part);
                let factors = vouchers.clone();
                let factors = factors.map(|voucher| secret.factors(&use_in, voucher, outputs));
                sums = Some(Sums::Products(factors.collect()));
                vouchers
                    .map(|voucher| secret.product_shares(&use_in, voucher, outputs))
                    .collect()
            }
            _ => vouchers
                .map(|voucher| {
                    let VoucherUse {
                        card,
                        key,
                        ring_bits,
                        part: _,
                    } = self.use_in(0);
                    let masks = secret.masks(card, key, voucher, ring_bits, outputs);
                    Zeroizing::new(masks.iter().map(|&mask| mask.into()).collect())
                })
                .collect(),
        };
        let mut contents = masks;
        for mask in contents.iter_mut().flat_map(|masks| masks.iter_mut()) {
            *mask = mask.wrapping_neg();
        }
        Self {
            contents: Some(contents),
            sums: sums.unwrap_or(self.sums),
            ..self
        }
    }

    /// About how many seconds the computation takes on one core, including the check of a new key.
    pub(crate) fn seconds(&self, is_known: bool) -> f64 {
        let (form, records) = (self.form.as_ref(), self.request.records());
        let products = self.products();
        let known = server_seconds(
            self.model.card(),
            &self.costs,
            &self.arrangement,
            form,
            (products, records),
        );
        known
            + if is_known {
                0.0
            } else {
                self.costs.seconds.of_key_check()
            }
    }

    /// About how many products a row's sums take.
    fn products(&self) -> usize {
        match &self.sums {
            Sums::Affine(_, program) => program.steps().len(),
            Sums::Part(map) => products_with_weights(map.products()),
            Sums::Products(_) | Sums::Squares(..) => products_for_part(&self.arrangement),
        }
    }

    /// The encrypted scores, row by row.
    ///
    /// All ciphertexts are checked before anything is computed with them.
    ///
    /// # Errors
    /// The ciphertexts or corrections must be sound, and nothing stop the computation.
    pub(crate) fn compute(
        &self,
        checked: &CheckedKey,
        pause: Pause<'_>,
    ) -> Result<ByteMatrix, EvaluateError> {
        let key = &checked.key;
        let inputs = self.receive(key, pause)?;
        let bytes = self.answers(checked, &inputs, pause)?;
        let shape = [
            self.request.upload().rows(),
            self.arrangement.answers_per_row(),
        ];
        let scores = ByteMatrix::new(shape, key.ciphertext_bytes(), bytes);
        Ok(scores.expect("as many answers as the arrangement makes of a row"))
    }

    /// The ciphertexts of the upload, row by row.
    fn receive(&self, key: &PublicKey, pause: Pause<'_>) -> Result<Vec<Ciphertext>, EvaluateError> {
        let upload = self.request.upload();
        let (per_row, seconds) = (self.arrangement.ciphertexts_per_row(), &self.costs.seconds);
        let each = match upload {
            Upload::Full(_) => seconds.decoding,
            Upload::Seeded(_) => seconds.expansion,
        };
        let rows_at_once = Slices::new().of(each * per_row as f64);
        let mut inputs = Vec::with_capacity(upload.rows() * per_row);
        for rows in slices(upload.rows(), rows_at_once) {
            inputs.extend(match (upload, &self.form) {
                (Upload::Seeded(upload), Some(form)) => form.expand(key, upload, rows)?,
                (upload, _) => decode(key, upload.tensor(), rows)?,
            });
            pause()?;
        }
        Ok(inputs)
    }

    /// The answers' encodings, with biases, masked and re-randomised, row by row.
    fn answers(
        &self,
        checked: &CheckedKey,
        inputs: &[Ciphertext],
        pause: Pause<'_>,
    ) -> Result<Vec<u8>, EvaluateError> {
        let (arrangement, seconds) = (&self.arrangement, &self.costs.seconds);
        let count = self.request.upload().rows() * arrangement.answers_per_row();
        let each = self.products() as f64 * seconds.product;
        let rows_at_once = Slices::new().of(each);
        let answers_at_once = Slices::new().of_answers(seconds);
        let mut bytes = Vec::with_capacity(count * checked.key.ciphertext_bytes());
        // Answers whose sums have been computed, and how many came before them.
        let (mut waiting, mut done) = (Vec::new(), 0);
        let per_row = arrangement.ciphertexts_per_row();
        for (slice, rows) in inputs.chunks(rows_at_once * per_row).enumerate() {
            waiting.extend(self.sums(&checked.key, rows, slice * rows_at_once));
            pause()?;
            let are_last = done + waiting.len() == count;
            while waiting.len() >= answers_at_once || (are_last && !waiting.is_empty()) {
                let later = waiting.split_off(answers_at_once.min(waiting.len()));
                bytes.extend(self.conceal(checked, &waiting, done));
                done += waiting.len();
                waiting = later;
                pause()?;
            }
        }
        Ok(bytes)
    }

    /// For each answer of these rows, before which there are `first`, the content of each unit, from the lowest: y_(oᵢ,j) at
    /// ik + k − 1 − j. Not yet put together, masked or re-randomised.
    fn sums(&self, key: &PublicKey, inputs: &[Ciphertext], first: usize) -> Vec<Vec<Ciphertext>> {
        let arrangement = &self.arrangement;
        let k = arrangement.features_per_ciphertext();
        let rows = inputs
            .par_chunks(arrangement.ciphertexts_per_row())
            .enumerate();
        rows.flat_map_iter(|(index, row)| {
            let sums = self.sums_of_row(key, row, first + index);
            (0..arrangement.answers_per_row()).map(move |answer| {
                let outputs = arrangement.outputs_of(answer);
                outputs
                    .flat_map(|output| (0..k).rev().map(move |j| output * k + j))
                    .map(|sum| sums[sum].clone())
                    .collect()
            })
        })
        .collect()
    }

    /// What is computed of a row's ciphertexts.
    fn sums_of_row(&self, key: &PublicKey, row: &[Ciphertext], index: usize) -> Vec<Ciphertext> {
        match &self.sums {
            Sums::Affine(_, program) => {
                let registers = program.outputs().iter().map(|o| [o.plus, o.minus]);
                let results: Vec<_> = registers.collect();
                key.run_program_vartime(row, program.steps(), &results)
            }
            Sums::Part(map) => {
                let rows = (0..map.outputs()).into_par_iter();
                key.weighted_sums_vartime(row, rows.map(|output| map.row(output)))
            }
            Sums::Products(factors) => products(key, row, &factors[index]),
            Sums::Squares(map, factors) => {
                let (shares, squares) = row.split_at(map.inputs());
                let products = products(key, shares, &factors[index]);
                let inputs = products.iter().zip(squares);
                let inputs: Vec<_> = inputs.map(|(p, square)| key.add(p, square)).collect();
                let rows = (0..map.outputs()).into_par_iter();
                key.weighted_sums_vartime(&inputs, rows.map(|output| map.row(output)))
            }
        }
    }

    /// The encodings of answers, the first of which has the index `first`, from the content of their units.
    ///
    /// Randomisers that are ready cost a product each. Others are made in the process, by the same
    /// squarings that put the units together.
    fn conceal(&self, checked: &CheckedKey, units: &[Vec<Ciphertext>], first: usize) -> Vec<u8> {
        let (key, unit) = (&checked.key, self.arrangement.unit());
        let ready = checked.ready_randomizers(units.len());
        let (for_ready, others) = units.split_at(ready.len());
        let together = key.horner_vartime(for_ready, unit);
        let together = together.iter().zip(ready);
        let mut answers: Vec<Ciphertext> = together
            .map(|(answer, randomizer)| key.rerandomize(answer, randomizer))
            .collect();
        answers.extend(key.horner_rerandomized_vartime(others, unit));
        let encoded = answers.par_iter().enumerate().flat_map_iter(|(i, answer)| {
            key.encode_ciphertext(&key.add_plaintext(answer, &self.mask(key, first + i)))
        });
        encoded.collect()
    }

    /// A fresh mask for the answer with this index, with what belongs into its slots: biases, or −s of vouchers.
    fn mask(&self, key: &PublicKey, index: usize) -> Plaintext {
        let arrangement = &self.arrangement;
        let per_row = arrangement.answers_per_row();
        let (row, answer) = (index / per_row, index % per_row);
        let first = row * arrangement.records_per_row();
        let filled = (self.request.records() - first).min(arrangement.records_per_row());
        let bases = match (&self.contents, &self.sums) {
            (Some(contents), _) => {
                let contents = contents[first..first + filled].iter();
                let outputs = contents.flat_map(|c| &c[arrangement.outputs_of(answer)]);
                let modulo = bits::wide_ones(arrangement.slot_bits());
                outputs.map(|content| content & modulo).collect()
            }
            (None, Sums::Affine(affine, _)) => {
                arrangement.bases(affine.integer_map().biases(), answer, filled)
            }
            (None, Sums::Part(_) | Sums::Products(_) | Sums::Squares(..)) => {
                unreachable!("a network's parts are computed with contents")
            }
        };
        let bases = Zeroizing::new(bases);
        let end = arrangement.slots_end(bases.len());
        let junk = match &self.form {
            Some(form) => form.junk(key, end),
            None => BoxedUint::zero_with_precision(key.bits()),
        };
        Mask::new(key, arrangement, bases.len(), &junk).sample(&bases)
    }
}

/// Each ciphertext's number times a factor of up to 128 bits.
fn products(key: &PublicKey, row: &[Ciphertext], factors: &[u128]) -> Vec<Ciphertext> {
    let plaintexts = factors.iter().map(|&factor| {
        key.plaintext(&[factor as u64, (factor >> 64) as u64])
            .expect("a key has more bits than a ring")
    });
    key.mul_many_vartime(row, &plaintexts.collect::<Vec<_>>())
}

/// The numbers from 0 to `count` − 1 as ranges of `at_once` and a remainder.
fn slices(count: usize, at_once: usize) -> impl Iterator<Item = Range<usize>> {
    let starts = (0..count).step_by(at_once);
    starts.map(move |start| start..(start + at_once).min(count))
}

/// The ciphertexts in these rows of a full upload.
fn decode(
    key: &PublicKey,
    tensor: &ByteMatrix,
    rows: Range<usize>,
) -> Result<Vec<Ciphertext>, EvaluateError> {
    let (first, count) = (rows.start * tensor.columns(), rows.len() * tensor.columns());
    let decoded = key.decode_ciphertexts(tensor.iter().skip(first).take(count));
    decoded.map_err(|error| in_whole(error, first).into())
}

/// An error about a part of the ciphertexts, which begins at `first`, as one about all of them.
fn in_whole(error: CiphertextError, first: usize) -> CiphertextError {
    match error {
        CiphertextError::Range { index } => CiphertextError::Range {
            index: first + index,
        },
        other => other,
    }
}

/// Checks that the request has the rows and ciphertexts that its records take, and no more than
/// the limits allow.
fn check_size(
    limits: Limits,
    request: &InferRequest,
    arrangement: &Arrangement,
) -> Result<(), EvaluateError> {
    let (records, limit) = (request.records(), limits.max_records as usize);
    if records > limit {
        let found = records;
        return Err(EvaluateError::TooManyRecords { found, limit });
    }
    let (expected, rows) = (arrangement.rows(records), request.upload().rows());
    if rows != expected {
        let found = rows;
        return Err(EvaluateError::Rows { expected, found });
    }
    let expected = arrangement.ciphertexts_per_row();
    if let Upload::Full(ciphertexts) = request.upload()
        && ciphertexts.columns() != expected
    {
        let found = ciphertexts.columns();
        return Err(EvaluateError::Columns { expected, found });
    }
    let (found, limit) = (rows * expected, limits.max_ciphertexts as usize);
    if found > limit {
        return Err(EvaluateError::TooManyCiphertexts { found, limit });
    }
    Ok(())
}

/// The form of a seeded upload's corrections, which must have its width; none for another upload.
fn seeded_form(
    model: &Model,
    request: &InferRequest,
    arrangement: &Arrangement,
) -> Result<Option<SeededForm>, EvaluateError> {
    let Upload::Seeded(upload) = request.upload() else {
        return Ok(None);
    };
    let n = BoxedUint::from_be_slice_vartime(request.public_key());
    let form = SeededForm::under(model.card(), arrangement, &n)?;
    form.check_width(upload)?;
    Ok(Some(form))
}

#[cfg(test)]
mod tests;
