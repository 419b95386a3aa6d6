//! `encrypt`, `compute` and `decrypt`: the same as `predict`, without a network.

use insta::assert_snapshot;

use crate::common::{Place, predicted, table_model};

const ENCRYPT: &str = "encrypt --key key.json --card model/card.json --in two.csv --out request";
const COMPUTE: &str = "compute --model model --in request --out response";
const DECRYPT: &str = "decrypt --key key.json --card model/card.json --in response --out out.csv";

fn place() -> Place {
    let place = Place::new();
    place.write("two.csv", "height,age,weight\n3,1,2\n6,4,5\n");
    place
}

#[test]
fn files_give_what_http_gives() {
    let place = place();
    place.run(ENCRYPT);
    place.run(COMPUTE);
    place.run(DECRYPT);
    let server = place.serve("--model model");
    let url = &server.url;
    place.run(&format!(
        "predict --server {url} --model risk --key key.json --out http.csv two.csv"
    ));
    assert_eq!(place.read("out.csv"), place.read("http.csv"));
    assert_snapshot!(place.read("out.csv"), @r"
    record,label,score_low,score_high,probability_low,probability_high
    0,high,-4,8,0.000006,0.999994
    1,high,-4,11,0.000000,1.000000
    ");
    // Without a file the same goes to standard output.
    assert_eq!(
        place.run(&DECRYPT.replace("--out out.csv", "")),
        place.read("out.csv")
    );
}

#[test]
fn predictions_equal_the_model_in_the_clear() {
    let place = place();
    place.run(ENCRYPT);
    place.run(COMPUTE);
    let lines = place.run(&(DECRYPT.replace("--out out.csv", "") + "--json"));
    let lines: Vec<serde_json::Value> = lines
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    let model = table_model("risk");
    for (line, record) in lines.iter().zip([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]) {
        let expected = predicted(&model, &record);
        assert_eq!(line["label"], expected.label);
        let scores: Vec<f64> = serde_json::from_value(line["scores"].clone()).unwrap();
        assert_eq!(scores, expected.scores);
    }
    assert_eq!(
        lines[2],
        serde_json::json!({"records": 2, "without_prediction": 0, "labels": {"high": 2}})
    );
}

#[test]
fn a_request_takes_so_many_records_and_no_more() {
    let place = place();
    assert_snapshot!(place.fail(&ENCRYPT.replace("two.csv", "records.csv")), @r"
    error: records.csv holds more than 2 records
      hint: a request to this model takes at most 2: split the file
    ");
    place.write("none.csv", "age,weight,height\n");
    assert_snapshot!(place.fail(&ENCRYPT.replace("two.csv", "none.csv")), @"error: there are no records in the input");
    assert!(
        !place.names().iter().any(|name| name.contains("request")),
        "{:?}",
        place.names()
    );
}

#[test]
fn requests_of_other_models_are_refused() {
    let place = place();
    table_model("other")
        .save(&place.path("other"), false)
        .unwrap();
    place.run(ENCRYPT);
    let message = place.fail(&COMPUTE.replace("--model model", "--model other"));
    assert!(message.contains("was made for the card"), "{message}");
    place.run(COMPUTE);
    let message = place.fail(&DECRYPT.replace("model/card.json", "other/card.json"));
    assert!(
        message.contains("another version of the model"),
        "{message}"
    );
}

#[test]
fn answers_under_other_keys_are_refused() {
    let place = place();
    place.run("keygen --bits 2048 --out other.json");
    place.run(ENCRYPT);
    place.run(COMPUTE);
    assert_snapshot!(place.fail(&DECRYPT.replace("key.json", "other.json")), @r"
    error: can't decrypt response
      cause: the answer is encrypted under another key: use the key that encrypted the request
    ");
    assert!(!place.path("out.csv").exists());
}

#[test]
fn an_answer_is_one_to_its_request_alone() {
    let place = place();
    place.run(ENCRYPT);
    place.run(COMPUTE);
    let checked = format!("{DECRYPT} --request request");
    place.run(&checked);
    // The same records, encrypted again: an older answer doesn't belong to this request.
    place.run(&format!("{ENCRYPT} --force"));
    assert_snapshot!(place.fail(&format!("{checked} --force")), @r"
    error: response is not an answer to request
      hint: give the request file that was computed, byte for byte
    ");
    place.run(&format!("{COMPUTE} --force"));
    place.run(&format!("{checked} --force"));
}

/// What was told 59 times of 60 by a wrong prediction and nothing else.
#[test]
fn a_flipped_bit_in_an_answer_is_found() {
    let place = place();
    place.run(ENCRYPT);
    place.run(COMPUTE);
    let response = std::fs::read(place.path("response")).unwrap();
    // In the last ciphertext.
    for byte in (response.len() - 512..response.len()).step_by(85) {
        let mut damaged = response.clone();
        damaged[byte] ^= 4;
        place.write("bad", damaged);
        let message = place.fail(&DECRYPT.replace("--in response", "--in bad"));
        assert!(message.contains("damaged in transit"), "{message}");
        assert!(!place.path("out.csv").exists());
    }
}

#[test]
fn damaged_files_are_refused() {
    let place = place();
    place.run(ENCRYPT);
    let request = std::fs::read(place.path("request")).unwrap();
    for (name, bytes) in [
        ("short", request[..request.len() - 1].to_vec()),
        ("long", [&request[..], b"x"].concat()),
        ("zero", zeroed(&request)),
        ("empty", Vec::new()),
        ("noise", b"noise".to_vec()),
    ] {
        place.write("bad", bytes);
        let message = place.fail(&COMPUTE.replace("--in request", "--in bad"));
        let expected = match name {
            "short" => "cut short",
            "long" => "1 bytes too many",
            "zero" => "ciphertext",
            "empty" | "noise" => "JSON",
            _ => unreachable!(),
        };
        assert!(message.contains(expected), "{name}: {message}");
        assert!(!place.path("response").exists());
    }
    // A request isn't a response.
    let message = place.fail(&DECRYPT.replace("--in response", "--in request"));
    assert!(message.contains("isn't a response"), "{message}");
}

/// A request whose last ciphertext is 0.
fn zeroed(request: &[u8]) -> Vec<u8> {
    let mut request = request.to_vec();
    let end = request.len();
    request[end - 512..].fill(0);
    request
}
