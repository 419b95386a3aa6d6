//! `evaluate`, in the clear and encrypted.

use insta::assert_snapshot;

use crate::common::{DIGITS, MNIST, Place};

#[test]
fn the_built_in_model_is_as_good_as_promised() {
    let result = Place::new().json(&format!("evaluate --json --model {DIGITS} --data {MNIST}"));
    assert_eq!(result["records"], 10_000);
    for map in ["collapsed", "quantized", "network_when_trained"] {
        let accuracy = result["accuracy"][map].as_f64().unwrap();
        assert!((0.924..1.0).contains(&accuracy), "{map}: {accuracy}");
    }
    let counts = result["confusion"]
        .as_array()
        .unwrap()
        .iter()
        .flat_map(|row| row.as_array().unwrap());
    assert_eq!(
        counts.map(|count| count.as_u64().unwrap()).sum::<u64>(),
        10_000
    );
}

#[test]
fn ciphertexts_give_the_same_scores() {
    let line = format!(
        "evaluate --json --model {DIGITS} --data {MNIST} --encrypted --limit 1 --key-bits 2048"
    );
    let encrypted = &Place::new().json(&line)["encrypted"];
    assert_eq!(
        (&encrypted["records"], &encrypted["agreeing"]),
        (&1.into(), &1.into())
    );
    assert!(encrypted["encrypt_ms"].as_f64().unwrap() > 0.0);
}

#[test]
fn corrupt_models_are_refused() {
    let place = Place::new();
    let evaluate = |model: &str| place.fail(&format!("evaluate --model {model} --data {MNIST}"));
    assert_snapshot!(evaluate("missing"), @r"
    error: can't use the model in missing
      cause: can't read missing/card.json: No such file or directory (os error 2)
      hint: give a directory that `veilcast train` wrote, as it wrote it
    ");
    let copy = |name: &str, change: &dyn Fn(&mut Vec<u8>)| {
        std::fs::create_dir_all(place.path("bad")).unwrap();
        for file in ["card.json", "weights.safetensors", "report.json"] {
            let mut bytes = std::fs::read(format!("{DIGITS}/{file}")).unwrap();
            if file == name {
                change(&mut bytes);
            }
            std::fs::write(place.path("bad").join(file), bytes).unwrap();
        }
    };
    copy("weights.safetensors", &|bytes| bytes.truncate(1000));
    assert!(
        evaluate("bad").contains("not a valid safetensors file"),
        "{}",
        evaluate("bad")
    );
    copy("card.json", &|bytes| bytes.push(b' '));
    assert!(evaluate("bad").contains("come from different models, or the card was edited"));
    copy("card.json", &|bytes| bytes.truncate(100));
    assert!(
        evaluate("bad").contains("card.json: the card isn't valid"),
        "{}",
        evaluate("bad")
    );
    copy("report.json", &|bytes| bytes.truncate(100));
    assert!(
        evaluate("bad").contains("report.json"),
        "{}",
        evaluate("bad")
    );
}
