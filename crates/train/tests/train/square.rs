//! Training networks whose hidden layers square their numbers.

use std::fmt::Write as _;
use std::fs;

use tempfile::NamedTempFile;
use veilcast_card::{InputBits, Way, WeightBits};
use veilcast_engine::Paillier;
use veilcast_files::idx::{LabelledImages, Split};
use veilcast_model::{HiddenActivation, Model, Report};
use veilcast_train::{
    LabelledTable, Options, Selection, TableOptions, Task, TrainError, train, train_table,
};

use crate::common::{mnist, repository};

fn square() -> Options {
    Options {
        hidden: vec![16],
        epochs: 6,
        batch_size: 32,
        ..Options::square()
    }
}

fn trained(images: &LabelledImages, options: &Options) -> Result<Model, TrainError> {
    train(images, &mnist(Split::Test, 500), options, &Paillier, |_| ())
}

fn report(model: &Model) -> &Report {
    model.report().unwrap()
}

#[test]
fn images_are_learnt_better_than_by_an_affine_map() {
    let images = mnist(Split::Train, 3_600);
    let model = trained(&images, &square()).unwrap();
    let affine = trained(
        &images,
        &Options {
            activation: HiddenActivation::Identity,
            ..square()
        },
    );
    let affine = affine.unwrap();
    let (found, expected) = [&model, &affine]
        .map(|model| report(model).accuracy.unwrap())
        .into();
    assert!(
        found.quantized > expected.quantized + 0.02,
        "{found:?}, {expected:?}"
    );
    assert!(found.quantized > 0.87, "{found:?}");
    // The network in floats is what was trained.
    assert_eq!(found.network, found.collapsed);

    let hidden = model.card().hidden().unwrap();
    assert_eq!(hidden.sizes, [16]);
    assert!(hidden.ring_bits.get() <= 48, "{hidden:?}");
    assert_eq!(model.card().ways(), Way::DEFAULT);
    assert!(model.card().output().doubt.is_some());
    let training = report(&model).training.as_ref().unwrap();
    assert_eq!(training.activation, HiddenActivation::Square);
    assert_eq!(
        (training.records, training.shift, training.decay),
        (3_000, Some(1), Some(0.1))
    );
    assert!(report(&model).search.as_ref().unwrap().reaches_goal());

    // The corners are dark in every image, and one output of the last part is the others' middle.
    let parts = model.layered().unwrap().floats().parts();
    for corner in [0, 27, 28 * 27, 783] {
        assert!((0..16).all(|hidden| parts[0].row(hidden)[corner] == 0.0));
    }
    for hidden in 0..16 {
        assert!((0..10).any(|output| parts[1].row(output)[hidden] == 0.0));
    }
}

#[test]
fn a_seed_gives_the_same_bytes_again() {
    let images = mnist(Split::Train, 600);
    let root = tempfile::tempdir().unwrap();
    let run = |name: &str, seed| {
        let options = Options {
            seed,
            epochs: 1,
            ..square()
        };
        let path = root.path().join(name);
        trained(&images, &options)
            .unwrap()
            .save(&path, false)
            .unwrap();
        ["card.json", "weights.safetensors", "report.json"]
            .map(|file| fs::read(path.join(file)).unwrap())
    };
    let first = run("first", 7);
    assert_eq!(run("second", 7), first);
    assert_ne!(run("third", 8), first);
}

#[test]
fn several_layers_and_given_bits_are_possible() {
    let options = Options {
        hidden: vec![24, 12],
        epochs: 8,
        shift: 0,
        input_bits: Some(InputBits::of::<3>()),
        weight_bits: Some(WeightBits::of::<6>()),
        ..square()
    };
    let model = trained(&mnist(Split::Train, 1_500), &options).unwrap();
    let hidden = model.card().hidden().unwrap();
    assert_eq!(hidden.sizes, [24, 12]);
    assert_eq!(hidden.weight_bits, [WeightBits::of::<6>(); 3]);
    assert!(
        hidden.ring_bits.get() > 48 && hidden.score_shift > 0,
        "{hidden:?}"
    );
    assert_eq!(model.card().quantization().max(), 7);
    let report = report(&model);
    assert!(report.search.is_none());
    assert!(
        report.accuracy.unwrap().quantized > 0.8,
        "{:?}",
        report.accuracy
    );
    let training = report.training.as_ref().unwrap();
    assert_eq!((training.records, training.shift), (1_500, None));
}

#[test]
fn options_that_do_not_suit_squares_are_refused() {
    let images = mnist(Split::Train, 50);
    let refused = |options: Options, expected: &str| {
        let error = trained(&images, &options).unwrap_err();
        assert!(matches!(error, TrainError::Option { .. }), "{error}");
        assert!(error.to_string().contains(expected), "{error}");
    };
    refused(
        Options {
            hidden: vec![],
            ..square()
        },
        "hidden layers that square is 0; it must be 1 to 4",
    );
    refused(
        Options {
            hidden: vec![2; 5],
            ..square()
        },
        "is 5; it must be 1 to 4",
    );
    let ways = Some(vec![Way::Direct, Way::Sealed]);
    refused(Options { ways, ..square() }, "direct, vouchers, or both");
    for decay in [-0.1, f64::NAN, f64::INFINITY] {
        refused(Options { decay, ..square() }, "weight decay");
    }
    refused(
        Options {
            shift: 256,
            ..square()
        },
        "0 to 255",
    );
}

