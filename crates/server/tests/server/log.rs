//! What the log says of a request, and what it does not.

use std::io::{self, Write};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use crate::common::{call, get, post, post_json, request, service, stalled};
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

/// What is logged while something runs.
async fn logged(work: impl Future<Output = ()>) -> String {
    let lines = Lines::default();
    let subscriber = tracing_subscriber::fmt()
        .json()
        .with_max_level(tracing::Level::TRACE)
        .with_writer(lines.clone());
    {
        let _guard = tracing::subscriber::set_default(subscriber.finish());
        work.await;
    }
    String::from_utf8(lines.0.lock().unwrap().clone()).unwrap()
}

/// The line with this status.
fn line(text: &str, status: u16) -> serde_json::Value {
    let mut parsed = text
        .lines()
        .map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap());
    parsed
        .find(|line| line["fields"]["status"] == status)
        .unwrap()
}

#[tokio::test]
async fn requests_have_ids_and_places_in_traces() {
    const TRACE: &str = "4bf92f3577b34da6a3ce929d0e0e4736";
    let service = service();
    let with = |id: &'static str, parent: &str| {
        let mut request = get("/v2/health/live");
        let headers = request.headers_mut();
        headers.insert("x-request-id", id.parse().unwrap());
        headers.insert("traceparent", parent.parse().unwrap());
        request
    };
    let sound = with("from-afar_1", &format!("00-{TRACE}-00f067aa0ba902b7-01"));
    let text = logged(async {
        let answer = call(&service, sound).await;
        assert_eq!(answer.headers["x-request-id"], "from-afar_1");
    });
    let sound = line(&text.await, 200);
    assert_eq!(sound["span"]["request_id"], "from-afar_1");
    assert_eq!(sound["span"]["trace_id"], TRACE);

    let text = logged(async {
        let answer = call(&service, with("hush, and more", "00-hush")).await;
        assert_eq!(answer.headers["x-request-id"].len(), 32);
    });
    let text = text.await;
    assert!(!text.contains("hush"), "{text}");
    assert!(line(&text, 200)["span"]["trace_id"].is_null());
}

#[tokio::test]
async fn abandoned_requests_are_logged_and_counted() {
    let service = service();
    let text = logged(async {
        let never_sent = call(&service, post_json(stalled()));
        let waited = tokio::time::timeout(Duration::from_millis(50), never_sent).await;
        assert!(waited.is_err());
    });
    let line = line(&text.await, 499);
    assert_eq!(line["fields"]["message"], "abandoned");
    assert_eq!(line["fields"]["code"], "abandoned");
    assert_eq!(line["span"]["route"], "/v2/models/{model}/infer");
    let metrics = call(&service, get("/metrics")).await.text();
    assert!(
        metrics.contains(r#"veilcast_refusals_total{code="abandoned"} 1"#),
        "{metrics}"
    );
    assert!(metrics.contains(r#"status="499"} 1"#), "{metrics}");
}

#[tokio::test]
async fn log_tells_what_happened_and_nothing_else() {
    let service = service();
    let sound = request(1).with_id("patient-4711");
    let mut served = post(&sound);
    *served.uri_mut() = "/v2/models/sums/infer?token=hush".parse().unwrap();
    let mut refused = post(&sound);
    *refused.uri_mut() = "/v2/models/hush/infer".parse().unwrap();
    let body_bytes = sound.to_binary().bytes.len();
    let text = logged(async {
        call(&service, served).await;
        call(&service, refused).await;
    });
    let text = text.await;
    let served = line(&text, 200);
    assert_eq!(served["span"]["method"], "POST");
    assert_eq!(served["span"]["route"], "/v2/models/{model}/infer");
    assert_eq!(served["span"]["model"], "sums");
    assert_eq!(served["span"]["bytes_in"], body_bytes);
    assert!(served["fields"]["bytes_out"].as_u64().unwrap() > 3 * 256);
    assert!(served["fields"]["milliseconds"].is_u64());
    let refused = line(&text, 404);
    assert_eq!(refused["fields"]["code"], "unknown_model");

    let json: serde_json::Value = serde_json::from_slice(&sound.to_json()).unwrap();
    let ciphertext = json["inputs"][0]["data"][0].as_str().unwrap();
    let key = json["parameters"]["public_key"].as_str().unwrap();
    for secret in ["hush", "4711", &key[..16], &ciphertext[..16]] {
        assert!(!text.contains(secret), "{secret} is in\n{text}");
    }
}
