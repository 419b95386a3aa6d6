//! The types that may be marked.

/// Numbers that may be marked: without padding, and as good with any bits.
pub trait Plain: Copy + private::Sealed {}

impl Plain for u8 {}
impl Plain for u32 {}
impl Plain for u64 {}

mod private {
    pub trait Sealed {}
    impl Sealed for u8 {}
    impl Sealed for u32 {}
    impl Sealed for u64 {}
}
