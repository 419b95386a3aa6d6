//! Training a public stem with a private head: reproducible, and refused where it makes no sense.

use std::fs;

use veilcast_engine::Paillier;
use veilcast_files::idx::{LabelledImages, Split};
use veilcast_model::Model;
use veilcast_train::{Options, Progress, StemOptions, TrainError, train_stem};

use crate::common;
use crate::common::mnist;

fn small(seed: u64) -> StemOptions {
    let default = StemOptions::default();
    StemOptions {
        training: Options {
            epochs: 5,
            batch_size: 20,
            learning_rate: 5e-3,
            seed,
            ..default.training.clone()
        },
        channels: [4, 8],
        features: 24,
        shift: 1,
    }
}

fn trained(
    options: &StemOptions,
    count: usize,
    progress: impl FnMut(Progress),
) -> Result<Model, TrainError> {
    let (images, test) = (mnist(Split::Train, count), mnist(Split::Test, 200));
    train_stem(&images, &test, options, &Paillier, progress)
}

#[test]
fn a_seed_gives_the_same_hybrid_model_again() {
    let root = tempfile::tempdir().unwrap();
    let run = |name: &str, seed| {
        let mut steps = 0;
        let model = trained(&small(seed), 120, |progress| {
            steps += 1;
            assert_eq!((progress.epochs, progress.batches), (5, 5));
        });
        assert_eq!(steps, 25);
        let path = root.path().join(name);
        model.unwrap().save(&path, false).unwrap();
        let files = [
            "card.json",
            "public.onnx",
            "weights.safetensors",
            "report.json",
        ];
        files.map(|file| fs::read(path.join(file)).unwrap())
    };
    let first = run("first", 7);
    assert_eq!(run("second", 7), first);
    assert_ne!(run("third", 8)[1], first[1]);
    Model::load(&root.path().join("first")).unwrap();
}

#[test]
fn a_hybrid_model_is_measured_as_it_is_used() {
    let model = trained(&small(7), 1200, |_| ()).unwrap();
    let (card, report) = (model.card(), model.report().unwrap());
    assert_eq!(
        (card.name(), card.features(), card.outputs()),
        ("digits-hybrid", 24, 10)
    );
    let part = card.public_part().unwrap();
    assert_eq!(
        (part.shape.as_slice(), part.features),
        (&[1, 28, 28][..], 24)
    );
    for said in ["24 numbers", "public", "private", "training images"] {
        assert!(part.description.contains(said), "{}", part.description);
    }
    let accuracy = report.accuracy.unwrap();
    assert_eq!(accuracy.records, 200);
    assert!(accuracy.network > 0.6, "{accuracy:?}");
    let loss = accuracy.network - accuracy.quantized;
    assert!(loss.abs() < 0.05, "{accuracy:?}");
    let training = report.training.as_ref().unwrap();
    assert_eq!(training.records, 1000);
    let stem = training.stem.unwrap();
    assert_eq!((stem.channels, stem.features, stem.shift), ([4, 8], 24, 1));
    assert_eq!(report.search.as_ref().unwrap().records, 200);

    // The features are what quantisation takes as they are.
    let encoder = common::encoder(&model);
    let test = mnist(Split::Test, 200);
    let mut right = 0;
    for (record, &label) in test.images().records().zip(test.labels()) {
        let features = encoder.features(&record).unwrap();
        let range = 0.0..=1.0;
        assert!(features.features.iter().all(|value| range.contains(value)));
        let quantized = encoder.round(&features).unwrap();
        assert_eq!(quantized.clipped(), 0);
        let prediction = model.predict(&quantized).unwrap();
        right += usize::from(prediction.class().unwrap().index == usize::from(label));
    }
    assert_eq!(right as f64 / 200.0, accuracy.quantized);
}

#[test]
fn bad_options_and_images_are_refused() {
    let refused = |change: fn(&mut StemOptions)| {
        let mut options = small(1);
        change(&mut options);
        trained(&options, 60, |_| panic!("nothing is trained"))
            .unwrap_err()
            .to_string()
    };
    let messages = [
        refused(|options| options.features = 0),
        refused(|options| options.channels[1] = 257),
        refused(|options| options.shift = 256),
        refused(|options| options.training.epochs = 0),
        refused(|options| options.training.name = "Digits".to_owned()),
    ];
    let expected = [
        "the number of features is 0; it must be 1 to 4096",
        "a convolution's number of channels is 257; it must be 1 to 256",
        "the pixels to move images by is 256; it must be 0 to 255",
        "the number of epochs is 0; it must be at least 1",
    ];
    assert_eq!(messages[..4], expected);
    assert!(messages[4].contains("Digits"), "{}", messages[4]);

    let images = idx_of(15, 40);
    let error = train_stem(&images, &images, &small(1), &Paillier, |_| ()).unwrap_err();
    assert_eq!(
        error.to_string(),
        "images of 15 × 40 are too small for a stem; it needs 16 × 16 or more"
    );
}

/// Two images of some size, a 0 and a 1.
fn idx_of(rows: u32, columns: u32) -> LabelledImages {
    let number = |n: u32| n.to_be_bytes();
    let header = [number(0x803), number(2), number(rows), number(columns)].concat();
    let pixels = vec![9; (2 * rows * columns) as usize];
    let labels = [&number(0x801)[..], &number(2), &[0, 1]].concat();
    LabelledImages::from_bytes(("images", &[header, pixels].concat()), ("labels", &labels)).unwrap()
}
