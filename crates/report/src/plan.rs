//! The layouts that a model allows, with the planner's prediction for each.

use std::fmt;

use serde::Serialize;
use veilcast_card::Card;
use veilcast_engine::Planner;
use veilcast_engine::planner::{Candidate, Costs};
use veilcast_model::Model;
use veilcast_protocol::Layout;

use crate::ways::WayLine;
use crate::words::{counted, described, number};

/// This many are shown to people for each layout and upload.
const SHOWN: usize = 2;

/// The candidates for some records under a key of some size.
#[derive(Serialize)]
pub struct Plan {
    key_bits: u32,
    records: usize,
    link_mbit_per_second: f64,
    /// Whether the model's products were counted; from a card alone they can only be estimated.
    products: Products,
    /// The best with a full upload.
    chosen: Option<Line>,
    /// The best, if entries for a seeded upload were made ahead of time.
    chosen_with_entries: Option<Line>,
    /// All, the best first.
    candidates: Vec<Line>,
    /// The ways of predicting, side by side.
    ways: Vec<WayLine>,
}

#[derive(Serialize)]
#[serde(rename_all = "lowercase")]
enum Products {
    Counted,
    Estimated,
}

/// What is predicted for one layout and upload.
#[derive(Clone, PartialEq, Serialize)]
pub(crate) struct Line {
    pub(crate) layout: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) features_per_ciphertext: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) scores_per_answer: Option<u32>,
    pub(crate) upload: &'static str,
    requests: usize,
    ciphertexts_up: usize,
    ciphertexts_down: usize,
    pub(crate) bytes_up: usize,
    pub(crate) bytes_down: usize,
    pub(crate) encrypt_ms: f64,
    pub(crate) service_ms: f64,
    pub(crate) decrypt_ms: f64,
    pub(crate) link_ms: f64,
    pub(crate) total_ms: f64,
    #[serde(skip)]
    words: String,
}

impl Plan {
    /// The prediction for a model whose products can be counted.
    pub fn of_model(model: &Model, records: usize, costs: &Costs) -> Self {
        let planner = Planner::of_model(model, costs.key_bits);
        Self::new(planner, Products::Counted, records, costs)
    }

    /// The prediction for a model of which only the card is known.
    pub fn of_card(card: &Card, records: usize, costs: &Costs) -> Self {
        let planner = Planner::new(card, costs.key_bits);
        Self::new(planner, Products::Estimated, records, costs)
    }

    fn new(planner: Planner<'_>, products: Products, records: usize, costs: &Costs) -> Self {
        let planner = planner.with_costs(costs);
        let best = |entries| planner.best(records, entries).ok();
        let seeded = best(usize::MAX).filter(|candidate| candidate.is_seeded);
        Self {
            key_bits: costs.key_bits,
            records,
            link_mbit_per_second: costs.link_bytes_per_second * 8e-6,
            products,
            chosen: best(0).map(Line::from),
            chosen_with_entries: seeded.map(Line::from),
            candidates: planner
                .candidates(records)
                .into_iter()
                .map(Line::from)
                .collect(),
            ways: planner
                .ways(records)
                .into_iter()
                .map(WayLine::from)
                .collect(),
        }
    }

    /// The best few of each layout and upload, and plain `scalar` for comparison.
    pub(crate) fn shown(&self) -> impl Iterator<Item = &Line> {
        let lines = self.candidates.iter().enumerate();
        lines.filter_map(|(index, line)| {
            let is_alike =
                |other: &&Line| (other.layout, other.upload) == (line.layout, line.upload);
            let rank = self.candidates[..index].iter().filter(is_alike).count();
            (rank < SHOWN || line.is_plain()).then_some(line)
        })
    }

    /// Speed of the link that the times are predicted for.
    pub(crate) fn link_mbit_per_second(&self) -> f64 {
        self.link_mbit_per_second
    }

    /// Whether a line is the one that is chosen without entries made ahead of time.
    pub(crate) fn is_chosen(&self, line: &Line) -> bool {
        self.chosen.as_ref() == Some(line)
    }

    /// The next best full upload, and plain `scalar`.
    fn compared_with(&self, chosen: &Line) -> Vec<&Line> {
        let others = self.candidates.iter();
        let others = others.filter(|other| *other != chosen && other.upload == "full");
        let kept = others
            .enumerate()
            .filter(|(rank, line)| *rank == 0 || line.is_plain());
        kept.map(|(_, line)| line).collect()
    }
}

