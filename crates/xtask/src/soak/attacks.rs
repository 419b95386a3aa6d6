//! The attacks, each a function that runs until the attack's time is over.

mod computing;
mod connections;
mod uploads;

use super::field::Field;

/// An attack.
pub(super) struct Attack {
    pub(super) name: &'static str,
    /// Which share of its usual predictions it must leave the polite client, with the attacker on
    /// the same cores.
    pub(super) least: f64,
    /// The memory that the service gets, in kilobytes, if that is what is attacked.
    pub(super) memory_limit: Option<u64>,
    pub(super) run: fn(&Field<'_>),
}

const fn attack(name: &'static str, least: f64, run: fn(&Field<'_>)) -> Attack {
    Attack {
        name,
        least,
        memory_limit: None,
        run,
    }
}

/// All of them.
pub(super) const ATTACKS: &[Attack] = &[
    attack(
        "512 connections that ask and never read",
        0.5,
        connections::sleepers_of_one,
    ),
    attack(
        "the same from 16 addresses",
        0.5,
        connections::sleepers_of_many,
    ),
    attack(
        "100 connections that read a few bytes a second",
        0.5,
        connections::sippers,
    ),
    attack("5,000 idle connections", 0.4, connections::idle),
    attack(
        "500 connections that drip a header, from 16 addresses",
        0.4,
        connections::headers,
    ),
    attack(
        "connections that come and go as fast as they can",
        0.2,
        connections::flood,
    ),
    attack(
        "requests for 60 predictions, abandoned at once",
        0.1,
        connections::abandon,
    ),
    attack(
        "requests under a key of 4096 bits, an answer per score",
        0.1,
        computing::costly,
    ),
    attack("32 clients that ask again at once", 0.1, computing::greedy),
    attack("16 bodies at a byte per second", 0.5, uploads::drips_of_one),
    attack("256 of them from 16 addresses", 0.5, uploads::drips_of_many),
    attack("40 large bodies", 0.1, uploads::large_bodies),
    Attack {
        memory_limit: Some(600_000),
        ..attack(
            "the same with 600 MB of address space",
            0.0,
            uploads::large_bodies,
        )
    },
];
