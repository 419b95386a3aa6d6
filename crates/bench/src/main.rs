//! Benchmarks: one file per question, the peers in the same run, ratios before nanoseconds.
//!
//! `cargo run --release -p veilcast-bench --features gmp -- all` prints Markdown.
#![allow(clippy::print_stdout)] // Printing tables is what this program is for.

mod digit;
#[cfg(feature = "gmp")]
#[allow(unsafe_code)] // Calls into a C library, behind safe functions.
mod gmp;
mod keys;
mod models;
mod operands;
mod powers;
mod product;
mod race;
mod rounds;
mod scheme;
mod sealed;
mod sums;
mod table;
mod timing;
mod vouchers;
mod welch;

use std::process::ExitCode;

use clap::{Parser, ValueEnum};

/// Times Veilcast and its peers in turns, in one run, and prints Markdown tables.
#[derive(Parser)]
#[command(name = "veilcast-bench")]
struct Args {
    /// The question to answer.
    question: Question,
    /// Sizes of n in bits, multiples of 128.
    #[arg(long, value_delimiter = ',', default_values_t = [1024, 2048, 3072, 4096],
          value_parser = parse_bits)]
    bits: Vec<usize>,
    /// Rounds; each round times every contender once, and medians are over the rounds.
    #[arg(long, default_value_t = 101, value_parser = clap::value_parser!(u32).range(1..))]
    rounds: u32,
    /// For the question of timing: seconds for each operation.
    #[arg(long, default_value_t = 60)]
    seconds: u32,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Question {
    /// Products and squares modulo n² and p².
    Product,
    /// Powers modulo n² and p² with exponents as long as n and p.
    Powers,
    /// Operations of the scheme: encrypting in each way, decrypting, computing.
    Scheme,
    /// Making and checking the proof of a key.
    Keys,
    /// Weighted sums of ciphertexts by compiled programs, and packing them into answers.
    Sums,
    /// Vouchers of the built-in models, and predictions with them.
    Vouchers,
    /// Vouchers for the built-in network with a hidden layer, and predictions with them.
    Rounds,
    /// Sealed versions of the built-in models, and predictions with them.
    Sealed,
    /// One prediction for the case on standard input, as JSON: for peers/peers.py.
    Digit,
    /// Whether the time of operations on secrets depends on them: takes half an hour.
    Timing,
    /// Every question but the last two.
    All,
}

fn parse_bits(text: &str) -> Result<usize, String> {
    match text.parse() {
        Ok(bits) if (256..=4096).contains(&bits) && bits % 128 == 0 => Ok(bits),
        _ => Err("give a multiple of 128 from 256 to 4096".into()),
    }
}

fn main() -> Result<ExitCode, Box<dyn std::error::Error>> {
    let args = Args::parse();
    // One thread, this one, whose CPU time is measured: what is compared is the work.
    rayon::ThreadPoolBuilder::new()
        .num_threads(1)
        .use_current_thread()
        .build_global()?;
    if args.question == Question::Digit {
        return digit::run().map(|()| ExitCode::SUCCESS);
    }
    if args.question == Question::Timing {
        return timing::run(args.seconds);
    }
    let asked = |question| args.question == question || args.question == Question::All;
    if cfg!(not(feature = "gmp")) {
        println!("Built without the feature `gmp`: the columns for GMP are missing.\n");
    }
    if asked(Question::Product) {
        product::run(&args.bits, args.rounds);
    }
    if asked(Question::Powers) {
        powers::run(&args.bits, args.rounds);
    }
    if asked(Question::Scheme) {
        scheme::run(&args.bits, args.rounds);
    }
    if asked(Question::Keys) {
        keys::run(&args.bits, args.rounds);
    }
    if asked(Question::Sums) {
        sums::run(&args.bits, args.rounds);
    }
    if asked(Question::Vouchers) {
        vouchers::run(&args.bits, args.rounds)?;
    }
    if asked(Question::Rounds) {
        rounds::run(&args.bits, args.rounds)?;
    }
    if asked(Question::Sealed) {
        sealed::run(&args.bits, args.rounds)?;
    }
    Ok(ExitCode::SUCCESS)
}
