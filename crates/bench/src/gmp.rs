//! The few functions of GMP that the benchmarks compare with, by hand, behind a safe type.
//!
//! Declarations follow gmp.h of GMP 6, whose ABI has been stable since version 4.

use std::ffi::c_int;
use std::mem::MaybeUninit;

/// `__mpz_struct`.
#[repr(C)]
struct Mpz {
    alloc: c_int,
    size: c_int,
    limbs: *mut u64,
}

#[link(name = "gmp")]
unsafe extern "C" {
    #[link_name = "__gmpz_init"]
    fn mpz_init(x: *mut Mpz);
    #[link_name = "__gmpz_clear"]
    fn mpz_clear(x: *mut Mpz);
    #[link_name = "__gmpz_import"]
    fn mpz_import(
        x: *mut Mpz,
        count: usize,
        order: c_int,
        size: usize,
        endian: c_int,
        nails: usize,
        words: *const u64,
    );
    #[link_name = "__gmpz_mul"]
    fn mpz_mul(product: *mut Mpz, x: *const Mpz, y: *const Mpz);
    #[link_name = "__gmpz_mod"]
    fn mpz_mod(remainder: *mut Mpz, x: *const Mpz, modulus: *const Mpz);
    #[link_name = "__gmpz_powm"]
    fn mpz_powm(power: *mut Mpz, base: *const Mpz, exponent: *const Mpz, modulus: *const Mpz);
    #[link_name = "__gmpz_powm_sec"]
    fn mpz_powm_sec(power: *mut Mpz, base: *const Mpz, exponent: *const Mpz, modulus: *const Mpz);
}

/// An integer of GMP's, initialised from its birth to its drop.
pub(crate) struct Integer(Mpz);

impl Integer {
    /// 0.
    pub(crate) fn new() -> Self {
        let mut x = MaybeUninit::uninit();
        // SAFETY: mpz_init writes every field of the struct that it is given.
        unsafe {
            mpz_init(x.as_mut_ptr());
            Self(x.assume_init())
        }
    }

    /// The number of these little-endian limbs.
    pub(crate) fn from_limbs(limbs: &[u64]) -> Self {
        let mut x = Self::new();
        // SAFETY: x is initialised, and as many words are read as there are limbs: least first
        // (order −1), in native byte order (endian 0), all their bits (nails 0).
        unsafe { mpz_import(&mut x.0, limbs.len(), -1, 8, 0, 0, limbs.as_ptr()) };
        x
    }

    /// self ← x·y.
    pub(crate) fn set_product(&mut self, x: &Self, y: &Self) {
        // SAFETY: all are initialised.
        unsafe { mpz_mul(&mut self.0, &x.0, &y.0) };
    }

    /// self ← x modulo `modulus`, which is not 0.
    pub(crate) fn set_remainder(&mut self, x: &Self, modulus: &Self) {
        assert_ne!(
            modulus.0.size, 0,
            "a remainder needs a modulus other than 0"
        );
        // SAFETY: all are initialised, and the modulus is not 0.
        unsafe { mpz_mod(&mut self.0, &x.0, &modulus.0) };
    }

    /// self ← base^exponent modulo `modulus`, in variable time, for an exponent above 0.
    pub(crate) fn set_power(&mut self, base: &Self, exponent: &Self, modulus: &Self) {
        assert!(
            exponent.0.size > 0 && modulus.0.size != 0,
            "exponent and modulus above 0"
        );
        // SAFETY: all are initialised; the exponent is positive and the modulus is not 0.
        unsafe { mpz_powm(&mut self.0, &base.0, &exponent.0, &modulus.0) };
    }

    /// self ← base^exponent modulo `modulus`, hardened against timing, for an exponent above 0
    /// and an odd modulus.
    pub(crate) fn set_power_secret(&mut self, base: &Self, exponent: &Self, modulus: &Self) {
        assert!(
            exponent.0.size > 0 && modulus.is_odd(),
            "exponent above 0, modulus odd"
        );
        // SAFETY: all are initialised; the exponent is positive and the modulus odd.
        unsafe { mpz_powm_sec(&mut self.0, &base.0, &exponent.0, &modulus.0) };
    }

    fn is_odd(&self) -> bool {
        // SAFETY: an integer that is not 0 has at least one limb.
        self.0.size != 0 && unsafe { *self.0.limbs } & 1 == 1
    }
}

impl Drop for Integer {
    fn drop(&mut self) {
        // SAFETY: initialised, and not used afterwards.
        unsafe { mpz_clear(&mut self.0) };
    }
}
