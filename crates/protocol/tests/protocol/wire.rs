//! The messages' exact bytes, which other programs rely on.

use veilcast_protocol::{
    CardDigest, Encoding, Framing, InferRequest, InferResponse, KeyFingerprint, Layout, ModelList,
    ModelMetadata, ModelReady, Problem, SeededUpload, ServerMetadata, Upload,
};

use crate::common;
use crate::common::{annotated, digest, limits, pair, request, response};

const BINARY_REQUEST: &str = r#"
    '{"id":"7","parameters":{"public_key":"wP_u","layout":"scalar",'
    '"card_digest":"sha256:000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f"},'
    '"inputs":[{"name":"ciphertexts","shape":[2,1],"datatype":"BYTES","parameters":{"binary_data_size":20}}],'
    '"outputs":[{"name":"scores","parameters":{"binary_data":true}}]}'
    06 00 00 00         # element 0 has 6 bytes
    11 11 11 11 11 11
    06 00 00 00         # element 1 has 6 bytes
    22 22 22 22 22 22
"#;

const JSON_REQUEST: &str = r#"
    '{"id":"7","parameters":{"public_key":"wP_u","layout":"scalar",'
    '"card_digest":"sha256:000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f"},'
    '"inputs":[{"name":"ciphertexts","shape":[2,1],"datatype":"BYTES","data":["ERERERER","IiIiIiIi"]}],'
    '"outputs":[{"name":"scores","parameters":{"binary_data":false}}]}'
"#;

const SEEDED_REQUEST: &str = r#"
    '{"parameters":{"public_key":"wP_u","layout":"features","features_per_ciphertext":9,"scores_per_answer":3,'
    '"seed":"AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8","first":784,'
    '"card_digest":"sha256:000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f"},'
    '"inputs":[{"name":"corrections","shape":[2,1],"datatype":"BYTES","parameters":{"binary_data_size":20}}],'
    '"outputs":[{"name":"scores","parameters":{"binary_data":true}}]}'
    06 00 00 00         # element 0 has 6 bytes
    11 11 11 11 11 11
    06 00 00 00         # element 1 has 6 bytes
    22 22 22 22 22 22
"#;

const PROVEN_REQUEST: &str = r#"
    '{"id":"7","parameters":{"public_key":"wP_u","key_proof":"AAECAwQFBgcICQoLDA0ODxAREhMUFRYX","layout":"scalar",'
    '"card_digest":"sha256:000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f"},'
    '"inputs":[{"name":"ciphertexts","shape":[2,1],"datatype":"BYTES","parameters":{"binary_data_size":20}}],'
    '"outputs":[{"name":"scores","parameters":{"binary_data":true}}]}'
    06 00 00 00         # element 0 has 6 bytes
    11 11 11 11 11 11
    06 00 00 00         # element 1 has 6 bytes
    22 22 22 22 22 22
"#;

const RECORDS_RESPONSE: &str = r#"
    '{"model_name":"digits","model_version":"1","id":"7","parameters":{'
    '"key_fingerprint":"c47a10dc272b1221f0380a2ae0f7d7fa830b3e378f2f5309bbf13f61ad211913","layout":"records","records":9,'
    '"card_digest":"sha256:000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f",'
    '"request_digest":"sha256:abababababababababababababababababababababababababababababababab",'
    '"scores_digest":"sha256:a306b004cfd4d6327db0193ac7f74c9ea1b638102b10a13f5848f5a9972415a9"},'
    '"outputs":[{"name":"scores","shape":[2,1],"datatype":"BYTES","data":["ERERERER","IiIiIiIi"]}]}'
"#;

const BINARY_RESPONSE: &str = r#"
    '{"model_name":"digits","model_version":"1","id":"7","parameters":{'
    '"key_fingerprint":"c47a10dc272b1221f0380a2ae0f7d7fa830b3e378f2f5309bbf13f61ad211913","layout":"scalar",'
    '"card_digest":"sha256:000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f",'
    '"request_digest":"sha256:abababababababababababababababababababababababababababababababab",'
    '"scores_digest":"sha256:a306b004cfd4d6327db0193ac7f74c9ea1b638102b10a13f5848f5a9972415a9"},'
    '"outputs":[{"name":"scores","shape":[2,1],"datatype":"BYTES","parameters":{"binary_data_size":20}}]}'
    06 00 00 00         # element 0 has 6 bytes
    11 11 11 11 11 11
    06 00 00 00         # element 1 has 6 bytes
    22 22 22 22 22 22
"#;

