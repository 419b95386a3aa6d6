//! Paths that the sources of some crates must not name.

use super::source::Source;

/// What the sources of some crates must not name, tests apart.
struct Rule {
    crates: &'static [&'static str],
    /// Beginnings of paths (`std::fs`), or after `…::` names that no path may contain anywhere.
    paths: &'static [&'static str],
    reason: &'static str,
}

const ANYWHERE: &str = "…::";

const RULES: &[Rule] = &[
    Rule {
        crates: &["arith", "protocol", "engine"],
        paths: &["std::fs", "std::io", "std::net", "std::process"],
        reason: "this crate does no input or output",
    },
    Rule {
        crates: &["server"],
        paths: &["…::SecretKey"],
        reason: "the server never has a secret key",
    },
];

/// Where a crate's sources name what its rules forbid.
pub(super) fn faults(krate: &str, source: &Source) -> Vec<String> {
    let mut faults = Vec::new();
    for rule in RULES.iter().filter(|rule| rule.crates.contains(&krate)) {
        for module in &source.modules {
            let uses = module.uses.iter().map(|entry| &entry.path);
            for path in module.paths.iter().chain(uses) {
                let is_forbidden = |rule: &&str| fits(&path.segments, rule);
                if let Some(forbidden) = rule.paths.iter().find(|path| is_forbidden(path)) {
                    let (file, line) = (module.file.display(), path.line);
                    faults.push(format!("{file}:{line}: {forbidden}: {}", rule.reason));
                }
            }
        }
    }
    faults
}

/// Whether a path is one of a rule's.
fn fits(path: &[String], rule: &str) -> bool {
    match rule.strip_prefix(ANYWHERE) {
        Some(name) => path.iter().any(|segment| segment == name),
        None => {
            let rule: Vec<&str> = rule.split("::").collect();
            path.len() >= rule.len() && path.iter().zip(rule).all(|(own, other)| own == other)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rule_fits_beginnings_or_single_names() {
        let fits = |path: &str, rule| {
            let path: Vec<String> = path.split("::").map(str::to_owned).collect();
            fits(&path, rule)
        };
        assert!(fits("std::fs::read", "std::fs") && fits("std::fs", "std::fs"));
        assert!(!fits("std::fmt", "std::fs") && !fits("std", "std::fs"));
        assert!(fits("engine::SecretKey::new", "…::SecretKey"));
        assert!(!fits("engine::SecretKeys", "…::SecretKey"));
    }

    #[test]
    fn names_in_code_and_imports_are_found_and_those_in_comments_and_tests_are_not() {
        let source = Source::of(&[(
            "lib.rs",
            "// std::fs\nuse std::{fmt, net::IpAddr};\nfn f() { vec![std::fs::read(\"a\")]; }\n\
             #[cfg(test)]\nmod tests { use std::io; }\n",
        )]);
        let faults = faults("engine", &source);
        let places: Vec<_> = faults
            .iter()
            .filter_map(|fault| fault.split("lib.rs:").nth(1))
            .collect();
        assert_eq!(
            places,
            [
                "3: std::fs: this crate does no input or output",
                "2: std::net: this crate does no input or output",
            ]
        );
        assert!(super::faults("server", &source).is_empty());
    }
}
