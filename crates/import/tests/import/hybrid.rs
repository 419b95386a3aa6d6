//! Hybrid models: a public part that the client runs, and private weights on what it gives.

use std::fs;

use veilcast_card::{Card, EncodeError, Encoder, EncoderError};
use veilcast_card::{CardSpec, PerFeature, Preprocessing, PublicPart, RawRecord, chain};
use veilcast_model::{
    Blueprint, FloatMap, Model, PUBLIC_PART_FILE, PublicPartFile, check_destination,
};
use veilcast_onnx::encoder;

use crate::common;
use crate::onnx;

/// Four pixels, through the stem, to two features of which the map takes the difference and the sum.
fn blueprint(onnx: Vec<u8>) -> Blueprint {
    let mut blueprint = common::four_pixels();
    blueprint.input.preprocessing = Preprocessing::new(vec![]);
    blueprint.quantization.step = PerFeature::All(0.25);
    blueprint.quantization.zero = PerFeature::All(-4.0);
    blueprint.layouts.features = None;
    blueprint.public_part = Some(PublicPartFile {
        onnx,
        shape: vec![2, 2],
        description: "A rectified layer is public; the layer behind it is private.".to_owned(),
    });
    blueprint
}

fn hybrid() -> Model {
    let map = FloatMap::new(2, 2, vec![1.0, -1.0, 1.0, 1.0], vec![0.0, 0.0]).unwrap();
    blueprint(onnx::bytes(&onnx::stem())).build(map).unwrap()
}

fn card_with(change: impl FnOnce(&mut PublicPart)) -> Result<Card, String> {
    let model = hybrid();
    let mut spec: CardSpec = serde_json::from_slice(model.card_json()).unwrap();
    change(spec.public_part.as_mut().unwrap());
    Card::new(spec).map_err(|error| error.to_string())
}

#[test]
fn features_are_what_the_public_part_gives() {
    let model = hybrid();
    let card = model.card();
    assert_eq!((card.raw_features(), card.features()), (4, 2));
    let encoder = common::encoder(&model);
    // relu, then columns (1, 0, −1, 0.25) + 0.5 and (0, 2, 0.5, 0.25) − 0.5.
    let record = encoder.features(&[1.0, 2.0, 0.0, 4.0]).unwrap();
    assert_eq!(record.features, [2.5, 4.5]);
    assert_eq!(
        model.predict_float(&record.features).unwrap().scores(),
        [-2.0, 7.0]
    );
    let quantized = encoder.round(&record).unwrap();
    assert_eq!(quantized.values(), [26, 34]);
    assert_eq!(quantized.clipped(), 0);
    let prediction = model.predict(&quantized).unwrap();
    let close = |(found, expected): (&f64, f64)| (found - expected).abs() < 0.1;
    assert!(
        prediction.scores().iter().zip([-2.0, 7.0]).all(close),
        "{prediction:?}"
    );
}

#[test]
fn many_records_give_what_each_gives_alone() {
    let encoder = common::encoder(&hybrid());
    let records: Vec<Vec<f64>> = (0..20).map(|i| vec![f64::from(i), 3.0, 1.0, 0.5]).collect();
    let raw: Vec<RawRecord<'_>> = records.iter().map(RawRecord::from).collect();
    let together = encoder.encode(&raw).unwrap();
    let alone = records
        .iter()
        .map(|record| encoder.quantize(record).unwrap());
    assert_eq!(together, alone.collect::<Vec<_>>());
    let mut raw = raw;
    raw[7] = vec![0.0; 3].into();
    assert!(matches!(
        encoder.encode(&raw),
        Err(EncodeError::Record { index: 7, .. })
    ));
}

