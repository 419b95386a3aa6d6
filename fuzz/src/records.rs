//! What holds of files of records, whatever their format.

use veilcast_card::{
    Fit, Imputed, Input, InputKind, Preprocessing, PreprocessingVersion, RawRecord, Step,
    UnknownCategory,
};
use veilcast_files::{self as input, IgnoredColumns, Options};

use crate::file;
use crate::memory::within;

/// Columns of numbers, one of texts, and one with gaps.
pub fn table() -> Input {
    let named = |name: &str, list: &[&str]| {
        let list = list.iter().map(|&text| text.to_owned()).collect();
        [(name.to_owned(), list)].into()
    };
    Input {
        kind: InputKind::Table,
        description: String::new(),
        shape: vec![3],
        features: Some(["age", "dose", "sex"].map(str::to_owned).to_vec()),
        fit: None,
        about: Default::default(),
        preprocessing: Preprocessing {
            version: PreprocessingVersion::V2,
            missing: vec![String::new(), "NA".to_owned()],
            steps: vec![
                Step::Impute {
                    values: [("age".to_owned(), Imputed::Number(50.0))].into(),
                },
                Step::OneHot {
                    categories: named("sex", &["female", "male"]),
                    unknown: UnknownCategory::Zeros,
                },
            ],
        },
    }
}

/// Columns of numbers alone, as the fixture files of tables have them.
pub fn numbers() -> Input {
    Input {
        features: Some(["age", "dose", "weight"].map(str::to_owned).to_vec()),
        preprocessing: Preprocessing::new(Vec::new()),
        ..table()
    }
}

/// Pixels of a shape.
pub fn image(shape: &[usize], fit: Option<Fit>) -> Input {
    Input {
        kind: InputKind::Image,
        description: String::new(),
        shape: shape.to_vec(),
        features: None,
        fit,
        about: Default::default(),
        preprocessing: Preprocessing::new(vec![Step::Scale {
            factor: 1.0 / 255.0,
        }]),
    }
}

/// Reads a file's records to their end, with this much memory.
///
/// - Every record that is given has as many values as the model takes; preprocessing makes features of them, or
///   says what is wrong, such as a category that isn't known.
/// - There are as many records as the file says beforehand, unless reading fails.
pub fn read(bytes: &[u8], input: &Input, memory: usize) {
    let path = file::write("records", bytes);
    let options = Options {
        ignore: IgnoredColumns::All,
        keep: match input.kind {
            InputKind::Table if input.has_texts() => vec!["id".to_owned()],
            _ => Vec::new(),
        },
        ..Options::default()
    };
    within(memory, || {
        let Ok(records) = input::open(input, &path, &options) else {
            return;
        };
        let announced = records.count_in_file();
        let mut given = 0;
        for record in records {
            let Ok(record) = record else { return };
            given += 1;
            let values = match &record.raw {
                RawRecord::Numbers(numbers) => numbers.len(),
                RawRecord::Cells(cells) => cells.len(),
            };
            assert_eq!(values, input.raw_features());
            assert_eq!(record.kept.len(), options.keep.len());
            if let Ok(preprocessed) = input.preprocess(&record.raw) {
                assert!(preprocessed.features.iter().all(|x| x.is_finite()));
            }
        }
        assert!(announced.is_none_or(|announced| announced == given));
    });
}
