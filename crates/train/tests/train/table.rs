//! Training on tables: the preprocessing that is found, what the model is worth, and what is refused.

use std::fmt::Write as _;
use std::fs;

use serde_json::{Value, json};
use tempfile::NamedTempFile;
use veilcast_card::{Activation, InputBits, UnknownCategory, WeightBits, chain};
use veilcast_engine::Paillier;
use veilcast_model::Model;
use veilcast_model::quality::auc;
use veilcast_train::{
    LabelledTable, Options, Selection, TableOptions, Task, TrainError, train_table,
};

use crate::common;
use crate::common::repository;

fn open(csv: &str, target: &str, columns: Option<&[&str]>) -> Result<LabelledTable, TrainError> {
    let file = NamedTempFile::new().unwrap();
    fs::write(file.path(), csv).unwrap();
    let columns: Option<Vec<String>> =
        columns.map(|names| names.iter().map(|&name| name.to_owned()).collect());
    let selection = Selection {
        columns,
        ..Selection::default()
    };
    Ok(LabelledTable::open(file.path(), target, &selection)?)
}

/// These columns.
fn of(columns: Vec<String>) -> Selection {
    Selection {
        columns: Some(columns),
        ..Selection::default()
    }
}

fn train(table: &LabelledTable, options: &TableOptions) -> Result<Model, TrainError> {
    train_table(table, options, &Paillier, |_| ()).map(|trained| trained.model)
}

fn positive(value: &str) -> Task {
    Task::Classification {
        positive: Some(value.to_owned()),
        threshold: None,
    }
}

/// The error of a table, without the file's name.
fn error(csv: &str, options: &TableOptions) -> String {
    let trained = open(csv, "y", None).and_then(|table| train(&table, options));
    chain(&trained.expect_err(csv))
}

/// Rows of a number, a category and a class that depends on both.
fn rows(count: usize) -> String {
    let mut csv = "x,colour,y\n".to_owned();
    for row in 0..count {
        let (x, colour) = (row * 37 % 101, ["red", "green", "blue"][row % 3]);
        let y = if x + 40 * (row % 3) > 90 { "yes" } else { "no" };
        writeln!(csv, "{x},{colour},{y}").unwrap();
    }
    csv
}

#[test]
fn patients_are_learnt_as_by_the_prototype() {
    let json = fs::read(common::vector("preprocessing.json")).unwrap();
    let vectors: Value = serde_json::from_slice(&json).unwrap();
    let cases = vectors["cases"].as_array().unwrap();
    let case = cases
        .iter()
        .find(|case| case["name"] == "patients")
        .unwrap();
    let columns: Vec<String> = serde_json::from_value(case["columns"].clone()).unwrap();
    let path = repository("data/support2/support2.csv");
    let table = LabelledTable::open(&path, "hospdead", &of(columns)).unwrap();
    assert_eq!(table.len(), 9105);
    let model = train(&table, &TableOptions::default()).unwrap();
    // The fitted preprocessing is the one that the prototype found; sums may differ in their last digit.
    let found = serde_json::to_value(&model.card().input().preprocessing).unwrap();
    let close = |a: &Value, b: &Value| {
        let (a, b) = (a.as_f64().unwrap(), b.as_f64().unwrap());
        (a - b).abs() < 1e-9 * b.abs().max(1.0)
    };
    let expected = &case["preprocessing"];
    // All spellings that it had, and more.
    let missing = found["missing"].as_array().unwrap();
    let known = expected["missing"].as_array().unwrap().iter();
    assert!(known.into_iter().all(|spelling| missing.contains(spelling)));
    for step in [0, 1, 3] {
        assert_eq!(found["steps"][step], expected["steps"][step]);
    }
    for (column, standard) in expected["steps"][2]["columns"].as_object().unwrap() {
        let of = &found["steps"][2]["columns"][column];
        assert!(
            close(&of["mean"], &standard["mean"]) && close(&of["std"], &standard["std"]),
            "{column}"
        );
    }

    let report = model.report().unwrap();
    let (accuracy, aucs) = (report.accuracy.unwrap(), report.auc.unwrap());
    assert_eq!(
        (accuracy.records, accuracy.network),
        (1821, accuracy.collapsed)
    );
    // Logistic regression by scikit-learn has 0.8191.
    assert!((0.81..0.83).contains(&aucs.collapsed), "{aucs:?}");
    assert!((aucs.collapsed - aucs.quantized).abs() < 0.002, "{aucs:?}");
    assert!(aucs.largest_change < 0.03, "{aucs:?}");
    let search = report.search.as_ref().unwrap();
    assert!(search.reaches_goal() && search.records == 7284);
    let again = train(&table, &TableOptions::default()).unwrap();
    assert_eq!(again.card_digest(), model.card_digest());
}

