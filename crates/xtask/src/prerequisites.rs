//! What the steps need on the machine besides Rust: checked before the first of them, and installed
//! by `cargo xtask setup`.
//!
//! Rust's own linker, a C compiler, isn't here: without one nothing here runs. What Cargo, pip and
//! npm bring is installed by the steps themselves.

mod found;

use std::fmt;
use std::process::Command;

use anyhow::{Context as _, bail};

use crate::npm;
use crate::shell::{run, say};
use crate::workspace::Workspace;

/// Something that steps need.
struct Prerequisite {
    name: &'static str,
    steps: &'static [&'static str],
    from: From,
    is_there: fn() -> bool,
}

/// Where it comes from.
#[derive(Clone, Copy, PartialEq)]
enum From {
    /// Packages of Debian and Ubuntu.
    Debian(&'static [&'static str]),
    /// A component of the toolchain.
    Rustup(&'static str),
    /// npm's package of Node, below the target directory.
    Npm,
}

const ALL: &[Prerequisite] = &[
    Prerequisite {
        name: "rustfmt",
        steps: &["fmt", "fuzz"],
        from: From::Rustup("rustfmt"),
        is_there: || found::runs("cargo", &["fmt", "--version"]),
    },
    Prerequisite {
        name: "clippy",
        steps: &["clippy", "lean"],
        from: From::Rustup("clippy"),
        is_there: || found::runs("cargo", &["clippy", "--version"]),
    },
    Prerequisite {
        name: "kill",
        steps: &["tests"],
        from: From::Debian(&["procps"]),
        is_there: || found::on_path("kill"),
    },
    Prerequisite {
        name: "PostgreSQL",
        steps: &["tests"],
        from: From::Debian(&["postgresql"]),
        is_there: found::postgres,
    },
    Prerequisite {
        name: "valgrind",
        steps: &["ctgrind"],
        from: From::Debian(&["valgrind"]),
        is_there: || found::runs("valgrind", &["--version"]),
    },
    Prerequisite {
        name: "curl",
        steps: &["commands"],
        from: From::Debian(&["curl", "ca-certificates"]),
        is_there: || found::runs("curl", &["--version"]),
    },
    Prerequisite {
        name: "Java 17 or later, for Spark",
        steps: &["python"],
        from: From::Debian(&["default-jre-headless"]),
        is_there: || found::runs("java", &["-version"]),
    },
    Prerequisite {
        name: "Python 3.10 or later with venv",
        steps: &["commands", "interop", "python", "deploy", "examples"],
        from: From::Debian(&["python3", "python3-venv"]),
        is_there: || found::runs("python3", &["-c", PYTHON]),
    },
    Prerequisite {
        name: "nginx",
        steps: &["deploy"],
        from: From::Debian(&["nginx-light"]),
        is_there: || found::on_path("nginx") || found::is_file("/usr/sbin/nginx"),
    },
    Prerequisite {
        name: "openssl",
        steps: &["deploy"],
        from: From::Debian(&["openssl"]),
        is_there: || found::runs("openssl", &["version"]),
    },
    Prerequisite {
        name: "systemd-analyze",
        steps: &["deploy"],
        from: From::Debian(&["systemd"]),
        is_there: || found::runs("systemd-analyze", &["--version"]),
    },
    Prerequisite {
        name: "npm",
        steps: &["commands", "interop", "release", "web"],
        from: From::Debian(&["nodejs", "npm"]),
        is_there: || found::on_path("npm"),
    },
    Prerequisite {
        name: "Node 20.3 or later",
        steps: &["commands", "interop", "release", "web"],
        from: From::Npm,
        is_there: || found::node().is_some_and(|version| version >= (20, 3)),
    },
    Prerequisite {
        name: "Chromium",
        steps: &["web"],
        from: From::Debian(&["chromium"]),
        is_there: found::chromium,
    },
    Prerequisite {
        name: "a font",
        steps: &["web"],
        from: From::Debian(&["fonts-dejavu-core"]),
        is_there: found::font,
    },
    Prerequisite {
        name: "a C++ compiler",
        steps: &["fuzz"],
        from: From::Debian(&["g++"]),
        is_there: || found::runs("c++", &["--version"]),
    },
];

/// Fails without a new enough Python that can make virtual environments.
const PYTHON: &str = "import ensurepip, venv, sys; sys.exit(sys.version_info < (3, 10))";

/// Checks that everything that the steps of these names need is there; the error says in one line
/// what isn't, and how to get it.
pub(crate) fn check<'a>(steps: impl IntoIterator<Item = &'a str>) -> anyhow::Result<()> {
    let steps: Vec<&str> = steps.into_iter().collect();
    let is_needed = |needed: &&Prerequisite| needed.steps.iter().any(|step| steps.contains(step));
    let missing = missing(ALL.iter().filter(is_needed));
    if !missing.is_empty() {
        bail!("{}", Missing(&missing, &Debian::here()));
    }
    Ok(())
}

