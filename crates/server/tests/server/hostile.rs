//! Every bad request gets its own code, reveals nothing, and leaves the service serving.

use crate::common::{
    FEATURES, INFER, MAX_RECORDS, P, PRIME, Q, call, card_digest, fixed_width, modulus, number,
    pieces, post, post_json, record, request, service,
};
use axum::Router;
use axum::body::Body;
use axum::http::header::{CONTENT_ENCODING, CONTENT_TYPE};
use axum::http::{HeaderValue, Request, StatusCode};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use num_bigint::BigUint;
use veilcast_protocol::{ByteMatrix, CardDigest, Encoding, HEADER_LENGTH, InferRequest, Layout};

const WIDTH: usize = 256;

/// Asserts the refusal, and that a sound request is served after it. Returns the refusal's text.
#[track_caller]
fn refused(service: &Router, request: Request<Body>, status: u16, code: &str) -> String {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(async {
        let answer = call(service, request).await;
        assert_eq!(
            answer.problem(),
            (status, code.to_owned()),
            "{}",
            answer.text()
        );
        let sound = call(service, post(&crate::common::request(1))).await;
        assert_eq!(
            sound.status,
            StatusCode::OK,
            "{}",
            String::from_utf8_lossy(&sound.body)
        );
        answer.text()
    })
}

/// A request under n with these ciphertexts.
fn with_ciphertexts(shape: [usize; 2], bytes: Vec<u8>) -> InferRequest {
    let ciphertexts = ByteMatrix::new(shape, WIDTH, bytes).unwrap();
    InferRequest::new(
        modulus().to_bytes_be(),
        Layout::SCALAR,
        ciphertexts.rows(),
        card_digest(),
        ciphertexts,
    )
    .unwrap()
    .with_key_proof(request(1).key_proof().unwrap())
}

/// A request under another modulus, with ciphertexts 2.
fn with_modulus(n: &BigUint) -> InferRequest {
    let n = n.to_bytes_be();
    let width = 2 * n.len();
    let bytes = fixed_width(&BigUint::from(2u8), width).repeat(FEATURES);
    let ciphertexts = ByteMatrix::new([1, FEATURES], width, bytes).unwrap();
    let proof = vec![1; 8 * n.len()];
    let request = InferRequest::new(n, Layout::SCALAR, 1, card_digest(), ciphertexts);
    request.unwrap().with_key_proof(proof)
}

#[test]
fn numbers_that_are_no_ciphertexts() {
    let service = service();
    let n = modulus();
    let n_squared = &n * &n;
    let numbers = [
        ("zero", BigUint::ZERO),
        ("n", n.clone()),
        ("a multiple of n", &n * 12345u32),
        ("n²", n_squared.clone()),
        ("n² + 1", &n_squared + 1u32),
        ("all ones", (BigUint::from(1u8) << (8 * WIDTH)) - 1u32),
        ("p", number(P)),
        ("p²", number(P) * number(P)),
        ("a multiple of q", number(Q) * 98765u32),
    ];
    for (name, number) in numbers {
        // At the first and at the last place, among sound ones.
        for place in [0, FEATURES - 1] {
            let mut bytes = record();
            bytes[place * WIDTH..][..WIDTH].copy_from_slice(&fixed_width(&number, WIDTH));
            println!("{name} at {place}");
            let bad = with_ciphertexts([1, FEATURES], bytes);
            refused(&service, post(&bad), 400, "invalid_ciphertext");
        }
    }
}

#[test]
fn ciphertexts_of_the_wrong_width() {
    let service = service();
    let sound = String::from_utf8(crate::common::unproven_request(1).to_json()).unwrap();
    let json: serde_json::Value = serde_json::from_str(&sound).unwrap();
    let first = json["inputs"][0]["data"][0].as_str().unwrap();
    let bytes = STANDARD.decode(first).unwrap();
    for wrong in [&bytes[1..], &[&[0], &bytes[..]].concat(), &[]] {
        let body = sound.replace(first, &STANDARD.encode(wrong));
        refused(&service, post_json(body), 400, "wrong_ciphertext_width");
    }
    // A modulus of another size, for which all of them are wrong.
    let key = json["parameters"]["public_key"].as_str().unwrap();
    let body = sound.replace(key, &key[4..]);
    refused(&service, post_json(body), 400, "wrong_ciphertext_width");
}

