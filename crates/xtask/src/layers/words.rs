//! Words that may not stand in some crates' sources.

use std::path::Path;

use super::{read, sources};

/// Words that may not stand in the code of a crate.
pub(super) struct Rule {
    /// Whose sources: a crate's name, or `*` for all but the ones in `except`.
    krate: &'static str,
    except: &'static [&'static str],
    words: &'static [&'static str],
    reason: &'static str,
}

pub(super) const RULES: &[Rule] = &[
    Rule {
        krate: "model",
        except: &[],
        // The card names the numbers of layouts, ciphertexts among them; no code here makes any.
        words: &["paillier"],
        reason: "the model knows no cryptography",
    },
    Rule {
        krate: "engine",
        except: &[],
        words: &[
            "std::fs",
            "std::net",
            "std::io",
            "std::process",
            "tokio",
            "reqwest",
            "hyper",
        ],
        reason: "the engine does no input or output",
    },
    Rule {
        krate: "server",
        except: &[],
        words: &["SecretKey"],
        reason: "the server never has a secret key",
    },
    Rule {
        krate: "*",
        except: &["arith", "bench", "ctgrind"],
        words: &["unsafe"],
        reason: "unsafe code stands in arith alone (bench binds GMP, ctgrind calls valgrind in tests)",
    },
];

impl Rule {
    /// Where the rule is broken below the folder of all crates.
    pub(super) fn check(&self, crates: &Path) -> anyhow::Result<Vec<String>> {
        let mut faults = Vec::new();
        for path in sources(crates, &["rs"])? {
            let inside = path.strip_prefix(crates).unwrap_or(&path);
            let mut parts = inside.iter().map(|part| part.to_string_lossy());
            let (krate, part) = (
                parts.next().unwrap_or_default(),
                parts.next().unwrap_or_default(),
            );
            if part == "src" && self.applies_to(&krate) {
                let text = read(&path)?;
                faults.extend(self.faults(&text).map(|(line, word)| {
                    format!("{}:{line}: {word:?}: {}", path.display(), self.reason)
                }));
            }
        }
        Ok(faults)
    }

    fn applies_to(&self, krate: &str) -> bool {
        // This file has to name the words.
        let everywhere = self.krate == "*" && krate != "xtask";
        (everywhere || self.krate == krate) && !self.except.contains(&krate)
    }

    /// The lines (from 1) whose code has a forbidden word; comments may have it.
    fn faults<'a>(&'a self, text: &'a str) -> impl Iterator<Item = (usize, &'static str)> + 'a {
        text.lines().enumerate().filter_map(move |(index, line)| {
            let code = line.split("//").next().unwrap_or_default();
            let word = self.words.iter().find(|word| has_word(code, word))?;
            Some((index + 1, *word))
        })
    }
}

/// Whether a word stands in the code by itself or as part of a path, whatever its case.
fn has_word(code: &str, word: &str) -> bool {
    let (code, word) = (code.to_lowercase(), word.to_lowercase());
    let is_letter = |c: char| c.is_alphanumeric();
    code.match_indices(&word).any(|(start, found)| {
        let after = &code[start + found.len()..];
        !code[..start].ends_with(is_letter)
            && !after.starts_with(is_letter)
            && !after.starts_with("_code")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_found_in_code_only() {
        let rule = &RULES[3];
        let text = "let x = 1; // not unsafe\n#![forbid(unsafe_code)]\nunsafe { x }\n";
        assert_eq!(rule.faults(text).collect::<Vec<_>>(), [(3, "unsafe")]);
    }

    #[test]
    fn paths_and_names_are_found() {
        assert!(has_word("use veilcast_paillier::SecretKey;", "paillier"));
        assert!(has_word("use veilcast_paillier::SecretKey;", "SecretKey"));
        assert!(!has_word("let secretkeys = 1;", "SecretKey"));
    }

    #[test]
    fn rules_apply_to_their_crates() {
        assert!(RULES[0].applies_to("model") && !RULES[0].applies_to("engine"));
        assert!(RULES[3].applies_to("cli") && !RULES[3].applies_to("arith"));
    }
}
