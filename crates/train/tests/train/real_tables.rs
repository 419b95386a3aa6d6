//! Tables with the habits of real ones, one habit a file: each must teach what the plain one does.

use veilcast_card::UnknownCategory;
use veilcast_engine::Paillier;
use veilcast_files::table::{Decimal, Reading};
use veilcast_model::Model;
use veilcast_train::{
    LabelledTable, MissingTarget, Selection, TableOptions, Task, TrainError, train_table,
};

use crate::common::repository;

/// What is asked of a file beside its name.
struct Asked {
    selection: Selection,
    options: TableOptions,
    target: &'static str,
}

impl Default for Asked {
    fn default() -> Self {
        Self {
            selection: Selection::default(),
            options: TableOptions::default(),
            target: "bought",
        }
    }
}

fn names(names: &[&str]) -> Vec<String> {
    names.iter().map(|&name| name.to_owned()).collect()
}

/// Trains on a file; returns the model, and what was found out.
fn learn(file: &str, asked: &Asked) -> Result<(Model, Vec<String>), TrainError> {
    let path = repository("testdata/tables").join(file);
    let table = LabelledTable::open(&path, asked.target, &asked.selection)?;
    let trained = train_table(&table, &asked.options, &Paillier, |_| ())?;
    let findings = trained.findings.iter().map(ToString::to_string);
    Ok((trained.model, findings.collect()))
}

fn with(change: impl FnOnce(&mut Asked)) -> Asked {
    let mut asked = Asked::default();
    change(&mut asked);
    asked
}

/// The accuracy and the area under the ROC curve of the integers, on every fifth row.
fn figures(model: &Model) -> (f64, f64) {
    let report = model.report().unwrap();
    (
        report.accuracy.unwrap().quantized,
        report.auc.unwrap().quantized,
    )
}

#[test]
fn the_plain_table_is_learnt_as_by_scikit_learn() {
    let (model, findings) = learn("base-nam.csv", &Asked::default()).unwrap();
    let (accuracy, auc) = figures(&model);
    assert!((accuracy - 0.975).abs() < 1e-9, "{accuracy}");
    assert!((auc - 0.9925).abs() < 0.003, "{auc}");
    assert_eq!(findings, Vec::<String>::new());
    let report = model.report().unwrap();
    assert!(report.baseline.unwrap() < 0.7, "{:?}", report.baseline);
    assert!(report.training.as_ref().unwrap().penalty.is_some());
}

/// What is told of the plain table's kind.
const KEPT: &str = "\"NA\" is a category of \"region\"";

