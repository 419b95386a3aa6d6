//! Settings from environment variables: `VEILCAST_MAX_CONNECTIONS`, and `VEILCAST_TLS__CERTIFICATE` for one of a table.

use std::ffi::OsString;

use anyhow::{Context as _, bail};
use toml::Value;

use super::known::{Kind, find, nearest};

const PREFIX: &str = "VEILCAST_";
/// Where the configuration file is.
pub(super) const CONFIG: &str = "VEILCAST_CONFIG";
/// The program's variables that aren't settings of the service, and prefixes of those for its
/// tests.
const OTHERS: &[&str] = &["KERNEL", "TOKEN", "TOKEN_FILE", "CONFIG", "CTGRIND"];
const OTHERS_BEGIN: &str = "TEST_";

/// A setting that a variable gives.
pub(super) struct Given {
    pub(super) variable: String,
    pub(super) name: String,
    pub(super) value: Value,
}

/// The settings among these variables. Empty ones are ignored.
pub(super) fn given(
    variables: impl IntoIterator<Item = (OsString, OsString)>,
) -> anyhow::Result<Vec<Given>> {
    let mut given = Vec::new();
    for (variable, text) in variables {
        let Some(variable) = variable.to_str().filter(|name| name.starts_with(PREFIX)) else {
            continue;
        };
        let name = &variable[PREFIX.len()..];
        if OTHERS.contains(&name) || name.starts_with(OTHERS_BEGIN) || text.is_empty() {
            continue;
        }
        let name = name.to_ascii_lowercase().replace("__", ".");
        let Some(known) = find(&name) else {
            let nearest = variable_of(&nearest(&name));
            bail!("the environment variable {variable} sets nothing: did you mean {nearest}?");
        };
        let text = text
            .to_str()
            .with_context(|| format!("the environment variable {variable} is not text"))?;
        let value = value(known.kind, text.trim());
        let value = value.with_context(|| format!("the environment variable {variable}"))?;
        given.push(Given {
            variable: variable.to_owned(),
            name,
            value,
        });
    }
    Ok(given)
}

/// The variable that sets a setting.
pub(crate) fn variable_of(name: &str) -> String {
    format!("{PREFIX}{}", name.replace('.', "__").to_ascii_uppercase())
}

fn value(kind: Kind, text: &str) -> anyhow::Result<Value> {
    let digits = || text.replace('_', "");
    Ok(match kind {
        Kind::Bool => match text {
            "true" => true.into(),
            "false" => false.into(),
            _ => bail!("`{text}` is neither true nor false"),
        },
        Kind::Integer => digits()
            .parse::<i64>()
            .with_context(|| format!("`{text}` isn't a whole number"))?
            .into(),
        Kind::Float => digits()
            .parse::<f64>()
            .with_context(|| format!("`{text}` isn't a number"))?
            .into(),
        Kind::Text | Kind::Word(_) => text.into(),
        Kind::List => {
            let items = text.split(',').map(|item| Value::from(item.trim()));
            Value::Array(items.collect())
        }
    })
}
