//! `inspect`, of everything there is.

use insta::assert_snapshot;
use serde_json::Value;

use crate::common::{DIGITS, Place, table_model};

#[test]
fn everything_has_its_kind() {
    let place = Place::new();
    place.write("two.csv", "age,weight,height\n1,2,3\n4,5,6\n");
    place.run("encrypt --key key.json --card model/card.json --in two.csv --out request");
    place.run("compute --model model --in request --out response");
    place.run("pubkey key.json --out public.json");
    let server = place.serve("--model model");
    let url = &server.url;
    for (target, kind) in [
        ("model", "model"),
        ("model/card.json", "card"),
        ("key.json", "secret_key"),
        ("public.json", "public_key"),
        ("request", "request"),
        ("response", "response"),
        (url, "service"),
        (&format!("{url}/v2"), "service"),
        (&format!("{url}/v2/models/risk"), "card"),
        (&format!("{url}/v2/models/risk/card"), "card"),
    ] {
        assert_eq!(
            place.json(&format!("inspect --json {target}"))["kind"],
            kind,
            "{target}"
        );
        place.run(&format!("inspect {target}"));
    }
    let service = place.json(&format!("inspect --json {url}"));
    assert_eq!(service["models"], serde_json::json!(["risk"]));
    let request = place.json("inspect --json request");
    assert_eq!(request["ciphertexts"], 6);
    assert_eq!(request["key_bits"], 2048);
    let model = place.json("inspect --json model");
    assert_eq!(request["card_digest"], model["card_digest"]);
    assert_eq!(model["largest_scores"], serde_json::json!([112, 120]));
}

#[test]
fn a_model_is_shown() {
    let shown = Place::new().run("inspect model");
    let shown: Vec<_> = shown
        .lines()
        .take_while(|line| !line.is_empty())
        .filter(|line| !line.contains("sha256:"))
        .collect();
    assert_snapshot!(shown.join("\n"), @r"
    model directory
      name     risk 1
      about    Tells low from high.
      input    table of shape [3], 3 features of 4 bits
      columns  age, weight, height
      output   2 scores of at most 8 bits, final function softmax
      labels   low, high
      layouts  scalar
      limits   at most 2 records and 1000 ciphertexts per request
      weights  6 of 4 bits, 5 not zero
    ");
}

/// Costs of round numbers.
const COSTS: &str = r#"{"key_bits": 2048, "link_bytes_per_second": 1e6, "seconds": {
    "product": 1e-6, "square": 1e-6, "inversion": 1e-4, "decoding": 1e-5, "unit_check": 1e-4,
    "encryption": 1e-3, "correction": 1e-6, "expansion": 1e-5,
    "randomizers": [0.01, 0.011, 0.012, 0.013, 0.014, 0.015, 0.016, 0.017],
    "decryptions": [0.002, 0.002, 0.002, 0.002]}}"#;

