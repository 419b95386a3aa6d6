//! Training on tables whose target is a number.

use std::fmt::Write as _;
use std::fs;

use tempfile::NamedTempFile;
use veilcast_card::Activation;
use veilcast_engine::Paillier;
use veilcast_model::{Model, RegressionErrors};
use veilcast_train::{LabelledTable, Selection, TableOptions, Task, TrainError, train_table};

use crate::common;
use crate::common::repository;

fn open(csv: &str) -> Result<LabelledTable, TrainError> {
    let file = NamedTempFile::new().unwrap();
    fs::write(file.path(), csv).unwrap();
    Ok(LabelledTable::open(
        file.path(),
        "y",
        &Selection::default(),
    )?)
}

fn regression(unit: Option<&str>) -> TableOptions {
    let mut options = TableOptions {
        task: Task::Regression {
            unit: unit.map(str::to_owned),
        },
        ..TableOptions::default()
    };
    options.training.epochs = 500;
    options
}

fn train(csv: &str, options: &TableOptions) -> Result<Model, TrainError> {
    train_table(&open(csv)?, options, &Paillier, |_| ()).map(|trained| trained.model)
}

/// Rows with y = 2000 − 30·x + 500 if the colour is blue, give or take 10.
fn rows(count: usize) -> String {
    let mut csv = "x,colour,y\n".to_owned();
    for row in 0..count {
        let (x, colour) = (row * 37 % 101, ["red", "green", "blue"][row % 3]);
        let noise = (row * 7919 % 21) as f64 - 10.0;
        let blue = f64::from(u8::from(colour == "blue"));
        let y = 2000.0 - 30.0 * x as f64 + 500.0 * blue + noise;
        writeln!(csv, "{x},{colour},{y}").unwrap();
    }
    csv
}

#[test]
fn a_number_is_predicted_in_its_unit() {
    let options = regression(Some("EUR"));
    let model = train(&rows(500), &options).unwrap();
    let output = model.card().output();
    assert_eq!(output.activation, Activation::None);
    assert_eq!(output.labels, ["y"]);
    assert_eq!(output.units, Some(vec!["EUR".to_owned()]));
    assert_eq!(model.card().task(), veilcast_card::Task::Quantities);

    let report = model.report().unwrap();
    assert_eq!((report.accuracy, report.auc), (None, None));
    let errors = report.regression.unwrap();
    assert_eq!(errors.records, 100);
    assert!(errors.network.r_squared > Some(0.999), "{errors:?}");
    assert!(errors.quantized.r_squared > Some(0.999), "{errors:?}");
    // The noise is even between −10 and 10: its deviation is 6, and its mean size 5.2.
    assert!((5.0..9.0).contains(&errors.collapsed.root_mean_squared_error));
    assert!((4.0..8.0).contains(&errors.collapsed.mean_absolute_error));
    // The target's deviation is about 900.
    let search = report.search.as_ref().unwrap();
    assert!(search.reaches_goal(), "{search:?}");
    assert!(errors.largest_change < 0.025 * 900.0, "{errors:?}");

    // A finer tolerance takes more bits and changes less.
    let finer = TableOptions {
        max_change: 0.001,
        ..options.clone()
    };
    let finer = train(&rows(500), &finer).unwrap();
    let change = finer.report().unwrap().regression.unwrap().largest_change;
    assert!(change < errors.largest_change / 4.0, "{change}");
    assert!(finer.card().slot_bits() > model.card().slot_bits());

    let again = train(&rows(500), &options).unwrap();
    assert_eq!(again.card_digest(), model.card_digest());
}

#[test]
fn hidden_layers_collapse_and_the_errors_are_those_of_the_predictions() {
    let mut options = regression(None);
    options.training.hidden = vec![8, 4];
    options.labels = Some(vec!["price".to_owned()]);
    let model = train(&rows(400), &options).unwrap();
    assert_eq!(model.card().output().labels, ["price"]);
    assert_eq!(model.card().output().units, None);
    let errors = model.report().unwrap().regression.unwrap();
    assert!(errors.collapsed.r_squared > Some(0.999), "{errors:?}");

    let file = NamedTempFile::new().unwrap();
    fs::write(file.path(), rows(400)).unwrap();
    let keep = veilcast_files::Options {
        keep: vec!["y".to_owned()],
        ..Default::default()
    };
    let records = veilcast_files::open(model.card().input(), file.path(), &keep).unwrap();
    let held_out = records.enumerate().filter(|(row, _)| row % 5 == 4);
    let predicted = held_out.map(|(_, record)| {
        let record = record.unwrap();
        let value = common::predict(&model, &record.raw).quantities().unwrap()[0];
        (value, record.kept[0].parse::<f64>().unwrap())
    });
    let (predicted, truth): (Vec<_>, Vec<_>) = predicted.unzip();
    let found = RegressionErrors::of(&predicted, &truth).unwrap();
    assert_eq!(found, errors.quantized);
}

