//! Workbooks of Excel and OpenDocument: their cells read as the CSV of the same cells would, and what
//! is damaged, vast or no workbook is refused.

use std::fs;
use std::io::{Cursor, Read as _, Write as _};

use veilcast_files::open_table;
use veilcast_files::table::Reading;
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipArchive, ZipWriter};

use crate::common::{cells, error, file, fixture, refused_when_changed, repository};

/// What the workbooks with the habits of spreadsheets hold.
const AS_CSV: &str = "\
age,sex,lab,smoker,admitted,seen,note
61,female,1.5,true,2024-12-08,2024-12-08T07:30:20,first
54,male,,false,2023-02-28,2023-02-28,\"two\nlines, \"\"quoted\"\"\"
47.25,male,0.0000001,true,1969-07-20,1969-07-20T20:17:40,
";

#[test]
fn cells_read_as_the_csv_of_the_same_cells() {
    let expected = cells(file(AS_CSV).path()).unwrap();
    for name in ["habits.xlsx", "habits.ods", "habits.xls", "hidden.xlsx"] {
        assert_eq!(cells(&fixture(name)).unwrap(), expected, "{name}");
    }
    let plain = cells(&repository("testdata/tables/base-nam.csv")).unwrap();
    for name in ["plain.xlsx", "plain.ods"] {
        assert_eq!(cells(&fixture(name)).unwrap(), plain, "{name}");
    }
}

#[test]
fn the_sheet_that_is_read_is_told() {
    for (name, told) in [
        (
            "habits.xlsx",
            "the sheet \"Patients\" is read, and 1 other is not",
        ),
        (
            "habits.ods",
            "the sheet \"Patients\" is read, and 1 other is not",
        ),
        (
            "habits.xls",
            "the sheet \"Patients\" is read, and 1 other is not",
        ),
        ("hidden.xlsx", "the sheet \"Patients\" is read"),
        ("plain.ods", "the sheet \"Sheet1\" is read"),
    ] {
        let rows = open_table(&fixture(name), &Reading::default()).unwrap();
        assert_eq!(rows.said()[0].to_string(), told, "{name}");
    }
}

/// Blank rows count, and line breaks in cells don't: the numbers are those that spreadsheets show.
#[test]
fn rows_have_the_numbers_that_spreadsheets_show() {
    for name in ["habits.xlsx", "habits.ods", "habits.xls"] {
        let mut rows = open_table(&fixture(name), &Reading::default()).unwrap();
        let mut lines = Vec::new();
        while let Some(row) = rows.next_row().unwrap() {
            lines.push(row.line());
        }
        assert_eq!(lines, [3, 4, 6], "{name}");
    }
}

/// A ZIP archive of these parts.
fn zip(parts: &[(&str, &[u8])]) -> Vec<u8> {
    let mut archive = ZipWriter::new(Cursor::new(Vec::new()));
    for (name, content) in parts {
        // Documents are known by this part, which is never compressed.
        let method = match *name {
            "mimetype" => CompressionMethod::Stored,
            _ => CompressionMethod::Deflated,
        };
        let options = SimpleFileOptions::default().compression_method(method);
        archive.start_file(*name, options).unwrap();
        archive.write_all(content).unwrap();
    }
    archive.finish().unwrap().into_inner()
}

/// A workbook with some of its parts changed.
fn changed(name: &str, change: impl Fn(&str, String) -> Vec<u8>) -> Vec<u8> {
    let whole = fs::read(fixture(name)).unwrap();
    let mut archive = ZipArchive::new(Cursor::new(whole)).unwrap();
    let mut parts = Vec::new();
    for index in 0..archive.len() {
        let mut part = archive.by_index(index).unwrap();
        let (name, mut content) = (part.name().unwrap().into_owned(), String::new());
        part.read_to_string(&mut content).unwrap();
        let content = change(&name, content);
        parts.push((name, content));
    }
    let parts: Vec<_> = parts
        .iter()
        .map(|(name, content)| (name.as_str(), content.as_slice()))
        .collect();
    zip(&parts)
}

