//! Attacks on a running service, beside polite clients who should not notice them.
//!
//! Attackers, polite clients and the operator's probes have addresses of their own on the loopback
//! network, so that the service tells them apart as it would tell strangers apart.

mod attacks;
mod goodput;
mod http;
mod material;
mod service;
mod watch;

use std::path::PathBuf;
use std::time::{Duration, Instant};

use anyhow::{bail, ensure};
use clap::Args;

use self::attacks::{ATTACKS, Attack, Scene};
use self::material::Material;
use self::service::Service;
use self::watch::Seen;
use crate::shell::{cargo, run, say};
use crate::workspace::Workspace;
use crate::{program, shell};

/// How long to attack, and what.
#[derive(Args, Clone, Debug)]
pub(crate) struct Options {
    /// Minutes in all.
    #[arg(long, default_value_t = 10)]
    minutes: u64,
    /// Two quick rounds, with the program that the tests have built.
    #[arg(long, conflicts_with = "minutes")]
    short: bool,
    /// Attack this program instead, such as an older one, and only report.
    #[arg(long, value_name = "PROGRAM")]
    against: Option<PathBuf>,
    /// The attacks; all, if none is named.
    attacks: Vec<String>,
}

/// How many files, hence connections, a process may have open.
const OPEN_FILES: u32 = 16_384;
/// How much of a polite client's throughput must be left at the least: attackers may have shares like
/// everyone, and the machine is theirs too.
const LEAST_SHARE: f64 = 0.1;
/// How many of the operator's probes must be answered, of a hundred.
const LEAST_PROBES: f64 = 95.0;
/// By how much the memory may grow from the second round to the last.
const MEMORY_GROWTH: f64 = 1.05;

/// The times of a round.
#[derive(Clone, Copy)]
struct Times {
    quiet: Duration,
    attack: Duration,
    rounds: usize,
}

impl Options {
    fn times(&self, attacks: usize) -> Times {
        if self.short {
            return Times {
                quiet: Duration::from_secs(2),
                attack: Duration::from_secs(4),
                rounds: 1,
            };
        }
        let (quiet, attack) = (Duration::from_secs(5), Duration::from_secs(12));
        let round = quiet + (attack + PAUSE) * attacks as u32;
        let all = Duration::from_secs(60 * self.minutes);
        let rounds = (all.as_secs() / round.as_secs()).max(3) as usize;
        Times {
            quiet,
            attack,
            rounds,
        }
    }
}

/// After an attack, before the next one.
const PAUSE: Duration = Duration::from_secs(2);

/// The short form, which is a step of the tests.
pub(crate) fn smoke(workspace: &Workspace) -> anyhow::Result<()> {
    let options = Options {
        minutes: 0,
        short: true,
        against: None,
        attacks: Vec::new(),
    };
    check(workspace, &options)
}

pub(crate) fn check(workspace: &Workspace, options: &Options) -> anyhow::Result<()> {
    let chosen = chosen(&options.attacks)?;
    allow_open_files()?;
    let program = match &options.against {
        Some(program) => program.clone(),
        None => build(workspace, options.short)?,
    };
    let material = Material::make(workspace, &program)?;
    let mut service = Service::start(workspace, &program)?;
    let times = options.times(chosen.len());
    let mut results: Vec<(&Attack, Outcome)> = Vec::new();
    let mut memory = Vec::new();
    for round in 1..=times.rounds {
        let scene = Scene::new(&service, &material);
        let usual = scene.quiet(times.quiet);
        say(format!(
            "round {round} of {}: {usual} without an attack",
            times.rounds
        ));
        for attack in &chosen {
            let before = Instant::now();
            let seen = Scene::new(&service, &material).attacked(attack, times.attack);
            std::thread::sleep(PAUSE);
            let is_alive = service.is_alive();
            say(format!(
                "  {:<9} {seen}{}",
                attack.name,
                if is_alive {
                    ""
                } else {
                    ", and the service is dead"
                }
            ));
            if !is_alive {
                service = Service::start(workspace, &program)?;
            }
            let outcome = Outcome {
                usual: usual.clone(),
                seen,
                is_alive,
                took: before.elapsed(),
            };
            results.push((attack, outcome));
        }
        memory.push(service.resident_megabytes()?);
    }
    let goodputs = goodput::measure(&service, &material, options.short);
    report(&results, &memory, &goodputs);
    if options.against.is_some() {
        return Ok(());
    }
    verdict(&results, &memory, options.short)
}