#[test]
fn two_classes_take_one_score_and_several_one_each() {
    let table = open(&rows(500), "y", None).unwrap();
    let options = TableOptions {
        training: Options {
            epochs: 100,
            learning_rate: 0.1,
            ..TableOptions::default().training
        },
        ..TableOptions::default()
    };
    let model = train(&table, &options).unwrap();
    let output = model.card().output();
    assert_eq!(
        (output.activation, output.labels.as_slice()),
        (
            Activation::Sigmoid,
            &["no".to_owned(), "yes".to_owned()][..]
        )
    );
    let report = model.report().unwrap();
    assert!(
        report.accuracy.unwrap().quantized > 0.95,
        "{:?}",
        report.accuracy
    );
    let turned = TableOptions {
        task: positive("no"),
        labels: Some(vec!["large".to_owned(), "small".to_owned()]),
        ..options.clone()
    };
    let turned = train(&table, &turned).unwrap();
    assert_eq!(turned.card().output().labels, ["large", "small"]);
    assert!(turned.report().unwrap().auc.unwrap().quantized > 0.98);

    // The colour from the rest: three classes.
    let table = open(&rows(500), "colour", None).unwrap();
    let model = train(&table, &options).unwrap();
    let output = model.card().output();
    assert_eq!(
        (output.activation, output.labels.len()),
        (Activation::Softmax, 3)
    );
    assert_eq!(model.report().unwrap().auc, None);
    let one = TableOptions {
        task: positive("red"),
        ..options
    };
    let model = train(&table, &one).unwrap();
    assert_eq!(model.card().output().labels, ["not red", "red"]);
}

#[test]
fn given_bits_are_taken_and_rows_held_out_as_asked() {
    let table = open(&rows(200), "y", Some(&["x"])).unwrap();
    let mut options = TableOptions {
        held_out: 4,
        ..TableOptions::default()
    };
    let weight_bits = WeightBits::of::<5>();
    options.training.input_bits = Some(InputBits::of::<3>());
    options.training.weight_bits = Some(weight_bits);
    let model = train(&table, &options).unwrap();
    assert_eq!(model.card().quantization().bits, InputBits::of::<3>());
    let report = model.report().unwrap();
    assert_eq!(
        (report.weight_bits, report.search.as_ref()),
        (weight_bits, None)
    );
    assert_eq!(report.accuracy.unwrap().records, 50);
    assert_eq!(report.training.as_ref().unwrap().records, 150);
    assert_eq!(model.card().features(), 1);
}

