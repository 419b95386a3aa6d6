//! Many answers at once: their ciphertexts are decrypted as those of one answer, so that groups of numbers which the
//! processor computes together are full.

use veilcast_protocol::{InferResponse, Layout};

use super::Session;
use crate::error::SessionError;

impl Session {
    /// Decrypts many answers, each as [`decrypt`](Self::decrypt) does. What is wrong with one is in its place.
    ///
    /// # Panics
    /// If the operating system's generator fails.
    pub fn decrypt_together(
        &self,
        answers: &[InferResponse],
    ) -> Vec<Result<Vec<Vec<i64>>, SessionError>> {
        let received: Vec<_> = answers
            .iter()
            .map(|answer| match answer.layout {
                Layout::Layer { .. } => Err(SessionError::OtherRequest),
                layout if layout.is_ahead() => Err(SessionError::OtherRequest),
                _ => self.received(answer),
            })
            .collect();
        let all = received.iter().flatten().flat_map(|(_, c)| c.clone());
        let Ok(plaintexts) = self.key.decrypt_many(&all.collect::<Vec<_>>()) else {
            // A computation was faulty: of which answer?
            return answers.iter().map(|answer| self.decrypt(answer)).collect();
        };
        let mut rest = plaintexts.as_slice();
        let scores = received.into_iter().zip(answers).map(|(received, answer)| {
            let (arrangement, ciphertexts) = received?;
            let (own, after) = rest.split_at(ciphertexts.len());
            rest = after;
            Ok(arrangement.scores(own, answer.records))
        });
        scores.collect()
    }
}
