//! A model that says when it is in doubt.

use veilcast_card::{Card, CardError, argmax, probabilities};

use super::Model;

impl Model {
    /// The same model with a new card, by which a predicted class is in doubt if its probability is
    /// below `doubt`, between 0 and 1.
    ///
    /// # Errors
    /// [`CardError`] if the number is out of range, or the probabilities aren't by softmax.
    pub fn doubting(self, doubt: f64) -> Result<Self, CardError> {
        let mut spec = self.card.spec().clone();
        spec.output.doubt = Some(doubt);
        let card = Card::new(spec)?;
        let report = self.report.map(|mut report| {
            report.card = card.digest();
            report
        });
        Ok(Self {
            card,
            report,
            ..self
        })
    }
}

/// The probability below which a share of the records that are predicted rightly is in doubt:
/// Chow's rule ("On optimum recognition error and reject tradeoff", IEEE Transactions on Information
/// Theory 16, 1970), with the cost set by records that weren't trained on. It is rounded down to
/// three decimals, and none if no record is predicted rightly, or the rounded number isn't between 0
/// and 1.
///
/// `scored` has each record's scores, one per class, and its class.
pub fn doubt_of(scored: &[(Vec<f64>, usize)], share: f64) -> Option<f64> {
    let right = scored
        .iter()
        .filter(|(scores, class)| argmax(scores) == *class);
    let mut tops: Vec<f64> = right
        .map(|(scores, class)| probabilities(scores)[*class])
        .collect();
    tops.sort_unstable_by(f64::total_cmp);
    let place = (share * tops.len() as f64) as usize;
    let doubt = (tops.get(place)? * 1000.0).floor() / 1000.0;
    Some(doubt).filter(|doubt| *doubt > 0.0 && *doubt < 1.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_share_of_what_is_right_is_in_doubt() {
        // A tenth of the records is wrong, however sure.
        let scored: Vec<(Vec<f64>, usize)> = (0..1000)
            .map(|i| (vec![0.0, f64::from(i) / 100.0], usize::from(i % 10 != 9)))
            .collect();
        let doubt = doubt_of(&scored, 0.05).unwrap();
        let right = scored.iter().filter(|(_, class)| *class == 1);
        let doubted = right.filter(|(scores, _)| probabilities(scores)[1] < doubt);
        assert!((40..=46).contains(&doubted.count()), "{doubt}");
        assert_eq!(doubt_of(&[], 0.05), None);
        assert_eq!(doubt_of(&[(vec![0.0, 1.0], 0)], 0.05), None);
        // Certain of everything.
        assert_eq!(doubt_of(&[(vec![0.0, 1000.0], 1)], 0.05), None);
    }
}