#[test]
fn tables_that_teach_nothing_are_refused() {
    let options = TableOptions::default();
    let with = |header: &str, row: &dyn Fn(usize) -> String| {
        let rows = (0..200).map(|i| row(i) + "\n");
        format!("{header}\n{}", rows.collect::<String>())
    };
    let yes = |i: usize| ["yes", "no"][i % 2];
    let cases = [
        (
            with("x,z", &|i| format!("{i},1")),
            "has no column \"y\"; it has \"x\", \"z\"",
        ),
        (
            with("x,y", &|i| format!("{i},yes")),
            "is \"yes\" in every training row",
        ),
        (
            with("x,y", &|i| format!("{i},{i}")),
            "the target \"y\" has 160 values, more than the 100",
        ),
        (
            with("x,y", &|i| {
                format!("{i},{}", if i % 5 == 4 { "maybe" } else { yes(i) })
            }),
            "line 6: the target \"y\" is \"maybe\", which occurs in no training row",
        ),
        (
            with("k,e,y", &|i| format!("7,,{}", yes(i))),
            "the same value, or none, in \"k\", \"e\"",
        ),
        (
            with("x,y", &|i| format!("note {i},{}", yes(i))),
            "more than 100 different texts, too many for categories, are in \"x\" (160, such as \"note 0\")",
        ),
        (
            with("x,y", &|i| {
                format!(
                    "{},{}",
                    if i == 50 {
                        "a lot".to_owned()
                    } else {
                        i.to_string()
                    },
                    yes(i)
                )
            }),
            "line 52, column \"x\": \"a lot\" isn't a finite number",
        ),
        (
            with("x;y", &|i| format!("{},500;{}", i + 1, yes(i))),
            "line 2, column \"x\": \"1,500\" can be read in two ways",
        ),
        (
            with("x,c,y", &|i| {
                format!(
                    "{i},{},{}",
                    if i % 5 == 4 { "c" } else { ["a", "b"][i % 2] },
                    yes(i)
                )
            }),
            "line 6 doesn't fit the training rows: column \"c\" (number 1, from 0) has the category \"c\"; the model knows \"a\", \"b\"",
        ),
        (
            "x,y\n1,yes\n2,no\n".to_owned(),
            "has 2 rows; at least 10 are needed",
        ),
        ("x y\n1 yes\n".to_owned(), "separated by spaces"),
        (String::new(), "is empty"),
    ];
    for (csv, expected) in cases {
        let error = error(&csv, &options);
        assert!(
            error.contains(expected),
            "expected {expected:?} in {error:?}"
        );
    }
    let zeros = TableOptions {
        unknown: UnknownCategory::Zeros,
        ..options.clone()
    };
    let unseen = with("x,c,y", &|i| {
        format!(
            "{i},{},{}",
            if i == 9 { "c" } else { ["a", "b"][i % 2] },
            yes(i)
        )
    });
    train(&open(&unseen, "y", None).unwrap(), &zeros).unwrap();

    let good = rows(200);
    let wrong = |change: &dyn Fn(&mut TableOptions)| {
        let mut options = options.clone();
        change(&mut options);
        error(&good, &options)
    };
    assert!(wrong(&|o| o.held_out = 1).contains("held out is 1; it must be one in 2 or more"));
    assert!(wrong(&|o| o.max_change = 2.0).contains("is 2; it must be 0 to 1"));
    assert!(
        wrong(&|o| o.task = positive("maybe"))
            .contains("\"maybe\" in no training row; its values are \"no\", \"yes\"")
    );
    assert!(
        wrong(&|o| o.labels = Some(vec!["a".into()]))
            .contains("1 labels are given for the classes")
    );
    assert!(wrong(&|o| o.training.name = "No name".into()).contains("the name \"No name\""));
    let unknown = open(&good, "y", Some(&["x", "z"])).unwrap_err().to_string();
    assert!(unknown.contains("has no column \"z\""), "{unknown}");
    let target = open(&good, "y", Some(&["x", "y"])).unwrap_err().to_string();
    assert!(target.contains("can't be predicted from"), "{target}");
}

/// What the reports call the area under the curve is that of the scores themselves.
#[test]
fn the_area_reported_is_that_of_the_scores() {
    let table = open(&rows(300), "y", None).unwrap();
    let model = train(&table, &TableOptions::default()).unwrap();
    let file = NamedTempFile::new().unwrap();
    fs::write(file.path(), rows(300)).unwrap();
    let options = veilcast_files::Options {
        keep: vec!["y".to_owned()],
        ..Default::default()
    };
    let records = veilcast_files::open(model.card().input(), file.path(), &options).unwrap();
    let held_out = records.enumerate().filter(|(row, _)| row % 5 == 4);
    let scored = held_out.map(|(_, record)| {
        let record = record.unwrap();
        let score = common::predict(&model, &record.raw).scores()[0];
        (score, record.kept[0] == "yes")
    });
    let (scores, positive): (Vec<f64>, Vec<bool>) = scored.unzip();
    assert_eq!(
        auc(&scores, &positive),
        Some(model.report().unwrap().auc.unwrap().quantized)
    );
    assert_eq!(json!(model.card().input().kind), json!("table"));
}
