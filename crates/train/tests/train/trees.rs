//! Boosted trees on tables: what they are worth, what becomes public, and what is refused.

use std::fmt::Write as _;
use std::fs;

use tempfile::NamedTempFile;
use veilcast_card::{Activation, Cell, InputBits, RecordError, Step, chain};
use veilcast_engine::Paillier;
use veilcast_model::Model;
use veilcast_train::{
    LabelledTable, Options, Selection, TableOptions, Task, TrainError, TreesOptions, train_table,
};

use crate::common::repository;

/// What SUPPORT2's linear model takes too.
const PATIENT: &str = "age,sex,dzgroup,num.co,scoma,hday,diabetes,dementia,ca,meanbp,wblc,hrt,resp,temp,\
    pafi,alb,bili,crea,sod,ph,glucose,bun,urine,adlsc";

fn train(csv: &str, options: &TableOptions) -> Result<Model, TrainError> {
    let file = NamedTempFile::new().unwrap();
    fs::write(file.path(), csv).unwrap();
    let table = LabelledTable::open(file.path(), "y", &Selection::default())?;
    train_table(&table, options, &Paillier, |_| ()).map(|trained| trained.model)
}

fn trees() -> TableOptions {
    TableOptions {
        trees: Some(TreesOptions {
            rounds: 60,
            leaf_rows: 10,
            ..TreesOptions::default()
        }),
        ..TableOptions::default()
    }
}

/// Rows whose outcome depends on two columns together, with gaps in one, and a colour.
fn rows(outcome: impl Fn(f64, Option<f64>, &str) -> String) -> String {
    let mut csv = "age,dose,colour,y\n".to_owned();
    for row in 0..600_usize {
        let age = 20.0 + (row * 37 % 701) as f64 / 10.0;
        let dose = (!row.is_multiple_of(7)).then_some((row * 53 % 101) as f64);
        let colour = ["red", "green", "blue"][row * 11 % 3];
        let cell = dose.map_or(String::new(), |dose| dose.to_string());
        writeln!(csv, "{age},{cell},{colour},{}", outcome(age, dose, colour)).unwrap();
    }
    csv
}

#[test]
fn trees_see_more_in_patients_than_a_linear_model() {
    let path = repository("data/support2/support2.csv");
    let columns: Vec<String> = PATIENT.split(',').map(str::to_owned).collect();
    let selection = Selection {
        columns: Some(columns),
        ..Selection::default()
    };
    let table = LabelledTable::open(&path, "hospdead", &selection).unwrap();
    let options = TableOptions {
        trees: Some(TreesOptions::default()),
        ..TableOptions::default()
    };
    let model = train_table(&table, &options, &Paillier, |_| ())
        .unwrap()
        .model;
    let report = model.report().unwrap();
    let aucs = report.auc.unwrap();
    // Logistic regression has 0.819.
    assert!((0.83..0.85).contains(&aucs.quantized), "{aucs:?}");
    assert!((aucs.collapsed - aucs.quantized).abs() < 0.002, "{aucs:?}");
    let grown = report.training.as_ref().unwrap().trees.unwrap();
    assert_eq!(grown.depth, 2);
    assert!(model.card().features() <= 1200, "{grown:?}");
    assert_eq!(model.card().quantization().bits, InputBits::MIN);
}

#[test]
fn what_is_compared_becomes_public_and_nothing_else() {
    let csv = rows(|age, dose, colour| {
        let ill = match dose {
            None => colour == "red",
            Some(dose) => (age > 50.0) != (dose > 40.0),
        };
        if ill { "ill" } else { "well" }.to_owned()
    });
    let model = train(&csv, &trees()).unwrap();
    assert!(model.report().unwrap().accuracy.unwrap().quantized > 0.97);
    let input = model.card().input();
    let [Step::OneHot { .. }, Step::Trees { trees: grown }] = input.preprocessing.steps.as_slice()
    else {
        panic!("{:?}", input.preprocessing.steps);
    };
    // Plain thresholds between the rows' numbers.
    let thresholds = || grown.iter().flat_map(|tree| &tree.threshold);
    assert!(thresholds().any(|&edge| edge == 50.0), "{grown:?}");
    assert!(
        thresholds().all(|edge| edge.to_string().len() <= 5),
        "{grown:?}"
    );
    let names = input.preprocessed_names();
    assert_eq!(names.len(), model.card().features());
    assert!(
        names
            .iter()
            .any(|name| name.contains("age ≤ ") && name.contains("dose > ")),
        "{names:?}"
    );
    // The dose may be missing, as it was in training; the age may not.
    let columns = input.features.as_ref().unwrap();
    let takes = columns
        .iter()
        .map(|name| input.preprocessing.takes_missing(name, columns));
    assert_eq!(takes.collect::<Vec<_>>(), [false, true, false]);
    let patient = |age, dose| vec![age, dose, Cell::Text("red".to_owned())];
    let known = input
        .preprocess(patient(Cell::Number(30.0), Cell::Missing))
        .unwrap();
    assert!(known.features.iter().all(|bit| [0.0, 1.0].contains(bit)));
    let refused = input
        .preprocess(patient(Cell::Missing, Cell::Number(1.0)))
        .unwrap_err();
    assert!(matches!(refused, RecordError::Missing { name, .. } if name == "age"));
    let again = train(&csv, &trees()).unwrap();
    assert_eq!(again.card_digest(), model.card_digest());
}

