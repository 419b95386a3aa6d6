//! Rounds of networks with hidden layers: a plain tensor of bytes, in both forms, and what is wrong with bad ones; and the layouts of
//! what is asked for ahead of them.

use serde_json::{Value, json};
use veilcast_protocol::{
    BatchId, ByteMatrix, CardDigest, DecodeError, Encoding, Framing, InferRequest, Inference,
    IntegerMatrix, IntegerType, KeyFingerprint, Layout, Limits, RoundRequest, VoucherId,
    VoucherSecretId,
};

fn limits() -> Limits {
    Limits::new(100, 100)
}

fn request() -> RoundRequest {
    let id = |number| VoucherId {
        batch: BatchId::from([0xcd; 16]),
        number,
    };
    let bytes = vec![1, 2, 3, 4, 5, 255];
    RoundRequest {
        id: Some("7".to_owned()),
        card_digest: CardDigest::of(b"card"),
        key_fingerprint: KeyFingerprint::of(b"key"),
        secret: VoucherSecretId::from([0xab; 8]),
        part: 1,
        vouchers: (0..4).map(id).collect(),
        numbers: IntegerMatrix::new([2, 3], IntegerType::Uint8, bytes).unwrap(),
        answer: Encoding::Json,
        timeout: None,
    }
}

fn decode(body: &[u8], framing: Framing) -> Result<RoundRequest, DecodeError> {
    match Inference::decode(body, framing, &limits())? {
        Inference::Round(request) => Ok(request),
        other => panic!("{other:?} is no round"),
    }
}

fn refused(change: impl FnOnce(&mut Value)) -> DecodeError {
    let mut value = serde_json::from_slice(&request().to_json()).unwrap();
    change(&mut value);
    decode(&serde_json::to_vec(&value).unwrap(), Framing::Json).unwrap_err()
}

#[test]
fn both_forms_hold_the_same() {
    let json: Value = serde_json::from_slice(&request().to_json()).unwrap();
    assert_eq!(json["parameters"]["part"], 1);
    assert_eq!(
        json["inputs"],
        json!([{"name": "masked_layer", "shape": [2, 3], "datatype": "UINT8", "data": [1, 2, 3, 4, 5, 255]}])
    );
    assert_eq!(decode(&request().to_json(), Framing::Json), Ok(request()));
    let body = request().to_binary();
    assert_eq!(body.bytes[body.header_length..], [1, 2, 3, 4, 5, 255]);
    let framing = Framing::HeaderLength(body.header_length);
    assert_eq!(decode(&body.bytes, framing), Ok(request()));
    let records = request();
    let ids: Vec<_> = records.vouchers_of_records().map(<[_]>::len).collect();
    assert_eq!(ids, [2, 2]);
}

#[test]
fn bad_rounds_are_refused() {
    let parameter =
        |name: &'static str, bad: Value| refused(|value| value["parameters"][name] = bad);
    assert_eq!(
        refused(|value| {
            value["parameters"].as_object_mut().unwrap().remove("part");
        }),
        DecodeError::MissingParameter("part")
    );
    assert!(matches!(parameter("part", json!(-1)), DecodeError::Json(_)));
    // Three vouchers for two records, and none.
    let ids = json!("AAAAAAAAAAAAAAAAAAAAAAAAAAA".repeat(3));
    assert!(matches!(
        parameter("vouchers", ids),
        DecodeError::MalformedVouchers | DecodeError::VoucherCount { .. }
    ));
    assert_eq!(
        parameter("vouchers", json!("")),
        DecodeError::VoucherCount { rows: 2, found: 0 }
    );
    assert_eq!(
        parameter("voucher_secret", json!("abab")),
        DecodeError::MalformedVouchers
    );
    let wide = refused(|value| value["inputs"][0]["data"][0] = json!(256));
    assert_eq!(wide, DecodeError::IntegerForm);
}

#[test]
fn layouts_of_parts_name_them() {
    let width = 512;
    for layout in [Layout::Shares { part: 2 }, Layout::Products { part: 2 }] {
        assert!(layout.is_ahead());
        let ciphertexts = ByteMatrix::new([1, 2], width, vec![7; 2 * width]).unwrap();
        let card = CardDigest::of(b"card");
        let request = InferRequest::new(vec![0xc1; 256], layout, 1, card, ciphertexts).unwrap();
        let decode = |body: &[u8]| InferRequest::decode(body, Framing::Json, &limits());
        assert_eq!(decode(&request.to_json()), Ok(request.clone()));
        let with = |part: Value| {
            let mut value: Value = serde_json::from_slice(&request.to_json()).unwrap();
            assert_eq!(value["parameters"]["part"], 2);
            value["parameters"]["part"] = part;
            decode(&serde_json::to_vec(&value).unwrap())
        };
        assert_eq!(
            with(json!(null)).unwrap_err(),
            DecodeError::MissingParameter("part")
        );
        let mut value: Value = serde_json::from_slice(&request.to_json()).unwrap();
        value["parameters"]["layout"] = json!("scalar");
        assert_eq!(
            decode(&serde_json::to_vec(&value).unwrap()).unwrap_err(),
            DecodeError::SurplusParameter {
                parameter: "part",
                layout: "scalar"
            }
        );
    }
}
