//! `demo`, with the built-in model and images.

use std::io::{BufRead as _, BufReader};
use std::process::{Command, Stdio};

use serde_json::Value;

use crate::common::{DIGITS, Place, signal};

#[test]
fn the_demo_predicts_real_digits() {
    let output = Place::new().run("demo --count 2 --key-bits 2048 --exit --json");
    let lines: Vec<Value> = output
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    // The first test images of MNIST show a 7 and a 2.
    for (line, digit) in lines.iter().zip(["7", "2"]) {
        assert_eq!(
            (&line["digit"], &line["predicted"]),
            (&digit.into(), &digit.into())
        );
        // A fraction of the 784 ciphertexts of 512 bytes that single pixels would take.
        let up = line["bytes_up"].as_u64().unwrap();
        let down = line["bytes_down"].as_u64().unwrap();
        assert!((784 * 516 / 64..784 * 516 / 2).contains(&up), "{up}");
        assert!((516..12 * 516).contains(&down), "{down}");
    }
    let summary = &lines[2];
    // The planner's choice for one record, by the card alone.
    let plan = Place::new().json(&format!(
        "inspect {DIGITS}/card.json --key-bits 2048 --json"
    ));
    let chosen = &plan["plan"]["chosen"];
    let layout = format!(
        "{} with {} per ciphertext and {} scores per answer",
        chosen["layout"].as_str().unwrap(),
        chosen["features_per_ciphertext"],
        chosen["scores_per_answer"],
    );
    assert_eq!(summary["layout"], layout);
    let near = |bytes: &str| {
        let (predicted, real) = (
            chosen[bytes].as_f64().unwrap(),
            // The first request brings the proof of its key, which the plan leaves out.
            lines[1][bytes].as_f64().unwrap(),
        );
        assert!(
            (predicted / real - 1.0).abs() < 0.01,
            "{predicted} for {real}"
        );
    };
    near("bytes_up");
    near("bytes_down");
    assert_eq!(
        (&summary["images"], &summary["agreeing"]),
        (&2.into(), &2.into())
    );
}

#[test]
fn the_demo_compares_the_hybrid_model_with_all_pixels() {
    let output =
        Place::new().run("demo --model digits-hybrid --count 2 --key-bits 2048 --exit --json");
    let lines: Vec<Value> = output
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    let summary = &lines[2];
    assert_eq!(summary["model"], "digits-hybrid");
    let pixels = &summary["pixels"];
    for figures in [summary, pixels] {
        assert_eq!(figures["agreeing"], 2, "{figures}");
        assert_eq!(figures["right"], 2, "{figures}");
    }
    // 64 features are so few that all scores come back in one answer, and take less to send as well.
    for bytes in ["median_bytes_up", "median_bytes_down"] {
        let [hybrid, pixels] = [summary, pixels].map(|figures| figures[bytes].as_f64().unwrap());
        assert!(hybrid < pixels / 2.0, "{bytes}: {summary}");
    }
}

#[test]
fn a_port_that_is_taken_is_named() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port();
    let message = Place::new().fail(&format!("demo --count 1 --exit --port {port}"));
    assert!(
        message.starts_with(&format!("error: can't serve on port {port}\n")),
        "{message}"
    );
}

#[test]
fn the_demo_serves_until_it_is_interrupted() {
    let mut demo = Command::new(env!("CARGO_BIN_EXE_veilcast"))
        .args(["demo", "--count", "1", "--key-bits", "2048", "--json"])
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(demo.stdout.take().unwrap()).lines();
    let summary: Value = serde_json::from_str(&lines.nth(1).unwrap().unwrap()).unwrap();
    for name in ["digits", "digits-hybrid", "hospital"] {
        let url = summary["url"].as_str().unwrap();
        let model = format!("inspect --json {url}/v2/models/{name}");
        assert_eq!(Place::new().json(&model)["name"], name);
    }
    signal(&demo, "INT");
    assert!(demo.wait().unwrap().success());
}