impl Line {
    /// The textbook layout, which any Paillier client can use.
    fn is_plain(&self) -> bool {
        (self.layout, self.scores_per_answer, self.upload) == ("scalar", Some(1), "full")
    }
}

impl From<Candidate> for Line {
    fn from(candidate: Candidate) -> Self {
        let (features_per_ciphertext, scores_per_answer) = match candidate.layout {
            Layout::Scalar { scores_per_answer } => (None, Some(scores_per_answer)),
            Layout::Features {
                features_per_ciphertext,
                scores_per_answer,
            } => (Some(features_per_ciphertext), Some(scores_per_answer)),
            _ => (None, None),
        };
        let upload = if candidate.is_seeded {
            "seeded"
        } else {
            "full"
        };
        Self {
            layout: candidate.layout.name(),
            features_per_ciphertext,
            scores_per_answer,
            upload,
            requests: candidate.requests,
            ciphertexts_up: candidate.ciphertexts_up,
            ciphertexts_down: candidate.ciphertexts_down,
            bytes_up: candidate.bytes_up,
            bytes_down: candidate.bytes_down,
            encrypt_ms: candidate.encrypt * 1e3,
            service_ms: candidate.server * 1e3,
            decrypt_ms: candidate.decrypt * 1e3,
            link_ms: candidate.link * 1e3,
            total_ms: candidate.total() * 1e3,
            words: format!("{}, {upload}", described(candidate.layout)),
        }
    }
}

impl fmt::Display for Plan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Some(chosen) = &self.chosen else {
            if !self.ways.is_empty() {
                write!(f, "The model is not offered to encrypted records.")?;
                return self.write_ways(f);
            }
            return write!(
                f,
                "No layout that the model accepts has room for a record under a key of {} bits.",
                self.key_bits
            );
        };
        let products = match self.products {
            Products::Counted => "",
            Products::Estimated => ", the model's products estimated",
        };
        writeln!(
            f,
            "predicted for {} under a key of {} bits, on one core each, over {} Mbit/s{products}:\n",
            counted(self.records as u64, "record"),
            self.key_bits,
            self.link_mbit_per_second
        )?;
        writeln!(
            f,
            "  layout    upload   k  scores  up kB  down kB  encrypt ms  service ms  decrypt ms  total ms"
        )?;
        for line in self.shown() {
            let mark = match Some(line) {
                line if line == self.chosen.as_ref() => '*',
                line if line == self.chosen_with_entries.as_ref() => '+',
                _ => ' ',
            };
            writeln!(f, "{mark} {line}")?;
        }
        write!(f, "\n* is chosen: {}", chosen.words)?;
        for other in self.compared_with(chosen) {
            write!(
                f,
                "\n    saves {} against {}",
                saved(chosen, other),
                other.words
            )?;
        }
        if let Some(best) = &self.chosen_with_entries {
            write!(f, "\n+ if its entries were made ahead: {}", best.words)?;
            write!(f, "\n    saves {} against the above", saved(best, chosen))?;
        }
        self.write_ways(f)
    }
}

impl Plan {
    fn write_ways(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "\n\nways to predict:\n\n{}", WayLine::HEADING)?;
        self.ways.iter().try_for_each(|way| write!(f, "\n  {way}"))
    }
}

/// What a line saves compared with another.
fn saved(best: &Line, other: &Line) -> String {
    let saved = other.total_ms - best.total_ms;
    let percent = 100.0 * saved / other.total_ms;
    format!("{} ms ({percent:.0} %)", number(saved))
}

impl fmt::Display for Line {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let or_dash = |number: Option<u32>| number.map_or("–".to_owned(), |n| n.to_string());
        write!(
            f,
            "{:<8}  {:<6}  {:>2}  {:>6}  {:>5}  {:>7}  {:>10}  {:>10}  {:>10}  {:>8}",
            self.layout,
            self.upload,
            or_dash(self.features_per_ciphertext),
            or_dash(self.scores_per_answer),
            number(self.bytes_up as f64 / 1e3),
            number(self.bytes_down as f64 / 1e3),
            number(self.encrypt_ms),
            number(self.service_ms),
            number(self.decrypt_ms),
            number(self.total_ms)
        )
    }
}
