//! A malicious service: it has a real one answer, and then changes the answers, as anyone who
//! computes on ciphertexts can.
//!
//! It knows nothing of the runtime, so that the tests of the binary use it too.

use std::io::{self, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;

use veilcast_paillier::{KeyPolicy, PublicKey};
use veilcast_protocol::{ByteMatrix, Framing, HEADER_LENGTH, InferRequest, InferResponse, Limits};

/// A request as the service sees it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Seen {
    /// Its method and path.
    pub(crate) line: String,
    /// Bytes of its body.
    pub(crate) bytes: usize,
    /// How many records it holds, if it is for predictions.
    pub(crate) records: Option<usize>,
}

/// Changes the answer to the n-th request for predictions, from 0, of this key's owner.
type Lie = dyn Fn(usize, &PublicKey, &mut InferResponse) + Send + Sync;

/// The malicious service. It stays until the test ends.
pub(crate) struct Liar {
    pub(crate) url: String,
    seen: Arc<Mutex<Vec<Seen>>>,
}

impl Liar {
    /// Puts itself in front of the service at this URL.
    pub(crate) fn start(
        service: &str,
        lie: impl Fn(usize, &PublicKey, &mut InferResponse) + Send + Sync + 'static,
    ) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let service = service.strip_prefix("http://").unwrap().to_owned();
        let seen = Arc::<Mutex<Vec<Seen>>>::default();
        let (shared, lie): (_, Arc<Lie>) = (Arc::clone(&seen), Arc::new(lie));
        thread::spawn(move || {
            for client in listener.incoming() {
                let (service, seen, lie) = (service.clone(), Arc::clone(&shared), Arc::clone(&lie));
                // A client that has gone away is no fault of the liar's.
                thread::spawn(move || answer(client?, &service, &seen, &*lie));
            }
        });
        Self { url, seen }
    }

    /// All requests so far, in the order in which they came.
    pub(crate) fn seen(&self) -> Vec<Seen> {
        self.seen.lock().unwrap().clone()
    }

    /// The requests for predictions among them.
    pub(crate) fn predictions(&self) -> Vec<Seen> {
        let mut seen = self.seen();
        seen.retain(|seen| seen.records.is_some());
        seen
    }
}

/// Moves the first score of every ciphertext, so that one that equals `guess` becomes −2^(S−1), which
/// no card allows: (1 + n)^(−2^(S−1) − guess) does it, and takes no secret.
pub(crate) fn betray(guess: i64, slot_bits: u32, key: &PublicKey, answer: &mut InferResponse) {
    let edge = 1_i128 << (slot_bits - 1);
    let shift = key.encode(-edge - i128::from(guess));
    let ciphertexts = key.decode_ciphertexts(&answer.scores).unwrap();
    let moved = ciphertexts
        .iter()
        .flat_map(|c| key.encode_ciphertext(&key.add_plaintext(c, &shift)))
        .collect();
    replace(answer, moved);
}

/// Makes the answer one that can't be decrypted: no ciphertext is 0.
pub(crate) fn damage(answer: &mut InferResponse) {
    let zeros = vec![0; answer.scores.as_bytes().len()];
    replace(answer, zeros);
}

fn replace(answer: &mut InferResponse, ciphertexts: Vec<u8>) {
    let (shape, width) = (answer.scores.shape(), answer.scores.width());
    answer.scores = ByteMatrix::new(shape, width, ciphertexts).unwrap();
}

/// What a message may hold in tests.
pub(crate) fn limits() -> Limits {
    Limits::new(1000, 10_000)
}

/// Answers the one request of a connection.
fn answer(
    mut client: TcpStream,
    service: &str,
    seen: &Mutex<Vec<Seen>>,
    lie: &Lie,
) -> io::Result<()> {
    let (head, body) = read_request(&mut client)?;
    let request = decode_request(&head, &body);
    let number = {
        let mut seen = seen.lock().unwrap();
        let predictions = seen.iter().filter(|seen| seen.records.is_some()).count();
        let line = head.lines().next().unwrap();
        seen.push(Seen {
            line: line.to_owned(),
            bytes: body.len(),
            records: request.as_ref().map(InferRequest::records),
        });
        predictions
    };
    let whole = ask(service, &head, &body)?;
    let whole = match request {
        Some(request) => falsified(&whole, |answer| {
            let policy = KeyPolicy {
                allow_insecure_1024: true,
            };
            let key = PublicKey::from_modulus(request.public_key(), policy).unwrap();
            lie(number, &key, answer);
        }),
        None => whole,
    };
    client.write_all(&whole)
}

/// The header and the body of a request, which must be of a length known beforehand.
fn read_request(client: &mut TcpStream) -> io::Result<(String, Vec<u8>)> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        let mut byte = [0];
        client.read_exact(&mut byte)?;
        head.extend(byte);
    }
    let head = String::from_utf8(head).unwrap();
    let mut body = vec![0; number(&head, "content-length").unwrap_or(0)];
    client.read_exact(&mut body)?;
    Ok((head, body))
}

/// The value of a header that is a number.
fn number(head: &str, name: &str) -> Option<usize> {
    let mut headers = head.lines().filter_map(|line| line.split_once(": "));
    let (_, value) = headers.find(|(found, _)| found.eq_ignore_ascii_case(name))?;
    Some(value.parse().unwrap())
}

/// The request for predictions, if it is one.
fn decode_request(head: &str, body: &[u8]) -> Option<InferRequest> {
    let framing = Framing::HeaderLength(number(head, HEADER_LENGTH)?);
    InferRequest::decode(body, framing, &limits()).ok()
}

/// What the real service answers, on a connection for this request alone.
fn ask(service: &str, head: &str, body: &[u8]) -> io::Result<Vec<u8>> {
    let mut service = TcpStream::connect(service)?;
    let (first, rest) = head.split_once("\r\n").unwrap();
    write!(service, "{first}\r\nconnection: close\r\n{rest}")?;
    service.write_all(body)?;
    let mut whole = Vec::new();
    service.read_to_end(&mut whole)?;
    Ok(whole)
}

/// An answer with its headers, changed if it holds scores.
fn falsified(whole: &[u8], lie: impl FnOnce(&mut InferResponse)) -> Vec<u8> {
    let end = whole.windows(4).position(|bytes| bytes == b"\r\n\r\n");
    let (head, body) = whole.split_at(end.unwrap() + 4);
    let head = std::str::from_utf8(head).unwrap();
    let Some(length) = number(head, HEADER_LENGTH) else {
        return whole.to_vec();
    };
    let framing = Framing::HeaderLength(length);
    let mut answer = InferResponse::decode(body, framing, &limits()).unwrap();
    lie(&mut answer);
    let body = answer.to_binary();
    let changed = head.lines().map(|line| {
        let name = line.split(": ").next().unwrap_or_default();
        if name.eq_ignore_ascii_case("content-length") {
            format!("{name}: {}\r\n", body.bytes.len())
        } else if name.eq_ignore_ascii_case(HEADER_LENGTH) {
            format!("{name}: {}\r\n", body.header_length)
        } else {
            format!("{line}\r\n")
        }
    });
    [changed.collect::<String>().into_bytes(), body.bytes].concat()
}
