//! Secrets marked for valgrind's memcheck, so that tests see where a program's course depends on
//! them.
//!
//! Memcheck follows every bit of memory that holds no defined value through all that is computed
//! from it, and reports each branch and each address that depends on one. A secret that is marked
//! as undefined is followed in the same way (Langley 2010, *ctgrind*): what is reported is not in
//! constant time. What it does not see are instructions whose own time depends on their operands.
//!
//! - [`poison`] marks a secret, [`declassify`] what is public again; [`is_poisoned`] asks.
//! - [`measured`] runs code in which nothing may be reported, [`reports`] counts what is.
//! - [`unreported`] runs code that is in variable time by nature, such as a test for primality.
//!
//! Outside valgrind all of this does nothing, except that [`measured`] and [`reports`] fail if the
//! environment variable `VEILCAST_CTGRIND` says that there should be a valgrind.
//!
//! This crate is for tests only: a dev-dependency, of which nothing gets into the product.

mod client;
mod plain;

pub use plain::Plain;

/// Says that tests are meant to run under valgrind.
const EXPECTED: &str = "VEILCAST_CTGRIND";

/// Whether valgrind runs the program.
pub fn is_under_valgrind() -> bool {
    client::running_on_valgrind()
}

/// Marks these numbers as secret; they stay what they are.
#[inline(never)] // The caller has to read them from memory afterwards.
pub fn poison<T: Plain>(numbers: &mut [T]) {
    client::make_undefined(numbers);
}

/// Marks these numbers as public.
#[inline(never)]
pub fn declassify<T: Plain>(numbers: &mut [T]) {
    client::make_defined(numbers);
}

/// The same truth value, public.
#[inline(never)]
pub fn declassified(value: bool) -> bool {
    let mut byte = [u8::from(value)];
    declassify(&mut byte);
    byte[0] != 0
}

/// Whether each of these numbers has a bit that depends on a secret.
///
/// # Panics
/// Outside valgrind, which alone knows.
pub fn is_poisoned<T: Plain>(numbers: &[T]) -> bool {
    assert!(is_under_valgrind(), "only valgrind knows what is secret");
    let bits = client::undefined_bits(numbers);
    bits.chunks_exact(size_of::<T>())
        .all(|bits| bits.iter().any(|&bits| bits != 0))
}

/// Runs `f`, in which no branch and no address may depend on a secret.
///
/// # Panics
/// If memcheck reports something, which it prints; or if it is missing where it is expected.
pub fn measured<R>(f: impl FnOnce() -> R) -> R {
    let (result, reports) = reports(f);
    assert_eq!(
        reports, 0,
        "branches or addresses depend on secrets; valgrind prints where"
    );
    result
}

/// Runs `f`, and counts what memcheck reports meanwhile. Nothing is reported outside valgrind.
///
/// # Panics
/// If valgrind is missing where it is expected.
pub fn reports<R>(f: impl FnOnce() -> R) -> (R, u64) {
    assert!(
        is_under_valgrind() || std::env::var_os(EXPECTED).is_none(),
        "{EXPECTED} is set, but valgrind does not run this: use `cargo xtask ctgrind`"
    );
    let before = client::count_errors();
    let result = f();
    (result, client::count_errors() - before)
}

/// Runs `f` in this thread with memcheck silent; secrets are followed all the same.
pub fn unreported<R>(f: impl FnOnce() -> R) -> R {
    /// Reports again, whether `f` returns or panics.
    struct Silence;
    impl Drop for Silence {
        fn drop(&mut self) {
            client::report_errors(true);
        }
    }
    client::report_errors(false);
    let _silence = Silence;
    f()
}

#[cfg(test)]
mod tests {
    use std::hint::black_box;

    use super::*;

    #[test]
    fn numbers_stay_what_they_are() {
        let mut numbers = [1u64, 2, 3];
        poison(&mut numbers);
        declassify(&mut numbers);
        assert_eq!(numbers, [1, 2, 3]);
        assert!(declassified(true) && !declassified(false));
    }

    #[test]
    fn sums_of_secrets_are_not_reported() {
        let mut secret = [7u64];
        poison(&mut secret);
        let mut sum = [measured(|| black_box(secret[0]).wrapping_mul(5) ^ 3)];
        if is_under_valgrind() {
            assert!(is_poisoned(&secret) && is_poisoned(&sum));
        }
        declassify(&mut sum);
        assert_eq!(measured(|| branch(sum[0])), 2);
        if is_under_valgrind() {
            assert!(!is_poisoned(&sum));
        }
    }

    #[test]
    fn what_is_silenced_is_not_reported() {
        let mut secret = [7u64];
        poison(&mut secret);
        assert_eq!(measured(|| unreported(|| branch(secret[0]) - 1)), 0);
    }

    /// What must be reported.
    mod controls {
        use super::*;

        #[test]
        fn branches_on_secrets_are_reported() {
            let mut secret = [7u64];
            poison(&mut secret);
            let (_, reports) = reports(|| black_box(branch(secret[0])));
            assert!(reports > 0 || !is_under_valgrind());
        }

        #[test]
        fn secret_addresses_are_reported() {
            let mut secret = [7u64];
            poison(&mut secret);
            let table = black_box([1u8; 8]);
            let (_, reports) = reports(|| black_box(table[secret[0] as usize & 7]));
            assert!(reports > 0 || !is_under_valgrind());
        }
    }

    /// 1 for 7, else 2, by a branch that no compiler makes anything else of.
    #[inline(never)]
    fn branch(x: u64) -> u64 {
        if x == 7 { black_box(1) } else { black_box(2) }
    }
}
