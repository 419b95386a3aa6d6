//! Each fault of a tensor has its own error, found before memory is taken for what the tensor claims to hold.

use veilcast_protocol::{
    ByteMatrix, DecodeError, Framing, InferRequest, InferResponse, Layout, Limits, RequestError,
    ShapeError,
};

use crate::common;
use crate::common::{binary_error, binary_with, json_error, limits, pair, request, response};

#[test]
fn tensors_that_do_not_belong() {
    let tensor =
        r#"{"name":"ciphertexts","shape":[2,1],"datatype":"BYTES","data":["ERERERER","IiIiIiIi"]}"#;
    let expected = "ciphertexts";
    assert_eq!(
        json_error(tensor, ""),
        DecodeError::TensorCount { expected, found: 0 }
    );
    assert_eq!(
        json_error(&format!(r#""inputs":[{tensor}],"#), ""),
        DecodeError::TensorCount { expected, found: 0 }
    );
    assert_eq!(
        json_error(tensor, &format!("{tensor},{tensor},{{}}")),
        DecodeError::TensorCount { expected, found: 3 }
    );
    assert_eq!(
        json_error(expected, "plaintexts"),
        DecodeError::TensorName {
            expected,
            found: "plaintexts".to_owned()
        }
    );
    let expected = "scores";
    assert_eq!(
        json_error(expected, "weights"),
        DecodeError::TensorName {
            expected,
            found: "weights".to_owned()
        }
    );
    let output = r#"{"name":"scores","parameters":{"binary_data":false}}"#;
    assert_eq!(
        json_error(output, &format!("{output},{output}")),
        DecodeError::TensorCount { expected, found: 2 }
    );
    assert_eq!(
        json_error("BYTES", "FP32"),
        DecodeError::Datatype("FP32".to_owned())
    );
}

#[test]
fn shapes_that_do_not_fit() {
    let error = |shape: &str| binary_error(r#""shape":[2,1]"#, &format!(r#""shape":{shape}"#));
    assert_eq!(error("[]"), DecodeError::Rank(0));
    assert_eq!(error("[2]"), DecodeError::Rank(1));
    assert_eq!(error("[2,1,1]"), DecodeError::Rank(3));
    assert_eq!(error("[0,1]"), DecodeError::Shape(ShapeError::Empty));
    assert_eq!(error("[2,0]"), DecodeError::Shape(ShapeError::Empty));
    let huge = usize::MAX;
    assert_eq!(
        error(&format!("[2,{huge}]")),
        DecodeError::Shape(ShapeError::Overflow)
    );
    assert_eq!(
        error("[4294967296,4294967296]"),
        DecodeError::Shape(ShapeError::Overflow)
    );
    assert_eq!(
        error("[5,1]"),
        DecodeError::TooManyRecords { limit: 4, found: 5 }
    );
    assert_eq!(
        error(&format!("[{huge},1]")),
        DecodeError::TooManyRecords {
            limit: 4,
            found: huge
        }
    );
    assert_eq!(
        error("[1,13]"),
        DecodeError::TooManyCiphertexts {
            limit: 12,
            found: 13
        }
    );
    // As many elements in another shape are a sound message, which the model then refuses.
    let (body, length) = binary_with("[2,1]", "[1,2]");
    let decoded = InferRequest::decode(&body, Framing::HeaderLength(length), &limits()).unwrap();
    assert_eq!(decoded.upload().tensor().shape(), [1, 2]);
}

#[test]
fn shapes_beyond_the_address_space() {
    let boundless = Limits {
        max_records: usize::MAX,
        max_ciphertexts: usize::MAX,
        ..limits()
    };
    let huge = usize::MAX / 2;
    let (body, length) = binary_with("[2,1]", &format!("[{huge},2]"));
    let error = InferRequest::decode(&body, Framing::HeaderLength(length), &boundless);
    assert_eq!(error, Err(DecodeError::Shape(ShapeError::Overflow)));

    // As JSON: the few bytes of the text bound the memory, whatever the shape says.
    let text = String::from_utf8(request().to_json()).unwrap();
    let body = text.replace("[2,1]", &format!("[{huge},2]"));
    let error = InferRequest::decode(body.as_bytes(), Framing::Json, &boundless);
    assert_eq!(error, Err(DecodeError::ElementCount { expected: huge * 2 }));
}

#[test]
fn binary_sizes_that_do_not_fit() {
    let error = |size: &str| binary_error(r#""binary_data_size":20"#, size);
    for found in [0, 19, 21, 12, usize::MAX] {
        let expected = DecodeError::BinarySize {
            expected: 20,
            found,
        };
        assert_eq!(error(&format!(r#""binary_data_size":{found}"#)), expected);
    }
    assert_eq!(error(r#""data":20"#), DecodeError::DataPlace);
    let both = binary_error(
        r#""parameters":{"binary_data_size":20}"#,
        r#""parameters":{"binary_data_size":20},"data":[]"#,
    );
    assert_eq!(both, DecodeError::DataPlace);
    // Data in the JSON, and bytes behind it all the same.
    let inline = binary_error(
        r#""parameters":{"binary_data_size":20}"#,
        r#""data":["ERERERER","IiIiIiIi"]"#,
    );
    assert_eq!(inline, DecodeError::TrailingBytes(20));
}

#[test]
fn binary_elements_of_the_wrong_width() {
    let sound = request().to_binary();
    let framing = Framing::HeaderLength(sound.header_length);
    let decode = |place: usize, prefix: [u8; 4]| {
        let mut bytes = sound.bytes.clone();
        bytes[sound.header_length + place..][..4].copy_from_slice(&prefix);
        InferRequest::decode(&bytes, framing, &limits()).unwrap_err()
    };
    let width = |index, found| DecodeError::ElementWidth {
        index,
        expected: 6,
        found,
    };
    assert_eq!(decode(0, [5, 0, 0, 0]), width(0, 5));
    assert_eq!(decode(10, [7, 0, 0, 0]), width(1, 7));
    assert_eq!(decode(10, [0, 0, 0, 6]), width(1, 6 << 24));
    assert_eq!(decode(0, [0xff; 4]), width(0, 0xffff_ffff));
}

#[test]
fn json_elements_that_are_malformed() {
    let width = |index, found| DecodeError::ElementWidth {
        index,
        expected: 6,
        found,
    };
    assert_eq!(json_error("IiIiIiIi", "IiIiIiI="), width(1, 5));
    assert_eq!(json_error("ERERERER", "ERERERERAA=="), width(0, 7));
    assert_eq!(json_error("ERERERER", ""), width(0, 0));
    assert_eq!(
        json_error("IiIiIiIi", "IiIiIi-_"),
        DecodeError::ElementEncoding { index: 1 }
    );
    assert_eq!(
        json_error("IiIiIiIi", "IiIiI Ii"),
        DecodeError::ElementEncoding { index: 1 }
    );

    let count = DecodeError::ElementCount { expected: 2 };
    assert_eq!(json_error(r#","IiIiIiIi""#, ""), count);
    assert_eq!(
        json_error(r#""IiIiIiIi""#, r#""IiIiIiIi","IiIiIiIi""#),
        count
    );
    assert_eq!(json_error(r#"["ERERERER","IiIiIiIi"]"#, "[]"), count);

    for data in [
        "7",
        r#""ERERERER""#,
        r#"["ERERERER",7]"#,
        r#"["ERERERER",null]"#,
        r#"{"0":"ERERERER"}"#,
        r#"["ERERERER",["IiIiIiIi"]]"#,
        r#"[["ERERERER"],"IiIiIiIi"]"#,
        r#"[["ERERERER","IiIiIiIi"]]"#,
        r#"[[],["ERERERER"],["IiIiIiIi"]]"#,
        r#"[[["ERERERER"]],[["IiIiIiIi"]]]"#,
    ] {
        assert_eq!(
            json_error(r#"["ERERERER","IiIiIiIi"]"#, data),
            DecodeError::DataForm,
            "{data}"
        );
    }
    assert_eq!(
        json_error(r#"["ERERERER","IiIiIiIi"]"#, "null"),
        DecodeError::DataPlace
    );
}

#[test]
fn binary_responses_of_uneven_size() {
    let sound = response().to_binary();
    let (header, raw) = sound.bytes.split_at(sound.header_length);
    let header = std::str::from_utf8(header).unwrap();
    for (size, raw_length) in [(21, 21), (8, 8), (0, 0), (42, 42), (2 * (16 + 4) + 2, 42)] {
        let header = header.replace(
            r#""binary_data_size":20"#,
            &format!(r#""binary_data_size":{size}"#),
        );
        let body = [header.as_bytes(), &raw.repeat(3)[..raw_length]].concat();
        let error = InferResponse::decode(&body, Framing::SelfDelimiting, &limits());
        assert_eq!(error, Err(DecodeError::UnevenBinarySize { size, count: 2 }));
    }
}

#[test]
fn parts_that_make_no_message() {
    let new =
        |key: &[u8]| InferRequest::new(key.to_vec(), Layout::SCALAR, 2, common::digest(), pair());
    assert_eq!(new(&[]), Err(RequestError::EmptyKey));
    assert_eq!(new(&[0, 1, 2]), Err(RequestError::PaddedKey));
    assert_eq!(
        new(&[1, 2]),
        Err(RequestError::CiphertextWidth {
            expected: 4,
            found: 6
        })
    );

    let new = |shape, width, length| ByteMatrix::new(shape, width, vec![0; length]).unwrap_err();
    assert_eq!(new([0, 1], 6, 0), ShapeError::Empty);
    assert_eq!(new([1, 1], 0, 0), ShapeError::NoWidth);
    assert_eq!(new([usize::MAX, 2], 6, 0), ShapeError::Overflow);
    assert_eq!(new([usize::MAX, 1], 2, 0), ShapeError::Overflow);
    assert_eq!(
        new([2, 1], 6, 11),
        ShapeError::Length {
            expected: 12,
            found: 11
        }
    );
}

#[test]
fn rows_and_elements_are_in_order() {
    let bytes: Vec<u8> = (0..12).collect();
    let matrix = ByteMatrix::new([2, 3], 2, bytes).unwrap();
    assert_eq!(matrix.len(), 6);
    assert_eq!(matrix.iter().nth(3), Some(&[6, 7][..]));
    let second: Vec<&[u8]> = matrix.row(1).unwrap().collect();
    assert_eq!(second, [[6, 7], [8, 9], [10, 11]]);
    assert!(matrix.row(2).is_none());
}

#[test]
fn limits_leave_room_for_the_largest_keys() {
    let limits = Limits::new(2, 6);
    let key = vec![0xff; Limits::LARGEST_KEY_BYTES];
    let width = 2 * key.len();
    let full = ByteMatrix::new([2, 3], width, vec![0xff; 6 * width]).unwrap();
    let request = InferRequest::new(key, Layout::SCALAR, 2, common::digest(), full)
        .unwrap()
        .with_id("i".repeat(Limits::MAX_ID_BYTES));
    assert_eq!(
        InferRequest::decode(&request.to_json(), Framing::Json, &limits),
        Ok(request.clone())
    );
    let stored = request.to_binary().bytes;
    assert_eq!(
        InferRequest::decode(&stored, Framing::SelfDelimiting, &limits),
        Ok(request)
    );

    let boundless = Limits::new(usize::MAX, usize::MAX);
    assert_eq!(boundless.max_body_bytes, usize::MAX);
}
