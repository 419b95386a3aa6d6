//! Sealed models: sealed by their owner, opened by the service, used by clients without a key, over HTTP and through files.

use std::fs;
use std::path::PathBuf;

use insta::assert_snapshot;
use serde_json::Value;

use crate::common::{CACHE, Place, table_model};

/// A place with a model of its own that is sealed under `service.json`, besides the usual ways or alone.
fn place(more: &str) -> Place {
    let place = Place::new();
    table_model("risk")
        .save(&place.path("sealed"), false)
        .unwrap();
    place.run("keygen --bits 2048 --out service.json");
    place.run(&format!("seal sealed --key service.json {more}"));
    place
}

fn weights(place: &Place) -> Vec<PathBuf> {
    let folder = place.path(CACHE).join("veilcast/sealed");
    let files = fs::read_dir(folder).into_iter().flatten();
    files.map(|file| file.unwrap().path()).collect()
}

#[test]
fn predictions_are_those_of_the_direct_way() {
    let place = place("");
    let server = place.serve("--model sealed --sealing-key service.json");
    let predict = format!("predict --server {} --model risk records.csv", server.url);
    let direct = place.run(&format!("{predict} --key key.json"));
    assert_eq!(place.run(&format!("{predict} --sealed")), direct);
    // The weights are kept, and checked when they are used again.
    let [kept] = &weights(&place)[..] else {
        panic!("one file")
    };
    fs::write(kept, "damaged").unwrap();
    assert_eq!(place.run(&format!("{predict} --sealed")), direct);
    assert_eq!(
        fs::read(kept).unwrap(),
        fs::read(place.path("sealed/sealed.bin")).unwrap()
    );
    assert_eq!(place.run(&format!("{predict} --sealed")), direct);

    let error = place
        .veilcast()
        .args(format!("{predict} --sealed --key key.json").split_whitespace())
        .assert()
        .code(2);
    let error = String::from_utf8(error.get_output().stderr.clone()).unwrap();
    assert!(error.contains("cannot be used with"), "{error}");
}

