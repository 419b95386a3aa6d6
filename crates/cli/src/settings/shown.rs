//! The settings in effect, for operators: a configuration file that says where each value comes
//! from.

use std::fmt;

use serde::Serialize;
use toml::{Table, Value};

use super::{Origin, Settings, known, names};

/// The settings in effect. Passwords in addresses are left out.
#[derive(Serialize)]
#[serde(transparent)]
pub(crate) struct Shown {
    table: Table,
    #[serde(skip)]
    origins: std::collections::BTreeMap<String, Origin>,
}

impl Shown {
    pub(crate) fn new(settings: &Settings) -> anyhow::Result<Self> {
        let mut table = Table::try_from(&settings.config)?;
        table.iter_mut().for_each(|(_, value)| hide(value));
        Ok(Self {
            table,
            origins: settings.origins.clone(),
        })
    }

    fn line(
        &self,
        f: &mut fmt::Formatter<'_>,
        name: &str,
        key: &str,
        value: &Value,
    ) -> fmt::Result {
        write!(f, "{key} = {value}")?;
        match self.origins.get(name) {
            Some(origin) => writeln!(f, " # {origin}"),
            None => writeln!(f),
        }
    }
}

impl fmt::Display for Shown {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (tables, values): (Vec<_>, Vec<_>) =
            self.table.iter().partition(|(_, value)| value.is_table());
        for (key, value) in values {
            self.line(f, key, key, value)?;
        }
        let given = names(&self.table);
        let unset = known::known().into_iter().map(|known| known.name);
        for name in unset.filter(|name| !given.contains(name)) {
            writeln!(f, "# {name} is not set")?;
        }
        for (outer, table) in tables {
            writeln!(f, "\n[{outer}]")?;
            for (key, value) in table.as_table().into_iter().flatten() {
                self.line(f, &format!("{outer}.{key}"), key, value)?;
            }
        }
        Ok(())
    }
}

/// Replaces the passwords of addresses such as `postgres://user:password@host/ledger`.
fn hide(value: &mut Value) {
    match value {
        Value::String(text) => {
            if let Some(hidden) = without_password(text) {
                *text = hidden;
            }
        }
        Value::Array(items) => items.iter_mut().for_each(hide),
        Value::Table(table) => table.iter_mut().for_each(|(_, value)| hide(value)),
        _ => {}
    }
}

fn without_password(text: &str) -> Option<String> {
    let (scheme, rest) = text.split_once("://")?;
    let end = rest.find(['/', '?']).unwrap_or(rest.len());
    let (authority, path) = rest.split_at(end);
    let shown = match authority.rsplit_once('@') {
        Some((credentials, host)) => {
            let user = credentials.split(':').next().unwrap_or_default();
            format!("{user}:(set)@{host}")
        }
        None => authority.to_owned(),
    };
    // Drivers take passwords as parameters too.
    let path = path.split('?').next().unwrap_or_default();
    Some(format!("{scheme}://{shown}{path}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn passwords_are_not_shown() {
        for (text, shown) in [
            (
                "postgres://u:hush@db/ledger",
                Some("postgres://u:(set)@db/ledger"),
            ),
            ("postgres://u:hu@sh@db:1", Some("postgres://u:(set)@db:1")),
            (
                "postgres://db/ledger?password=hush",
                Some("postgres://db/ledger"),
            ),
            ("https://example.org", Some("https://example.org")),
            ("127.0.0.1:8080", None),
            ("unix:/run/a", None),
        ] {
            assert_eq!(without_password(text).as_deref(), shown, "{text}");
        }
    }
}
