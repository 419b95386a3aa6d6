//! What `inspect` reports of a table's columns: what they are, what they hold, and what happens to
//! cells that the model doesn't know.

use std::collections::BTreeMap;

use serde::Serialize;
use veilcast_card::{About, Input, UnknownCategory};

use super::line::line;

/// Most categories of a column that are shown.
const SHOWN: usize = 12;

#[derive(Serialize)]
pub(super) struct ColumnFacts {
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    about: BTreeMap<String, About>,
    /// The categories of columns of texts.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    categories: BTreeMap<String, Vec<String>>,
    /// What happens to others.
    #[serde(skip_serializing_if = "Option::is_none")]
    unknown_category: Option<UnknownCategory>,
    /// The spellings of a missing cell.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    missing: Vec<String>,
}

impl ColumnFacts {
    pub(super) fn of(input: &Input) -> Self {
        let names = input.features.iter().flatten();
        let mut unknown_category = None;
        let categories = names.filter_map(|name| {
            let (categories, unknown) = input.preprocessing.categories(name)?;
            unknown_category = Some(unknown);
            Some((name.clone(), categories.to_vec()))
        });
        Self {
            about: input.about.clone(),
            categories: categories.collect(),
            unknown_category,
            missing: input.preprocessing.missing.clone(),
        }
    }

    /// Lines about the columns of which there is more to say than the name.
    pub(super) fn of_columns(&self, columns: &[String]) -> String {
        let lines = columns.iter().filter_map(|name| {
            let mut text = String::new();
            if let Some(About {
                label,
                unit,
                description,
            }) = self.about.get(name)
            {
                text.push_str(label.as_deref().unwrap_or(name));
                if let Some(unit) = unit {
                    text.push_str(&format!(" in {unit}"));
                }
                if let Some(description) = description {
                    text.push_str(&format!(". {description}"));
                }
            }
            if let Some(categories) = self.categories.get(name) {
                let shown = &categories[..categories.len().min(SHOWN)];
                let more = match categories.len() - shown.len() {
                    0 => String::new(),
                    more => format!(" and {more} more"),
                };
                let others = match self.unknown_category {
                    Some(UnknownCategory::Zeros) => "others count as none of them",
                    Some(UnknownCategory::Error) | None => "others are refused",
                };
                let between = if text.is_empty() { "" } else { "; " };
                text.push_str(&format!("{between}{}{more}, {others}", shown.join(", ")));
            }
            let text = (!text.is_empty()).then(|| format!("{name}: {text}"))?;
            Some(format!("{}\n", line("", text)))
        });
        lines.collect()
    }
}
