//! Tables of cells: what errors say, which columns are read, and files that are large or change.

use std::collections::BTreeMap;
use std::fs::{self, File, OpenOptions};
use std::io::{BufWriter, Write as _};

use tempfile::NamedTempFile;
use veilcast_card::{
    Cell, Imputed, PerFeature, Preprocessing, RawRecord, RecordError, Step, UnknownCategory,
};
use veilcast_files::{self as input, IgnoredColumns, Options, ReadError, Record};
use veilcast_model::{FloatMap, Model};

use crate::models;

/// A model of an age, a sex and a laboratory value that may be missing.
fn model(unknown: UnknownCategory) -> Model {
    let mut blueprint = models::patients();
    blueprint.input.features = Some(["age", "sex", "lab"].map(str::to_owned).to_vec());
    let categories = ["female", "male"].map(str::to_owned).to_vec();
    blueprint.input.preprocessing = Preprocessing::new(vec![
        Step::Impute {
            values: BTreeMap::from([("lab".to_owned(), Imputed::Number(1.5))]),
        },
        Step::OneHot {
            categories: BTreeMap::from([("sex".to_owned(), categories)]),
            unknown,
        },
    ])
    .with_missing(["", "NA"].map(str::to_owned).to_vec());
    blueprint.quantization.step = PerFeature::All(0.5);
    blueprint.quantization.zero = PerFeature::All(0.0);
    let map = FloatMap::new(4, 2, vec![1.0; 8], vec![0.0; 2]).unwrap();
    blueprint.build(map).unwrap()
}

fn file(content: impl AsRef<[u8]>) -> NamedTempFile {
    let file = NamedTempFile::new().unwrap();
    fs::write(file.path(), content).unwrap();
    file
}

fn read(content: impl AsRef<[u8]>, options: &Options) -> Result<Vec<Record>, ReadError> {
    let (file, model) = (file(content), model(UnknownCategory::Error));
    input::open(model.card().input(), file.path(), options)?.collect()
}

#[test]
fn each_bad_cell_is_named_by_line_and_column() {
    let cases: &[(&[u8], &str)] = &[
        (
            b"age,sex,lab\n1,male,2\n2,male,x\n",
            "line 3, column \"lab\": \"x\" isn't a finite number",
        ),
        (
            b"age,sex,lab\n1,male,\"1,5,5\"\n",
            "\"1,5,5\" isn't a finite number",
        ),
        (
            b"age,sex,lab\n1,male,1,5\n",
            "line 2: the row has 4 cells, the header 3; a cell that holds what separates the columns needs quotes",
        ),
        (
            b"age,sex,lab\n1e400,male,1\n",
            "line 2, column \"age\": \"1e400\" isn't a finite number",
        ),
        (
            b"age,sex,lab\nNaN,male,1\n",
            "line 2, column \"age\": \"NaN\" isn't a finite number",
        ),
        (
            b"age,sex,lab\nNA,male,1\n",
            "line 2, column \"age\": the value is missing (\"NA\"), and the model needs one",
        ),
        (
            b"age,sex,lab\n1,Male,1\n",
            "line 2, column \"sex\": the model doesn't know \"Male\"; it knows \"female\", \"male\"",
        ),
        (
            b"age,sex,lab\n1,m\xe4nnlich,1\n",
            "the model doesn't know \"m\u{e4}nnlich\"",
        ),
        (
            b"\x81\x8d,sex,lab\n",
            "neither a format that is read nor text",
        ),
        (b"age sex lab\n1 male 1\n", "separated by spaces"),
        (b"\xff\xd8\xff\xe0", "is a JPEG picture; save it as PNG"),
        (b"%PDF-1.7", "is a PDF document; save the table as CSV"),
        (b"RIFF\0\0\0\0WEBP", "is a WebP picture; save it as PNG"),
        (
            b"\0\0\0\x18ftypheic",
            "is a HEIC or AVIF picture, or a film; save it as PNG",
        ),
        (
            b"\0\0\0\0\0\0\0\0\0\0\0\0\xc2\xea\x81\x60",
            "is a SAS file; save the table as CSV",
        ),
        (b"[\n  {\"age\": 1}]", "is JSON; save the table as CSV"),
        (b"{\"age\": 1}", "is JSON; save the table as CSV"),
        (
            b"age,sex,lab\n1,male,\"2\n",
            "line 2: a quotation mark is opened in this row and not closed",
        ),
        (
            b"1,male,2\n3,female,4\n",
            "the header lacks \"age\", \"sex\", \"lab\", and has \"1\", \"male\", \"2\"",
        ),
        (b"age,lab\n", "the header lacks \"sex\""),
        (
            b"age,sex,lab,age\n",
            "the header has the column \"age\" twice",
        ),
        (
            b"age,sex,lab,id\n1,male,2,7\n",
            "the header has \"id\", which the model doesn't take",
        ),
        (b"", "is empty"),
        (b"\n\r\n\n", "is empty"),
    ];
    for (content, expected) in cases {
        let shown = String::from_utf8_lossy(content);
        let error = read(content, &Options::default())
            .expect_err(&shown)
            .to_string();
        assert!(error.contains(expected), "{shown}: {error}");
    }
}

