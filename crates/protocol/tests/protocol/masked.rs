//! Masked records and scores: plain tensors, in both forms, and what is wrong with bad ones.

use proptest::prelude::*;
use serde_json::{Value, json};
use veilcast_protocol::{
    BatchId, CardDigest, ContentDigest, DecodeError, Encoding, Framing, Inference, IntegerMatrix,
    IntegerType, KeyFingerprint, Limits, MaskedRequest, MaskedResponse, VoucherId, VoucherSecretId,
};

fn limits() -> Limits {
    Limits::new(100, 100)
}

fn matrix(shape: [usize; 2], values: Vec<u64>) -> IntegerMatrix {
    IntegerMatrix::new(shape, IntegerType::Uint16, values).unwrap()
}

fn request() -> MaskedRequest {
    MaskedRequest {
        id: Some("7".to_owned()),
        card_digest: CardDigest::of(b"card"),
        key_fingerprint: KeyFingerprint::of(b"key"),
        secret: VoucherSecretId::from([0xab; 8]),
        vouchers: [0, u32::MAX]
            .map(|number| VoucherId {
                batch: BatchId::from([0xcd; 16]),
                number,
            })
            .to_vec(),
        records: matrix([2, 3], vec![1, 2, 3, 4, 5, 0xfffe]),
        answer: Encoding::Json,
        timeout: None,
    }
}

fn response() -> MaskedResponse {
    MaskedResponse {
        id: Some("7".to_owned()),
        model_name: "digits".to_owned(),
        model_version: "1".to_owned(),
        card_digest: CardDigest::of(b"card"),
        request_digest: Some(ContentDigest::of(b"request")),
        scores: matrix([2, 2], vec![9, 8, 7, 0xffff]),
    }
}

fn decode(body: &[u8], framing: Framing) -> Result<MaskedRequest, DecodeError> {
    match Inference::decode(body, framing, &limits())? {
        Inference::Masked(request) => Ok(request),
        other => panic!("{other:?} isn't masked"),
    }
}

/// The message with a change to its JSON.
fn changed(message: &[u8], change: impl FnOnce(&mut Value)) -> Vec<u8> {
    let mut value = serde_json::from_slice(message).unwrap();
    change(&mut value);
    serde_json::to_vec(&value).unwrap()
}

fn refused(change: impl FnOnce(&mut Value)) -> DecodeError {
    decode(&changed(&request().to_json(), change), Framing::Json).unwrap_err()
}

#[test]
fn json_is_pinned() {
    let request: Value = serde_json::from_slice(&request().to_json()).unwrap();
    let batch = "zc3Nzc3Nzc3Nzc3Nzc3NzQAAAADNzc3Nzc3Nzc3Nzc3Nzc3N_____w";
    assert_eq!(request["parameters"]["vouchers"], batch);
    assert_eq!(request["parameters"]["voucher_secret"], "abababababababab");
    assert_eq!(
        request["inputs"],
        json!([{"name": "masked_records", "shape": [2, 3], "datatype": "UINT16", "data": [1, 2, 3, 4, 5, 65534]}])
    );
    let response: Value = serde_json::from_slice(&response().to_json()).unwrap();
    assert_eq!(
        response["outputs"],
        json!([{"name": "masked_scores", "shape": [2, 2], "datatype": "UINT16", "data": [9, 8, 7, 65535]}])
    );
}

/// Bytes of the tensors alone are two per number, and nothing else: no lengths before elements.
#[test]
fn binary_tensors_are_plain() {
    let body = request().to_binary();
    let tensor = &body.bytes[body.header_length..];
    assert_eq!(tensor, [1, 0, 2, 0, 3, 0, 4, 0, 5, 0, 0xfe, 0xff]);
    let framing = Framing::HeaderLength(body.header_length);
    assert_eq!(decode(&body.bytes, framing), Ok(request()));
    let body = response().to_binary();
    assert_eq!(
        body.bytes[body.header_length..],
        [9, 0, 8, 0, 7, 0, 0xff, 0xff]
    );
}

#[test]
fn rows_may_be_nested() {
    let body = changed(&request().to_json(), |value| {
        value["inputs"][0]["data"] = json!([[1, 2, 3], [4, 5, 65534]]);
    });
    assert_eq!(decode(&body, Framing::Json), Ok(request()));
}

#[test]
fn bad_tensors_are_refused() {
    let of = |member: &'static str, bad: Value| refused(|v| v["inputs"][0][member] = bad);
    assert_eq!(
        of("data", json!([1, 2, 3, 4, 5])),
        DecodeError::ElementCount { expected: 6 }
    );
    for bad in [
        json!([1, 2, 3, 4, 5, 65536]),
        json!([1, 2, 3, 4, 5, -1]),
        json!([1, 2, 3, 4, 5, 0.5]),
        json!([1, 2, 3, 4, 5, "6"]),
        json!([[1, 2], [3, 4], [5, 6]]),
        json!([[1, 2, 3], [4, 5]]),
        json!([[[1, 2, 3], [4, 5, 6]]]),
        json!({"a": 1}),
        json!("123456"),
    ] {
        assert_eq!(of("data", bad.clone()), DecodeError::IntegerForm, "{bad}");
    }
    for bad in ["INT16", "UINT128", "BYTES", "FP32"] {
        let found = of("datatype", json!(bad));
        assert_eq!(found, DecodeError::IntegerDatatype(bad.to_owned()));
    }
    assert_eq!(of("shape", json!([6])), DecodeError::Rank(1));
    assert!(matches!(of("shape", json!([0, 3])), DecodeError::Shape(_)));
    assert!(matches!(
        of("shape", json!([u64::MAX, 3])),
        DecodeError::Shape(_)
    ));
    assert!(matches!(
        of("shape", json!([101, 3])),
        DecodeError::TooManyRecords { .. }
    ));
    let missing = refused(|v| drop(v["inputs"][0].as_object_mut().unwrap().remove("data")));
    assert_eq!(missing, DecodeError::DataPlace);
    let two = refused(|v| {
        let first = v["inputs"][0].clone();
        v["inputs"].as_array_mut().unwrap().push(first);
    });
    assert!(matches!(two, DecodeError::TensorCount { found: 2, .. }));
    let output = refused(|v| v["outputs"][0]["name"] = json!("scores"));
    assert!(matches!(output, DecodeError::TensorName { .. }));
}

