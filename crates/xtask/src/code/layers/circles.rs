//! Circles between the modules of a crate: `a` uses something of `b`, and `b`, maybe by way of others,
//! something of `a`. To read one of them, one has to read all.

use super::graph::Graph;
use super::source::Source;

/// Uses that close circles and are tolerated.
struct Exception {
    krate: &'static str,
    /// The module that uses the others.
    from: &'static str,
    to: &'static [&'static str],
    /// Why it is right, or [`STILL_OPEN`].
    reason: &'static str,
}

/// Found when the check was written, and to be removed.
const STILL_OPEN: &str = "to be removed";
const CHOICE: &str = "the parent chooses among its children, each of which makes one of its kind";

const EXCEPTIONS: &[Exception] = &[
    let_be("arith", "kernel::adx", &["kernel"], CHOICE),
    let_be("arith", "kernel::ifma", &["kernel"], CHOICE),
    let_be("arith", "kernel::lanes", &["kernel"], CHOICE),
    let_be("arith", "kernel::portable", &["kernel"], CHOICE),
    let_be("arith", "lanes::powers", &["lanes"], STILL_OPEN),
    let_be("cli", "args", VERBS, STILL_OPEN),
    let_be(
        "cli",
        "verbs::evaluate::measure",
        &["verbs::evaluate::classes", "verbs::evaluate::quantities"],
        STILL_OPEN,
    ),
    let_be(
        "cli",
        "verbs::evaluate::report",
        &["verbs::evaluate"],
        STILL_OPEN,
    ),
    let_be(
        "cli",
        "verbs::evaluate::report::classes",
        &["verbs::evaluate", "verbs::evaluate::report"],
        STILL_OPEN,
    ),
    let_be(
        "cli",
        "verbs::evaluate::report::quantities",
        &["verbs::evaluate", "verbs::evaluate::report"],
        STILL_OPEN,
    ),
    let_be("cli", "verbs::train::images", &["verbs::train"], STILL_OPEN),
    let_be("cli", "verbs::train::table", &["verbs::train"], STILL_OPEN),
    let_be("client", "client", &["pipeline"], STILL_OPEN),
    let_be("ctgrind", "client", &["crate"], STILL_OPEN),
    let_be(
        "engine",
        "planner::costs",
        &["planner::measured"],
        STILL_OPEN,
    ),
    let_be("engine", "planner::sizes", &["session"], STILL_OPEN),
    let_be("paillier", "modulus_checks", &["public_key"], STILL_OPEN),
    let_be("protocol", "error", &["request"], STILL_OPEN),
    let_be("server", "models", &["app"], STILL_OPEN),
    let_be("server", "quota", &["app"], STILL_OPEN),
];

/// The verbs that [`EXCEPTIONS`] names.
const VERBS: &[&str] = &[
    "verbs::bench",
    "verbs::compute",
    "verbs::decrypt",
    "verbs::demo",
    "verbs::encrypt",
    "verbs::evaluate",
    "verbs::import",
    "verbs::inspect",
    "verbs::keygen",
    "verbs::predict",
    "verbs::pubkey",
    "verbs::train",
];

/// Crates in which no circles are looked for: `model` is being taken apart, and they are in the
/// resulting parts.
const LEFT_OUT: &[&str] = &["model"];

const fn let_be(
    krate: &'static str,
    from: &'static str,
    to: &'static [&'static str],
    reason: &'static str,
) -> Exception {
    Exception {
        krate,
        from,
        to,
        reason,
    }
}

/// The circles of a crate but for the exceptions, and exceptions that don't apply.
pub(super) fn faults(krate: &str, source: &Source) -> Vec<String> {
    if LEFT_OUT.contains(&krate) {
        return Vec::new();
    }
    let mut graph = Graph::of(source);
    let mut faults = Vec::new();
    let exceptions = EXCEPTIONS
        .iter()
        .filter(|exception| exception.krate == krate);
    let pairs: Vec<_> = exceptions
        .flat_map(|exception| exception.to.iter().map(|to| (exception.from, *to)))
        .collect();
    for (from, to) in &pairs {
        if !graph.has(from, to) || graph.way(to, from).is_none() {
            faults.push(format!(
                "{krate}: {from} → {to} closes no circle: take it off the list"
            ));
        }
    }
    for (from, to) in pairs {
        graph.remove(from, to);
    }
    for circle in graph.circles() {
        let mut text = format!("{krate}: a circle of modules, {}", circle.join(" → "));
        for pair in circle.windows(2) {
            if let Some((file, line)) = graph.place(&pair[0], &pair[1]) {
                text += &format!("\n    {}:{line} uses {}", file.display(), pair[1]);
            }
        }
        faults.push(text);
    }
    faults
}

/// How many uses close circles and are still to be removed.
pub(super) fn still_open() -> usize {
    let open = EXCEPTIONS
        .iter()
        .filter(|exception| exception.reason == STILL_OPEN);
    open.map(|exception| exception.to.len()).sum()
}
