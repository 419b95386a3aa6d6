//! A service's settings, from the command line, the environment and a file, in this order of precedence.

pub(crate) mod environment;
mod known;
pub(crate) mod shown;

use std::collections::BTreeMap;
use std::env;
use std::ffi::OsString;
use std::fmt;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};
use serde::Deserialize as _;
use toml::{Table, Value};
use veilcast_server::Config;

use crate::files;

/// Largest configuration file, in bytes.
const MAX_CONFIG_BYTES: u64 = 1 << 20;

/// Lists to which the command line adds, and which it doesn't replace.
const ADDED: [&str; 2] = ["models", "sealing_keys"];

/// The sources of settings, which can be read again.
pub(crate) struct Sources {
    file: Option<PathBuf>,
    /// The settings from the command line, by name.
    command_line: Table,
}

/// The settings in effect, and the sources of those that aren't defaults.
pub(crate) struct Settings {
    pub(crate) config: Config,
    origins: BTreeMap<String, Origin>,
}

/// Where a setting comes from.
#[derive(Clone)]
enum Origin {
    File,
    Environment(String),
    CommandLine,
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File => f.write_str("file"),
            Self::Environment(variable) => f.write_str(variable),
            Self::CommandLine => f.write_str("command line"),
        }
    }
}

impl Sources {
    /// A file, or the one that the environment names, and what the command line says.
    pub(crate) fn new(file: Option<PathBuf>, command_line: Table) -> Self {
        let named = || {
            let named = env::var_os(environment::CONFIG)?;
            (!named.is_empty()).then(|| named.into())
        };
        Self {
            file: file.or_else(named),
            command_line,
        }
    }

    /// Reads everything.
    ///
    /// # Errors
    /// If there is an unknown setting, or an invalid value.
    pub(crate) fn read(&self) -> anyhow::Result<Settings> {
        self.read_with(env::vars_os())
    }

    fn read_with(
        &self,
        variables: impl IntoIterator<Item = (OsString, OsString)>,
    ) -> anyhow::Result<Settings> {
        let mut table = Table::new();
        let mut origins = BTreeMap::new();
        if let Some(path) = &self.file {
            table = read_file(path)?;
            let names = names(&table).into_iter();
            origins.extend(names.map(|name| (name, Origin::File)));
        }
        for given in environment::given(variables)? {
            insert(&mut table, &given.name, given.value);
            let origin = Origin::Environment(given.variable.clone());
            origins.insert(given.name, origin);
            // One by one, so that an error has its variable.
            config_of(&table)
                .with_context(|| format!("the environment variable {}", given.variable))?;
        }
        for (name, value) in &self.command_line {
            let mut value = value.clone();
            if let (Value::Array(more), Some(Value::Array(given))) = (
                &mut value,
                table.get(name).filter(|_| ADDED.contains(&&**name)),
            ) {
                more.splice(0..0, given.clone());
            }
            insert(&mut table, name, value);
            origins.insert(name.clone(), Origin::CommandLine);
        }
        Ok(Settings {
            config: config_of(&table)?,
            origins,
        })
    }
}

impl Settings {
    /// These settings for a service that runs with the `current` ones, and the names of those that
    /// differ but need a restart: they stay as they are.
    pub(crate) fn changed_from(&self, current: &Config) -> anyhow::Result<(Config, Vec<String>)> {
        let running = Table::try_from(current)?;
        let mut next = Table::try_from(&self.config)?;
        let names: Vec<String> = running.keys().chain(next.keys()).cloned().collect();
        let mut fixed = Vec::new();
        for name in names {
            if running.get(&name) == next.get(&name) || Config::CHANGEABLE.contains(&&*name) {
                continue;
            }
            match running.get(&name) {
                Some(value) => next.insert(name.clone(), value.clone()),
                None => next.remove(&name),
            };
            fixed.push(name);
        }
        Ok((config_of(&next)?, fixed))
    }
}

fn config_of(table: &Table) -> Result<Config, toml::de::Error> {
    Config::deserialize(table.clone())
}

fn read_file(path: &Path) -> anyhow::Result<Table> {
    let unusable = || format!("can't use the configuration {}", path.display());
    let text = String::from_utf8(files::read(path, MAX_CONFIG_BYTES)?).with_context(unusable)?;
    let table: Table = toml::from_str(&text).with_context(unusable)?;
    for name in names(&table) {
        if known::find(&name).is_none() {
            let nearest = known::nearest(&name);
            let unknown =
                anyhow::anyhow!("there is no setting `{name}`: did you mean `{nearest}`?");
            return Err(unknown).with_context(unusable);
        }
    }
    // For the location of an invalid value.
    toml::from_str::<Config>(&text).with_context(unusable)?;
    Ok(table)
}

/// The names of all settings in a table, with the tables that they are in.
fn names(table: &Table) -> Vec<String> {
    let mut names = Vec::new();
    for (name, value) in table {
        match value {
            Value::Table(inner) => {
                let inner = self::names(inner).into_iter();
                names.extend(inner.map(|inner| format!("{name}.{inner}")));
            }
            _ => names.push(name.clone()),
        }
    }
    names
}

/// Sets a setting, in the table that its name says.
fn insert(table: &mut Table, name: &str, value: Value) {
    match name.split_once('.') {
        None => {
            table.insert(name.to_owned(), value);
        }
        Some((outer, inner)) => {
            let entry = table.entry(outer).or_insert_with(|| Table::new().into());
            if !entry.is_table() {
                *entry = Table::new().into();
            }
            if let Value::Table(table) = entry {
                insert(table, inner, value);
            }
        }
    }
}

