//! The attacks.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use super::http::{self, Connection};
use super::material::Material;
use super::service::Service;
use super::watch::{Seen, watch};
use crate::shell::say;

/// An attack: runs until it is told to stop.
pub(super) struct Attack {
    pub(super) name: &'static str,
    pub(super) what: &'static str,
    run: fn(&Scene<'_>, &AtomicBool),
}

pub(super) const ATTACKS: &[Attack] = &[
    Attack {
        name: "readers",
        what: "512 connections that ask and never read",
        run: readers,
    },
    Attack {
        name: "costly",
        what: "requests of 60 records under a key of 4096 bits, an answer per score",
        run: costly,
    },
    Attack {
        name: "drippers",
        what: "16 connections that send a byte of their body per second",
        run: drippers,
    },
    Attack {
        name: "greedy",
        what: "32 clients that retry at once",
        run: greedy,
    },
    Attack {
        name: "large",
        what: "14 bodies of 60 MB where 500 MB are left",
        run: large,
    },
    Attack {
        name: "idle",
        what: "5,000 connections that do nothing",
        run: idle,
    },
];

/// Attackers share an address.
const ATTACKER: Ipv4Addr = Ipv4Addr::new(127, 0, 1, 1);
const PATIENCE: Duration = Duration::from_secs(5);
const TICK: Duration = Duration::from_millis(50);

/// Where an attack happens.
pub(super) struct Scene<'a> {
    service: &'a Service,
    address: SocketAddr,
    material: &'a Material,
}

impl<'a> Scene<'a> {
    pub(super) fn new(service: &'a Service, material: &'a Material) -> Self {
        Self {
            service,
            address: service.address,
            material,
        }
    }

    /// What is seen without an attack.
    pub(super) fn quiet(&self, time: Duration) -> Seen {
        self.watched(time, |_| {})
    }

    /// What is seen under one.
    pub(super) fn attacked(&self, attack: &Attack, time: Duration) -> Seen {
        self.watched(time, |stop| (attack.run)(self, stop))
    }

    fn watched(&self, time: Duration, meanwhile: impl FnOnce(&AtomicBool) + Send) -> Seen {
        let (stop, ended) = (AtomicBool::new(false), AtomicBool::new(false));
        thread::scope(|scope| {
            scope.spawn(|| meanwhile(&ended));
            scope.spawn(|| {
                thread::sleep(time);
                stop.store(true, Ordering::Relaxed);
            });
            let seen = watch(self.address, &self.material.cheap, &stop);
            // The attack lasts as long as anyone watches.
            ended.store(true, Ordering::Relaxed);
            seen
        })
    }

    fn connect(&self) -> Option<Connection> {
        Connection::open(self.address, ATTACKER, PATIENCE).ok()
    }

    /// Keeps so many connections, each treated by `tend` in turn, which says whether it is still there.
    fn keep(
        &self,
        count: usize,
        stop: &AtomicBool,
        begin: impl Fn(&mut Connection) -> bool,
        mut tend: impl FnMut(&mut Connection) -> bool,
    ) {
        let mut connections: Vec<Connection> = Vec::new();
        while !stop.load(Ordering::Relaxed) {
            connections.retain_mut(&mut tend);
            // A part at a time, so that the others are tended meanwhile.
            for _ in 0..(count - connections.len()).min(200) {
                let connection = self.connect().filter(|_| !stop.load(Ordering::Relaxed));
                let Some(mut connection) = connection else {
                    break;
                };
                if begin(&mut connection) {
                    connections.push(connection);
                }
            }
            thread::sleep(TICK);
        }
    }

    /// Sends a request again and again on so many threads, whatever comes back.
    fn flood(&self, threads: usize, request: &[u8], patience: Duration, stop: &AtomicBool) {
        thread::scope(|scope| {
            for _ in 0..threads {
                scope.spawn(|| {
                    while !stop.load(Ordering::Relaxed) {
                        // Refused, answered or broken off: the next one follows at once.
                        let _ = http::once(self.address, ATTACKER, patience, request);
                    }
                });
            }
        });
    }
}

fn readers(scene: &Scene<'_>, stop: &AtomicBool) {
    let ask = http::get("/openapi.json").repeat(20);
    scene.keep(512, stop, |_| true, |connection| connection.push(&ask));
}

fn costly(scene: &Scene<'_>, stop: &AtomicBool) {
    scene.flood(2, &scene.material.costly, PATIENCE, stop);
}

fn drippers(scene: &Scene<'_>, stop: &AtomicBool) {
    let head = http::head("digits", 1 << 20);
    let mut tick = 0u32;
    scene.keep(
        16,
        stop,
        |connection| connection.send(&head).is_ok(),
        |connection| {
            tick = tick.wrapping_add(1);
            // Once per second for each of sixteen.
            if tick % (16 * 20) < 16 {
                return connection.send(b" ").is_ok();
            }
            connection.is_open()
        },
    );
}

fn greedy(scene: &Scene<'_>, stop: &AtomicBool) {
    scene.flood(32, &scene.material.cheap, PATIENCE, stop);
}

fn large(scene: &Scene<'_>, stop: &AtomicBool) {
    if let Err(error) = scene.service.limit_memory(500) {
        say(format!("the memory can't be limited: {error:#}"));
        return;
    }
    let body = vec![b' '; 60 << 20];
    scene.flood(14, &http::post("digits", &body), PATIENCE, stop);
    if let Err(error) = scene.service.unlimit_memory() {
        say(format!("the memory stays limited: {error:#}"));
    }
}

fn idle(scene: &Scene<'_>, stop: &AtomicBool) {
    scene.keep(5000, stop, |_| true, |connection| connection.is_open());
}