/// Installs whatever is missing.
pub(crate) fn install(workspace: &Workspace) -> anyhow::Result<()> {
    let debian = Debian::here();
    // npm's packages need Debian's.
    let stages: [fn(From) -> bool; 2] = [|from| from != From::Npm, |from| from == From::Npm];
    for is_now in stages {
        let missing = missing(ALL.iter().filter(|all| is_now(all.from)));
        for words in commands(&missing, &debian) {
            say(format!("+ {}", words.join(" ")));
            let (program, arguments) = words.split_first().context("a command has words")?;
            let mut command = Command::new(program);
            command.args(arguments).current_dir(workspace.root());
            command.env("DEBIAN_FRONTEND", "noninteractive");
            run(&mut command)?;
        }
    }
    let missing = missing(ALL);
    if !missing.is_empty() {
        bail!("still {}", Missing(&missing, &debian));
    }
    say("everything that the steps need is there");
    Ok(())
}

fn missing<'a>(wanted: impl IntoIterator<Item = &'a Prerequisite>) -> Vec<&'a Prerequisite> {
    let wanted = wanted.into_iter();
    wanted.filter(|wanted| !(wanted.is_there)()).collect()
}

/// The peculiarities of the system that we run on.
struct Debian {
    is_root: bool,
    /// Ubuntu has Chromium by another name.
    is_ubuntu: bool,
}

impl Debian {
    fn here() -> Self {
        Self {
            is_root: found::output("id", &["-u"]).is_some_and(|id| id.trim() == "0"),
            is_ubuntu: found::system().lines().any(|line| line == "ID=ubuntu"),
        }
    }

    fn package(&self, name: &'static str) -> &'static str {
        match name {
            "chromium" if self.is_ubuntu => "chromium-browser",
            _ => name,
        }
    }

    fn apt_get(&self, arguments: &[&str]) -> Vec<String> {
        let sudo: &[&str] = if self.is_root { &[] } else { &["sudo"] };
        let words = [sudo, &["apt-get"], arguments].concat();
        words.into_iter().map(str::to_owned).collect()
    }
}

/// The commands that get all of these, in words.
fn commands(missing: &[&Prerequisite], debian: &Debian) -> Vec<Vec<String>> {
    let (mut packages, mut components, mut is_node_old) = (Vec::new(), Vec::new(), false);
    for prerequisite in missing {
        match prerequisite.from {
            From::Debian(names) => packages.extend(names.iter().map(|name| debian.package(name))),
            From::Rustup(name) => components.push(name),
            From::Npm => is_node_old = true,
        }
    }
    let mut commands = Vec::new();
    // Node comes with npm, and only then shows whether it is too old.
    is_node_old &= !packages.contains(&"npm");
    if !packages.is_empty() {
        let install = ["install", "--yes", "--no-install-recommends"];
        commands.push(debian.apt_get(&["update"]));
        commands.push(debian.apt_get(&[&install[..], &packages].concat()));
    }
    if !components.is_empty() {
        let words = [&["rustup", "component", "add"], &components[..]].concat();
        commands.push(words.into_iter().map(str::to_owned).collect());
    }
    if is_node_old {
        commands.push(npm::install_node());
    }
    commands
}

/// What is missing and how to get it, in one line.
struct Missing<'a>(&'a [&'a Prerequisite], &'a Debian);

impl fmt::Display for Missing<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self(missing, debian) = self;
        let describe = |one: &&Prerequisite| format!("{} (for {})", one.name, one.steps.join(", "));
        let names: Vec<_> = missing.iter().map(describe).collect();
        let commands = commands(missing, debian);
        let commands: Vec<_> = commands.iter().map(|words| words.join(" ")).collect();
        let (names, commands) = (names.join(", "), commands.join(" && "));
        write!(
            f,
            "missing: {names}; on Debian and Ubuntu, `cargo xtask setup` runs `{commands}`"
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::steps;

    fn named(names: &[&str]) -> Vec<&'static Prerequisite> {
        ALL.iter().filter(|one| names.contains(&one.name)).collect()
    }

    const ROOT: Debian = Debian {
        is_root: true,
        is_ubuntu: false,
    };

    #[test]
    fn a_line_names_all_that_is_missing_and_the_commands() {
        let missing = named(&["clippy", "valgrind", "Python 3.10 or later with venv"]);
        assert_eq!(
            Missing(&missing, &ROOT).to_string(),
            "missing: clippy (for clippy, lean), valgrind (for ctgrind), Python 3.10 or later with venv \
             (for commands, interop, python, deploy, examples); on Debian and Ubuntu, `cargo xtask setup` runs `apt-get update && apt-get install --yes \
             --no-install-recommends valgrind python3 python3-venv && rustup component add clippy`"
        );
    }

    #[test]
    fn others_than_root_use_sudo_and_ubuntu_has_its_own_name_of_chromium() {
        let user = Debian {
            is_root: false,
            is_ubuntu: true,
        };
        let commands = commands(&named(&["Chromium"]), &user);
        let last = commands.last().unwrap().join(" ");
        assert_eq!(
            last,
            "sudo apt-get install --yes --no-install-recommends chromium-browser"
        );
    }

    #[test]
    fn a_newer_node_is_installed_by_an_npm_that_is_there() {
        let without_npm = commands(&named(&["npm", "Node 20.3 or later"]), &ROOT);
        assert_eq!(without_npm.len(), 2);
        assert_eq!(
            commands(&named(&["Node 20.3 or later"]), &ROOT),
            [npm::install_node()]
        );
    }

    /// A misspelt step would never be checked for what it needs.
    #[test]
    fn the_steps_named_exist() {
        for step in ALL.iter().flat_map(|one| one.steps) {
            assert!(
                steps::ALL.concat().iter().any(|known| known.name == *step),
                "{step}"
            );
        }
    }
}
