//! What `inspect` reports of requests and answers in files.

use std::fmt::{self, Display};

use serde::Serialize;
use veilcast_card::Way;
use veilcast_protocol::{InferResponse, Inference, MaskedResponse};

use super::line::line;

#[derive(Default, Serialize)]
pub(crate) struct MessageFacts {
    #[serde(skip_serializing_if = "Option::is_none")]
    model: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    version: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<String>,
    card_digest: String,
    /// The way of predicting that it belongs to; none for masked scores, which two ways have.
    #[serde(skip_serializing_if = "Option::is_none")]
    way: Option<Way>,
    /// The client's key, if it has one.
    #[serde(skip_serializing_if = "Option::is_none")]
    key_fingerprint: Option<String>,
    /// Bits of the key that its ciphertexts are under, if it has any.
    #[serde(skip_serializing_if = "Option::is_none")]
    key_bits: Option<usize>,
    /// Whether a request includes the proof of its key; the proof isn't checked.
    #[serde(skip_serializing_if = "Option::is_none")]
    key_proof: Option<bool>,
    /// The digest of the request that an answer belongs to.
    #[serde(skip_serializing_if = "Option::is_none")]
    request_digest: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    layout: Option<&'static str>,
    records: usize,
    ciphertexts: usize,
    bytes: usize,
}

impl MessageFacts {
    pub(crate) fn of_request(request: &Inference, bytes: usize) -> Self {
        let (id, card_digest) = match request {
            Inference::Encrypted(request) => (request.id(), request.card_digest()),
            Inference::Masked(request) => (request.id.as_deref(), request.card_digest),
            Inference::Sealed(request) => (request.id.as_deref(), request.card_digest),
            Inference::Round(request) => (request.id.as_deref(), request.card_digest),
        };
        let facts = Self {
            id: id.map(str::to_owned),
            card_digest: card_digest.to_string(),
            key_fingerprint: request.key().map(|key| key.to_string()),
            bytes,
            ..Self::default()
        };
        match request {
            Inference::Encrypted(request) => Self {
                way: Some(Way::Direct),
                key_bits: Some(8 * request.public_key().len()),
                key_proof: Some(request.key_proof().is_some()),
                layout: Some(request.layout().name()),
                records: request.records(),
                ciphertexts: request.upload().tensor().len(),
                ..facts
            },
            Inference::Masked(request) => Self {
                way: Some(Way::Vouchers),
                records: request.vouchers.len(),
                ..facts
            },
            Inference::Sealed(request) => Self {
                way: Some(Way::Sealed),
                key_bits: Some(4 * request.ciphertexts.width()),
                records: request.records,
                ciphertexts: request.ciphertexts.len(),
                ..facts
            },
            Inference::Round(request) => Self {
                way: Some(Way::Vouchers),
                records: request.records(),
                ..facts
            },
        }
    }

    pub(crate) fn of_response(response: &InferResponse, bytes: usize) -> Self {
        Self {
            model: Some(response.model_name.clone()),
            version: Some(response.model_version.clone()),
            id: response.id.clone(),
            card_digest: response.card_digest.to_string(),
            way: Some(Way::Direct),
            key_fingerprint: Some(response.key_fingerprint.to_string()),
            key_bits: Some(4 * response.scores.width()),
            request_digest: response.request_digest.map(|digest| digest.to_string()),
            layout: Some(response.layout.name()),
            records: response.records,
            ciphertexts: response.scores.len(),
            bytes,
            ..Self::default()
        }
    }

    pub(crate) fn of_masked_response(response: &MaskedResponse, bytes: usize) -> Self {
        let [records, _] = response.scores.shape();
        Self {
            model: Some(response.model_name.clone()),
            version: Some(response.model_version.clone()),
            id: response.id.clone(),
            card_digest: response.card_digest.to_string(),
            request_digest: response.request_digest.map(|digest| digest.to_string()),
            records,
            bytes,
            ..Self::default()
        }
    }

    /// How its content is hidden.
    pub(super) fn hidden(&self) -> &'static str {
        match self.way {
            Some(Way::Direct) => "encrypted",
            Some(Way::Vouchers | Way::Sealed) | None => "masked",
        }
    }
}

impl Display for MessageFacts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let (Some(model), Some(version)) = (&self.model, &self.version) {
            writeln!(f, "{}", line("model", format!("{model} {version}")))?;
        }
        if let Some(id) = &self.id {
            writeln!(f, "{}", line("id", id))?;
        }
        writeln!(f, "{}", line("card", &self.card_digest))?;
        let key = match (self.key_bits, &self.key_fingerprint) {
            (Some(bits), Some(fingerprint)) => Some(format!("{bits} bits, {fingerprint}")),
            (Some(bits), None) => Some(format!("{bits} bits, the service's")),
            (None, Some(fingerprint)) => Some(fingerprint.clone()),
            (None, None) => None,
        };
        if let Some(key) = key {
            writeln!(f, "{}", line("key", key))?;
        }
        let records = match (self.layout, self.way) {
            (Some(layout), _) => format!("{} in the layout {layout}", self.records),
            (None, Some(Way::Vouchers)) => format!("{} masked by vouchers", self.records),
            (None, Some(Way::Sealed)) => format!("{} for a sealed model", self.records),
            (None, _) => self.records.to_string(),
        };
        writeln!(f, "{}", line("records", records))?;
        let size = match self.ciphertexts {
            0 => format!("{} bytes", self.bytes),
            ciphertexts => format!("{ciphertexts} ciphertexts, {} bytes", self.bytes),
        };
        write!(f, "{}", line("size", size))
    }
}