/// What an attack did.
struct Outcome {
    usual: Seen,
    seen: Seen,
    is_alive: bool,
    took: Duration,
}

impl Outcome {
    /// The polite client's throughput under attack, as a part of the usual one.
    fn share(&self) -> f64 {
        self.seen.per_second() / self.usual.per_second()
    }
}

fn chosen(names: &[String]) -> anyhow::Result<Vec<&'static Attack>> {
    if names.is_empty() {
        return Ok(ATTACKS.iter().collect());
    }
    let named = |name: &String| ATTACKS.iter().find(|attack| attack.name == name);
    let found: Option<Vec<_>> = names.iter().map(named).collect();
    let Some(found) = found else {
        let known: Vec<_> = ATTACKS.iter().map(|attack| attack.name).collect();
        bail!("the attacks are {}", known.join(", "));
    };
    Ok(found)
}

/// The program to attack: the tests' own, or for figures a release build.
fn build(workspace: &Workspace, is_short: bool) -> anyhow::Result<PathBuf> {
    if is_short {
        return program::build(workspace);
    }
    let arguments = [
        "build",
        "--release",
        "--package",
        "veilcast-cli",
        "--locked",
    ];
    run(&mut cargo(workspace, arguments))?;
    Ok(workspace.target().join("release").join("veilcast"))
}

/// Lets this process and those that it starts have many connections.
fn allow_open_files() -> anyhow::Result<()> {
    let process = std::process::id().to_string();
    let files = format!("--nofile={OPEN_FILES}");
    shell::run(std::process::Command::new("prlimit").args(["--pid", &process, &files]))
}

fn report(results: &[(&Attack, Outcome)], memory: &[f64], goodputs: &[goodput::Goodput]) {
    say(format!(
        "\n{:<9} {:>12} {:>12} {:>7} {:>9} {:>9} {:>8}",
        "attack", "usual, 1/s", "under, 1/s", "share", "longest", "probes", "longest"
    ));
    for (attack, outcome) in results {
        let Outcome { usual, seen, .. } = outcome;
        say(format!(
            "{:<9} {:>12.1} {:>12.1} {:>6.0}% {:>8.1}s {:>8.0}% {:>7.1}s{}  {}",
            attack.name,
            usual.per_second(),
            seen.per_second(),
            100.0 * outcome.share(),
            seen.longest_prediction().as_secs_f64(),
            seen.probes_answered(),
            seen.longest_probe().as_secs_f64(),
            if outcome.is_alive { "" } else { "  dead" },
            attack.what,
        ));
    }
    for goodput in goodputs {
        say(goodput);
    }
    let memory: Vec<_> = memory
        .iter()
        .map(|megabytes| format!("{megabytes:.0}"))
        .collect();
    say(format!(
        "memory after each round, in MB: {}",
        memory.join(", ")
    ));
    let took: Duration = results.iter().map(|(_, outcome)| outcome.took).sum();
    say(format!(
        "attacked for {:.1} minutes",
        took.as_secs_f64() / 60.0
    ));
}

fn verdict(results: &[(&Attack, Outcome)], memory: &[f64], is_short: bool) -> anyhow::Result<()> {
    for (attack, outcome) in results {
        let name = attack.name;
        ensure!(outcome.is_alive, "{name}: the service died");
        let (share, probes) = (outcome.share(), outcome.seen.probes_answered());
        ensure!(
            share >= LEAST_SHARE,
            "{name}: polite clients have {:.0} % of what they have without an attack",
            100.0 * share
        );
        ensure!(
            probes >= LEAST_PROBES,
            "{name}: {probes:.0} % of the operator's probes were answered"
        );
    }
    if let [_, second, .., last] = memory
        && !is_short
    {
        ensure!(
            *last <= MEMORY_GROWTH * second,
            "the memory grew from {second:.0} MB after the second round to {last:.0} MB"
        );
    }
    Ok(())
}
