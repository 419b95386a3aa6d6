//! Training: reproducible, and refused where it makes no sense.

use std::fs;

use veilcast_card::{InputBits, WeightBits};
use veilcast_engine::Paillier;
use veilcast_files::idx::{LabelledImages, Split};
use veilcast_train::{Options, TrainError, train};

use crate::common::mnist;

fn small(seed: u64) -> Options {
    Options {
        hidden: vec![16],
        epochs: 3,
        batch_size: 32,
        learning_rate: 3e-3,
        seed,
        ..Options::default()
    }
}

#[test]
fn a_seed_gives_the_same_bytes_again() {
    let (images, test) = (mnist(Split::Train, 1_000), mnist(Split::Test, 500));
    let root = tempfile::tempdir().unwrap();
    let run = |name: &str, seed| {
        let mut steps = 0;
        let model = train(&images, &test, &small(seed), &Paillier, |progress| {
            steps += 1;
            assert_eq!((progress.epochs, progress.batches), (3, 27));
            assert!(progress.loss.is_finite());
        });
        let model = model.unwrap();
        assert_eq!(steps, 81);
        let path = root.path().join(name);
        model.save(&path, false).unwrap();
        let bytes = ["card.json", "weights.safetensors", "report.json"]
            .map(|file| fs::read(path.join(file)).unwrap());
        (model, bytes)
    };
    let (model, first) = run("first", 7);
    assert_eq!(run("second", 7).1, first);
    assert_ne!(run("third", 8).1, first);

    let report = model.report().unwrap();
    let accuracy = report.accuracy.unwrap();
    assert_eq!(accuracy.records, 500);
    assert!(accuracy.network > 0.7, "{accuracy:?}");
    assert!(
        (accuracy.network - accuracy.collapsed).abs() < 0.005,
        "{accuracy:?}"
    );
    assert!(
        (accuracy.network - accuracy.quantized).abs() < 0.02,
        "{accuracy:?}"
    );
    assert_eq!(report.training.as_ref().unwrap().hidden, [16]);
}

#[test]
fn a_single_layer_and_few_bits_are_possible() {
    let (images, test) = (mnist(Split::Train, 1_000), mnist(Split::Test, 500));
    let options = Options {
        hidden: vec![],
        input_bits: Some(InputBits::of::<4>()),
        weight_bits: Some(WeightBits::of::<6>()),
        ..small(1)
    };
    let model = train(&images, &test, &options, &Paillier, |_| ()).unwrap();
    assert_eq!(model.card().quantization().max(), 15);
    assert!(
        model
            .affine()
            .unwrap()
            .integer_map()
            .weights()
            .iter()
            .all(|weight| weight.abs() <= 31)
    );
    assert!(model.report().unwrap().accuracy.unwrap().quantized > 0.7);
}

#[test]
fn a_quantisation_is_searched_for_on_images_kept_from_training() {
    let (images, test) = (mnist(Split::Train, 1_200), mnist(Split::Test, 100));
    let trained = |options: &Options| train(&images, &test, options, &Paillier, |_| ()).unwrap();
    let options = Options {
        tolerance: 0.02,
        ..small(1)
    };
    let model = trained(&options);
    let report = model.report().unwrap();
    assert_eq!(report.training.as_ref().unwrap().records, 1_000);
    let search = report.search.as_ref().unwrap();
    assert_eq!((search.records, search.tolerance), (200, 0.02));
    let chosen = search.chosen().unwrap();
    assert!(chosen.accuracy.unwrap() >= search.float_accuracy.unwrap() - 0.02 - 1e-9);
    assert_eq!(chosen.input_bits, model.card().quantization().bits);
    assert_eq!(chosen.max_weight, report.max_weight);
    assert_eq!(chosen.slot_bits, model.card().slot_bits());

    let fixed = trained(&Options {
        input_bits: Some(InputBits::of::<8>()),
        weight_bits: Some(WeightBits::of::<8>()),
        ..small(1)
    });
    let report = fixed.report().unwrap();
    assert_eq!(report.training.as_ref().unwrap().records, 1_200);
    assert_eq!((&report.search, report.max_weight), (&None, 127));

    // The corners are dark in every image.
    let corners = [0, 27, 28 * 27, 783];
    for model in [model, fixed] {
        for output in 0..10 {
            let row = model.affine().unwrap().float_map().row(output);
            assert!(corners.iter().all(|&pixel| row[pixel] == 0.0));
            assert!(row.iter().filter(|&&weight| weight != 0.0).count() > 400);
        }
    }
}

#[test]
fn options_out_of_range_are_refused() {
    let images = mnist(Split::Test, 50);
    let refused = |options: Options| {
        let error = train(&images, &images, &options, &Paillier, |_| ()).unwrap_err();
        assert!(matches!(error, TrainError::Option { .. }), "{error}");
    };
    refused(Options {
        hidden: vec![0],
        ..small(1)
    });
    refused(Options {
        hidden: vec![8, 5000],
        ..small(1)
    });
    refused(Options {
        epochs: 0,
        ..small(1)
    });
    refused(Options {
        batch_size: 0,
        ..small(1)
    });
    refused(Options {
        learning_rate: f64::NAN,
        ..small(1)
    });
    refused(Options {
        learning_rate: -1.0,
        ..small(1)
    });
    for tolerance in [-0.1, 1.1, f64::NAN] {
        refused(Options {
            tolerance,
            ..small(1)
        });
    }
}

#[test]
fn data_that_does_not_fit_is_refused() {
    let set = |pixels: &[u8], columns: u8, labels: &[u8]| {
        let count = labels.len() as u8;
        let images = [
            &[0, 0, 8, 3, 0, 0, 0, count, 0, 0, 0, 1, 0, 0, 0, columns],
            pixels,
        ]
        .concat();
        let labels = [&[0, 0, 8, 1, 0, 0, 0, count], labels].concat();
        LabelledImages::from_bytes(("images", &images), ("labels", &labels)).unwrap()
    };
    let two = set(&[0, 255], 1, &[0, 1]);
    let error = |train_set: &LabelledImages, test_set: &LabelledImages| {
        train(train_set, test_set, &small(1), &Paillier, |_| ())
            .unwrap_err()
            .to_string()
    };
    assert!(error(&set(&[0, 255], 1, &[0, 0]), &two).contains("at least two classes"));
    assert!(
        error(&two, &set(&[0, 255], 1, &[1, 2])).contains("test image 1 (from 0) has the label 2")
    );
    assert!(error(&two, &set(&[0; 4], 2, &[0, 1])).contains("test images 1 × 2"));
    let wild = Options {
        learning_rate: 1e30,
        input_bits: Some(InputBits::of::<8>()),
        weight_bits: Some(WeightBits::of::<8>()),
        ..small(1)
    };
    let diverged = train(&two, &two, &wild, &Paillier, |_| ()).unwrap_err();
    assert!(
        matches!(
            diverged,
            TrainError::Diverged { .. } | TrainError::Collapse(_)
        ),
        "{diverged}"
    );
    let one = set(&[255], 1, &[1]);
    assert!(error(&one, &two).contains("can't be split"));
    let named = Options {
        name: "No Name".into(),
        ..small(1)
    };
    // Before any step of training.
    let error = train(&two, &two, &named, &Paillier, |_| panic!("trained")).unwrap_err();
    assert!(error.to_string().contains("\"No Name\""), "{error}");
}
