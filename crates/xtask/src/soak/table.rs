//! What the polite client got, attack by attack.

use std::fmt;

use anyhow::ensure;

use super::polite::Got;

/// What a polite client must be left.
pub(super) struct Least {
    /// Which part of the looks at health and metrics must find them.
    pub(super) seen: f64,
    /// Which part of what each attack is to leave it of its predictions.
    pub(super) share: f64,
}

/// What it got during an attack.
pub(super) struct Line {
    pub(super) name: &'static str,
    /// The least part of the predictions in peace.
    pub(super) least: f64,
    pub(super) got: Got,
}

/// All lines, and what it got in peace.
pub(super) struct Table {
    peace: Got,
    lines: Vec<Line>,
}

impl Table {
    pub(super) fn new(peace: Got) -> Self {
        Self {
            peace,
            lines: Vec::new(),
        }
    }

    /// Adds a line, or more to one that is there.
    pub(super) fn add(&mut self, line: Line) {
        let known = self.lines.iter_mut().find(|known| known.name == line.name);
        match known {
            Some(known) => known.got.add(line.got),
            None => self.lines.push(line),
        }
    }

    /// # Errors
    /// If an attack left the polite client too little.
    pub(super) fn check(&self, required: &Least) -> anyhow::Result<()> {
        for line in &self.lines {
            let Line { name, least, got } = line;
            let part = got.rate() / self.peace.rate();
            ensure!(got.is_alive, "{name}: the service is gone");
            ensure!(
                got.seen() >= required.seen,
                "{name}: health and metrics were seen {:.2} of the time",
                got.seen()
            );
            let least = required.share * least;
            ensure!(
                part >= least,
                "{name}: the polite client got {part:.2} of its predictions, not {least:.2}"
            );
        }
        Ok(())
    }
}

impl fmt::Display for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let peace = self.peace.rate();
        writeln!(
            f,
            "| attack | predictions per second | of {peace:.1} in peace | requests answered | health and metrics seen | slowest look |"
        )?;
        writeln!(f, "|---|---|---|---|---|---|")?;
        for Line { name, got, .. } in &self.lines {
            let gone = if got.is_alive {
                ""
            } else {
                "; then it was gone"
            };
            writeln!(
                f,
                "| {name} | {:.1} | {:.2} | {:.2} | {:.2}{gone} | {:.2} s |",
                got.rate(),
                got.rate() / peace,
                got.answered(),
                got.seen(),
                got.slowest().as_secs_f64()
            )?;
        }
        Ok(())
    }
}