#[test]
fn every_habit_is_read_or_refused_with_advice() {
    let zeros = || with(|asked| asked.options.unknown = UnknownCategory::Zeros);
    let codes = || with(|asked| asked.selection.categories = names(&["region"]));
    let spelt =
        |texts: &'static [&'static str]| with(|asked| asked.selection.missing = Some(names(texts)));
    let cases: Vec<(&str, Asked, &[&str])> = vec![
        (
            "all-empty-col.csv",
            Asked::default(),
            &["same value or none: \"notes\""],
        ),
        (
            "big.csv",
            Asked::default(),
            &[KEPT, "\"1e30\" is far from all other numbers"],
        ),
        ("blank-lines.csv", Asked::default(), &[KEPT]),
        ("bools.csv", Asked::default(), &[KEPT]),
        ("codes.csv", codes(), &[]),
        ("codes-plus.csv", codes(), &[]),
        (
            "comment.csv",
            Asked::default(),
            &["1 line of comments", KEPT],
        ),
        (
            "constant-col.csv",
            Asked::default(),
            &["same value or none: \"year\""],
        ),
        ("crlf.csv", Asked::default(), &[KEPT]),
        (
            "currency.csv",
            Asked::default(),
            &["commas separate thousands in \"income\""],
        ),
        (
            "date.csv",
            Asked::default(),
            &["dates count as days since 1970-01-01 in \"age\""],
        ),
        ("exp.csv", Asked::default(), &[KEPT]),
        (
            "header-case.csv",
            with(|asked| asked.target = "Bought"),
            &[],
        ),
        ("header-space.csv", Asked::default(), &[KEPT]),
        (
            "index-col.csv",
            Asked::default(),
            &["count or name the rows: one without a name"],
        ),
        ("inf.csv", spelt(&["inf"]), &["\"age\" (1 \"inf\")"]),
        ("latin1.csv", Asked::default(), &["read as windows-1252"]),
        ("missing-N-A.csv", Asked::default(), &["\"N/A\")"]),
        ("missing-NULL.csv", Asked::default(), &["\"NULL\")"]),
        ("missing-None.csv", Asked::default(), &["\"None\")"]),
        ("missing-dash.csv", Asked::default(), &["\"-\")"]),
        ("missing-dot.csv", Asked::default(), &["\".\")"]),
        ("missing-hashNA.csv", Asked::default(), &["\"#N/A\")"]),
        ("missing-minus999.csv", spelt(&["-999"]), &["\"-999\")"]),
        ("missing-nan-lower.csv", Asked::default(), &["\"nan\")"]),
        (
            "missing-target.csv",
            Asked::default(),
            &["without a target are left out"],
        ),
        (
            "percent.csv",
            Asked::default(),
            &["35 % is read as 0.35 in \"age\""],
        ),
        (
            "pipe.csv",
            Asked::default(),
            &["separated by vertical bars"],
        ),
        ("plus.csv", Asked::default(), &[KEPT]),
        ("quoted-newline.csv", Asked::default(), &[]),
        (
            "rare-held-out.csv",
            Asked::default(),
            &["2 rows held out can't be measured"],
        ),
        ("rare-held-out.csv", zeros(), &[]),
        (
            "rare-target.csv",
            Asked::default(),
            &["1 row held out can't be measured"],
        ),
        ("sep-line.csv", Asked::default(), &[KEPT]),
        (
            "sep-semicolon.csv",
            Asked::default(),
            &["separated by semicolons"],
        ),
        ("target-01mixed.csv", Asked::default(), &[KEPT]),
        ("target-num.csv", Asked::default(), &[KEPT]),
        (
            "thousands.csv",
            Asked::default(),
            &["commas separate thousands in \"income\""],
        ),
        ("trailing-comma-all.csv", Asked::default(), &[KEPT]),
        ("trailing-comma-header.csv", Asked::default(), &[KEPT]),
        ("trailing-comma-rows.csv", Asked::default(), &[KEPT]),
        ("unicode-minus.csv", Asked::default(), &[KEPT]),
        (
            "unnamed0.csv",
            Asked::default(),
            &["count or name the rows: \"Unnamed: 0\""],
        ),
        ("utf16.csv", Asked::default(), &["the text is in UTF-16LE"]),
    ];
    let mut problems = Vec::new();
    for (file, asked, expected) in &cases {
        let (model, findings) = match learn(file, asked) {
            Ok(learnt) => learnt,
            Err(error) => {
                problems.push(format!("{file}: {}", veilcast_card::chain(&error)));
                continue;
            }
        };
        for text in *expected {
            if !findings.iter().any(|finding| finding.contains(text)) {
                problems.push(format!("{file}: no {text:?} in {findings:?}"));
            }
        }
        let (accuracy, auc) = figures(&model);
        // A few cells are missing in some files. Other rows are held out where a target is missing, and
        // the dates aren't the ages.
        let close = match *file {
            "date.csv" => accuracy > 0.7 && auc > 0.85,
            "missing-target.csv" => accuracy > 0.85 && auc > 0.95,
            _ => accuracy > 0.94 && (auc - 0.9925).abs() < 0.012,
        };
        if !close {
            problems.push(format!("{file}: accuracy {accuracy}, AUC {auc}"));
        }
        let names = model.card().input().features.clone().unwrap();
        if names.len() != 4 {
            problems.push(format!("{file}: the model takes {names:?}"));
        }
    }
    assert!(problems.is_empty(), "{}", problems.join("\n"));
}

#[test]
fn what_cannot_be_read_is_refused_with_advice() {
    for (file, asked, expected) in [
        ("dup.csv", Asked::default(), "has the column \"age\" twice"),
        ("whitespace.csv", Asked::default(), "separated by spaces"),
        (
            "codes-plus.csv",
            Asked::default(),
            "\"3+\" isn't a finite number",
        ),
        ("inf.csv", Asked::default(), "\"inf\" isn't a finite number"),
        (
            "openquote.csv",
            with(|asked| asked.target = "sex"),
            "a quotation mark is opened in this row and not closed",
        ),
        (
            "missing-target.csv",
            with(|asked| asked.selection.missing_target = MissingTarget::Refuse),
            "the target \"bought\" is missing",
        ),
        (
            "base-nam.csv",
            with(|asked| asked.selection.ignore = names(&["agee"])),
            "has no column \"agee\"",
        ),
    ] {
        let error = match learn(file, &asked) {
            Ok(_) => panic!("{file} is learnt"),
            Err(error) => veilcast_card::chain(&error),
        };
        assert!(error.contains(expected), "{file}: {error}");
    }
}

