//! Data and programs in documents are at least well formed.

use std::fs;
use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};

use anyhow::{Context as _, bail};

use crate::documents::{Block, Mark};

/// Parses a block by its language, unless it says that it can't be; `scratch` is a directory for files.
pub(super) fn check(block: &Block, scratch: &Path) -> anyhow::Result<()> {
    if block.mark == Some(Mark::NotRun) {
        return Ok(());
    }
    match block.language.as_deref() {
        Some("json") => {
            let parsed: Result<serde_json::Value, _> = serde_json::from_str(&block.text);
            parsed.map(drop).context("not JSON")
        }
        Some("toml") => toml::from_str::<toml::Table>(&block.text)
            .map(drop)
            .context("not TOML"),
        Some("python") => {
            let arguments = ["-c", "import ast, sys; ast.parse(sys.stdin.read())"];
            accepts(Command::new("python3").args(arguments), &block.text).context("not Python")
        }
        Some("js") => {
            let file = scratch.join("block.mjs");
            fs::write(&file, &block.text).context("can't write a block to a file")?;
            accepts(Command::new("node").arg("--check").arg(&file), "").context("not JavaScript")
        }
        _ => Ok(()),
    }
}

/// That a program accepts what it is given on standard input.
fn accepts(command: &mut Command, input: &str) -> anyhow::Result<()> {
    command.stdin(Stdio::piped()).stderr(Stdio::piped());
    let mut process = command.spawn().context("can't run what checks it")?;
    let mut stdin = process.stdin.take().context("its input is piped")?;
    stdin
        .write_all(input.as_bytes())
        .context("can't give it the block")?;
    drop(stdin);
    let output = process
        .wait_with_output()
        .context("can't run what checks it")?;
    if !output.status.success() {
        bail!("{}", String::from_utf8_lossy(&output.stderr).trim());
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use super::*;
    use crate::documents::Document;

    fn is_accepted(text: &str) -> bool {
        let document = Document::parse(PathBuf::from("README.md"), text);
        let scratch = tempfile::tempdir().unwrap();
        check(&document.blocks[0], scratch.path()).is_ok()
    }

    #[test]
    fn each_language_is_parsed() {
        let cases = [
            ("json", "{\"a\": [1]}", "{\"a\": [1}"),
            ("toml", "a = [1]", "a = [1"),
            ("python", "def f():\n    return 1", "def f():\nreturn 1"),
            ("js", "const a = await f();", "const a = ;"),
        ];
        for (language, good, bad) in cases {
            let fenced = |text| format!("```{language}\n{text}\n```\n");
            assert!(is_accepted(&fenced(good)), "{good}");
            assert!(!is_accepted(&fenced(bad)), "{bad}");
            let excused = format!("<!-- not run: a part -->\n{}", fenced(bad));
            assert!(is_accepted(&excused), "{excused}");
        }
    }
}
