//! [`LaneKernel`], the proof that the processor can compute in lanes.

#[cfg(not(target_arch = "x86_64"))]
pub(crate) use self::none::{IfmaLanes, LaneKernel};
#[cfg(target_arch = "x86_64")]
pub(crate) use self::x86_64::{Avx2Lanes, IfmaLanes, LaneKernel};

/// Numbers in lanes are cut into this many digits of this many bits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Digits {
    pub(crate) bits: usize,
    pub(crate) count: usize,
}

#[cfg(target_arch = "x86_64")]
mod x86_64 {
    use std::arch::is_x86_feature_detected;

    use super::Digits;
    use crate::kernel::choice::{Limit, limit};

    /// Proof that the processor has AVX-512 with IFMA, for vectors of all lengths.
    #[derive(Clone, Copy)]
    pub(crate) struct IfmaLanes(());

    /// Proof that the processor has AVX2.
    #[derive(Clone, Copy)]
    pub(crate) struct Avx2Lanes(());

    /// What computes in lanes: eight or four at once with AVX-512 IFMA, four with AVX2.
    #[derive(Clone, Copy)]
    pub(crate) enum LaneKernel {
        Ifma(IfmaLanes),
        Avx2(Avx2Lanes),
    }

    impl LaneKernel {
        pub(crate) fn detect() -> Option<Self> {
            let has_ifma = is_x86_feature_detected!("avx512f")
                && is_x86_feature_detected!("avx512vl")
                && is_x86_feature_detected!("avx512ifma");
            if has_ifma && limit() >= Limit::None {
                return Some(Self::Ifma(IfmaLanes(())));
            }
            (is_x86_feature_detected!("avx2") && limit() >= Limit::Avx2)
                .then_some(Self::Avx2(Avx2Lanes(())))
        }

        /// The proof that there are eight lanes; if there is none, there are four.
        pub(crate) fn eight(self) -> Option<IfmaLanes> {
            match self {
                Self::Ifma(ifma) => Some(ifma),
                Self::Avx2(_) => None,
            }
        }

        /// The most numbers that are computed with at once.
        pub(crate) fn widest(self) -> usize {
            if self.eight().is_some() { 8 } else { 4 }
        }

        /// The digits of a number of `limbs` limbs, with room for a factor of 2¹² above it, if there is
        /// code for it.
        pub(crate) fn digits(self, limbs: usize) -> Option<Digits> {
            let bits = match (self, limbs) {
                (Self::Ifma(_), 16 | 24 | 32 | 48 | 64) => 52,
                (Self::Avx2(_), 16 | 24 | 32) => 28,
                // With 28 bits the sums of a column wouldn't fit 64 bits.
                (Self::Avx2(_), 48 | 64) => 27,
                _ => return None,
            };
            let count = (64 * limbs + 12).div_ceil(bits);
            Some(Digits { bits, count })
        }
    }
}

#[cfg(not(target_arch = "x86_64"))]
mod none {
    use super::Digits;

    /// Proof that the processor has lanes: there is none.
    #[derive(Clone, Copy)]
    pub(crate) enum LaneKernel {}

    pub(crate) type IfmaLanes = LaneKernel;

    impl LaneKernel {
        pub(crate) fn detect() -> Option<Self> {
            None
        }

        pub(crate) fn eight(self) -> Option<IfmaLanes> {
            match self {}
        }

        pub(crate) fn widest(self) -> usize {
            match self {}
        }

        pub(crate) fn digits(self, _: usize) -> Option<Digits> {
            match self {}
        }
    }
}
