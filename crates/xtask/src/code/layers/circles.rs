//! Circles between the modules of a crate: `a` uses something in `b`, and `b`, possibly through
//! others, something in `a`. To read one of them, one has to read all of them.

use super::graph::Graph;
use super::source::Source;

/// The circles of a crate.
pub(super) fn faults(krate: &str, source: &Source) -> Vec<String> {
    let graph = Graph::of(source);
    let mut faults = Vec::new();
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