/// The answer to a record must not depend on how its thousands are written.
#[test]
fn thousands_are_the_same_numbers_as_without_commas() {
    let clips = |file: &str| {
        let (model, _) = learn(file, &Asked::default()).unwrap();
        serde_json::to_value(&model.card().input().preprocessing.steps).unwrap()[0]["ranges"]
            ["income"]
            .clone()
    };
    assert_eq!(clips("thousands.csv"), clips("exp.csv"));
    assert_eq!(clips("currency.csv"), clips("exp.csv"));
    let commas = with(|asked| {
        asked.selection.reading = Reading {
            decimal: Some(Decimal::Comma),
            ..Reading::default()
        };
    });
    let (model, _) = learn("thousands.csv", &commas).unwrap();
    let range = serde_json::to_value(&model.card().input().preprocessing.steps).unwrap();
    assert!(
        range[0]["ranges"]["income"][1].as_f64().unwrap() < 10.0,
        "{range}"
    );
}

#[test]
fn what_may_not_be_as_it_seems_is_told() {
    let (model, findings) = learn("row-names.csv", &with(|asked| asked.target = "lfp")).unwrap();
    assert!(
        findings[0].contains("count or name the rows"),
        "{findings:?}"
    );
    assert_eq!(
        model.card().input().features.as_deref(),
        Some(&names(&["k5", "inc"])[..])
    );
    let told = |file: &str, asked: &Asked, expected: &str| {
        let (_, findings) = learn(file, asked).unwrap();
        let is_told = findings.iter().any(|finding| finding.contains(expected));
        assert!(is_told, "{file}: {findings:?}");
    };
    told(
        "missing-minus999.csv",
        &Asked::default(),
        "\"-999\" is far from all other numbers",
    );
    told(
        "codes.csv",
        &Asked::default(),
        "a few whole numbers, which count as quantities: \"region\"",
    );
    // The target again, under another name.
    let path = tempfile::NamedTempFile::new().unwrap();
    let plain = std::fs::read_to_string(repository("testdata/tables/base-nam.csv")).unwrap();
    let twice = plain.lines().enumerate().map(|(row, line)| {
        let paid = line.ends_with("yes");
        match row {
            0 => format!("{line},paid,customer_id\n"),
            _ => format!("{line},{},{}\n", u8::from(paid), row * 7919 % 100_003),
        }
    });
    std::fs::write(path.path(), twice.collect::<String>()).unwrap();
    let table = LabelledTable::open(path.path(), "bought", &Selection::default()).unwrap();
    let trained = train_table(&table, &TableOptions::default(), &Paillier, |_| ()).unwrap();
    let findings: Vec<String> = trained.findings.iter().map(ToString::to_string).collect();
    assert!(
        findings[0].contains("\"customer_id\" seems to identify the rows"),
        "{findings:?}"
    );
    assert!(
        findings[1].contains("\"paid\" alone tells the classes apart"),
        "{findings:?}"
    );
}

#[test]
fn rare_categories_count_as_none_of_the_known_ones_if_asked() {
    let asked = with(|asked| {
        asked.options.unknown = UnknownCategory::Zeros;
        asked.options.fewest = 54;
        asked.options.task = Task::Classification {
            positive: Some("yes".to_owned()),
            threshold: None,
        };
    });
    let (model, findings) = learn("base-nam.csv", &asked).unwrap();
    assert!(
        findings
            .iter()
            .any(|text| text.contains("of \"region\"") && text.contains("rare")),
        "{findings:?}"
    );
    let (categories, unknown) = model
        .card()
        .input()
        .preprocessing
        .categories("region")
        .unwrap();
    assert!(categories.len() < 4, "{categories:?}");
    assert_eq!(unknown, UnknownCategory::Zeros);
    let refused = with(|asked| asked.options.fewest = 2);
    let error = learn("base-nam.csv", &refused).err().unwrap().to_string();
    assert!(
        error.contains("1 where records of unknown categories are refused"),
        "{error}"
    );
}
