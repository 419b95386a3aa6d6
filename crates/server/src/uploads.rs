//! The memory that bodies may take while they are received and computed: counted in bytes, with a
//! share for each caller.
//!
//! Memory is reserved here before it is allocated, and as bodies grow rather than when they are
//! announced: whoever announces much and sends little holds little.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::config::Config;
use crate::metrics::{Metrics, gauge};
use crate::quota::Caller;

/// A caller may have this fraction of all bodies, and of their bytes, at a time.
const SHARE: usize = 4;

/// The bodies in memory.
pub(crate) struct Uploads {
    most: Held,
    table: Mutex<Table>,
}

#[derive(Default)]
struct Table {
    held: Held,
    callers: HashMap<Caller, Held>,
}

/// How many bodies are being received, and how many bytes these and all others in memory take.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Held {
    bodies: usize,
    bytes: usize,
}

/// A body's permission to be received and its memory, until dropped.
pub(crate) struct Upload {
    uploads: Arc<Uploads>,
    caller: Caller,
    /// The most that it may grow to.
    limit: usize,
    reserved: usize,
    is_received: bool,
}

/// There is no room for a body at the moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct NoRoom;

impl Uploads {
    pub(crate) fn new(config: &Config) -> Arc<Self> {
        Arc::new(Self {
            most: Held {
                bodies: config.concurrent_uploads,
                bytes: config.upload_memory_bytes,
            },
            table: Mutex::default(),
        })
    }

    /// Permission to receive a body of up to `limit` bytes, of which `announced` are certain.
    ///
    /// # Errors
    /// [`NoRoom`] if too many others are being received, or if what was announced would not fit now.
    pub(crate) fn begin(
        self: &Arc<Self>,
        caller: Caller,
        announced: usize,
        limit: usize,
    ) -> Result<Upload, NoRoom> {
        let more = Held {
            bodies: 1,
            bytes: announced,
        };
        let mut table = self.table();
        self.check(&table, caller, more, limit)?;
        table.add(caller, Held { bytes: 0, ..more });
        Ok(Upload {
            uploads: Arc::clone(self),
            caller,
            limit,
            reserved: 0,
            is_received: false,
        })
    }

    /// Registers gauges for operators of what is held.
    pub(crate) fn register(self: &Arc<Self>, metrics: &Metrics) {
        let (bodies, bytes) = (Arc::clone(self), Arc::clone(self));
        metrics.register(|registry| {
            gauge(
                registry,
                "uploading",
                "Requests being received",
                None,
                move || bodies.table().held.bodies as u64,
            );
            gauge(
                registry,
                "upload_memory_bytes",
                "Memory that bodies hold",
                None,
                move || bytes.table().held.bytes as u64,
            );
        });
    }

    fn check(&self, table: &Table, caller: Caller, more: Held, limit: usize) -> Result<(), NoRoom> {
        let share = Held {
            bodies: (self.most.bodies / SHARE).max(1),
            // One of the largest size always fits.
            bytes: (self.most.bytes / SHARE).max(limit),
        };
        let of_caller = table.callers.get(&caller).copied().unwrap_or_default();
        let fits = |held: Held, most: Held| {
            held.bodies + more.bodies <= most.bodies
                && held.bytes.saturating_add(more.bytes) <= most.bytes
        };
        (fits(table.held, self.most) && fits(of_caller, share))
            .then_some(())
            .ok_or(NoRoom)
    }

    fn table(&self) -> MutexGuard<'_, Table> {
        self.table.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Table {
    fn add(&mut self, caller: Caller, more: Held) {
        for held in [&mut self.held, self.callers.entry(caller).or_default()] {
            held.bodies += more.bodies;
            held.bytes += more.bytes;
        }
    }

    fn take(&mut self, caller: Caller, less: Held) {
        let of_caller = self.callers.entry(caller).or_default();
        for held in [&mut self.held, &mut *of_caller] {
            held.bodies -= less.bodies;
            held.bytes -= less.bytes;
        }
        if *of_caller == Held::default() {
            self.callers.remove(&caller);
        }
    }
}

impl Upload {
    /// Reserves memory for this many bytes in total.
    ///
    /// # Errors
    /// [`NoRoom`] if there is none at the moment.
    pub(crate) fn reserve(&mut self, bytes: usize) -> Result<(), NoRoom> {
        let more = Held {
            bodies: 0,
            bytes: bytes.saturating_sub(self.reserved),
        };
        let mut table = self.uploads.table();
        self.uploads.check(&table, self.caller, more, self.limit)?;
        table.add(self.caller, more);
        self.reserved += more.bytes;
        Ok(())
    }

    /// The body has arrived: others may be received in its place, but it keeps its memory.
    pub(crate) fn received(&mut self) {
        if !self.is_received {
            self.is_received = true;
            let less = Held {
                bodies: 1,
                bytes: 0,
            };
            self.uploads.table().take(self.caller, less);
        }
    }
}

impl Drop for Upload {
    fn drop(&mut self) {
        self.received();
        let less = Held {
            bodies: 0,
            bytes: self.reserved,
        };
        self.uploads.table().take(self.caller, less);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn caller(last: u8) -> Caller {
        Caller::at([192, 0, 2, last].into())
    }

    fn uploads(bodies: usize, bytes: usize) -> Arc<Uploads> {
        Uploads::new(&Config {
            concurrent_uploads: bodies,
            upload_memory_bytes: bytes,
            ..Config::default()
        })
    }

    #[test]
    fn memory_is_reserved_before_it_is_taken_and_given_back() {
        let uploads = uploads(100, 1000);
        let mut one = uploads.begin(caller(1), 0, 1000).unwrap();
        one.reserve(600).unwrap();
        assert_eq!(one.reserve(1001), Err(NoRoom));
        // A failed attempt reserves nothing.
        let mut two = uploads.begin(caller(2), 400, 1000).unwrap();
        two.reserve(400).unwrap();
        assert_eq!(uploads.begin(caller(3), 1, 1000).err(), Some(NoRoom));
        assert_eq!(
            uploads.table().held,
            Held {
                bodies: 2,
                bytes: 1000
            }
        );
        // A body that has arrived still has its memory.
        one.received();
        assert_eq!(
            uploads.table().held,
            Held {
                bodies: 1,
                bytes: 1000
            }
        );
        drop(one);
        uploads.begin(caller(3), 600, 1000).unwrap();
        drop(two);
        assert_eq!(uploads.table().held, Held::default());
        assert!(uploads.table().callers.is_empty());
    }

    #[test]
    fn no_caller_takes_all() {
        let uploads = uploads(8, 1000);
        let mut of_one: Vec<_> = (0..2)
            .map(|_| uploads.begin(caller(1), 0, 100).unwrap())
            .collect();
        assert_eq!(uploads.begin(caller(1), 0, 100).err(), Some(NoRoom));
        of_one[0].reserve(100).unwrap();
        of_one[1].reserve(100).unwrap();
        of_one.iter_mut().for_each(Upload::received);
        // 250 bytes are the share.
        assert_eq!(uploads.begin(caller(1), 51, 100).err(), Some(NoRoom));
        let mut third = uploads.begin(caller(1), 50, 100).unwrap();
        assert_eq!(third.reserve(51), Err(NoRoom));
        third.reserve(50).unwrap();
        assert!(uploads.begin(caller(2), 100, 100).is_ok());
        // Announcing a large body reserves nothing.
        let _announced = uploads.begin(caller(3), 250, 250).unwrap();
        assert!(uploads.begin(caller(2), 250, 250).is_ok());
    }
}