/// The rows that are held out to measure the model may lack what none of the others do.
#[test]
fn a_gap_may_be_in_a_row_that_is_not_trained_on() {
    let whole = rows(|age, dose, _| u8::from(age > 50.0 && dose.is_some()).to_string());
    let lines = whole.lines().enumerate();
    let lines = lines.map(|(number, line)| match (number, line.split_once(',')) {
        (5, Some((_, rest))) => format!(",{rest}"),
        _ => line.to_owned(),
    });
    let model = train(&lines.collect::<Vec<_>>().join("\n"), &trees()).unwrap();
    let prepared = |age| {
        let record = [age, Cell::Number(3.0), Cell::Text("red".into())];
        model.card().input().preprocess(record.to_vec())
    };
    // It counts as the others do in which most are.
    let gap = prepared(Cell::Missing).unwrap().features;
    let others = [25.0, 40.0, 60.0, 80.0].map(|age| prepared(Cell::Number(age)).unwrap().features);
    assert!(others.contains(&gap));
}

#[test]
fn several_classes_share_their_trees() {
    let csv = rows(|age, _, colour| {
        let class = match colour {
            "red" => "a",
            _ if age > 55.0 => "b",
            _ => "c",
        };
        class.to_owned()
    });
    let model = train(&csv, &trees()).unwrap();
    assert_eq!(model.card().outputs(), 3);
    assert_eq!(model.card().output().activation, Activation::Softmax);
    assert!(model.report().unwrap().accuracy.unwrap().quantized > 0.97);
}

#[test]
fn numbers_are_predicted_in_their_unit() {
    let csv = rows(|age, dose, _| {
        let base = if age > 45.0 { 2000.0 } else { 1000.0 };
        (base + 10.0 * dose.unwrap_or(150.0)).to_string()
    });
    let options = TableOptions {
        task: Task::Regression {
            unit: Some("EUR".to_owned()),
        },
        ..trees()
    };
    let model = train(&csv, &options).unwrap();
    let errors = model.report().unwrap().regression.unwrap();
    // The numbers' deviation is about 600.
    assert!(errors.quantized.mean_absolute_error < 60.0, "{errors:?}");
}

#[test]
fn a_map_of_stumps_is_a_sum_of_functions_of_single_columns() {
    let csv = rows(|age, _, _| if age > 50.0 { "old" } else { "young" }.to_owned());
    let mut options = trees();
    options.trees.as_mut().unwrap().depth = 1;
    let model = train(&csv, &options).unwrap();
    let steps = &model.card().input().preprocessing;
    let trees = steps.trees().unwrap();
    assert!(trees.iter().all(|tree| tree.feature.len() == 1));
}

#[test]
fn what_trees_can_t_be_grown_from_is_refused() {
    let noise = "x,y\n".to_owned() + &"1,a\n2,a\n1,b\n2,b\n".repeat(50);
    let told = chain(&train(&noise, &trees()).unwrap_err());
    assert!(told.contains("no tree predicts the target"), "{told}");
    let csv = rows(|age, _, _| if age > 50.0 { "old" } else { "young" }.to_owned());
    let of = |change: &dyn Fn(&mut TreesOptions)| {
        let mut options = trees();
        change(options.trees.as_mut().unwrap());
        train(&csv, &options).unwrap_err().to_string()
    };
    assert!(of(&|trees| trees.depth = 0).contains("depth of trees is 0"));
    assert!(of(&|trees| trees.depth = 9).contains("1 to 8"));
    assert!(of(&|trees| trees.rounds = 0).contains("number of trees is 0"));
    assert!(of(&|trees| trees.learning_rate = f64::NAN).contains("learning rate of trees"));
    assert!(of(&|trees| trees.leaf_rows = 0).contains("rows per leaf"));
    let named = TableOptions {
        training: Options {
            name: "No Name".to_owned(),
            ..trees().training
        },
        ..trees()
    };
    assert!(chain(&train(&csv, &named).unwrap_err()).contains("No Name"));
}
