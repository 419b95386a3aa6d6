//! Each fault of a body and of its parameters has its own error.

use std::time::Duration;

use veilcast_protocol::{DecodeError, Framing, InferRequest, InferResponse, Limits, RequestError};

use crate::common;
use crate::common::{json_error, json_message, limits, request, response};

#[test]
fn bodies_of_the_wrong_size() {
    let body = request().to_binary();
    let framing = Framing::HeaderLength(body.header_length);
    let decode = |bytes: &[u8]| InferRequest::decode(bytes, framing, &limits()).unwrap_err();

    let tight = Limits {
        max_body_bytes: body.bytes.len() - 1,
        ..limits()
    };
    assert_eq!(
        InferRequest::decode(&body.bytes, framing, &tight),
        Err(DecodeError::BodyTooLarge {
            limit: tight.max_body_bytes,
            found: body.bytes.len()
        })
    );
    let last = body.bytes.len() - 1;
    assert_eq!(
        decode(&body.bytes[..last]),
        DecodeError::Truncated {
            expected: 20,
            found: 19
        }
    );
    let header_only = &body.bytes[..body.header_length];
    assert_eq!(
        decode(header_only),
        DecodeError::Truncated {
            expected: 20,
            found: 0
        }
    );
    let long = [&body.bytes[..], &[0; 3]].concat();
    assert_eq!(decode(&long), DecodeError::TrailingBytes(3));
    let in_header = &body.bytes[..10];
    assert_eq!(
        decode(in_header),
        DecodeError::HeaderLength {
            given: body.header_length
        }
    );
}

#[test]
fn header_lengths_that_are_wrong() {
    let body = request().to_binary();
    for given in [body.header_length + 1, body.bytes.len() + 1, usize::MAX] {
        assert_eq!(
            InferRequest::decode(&body.bytes, Framing::HeaderLength(given), &limits()),
            Err(DecodeError::HeaderLength { given })
        );
    }
    for given in [0, 1, body.header_length - 1] {
        let error = InferRequest::decode(&body.bytes, Framing::HeaderLength(given), &limits());
        assert!(matches!(error, Err(DecodeError::Json(_))), "{error:?}");
    }
    // White space that only a header length could tell from the tensor.
    let (header, raw) = body.bytes.split_at(body.header_length);
    let padded = [header, b" ", raw].concat();
    let given = header.len() + 1;
    assert_eq!(
        InferRequest::decode(&padded, Framing::HeaderLength(given), &limits()),
        Err(DecodeError::HeaderLength { given })
    );
}

#[test]
fn json_with_something_behind_it() {
    let body = request().to_json();
    let decode =
        |end: &[u8], framing| InferRequest::decode(&[&body, end].concat(), framing, &limits());
    assert_eq!(decode(b" \r\n", Framing::Json), Ok(request()));
    assert_eq!(
        decode(b"{}", Framing::Json),
        Err(DecodeError::TrailingBytes(2))
    );
    assert_eq!(
        decode(b"{}", Framing::SelfDelimiting),
        Err(DecodeError::TrailingBytes(2))
    );
}

#[test]
fn binary_body_read_as_json() {
    let body = request().to_binary();
    let error = InferRequest::decode(&body.bytes, Framing::Json, &limits());
    assert_eq!(error, Err(DecodeError::TrailingBytes(20)));
}

#[test]
fn malformed_json() {
    for body in [
        "",
        " ",
        "{",
        "[]",
        "7",
        "null",
        "{\"id\":\"\u{0}\"}",
        "{\"id\":\"\\ud800\"}",
    ] {
        for framing in [Framing::Json, Framing::SelfDelimiting] {
            let error = InferRequest::decode(body.as_bytes(), framing, &limits());
            assert!(
                matches!(error, Err(DecodeError::Json(_))),
                "{body}: {error:?}"
            );
        }
    }
    let error = InferRequest::decode(b"{\"id\":\"\xff\"}", Framing::Json, &limits());
    assert!(matches!(error, Err(DecodeError::Json(_))), "{error:?}");
}