#[test]
fn what_is_offered_sealed_alone_needs_no_option() {
    let place = place("--only");
    let server = place.serve("--model sealed --sealing-key service.json");
    let predict = format!("predict --server {} --model risk records.csv", server.url);
    let usual = place.serve("--model model");
    let direct = format!(
        "predict --server {} --model risk records.csv --key key.json",
        usual.url
    );
    assert_eq!(place.run(&predict), place.run(&direct));
    let error = place.fail(&format!("{predict} --key key.json"));
    assert_snapshot!(error, @r"
    error: the model is offered sealed alone, which takes no key like key.json
      hint: leave --key out
    ");
    let fill = format!(
        "voucher fill --server {} --model risk --key key.json --count 3",
        server.url
    );
    let error = place.fail(&fill);
    assert!(error.contains("voucher"), "{error}");
}

#[test]
fn a_model_that_is_not_sealed_is_not_used_so() {
    let place = Place::new();
    let server = place.serve("--model model");
    let error = place.fail(&format!(
        "predict --server {} --model risk --sealed records.csv",
        server.url
    ));
    assert_snapshot!(error, @r"
    error: the model risk is not offered sealed
      hint: leave --sealed out; `veilcast inspect` tells the ways that it is offered in
    ");
}

#[test]
fn files_give_what_http_gives() {
    let place = place("");
    place.write("two.csv", "age,weight,height\n1,2,3\n4,5,6\n");
    let encrypt = "encrypt --card sealed/card.json --sealed sealed/sealed.bin --opening opening.json --in two.csv --out request";
    place.run(encrypt);
    let compute = "compute --model sealed --sealing-key service.json --in request --out response";
    place.run(compute);
    let decrypt =
        "decrypt --card sealed/card.json --opening opening.json --in response --request request";
    assert_snapshot!(place.run(decrypt), @r"
    record,label,score_low,score_high,probability_low,probability_high
    0,high,-4,8,0.000006,0.999994
    1,high,-4,11,0.000000,1.000000
    ");
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        let mode = fs::metadata(place.path("opening.json"))
            .unwrap()
            .permissions()
            .mode();
        assert_eq!(mode & 0o777, 0o600);
    }
    for (file, kind, ways) in [
        ("request", "request", Some("sealed")),
        ("response", "response", None),
        ("opening.json", "opening", None),
    ] {
        let facts = place.json(&format!("inspect {file} --json"));
        assert_eq!(facts["kind"], kind);
        assert_eq!(facts["records"], 2);
        assert_eq!(facts["way"].as_str(), ways);
    }

    // Without the key, with another opening, another answer, or what isn't one.
    let error = place.fail("compute --model sealed --in request --out other");
    assert!(
        error.contains("give the model's key with --sealing-key"),
        "{error}"
    );
    let error =
        place.fail("compute --model sealed --sealing-key key.json --in request --out other");
    assert!(
        error.contains("the model is sealed under another key"),
        "{error}"
    );
    let other = encrypt
        .replace("opening.json", "other.json")
        .replace("request", "second");
    place.run(&other);
    place.run(
        &compute
            .replace("request", "second")
            .replace("response", "other"),
    );
    let error = place.fail(&decrypt.replace("opening.json", "other.json"));
    assert!(
        error.contains("response is not an answer to request"),
        "{error}"
    );
    let error = place.fail("decrypt --card sealed/card.json --opening opening.json --in other");
    assert!(error.contains("does not belong to the request"), "{error}");
    let error = place.fail("decrypt --card model/card.json --opening opening.json --in response");
    assert!(error.contains("it is for the card sha256:"), "{error}");
    let error = place.fail("decrypt --card sealed/card.json --opening key.json --in response");
    assert!(
        error.contains("give the file that `veilcast encrypt --opening` wrote"),
        "{error}"
    );
    let mut opening: Value = serde_json::from_str(&place.read("opening.json")).unwrap();
    opening["masks"] = "abcd".into();
    place.write("short.json", opening.to_string());
    let error = place.fail("decrypt --card sealed/card.json --opening short.json --in response");
    assert!(error.contains("it isn't whole"), "{error}");
    let error = place.fail(
        &encrypt
            .replace("sealed/sealed.bin", "two.csv")
            .replace(".json --in", "2.json --in")
            .replace("request", "third"),
    );
    assert!(
        error.contains("it is next to the model's card.json"),
        "{error}"
    );
}

#[test]
fn sealing_says_what_it_needs() {
    let place = place("");
    let error = place.fail("seal sealed --key service.json");
    assert!(
        error.contains("is sealed under this key already"),
        "{error}"
    );
    let error = place.fail("seal nowhere --key service.json");
    assert!(error.contains("can't use the model in nowhere"), "{error}");
    let error = place.fail("seal sealed --key records.csv");
    assert!(
        error.contains("can't use the key file records.csv"),
        "{error}"
    );
    let error = place.fail("serve --model sealed --listen 127.0.0.1:0");
    assert!(error.contains("name its file in `sealing_keys`"), "{error}");
    let error = place.fail("serve --model sealed --sealing-key key.json --listen 127.0.0.1:0");
    assert!(error.contains("name its file in `sealing_keys`"), "{error}");
    let error = place.fail("serve --model sealed --sealing-key records.csv --listen 127.0.0.1:0");
    assert!(
        error.contains("can't use the key of sealed models in records.csv"),
        "{error}"
    );

    // Under another key it is another model, whose card says so.
    let facts = place.json("inspect sealed --json");
    place.run("seal sealed --key key.json");
    let again = place.json("inspect sealed --json");
    assert_ne!(facts["sealed_under"], again["sealed_under"]);
    assert_ne!(facts["card_digest"], again["card_digest"]);
    assert_eq!(
        again["ways"],
        serde_json::json!(["direct", "vouchers", "sealed"])
    );
    let ways = again["plan"]["ways"].as_array().unwrap();
    assert_eq!(ways.len(), 3, "{again}");
}