#[test]
fn the_layouts_of_a_model_are_compared() {
    let place = Place::new();
    place.write("costs.json", COSTS);
    let plan = |line: &str| {
        let shown = place.run(&format!(
            "inspect {line} --key-bits 2048 --costs costs.json"
        ));
        shown.split_once("\n\n").unwrap().1.to_owned()
    };
    assert_snapshot!(plan("model"), @r"
    predicted for 1 record under a key of 2048 bits, on one core each, over 8 Mbit/s:

      layout    upload   k  scores  up kB  down kB  encrypt ms  service ms  decrypt ms  total ms
    * scalar    full     –       2    2.3      1.1         3.0        10.2         2.1      18.7
      scalar    full     –       1    2.2      1.6         3.0        11.3         2.1      20.2

    * is chosen: scalar with 2 scores per answer, full
        saves 1.5 ms (7 %) against scalar with 1 score per answer, full

    ways to predict:

                 before the records are known                  once they are
      way        client ms  service ms  up kB  down kB    client ms  service ms  up kB  down kB  hides records by
      direct             –           –      –        –          5.1        10.2    2.3      1.1  Paillier encryption
      vouchers         2.6         5.8    1.2      0.8       < 0.01      < 0.01    0.5      0.5  a one-time pad, sent ahead by Paillier encryption
    ");
    assert_snapshot!(plan("model/card.json --records 5 --link 1"), @r"
    predicted for 5 records under a key of 2048 bits, on one core each, over 1 Mbit/s, the model's products estimated:

      layout    upload   k  scores  up kB  down kB  encrypt ms  service ms  decrypt ms  total ms
    * scalar    full     –       2    9.9      4.4        15.0        33.0         6.3       168
      scalar    full     –       1    9.8      6.9        15.0        38.0         6.4       193

    * is chosen: scalar with 2 scores per answer, full
        saves 24.6 ms (13 %) against scalar with 1 score per answer, full

    ways to predict:

                 before the records are known                  once they are
      way        client ms  service ms  up kB  down kB    client ms  service ms  up kB  down kB  hides records by
      direct             –           –      –        –         21.4        33.0    9.9      4.4  Paillier encryption
      vouchers        13.1        28.9    5.8      4.1       < 0.01      < 0.01    1.5      1.4  a one-time pad, sent ahead by Paillier encryption
    ");
    // All that the table has room for, and more.
    let plan = place.json(&format!("inspect {DIGITS} --records 3 --json"))["plan"].clone();
    let candidates = plan["candidates"].as_array().unwrap();
    assert!(candidates.len() > 20);
    let total = |line: &Value| line["total_ms"].as_f64().unwrap();
    assert!(candidates.is_sorted_by(|a, b| total(a) <= total(b)));
    for (chosen, uploads) in [
        ("chosen", &["full"][..]),
        ("chosen_with_entries", &["full", "seeded"]),
    ] {
        let allowed = |line: &&Value| uploads.contains(&line["upload"].as_str().unwrap());
        assert_eq!(Some(&plan[chosen]), candidates.iter().find(allowed));
    }
    assert_eq!(
        (&plan["records"], &plan["key_bits"]),
        (&3.into(), &3072.into())
    );
}

#[test]
fn a_table_of_any_size_is_planned() {
    let place = Place::new();
    place.write("costs.json", COSTS);
    let inspect = format!("inspect {DIGITS} --costs costs.json");
    let planned = |more: &str| place.json(&format!("{inspect} --json {more}"))["table"].clone();
    let of = |plan: &Value, figure: &str| plan["chosen"][figure].as_f64().unwrap();
    let is_near =
        |one: f64, other: f64, by: f64| assert!((one / other - 1.0).abs() < by, "{one}, {other}");
    // Twice the records are twice of everything, but for the end of the last request.
    let one = planned("--cluster 1000 --records 1e9");
    let two = planned("--cluster 1000 --records 2e9");
    for figure in [
        "encrypt_core_hours",
        "score_core_hours",
        "hours",
        "bytes_up",
    ] {
        is_near(of(&two, figure), 2.0 * of(&one, figure), 1e-3);
    }
    // It is what fewer take, in the same layout, and what preparing cells takes.
    let few = place.json(&format!("{inspect} --records 100000 --json"))["plan"].clone();
    let is_it = |line: &&Value| line["layout"] == "records" && line["upload"] == "full";
    let line = few["candidates"]
        .as_array()
        .unwrap()
        .iter()
        .find(is_it)
        .unwrap();
    let cells = 784.0 * 1e9 * 0.165e-6;
    let hours = (1e4 * line["encrypt_ms"].as_f64().unwrap() / 1e3 + cells) / 3600.0;
    is_near(of(&one, "encrypt_core_hours"), hours, 0.01);
    is_near(of(&one, "hours") * 1000.0, of(&one, "core_hours"), 1e-9);
    assert_eq!(
        (&one["chosen"]["key_bits"], one["chosen"].get("price")),
        (&3072.into(), None)
    );
    let weak = planned("--cluster 1 --records 1e9 --key-bits 2048");
    assert_eq!(weak["chosen"]["key_bits"], 2048);

    let prices = "--cluster 1000 --records 1e9 --core-hour 0.05 --gigabyte 0.01";
    let priced = planned(prices);
    let gigabytes = (of(&priced, "bytes_up") + of(&priced, "bytes_down")) / 1e9;
    is_near(
        of(&priced, "price"),
        0.05 * of(&priced, "core_hours") + 0.01 * gigabytes,
        1e-9,
    );
    let shown = place.run(&format!("{inspect} {prices}"));
    assert_snapshot!(shown.split_once("\n\n").unwrap().1, @r"
    predicted for a table of 1,000,000,000 records on 1000 cores:

                 core hours                                  hours      GB up  GB down     price
      way     key   encrypt     score   decrypt       all   on all
      direct  2048      1778      75.0      11.6      1865     1.86       3264     46.0       126
    * direct  3072      3202       143      21.3      3366     3.37       3229     43.9       201
      direct  4096      5325       221      35.2      5581     5.58       3211     43.0       312

    * is cheapest with a key of 3072 bits or more
    ");

    // A sealed model's key is its service's.
    table_model("risk")
        .save(&place.path("sealed"), false)
        .unwrap();
    place.run("keygen --bits 2048 --out service.json");
    place.run("seal sealed --key service.json --only");
    let sealed = "inspect sealed/card.json --records 1e9 --cluster 1000 --json --key-bits";
    let chosen = |bits: u32| place.json(&format!("{sealed} {bits}"))["table"]["chosen"].clone();
    assert_eq!(chosen(2048)["way"], "sealed");
    assert_eq!(chosen(3072), Value::Null);

    for (wrong, told) in [
        ("--records 0", "give a whole number from 1 to 2^53"),
        ("--records 1.5", "give a whole number from 1 to 2^53"),
        ("--records 1e30", "give a whole number from 1 to 2^53"),
        ("--core-hour 1", "--cluster"),
        ("--cluster 1 --core-hour=-1", "give a number from 0"),
    ] {
        let line = format!("{inspect} {wrong}");
        let run = place.veilcast().args(line.split(' ')).assert().code(2);
        let error = String::from_utf8_lossy(&run.get_output().stderr).into_owned();
        assert!(error.contains(told), "{error}");
    }
}

#[test]
fn of_a_secret_key_only_public_facts_are_shown() {
    let place = Place::new();
    let key: Value = serde_json::from_str(&place.read("key.json")).unwrap();
    for shown in [
        place.run("inspect key.json"),
        place.run("inspect --json key.json"),
    ] {
        for secret in ["p", "q"] {
            assert!(!shown.contains(key[secret].as_str().unwrap()));
        }
    }
    let facts = place.json("inspect --json key.json");
    let names: Vec<_> = facts.as_object().unwrap().keys().collect();
    assert_eq!(names, ["bits", "fingerprint", "kind", "proven"]);
}

#[test]
fn other_things_are_refused() {
    let place = Place::new();
    assert_snapshot!(place.fail("inspect records.csv"), @r"
    error: records.csv isn't a Veilcast file, or it is damaged
      hint: give a card, a key, a request, a response, a model directory or a URL
    ");
    assert_snapshot!(place.fail("inspect missing"), @r"
    error: can't read missing
      cause: No such file or directory (os error 2)
    ");
    std::fs::create_dir(place.path("folder")).unwrap();
    assert_snapshot!(place.fail("inspect folder"), @r"
    error: folder isn't a model directory: it has no card.json
      hint: give a directory that `veilcast train` or `veilcast import` wrote
    ");
    place.write("cut.json", &place.read("model/card.json").as_bytes()[..200]);
    assert_snapshot!(place.fail("inspect cut.json"), @r"
    error: cut.json isn't a Veilcast file, or it is damaged
      hint: give a card, a key, a request, a response, a model directory or a URL
    ");
    place.write("old.json", r#"{"format": "veilcast-card/0"}"#);
    assert_snapshot!(place.fail("inspect old.json"), @r#"
    error: can't use the card old.json
      cause: the card's format is "veilcast-card/0"; this version reads "veilcast-card/1"
    "#);
}

#[test]
fn tables_of_requests() {
    use veilcast_card::{Card, QuantizedRecord};
    use veilcast_tables::{Kind, Writer, encrypt, session};

    let place = Place::new();
    let read = |name: &str| std::fs::read(place.path(name)).unwrap();
    let card = std::fs::read(std::path::Path::new(DIGITS).join("card.json")).unwrap();
    let card = Card::parse(&card).unwrap();
    let key = String::from_utf8(read("key.json")).unwrap();
    let key = veilcast_paillier::SecretKey::from_json(&key, Default::default()).unwrap();
    let session = session(card, key).unwrap();
    let record = QuantizedRecord::new(session.card(), vec![1; session.card().features()]).unwrap();
    let rows = encrypt(&session, &[record], "ward 7", 0, &mut || Ok(())).unwrap();
    let file = place.path("requests.parquet");
    let mut writer = Writer::create(&file, false, Kind::Requests).unwrap();
    writer.write(&rows).unwrap();
    writer.finish().unwrap();

    let facts = place.json("inspect --json requests.parquet");
    assert_eq!(facts["kind"], "table");
    assert_eq!(facts["holds"], "requests");
    assert_eq!(
        (&facts["groups"], &facts["records"]),
        (&1.into(), &1.into())
    );
    assert_eq!(facts["card_digest"], session.card().digest().to_string());
    let text = place.run("inspect requests.parquet");
    assert!(
        text.contains("table of requests of 1 record in 1 group"),
        "{text}"
    );

    let whole = read("requests.parquet");
    std::fs::write(&file, &whole[..whole.len() - 1]).unwrap();
    let error = place.fail("inspect requests.parquet");
    assert!(
        error.contains("requests.parquet") && error.contains("cut off"),
        "{error}"
    );
}
