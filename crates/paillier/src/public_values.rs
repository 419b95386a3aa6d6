//! Where values that were computed from secrets become public, for the tests under valgrind (see
//! `ctgrind`). Outside of tests these functions do nothing.

use crypto_bigint::BoxedUint;
use zeroize::Zeroizing;

/// A truth value that branches may depend on although it was computed from secrets. Each caller
/// says why.
pub(crate) fn public(value: bool) -> bool {
    #[cfg(test)]
    let value = veilcast_ctgrind::declassified(value);
    value
}

/// An exponent that is public although it was computed from secrets.
pub(crate) fn public_exponent(exponent: i32) -> i32 {
    #[cfg(test)]
    let exponent = {
        let mut bytes = exponent.to_ne_bytes();
        veilcast_ctgrind::declassify(&mut bytes);
        i32::from_ne_bytes(bytes)
    };
    exponent
}

/// A number that is public although it was computed from secrets.
pub(crate) fn published(number: BoxedUint) -> BoxedUint {
    #[cfg(test)]
    let number = {
        let mut words = number.to_words();
        veilcast_ctgrind::declassify(&mut words);
        BoxedUint::from_words(words)
    };
    number
}

/// Random numbers that are public, although others are secret.
pub(crate) fn public_numbers(numbers: Zeroizing<Vec<u64>>) -> Zeroizing<Vec<u64>> {
    #[cfg(test)]
    let numbers = {
        let mut numbers = numbers;
        veilcast_ctgrind::declassify(&mut numbers[..]);
        numbers
    };
    numbers
}
