//! Whatever is sent arrives, in both forms, and no truncation of it passes.

use std::time::Duration;

use proptest::prelude::*;
use veilcast_protocol::{
    ByteMatrix, CardDigest, ContentDigest, Encoding, Framing, InferRequest, InferResponse,
    KeyFingerprint, Layout, Limits, SeededUpload, Upload,
};

const LIMITS: Limits = Limits {
    max_body_bytes: 1 << 20,
    max_records: 9,
    max_ciphertexts: 64,
    max_key_bytes: 40,
};

fn matrix(width: usize) -> impl Strategy<Value = ByteMatrix> {
    (1..=8_usize, 1..=8_usize).prop_flat_map(move |(rows, columns)| {
        prop::collection::vec(any::<u8>(), rows * columns * width)
            .prop_map(move |bytes| ByteMatrix::new([rows, columns], width, bytes).unwrap())
    })
}

fn key() -> impl Strategy<Value = Vec<u8>> {
    (1..=u8::MAX, prop::collection::vec(any::<u8>(), 0..40))
        .prop_map(|(first, rest)| [vec![first], rest].concat())
}

/// A layout, and for `records` how many records more than rows there are.
fn layouts() -> impl Strategy<Value = (Layout, usize)> {
    prop_oneof![
        (1..=u32::MAX).prop_map(|scores_per_answer| (Layout::Scalar { scores_per_answer }, 0)),
        (0..=1_usize).prop_map(|more| (Layout::Records, more)),
        (1..=u32::MAX, 1..=u32::MAX).prop_map(|(features_per_ciphertext, scores_per_answer)| {
            let layout = Layout::Features {
                features_per_ciphertext,
                scores_per_answer,
            };
            (layout, 0)
        }),
    ]
}

fn uploads(ciphertext_width: usize) -> impl Strategy<Value = Upload> {
    let corrections = (1..=8_usize, 1..=40_usize).prop_flat_map(|(rows, width)| {
        prop::collection::vec(any::<u8>(), rows * width)
            .prop_map(move |bytes| ByteMatrix::new([rows, 1], width, bytes).unwrap())
    });
    let seeded = (corrections, any::<[u8; 32]>(), any::<u64>());
    prop_oneof![
        matrix(ciphertext_width).prop_map(Upload::Full),
        seeded.prop_map(|(corrections, seed, first)| Upload::Seeded(SeededUpload {
            seed,
            first,
            corrections
        })),
    ]
}

fn requests() -> impl Strategy<Value = InferRequest> {
    key().prop_flat_map(|key| {
        let parts = (
            uploads(2 * key.len()),
            layouts(),
            any::<[u8; 32]>(),
            any::<bool>(),
            prop::option::of(".{0,40}"),
            prop::option::of(prop::collection::vec(any::<u8>(), 8 * key.len())),
            prop::option::of(any::<u64>()),
        );
        parts.prop_map(
            move |(upload, (layout, more), digest, binary, id, proof, timeout)| {
                let digest = CardDigest::from(digest);
                let records = upload.rows() + more;
                let request =
                    InferRequest::new(key.clone(), layout, records, digest, upload).unwrap();
                let request = request.with_answer(if binary {
                    Encoding::Binary
                } else {
                    Encoding::Json
                });
                let request = match id {
                    Some(id) => request.with_id(id),
                    None => request,
                };
                let request = match timeout {
                    Some(timeout) => request.with_timeout(Duration::from_micros(timeout)),
                    None => request,
                };
                match proof {
                    Some(proof) => request.with_key_proof(proof),
                    None => request,
                }
            },
        )
    })
}

fn responses() -> impl Strategy<Value = InferResponse> {
    let parts = (
        (1..=80_usize).prop_flat_map(matrix),
        any::<[u8; 32]>(),
        ".*",
        ".*",
        layouts(),
        prop::option::of(".{0,40}"),
        prop::option::of(any::<[u8; 32]>()),
    );
    parts.prop_map(
        |(scores, digest, model_name, model_version, (layout, more), id, request_digest)| {
            InferResponse {
                id,
                model_name,
                model_version,
                key_fingerprint: KeyFingerprint::of(&digest),
                card_digest: CardDigest::from(digest),
                layout,
                records: scores.rows() + more,
                request_digest: request_digest.map(ContentDigest::from),
                vouchers: None,
                scores,
            }
        },
    )
}

proptest! {
    #[test]
    fn requests_arrive(request in requests()) {
        let json = request.to_json();
        prop_assert_eq!(&InferRequest::decode(&json, Framing::Json, &LIMITS).unwrap(), &request);
        let body = request.to_binary();
        for framing in [Framing::HeaderLength(body.header_length), Framing::SelfDelimiting] {
            prop_assert_eq!(&InferRequest::decode(&body.bytes, framing, &LIMITS).unwrap(), &request);
        }
    }

    #[test]
    fn responses_arrive(response in responses()) {
        let json = response.to_json();
        prop_assert_eq!(&InferResponse::decode(&json, Framing::Json, &LIMITS).unwrap(), &response);
        let body = response.to_binary();
        for framing in [Framing::HeaderLength(body.header_length), Framing::SelfDelimiting] {
            prop_assert_eq!(&InferResponse::decode(&body.bytes, framing, &LIMITS).unwrap(), &response);
        }
    }

    #[test]
    fn truncations_are_refused(request in requests(), cut in any::<prop::sample::Index>()) {
        let json = request.to_json();
        prop_assert!(InferRequest::decode(&json[..cut.index(json.len())], Framing::Json, &LIMITS).is_err());
        let body = request.to_binary();
        let cut = &body.bytes[..cut.index(body.bytes.len())];
        for framing in [Framing::HeaderLength(body.header_length), Framing::SelfDelimiting] {
            prop_assert!(InferRequest::decode(cut, framing, &LIMITS).is_err());
        }
    }

    /// Any single changed byte gives an error or a request, never a panic; only the raw part changes numbers.
    #[test]
    fn damaged_requests_do_no_harm(
        request in requests(),
        place in any::<prop::sample::Index>(),
        flip in 1..=u8::MAX,
    ) {
        let mut body = request.to_binary();
        let place = place.index(body.bytes.len());
        body.bytes[place] ^= flip;
        for framing in [Framing::HeaderLength(body.header_length), Framing::SelfDelimiting] {
            if let Ok(decoded) = InferRequest::decode(&body.bytes, framing, &LIMITS) {
                let raw = place >= body.header_length;
                prop_assert_eq!(raw, decoded.upload().tensor() != request.upload().tensor());
                if let Upload::Full(ciphertexts) = decoded.upload() {
                    prop_assert_eq!(ciphertexts.width(), 2 * decoded.public_key().len());
                }
            }
        }
    }

    #[test]
    fn noise_does_no_harm(body in prop::collection::vec(any::<u8>(), 0..256), header in 0..300_usize) {
        for framing in [Framing::Json, Framing::HeaderLength(header), Framing::SelfDelimiting] {
            prop_assert!(InferRequest::decode(&body, framing, &LIMITS).is_err());
            prop_assert!(InferResponse::decode(&body, framing, &LIMITS).is_err());
        }
    }
}
