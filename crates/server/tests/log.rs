//! What the log says of a request, and what it does not.

#![allow(clippy::unwrap_used, reason = "a test may fail")]

mod common;

use std::io::{self, Write};
use std::sync::{Arc, Mutex};

use common::{call, post, request, service};
use tracing_subscriber::fmt::MakeWriter;

#[derive(Clone, Default)]
struct Lines(Arc<Mutex<Vec<u8>>>);

impl Write for Lines {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl MakeWriter<'_> for Lines {
    type Writer = Self;

    fn make_writer(&self) -> Self {
        self.clone()
    }
}

#[tokio::test]
async fn log_tells_what_happened_and_nothing_else() {
    let lines = Lines::default();
    let subscriber = tracing_subscriber::fmt()
        .json()
        .with_max_level(tracing::Level::TRACE)
        .with_writer(lines.clone());
    let service = service();
    let sound = request(1).with_id("patient-4711");
    let mut served = post(&sound);
    *served.uri_mut() = "/v2/models/sums/infer?token=hush".parse().unwrap();
    let mut refused = post(&sound);
    *refused.uri_mut() = "/v2/models/hush/infer".parse().unwrap();
    let body_bytes = sound.to_binary().bytes.len();
    {
        let _guard = tracing::subscriber::set_default(subscriber.finish());
        call(&service, served).await;
        call(&service, refused).await;
    }

    let text = String::from_utf8(lines.0.lock().unwrap().clone()).unwrap();
    let line = |status: u16| {
        let parsed = text
            .lines()
            .map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap());
        parsed
            .into_iter()
            .find(|line| line["fields"]["status"] == status)
            .unwrap()
    };
    let served = line(200);
    assert_eq!(served["span"]["method"], "POST");
    assert_eq!(served["span"]["route"], "/v2/models/{model}/infer");
    assert_eq!(served["span"]["model"], "sums");
    assert_eq!(served["span"]["bytes_in"], body_bytes);
    assert!(served["fields"]["bytes_out"].as_u64().unwrap() > 3 * 256);
    assert!(served["fields"]["milliseconds"].is_u64());
    let refused = line(404);
    assert_eq!(refused["fields"]["code"], "unknown_model");

    let json: serde_json::Value = serde_json::from_slice(&sound.to_json()).unwrap();
    let ciphertext = json["inputs"][0]["data"][0].as_str().unwrap();
    let key = json["parameters"]["public_key"].as_str().unwrap();
    for secret in ["hush", "4711", &key[..16], &ciphertext[..16]] {
        assert!(!text.contains(secret), "{secret} is in\n{text}");
    }
}
