//! Relative links and pictures lead somewhere: to a file of the project, and to a heading in it.

use std::collections::{HashMap, HashSet};
use std::fs;
use std::path::{Component, Path, PathBuf};

use anyhow::Context as _;

use super::{Document, book};

/// What is wrong with the documents' links. Links to other sites aren't followed.
pub(crate) fn faults(root: &Path, documents: &[Document]) -> anyhow::Result<Vec<String>> {
    let anchors: HashMap<&Path, &HashSet<String>> = documents
        .iter()
        .map(|document| (&*document.path, &document.anchors))
        .collect();
    let mut faults = Vec::new();
    for document in documents {
        for link in &document.links {
            if let Some(fault) = fault(root, document, &link.text, &anchors)? {
                faults.push(format!("{}: {fault}", document.at(link.line)));
            }
        }
    }
    Ok(faults)
}

fn fault(
    root: &Path,
    document: &Document,
    link: &str,
    anchors: &HashMap<&Path, &HashSet<String>>,
) -> anyhow::Result<Option<String>> {
    if ["https:", "http:", "mailto:"]
        .iter()
        .any(|scheme| link.starts_with(scheme))
    {
        return Ok(None);
    }
    let (file, anchor) = link.split_once('#').unwrap_or((link, ""));
    let path = match file {
        "" => Some(document.path.clone()),
        _ => normal(&document.folder().join(file)),
    };
    let Some(path) = path else {
        return Ok(Some(format!("{link} leaves the repository")));
    };
    if !exists(root, &path)? {
        return Ok(Some(format!("there is no {}", path.display())));
    }
    if book::contains(&document.path) && !book::contains(&path) {
        return Ok(Some(format!(
            "{link} leaves the book, where it leads nowhere: name the file as code"
        )));
    }
    Ok(match anchors.get(&*path) {
        Some(anchors) if !anchor.is_empty() && !anchors.contains(anchor) => {
            Some(format!("{} has no heading #{anchor}", path.display()))
        }
        _ => None,
    })
}

/// Whether a file or folder exists with just these letters, on file systems that ignore cases too.
fn exists(root: &Path, path: &Path) -> anyhow::Result<bool> {
    let full = root.join(path);
    let (Some(folder), Some(name)) = (full.parent(), path.file_name()) else {
        return Ok(full.exists());
    };
    if !full.exists() {
        return Ok(false);
    }
    let entries = fs::read_dir(folder).with_context(|| folder.display().to_string())?;
    Ok(entries.flatten().any(|entry| entry.file_name() == name))
}

/// A path without `.` and `..`, unless it leads out of the root.
fn normal(path: &Path) -> Option<PathBuf> {
    let mut normal = PathBuf::new();
    for component in path.components() {
        match component {
            Component::CurDir => {}
            Component::ParentDir => {
                if !normal.pop() {
                    return None;
                }
            }
            Component::Normal(name) => normal.push(name),
            Component::RootDir | Component::Prefix(_) => return None,
        }
    }
    Some(normal)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn faults_of(path: &str, text: &str) -> Vec<String> {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
        let documents = [
            Document::parse(PathBuf::from(path), text),
            Document::parse(PathBuf::from("SECURITY.md"), "# Security\n## Checks\n"),
        ];
        faults(&root, &documents).unwrap()
    }

    #[test]
    fn links_that_lead_somewhere_are_accepted() {
        let text = "# Top\n[a](../../SECURITY.md#checks) [b](#top) [c](https://example.com/x) \
                    [d](../../data/mnist) ![e](../../docs/page.png) [f](../../SECURITY.md)";
        assert_eq!(faults_of("examples/keras/README.md", text), [""; 0]);
    }

    #[test]
    fn links_that_lead_nowhere_are_found() {
        let cases = [
            ("[a](nothing.md)", "there is no web/nothing.md"),
            ("[a](../security.md)", "there is no security.md"),
            (
                "[a](../SECURITY.md#check)",
                "SECURITY.md has no heading #check",
            ),
            ("[a](#top)", "web/README.md has no heading #top"),
            ("[a](../../x.md)", "../../x.md leaves the repository"),
            ("[a](/SECURITY.md)", "/SECURITY.md leaves the repository"),
        ];
        for (text, fault) in cases {
            let found = faults_of("web/README.md", text);
            assert_eq!(found, [format!("web/README.md:1: {fault}")], "{text}");
        }
    }

    #[test]
    fn chapters_keep_to_the_book() {
        let found = faults_of("docs/src/one.md", "[a](../../SECURITY.md)");
        assert_eq!(found.len(), 1);
        assert!(found[0].contains("leaves the book"), "{found:?}");
    }
}