#[test]
fn archives_that_are_no_workbooks_are_named() {
    for (parts, told) in [
        (
            &[("a.csv", &b"a,b\n1,2\n"[..])][..],
            "is a ZIP archive; unpack it first",
        ),
        (
            &[("arr_0.npy", b"\x93NUMPY")],
            "is an archive of NumPy arrays; save one array as NPY",
        ),
        (
            &[
                ("[Content_Types].xml", b"<Types/>"),
                ("word/document.xml", b"<document/>"),
            ],
            "is a text document of Word; save the table as CSV",
        ),
        (
            &[
                ("[Content_Types].xml", b"<Types/>"),
                ("ppt/presentation.xml", b"<p/>"),
            ],
            "is a presentation; save the table as CSV",
        ),
        (
            &[("mimetype", b"application/vnd.oasis.opendocument.text")],
            "is a document in OpenDocument; save the table as CSV",
        ),
        (
            &[
                ("[Content_Types].xml", b"<Types/>"),
                ("xl/other.xml", b"<x/>"),
            ],
            "can't be read as a workbook: it is a ZIP archive without a workbook in it",
        ),
        (
            &[("xl/workbook.xml", b"<workbook/>")],
            "can't be read as a workbook: it is damaged, or of a kind that isn't read",
        ),
        (&[], "is an empty ZIP archive"),
    ] {
        let error = error(zip(parts));
        assert!(error.contains(told), "{error}");
    }
    // A document of Word up to 2003 begins as a workbook of that time.
    let old = error([&b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"[..], &[0; 600]].concat());
    assert!(
        old.contains("can't be read as a workbook: it is damaged, or of a kind"),
        "{old}"
    );
}

#[test]
fn workbooks_that_are_cut_off_or_empty_are_refused() {
    for name in ["habits.xlsx", "habits.ods", "habits.xls"] {
        let whole = fs::read(fixture(name)).unwrap();
        for end in [whole.len() / 4, whole.len() / 2, whole.len() - 1] {
            // The last bytes of the old format's file may say nothing.
            if name == "habits.xls" && end == whole.len() - 1 {
                continue;
            }
            let error = error(&whole[..end]);
            assert!(
                error.contains("it is damaged, or"),
                "{name}, {end} bytes: {error}"
            );
        }
    }
    let empty = changed("plain.ods", |name, content| match name {
        "content.xml" => {
            let (start, end) = (
                content.find("<table:table-row").unwrap(),
                content.rfind("</table:table>").unwrap(),
            );
            [&content[..start], &content[end..]].concat().into_bytes()
        }
        _ => content.into_bytes(),
    });
    assert!(error(empty).contains("all visible sheets are empty"));
}

#[test]
fn encrypted_workbooks_say_so() {
    let encrypted = changed("plain.ods", |name, content| match name {
        "META-INF/manifest.xml" => {
            let entry = "<manifest:file-entry manifest:full-path=\"content.xml\" manifest:media-type=\"text/xml\"><manifest:encryption-data/></manifest:file-entry></manifest:manifest>";
            content.replace("</manifest:manifest>", entry).into_bytes()
        }
        _ => content.into_bytes(),
    });
    let error = error(encrypted);
    assert!(
        error.contains("it is protected by a password; save it without one"),
        "{error}"
    );
}

/// Small files can say that they are vast.
#[test]
fn vast_sheets_are_refused() {
    // Two cells at opposite corners.
    let corners = changed("plain.xlsx", |name, content| match name {
        "xl/worksheets/sheet1.xml" => {
            let cell = "<row r=\"1048576\"><c r=\"XFD1048576\"><v>1</v></c></row></sheetData>";
            content.replace("</sheetData>", cell).into_bytes()
        }
        _ => content.into_bytes(),
    });
    let told = error(corners);
    assert!(
        told.contains("cells in row 1048576 and column 16384")
            && told.contains("save the sheet as CSV"),
        "{told}"
    );

    let repeated = changed("plain.ods", |name, content| match name {
        "content.xml" => {
            let cell = "<table:table-cell table:number-columns-repeated=\"1000\" office:value-type=\"float\" office:value=\"1\"/>";
            let row = format!(
                "<table:table-row table:number-rows-repeated=\"1000000\">{cell}</table:table-row></table:table>"
            );
            content.replace("</table:table>", &row).into_bytes()
        }
        _ => content.into_bytes(),
    });
    let told = error(repeated);
    assert!(
        told.contains("cells or more, and 100000000 are accepted"),
        "{told}"
    );

    // A part that unpacks to a thousand times its size.
    let bomb = changed("plain.xlsx", |name, content| match name {
        "xl/styles.xml" => vec![b' '; (1 << 30) + 1],
        _ => content.into_bytes(),
    });
    assert!(bomb.len() < 4 << 20);
    let told = error(bomb);
    assert!(
        told.contains("more than 1073741824 bytes when it is unpacked"),
        "{told}"
    );
}

#[test]
fn changed_bytes_never_panic() {
    for (name, every) in [("habits.xlsx", 13), ("habits.ods", 5), ("habits.xls", 11)] {
        let whole = fs::read(fixture(name)).unwrap();
        assert!(refused_when_changed(&whole, every) > 20, "{name}");
    }
    // Within the parts, past the archive's checksums.
    for (book, part) in [
        ("habits.xlsx", "xl/worksheets/sheet2.xml"),
        ("habits.ods", "content.xml"),
    ] {
        for step in 0..40 {
            let changed = changed(book, |name, content| {
                let mut content = content.into_bytes();
                if name == part {
                    let place = content.len() * step / 40;
                    content[place] = b"<>\"/0"[step % 5];
                }
                content
            });
            let _ = cells(file(changed).path());
        }
    }
}
