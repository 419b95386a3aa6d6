//! `evaluate`, in the clear and encrypted.

use insta::assert_snapshot;

use serde_json::Value;
use veilcast_card::{Layouts, ScalarLayout};

use crate::common::{DIGITS, MNIST, Place, table_blueprint};

/// Records of the small model, one of which it gets wrong.
const LABELLED: &str = "age,weight,height,truth\n9,2,3,low\n4,5,6,high\n2,8,9,high\n8,0,0,high\n";

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
      cause: can't read missing/card.json
      cause: No such file or directory (os error 2)
      hint: give a directory that `veilcast train` or `veilcast import` wrote, as it wrote it
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
        evaluate("bad").contains("weights.safetensors isn't a valid safetensors file\n  cause: "),
        "{}",
        evaluate("bad")
    );
    copy("card.json", &|bytes| bytes.push(b' '));
    assert!(evaluate("bad").contains("come from different models, or the card was edited"));
    copy("card.json", &|bytes| bytes.truncate(100));
    assert!(
        evaluate("bad")
            .contains("card.json can't be used\n  cause: the card isn't valid\n  cause: "),
        "{}",
        evaluate("bad")
    );
    copy("report.json", &|bytes| bytes.truncate(100));
    assert!(
        evaluate("bad").contains("report.json can't be used\n  cause: "),
        "{}",
        evaluate("bad")
    );
}

#[test]
fn a_report_shows_the_same_numbers() {
    let place = Place::new();
    let result = place.json(&format!(
        "evaluate --json --model {DIGITS} --data {MNIST} --encrypted --limit 20 --key-bits 2048 \
         --report report.html"
    ));
    assert_eq!(result["report"], "report.html");
    let page = place.read("report.html");
    check_page(&page);
    assert_eq!(page.matches("data:image/png;base64,").count(), 10);
    for label in 0..10 {
        assert!(page.contains(&format!("<figcaption>{label}</figcaption>")));
    }
    for figure in [
        "/accuracy/network_when_trained",
        "/accuracy/collapsed",
        "/accuracy/quantized",
    ] {
        assert!(page.contains(&share(&result, figure)), "{figure}");
    }
    assert!(page.contains(&format!(
        "<strong>{}</strong>",
        share(&result, "/calibration/expected_error")
    )));
    assert!(page.contains("<strong>20 of 20</strong>"));
    let cells = numbers(&page, "table class=\"matrix\"");
    let confusion: Vec<u64> = list(&result["confusion"])
        .flat_map(list)
        .map(whole)
        .collect();
    assert_eq!(cells, confusion);
    let bins = list(&result["calibration"]["bins"]).map(|bin| whole(&bin["records"]));
    assert_eq!(bins.sum::<u64>(), 20);
    let largest: Vec<String> = list(&result["largest_scores"])
        .map(|score| format!("<td class=\"number\">{score}</td>"))
        .collect();
    assert!(largest.iter().all(|cell| page.contains(cell)));
    let card: Value =
        serde_json::from_str(&place.run(&format!("inspect --json {DIGITS}"))).unwrap();
    assert!(page.contains(card["card_digest"].as_str().unwrap()));
}

