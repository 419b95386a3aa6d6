//! The kernel for x86-64 processors with BMI2, ADX and AVX2, for multiples of eight limbs.
//!
//! `mulx` multiplies without touching the flags; `adcx` and `adox` carry through CF and OF
//! separately, so that the low and the high halves of a row's products are added in two parallel
//! chains. (Ozturk, Guilford, Gopal and Feghali, *New instructions supporting large integer
//! arithmetic on Intel architecture processors*, 2012.)
//!
//! All three functions work in strips of eight columns: eight limbs of one factor stay put, the
//! limbs of the other stream by, a row of eight products each, and a window of eight accumulators
//! never leaves its registers:
//!
//! - Row: window += xᵢ·(y₀ … y₇). Its lowest limb is then complete and is stored, and its register
//!   becomes the window's top. What memory already holds for that limb is added in the one place
//!   where the chain of OF has nothing else to add. Nothing overflows: with a window and a limb of
//!   memory of all ones, (2⁵¹² − 1) + (2⁶⁴ − 1) + (2⁶⁴ − 1)(2⁵¹² − 1) = 2⁵⁷⁶ − 1.
//! - A product is L/8 such strips of L rows.
//! - A reduction starts each strip with eight rows that make their multiplier mᵢ from the window's
//!   lowest limb; then n streams by these eight.
//! - A square starts each strip with a triangle, the products of different limbs among the eight;
//!   then the limbs above them stream by. One pass at the end doubles and adds the limbs' squares.
//!
//! Cost: L², L² and L(L + 1)/2 `mulx`. No branch and no address depends on a limb.
//!
//! The loops are naked functions: a row takes every register but the stack's pointer, while inline
//! assembly may neither name rbx nor rbp nor keep flags between its blocks. The macros hold no Rust;
//! they are the rows of assembly that repeat with other registers.

use std::arch::x86_64::{
    _mm256_add_epi64, _mm256_and_si256, _mm256_cmpeq_epi64, _mm256_loadu_si256, _mm256_or_si256,
    _mm256_set1_epi64x, _mm256_setzero_si256, _mm256_storeu_si256,
};
use std::arch::{is_x86_feature_detected, naked_asm};

use super::interface::Kernel;

/// Whether there is a kernel for this number of limbs.
pub(super) fn serves(limbs: usize) -> bool {
    limbs > 0 && limbs.is_multiple_of(8)
}

/// Proof that the processor has BMI2, ADX and AVX2; all processors with ADX have the others.
#[derive(Clone, Copy)]
pub(super) struct Adx(());

impl Adx {
    pub(super) fn detect() -> Option<Self> {
        (is_x86_feature_detected!("bmi2")
            && is_x86_feature_detected!("adx")
            && is_x86_feature_detected!("avx2"))
        .then_some(Self(()))
    }

    /// The kernel for numbers for which [`serves`] is true.
    pub(super) fn kernel(self) -> Kernel {
        Kernel {
            name: "adx",
            mul_add,
            square,
            redc,
            select,
        }
    }
}

// These four are reached only through `Adx::kernel`, hence on processors with BMI2, ADX and AVX2.

fn mul_add(out: &mut [u64], x: &[u64], y: &[u64]) -> u64 {
    let l = x.len();
    assert!(
        serves(l) && y.len() == l && out.len() == 2 * l,
        "a product needs L, L and 2L limbs, L a multiple of eight"
    );
    // SAFETY: the processor has the instructions, and the lengths are as the function wants them.
    unsafe { mul_add_strips(out.as_mut_ptr(), x.as_ptr(), y.as_ptr(), l) }
}

fn square(out: &mut [u64], x: &[u64]) {
    let l = x.len();
    assert!(
        serves(l) && out.len() == 2 * l,
        "a square needs L and 2L limbs, L a multiple of eight"
    );
    out.fill(0);
    // SAFETY: the processor has the instructions, and the lengths are as the function wants them.
    unsafe { square_strips(out.as_mut_ptr(), x.as_ptr(), l) }
}

fn redc(t: &mut [u64], n: &[u64], n_inv: u64) -> u64 {
    let l = n.len();
    assert!(
        serves(l) && t.len() == 2 * l,
        "a reduction needs 2L and L limbs, L a multiple of eight"
    );
    // SAFETY: the processor has the instructions, and the lengths are as the function wants them.
    unsafe { redc_strips(t.as_mut_ptr(), n.as_ptr(), n_inv, l) }
}

fn select(out: &mut [u64], table: &[u64], index: u64) {
    let width = out.len();
    assert!(
        width.is_multiple_of(SELECTED) && table.len().is_multiple_of(width),
        "entries are pairs of numbers of a multiple of eight limbs"
    );
    // SAFETY: the processor has the instructions.
    unsafe { select_in_vectors(out, table, index) }
}