const JSON_RESPONSE: &str = r#"
    '{"model_name":"digits","model_version":"1","id":"7","parameters":{'
    '"key_fingerprint":"c47a10dc272b1221f0380a2ae0f7d7fa830b3e378f2f5309bbf13f61ad211913","layout":"scalar",'
    '"card_digest":"sha256:000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f",'
    '"request_digest":"sha256:abababababababababababababababababababababababababababababababab",'
    '"scores_digest":"sha256:a306b004cfd4d6327db0193ac7f74c9ea1b638102b10a13f5848f5a9972415a9"},'
    '"outputs":[{"name":"scores","shape":[2,1],"datatype":"BYTES","data":["ERERERER","IiIiIiIi"]}]}'
"#;

/// The place of the raw bytes in the pinned binary bodies: two elements of 4 + 6 bytes before the end.
fn header_length(body: &[u8]) -> usize {
    body.len() - 20
}

#[track_caller]
fn assert_bytes(got: &[u8], expected: &[u8]) {
    assert_eq!(
        String::from_utf8_lossy(got),
        String::from_utf8_lossy(expected)
    );
    assert_eq!(got, expected);
}

#[test]
fn binary_request_is_pinned() {
    let expected = annotated(BINARY_REQUEST);
    let body = request().to_binary();
    assert_bytes(&body.bytes, &expected);
    assert_eq!(body.header_length, header_length(&expected));

    let framing = Framing::HeaderLength(body.header_length);
    assert_eq!(
        InferRequest::decode(&expected, framing, &limits()),
        Ok(request())
    );
    assert_eq!(
        InferRequest::decode(&expected, Framing::SelfDelimiting, &limits()),
        Ok(request())
    );
}

#[test]
fn request_with_a_proven_key_is_pinned() {
    let expected = annotated(PROVEN_REQUEST);
    let request = request().with_key_proof(common::KEY_PROOF);
    assert_bytes(&request.to_binary().bytes, &expected);
    let decoded = InferRequest::decode(&expected, Framing::SelfDelimiting, &limits());
    assert_eq!(decoded, Ok(request.clone()));
    // A service that knows the key gets the same without.
    let without = annotated(BINARY_REQUEST);
    assert_bytes(&request.to_binary_without_proof().bytes, &without);
}

