//! The records without a prediction: how many there are, and what is reported about them at the
//! end.

use crate::failure::{Hint as _, Kind, OfKind};
use crate::output::counted;

/// The records whose answer can't be right. They are only marked and counted: a service that sees a
/// client do anything else because of them learns what they hold.
#[derive(Clone, Default)]
pub(crate) struct Unpredicted {
    count: u64,
    /// The number of the first.
    first: u64,
    /// The first whose fault is known, with the fault; those of an earlier run are not known.
    told: Option<(u64, String)>,
}

impl Unpredicted {
    /// Adds a record by its number, and what is wrong with its answer, if that is known.
    pub(super) fn add(&mut self, record: u64, fault: Option<String>) {
        if self.count == 0 {
            self.first = record;
        }
        self.count += 1;
        if self.told.is_none() {
            self.told = fault.map(|fault| (record, fault));
        }
    }

    /// How many there are.
    pub(crate) fn count(&self) -> u64 {
        self.count
    }

    /// Fails if there are any: the end of a command, once everything is sent and written.
    ///
    /// # Errors
    /// The error says how many of all records, which is the first of them, and its fault.
    pub(crate) fn check(self, all: u64) -> anyhow::Result<()> {
        let Self { count, first, told } = self;
        if count == 0 {
            return Ok(());
        }
        let have = if count == 1 { "has" } else { "have" };
        let summary = format!(
            "{count} of {} {have} no prediction; the first is record {first} (from 0)",
            counted(all, "record")
        );
        let of_kind = |text| anyhow::Error::from(OfKind::new(Kind::Unpredicted, text));
        let error = match told {
            Some((record, fault)) => {
                of_kind(format!("record {record} (from 0): {fault}")).context(summary)
            }
            None => of_kind(summary),
        };
        Err(error).hint(
            "all other predictions are written. If you ask again, send all records, and not these alone: \
             which ones you send, or complain about, tells a service that changes answers on purpose \
             what they hold",
        )
    }
}

/// A line for people: `3 records have no prediction: …`.
pub(crate) fn note(count: u64) -> String {
    let have = if count == 1 { "has" } else { "have" };
    format!(
        "{} {have} no prediction: the service's answer to {} was damaged or false",
        counted(count, "record"),
        if count == 1 { "it" } else { "them" },
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::failure::describe;

    #[test]
    fn the_first_record_and_the_first_known_fault_are_told() {
        let mut unpredicted = Unpredicted::default();
        unpredicted.clone().check(7).unwrap();
        unpredicted.add(2, None);
        assert_eq!(
            describe(&unpredicted.clone().check(7).unwrap_err())
                .lines()
                .next(),
            Some("error: 1 of 7 records has no prediction; the first is record 2 (from 0)")
        );
        unpredicted.add(5, Some("bad".to_owned()));
        unpredicted.add(6, Some("worse".to_owned()));
        let error = describe(&unpredicted.check(7).unwrap_err());
        let lines: Vec<&str> = error.lines().collect();
        assert_eq!(
            lines[..2],
            [
                "error: 3 of 7 records have no prediction; the first is record 2 (from 0)",
                "  cause: record 5 (from 0): bad"
            ]
        );
        assert!(lines[2].starts_with("  hint: all other predictions are written."));
    }

    #[test]
    fn one_record_has_and_several_have() {
        assert_eq!(
            note(1),
            "1 record has no prediction: the service's answer to it was damaged or false"
        );
        assert_eq!(
            note(3),
            "3 records have no prediction: the service's answer to them was damaged or false"
        );
    }
}
