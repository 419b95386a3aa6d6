//! Integers modulo 2^k, as bytes and as signed numbers.

use veilcast_card::Hidden;
use veilcast_protocol::{IntegerMatrix, IntegerType};

use crate::bits;

/// The integers modulo 2^k.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Ring {
    bits: u32,
}

impl Ring {
    /// The ring of this many bits, at most 128.
    pub(crate) fn new(bits: u32) -> Self {
        Self { bits }
    }

    /// k.
    pub(crate) fn bits(self) -> u32 {
        self.bits
    }

    /// The bytes that a number takes.
    pub(crate) fn bytes(self) -> usize {
        self.bits.div_ceil(8) as usize
    }

    /// The representative from 0 to 2^k − 1.
    pub(crate) fn reduce(self, number: u128) -> u128 {
        number & bits::wide_ones(self.bits)
    }

    /// The representative from −2^(k−1) to 2^(k−1) − 1.
    pub(crate) fn centred(self, number: u128) -> i128 {
        let above = 128 - self.bits;
        ((number << above) as i128) >> above
    }

    /// The scores of a network whose results these are. What is no score of the model is beyond its bounds, which whoever reads
    /// them checks.
    pub(crate) fn scores(
        self,
        hidden: &Hidden,
        results: impl Iterator<Item = u128>,
    ) -> impl Iterator<Item = i64> {
        results.map(move |result| {
            let score = hidden.score(self.centred(result));
            i64::try_from(score).unwrap_or(if score < 0 { i64::MIN } else { i64::MAX })
        })
    }

    /// A row of bytes for each row of numbers, each little-endian.
    pub(crate) fn matrix(self, rows: usize, numbers: impl Iterator<Item = u128>) -> IntegerMatrix {
        let bytes = numbers.flat_map(|number| {
            let bytes = self.reduce(number).to_le_bytes();
            bytes.into_iter().take(self.bytes()).map(u64::from)
        });
        let bytes: Vec<u64> = bytes.collect();
        IntegerMatrix::new([rows, bytes.len() / rows], IntegerType::Uint8, bytes)
            .expect("the rows are of one length")
    }

    /// The numbers of a row of bytes; none if there is a number with more bits.
    pub(crate) fn numbers(self, row: &[u64]) -> Option<Vec<u128>> {
        let number = |bytes: &[u64]| {
            let digits = bytes.iter().rev();
            let number = digits.fold(0, |number, &byte| number << 8 | u128::from(byte));
            (number == self.reduce(number)).then_some(number)
        };
        row.chunks(self.bytes()).map(number).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_survive_as_bytes() {
        for bits in [8, 9, 40, 48, 63, 64, 65, 104, 126] {
            let ring = Ring::new(bits);
            let numbers = [0, 1, bits::wide_ones(bits), 1 << (bits - 1)];
            let matrix = ring.matrix(2, numbers.into_iter());
            assert_eq!(matrix.shape(), [2, 2 * ring.bytes()]);
            let read = matrix.iter_rows().map(|row| ring.numbers(row).unwrap());
            assert_eq!(read.flatten().collect::<Vec<_>>(), numbers);
            assert_eq!(ring.centred(bits::wide_ones(bits)), -1);
            assert_eq!(ring.centred(1 << (bits - 1)), -(1_i128 << (bits - 1)));
            assert_eq!(
                ring.centred((1 << (bits - 1)) - 1),
                (1_i128 << (bits - 1)) - 1
            );
        }
        assert_eq!(Ring::new(9).numbers(&[0, 2]), None);
    }
}
