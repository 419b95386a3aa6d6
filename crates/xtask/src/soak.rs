//! Attacks on a running service, with a polite client at the same time.
//!
//! The real program serves the digit model. It is attacked in one way after another over raw
//! sockets, from addresses of this machine, while a polite client at another address asks for
//! predictions, health and metrics, each over a new connection. What it gets is compared with what
//! it gets without attacks, and the service's memory at the end with that after the first rounds.
//!
//! | subject | file |
//! |---|---|
//! | the attacks, a function each | `attacks`, and files below |
//! | what an attack is made with | `field` |
//! | bytes on a connection | `wire` |
//! | requests for predictions, as files | `requests` |
//! | the service's process | `service` |
//! | the polite client | `polite` |
//! | what it got, as a table | `table` |
//! | the throughput when too many ask | `goodput` |

mod attacks;
mod field;
mod goodput;
mod polite;
mod requests;
mod service;
mod table;
mod wire;

use std::path::PathBuf;
use std::time::Duration;

use anyhow::ensure;

use self::attacks::{ATTACKS, Attack};
use self::field::Field;
use self::polite::Got;
use self::requests::Requests;
use self::service::Service;
use self::table::{Least, Line, Table};
use crate::program;
use crate::shell::{cargo, run, say};
use crate::workspace::Workspace;

/// How long a service is left alone after an attack.
const REST: Duration = Duration::from_millis(1500);
/// Rounds of all attacks. The first ones show how much memory they take; it must not grow after
/// that.
const ROUNDS: usize = 5;
const FIRST_ROUNDS: usize = 2;
/// The short run shows whether the service withstands each attack, not how its memory grows.
const SHORT_ROUNDS: usize = 1;
/// What polite clients must be left. When an attack begins on all places, it is a quarter of a second before anyone has
/// to make room.
const LEAST: Least = Least {
    seen: 0.9,
    share: 1.0,
};
/// In the short run, where the machine may have other things to do: that they are served at all.
const SHORT_LEAST: Least = Least {
    seen: 0.5,
    share: 0.1,
};
/// How much more memory the service may have at the end: a twentieth, plus the allocator's
/// rounding.
const GROWTH: f64 = 0.05;
const ROUNDING_BYTES: u64 = 4 << 20;

/// How to attack.
#[derive(Clone, clap::Args)]
pub(crate) struct Options {
    /// The total duration.
    #[arg(long, value_name = "N", default_value_t = 10.0)]
    minutes: f64,
    /// Take only a minute, with the program built for development.
    #[arg(long, conflicts_with = "minutes")]
    short: bool,
    /// Attack this program instead of building one: its results are only shown, not checked.
    #[arg(long, value_name = "PROGRAM")]
    against: Option<PathBuf>,
    /// Make only the attacks whose names contain this.
    #[arg(long, value_name = "TEXT")]
    only: Option<String>,
}

/// The short run, as a step.
pub(crate) fn short(workspace: &Workspace) -> anyhow::Result<()> {
    let options = Options {
        minutes: 1.0,
        short: true,
        against: None,
        only: None,
    };
    check(workspace, &options)
}

/// Makes the attacks and shows what the polite client got.
///
/// # Errors
/// If it got less than each attack leaves it, or if the service's memory grew.
pub(crate) fn check(workspace: &Workspace, options: &Options) -> anyhow::Result<()> {
    let program = match &options.against {
        Some(program) => program.clone(),
        None if options.short => program::build(workspace)?,
        None => {
            let build = [
                "build",
                "--release",
                "--package",
                "veilcast-cli",
                "--no-default-features",
                "--locked",
            ];
            run(&mut cargo(workspace, build))?;
            workspace.target().join("release").join("veilcast")
        }
    };
    let chosen = |attack: &&Attack| {
        let only = options.only.as_deref();
        only.is_none_or(|text| attack.name.contains(text))
    };
    let attacks: Vec<&Attack> = ATTACKS.iter().filter(chosen).collect();
    ensure!(!attacks.is_empty(), "no attack has that in its name");
    let minutes = if options.short { 1.0 } else { options.minutes };
    let rounds = if options.short { SHORT_ROUNDS } else { ROUNDS };
    let turns = attacks.len() as f64 * rounds as f64 + 1.0;
    let each = Duration::from_secs_f64(minutes * 60.0 / turns).saturating_sub(REST);
    let each = each.max(Duration::from_secs(1));

    let requests = Requests::make(&program, workspace)?;
    let mut service = Service::start(&program, workspace, None)?;
    polite::warm_up(service.address, &requests)?;
    let peace = polite::ask(service.address, &requests, each);
    say(format!("in peace: {peace}"));
    let mut table = Table::new(peace);
    let mut memory = Vec::new();
    for round in 1..=rounds {
        for attack in &attacks {
            let got = if attack.memory_limit.is_none() {
                attacked(attack, &service, &requests, each)
            } else if round == 1 {
                // A separate service: it ends with the attack, or because of it.
                let mut own = Service::start(&program, workspace, attack.memory_limit)?;
                let mut got = attacked(attack, &own, &requests, each);
                got.is_alive = own.is_alive();
                got
            } else {
                continue;
            };
            say(format!("{}: {got}", attack.name));
            table.add(Line {
                name: attack.name,
                least: attack.least,
                got,
            });
            std::thread::sleep(REST);
        }
        ensure!(service.is_alive(), "the service is gone");
        memory.push(service.memory()?);
    }
    say(format!("\n{table}"));
    let sizes: Vec<String> = memory
        .iter()
        .map(|bytes| format!("{:.1} MB", *bytes as f64 / 1e6))
        .collect();
    say(format!(
        "memory after each round of attacks: {}",
        sizes.join(", ")
    ));
    let goodput = goodput::measure(service.address, &requests, 2 * each);
    say(goodput);
    if options.against.is_some() {
        return Ok(());
    }
    if let (Some(&first), Some(&last)) = (memory.get(FIRST_ROUNDS - 1), memory.last()) {
        let (grown, allowed) = (last.saturating_sub(first), first as f64 * GROWTH);
        ensure!(
            grown <= allowed as u64 + ROUNDING_BYTES,
            "the service's memory grew by {grown} bytes since the second round"
        );
    }
    table.check(if options.short { &SHORT_LEAST } else { &LEAST })
}

/// What the polite client gets during an attack.
fn attacked(attack: &Attack, service: &Service, requests: &Requests, time: Duration) -> Got {
    let field = Field::new(service.address, requests);
    std::thread::scope(|threads| {
        threads.spawn(|| (attack.run)(&field));
        // It has begun, and gets its share of the time.
        field.sleep(time / 10);
        let got = polite::ask(service.address, requests, time);
        field.end();
        got
    })
}
