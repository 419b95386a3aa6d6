//! Commands of the program in documents, whether they are run or not, have verbs and options that
//! the program has.

use std::collections::HashMap;
use std::path::Path;
use std::process::Command;

use anyhow::Context as _;

use super::script::of_console;
use crate::documents::Document;

/// The commands whose verb or options the program doesn't know.
pub(super) fn faults(program: &Path, documents: &[Document]) -> anyhow::Result<Vec<String>> {
    let mut helps = HashMap::new();
    let mut faults = Vec::new();
    for document in documents {
        for (line, command) in commands(document) {
            let (verb, options) = taken_apart(&command);
            if !helps.contains_key(&verb) {
                helps.insert(verb.clone(), help(program, &verb)?);
            }
            match &helps[&verb] {
                None => faults.push(format!(
                    "{}: there is no `veilcast {}`",
                    document.at(line),
                    verb.join(" ")
                )),
                Some(help) => {
                    faults.extend(options.iter().filter(|option| !names(help, option)).map(
                        |option| {
                            format!(
                                "{}: `veilcast {}` has no option {option}",
                                document.at(line),
                                verb.join(" ")
                            )
                        },
                    ))
                }
            }
        }
    }
    Ok(faults)
}

/// Every command that begins with the program's name, by the line of its block or text.
fn commands(document: &Document) -> Vec<(usize, String)> {
    let mut commands = Vec::new();
    for block in &document.blocks {
        let lines = match block.language.as_deref() {
            Some("console") => of_console(&block.text).join("\n"),
            Some("sh") => block.text.clone(),
            _ => continue,
        };
        for command in lines.replace("\\\n", " ").lines() {
            let words = command.split_whitespace();
            let words: Vec<_> = words.skip_while(|word| word.contains('=')).collect();
            if words.first() == Some(&"veilcast") {
                commands.push((block.line, words.join(" ")));
            }
        }
    }
    let codes = document
        .codes
        .iter()
        .filter(|code| code.text.starts_with("veilcast "));
    commands.extend(codes.map(|code| (code.line, code.text.clone())));
    commands
}

/// The verb of a command, of one or two words, and its options.
fn taken_apart(command: &str) -> (Vec<String>, Vec<&str>) {
    let ends = ["|", "&&", "||", ";", ">", "&", "#"];
    let words = command.split_whitespace().skip(1);
    // What `help` is asked about.
    let words = words.skip_while(|word| *word == "help");
    let words: Vec<_> = words.take_while(|word| !ends.contains(word)).collect();
    let is_verb = |word: &&&str| word.chars().all(|c| c.is_ascii_lowercase());
    let has_verbs = matches!(words.first(), Some(&"pool" | &"token" | &"voucher"));
    let most = if has_verbs { 2 } else { 1 };
    let verb = words.iter().take_while(is_verb).take(most);
    let verb = verb.map(|word| (*word).to_owned()).collect();
    let options = words.iter().filter(|word| word.starts_with("--"));
    (
        verb,
        options
            .map(|word| word.split('=').next().unwrap_or(word))
            .collect(),
    )
}

/// What the program says about a verb, or none if it doesn't know it.
fn help(program: &Path, verb: &[String]) -> anyhow::Result<Option<String>> {
    let mut command = Command::new(program);
    let output = command.args(verb).arg("--help").output();
    let output = output.with_context(|| format!("can't run {}", program.display()))?;
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    Ok(output.status.success().then_some(text))
}

/// Whether a text has an option as a whole word.
fn names(help: &str, option: &str) -> bool {
    let mut words = help.split(|c: char| !c.is_ascii_alphanumeric() && c != '-');
    words.any(|word| word == option)
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use super::*;

    #[test]
    fn commands_are_found_wherever_they_are() {
        let text = "Say `veilcast keygen --out key.json`.\n```console\n$ A=b veilcast serve \\\n>   --model m &\n```\n\
                    ```sh\nveilcast pool fill --key k | wc --lines\nveilcast help token add\n```\n```text\nveilcast x\n```\n";
        let document = Document::parse(PathBuf::from("README.md"), text);
        let commands: Vec<_> = commands(&document)
            .into_iter()
            .map(|(_, command)| command)
            .collect();
        let apart: Vec<_> = commands
            .iter()
            .map(|command| taken_apart(command))
            .collect();
        let expected = [
            (vec!["serve"], vec!["--model"]),
            (vec!["pool", "fill"], vec!["--key"]),
            (vec!["token", "add"], vec![]),
            (vec!["keygen"], vec!["--out"]),
        ];
        assert_eq!(
            apart,
            expected
                .map(|(verb, options)| (verb.iter().map(|v| (*v).to_owned()).collect(), options))
        );
    }

    #[test]
    fn options_are_whole_words() {
        assert!(names("  --key-bits <BITS>  Size", "--key-bits"));
        assert!(!names("  --key-bits <BITS>  Size", "--key"));
    }
}
