//! The chapter on performance has figures. They are drawn from its own tables, so that neither can say what the other doesn't.

mod bars;
mod dots;
mod lines;
mod picture;
mod scale;
mod table;

use std::fs;

use anyhow::{Context as _, ensure};

use self::bars::Bars;
use self::dots::{Dots, Series};
use self::lines::{Curve, Lines};
use self::table::{Row, Table};
use crate::shell::say;
use crate::workspace::Workspace;

/// The chapter, and the folder that has its figures.
const FOLDER: &str = "docs/src";
const CHAPTER: &str = "performance.md";

/// What the client does, and what goes up.
const CLIENT: &str = "client";
/// What the service does, and what comes down.
const SERVICE: &str = "service";
/// What the client does at the end.
const LATER: &str = "later";
/// What isn't ours.
const OTHER: &str = "other";

/// A figure: its file, the first cell of its table's head, and what draws it.
struct Figure {
    file: &'static str,
    table: &'static str,
    draw: fn(&Table) -> anyhow::Result<String>,
}

const FIGURES: [Figure; 5] = [
    Figure {
        file: "time.svg",
        table: "model",
        draw: time,
    },
    Figure {
        file: "bytes.svg",
        table: "way",
        draw: bytes,
    },
    Figure {
        file: "records.svg",
        table: "records",
        draw: records,
    },
    Figure {
        file: "paillier.svg",
        table: "with a key of 2048 bits",
        draw: |table| peers(table, "One image, key of 2048 bits, AVX-512 IFMA"),
    },
    Figure {
        file: "lattice.svg",
        table: "at 128 bits of security",
        draw: |table| peers(table, "One image at 128 bits of security"),
    },
];

/// What is wrong with the figures: those that aren't what the tables say.
pub(crate) fn faults(workspace: &Workspace) -> anyhow::Result<Vec<String>> {
    let folder = workspace.root().join(FOLDER);
    let stale = drawn(workspace)?.into_iter().filter(|(file, drawn)| {
        let found = fs::read_to_string(folder.join(file));
        found.ok().as_ref() != Some(drawn)
    });
    let fault = |(file, _)| {
        format!(
            "{FOLDER}/{file} isn't what {CHAPTER} says: draw it with `cargo xtask figures`, and look at it"
        )
    };
    Ok(stale.map(fault).collect())
}

/// Draws all figures.
pub(crate) fn write(workspace: &Workspace) -> anyhow::Result<()> {
    for (file, drawn) in drawn(workspace)? {
        let path = workspace.root().join(FOLDER).join(file);
        fs::write(&path, drawn).with_context(|| path.display().to_string())?;
        say(format!("{FOLDER}/{file}"));
    }
    Ok(())
}

fn drawn(workspace: &Workspace) -> anyhow::Result<Vec<(&'static str, String)>> {
    let path = workspace.root().join(FOLDER).join(CHAPTER);
    let text = fs::read_to_string(&path).with_context(|| path.display().to_string())?;
    let figures = FIGURES.iter().map(|figure| {
        let table = Table::find(&text, figure.table);
        let drawn = table.and_then(|table| (figure.draw)(&table));
        Ok((figure.file, drawn.with_context(|| figure.file)?))
    });
    figures.collect()
}

/// The time of one prediction, in its parts.
fn time(table: &Table) -> anyhow::Result<String> {
    let mut bars = Bars::new(
        "One image at a time",
        "milliseconds, client and service on two cores",
        [
            ("encrypt", CLIENT),
            ("service, with HTTP", SERVICE),
            ("decrypt", LATER),
        ],
    );
    for pair in table.rows.chunks(2) {
        let [with, without] = pair else {
            anyhow::bail!("each model and key has a row with AVX-512 IFMA and one without");
        };
        ensure!(
            with.words(0..2) == without.words(0..2)
                && with.word(2)? == "with"
                && without.word(2)? == "without",
            "rows with AVX-512 IFMA and without don't take turns"
        );
        bars.group(&format!("{} bits", with.words(0..2)));
        bars.bar("with AVX-512 IFMA", &with.numbers(3..6)?);
        bars.bar("without", &without.numbers(3..6)?);
    }
    Ok(bars.draw())
}

/// The bytes of a record, by way.
fn bytes(table: &Table) -> anyhow::Result<String> {
    let mut dots = Dots::new(
        "Bytes of one record, key of 3072 bits",
        "bytes",
        &[
            Series::new("up", CLIENT).above(),
            Series::new("down", SERVICE).below(),
        ],
    );
    for (group, first) in [("an image of 784 pixels", 1), ("a patient", 3)] {
        dots.group(group);
        for row in &table.rows {
            dots.row(
                row.word(0)?,
                &[(0, row.number(first)?), (1, row.number(first + 1)?)],
            );
        }
    }
    Ok(dots.draw())
}

/// The time for each record, by the number of them.
fn records(table: &Table) -> anyhow::Result<String> {
    let column = |index: usize| -> anyhow::Result<Vec<(f64, f64)>> {
        let known = table
            .rows
            .iter()
            .filter(|row| row.word(index).is_ok_and(|word| word != "–"));
        let point = |row: &Row| Ok((row.number(0)?.0, row.number(index)?.0));
        known.map(point).collect()
    };
    let lines = Lines {
        title: "CPU time per patient, by the number of records in a request",
        across: "records",
        up: "milliseconds of CPU time per record",
        curves: vec![
            Curve::line("without AVX-512 IFMA, planned", OTHER, column(3)?),
            Curve::line("with AVX-512 IFMA, planned", CLIENT, column(1)?),
            Curve::points("with AVX-512 IFMA, measured", SERVICE, column(2)?),
        ],
    };
    Ok(lines.draw())
}

/// The time of one image, ours and others'.
fn peers(table: &Table, title: &str) -> anyhow::Result<String> {
    let mut dots = Dots::new(
        title,
        "milliseconds, one thread",
        &[
            Series::new("Veilcast", CLIENT),
            Series::new("others", OTHER),
        ],
    );
    dots.group("");
    for row in &table.rows {
        let series = usize::from(!row.word(0)?.starts_with("Veilcast"));
        dots.row(row.word(0)?, &[(series, row.number(1)?)]);
    }
    Ok(dots.draw())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A figure changes with its table, and not otherwise.
    #[test]
    fn figures_follow_their_tables() {
        let text = "| at 128 bits of security | ms |\n|---|---|\n| HElayers | 19.6 |\n| Veilcast, `digits` | 1,045.5 |\n";
        let figure = |text: &str| {
            let table = Table::find(text, "at 128 bits of security");
            table.and_then(|table| peers(&table, "A < B"))
        };
        let drawn = figure(text).expect("a table of numbers");
        assert!(drawn.contains(">1,045.5</text>") && drawn.contains(">Veilcast, digits</text>"));
        assert!(drawn.contains("<title id=\"title\">A &lt; B</title>"));
        assert_eq!(drawn, figure(text).expect("a table of numbers"));
        let moved = figure(&text.replace("19.6", "29.6")).expect("a table of numbers");
        assert_ne!(drawn, moved);
        assert!(figure(&text.replace("19.6", "fast")).is_err());
        assert!(figure("no table").is_err());
    }
}
