//! [`LaneKernel`], the proof that the processor can compute in lanes.

#[cfg(target_arch = "x86_64")]
pub(crate) use self::avx512::LaneKernel;
#[cfg(not(target_arch = "x86_64"))]
pub(crate) use self::none::LaneKernel;

#[cfg(target_arch = "x86_64")]
mod avx512 {
    use std::arch::is_x86_feature_detected;

    use crate::kernel::choice::{Limit, limit};

    /// Proof that the processor has AVX-512 with IFMA, for vectors of all lengths.
    #[derive(Clone, Copy)]
    pub(crate) struct LaneKernel(());

    impl LaneKernel {
        pub(crate) fn detect() -> Option<Self> {
            (limit() >= Limit::None
                && is_x86_feature_detected!("avx512f")
                && is_x86_feature_detected!("avx512vl")
                && is_x86_feature_detected!("avx512ifma"))
            .then_some(Self(()))
        }
    }
}

#[cfg(not(target_arch = "x86_64"))]
mod none {
    /// Proof that the processor has lanes: there is none.
    #[derive(Clone, Copy)]
    pub(crate) enum LaneKernel {}

    impl LaneKernel {
        pub(crate) fn detect() -> Option<Self> {
            None
        }
    }
}