/// Paths as the command line gives them.
pub(crate) fn paths(paths: &[PathBuf]) -> anyhow::Result<Value> {
    let mut texts = Vec::new();
    for path in paths {
        let Some(path) = path.to_str() else {
            bail!(
                "the path {} is not text: give it another name",
                path.display()
            );
        };
        texts.push(path.into());
    }
    Ok(Value::Array(texts))
}

#[cfg(test)]
mod tests {
    use super::known::{Kind, known};
    use super::*;

    fn read(variables: &[(&str, &str)]) -> anyhow::Result<Settings> {
        let variables = variables
            .iter()
            .map(|(name, text)| (name.into(), text.into()));
        Sources::new(None, Table::new()).read_with(variables)
    }

    /// A text for a setting, other than its default, and the value that it is.
    fn other(name: &str, kind: Kind, default: Option<&Value>) -> (String, Value) {
        match (name, kind, default) {
            ("models", ..) => {
                let model = |path: &str| {
                    let path = ("path".to_owned(), path.into());
                    Value::Table(
                        [path, ("default".to_owned(), false.into())]
                            .into_iter()
                            .collect(),
                    )
                };
                let models = vec![model("models/digits"), model("other")];
                ("models/digits, other".to_owned(), models.into())
            }
            ("listen" | "operator_listen", ..) => {
                let addresses = vec![Value::from("127.0.0.1:1"), "unix:/run/a".into()];
                ("127.0.0.1:1,unix:/run/a".to_owned(), addresses.into())
            }
            ("ledger.when_away", ..) => ("allow".to_owned(), "allow".into()),
            ("unix_socket_mode", ..) => ("0600".to_owned(), "0600".into()),
            ("tls.client_certificates", ..) => ("optional".to_owned(), "optional".into()),
            (_, Kind::Bool, Some(Value::Boolean(default))) => {
                ((!default).to_string(), (!default).into())
            }
            (_, Kind::Bool, _) => ("true".to_owned(), true.into()),
            (_, Kind::Integer, default) => {
                let other = default.and_then(Value::as_integer).unwrap_or(1) + 1;
                (other.to_string(), other.into())
            }
            (_, Kind::Float, _) => ("17.5".to_owned(), 17.5.into()),
            (_, Kind::Word(words), _) => {
                let word = words.last().copied().unwrap_or_default();
                (word.to_owned(), word.into())
            }
            (_, Kind::Text, _) => ("/some/file".to_owned(), "/some/file".into()),
            (_, Kind::List, _) => ("one, two".to_owned(), vec!["one", "two"].into()),
        }
    }

    fn at<'a>(table: &'a Table, name: &str) -> Option<&'a Value> {
        match name.split_once('.') {
            None => table.get(name),
            Some((outer, inner)) => at(table.get(outer)?.as_table()?, inner),
        }
    }

    #[test]
    fn every_setting_has_its_variable() {
        let defaults = Table::try_from(Config::default()).unwrap();
        let settings = known();
        assert!(settings.len() > 15);
        for known in settings {
            let (text, value) = other(&known.name, known.kind, at(&defaults, &known.name));
            let variable = environment::variable_of(&known.name);
            let set = read(&[(&variable, &text)]).unwrap();
            let table = Table::try_from(&set.config).unwrap();
            assert_eq!(at(&table, &known.name), Some(&value), "{variable}={text}");
            assert_eq!(set.origins[&known.name].to_string(), variable);
        }
    }

    #[test]
    fn a_variable_that_sets_nothing_or_nonsense_is_refused() {
        let refusal = |name: &str, text: &str| {
            let error = read(&[(name, text)]).err().unwrap();
            format!("{error:#}")
        };
        assert_eq!(
            refusal("VEILCAST_MAX_CONECTIONS", "1"),
            "the environment variable VEILCAST_MAX_CONECTIONS sets nothing: did you mean VEILCAST_MAX_CONNECTIONS?"
        );
        for (name, text, what) in [
            (
                "VEILCAST_MAX_CONNECTIONS",
                "many",
                "`many` isn't a whole number",
            ),
            ("VEILCAST_PAGE", "yes", "`yes` is neither true nor false"),
            ("VEILCAST_BODY_TIMEOUT_SECONDS", "x", "`x` isn't a number"),
            ("VEILCAST_BODY_TIMEOUT_SECONDS", "-1", "0 to 86400 seconds"),
            ("VEILCAST_LISTEN", "nowhere", "`nowhere` isn't an address"),
        ] {
            let refusal = refusal(name, text);
            assert!(
                refusal.starts_with(&format!("the environment variable {name}")),
                "{refusal}"
            );
            assert!(refusal.contains(what), "{refusal}");
        }
        // Variables that other verbs and the tests read are left alone, and so are empty ones.
        let others = [
            ("VEILCAST_TOKEN", "t"),
            ("VEILCAST_KERNEL", "adx"),
            ("VEILCAST_TEST_POOL", "p"),
            ("VEILCAST_MAX_CONNECTIONS", ""),
            ("HOME", "/"),
        ];
        assert_eq!(read(&others).unwrap().config, Config::default());
    }

    #[test]
    fn what_needs_a_restart_stays_and_is_named() {
        let running = Config::default();
        let read = read(&[
            ("VEILCAST_MAX_CONNECTIONS", "7"),
            ("VEILCAST_RETRY_AFTER_SECONDS", "9"),
            ("VEILCAST_MODELS", "a"),
        ]);
        let (next, fixed) = read.unwrap().changed_from(&running).unwrap();
        assert_eq!(fixed, ["max_connections"]);
        assert_eq!(next.max_connections, running.max_connections);
        assert_eq!(next.retry_after.as_secs(), 9);
        assert_eq!(next.models.len(), 1);
    }
}
