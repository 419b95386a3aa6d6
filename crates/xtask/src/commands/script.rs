//! A document's commands as one script.
//!
//! In a `console` block, lines that begin with `$ ` are commands, `> ` continues one, and the
//! others are output, which isn't compared. An `sh` block is all commands.

use std::net::{Ipv4Addr, TcpListener};

use anyhow::Context as _;

use crate::documents::{Document, Mark};

/// The ports in the documents, which may be taken where the test runs.
const PORTS: std::ops::RangeInclusive<u16> = 8080..=8083;

/// Asks a service whether it is ready: it listens before it has loaded its models.
const READY: &str = "curl --silent --fail --output /dev/null http://";

/// The commands of the blocks that are to be run, in order.
pub(super) fn commands(document: &Document) -> Vec<String> {
    let blocks = document.blocks.iter();
    let marked = blocks.filter(|block| block.mark == Some(Mark::Run));
    marked
        .flat_map(|block| match block.language.as_deref() {
            Some("console") => of_console(&block.text),
            _ => vec![block.text.clone()],
        })
        .collect()
}

/// The commands of a `console` block.
pub(super) fn of_console(text: &str) -> Vec<String> {
    let mut commands: Vec<String> = Vec::new();
    for line in text.lines() {
        if let Some(command) = line.strip_prefix("$ ") {
            commands.push(command.to_owned());
        } else if let (Some(more), Some(last)) = (line.strip_prefix("> "), commands.last_mut()) {
            *last = format!("{last}\n{more}");
        }
    }
    commands
}

/// The commands as one script, which shows each, and waits for the services that it starts.
pub(super) fn script(commands: &[String]) -> anyhow::Result<String> {
    let mut script = "trap 'kill $(jobs -p) 2>/dev/null || true' EXIT\nset -v\n".to_owned();
    let mut text = commands.join("\n");
    for port in PORTS {
        let named = format!(":{port}");
        if text.contains(&named) {
            text = text.replace(&named, &format!(":{}", free_port()?));
        }
    }
    for line in text.lines() {
        script.extend([line, "\n"]);
        if let Some(address) = listening(line) {
            script += &format!(
                "for try in {{1..100}}; do {READY}{address}/v2/health/ready && break; sleep 0.1; done\n"
            );
        }
    }
    Ok(script)
}

/// Where a command listens that continues in the background.
fn listening(line: &str) -> Option<String> {
    let (_, rest) = line.strip_suffix('&')?.split_once("--listen ")?;
    let address = rest.split_whitespace().next()?;
    Some(address.to_owned())
}

fn free_port() -> anyhow::Result<u16> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).context("no port is free")?;
    Ok(listener
        .local_addr()
        .context("the listener has no address")?
        .port())
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use super::*;

    #[test]
    fn only_marked_commands_are_taken() {
        let text = "<!-- not run: no -->\n```console\n$ no\n```\n<!-- run -->\n```console\n$ one \\\n>   more\n\
                    its output\n$ two\n```\n<!-- run -->\n```sh\nthree\nfour\n```\n```text\nno\n```\n";
        let document = Document::parse(PathBuf::from("README.md"), text);
        assert_eq!(
            commands(&document),
            ["one \\\n  more", "two", "three\nfour\n"]
        );
    }

    #[test]
    fn services_get_free_ports_and_are_waited_for() {
        let commands = [
            "serve --listen 127.0.0.1:8080 &",
            "ask http://127.0.0.1:8080",
        ];
        let script = script(&commands.map(str::to_owned)).unwrap();
        assert!(!script.contains("8080"), "{script}");
        let (_, port) = script.rsplit_once("http://127.0.0.1:").unwrap();
        let wait = format!(
            "&\nfor try in {{1..100}}; do {READY}127.0.0.1:{}/v2/health/ready",
            port.trim()
        );
        assert!(script.contains(&wait), "{script}");
    }
}