#[test]
fn a_hybrid_is_saved_and_loaded_whole() {
    let place = tempfile::tempdir().unwrap();
    let (directory, model) = (place.path().join("model"), hybrid());
    model.save(&directory, false).unwrap();
    assert_eq!(Model::load(&directory).unwrap(), model);
    let file = directory.join(PUBLIC_PART_FILE);
    assert_eq!(fs::read(&file).unwrap(), model.public_part().unwrap());
    check_destination(&directory, true).unwrap();
    model.save(&directory, true).unwrap();

    let error = || chain(&Model::load(&directory).unwrap_err());
    let mut changed = model.public_part().unwrap().to_vec();
    changed[20] ^= 1;
    fs::write(&file, &changed).unwrap();
    assert!(
        error().contains("from different models: the public part's SHA-256 is"),
        "{}",
        error()
    );
    changed.push(0);
    fs::write(&file, &changed).unwrap();
    assert!(error().contains("but the card names one of"), "{}", error());
    fs::remove_file(&file).unwrap();
    assert!(error().contains("public.onnx is missing"), "{}", error());

    common::patients_model().save(&directory, true).unwrap();
    fs::write(&file, &changed).unwrap();
    assert!(error().contains("names no public part"), "{}", error());
}

#[test]
fn a_card_needs_its_public_part_and_no_other() {
    let model = hybrid();
    let error = Encoder::new(model.card().clone()).unwrap_err().to_string();
    assert!(error.contains("public.onnx is needed"), "{error}");
    let onnx = model.public_part().unwrap();
    encoder(model.card().clone(), Some(onnx)).unwrap();
    let other = onnx::bytes(&onnx::network(
        &[4],
        vec![onnx::node("Relu", &["x"], "y")],
        vec![],
    ));
    let error = encoder(model.card().clone(), Some(&other));
    assert!(
        error
            .unwrap_err()
            .to_string()
            .contains("the card names one of")
    );
    let error = encoder(common::patients_model().card().clone(), Some(onnx));
    assert!(
        error
            .unwrap_err()
            .to_string()
            .contains("has no public part")
    );
}

#[test]
fn a_public_part_of_other_shapes_than_the_card_says_is_refused() {
    let refused = |network: veilcast_onnx::pb::ModelProto| {
        let map = FloatMap::new(2, 2, vec![1.0; 4], vec![0.0; 2]).unwrap();
        let model = blueprint(onnx::bytes(&network)).build(map).unwrap();
        match encoder(model.card().clone(), model.public_part()).unwrap_err() {
            EncoderError::Network(source) => source.to_string(),
            error => panic!("{error}"),
        }
    };
    let relu = |shape: &[i64]| onnx::network(shape, vec![onnx::node("Relu", &["x"], "y")], vec![]);
    let error = refused(relu(&[2, 2]));
    assert!(
        error.contains("[1, 2, 2], but the card says 2 features"),
        "{error}"
    );
    let mut flatter = onnx::stem();
    flatter.graph.as_mut().unwrap().initializer[0].dims = vec![2, 4];
    let error = refused(flatter);
    assert!(error.contains("can't be run"), "{error}");
}

#[test]
fn a_feature_that_is_not_finite_is_refused() {
    let encoder = common::encoder(&hybrid());
    let error = encoder.quantize(&[1e300, 0.0, 0.0, 0.0]).unwrap_err();
    assert!(error.to_string().contains("public feature 0"), "{error}");
}

#[test]
fn fields_that_contradict_each_other_are_refused() {
    card_with(|_| {}).unwrap();
    for (change, problem) in [
        (
            (|part| part.sha256.make_ascii_uppercase()) as fn(&mut PublicPart),
            "64 lower-case hexadecimal",
        ),
        (|part| part.sha256.push('0'), "64 lower-case hexadecimal"),
        (|part| part.bytes = 0, "bytes is 0"),
        (|part| part.bytes = 65 << 20, "bytes is 68157440"),
        (
            |part| part.shape = vec![2, 3],
            "the 4 values that preprocessing gives",
        ),
        (
            |part| part.shape = vec![],
            "the 4 values that preprocessing gives",
        ),
        (
            |part| part.shape = vec![usize::MAX, 4],
            "the 4 values that preprocessing gives",
        ),
        (
            |part| part.shape = [vec![4], vec![1; 8]].concat(),
            "the 4 values",
        ),
        (|part| part.features = 0, "features is 0"),
        (|part| part.features = usize::MAX, "features is"),
    ] {
        let error = card_with(change).unwrap_err();
        assert!(error.contains(problem), "{error}");
    }
}
