//! Circles between the modules of a crate: `a` uses something of `b`, and `b`, maybe by way of others,
//! something of `a`. Whoever reads one of them has to read all.

use super::graph::Graph;
use super::source::Source;

/// Uses that close circles and are let be: the crate, the module that uses the others, these, and why.
///
/// The reason is [`STILL_OPEN`], or an argument why it is right.
type Exception = (
    &'static str,
    &'static str,
    &'static [&'static str],
    &'static str,
);

/// Found when the check was made, and to be mended.
const STILL_OPEN: &str = "to be mended";

const EXCEPTIONS: &[Exception] = &[
    ("card", "check", &["crate"], STILL_OPEN),
    ("card", "digest", &["crate"], STILL_OPEN),
    ("card", "error", &["crate", "layouts", "spec"], STILL_OPEN),
    ("card", "public_part", &["crate"], STILL_OPEN),
    ("cli", "args", VERBS, STILL_OPEN),
    (
        "cli",
        "verbs::evaluate::measure",
        &["verbs::evaluate::quantities"],
        STILL_OPEN,
    ),
    (
        "cli",
        "verbs::evaluate::report",
        &["verbs::evaluate"],
        STILL_OPEN,
    ),
    (
        "cli",
        "verbs::evaluate::report::classes",
        &["verbs::evaluate", "verbs::evaluate::report"],
        STILL_OPEN,
    ),
    (
        "cli",
        "verbs::evaluate::report::quantities",
        &["verbs::evaluate", "verbs::evaluate::report"],
        STILL_OPEN,
    ),
    ("cli", "verbs::train::images", &["verbs::train"], STILL_OPEN),
    ("cli", "verbs::train::table", &["verbs::train"], STILL_OPEN),
    ("client", "client", &["pipeline"], STILL_OPEN),
    ("ctgrind", "client", &["crate"], STILL_OPEN),
    (
        "engine",
        "planner::costs",
        &["planner::measured"],
        STILL_OPEN,
    ),
    ("engine", "planner::sizes", &["session"], STILL_OPEN),
    ("files", "array", &["crate"], STILL_OPEN),
    ("files", "error", &["crate"], STILL_OPEN),
    ("files", "table", &["crate"], STILL_OPEN),
    ("files", "table::header", &["crate"], STILL_OPEN),
    ("import", "collapse", &["import"], STILL_OPEN),
    ("model", "model::error", &["model::directory"], STILL_OPEN),
    ("model", "model::weights", &["model"], STILL_OPEN),
    ("model", "program::compile", &["program"], STILL_OPEN),
    (
        "model",
        "program::compile::builder",
        &["program"],
        STILL_OPEN,
    ),
    ("model", "search::measure", &["search"], STILL_OPEN),
    ("onnx", "error", &["limits"], STILL_OPEN),
    ("onnx", "lists", &["fits"], STILL_OPEN),
    ("onnx", "trees", &["lists"], STILL_OPEN),
    ("server", "models", &["app"], STILL_OPEN),
    ("server", "quota", &["app"], STILL_OPEN),
    ("train", "dense", &["crate"], STILL_OPEN),
    ("train", "optimize", &["crate"], STILL_OPEN),
    ("train", "stem::network", &["stem"], STILL_OPEN),
    ("train", "table::classes", &["table::target"], STILL_OPEN),
    ("train", "table::measure", &["table"], STILL_OPEN),
    ("train", "table::target", &["table"], STILL_OPEN),
];

/// The verbs that [`EXCEPTIONS`] speaks of.
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

/// The circles of a crate but for the exceptions, and exceptions that don't apply.
pub(super) fn faults(krate: &str, source: &Source) -> Vec<String> {
    let mut graph = Graph::of(source);
    let mut faults = Vec::new();
    let exceptions = EXCEPTIONS.iter().filter(|(owner, ..)| *owner == krate);
    let pairs: Vec<_> = exceptions
        .flat_map(|(_, from, to, _)| to.iter().map(|to| (*from, *to)))
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

/// How many uses close circles and are still to be mended.
pub(super) fn still_open() -> usize {
    let open = EXCEPTIONS
        .iter()
        .filter(|(.., reason)| *reason == STILL_OPEN);
    open.map(|(_, _, to, _)| to.len()).sum()
}
