//! Which columns of a file the model takes.

use std::collections::{HashMap, HashSet};

use crate::error::ReadError;
use crate::record::{IgnoredColumns, Options};
use crate::table::Rows;
use veilcast_card::{Input, list};

/// Where the cells of a record are in a row.
pub(super) struct Places {
    /// The column of each raw feature.
    pub(super) columns: Vec<usize>,
    /// The columns that are kept with the records.
    pub(super) kept: Vec<usize>,
    /// The columns that only count or name the rows, which are left out although nobody said so.
    pub(super) left_out: Vec<String>,
}

/// The header doesn't suit the model.
pub(super) enum Problem {
    Header(String),
    Extra(Vec<String>),
}

impl Problem {
    pub(super) fn in_file(self, file: &str) -> ReadError {
        let file = file.to_owned();
        match self {
            Self::Header(problem) => ReadError::Header { file, problem },
            Self::Extra(columns) => ReadError::ExtraColumns { file, columns },
        }
    }
}

/// Finds the columns by name. Those of an image may have any names, if there are as many as pixels.
pub(super) fn places(input: &Input, rows: &Rows, options: &Options) -> Result<Places, Problem> {
    let header = rows.header();
    let features = input.raw_features();
    let names: Vec<String> = (0..features)
        .map(|index| input.feature_name(index))
        .collect();
    let titles = header.iter().map(String::as_str).enumerate();
    let places: HashMap<&str, usize> = titles.map(|(place, title)| (title, place)).collect();
    let lacking = |names: &[String]| -> Vec<String> {
        let lacks = |name: &&String| !places.contains_key(name.as_str());
        names.iter().filter(lacks).cloned().collect()
    };
    let place = |name: &String| places.get(name.as_str()).copied();
    let not_kept = lacking(&options.keep);
    if !not_kept.is_empty() {
        let problem = format!("lacks {}, which is to be kept", list(&not_kept));
        return Err(Problem::Header(problem));
    }
    let kept: Vec<usize> = options.keep.iter().filter_map(place).collect();
    let missing = lacking(&names);
    if input.features.is_none() && missing.len() == features {
        let mut columns: Vec<usize> = (0..header.len()).filter(|at| !kept.contains(at)).collect();
        let mut left_out = Vec::new();
        if columns.len() > features {
            let is_row_number = |at: &usize| rows.is_row_number(*at);
            left_out = columns.extract_if(.., |at| is_row_number(at)).collect();
        }
        let name = |at: usize| header[at].clone();
        let left_out = left_out.into_iter().map(name).collect();
        return match columns.len() == features {
            true => Ok(Places {
                columns,
                kept,
                left_out,
            }),
            false => Err(Problem::Header(format!(
                "has {} columns; the model takes {features}",
                columns.len()
            ))),
        };
    }
    let known: HashSet<&str> = names.iter().map(String::as_str).collect();
    let extra = header.iter().enumerate().filter(|(place, title)| {
        let wanted = known.contains(title.as_str()) || kept.contains(place);
        !wanted && !options.ignore.includes(title)
    });
    let (left_out, extra): (Vec<_>, Vec<_>) =
        extra.partition(|(place, _)| rows.is_row_number(*place));
    let titles = |columns: Vec<(usize, &String)>| -> Vec<String> {
        columns
            .into_iter()
            .map(|(_, title)| title.clone())
            .collect()
    };
    let (left_out, extra) = (titles(left_out), titles(extra));
    match (missing.is_empty(), extra.is_empty()) {
        (true, true) => Ok(Places {
            columns: names.iter().filter_map(place).collect(),
            kept,
            left_out,
        }),
        (true, false) => Err(Problem::Extra(extra)),
        (false, true) => Err(Problem::Header(format!("lacks {}", list(&missing)))),
        (false, false) => Err(Problem::Header(format!(
            "lacks {}, and has {}, which the model doesn't take",
            list(&missing),
            list(&extra)
        ))),
    }
}

impl IgnoredColumns {
    fn includes(&self, title: &String) -> bool {
        match self {
            Self::All => true,
            Self::Named(names) => names.contains(title),
        }
    }
}