#[test]
fn moduli_that_are_no_public_keys() {
    let service = service();
    let n = modulus();
    let cases = [
        (&n - 1u32, "is even"),
        (BigUint::from(1u8), "has 1 bits"),
        (BigUint::from(15u8), "has 4 bits"),
        (number(P), "has 512 bits"),
        (&n >> 1u8 | BigUint::from(1u8), "has 1023 bits"),
        (&n << 8u8 | BigUint::from(1u8), "has 1032 bits"),
        (number(PRIME), "is a prime"),
        (number(Q) * number(Q), "is a perfect power"),
        (
            ((number(PRIME) / 65521u32) | BigUint::from(1u8)) * 65521u32,
            "is divisible by",
        ),
        (
            (number(PRIME) / 6u32 * 2u32 + 1u32) * 3u32,
            "is divisible by 3",
        ),
        (BigUint::from(1u8) << 2047u16, "is even"),
        (BigUint::from(3u8).pow(2584), "is divisible by 3"),
    ];
    for (n, reason) in cases {
        let text = refused(&service, post(&with_modulus(&n)), 400, "invalid_public_key");
        assert!(text.contains(reason), "{reason}: {text}");
    }
    let huge = BigUint::from(1u8) << 4097u16 | BigUint::from(1u8);
    refused(
        &service,
        post(&with_modulus(&huge)),
        400,
        "malformed_public_key",
    );
}

/// Moduli that would read the weights past every mask: they pass all checks of the number alone.
#[test]
fn moduli_that_are_not_proven() {
    let service = service();
    let path = "../paillier/tests/fixtures/hostile-moduli.json";
    let file: serde_json::Value =
        serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
    let moduli = file["moduli"].as_array().unwrap();
    assert_eq!(moduli.len(), 4);
    for modulus in moduli {
        let n = number(modulus["n"].as_str().unwrap());
        let request = with_modulus(&n);
        refused(&service, post(&request), 400, "invalid_key_proof");
        let mut unproven = post(&request);
        let body = request.to_binary_without_proof();
        unproven
            .headers_mut()
            .insert(HEADER_LENGTH, body.header_length.into());
        *unproven.body_mut() = body.bytes.into();
        let text = refused(&service, unproven, 428, "key_proof_needed");
        assert!(text.contains("/openapi.json"), "{text}");
    }
}

#[test]
fn proofs_that_prove_nothing() {
    let sound = request(1);
    let proof = sound.key_proof().unwrap();
    let swapped = [&proof[128..256], &proof[..128], &proof[256..]].concat();
    let mut flipped = proof.to_vec();
    flipped[1000] ^= 1;
    for bad in [swapped, flipped, vec![0; 1024], vec![0xff; 1024]] {
        // A service that knows the key asks for no proof: each gets a new one.
        let service = service();
        let bad = crate::common::unproven_request(1).with_key_proof(bad);
        refused(&service, post(&bad), 400, "invalid_key_proof");
    }
    for wrong in [&proof[1..], &[proof, &[0]].concat(), &[]] {
        let bad = crate::common::unproven_request(1).with_key_proof(wrong);
        refused(&service(), post(&bad), 400, "malformed_key_proof");
    }
}