#[test]
fn bad_bodies_are_refused() {
    let body = request().to_binary();
    let framing = Framing::HeaderLength(body.header_length);
    let short = &body.bytes[..body.bytes.len() - 1];
    let truncated = DecodeError::Truncated {
        expected: 12,
        found: 11,
    };
    assert_eq!(decode(short, framing), Err(truncated));
    let long = [&body.bytes[..], &[0; 2]].concat();
    assert_eq!(decode(&long, framing), Err(DecodeError::TrailingBytes(2)));
    let header = String::from_utf8(body.bytes[..body.header_length].to_vec()).unwrap();
    let header = header.replace("\"binary_data_size\":12", "\"binary_data_size\":11");
    let bytes = [header.as_bytes(), &body.bytes[body.header_length..]].concat();
    let size = DecodeError::BinarySize {
        expected: 12,
        found: 11,
    };
    assert_eq!(decode(&bytes, framing), Err(size));
}

#[test]
fn bad_parameters_are_refused() {
    let of = |member: &'static str, bad: Value| refused(|v| v["parameters"][member] = bad);
    for member in [
        "vouchers",
        "voucher_secret",
        "key_fingerprint",
        "card_digest",
    ] {
        let missing = refused(|v| drop(v["parameters"].as_object_mut().unwrap().remove(member)));
        assert_eq!(missing, DecodeError::MissingParameter(member));
    }
    for bad in ["AAAA", "=", "é", "zc3Nzc3Nzc3Nzc3Nzc3NzQAAAAA="] {
        assert_eq!(
            of("vouchers", json!(bad)),
            DecodeError::MalformedVouchers,
            "{bad}"
        );
    }
    let one = "zc3Nzc3Nzc3Nzc3Nzc3NzQAAAAA";
    let count = DecodeError::VoucherCount { rows: 2, found: 1 };
    assert_eq!(of("vouchers", json!(one)), count);
    assert_eq!(
        of("voucher_secret", json!("AB")),
        DecodeError::MalformedVouchers
    );
    assert_eq!(
        of("key_fingerprint", json!("x")),
        DecodeError::MalformedFingerprint
    );
    assert_eq!(of("card_digest", json!("x")), DecodeError::MalformedDigest);
}

#[test]
fn damaged_scores_are_noticed() {
    let body = changed(&response().to_json(), |value| {
        value["outputs"][0]["data"] = json!([9, 8, 7, 65534]);
    });
    let damaged = MaskedResponse::decode(&body, Framing::Json, &limits());
    assert_eq!(damaged, Err(DecodeError::Damaged));
}

proptest! {
    #[test]
    fn messages_arrive(
        (datatype, max) in prop_oneof![
            Just((IntegerType::Uint8, u64::from(u8::MAX))),
            Just((IntegerType::Uint16, u64::from(u16::MAX))),
            Just((IntegerType::Uint32, u64::from(u32::MAX))),
            Just((IntegerType::Uint64, u64::MAX)),
        ],
        rows in 1usize..5,
        columns in 1usize..5,
        seeds in prop::collection::vec(any::<u64>(), 25),
        batch in any::<[u8; 16]>(),
        secret in any::<[u8; 8]>(),
        is_binary in any::<bool>(),
    ) {
        let values = seeds[..rows * columns].iter().map(|&seed| seed & max).collect();
        let records = IntegerMatrix::new([rows, columns], datatype, values).unwrap();
        let request = MaskedRequest {
            secret: secret.into(),
            vouchers: seeds[..rows].iter().map(|&seed| VoucherId { batch: batch.into(), number: seed as u32 }).collect(),
            answer: if is_binary { Encoding::Binary } else { Encoding::Json },
            records: records.clone(),
            ..request()
        };
        let body = request.to_binary();
        prop_assert_eq!(decode(&body.bytes, Framing::HeaderLength(body.header_length)).unwrap(), request.clone());
        prop_assert_eq!(decode(&request.to_json(), Framing::Json).unwrap(), request);
        let response = MaskedResponse { scores: records, ..response() };
        let body = response.to_binary();
        let framing = Framing::HeaderLength(body.header_length);
        prop_assert_eq!(MaskedResponse::decode(&body.bytes, framing, &limits()).unwrap(), response.clone());
        prop_assert_eq!(MaskedResponse::decode(&response.to_json(), Framing::Json, &limits()).unwrap(), response);
    }
}