#[test]
fn line_breaks_and_marks_of_all_systems_are_read() {
    let expected = read("age,sex,lab\n1,male,2\n3,female,\n", &Options::default()).unwrap();
    assert_eq!(
        expected[1].raw,
        vec![
            Cell::Number(3.0),
            Cell::Text("female".to_owned()),
            Cell::Missing
        ]
        .into()
    );
    for same in [
        "\u{feff}age,sex,lab\r\n1,male,2\r\n3,female,\r\n",
        "age,sex,lab\r1,male,2\r3,female,",
        "\n\"age\" ,\"sex\",lab\n\n1,\" male\t\", 2\n\r\n3,\"female\",\"NA\"",
        "lab,age,sex\n2,1,male\nNA,3,female\n",
    ] {
        let found = read(same, &Options::default()).unwrap();
        let raw = |records: &[Record]| -> Vec<RawRecord<'static>> {
            records.iter().map(|record| record.raw.clone()).collect()
        };
        assert_eq!(raw(&found), raw(&expected), "{same:?}");
        let spelling = if same.contains("NA") { "NA" } else { "" };
        assert_eq!(found[1].missing, [(2, spelling.to_owned())], "{same:?}");
    }
}

#[test]
fn columns_are_left_out_and_kept() {
    let table = "id,age,sex,note,lab\n007,1,male,\"a, b\",2\n008,2,female,,3\n";
    let options = |ignore, keep: &[&str]| Options {
        ignore,
        keep: keep.iter().map(|&name| name.to_owned()).collect(),
        ..Options::default()
    };
    let named =
        |names: &[&str]| IgnoredColumns::Named(names.iter().map(|&n| n.to_owned()).collect());
    let records = read(table, &options(IgnoredColumns::All, &["note", "id", "age"])).unwrap();
    assert_eq!(records[0].kept, ["a, b", "007", "1"]);
    assert_eq!(records[1].kept, ["", "008", "2"]);
    let records = read(table, &options(named(&["note"]), &["id"])).unwrap();
    assert_eq!(records[0].kept, ["007"]);
    let error = read(table, &options(named(&["note", "lab"]), &[])).unwrap_err();
    assert!(
        matches!(&error, ReadError::ExtraColumns { columns, .. } if columns == &["id"]),
        "{error}"
    );
    let error = read(table, &options(IgnoredColumns::All, &["name"])).unwrap_err();
    assert!(
        error
            .to_string()
            .contains("lacks \"name\", which is to be kept"),
        "{error}"
    );

    let npy = models::fixture("npy/u8-records-features.npy");
    let four = models::four_pixels_model();
    let error = input::open(
        four.card().input(),
        &npy,
        &options(IgnoredColumns::All, &["id"]),
    )
    .err()
    .unwrap();
    assert!(
        error.to_string().contains("has no columns to keep"),
        "{error}"
    );
    let model = model(UnknownCategory::Error);
    let error = input::open(model.card().input(), &npy, &Options::default())
        .err()
        .unwrap();
    assert!(
        error
            .to_string()
            .contains("the model takes columns of text; give a CSV file"),
        "{error}"
    );
}