/// Limbs that are selected at once: four registers.
const SELECTED: usize = 16;

#[target_feature(enable = "avx2")]
fn select_in_vectors(out: &mut [u64], table: &[u64], index: u64) {
    let width = out.len();
    let index = _mm256_set1_epi64x(index as i64);
    for (i, out) in out.as_chunks_mut::<SELECTED>().0.iter_mut().enumerate() {
        let mut selected = [_mm256_setzero_si256(); SELECTED / 4];
        let mut number = _mm256_setzero_si256();
        for entry in table.chunks_exact(width) {
            let mask = _mm256_cmpeq_epi64(number, index);
            let limbs = entry[SELECTED * i..][..SELECTED].as_chunks::<4>().0;
            for (selected, limbs) in selected.iter_mut().zip(limbs) {
                // SAFETY: four limbs are 32 bytes.
                let limbs = unsafe { _mm256_loadu_si256(limbs.as_ptr().cast()) };
                *selected = _mm256_or_si256(*selected, _mm256_and_si256(limbs, mask));
            }
            number = _mm256_add_epi64(number, _mm256_set1_epi64x(1));
        }
        for (out, selected) in out.as_chunks_mut::<4>().0.iter_mut().zip(selected) {
            // SAFETY: four limbs are 32 bytes.
            unsafe { _mm256_storeu_si256(out.as_mut_ptr().cast(), selected) }
        }
    }
}

// Registers: r8 … r15 the window, rdi where its lowest limb belongs, rsi the streaming factor,
// rbx the eight limbs that stay, rdx the row's multiplier, rbp zero, rax and rcx passing halves.
// Frame: [rsp] the streaming factor's end, [rsp + 8] the carry between strips, [rsp + 16] n_inv or
// a square's place, [rsp + 24] L in bytes or a square's root, [rsp + 32] the last strip's end.

macro_rules! enter {
    () => {
        "push rbx\npush rbp\npush r12\npush r13\npush r14\npush r15\nsub rsp, 40\nxor ebp, ebp\n"
    };
}

macro_rules! leave {
    () => {
        "add rsp, 40\npop r15\npop r14\npop r13\npop r12\npop rbp\npop rbx\nret\n"
    };
}

/// (b, a) += rdx·limb j of what `$src` points to, by the chains of OF and CF.
macro_rules! term {
    ($src:literal, $j:literal, $a:literal, $b:literal) => {
        concat!(
            "mulx rcx, rax, [",
            $src,
            " + 8*",
            $j,
            "]\n",
            "adcx ",
            $a,
            ", rax\n",
            "adox ",
            $b,
            ", rcx\n",
        )
    };
}

/// The last term of a row, whose high half starts the window's new top, and both carries with it.
macro_rules! last_term {
    ($src:literal, $a:literal, $top:literal) => {
        concat!(
            "mulx ", $top, ", rax, [", $src, " + 56]\n", "adcx ", $a, ", rax\n", "adox ", $top,
            ", rbp\n", "adcx ", $top, ", rbp\n",
        )
    };
}

/// Eight terms; `$store` follows the first, when the lowest limb is complete.
macro_rules! row {
    ($src:literal, $store:expr, $a0:literal $a1:literal $a2:literal $a3:literal
     $a4:literal $a5:literal $a6:literal $a7:literal) => {
        concat!(
            term!($src, 0, $a0, $a1),
            $store,
            term!($src, 1, $a1, $a2),
            term!($src, 2, $a2, $a3),
            term!($src, 3, $a3, $a4),
            term!($src, 4, $a4, $a5),
            term!($src, 5, $a5, $a6),
            term!($src, 6, $a6, $a7),
            last_term!($src, $a7, $a0),
        )
    };
}

/// Row i of a product: the multiplier is a limb that streams by.
macro_rules! product_row {
    ($i:literal, $a0:literal $($a:literal)*) => {
        concat!(
            "mov rdx, [rsi + 8*", $i, "]\n",
            "xor eax, eax\n",
            "adox ", $a0, ", [rdi + 8*", $i, "]\n",
            row!("rbx", concat!("mov [rdi + 8*", $i, "], ", $a0, "\n"), $a0 $($a)*),
        )
    };
}

/// Row i of a reduction: the multiplier, kept in memory, is the one that makes the lowest limb 0.
macro_rules! reduction_row {
    ($i:literal, $a0:literal $($a:literal)*) => {
        concat!(
            "mov rdx, [rsp + 16]\n",
            "imul rdx, ", $a0, "\n",
            "mov [rdi + 8*", $i, "], rdx\n",
            "xor eax, eax\n",
            row!("rsi", "", $a0 $($a)*),
        )
    };
}