/// Least squares by numpy on the same preprocessed rows has R² 0.6078 and a mean absolute error of
/// 1139 on those held out; the penalty that is found does better. The amounts' deviation is 2878.
#[test]
fn amounts_of_credits_are_predicted_better_than_by_least_squares() {
    let columns = [
        "duration_in_month",
        "purpose",
        "installment_rate_in_percentage_of_disposable_income",
        "property",
        "age_in_years",
        "job",
        "telephone",
        "other_installment_plans",
    ];
    let selection = Selection {
        columns: Some(columns.map(str::to_owned).to_vec()),
        ..Selection::default()
    };
    let path = repository("data/german-credit/german-credit.csv");
    let table = LabelledTable::open(&path, "credit_amount", &selection).unwrap();
    let options = regression(Some("DM"));
    let model = train_table(&table, &options, &Paillier, |_| ())
        .unwrap()
        .model;
    let errors = model.report().unwrap().regression.unwrap();
    let r_squared = errors.collapsed.r_squared.unwrap();
    assert!((0.615..0.63).contains(&r_squared), "{errors:?}");
    assert!((1110.0..1135.0).contains(&errors.collapsed.mean_absolute_error));
    assert!(errors.largest_change < 0.03 * 2878.0, "{errors:?}");
    assert!(
        model
            .report()
            .unwrap()
            .search
            .as_ref()
            .unwrap()
            .reaches_goal()
    );
}

#[test]
fn targets_that_are_no_numbers_are_refused() {
    let error = |csv: &str, options: &TableOptions| train(csv, options).unwrap_err().to_string();
    let options = regression(None);
    let with = |y: &dyn Fn(usize) -> String| {
        let rows = (0..50).map(|i| format!("{i},{}\n", y(i)));
        format!("x,y\n{}", rows.collect::<String>())
    };
    let cases = [
        (
            with(&|i| if i == 7 { "high".into() } else { i.to_string() }),
            "line 9: the target \"y\" is \"high\", which isn't a finite number",
        ),
        (
            // A row that is held out.
            with(&|i| if i == 4 { "inf".into() } else { i.to_string() }),
            "line 6: the target \"y\" is \"inf\"",
        ),
        (
            with(&|_| "1.50".into()),
            "the target \"y\" is \"1.50\" in every training row",
        ),
        (
            with(&|i| {
                if i % 2 == 0 {
                    "1e300".into()
                } else {
                    "-1e300".into()
                }
            }),
            "in every training row",
        ),
    ];
    for (csv, expected) in cases {
        let error = error(&csv, &options);
        assert!(
            error.contains(expected),
            "expected {expected:?} in {error:?}"
        );
    }
    let labels = TableOptions {
        labels: Some(vec!["a".into(), "b".into()]),
        ..options.clone()
    };
    assert!(error(&rows(50), &labels).contains("2 labels are given for the number \"y\""));
    let unit = regression(Some(" "));
    assert!(error(&rows(50), &unit).contains("unit number 0 is empty"));
}

#[test]
fn a_threshold_is_for_two_classes() {
    let with_threshold = |threshold| TableOptions {
        task: Task::Classification {
            positive: None,
            threshold: Some(threshold),
        },
        ..TableOptions::default()
    };
    let table = rows(300).replace("y\n", "z\n").replace("x,colour", "x,y");
    let error = train(&table, &with_threshold(0.3)).unwrap_err().to_string();
    assert!(
        error.contains("a threshold is for a single sigmoid"),
        "{error}"
    );
    // Two classes in shares of 1 to 2: the lower the threshold, the more are positive.
    let table = table
        .replace(",green,", ",red,")
        .replace(",blue,", ",violet,");
    let error = train(&table, &with_threshold(1.0)).unwrap_err().to_string();
    assert!(error.contains("must lie between 0 and 1"), "{error}");
    let positives = |threshold| {
        let options = with_threshold(threshold);
        let model = train(&table, &options).unwrap();
        assert_eq!(model.card().output().threshold, Some(threshold));
        let report = model.report().unwrap();
        let search = report.search.as_ref().unwrap();
        (
            report.accuracy.unwrap().quantized,
            search.float_accuracy.unwrap(),
        )
    };
    let (sure, trained) = positives(0.999);
    assert!(
        (0.6..0.75).contains(&sure) && (0.6..0.75).contains(&trained),
        "{sure} {trained}"
    );
    let (eager, trained) = positives(0.001);
    assert!(
        (0.3..0.4).contains(&eager) && (0.3..0.4).contains(&trained),
        "{eager} {trained}"
    );
}
