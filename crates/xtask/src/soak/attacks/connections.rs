//! Attacks only by connections.

use std::net::Ipv4Addr;
use std::time::Duration;

use crate::soak::field::Field;
use crate::soak::requests::get;
use crate::soak::wire::Wire;

/// What a sleeper asks for: the longest answer that there is, many times.
const ASKED: usize = 200;
const SHORT: Duration = Duration::from_millis(5);
const PAUSE: Duration = Duration::from_millis(500);

fn sleeper(field: &Field<'_>, attacker: u8) -> Option<Wire> {
    let from = Ipv4Addr::new(127, 0, 1, attacker);
    let mut wire = Wire::connect_narrow(from, field.address)?;
    // At some point the service takes no more, as intended.
    wire.send(&get("/openapi.json").repeat(ASKED), SHORT);
    Some(wire)
}

/// Keeps this many sleepers on the service; those that were closed are replaced now and then.
fn sleepers(field: &Field<'_>, count: usize, addresses: u8) {
    let mut wires: Vec<Option<Wire>> = Vec::new();
    wires.resize_with(count, || None);
    loop {
        for (number, wire) in wires.iter_mut().enumerate() {
            if !field.goes_on() {
                return;
            }
            if wire.is_none() {
                let attacker = (number % usize::from(addresses)) as u8 + 1;
                *wire = sleeper(field, attacker);
            }
        }
        // Sleepers that were cut off notice when they say more.
        for _ in 0..10 {
            if !field.sleep(PAUSE) {
                return;
            }
        }
        for wire in &mut wires {
            if wire.as_mut().is_some_and(|wire| !wire.send(b"G", SHORT)) {
                *wire = None;
            }
        }
    }
}

pub(super) fn sleepers_of_one(field: &Field<'_>) {
    sleepers(field, 512, 1);
}

pub(super) fn sleepers_of_many(field: &Field<'_>) {
    sleepers(field, 512, 16);
}

/// They read, but next to nothing.
pub(super) fn sippers(field: &Field<'_>) {
    let mut wires: Vec<Wire> = Vec::new();
    while field.sleep(PAUSE) {
        wires.retain_mut(|wire| wire.sip(8, Duration::from_millis(1)));
        while wires.len() < 100 && field.goes_on() {
            match sleeper(field, (wires.len() % 4) as u8 + 1) {
                Some(wire) => wires.push(wire),
                None => break,
            }
        }
    }
}

/// They ask for something once and then stay.
pub(super) fn idle(field: &Field<'_>) {
    let mut wires = Vec::new();
    for number in 0..5000_usize {
        if !field.goes_on() {
            return;
        }
        if let Some(mut wire) = field.connect((number % 100) as u8 + 1) {
            wire.send(&get("/v2/health/live"), SHORT);
            wires.push(wire);
        }
    }
    while field.sleep(PAUSE) {}
}

/// They begin a header and never end it.
pub(super) fn headers(field: &Field<'_>) {
    let mut wires: Vec<Wire> = Vec::new();
    while field.sleep(PAUSE) {
        wires.retain_mut(|wire| wire.send(b"a", SHORT));
        while wires.len() < 500 && field.goes_on() {
            let Some(mut wire) = field.connect((wires.len() % 16) as u8 + 1) else {
                break;
            };
            wire.send(b"GET /v2 HTTP/1.1\r\nx: ", SHORT);
            wires.push(wire);
        }
    }
}

/// They ask for predictions and leave before they arrive.
pub(super) fn abandon(field: &Field<'_>) {
    let mut number: usize = 0;
    while field.sleep(Duration::from_millis(20)) {
        number += 1;
        if let Some(mut wire) = field.connect((number % 4) as u8 + 1) {
            wire.send(&field.requests.many, Duration::from_millis(100));
        }
    }
}

/// They come and go.
pub(super) fn flood(field: &Field<'_>) {
    let mut number: usize = 0;
    while field.goes_on() {
        number += 1;
        drop(field.connect((number % 16) as u8 + 1));
    }
}
