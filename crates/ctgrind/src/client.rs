//! Requests to the valgrind that runs this program: a sequence of instructions that does nothing on
//! a processor, and that valgrind knows (`valgrind.h` and `memcheck.h`, which their authors let
//! everyone use).
//!
//! On x86-64 alone; elsewhere there is never a valgrind.

use crate::plain::Plain;

/// Requests to the core.
const RUNNING_ON_VALGRIND: usize = 0x1001;
const COUNT_ERRORS: usize = 0x1201;
const CHANGE_ERR_DISABLEMENT: usize = 0x1801;

/// Requests to memcheck.
const MEMCHECK: usize = (b'M' as usize) << 24 | (b'C' as usize) << 16;
const MAKE_MEM_UNDEFINED: usize = MEMCHECK + 1;
const MAKE_MEM_DEFINED: usize = MEMCHECK + 2;
const GET_VBITS: usize = MEMCHECK + 8;

pub(crate) fn running_on_valgrind() -> bool {
    request([RUNNING_ON_VALGRIND, 0, 0, 0, 0, 0]) != 0
}

/// How many errors valgrind has found so far, those that look alike counted each time.
pub(crate) fn count_errors() -> u64 {
    request([COUNT_ERRORS, 0, 0, 0, 0, 0]) as u64
}

/// Has valgrind report this thread's errors, or not; the calls nest.
pub(crate) fn report_errors(yes: bool) {
    let change = if yes { -1isize } else { 1 };
    request([CHANGE_ERR_DISABLEMENT, change as usize, 0, 0, 0, 0]);
}

pub(crate) fn make_undefined<T: Plain>(numbers: &mut [T]) {
    let address = numbers.as_mut_ptr().expose_provenance();
    request([MAKE_MEM_UNDEFINED, address, size_of_val(numbers), 0, 0, 0]);
}

pub(crate) fn make_defined<T: Plain>(numbers: &mut [T]) {
    let address = numbers.as_mut_ptr().expose_provenance();
    request([MAKE_MEM_DEFINED, address, size_of_val(numbers), 0, 0, 0]);
}

/// The bits of the numbers' bytes that are undefined, as ones; zeros outside valgrind.
pub(crate) fn undefined_bits<T: Plain>(numbers: &[T]) -> Vec<u8> {
    let mut bits = vec![0u8; size_of_val(numbers)];
    let from = numbers.as_ptr().expose_provenance();
    let to = bits.as_mut_ptr().expose_provenance();
    request([GET_VBITS, from, to, bits.len(), 0, 0]);
    bits
}

/// Valgrind's answer to a request and its arguments; 0 outside valgrind.
#[cfg(all(target_arch = "x86_64", target_os = "linux"))]
#[allow(unsafe_code)] // Rust has no other way to instructions.
#[inline(never)]
fn request(words: [usize; 6]) -> usize {
    let mut answer = 0;
    // SAFETY: the rotations add up to 128 bits, so they and the exchange change no register but the
    // flags. Under valgrind, the requests above write to `answer`, to memory that the caller holds
    // mutably (GET_VBITS), or to valgrind's own notes alone.
    unsafe {
        std::arch::asm!(
            "rol rdi, 3",
            "rol rdi, 13",
            "rol rdi, 61",
            "rol rdi, 51",
            "xchg rbx, rbx",
            in("rax") words.as_ptr(),
            inout("rdx") answer,
            options(nostack),
        );
    }
    answer
}

#[cfg(not(all(target_arch = "x86_64", target_os = "linux")))]
fn request(_words: [usize; 6]) -> usize {
    0
}
