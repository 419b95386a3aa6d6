//! Attacks by bodies.

use std::time::Duration;

use crate::soak::field::Field;
use crate::soak::requests::head;
use crate::soak::wire::Wire;

const SHORT: Duration = Duration::from_millis(5);
const SECOND: Duration = Duration::from_secs(1);
/// A body that is small enough to be taken, and large enough to last.
const DRIPPED: usize = 20_000;
/// A body that is as large as the model takes them, or nearly.
const LARGE: usize = 10 << 20;
const PIECE: usize = 1 << 20;

/// Keeps this many bodies coming in, at a byte per second each.
fn drips(field: &Field<'_>, count: usize, addresses: u8) {
    let mut wires: Vec<Wire> = Vec::new();
    loop {
        // Those that were answered are done.
        wires.retain_mut(|wire| wire.sip(1, Duration::from_millis(1)) && wire.send(b" ", SHORT));
        while wires.len() < count && field.goes_on() {
            let attacker = (wires.len() % usize::from(addresses)) as u8 + 1;
            let Some(mut wire) = field.connect(attacker) else {
                break;
            };
            wire.send(&head(DRIPPED), SHORT);
            wires.push(wire);
        }
        if !field.sleep(SECOND) {
            return;
        }
    }
}

pub(super) fn drips_of_one(field: &Field<'_>) {
    drips(field, 16, 1);
}

pub(super) fn drips_of_many(field: &Field<'_>) {
    drips(field, 256, 16);
}

/// Bodies of the largest size come in until their last byte, which never does.
pub(super) fn large_bodies(field: &Field<'_>) {
    let piece = vec![b' '; PIECE];
    std::thread::scope(|threads| {
        for number in 0..8_u8 {
            let piece = &piece;
            threads.spawn(move || {
                while field.goes_on() {
                    let mut held = Vec::new();
                    for body in 0..5 {
                        held.extend(large_body(field, number * 5 + body + 1, piece));
                    }
                    field.sleep(5 * SECOND);
                }
            });
        }
    });
}

fn large_body(field: &Field<'_>, attacker: u8, piece: &[u8]) -> Option<Wire> {
    let mut wire = field.connect(attacker)?;
    wire.send(&head(LARGE), SHORT);
    for _ in 1..LARGE / PIECE {
        if !field.goes_on() || !wire.send(piece, SECOND) {
            return None;
        }
    }
    Some(wire)
}
