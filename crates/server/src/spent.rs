//! What of vouchers was used, in the memory of a service whose secrets nobody else has.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use thiserror::Error;
use veilcast_engine::Spending;
use veilcast_protocol::VoucherId;

/// How many a service remembers: some 60 bytes each.
const MOST: usize = 5_000_000;

/// The vouchers that were used since the service began; their secret ends with it.
#[derive(Default)]
pub(crate) struct Spent {
    /// Whether the second use came, too.
    vouchers: Mutex<HashMap<VoucherId, bool>>,
}

/// Why vouchers can't be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub(crate) enum Unspendable {
    /// One was used like this before.
    #[error(
        "this round of a voucher was answered before, and is answered only once: use another voucher"
    )]
    Spent,
    /// One is to be used for the second time, and wasn't used before.
    #[error(
        "the round before this one wasn't asked for: the rounds of a voucher come one after another"
    )]
    NotBegun,
    /// There is no room to remember more.
    #[error(
        "this service can't remember more used vouchers: its operator should restart it, or give it a ledger"
    )]
    Full,
}

impl Spent {
    /// Marks vouchers as used, all of them or none.
    pub(crate) fn spend(&self, spending: &Spending) -> Result<(), Unspendable> {
        let vouchers = self.vouchers.lock();
        let mut vouchers = vouchers.unwrap_or_else(PoisonError::into_inner);
        if vouchers.len() + spending.begun.len() > MOST {
            return Err(Unspendable::Full);
        }
        for (index, voucher) in spending.begun.iter().enumerate() {
            let is_double = spending.begun[..index].contains(voucher);
            if is_double || vouchers.contains_key(voucher) {
                return Err(Unspendable::Spent);
            }
        }
        for (index, voucher) in spending.ended.iter().enumerate() {
            match vouchers.get(voucher) {
                None => return Err(Unspendable::NotBegun),
                Some(true) => return Err(Unspendable::Spent),
                Some(false) if spending.ended[..index].contains(voucher) => {
                    return Err(Unspendable::Spent);
                }
                Some(false) => {}
            }
        }
        vouchers.extend(spending.begun.iter().map(|&voucher| (voucher, false)));
        vouchers.extend(spending.ended.iter().map(|&voucher| (voucher, true)));
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

    use super::*;

    fn voucher(number: u32) -> VoucherId {
        VoucherId {
            batch: [7; 16].into(),
            number,
        }
    }

    fn spending(begun: &[u32], ended: &[u32]) -> Spending {
        let vouchers = |numbers: &[u32]| numbers.iter().map(|&n| voucher(n)).collect();
        Spending {
            secret: [0; 8].into(),
            begun: vouchers(begun),
            ended: vouchers(ended),
        }
    }

    #[test]
    fn each_use_comes_once_and_in_order() {
        let spent = Spent::default();
        let refused = |begun: &[u32], ended: &[u32]| spent.spend(&spending(begun, ended));
        assert_eq!(refused(&[], &[1]), Err(Unspendable::NotBegun));
        assert_eq!(refused(&[1, 2], &[]), Ok(()));
        // As a whole or not at all.
        assert_eq!(refused(&[3, 2], &[]), Err(Unspendable::Spent));
        assert_eq!(refused(&[], &[1, 3]), Err(Unspendable::NotBegun));
        assert_eq!(refused(&[3, 3], &[]), Err(Unspendable::Spent));
        assert_eq!(refused(&[], &[1, 1]), Err(Unspendable::Spent));
        assert_eq!(refused(&[3], &[1]), Ok(()));
        assert_eq!(refused(&[], &[1]), Err(Unspendable::Spent));
        assert_eq!(refused(&[], &[2, 3]), Ok(()));
    }

    #[test]
    fn of_many_at_once_one_wins() {
        let spent = Spent::default();
        let one = |_| usize::from(spent.spend(&spending(&[5], &[])).is_ok());
        let won: usize = std::thread::scope(|scope| {
            let threads: Vec<_> = (0..8).map(|i| scope.spawn(move || one(i))).collect();
            threads
                .into_iter()
                .map(|thread| thread.join().unwrap())
                .sum()
        });
        assert_eq!(won, 1);
    }
}