#[test]
fn requests_that_do_not_fit_the_model() {
    let service = service();
    let sound = record();
    for (features, bytes) in [
        (FEATURES - 1, sound[WIDTH..].to_vec()),
        (FEATURES + 1, [&sound[..WIDTH], &sound].concat()),
    ] {
        let bad = with_ciphertexts([1, features], bytes);
        refused(&service, post(&bad), 400, "wrong_shape");
    }
    let transposed = with_ciphertexts([FEATURES, 1], sound.clone());
    refused(&service, post(&transposed), 400, "wrong_shape");

    let many = MAX_RECORDS as usize + 1;
    let many = with_ciphertexts([many, FEATURES], sound.repeat(many));
    refused(&service, post(&many), 400, "too_many_records");

    let digest = CardDigest::of(b"another card");
    let ciphertexts = ByteMatrix::new([1, FEATURES], WIDTH, sound).unwrap();
    let other_card = InferRequest::new(
        modulus().to_bytes_be(),
        Layout::SCALAR,
        1,
        digest,
        ciphertexts,
    )
    .unwrap();
    refused(&service, post(&other_card), 409, "wrong_card_digest");

    let mut elsewhere = post(&request(1));
    *elsewhere.uri_mut() = "/v2/models/other/infer".parse().unwrap();
    refused(&service, elsewhere, 404, "unknown_model");
    let mut elsewhere = post(&request(1));
    *elsewhere.uri_mut() = "/v2/models/sums/versions/9/infer".parse().unwrap();
    refused(&service, elsewhere, 404, "unknown_version");
}

#[test]
fn bodies_that_are_damaged() {
    let service = service();
    let sound = request(1);
    let binary = sound.to_binary();
    let post_binary = |bytes: Vec<u8>, length: &str| {
        Request::post(INFER)
            .header(HEADER_LENGTH, length)
            .body(Body::from(bytes))
            .unwrap()
    };
    let length = binary.header_length.to_string();
    let cut = binary.bytes[..binary.bytes.len() - 1].to_vec();
    refused(&service, post_binary(cut, &length), 400, "truncated_body");
    let header_only = binary.bytes[..binary.header_length].to_vec();
    refused(
        &service,
        post_binary(header_only, &length),
        400,
        "truncated_body",
    );
    let long = [&binary.bytes[..], &[0]].concat();
    refused(&service, post_binary(long, &length), 400, "trailing_bytes");
    for wrong in ["", "-1", "1e3", "99999999999999999999"] {
        refused(
            &service,
            post_binary(binary.bytes.clone(), wrong),
            400,
            "wrong_header_length",
        );
    }
    let beyond = (binary.bytes.len() + 1).to_string();
    refused(
        &service,
        post_binary(binary.bytes.clone(), &beyond),
        400,
        "wrong_header_length",
    );

    let json = sound.with_answer(Encoding::Json).to_json();
    refused(
        &service,
        post_json(json[..json.len() - 1].to_vec()),
        400,
        "malformed_json",
    );
    refused(&service, post_json(""), 400, "malformed_json");
    refused(&service, post_json("{}"), 400, "missing_parameter");
    let broken = pieces([Ok(json), Err(std::io::Error::other("gone"))].into_iter());
    refused(&service, post_json(broken), 400, "truncated_body");
}

#[test]
fn bodies_that_are_too_large() {
    let limit = 64 * 1024;
    let config = veilcast_server::Config {
        max_body_bytes: limit,
        ..Default::default()
    };
    let service = veilcast_server::router(crate::common::app(config));
    refused(
        &service,
        post_json(vec![b' '; limit + 1]),
        413,
        "body_too_large",
    );
    // Without a length beforehand, and without an end.
    let piece = || Ok(vec![b' '; 1000]);
    let endless = pieces(std::iter::repeat_with(piece));
    refused(&service, post_json(endless), 413, "body_too_large");
}

#[test]
fn media_types_that_are_not_understood() {
    let service = service();
    for media_type in [
        "text/plain",
        "application/x-www-form-urlencoded",
        "application/json5",
        "",
        "\u{80}",
    ] {
        let mut typed = post_json(request(1).to_json());
        let media_type = HeaderValue::from_bytes(media_type.as_bytes()).unwrap();
        typed.headers_mut().insert(CONTENT_TYPE, media_type);
        refused(&service, typed, 415, "unsupported_media_type");
    }
    let mut compressed = post(&request(1));
    compressed
        .headers_mut()
        .insert(CONTENT_ENCODING, HeaderValue::from_static("gzip"));
    refused(&service, compressed, 415, "unsupported_media_type");
}