/// Eight rows, the window moving up a limb with each, until it is back where it began.
macro_rules! eight_rows {
    ($row:ident) => {
        concat!(
            $row!(0, "r8" "r9" "r10" "r11" "r12" "r13" "r14" "r15"),
            $row!(1, "r9" "r10" "r11" "r12" "r13" "r14" "r15" "r8"),
            $row!(2, "r10" "r11" "r12" "r13" "r14" "r15" "r8" "r9"),
            $row!(3, "r11" "r12" "r13" "r14" "r15" "r8" "r9" "r10"),
            $row!(4, "r12" "r13" "r14" "r15" "r8" "r9" "r10" "r11"),
            $row!(5, "r13" "r14" "r15" "r8" "r9" "r10" "r11" "r12"),
            $row!(6, "r14" "r15" "r8" "r9" "r10" "r11" "r12" "r13"),
            $row!(7, "r15" "r8" "r9" "r10" "r11" "r12" "r13" "r14"),
        )
    };
}

/// The rest of a strip: rows of rbx's eight limbs until the streaming factor ends.
macro_rules! stream {
    () => {
        concat!(
            "cmp rsi, [rsp]\nje 4f\n",
            ".p2align 5\n3:\n",
            eight_rows!(product_row),
            "add rsi, 64\nadd rdi, 64\n",
            "cmp rsi, [rsp]\njne 3b\n",
            "4:\n",
        )
    };
}

macro_rules! window {
    ($step:ident) => {
        concat!(
            $step!("r8", 0),
            $step!("r9", 1),
            $step!("r10", 2),
            $step!("r11", 3),
            $step!("r12", 4),
            $step!("r13", 5),
            $step!("r14", 6),
            $step!("r15", 7),
        )
    };
}

macro_rules! clear {
    ($a:literal, $i:literal) => {
        concat!("mov ", $a, ", rbp\n")
    };
}

macro_rules! load {
    ($a:literal, $i:literal) => {
        concat!("mov ", $a, ", [rdi + 8*", $i, "]\n")
    };
}

macro_rules! store {
    ($a:literal, $i:literal) => {
        concat!("mov [rdi + 8*", $i, "], ", $a, "\n")
    };
}

macro_rules! add_to_memory {
    ($a:literal, $i:literal) => {
        concat!("adc ", $a, ", [rdi + 8*", $i, "]\n", store!($a, $i))
    };
}

/// The end of a strip: memory += window + the last strip's carry, and the carry out.
macro_rules! finish_strip {
    () => {
        concat!(
            "mov rax, [rsp + 8]\nneg rax\n", // CF = the carry
            window!(add_to_memory),
            "mov eax, 0\nadc rax, 0\nmov [rsp + 8], rax\n",
        )
    };
}

/// out += x·y; returns the carry.
///
/// # Safety
/// BMI2 and ADX; x and y readable for l limbs, out readable and writable for 2l and apart from
/// both; l a positive multiple of 8.
#[unsafe(naked)]
unsafe extern "sysv64" fn mul_add_strips(
    out: *mut u64,
    x: *const u64,
    y: *const u64,
    l: usize,
) -> u64 {
    naked_asm!(
        enter!(),
        "mov rbx, rdx",
        "shl rcx, 3",
        "mov [rsp + 24], rcx",
        "lea rax, [rsi + rcx]",
        "mov [rsp], rax",
        "add rcx, rbx",
        "mov [rsp + 32], rcx",
        "mov [rsp + 8], rbp",
        "2:",
        window!(clear),
        stream!(),
        finish_strip!(),
        "mov rax, [rsp + 24]",
        "sub rsi, rax",
        "sub rdi, rax",
        "add rdi, 64",
        "add rbx, 64",
        "cmp rbx, [rsp + 32]",
        "jne 2b",
        "mov rax, [rsp + 8]",
        leave!(),
    )
}

/// Montgomery reduction as [`Kernel::redc`] has it; returns the carry.
///
/// # Safety
/// BMI2 and ADX; n readable for l limbs, t readable and writable for 2l and apart from n;
/// l a positive multiple of 8.
#[unsafe(naked)]
unsafe extern "sysv64" fn redc_strips(t: *mut u64, n: *const u64, n_inv: u64, l: usize) -> u64 {
    naked_asm!(
        enter!(),
        "mov [rsp + 16], rdx",
        "shl rcx, 3",
        "mov [rsp + 24], rcx",
        "lea rax, [rsi + rcx]",
        "mov [rsp], rax",
        "add rcx, rdi",
        "mov [rsp + 32], rcx",
        "mov [rsp + 8], rbp",
        "2:",
        window!(load),
        eight_rows!(reduction_row),
        // The eight multipliers, where the strip began, are what stays put now.
        "mov rbx, rdi",
        "add rdi, 64",
        "add rsi, 64",
        stream!(),
        finish_strip!(),
        "sub rsi, [rsp + 24]",
        "lea rdi, [rbx + 64]",
        "cmp rdi, [rsp + 32]",
        "jne 2b",
        "mov rax, [rsp + 8]",
        leave!(),
    )
}

