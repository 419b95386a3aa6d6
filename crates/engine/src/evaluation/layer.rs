//! What a [layer](crate::layers) of a network is computed with: the service's shares of the hidden layers around it.

use veilcast_protocol::{BatchId, Layout};
use zeroize::Zeroizing;

use super::{Plan, Sums};
use crate::vouchers::VoucherSecret;

impl<'a> Plan<'a> {
    /// Whether its answer holds shares, from which another request goes on.
    pub(crate) fn is_followed(&self) -> bool {
        let (Layout::Layer { part }, Some(hidden)) =
            (self.request.layout(), self.model.card().hidden())
        else {
            return false;
        };
        (part as usize) < hidden.sizes.len()
    }

    /// The plan of a layer, which goes on from a batch of shares unless it is the first, and makes another unless it is the last. Both
    /// have been signed, by the secrets that are given with them.
    pub(crate) fn through_layer(
        self,
        before: Option<(&VoucherSecret, BatchId)>,
        after: Option<(&VoucherSecret, BatchId)>,
    ) -> Self {
        let Layout::Layer { part } = self.request.layout() else {
            return self;
        };
        let (Sums::Part(map) | Sums::Squares(map, _)) = self.sums else {
            unreachable!("a layer is an affine part");
        };
        let zeros = || Zeroizing::new(vec![0; map.inputs()]);
        // z: a hidden layer is a + z.
        let shares: Vec<Zeroizing<Vec<u128>>> = match before {
            Some((secret, batch)) => {
                let (use_of, ids) = (self.use_in(part - 1), self.request.of_batch(batch));
                ids.map(|id| secret.layer_shares(&use_of, id, map.inputs()))
                    .collect()
            }
            None => (0..self.request.records()).map(|_| zeros()).collect(),
        };
        let mut contents: Vec<Zeroizing<Vec<u128>>> = Vec::with_capacity(shares.len());
        for shares in &shares {
            let squares = shares.iter().map(|z| z.wrapping_mul(*z)).collect();
            let squares: Zeroizing<Vec<u128>> = Zeroizing::new(squares);
            let own = map.evaluate(&squares).expect("as many as there are inputs");
            contents.push(Zeroizing::new(own));
        }
        if let Some((secret, batch)) = after {
            let use_of = self.use_in(part);
            for (contents, id) in contents.iter_mut().zip(self.request.of_batch(batch)) {
                let kept = secret.layer_shares(&use_of, id, map.outputs());
                for (content, z) in contents.iter_mut().zip(kept.iter()) {
                    *content = content.wrapping_sub(*z);
                }
            }
        }
        let modulo = crate::bits::wide_ones(self.arrangement.slot_bits());
        let twice = |shares: Zeroizing<Vec<u128>>| {
            let twice = shares.iter().map(|z| z.wrapping_mul(2) & modulo);
            Zeroizing::new(twice.collect())
        };
        let sums = match part {
            0 => Sums::Part(map),
            _ => Sums::Squares(map, shares.into_iter().map(twice).collect()),
        };
        Self {
            contents: Some(contents),
            sums,
            ..self
        }
    }
}