/// An answer whose maker saw no body, as one to a value in memory.
#[test]
fn response_may_lack_the_digest_of_its_request() {
    let text = annotated(JSON_RESPONSE);
    let text = String::from_utf8(text).unwrap();
    let digest = format!(r#""request_digest":"sha256:{}","#, "ab".repeat(32));
    let text = text.replace(&digest, "");
    let response = InferResponse {
        request_digest: None,
        vouchers: None,
        ..response()
    };
    assert_bytes(&response.to_json(), text.as_bytes());
    let decoded = InferResponse::decode(text.as_bytes(), Framing::Json, &limits());
    assert_eq!(decoded, Ok(response));
}

#[test]
fn json_request_is_pinned() {
    let expected = annotated(JSON_REQUEST);
    let request = request().with_answer(Encoding::Json);
    assert_bytes(&request.to_json(), &expected);
    assert_eq!(
        InferRequest::decode(&expected, Framing::Json, &limits()),
        Ok(request)
    );
}

#[test]
fn binary_response_is_pinned() {
    let expected = annotated(BINARY_RESPONSE);
    let body = response().to_binary();
    assert_bytes(&body.bytes, &expected);
    assert_eq!(body.header_length, header_length(&expected));

    let framing = Framing::HeaderLength(body.header_length);
    assert_eq!(
        InferResponse::decode(&expected, framing, &limits()),
        Ok(response())
    );
    let stored = InferResponse::decode(&expected, Framing::SelfDelimiting, &limits());
    assert_eq!(stored, Ok(response()));
}

#[test]
fn json_response_is_pinned() {
    let expected = annotated(JSON_RESPONSE);
    assert_bytes(&response().to_json(), &expected);
    assert_eq!(
        InferResponse::decode(&expected, Framing::Json, &limits()),
        Ok(response())
    );
}

#[test]
fn seeded_request_is_pinned() {
    let expected = annotated(SEEDED_REQUEST);
    let layout = Layout::Features {
        features_per_ciphertext: 9,
        scores_per_answer: 3,
    };
    let upload = Upload::Seeded(SeededUpload {
        seed: std::array::from_fn(|i| i as u8),
        first: 784,
        corrections: pair(),
    });
    let request = InferRequest::new(common::KEY.to_vec(), layout, 2, digest(), upload).unwrap();
    assert_bytes(&request.to_binary().bytes, &expected);
    let decoded = InferRequest::decode(&expected, Framing::SelfDelimiting, &limits());
    assert_eq!(decoded, Ok(request));
}

#[test]
fn response_about_groups_of_records_is_pinned() {
    let expected = annotated(RECORDS_RESPONSE);
    let response = InferResponse {
        layout: Layout::Records,
        records: 9,
        ..response()
    };
    assert_bytes(&response.to_json(), &expected);
    let decoded = InferResponse::decode(&expected, Framing::Json, &limits());
    assert_eq!(decoded, Ok(response));
}

/// What another V2 client may write: other order, row-by-row data, white space, parameters and members of its own.
#[test]
fn foreign_json_request_is_understood() {
    let body = br#"
        {
          "inputs": [{
            "data": [["ERERERER"], ["\u0049iIiIiIi"]],
            "datatype": "BYTES", "shape": [2, 1], "name": "ciphertexts",
            "parameters": {"content_type": "paillier"}
          }],
          "parameters": {
            "card_digest": "sha256:000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f",
            "layout": "scalar", "priority": 0, "public_key": "wP_u", "binary_data_output": true
          },
          "trace": {"sampled": [true, null, 1.5]}
        }
    "#;
    let decoded = InferRequest::decode(body, Framing::Json, &limits()).unwrap();
    assert_eq!(decoded.id(), None);
    assert_eq!(decoded.answer(), Encoding::Binary);
    assert_eq!(decoded.layout(), Layout::SCALAR);
    assert_eq!(decoded.card_digest(), digest());
    assert_eq!(decoded.public_key(), common::KEY);
    assert_eq!(decoded.records(), 2);
    assert_eq!(decoded.upload().tensor(), &pair());
}

#[test]
fn answer_is_json_unless_asked_otherwise() {
    let text = String::from_utf8(request().to_json()).unwrap();
    let binary = r#""parameters":{"binary_data":true}"#;
    let cases = [
        (text.replace(&format!(",{binary}"), ""), Encoding::Json),
        (
            text.replace(
                &format!(r#""outputs":[{{"name":"scores",{binary}}}]"#),
                r#""outputs":[]"#,
            ),
            Encoding::Json,
        ),
        // The output's own word goes before the request's.
        (
            text.replace(binary, r#""parameters":{"binary_data":false}"#)
                .replace(r#""layout""#, r#""binary_data_output":true,"layout""#),
            Encoding::Json,
        ),
        (
            text.replace(&format!(",{binary}"), "")
                .replace(r#""layout""#, r#""binary_data_output":true,"layout""#),
            Encoding::Binary,
        ),
    ];
    for (body, expected) in cases {
        assert_ne!(body, text);
        let decoded = InferRequest::decode(body.as_bytes(), Framing::Json, &limits()).unwrap();
        assert_eq!(decoded.answer(), expected, "{body}");
    }
}

/// SHA-256 of the empty string and of "abc", from FIPS 180's examples.
#[test]
fn digests_have_one_spelling() {
    let empty = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
    let abc = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
    assert_eq!(KeyFingerprint::of(b"").to_string(), empty);
    assert_eq!(CardDigest::of(b"abc").to_string(), format!("sha256:{abc}"));
    assert_eq!(format!("sha256:{abc}").parse(), Ok(CardDigest::of(b"abc")));
    assert_eq!(empty.parse(), Ok(KeyFingerprint::of(b"")));

    for bad in [
        "",
        abc,
        "sha256:",
        "sha256:ba78",
        &format!("sha256:{}", abc.to_uppercase()),
    ] {
        assert!(bad.parse::<CardDigest>().is_err(), "{bad}");
    }
    for bad in [
        "",
        &abc[1..],
        &format!("{abc}0"),
        &format!("sha256:{abc}"),
        &abc.replace('b', "é"),
    ] {
        assert!(bad.parse::<KeyFingerprint>().is_err(), "{bad}");
    }
}

#[test]
fn metadata_is_pinned() {
    assert_eq!(
        json(&ServerMetadata::this()),
        concat!(
            r#"{"name":"veilcast","version":""#,
            env!("CARGO_PKG_VERSION"),
            r#"","extensions":["binary_tensor_data"]}"#
        )
    );
    assert_eq!(
        json(&ModelMetadata::new("digits", "1", 784, 10)),
        concat!(
            r#"{"name":"digits","versions":["1"],"platform":"veilcast_paillier","#,
            r#""inputs":[{"name":"ciphertexts","datatype":"BYTES","shape":[-1,784]}],"#,
            r#""outputs":[{"name":"scores","datatype":"BYTES","shape":[-1,10]}]}"#
        )
    );
    let ready = ModelReady {
        name: "digits".to_owned(),
        ready: true,
    };
    assert_eq!(json(&ready), r#"{"name":"digits","ready":true}"#);
    let list = ModelList {
        models: vec!["digits".to_owned(), "risk".to_owned()],
    };
    assert_eq!(json(&list), r#"{"models":["digits","risk"]}"#);
    let problem = Problem::new("unknown_model", "there is no such model");
    assert_eq!(
        json(&problem),
        r#"{"error":"there is no such model","code":"unknown_model"}"#
    );
}

fn json(value: &impl serde::Serialize) -> String {
    serde_json::to_string(value).unwrap()
}
