//! The HTTP transport of a Veilcast client: it carries messages to a service and brings answers back.
//!
//! A thin shell: encrypting records, checking answers and decrypting them is the session's work, which does no I/O.
//! [`Client`] makes single calls; [`Pipeline`] carries any number of records through a session, group by group;
//! [`EntryDirectory`] keeps what seeded uploads are made from, [`VoucherDirectory`] the vouchers that [`Filler`] gets, and [`SealedFiles`]
//! the encrypted weights of sealed models. Only public keys and ciphertexts
//! pass through here, and a [`Token`] if the service needs one, which goes only to the service's
//! own origin; nothing secret is ever in a URL or a log.
//!
//! ```no_run
//! # async fn example(request: veilcast_protocol::InferRequest) -> Result<(), veilcast_client::ClientError> {
//! let client = veilcast_client::Client::new("http://localhost:8080")?;
//! let card = client.card("digits").await?.answer;
//! let exchange = client.infer("digits", &request).await?;
//! println!("{} bytes up, {} down", exchange.bytes_up, exchange.bytes_down);
//! # Ok(())
//! # }
//! ```

#![forbid(unsafe_code)]

mod certificate;
mod client;
mod credentials;
mod error;
mod exchange;
mod failure;
mod layers;
mod options;
mod pipeline;
mod pool;
mod retry;
mod rounds;
mod sealed_files;
mod store;
mod threads;
mod tls;
mod transport;
mod url;
mod vouchers;
mod waiting;
mod words;

pub use certificate::CertificateFault;
pub use client::Client;
pub use credentials::{HeaderFault, Headers, Token, TokenFault};
pub use error::{AnswerError, ClientError, FillError, PipelineError, ReplacedError, UrlFault};
pub use exchange::Exchange;
pub use options::Options;
pub use pipeline::{Answered, Answers, Pipeline, masked_records_at_once, records_at_once};
pub use pool::EntryDirectory;
pub use sealed_files::{SealedFiles, SealedFilesError};
pub use store::StoreError;
pub use threads::Threads;
pub use tls::{Authorities, Identity, IdentityFault, PemFault};
pub use vouchers::{Filled, Filler, VoucherCount, VoucherDirectory};
pub use waiting::{OnWait, WaitReason, Waiting};

/// The example of the README.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