/// Nesting that would overflow a stack if anything descended into it.
#[test]
fn deep_nesting() {
    let deep = ["[".repeat(1500), "]".repeat(1500)].concat();
    let body = format!(r#"{{"trace":{deep}}}"#);
    let error = InferRequest::decode(body.as_bytes(), Framing::Json, &limits());
    assert_eq!(error, Err(DecodeError::MissingParameter("public_key")));
    assert_eq!(
        json_error(r#"["ERERERER","IiIiIiIi"]"#, &deep),
        DecodeError::DataForm
    );
    assert!(json_message(r#""shape":[2,1]"#, &format!(r#""shape":{deep}"#)).contains("sequence"));
}

#[test]
fn members_of_the_wrong_type() {
    assert!(json_message(r#""id":"7""#, r#""id":7"#).contains("expected a string"));
    assert!(json_message(r#""id":"7""#, r#""id":"7","id":"8""#).contains("duplicate field `id`"));
    assert!(json_message(r#""shape":[2,1]"#, r#""shape":[-2,1]"#).contains("-2"));
    assert!(
        json_message(r#""shape":[2,1]"#, r#""shape":[2.0,1]"#).contains("floating point `2.0`")
    );
    assert!(
        json_message(r#""shape":[2,1]"#, r#""shape":[18446744073709551616,1]"#)
            .contains("expected usize")
    );
    assert!(json_message(r#""shape":[2,1],"#, "").contains("missing field `shape`"));
    assert!(json_message(r#""name":"ciphertexts","#, "").contains("missing field `name`"));
    assert!(json_message(r#""datatype":"BYTES","#, "").contains("missing field `datatype`"));
    assert!(
        json_message(r#""layout":"scalar""#, r#""layout":["scalar"]"#)
            .contains("expected a string")
    );
    // What the error repeats of the body is bounded.
    assert!(
        json_message(
            r#""shape":[2,1]"#,
            &format!(r#""shape":"{}""#, "x".repeat(999))
        )
        .len()
            < 200
    );
}

/// As Triton's schedule policy defines them: whole numbers of 64 bits, the timeout in microseconds.
#[test]
fn timeouts_and_priorities() {
    let with = |name: &str, value: &str| {
        let to = format!(r#""layout":"scalar","{name}":{value}"#);
        let text = String::from_utf8(request().to_json()).unwrap();
        let body = text.replace(r#""layout":"scalar""#, &to);
        InferRequest::decode(body.as_bytes(), Framing::Json, &limits())
    };
    let timeout = |value| with("timeout", value).map(|request| request.timeout());
    assert_eq!(
        timeout("1500000"),
        Ok(Some(Duration::from_micros(1_500_000)))
    );
    assert_eq!(
        timeout("18446744073709551615"),
        Ok(Some(Duration::from_micros(u64::MAX)))
    );
    for none in ["0", "null"] {
        assert_eq!(timeout(none), Ok(None));
        assert_eq!(with("priority", none).unwrap().timeout(), None);
    }
    for value in ["-1", "1.5", "\"9\"", "[9]", "true", "18446744073709551616"] {
        assert_eq!(timeout(value), Err(DecodeError::NotANumber("timeout")));
        let priority = with("priority", value);
        assert_eq!(priority, Err(DecodeError::NotANumber("priority")));
    }
    let priority = with("priority", "1").unwrap_err();
    assert_eq!(
        (&priority, priority.code()),
        (&DecodeError::Priority(1), "priority_not_supported")
    );
}

#[test]
fn parameters_that_are_missing_or_malformed() {
    for (name, value) in [
        ("public_key", "wP_u"),
        ("layout", "scalar"),
        ("card_digest", common::DIGEST),
    ] {
        let given = format!(r#""{name}":"{value}""#);
        assert_eq!(
            json_error(&given, r#""x":0"#),
            DecodeError::MissingParameter(name)
        );
        assert_eq!(
            json_error(&given, &format!(r#""{name}":null"#)),
            DecodeError::MissingParameter(name)
        );
    }
    assert_eq!(
        json_error("scalar", "spiral"),
        DecodeError::UnknownLayout("spiral".to_owned())
    );
    let long = "é".repeat(200);
    let shortened = format!("{}…", "é".repeat(128));
    assert_eq!(
        json_error("scalar", &long),
        DecodeError::UnknownLayout(shortened)
    );
    assert_eq!(
        json_error("sha256:", "SHA256:"),
        DecodeError::MalformedDigest
    );
    assert_eq!(json_error("1e1f", "1e1f00"), DecodeError::MalformedDigest);
    assert_eq!(json_error("0a0b", "0A0b"), DecodeError::MalformedDigest);
    let long_id = format!(r#""id":"{}""#, "x".repeat(Limits::MAX_ID_BYTES + 1));
    assert_eq!(json_error(r#""id":"7""#, &long_id), DecodeError::IdTooLong);
}

#[test]
fn public_keys_that_are_malformed() {
    assert_eq!(
        json_error("wP_u", ""),
        DecodeError::Request(RequestError::EmptyKey)
    );
    // 00 ff ee: a byte more than the number needs.
    assert_eq!(
        json_error("wP_u", "AP_u"),
        DecodeError::Request(RequestError::PaddedKey)
    );
    assert_eq!(json_error("wP_u", "wP_u===="), DecodeError::KeyEncoding);
    assert_eq!(json_error("wP_u", "wP/u"), DecodeError::KeyEncoding);
    assert_eq!(json_error("wP_u", "wP_u\\n"), DecodeError::KeyEncoding);
    // A last character whose unused bits are set: a second spelling of one byte.
    assert_eq!(json_error("wP_u", "wP_uwB"), DecodeError::KeyEncoding);
    assert_eq!(
        json_error("wP_u", &"w".repeat(12)),
        DecodeError::KeyTooLong { limit: 8 }
    );
}

#[test]
fn key_proofs_that_are_malformed() {
    let with_proof = |proof: &str| {
        let to = format!(r#""wP_u","key_proof":"{proof}""#);
        json_error(r#""wP_u""#, &to)
    };
    let good = "A".repeat(32);
    for proof in [
        "",
        &good[..31],
        &good[..28],
        &format!("{good}A"),
        &format!("{good}AAAA"),
        &format!("{}=", &good[..31]),
        &good.replacen('A', "/", 1),
        &"A".repeat(3000),
    ] {
        assert_eq!(with_proof(proof), DecodeError::MalformedKeyProof, "{proof}");
    }
    assert!(matches!(
        json_message(r#""wP_u""#, r#""wP_u","key_proof":7"#).as_str(),
        message if message.contains("invalid type")
    ));
}

#[test]
fn responses_that_were_damaged_on_their_way() {
    let body = response().to_binary().bytes;
    let decode = |body: &[u8]| InferResponse::decode(body, Framing::SelfDelimiting, &limits());
    assert!(decode(&body).is_ok());
    for byte in body.len() - 16..body.len() {
        // The second element's length is found to be wrong before its bytes are looked at.
        let is_length = (body.len() - 10..body.len() - 6).contains(&byte);
        for bit in 0..8 {
            let mut damaged = body.clone();
            damaged[byte] ^= 1 << bit;
            let error = decode(&damaged).unwrap_err();
            assert_eq!(
                error == DecodeError::Damaged,
                !is_length,
                "{byte} {bit}: {error}"
            );
        }
    }
}

#[test]
fn responses_that_are_malformed() {
    let text = String::from_utf8(response().to_json()).unwrap();
    let error = |from: &str, to: &str| {
        assert!(text.contains(from), "{from} is not in {text}");
        let body = text.replace(from, to);
        InferResponse::decode(body.as_bytes(), Framing::Json, &limits()).unwrap_err()
    };
    for name in ["key_fingerprint", "layout", "card_digest", "scores_digest"] {
        assert_eq!(
            error(&format!(r#""{name}""#), r#""x""#),
            DecodeError::MissingParameter(name)
        );
    }
    assert_eq!(error("c47a", "C47A"), DecodeError::MalformedFingerprint);
    for name in ["request_digest", "scores_digest"] {
        let given = format!(r#""{name}":"sha256:"#);
        assert_eq!(
            error(&given, &format!(r#""{name}":"md5:"#)),
            DecodeError::MalformedContentDigest(name)
        );
    }
    assert_eq!(
        error("scores", "ciphertexts"),
        DecodeError::TensorName {
            expected: "scores",
            found: "ciphertexts".to_owned()
        }
    );
    assert!(matches!(error("model_version", "x"), DecodeError::Json(_)));
    // The first element gives the width, up to the limit.
    let width = |index, expected, found| DecodeError::ElementWidth {
        index,
        expected,
        found,
    };
    assert_eq!(error("IiIiIiIi", "IiIiIiI="), width(1, 6, 5));
    assert_eq!(error("ERERERER", ""), width(0, 1, 0));
    assert_eq!(error("ERERERER", &"A".repeat(24)), width(0, 16, 18));
}

#[test]
fn layout_parameters_must_fit_the_layout() {
    let layout = |parameters: &str| json_error(r#""layout":"scalar""#, parameters);
    for parameter in ["scores_per_answer", "features_per_ciphertext"] {
        let zero = format!(r#""layout":"features","{parameter}":0"#);
        assert_eq!(layout(&zero), DecodeError::ZeroParameter(parameter));
    }
    for (name, parameter) in [
        ("scalar", "features_per_ciphertext"),
        ("records", "features_per_ciphertext"),
        ("records", "scores_per_answer"),
    ] {
        let surplus = format!(r#""layout":"{name}","records":2,"{parameter}":2"#);
        assert_eq!(
            layout(&surplus),
            DecodeError::SurplusParameter {
                parameter,
                layout: name
            }
        );
    }
    assert_eq!(
        layout(r#""layout":"records""#),
        DecodeError::MissingParameter("records")
    );
    assert_eq!(
        layout(r#""layout":"records","records":0"#),
        DecodeError::ZeroParameter("records")
    );
    assert_eq!(
        layout(r#""layout":"records","records":5"#),
        DecodeError::TooManyRecords { limit: 4, found: 5 }
    );
    assert_eq!(
        layout(r#""layout":"records","records":1"#),
        DecodeError::Request(RequestError::Records {
            records: 1,
            rows: 2
        })
    );
    assert_eq!(
        layout(r#""layout":"scalar","records":3"#),
        DecodeError::RecordsAndRows { found: 3, rows: 2 }
    );
}

#[test]
fn seeds_have_32_bytes_and_a_tensor_of_their_own() {
    let seed = |text: &str| json_error(r#""layout""#, &format!(r#""seed":"{text}","layout""#));
    for text in [
        "",
        "AAECAwQF",
        &"A".repeat(44),
        &"=".repeat(43),
        &"é".repeat(43),
    ] {
        assert_eq!(seed(text), DecodeError::MalformedSeed, "{text:?}");
    }
    assert_eq!(
        seed(&"A".repeat(43)),
        DecodeError::TensorName {
            expected: "corrections",
            found: "ciphertexts".to_owned()
        }
    );
    let first = r#""seed":"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA","first":-1,"layout""#;
    assert!(json_message(r#""layout""#, first).contains("invalid value"));
}