#[test]
fn a_report_is_private_and_replaced_by_force_only() {
    let place = Place::new();
    let line = format!("evaluate --model {DIGITS} --data {MNIST} --limit 5 --report report.html");
    place.write("report.html", "kept");
    assert_snapshot!(place.fail(&line), @r"
    error: report.html exists already
      hint: choose another name, or replace it with --force
    ");
    assert_eq!(place.read("report.html"), "kept");
    assert!(
        place
            .run(&format!("{line} --force"))
            .contains("report written to report.html")
    );
    check_page(&place.read("report.html"));
    use std::os::unix::fs::PermissionsExt as _;
    let mode = std::fs::metadata(place.path("report.html"))
        .unwrap()
        .permissions()
        .mode();
    assert_eq!(mode & 0o777, 0o600);
    let before = place.names();
    place.fail("evaluate --model missing --data missing --report other.html");
    assert_eq!(place.names(), before);
}

#[test]
fn tables_are_evaluated_and_reported_like_images() {
    let place = Place::new();
    place.write("labelled.csv", LABELLED);
    let result = place.json(
        "evaluate --json --model model --table labelled.csv --target truth --encrypted --key-bits 2048 \
         --out predictions.csv --report report.html",
    );
    // By the small model's weights the first and the last record are low, the others high.
    assert_eq!(result["confusion"], serde_json::json!([[1, 0], [1, 2]]));
    assert_eq!(result["accuracy"]["quantized"], 0.75);
    assert_eq!(result["encrypted"]["agreeing"], 4);
    assert_eq!(result["encrypted"]["auc"], result["quantized"]["auc"]);
    let page = place.read("report.html");
    check_page(&page);
    for text in [
        "<td>age</td>",
        "<td>weight</td>",
        "<td>height</td>",
        "+7.000",
        "AUC",
    ] {
        assert!(page.contains(text), "{text}");
    }
    let measured = place
        .json("evaluate --json --predictions predictions.csv --table labelled.csv --target truth");
    assert_eq!(measured["predictions"], result["quantized"]);
}

#[test]
fn texts_of_a_card_are_escaped() {
    let place = Place::new();
    let layouts = Layouts {
        scalar: Some(ScalarLayout {}),
        ..Layouts::default()
    };
    let (mut blueprint, map) = table_blueprint(layouts, "hostile");
    let hostile = "</style><script>alert('1')</script>";
    blueprint.description = format!("{hostile} & \"more\"");
    blueprint.labels = vec![
        "<img src=x onerror=alert(1)>".to_owned(),
        "high\" id=\"x".to_owned(),
    ];
    blueprint.input.features = Some(vec!["age".to_owned(), hostile.to_owned(), "a&b".to_owned()]);
    let model = blueprint.build(map).unwrap();
    model.save(&place.path("hostile"), false).unwrap();
    place.write(
        "labelled.csv",
        format!("age,{hostile},a&b,truth\n1,2,3,<img src=x onerror=alert(1)>\n"),
    );
    place.run("evaluate --model hostile --table labelled.csv --target truth --report report.html");
    let page = place.read("report.html");
    check_page(&page);
    assert!(
        page.contains("&lt;img src=x onerror=alert(1)&gt;"),
        "the label is shown"
    );
    assert!(
        page.contains("&lt;/style&gt;&lt;script&gt;"),
        "the description is shown"
    );
    assert!(!page.contains("<img src=x") && !page.contains("id=\"x"));
}

/// A page loads nothing, runs nothing, and closes what it opens.
pub(crate) fn check_page(page: &str) {
    for foreign in ["<script", "http://", "https://", "<link", "@import", "url("] {
        assert!(!page.contains(foreign), "{foreign}");
    }
    let body = &page[page.find("<body>").unwrap()..page.find("</html>").unwrap()];
    let mut open = Vec::new();
    for tag in body.split('<').skip(1) {
        let (tag, _) = tag.split_once('>').unwrap();
        let name = tag
            .split([' ', '\n', '/'])
            .find(|name| !name.is_empty())
            .unwrap();
        if tag.starts_with('/') {
            assert_eq!(open.pop(), Some(name));
        } else if !tag.ends_with('/') && !["img", "br"].contains(&name) {
            open.push(name);
        }
    }
    assert!(open.is_empty(), "{open:?}");
    assert!(page.contains("as private as they are"));
}

/// The numbers in a table's cells.
fn numbers(page: &str, table: &str) -> Vec<u64> {
    let start = page.find(&format!("<{table}")).unwrap();
    let table = &page[start..start + page[start..].find("</table>").unwrap()];
    let cells = table.split("<td").skip(1);
    let text = |cell: &str| {
        let (_, text) = cell.split_once('>').unwrap();
        text.split('<').next().unwrap().parse().unwrap()
    };
    cells.map(text).collect()
}

/// A number of the result as the report writes shares.
fn share(result: &Value, pointer: &str) -> String {
    format!("{:.4}", result.pointer(pointer).unwrap().as_f64().unwrap())
}

fn list(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().unwrap().iter()
}

fn whole(value: &Value) -> u64 {
    value.as_u64().unwrap()
}
