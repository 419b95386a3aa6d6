//! Requests to sealed models, in both forms, and what is wrong with bad ones.

use proptest::prelude::*;
use serde_json::{Value, json};
use veilcast_protocol::{
    ByteMatrix, CardDigest, DecodeError, Encoding, Framing, Inference, IntegerMatrix, IntegerType,
    Limits, MaskedResponse, SealedRequest,
};

fn limits() -> Limits {
    Limits::new(100, 10)
}

fn request() -> SealedRequest {
    SealedRequest {
        id: Some("7".to_owned()),
        card_digest: CardDigest::of(b"card"),
        records: 3,
        ciphertexts: ByteMatrix::new([2, 1], 3, vec![1, 2, 3, 0xff, 0, 0x80]).unwrap(),
        answer: Encoding::Json,
        timeout: None,
    }
}

fn decode(body: &[u8], framing: Framing) -> Result<SealedRequest, DecodeError> {
    let request = SealedRequest::decode(body, framing, &limits())?;
    let Inference::Sealed(same) = Inference::decode(body, framing, &limits())? else {
        panic!("it is for a sealed model")
    };
    assert_eq!(same, request);
    Ok(request)
}

fn refused(change: impl FnOnce(&mut Value)) -> DecodeError {
    let mut value = serde_json::from_slice(&request().to_json()).unwrap();
    change(&mut value);
    decode(&serde_json::to_vec(&value).unwrap(), Framing::Json).unwrap_err()
}

#[test]
fn json_is_pinned() {
    let sent: Value = serde_json::from_slice(&request().to_json()).unwrap();
    let expected = json!({
        "id": "7",
        "parameters": {"records": 3, "card_digest": CardDigest::of(b"card").to_string()},
        "inputs": [{"name": "sealed_records", "shape": [2, 1], "datatype": "BYTES", "data": ["AQID", "/wCA"]}],
        "outputs": [{"name": "masked_scores", "parameters": {"binary_data": false}}],
    });
    assert_eq!(sent, expected);
}

/// Each ciphertext follows its length, as in every tensor of ciphertexts; the bytes of scores follow nothing.
#[test]
fn binary_tensors_are_pinned() {
    let body = request().to_binary();
    let tensor = &body.bytes[body.header_length..];
    assert_eq!(tensor, [3, 0, 0, 0, 1, 2, 3, 3, 0, 0, 0, 0xff, 0, 0x80]);
    assert_eq!(decode(&body.bytes, Framing::SelfDelimiting), Ok(request()));
    let answer = MaskedResponse {
        id: None,
        model_name: "digits".to_owned(),
        model_version: "1".to_owned(),
        card_digest: CardDigest::of(b"card"),
        request_digest: None,
        scores: IntegerMatrix::new([2, 2], IntegerType::Uint8, vec![9, 8, 7, 0xff]).unwrap(),
    };
    let body = answer.to_binary();
    assert_eq!(body.bytes[body.header_length..], [9, 8, 7, 0xff]);
    let value: Value = serde_json::from_slice(&answer.to_json()).unwrap();
    let expected = json!([{"name": "masked_scores", "shape": [2, 2], "datatype": "UINT8", "data": [9, 8, 7, 255]}]);
    assert_eq!(value["outputs"], expected);
}

#[test]
fn bad_requests_are_refused() {
    let parameter = |name: &'static str, bad: Value| refused(|v| v["parameters"][name] = bad);
    for name in ["records", "card_digest"] {
        let missing = refused(|v| drop(v["parameters"].as_object_mut().unwrap().remove(name)));
        assert_eq!(missing, DecodeError::MissingParameter(name));
    }
    assert_eq!(
        parameter("card_digest", json!("x")),
        DecodeError::MalformedDigest
    );
    for records in [0, 1] {
        let shape = DecodeError::SealedShape {
            records,
            rows: 2,
            columns: 1,
        };
        assert_eq!(parameter("records", json!(records)), shape);
    }
    let many = DecodeError::TooManyRecords {
        limit: 100,
        found: 101,
    };
    assert_eq!(parameter("records", json!(101)), many);
    assert!(matches!(
        parameter("records", json!(-1)),
        DecodeError::Json(_)
    ));

    let input = |member: &'static str, bad: Value| refused(|v| v["inputs"][0][member] = bad);
    assert_eq!(input("shape", json!([2])), DecodeError::Rank(1));
    let columns = DecodeError::SealedShape {
        records: 3,
        rows: 1,
        columns: 2,
    };
    assert_eq!(input("shape", json!([1, 2])), columns);
    assert!(matches!(
        input("shape", json!([11, 1])),
        DecodeError::TooManyCiphertexts { .. }
    ));
    assert_eq!(
        input("datatype", json!("UINT8")),
        DecodeError::Datatype("UINT8".to_owned())
    );
    assert!(matches!(
        input("data", json!(["AQID", "AQ=="])),
        DecodeError::ElementWidth { .. }
    ));
    let output = refused(|v| v["outputs"][0]["name"] = json!("scores"));
    assert!(matches!(output, DecodeError::TensorName { .. }));
}

proptest! {
    #[test]
    fn messages_arrive(
        rows in 1usize..6,
        more in 0usize..20,
        width in 1usize..70,
        bytes in prop::collection::vec(any::<u8>(), 6 * 70),
        is_binary in any::<bool>(),
    ) {
        let ciphertexts = ByteMatrix::new([rows, 1], width, bytes[..rows * width].to_vec()).unwrap();
        let request = SealedRequest {
            records: rows + more,
            ciphertexts,
            answer: if is_binary { Encoding::Binary } else { Encoding::Json },
            ..request()
        };
        let body = request.to_binary();
        prop_assert_eq!(decode(&body.bytes, Framing::HeaderLength(body.header_length)).unwrap(), request.clone());
        prop_assert_eq!(decode(&request.to_json(), Framing::Json).unwrap(), request);
    }
}
