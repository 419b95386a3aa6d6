//! A model as the configuration names it.

use std::fmt;
use std::path::PathBuf;

use serde::de::value::MapAccessDeserializer;
use serde::de::{MapAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize};

/// A model that is to be served: `{ path = "models/digits", default = true }`, or the path alone.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ModelSetting {
    /// The model's directory. Its name and version are in its card.
    pub path: PathBuf,
    /// Whether this version answers requests that name none. Without any such version, the last one does.
    pub default: bool,
}

impl From<PathBuf> for ModelSetting {
    fn from(path: PathBuf) -> Self {
        Self {
            path,
            default: false,
        }
    }
}

impl<'de> Deserialize<'de> for ModelSetting {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(deny_unknown_fields)]
        struct Table {
            path: PathBuf,
            #[serde(default)]
            default: bool,
        }

        struct PathOrTable;

        impl<'de> Visitor<'de> for PathOrTable {
            type Value = ModelSetting;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a model's directory, or a table such as { path = \"models/digits\", default = true }")
            }

            fn visit_str<E>(self, path: &str) -> Result<ModelSetting, E> {
                Ok(PathBuf::from(path).into())
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<ModelSetting, A::Error> {
                let Table { path, default } = Table::deserialize(MapAccessDeserializer::new(map))?;
                Ok(ModelSetting { path, default })
            }
        }

        deserializer.deserialize_any(PathOrTable)
    }
}