/// Two limbs of a square: the doubled products of different limbs, plus the square in (a, b).
macro_rules! double_and_add {
    ($a:literal, $i:literal) => {
        concat!(
            "mov rcx, [rdi + 8*",
            $i,
            "]\n",
            "adcx rcx, rcx\n",
            "adox ",
            $a,
            ", rcx\n",
            store!($a, $i),
        )
    };
}

/// out = x².
///
/// # Safety
/// BMI2 and ADX; x readable for l limbs, out readable and writable for 2l, apart from x and all
/// zeros; l a positive multiple of 8.
#[unsafe(naked)]
unsafe extern "sysv64" fn square_strips(out: *mut u64, x: *const u64, l: usize) {
    naked_asm!(
        enter!(),
        "mov rbx, rsi",
        "mov [rsp + 16], rdi",
        "mov [rsp + 24], rsi",
        "lea rax, [rsi + 8*rdx]",
        "mov [rsp], rax",
        "2:",
        window!(load),
        // The triangle: row i has the terms j > i, and completes limbs 2i + 1 and 2i + 2.
        "mov rdx, [rbx]",
        "xor eax, eax",
        term!("rbx", 1, "r9", "r10"),
        "mov [rdi + 8], r9",
        term!("rbx", 2, "r10", "r11"),
        "mov [rdi + 16], r10",
        term!("rbx", 3, "r11", "r12"),
        term!("rbx", 4, "r12", "r13"),
        term!("rbx", 5, "r13", "r14"),
        term!("rbx", 6, "r14", "r15"),
        last_term!("rbx", "r15", "r8"),
        "mov rdx, [rbx + 8]",
        "xor eax, eax",
        term!("rbx", 2, "r11", "r12"),
        "mov [rdi + 24], r11",
        term!("rbx", 3, "r12", "r13"),
        "mov [rdi + 32], r12",
        term!("rbx", 4, "r13", "r14"),
        term!("rbx", 5, "r14", "r15"),
        term!("rbx", 6, "r15", "r8"),
        last_term!("rbx", "r8", "r9"),
        "mov rdx, [rbx + 16]",
        "xor eax, eax",
        term!("rbx", 3, "r13", "r14"),
        "mov [rdi + 40], r13",
        term!("rbx", 4, "r14", "r15"),
        "mov [rdi + 48], r14",
        term!("rbx", 5, "r15", "r8"),
        term!("rbx", 6, "r8", "r9"),
        last_term!("rbx", "r9", "r10"),
        "mov rdx, [rbx + 24]",
        "xor eax, eax",
        term!("rbx", 4, "r15", "r8"),
        "mov [rdi + 56], r15",
        term!("rbx", 5, "r8", "r9"),
        term!("rbx", 6, "r9", "r10"),
        last_term!("rbx", "r10", "r11"),
        "mov rdx, [rbx + 32]",
        "xor eax, eax",
        term!("rbx", 5, "r9", "r10"),
        term!("rbx", 6, "r10", "r11"),
        last_term!("rbx", "r11", "r12"),
        "mov rdx, [rbx + 40]",
        "xor eax, eax",
        term!("rbx", 6, "r11", "r12"),
        last_term!("rbx", "r12", "r13"),
        "mov rdx, [rbx + 48]",
        "xor eax, eax",
        last_term!("rbx", "r13", "r14"),
        "mov r15, rbp",
        "lea rsi, [rbx + 64]",
        "add rdi, 64",
        stream!(),
        window!(store),
        // The next strip starts sixteen limbs above this one: at out + 2·(rbx − x) + 128 bytes.
        "mov rdi, rbx",
        "sub rdi, [rsp + 24]",
        "lea rdi, [rdi + rdi + 128]",
        "add rdi, [rsp + 16]",
        "add rbx, 64",
        "cmp rbx, [rsp]",
        "jne 2b",
        // Twice that, plus the squares of the limbs, four limbs at a time; rax carries 0 to 2.
        "mov rdi, [rsp + 16]",
        "mov rsi, [rsp + 24]",
        "xor eax, eax",
        "5:",
        "mov rdx, [rsi]",
        "mulx r9, r8, rdx",
        "mov rdx, [rsi + 8]",
        "mulx r11, r10, rdx",
        "mov rdx, [rsi + 16]",
        "mulx r13, r12, rdx",
        "mov rdx, [rsi + 24]",
        "mulx r15, r14, rdx",
        "add r8, rax",
        "adc r9, 0",
        "xor eax, eax",
        window!(double_and_add),
        "adcx rax, rbp",
        "adox rax, rbp",
        "add rsi, 32",
        "add rdi, 64",
        "cmp rsi, [rsp]",
        "jne 5b",
        leave!(),
    )
}