#[test]
fn cells_that_do_not_fit_the_card_are_refused() {
    let model = model(UnknownCategory::Error);
    let (number, text) = (Cell::Number, |text: &str| Cell::Text(text.to_owned()));
    let error = |cells: Vec<Cell>| models::quantize(&model, cells).unwrap_err();
    let fine = vec![number(1.0), text("male"), Cell::Missing];
    assert_eq!(models::quantize(&model, fine).unwrap().imputed(), 1);
    assert!(matches!(
        error(vec![text("old"), text("male"), number(1.0)]),
        RecordError::NotANumber { index: 0, .. }
    ));
    assert!(matches!(
        error(vec![number(1.0), number(1.0), number(1.0)]),
        RecordError::NotAText { index: 1, .. }
    ));
    assert!(matches!(
        error(vec![Cell::Missing, text("male"), number(1.0)]),
        RecordError::Missing { index: 0, .. }
    ));
    assert!(matches!(
        error(vec![number(1.0), Cell::Missing, number(1.0)]),
        RecordError::Missing { index: 1, .. }
    ));
    assert!(matches!(
        error(vec![number(f64::NAN), text("male"), number(1.0)]),
        RecordError::NotFinite { index: 0, .. }
    ));
    assert!(matches!(
        error(vec![number(1.0)]),
        RecordError::Length { found: 1, .. }
    ));
    let unknown = error(vec![number(1.0), text("x"), number(1.0)]).to_string();
    assert!(
        unknown.contains("the category \"x\"; the model knows \"female\", \"male\""),
        "{unknown}"
    );
    assert!(matches!(
        models::quantize(&model, &[1.0, 2.0, 3.0]),
        Err(RecordError::NotAText { index: 1, .. })
    ));
}

/// A file that is being written may end within a number: `12.5` would be read as `12`.
#[test]
fn a_file_that_changes_is_refused() {
    let model = model(UnknownCategory::Error);
    for shrinks in [false, true] {
        let file = file(format!("age,sex,lab\n{}", "1,male,2\n".repeat(10_000)));
        let mut records =
            input::open(model.card().input(), file.path(), &Options::default()).unwrap();
        assert!(records.next().unwrap().is_ok());
        let handle = OpenOptions::new().append(true).open(file.path()).unwrap();
        match shrinks {
            true => handle.set_len(80_000).unwrap(),
            false => (&handle).write_all(b"1,male,2\n1,fem").unwrap(),
        }
        let error = records.find_map(Result::err).unwrap().to_string();
        let expected = ["the row has 2 cells", "changed while it was read"];
        assert!(expected.iter().any(|text| error.contains(text)), "{error}");
        assert!(records.next().is_none());
    }
    let file = file("age,sex,lab\n1,male,2\n");
    let mut records = input::open(model.card().input(), file.path(), &Options::default()).unwrap();
    assert!(records.next().unwrap().is_ok());
    OpenOptions::new()
        .append(true)
        .open(file.path())
        .unwrap()
        .write_all(b"1,male,2\n")
        .unwrap();
    let rest: Vec<_> = records.collect();
    assert!(
        matches!(rest.last(), Some(Err(ReadError::Changed { .. }))),
        "{rest:?}"
    );
}

#[test]
fn a_row_without_an_end_is_refused() {
    let file = NamedTempFile::new().unwrap();
    let mut out = BufWriter::new(File::create(file.path()).unwrap());
    out.write_all(b"age,sex,lab\n1,male,2\n1,\"male,2\n")
        .unwrap();
    for _ in 0..2_000_000 {
        out.write_all(b"1,male,2,3\n").unwrap();
    }
    out.flush().unwrap();
    let model = model(UnknownCategory::Error);
    let mut records = input::open(model.card().input(), file.path(), &Options::default()).unwrap();
    assert!(records.next().unwrap().is_ok());
    let error = records.next().unwrap().unwrap_err().to_string();
    assert!(
        error.contains("line 3: the row has more than") && error.contains("quotation mark"),
        "{error}"
    );
}

#[test]
fn any_number_of_rows_goes_through() {
    const ROWS: usize = 300_000;
    let file = NamedTempFile::new().unwrap();
    let mut out = BufWriter::new(File::create(file.path()).unwrap());
    out.write_all(b"age,sex,lab\r\n").unwrap();
    for row in 0..ROWS {
        write!(out, "{row},{},0.5\r\n", ["male", "female"][row % 2]).unwrap();
    }
    out.flush().unwrap();
    let model = model(UnknownCategory::Error);
    let records = input::open(model.card().input(), file.path(), &Options::default()).unwrap();
    let mut count = 0;
    for record in records {
        let RawRecord::Cells(cells) = record.unwrap().raw else {
            panic!("a table has cells");
        };
        assert_eq!(cells[0], Cell::Number(count as f64));
        count += 1;
    }
    assert_eq!(count, ROWS);
}