#[test]
fn divergence_is_told() {
    let options = Options {
        learning_rate: 1e20,
        ..square()
    };
    let error = trained(&mnist(Split::Train, 100), &options).unwrap_err();
    assert!(matches!(error, TrainError::Diverged { .. }), "{error}");
    assert!(
        error.to_string().contains("smaller learning rate"),
        "{error}"
    );
}

fn table(csv: &str) -> LabelledTable {
    let file = NamedTempFile::new().unwrap();
    fs::write(file.path(), csv).unwrap();
    LabelledTable::open(file.path(), "y", &Selection::default()).unwrap()
}

fn squares(hidden: &[usize]) -> TableOptions {
    let mut options = TableOptions::default();
    options.training.hidden = hidden.to_vec();
    if !hidden.is_empty() {
        options.training.activation = HiddenActivation::Square;
    }
    options
}

fn learnt(csv: &str, options: &TableOptions) -> Model {
    train_table(&table(csv), options, &Paillier, |_| ())
        .unwrap()
        .model
}

/// Rows of two numbers between −1 and 1, and what a function makes of them.
fn rows(count: usize, y: impl Fn(f64, f64) -> String) -> String {
    let mut csv = "a,b,y\n".to_owned();
    for row in 0..count {
        let at = |factor: usize| ((row * factor + 13) % 997) as f64 / 498.5 - 1.0;
        let (a, b) = (at(383), at(619 + row / 7));
        writeln!(csv, "{a},{b},{}", y(a, b)).unwrap();
    }
    csv
}

#[test]
fn a_product_of_two_columns_is_learnt() {
    let csv = rows(600, |a, b| {
        if a * b > 0.0 { "yes" } else { "no" }.to_owned()
    });
    let auc = |hidden: &[usize]| {
        report(&learnt(&csv, &squares(hidden)))
            .auc
            .unwrap()
            .quantized
    };
    let (bent, straight) = (auc(&[4]), auc(&[]));
    assert!(bent > 0.98 && straight < 0.7, "{bent}, {straight}");
    let model = learnt(&csv, &squares(&[4]));
    assert_eq!(model.card().hidden().unwrap().sizes, [4]);
    let training = report(&model).training.as_ref().unwrap();
    assert!(training.penalty.is_some() && training.path.len() > 1);
    assert_eq!(
        (training.epochs, training.activation),
        (0, HiddenActivation::Square)
    );
    // The same bytes again.
    assert_eq!(learnt(&csv, &squares(&[4])), model);
}

#[test]
fn what_is_straight_stays_so() {
    let csv = rows(500, |a, b| {
        if 2.0 * a - b > 0.3 { "1" } else { "0" }.to_owned()
    });
    let model = learnt(&csv, &squares(&[3]));
    assert!(report(&model).auc.unwrap().quantized > 0.99);
}

#[test]
fn several_classes_and_two_layers_are_learnt() {
    let csv = rows(500, |a, b| {
        match a * a + b * b {
            r if r < 0.3 => "inner",
            r if r < 0.8 => "ring",
            _ => "outer",
        }
        .to_owned()
    });
    let straight = report(&learnt(&csv, &squares(&[]))).accuracy.unwrap();
    for hidden in [&[6][..], &[4, 3]] {
        let model = learnt(&csv, &squares(hidden));
        let accuracy = report(&model).accuracy.unwrap();
        assert!(accuracy.quantized > 0.85, "{hidden:?}: {accuracy:?}");
        assert!(
            accuracy.quantized > straight.quantized + 0.1,
            "{straight:?}"
        );
    }
}

#[test]
fn a_number_is_learnt_in_its_unit() {
    let csv = rows(400, |a, b| {
        (1e4 + 900.0 * (a - b).powi(2) - 300.0 * b).to_string()
    });
    let mut options = squares(&[4]);
    options.task = Task::Regression {
        unit: Some("EUR".to_owned()),
    };
    let model = learnt(&csv, &options);
    let errors = report(&model).regression.unwrap();
    assert!(errors.quantized.r_squared.unwrap() > 0.995, "{errors:?}");
    // Within what the search allows, in units of the deviation.
    let search = report(&model).search.as_ref().unwrap();
    assert!(search.reaches_goal(), "{search:?}");
    assert!(errors.largest_change < 0.05 * 900.0, "{errors:?}");
    options.training.hidden = vec![];
    options.training.activation = HiddenActivation::Identity;
    let straight = report(&learnt(&csv, &options)).regression.unwrap();
    assert!(straight.quantized.r_squared.unwrap() < 0.6, "{straight:?}");
}

#[test]
fn credit_is_predicted_no_worse_than_by_a_linear_model() {
    let path = repository("data/german-credit/german-credit.csv");
    let selection = Selection::default();
    let table = LabelledTable::open(&path, TARGET, &selection).unwrap();
    let auc = |hidden: &[usize]| {
        let model = train_table(&table, &squares(hidden), &Paillier, |_| ())
            .unwrap()
            .model;
        report(&model).auc.unwrap().quantized
    };
    let (bent, straight) = (auc(&[8]), auc(&[]));
    assert!(
        bent > straight - 0.02 && straight > 0.7,
        "{bent}, {straight}"
    );
}

const TARGET: &str = "creditability";
