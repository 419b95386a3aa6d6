//! Prints the public interface of a crate, an item per line, from rustdoc's JSON.
//!
//! What every type has, or derives, is left out: it would be most of the lines.

use std::fmt::Write as _;

use anyhow::Context as _;
use public_api::Builder;

fn main() -> anyhow::Result<()> {
    let path = std::env::args_os().nth(1);
    let path = path.context("name the file with rustdoc's JSON")?;
    let api = Builder::from_rustdoc_json(path)
        .omit_blanket_impls(true)
        .omit_auto_trait_impls(true)
        .omit_auto_derived_impls(true)
        .build()?;
    let mut text = String::new();
    for item in api.items() {
        writeln!(text, "{item}")?;
    }
    print!("{text}");
    Ok(())
}
