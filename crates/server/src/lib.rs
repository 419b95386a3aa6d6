//! The Veilcast service over HTTP: the Open Inference Protocol ("V2") on encrypted records.
//!
//! [`App`] holds the models and the limits, [`router`] turns it into an application that tests call
//! without a socket, and [`serve`] runs that on [`Listeners`] until it is told to stop. The service
//! holds no key of its clients': public moduli and ciphertexts arrive, and ciphertexts leave.
//!
//! | subject | file |
//! |---|---|
//! | what an operator sets | `config` |
//! | models by name and version | `models` |
//! | loading, replacing and removing them | `catalogue`, and operators' calls for it, `operator` |
//! | from the first model to the last answer | `lifecycle` |
//! | values that are replaced while others use them | `swap` |
//! | which path does what | `routes`, described for others in `openapi.json` |
//! | the web page, and documents that clients keep | `page`, `tagged` |
//! | which other sites' pages may call the service | `cors` |
//! | a request's way through upload, queue and computation | `infer`, `body`, `buffer`, `uploads`, `blocking`, `turns`, `deadline` |
//! | the model and the caller of a request | `extract` |
//! | tokens: who asks, what they may ask for, what they are charged, and the audit log | `accounts`, `bearer` |
//! | how many records a caller may send | `quota` |
//! | why a service can't start | `start_error` |
//! | every refusal, its status and its code | `fault` |
//! | what an operator sees | `observe`, `trace`, `metrics` |
//! | where to listen | `address` |
//! | connections and the end | `connections` |
//! | the minimum rates of clients | `pace` |
//! | certificates | `tls` |
//! | the secrets of vouchers, and the keys of sealed models | `voucher_secrets`, `sealing_keys`, and reading their files, `secret_file` |

#![forbid(unsafe_code)]

#[cfg(feature = "ledger")]
mod accounts;
#[cfg(not(feature = "ledger"))]
#[path = "no_accounts.rs"]
mod accounts;
mod address;
mod app;
mod bearer;
mod blocking;
mod body;
mod buffer;
mod catalogue;
mod config;
mod connections;
mod cors;
mod deadline;
mod extract;
mod fault;
mod infer;
mod lifecycle;
mod metrics;
mod models;
mod observe;
mod operator;
mod operator_token;
mod pace;
mod page;
mod quota;
mod routes;
mod sealing_keys;
mod secret_file;
mod spent;
mod start_error;
mod swap;
mod tagged;
mod tls;
mod trace;
mod turns;
mod uploads;
mod voucher_secrets;

pub use address::{AddressError, ListenAddress};
pub use app::App;
pub use catalogue::LoadError;
pub use config::{Config, ConfigError, LedgerSettings, ModelSetting, WhenAway};
pub use connections::{BoundAddress, ListenError, Listeners, serve};
pub use routes::{operator_router, router};
pub use start_error::StartError;
pub use tls::{ClientCertificate, ClientCertificates, Tls, TlsError, TlsSettings};

/// The example of the README.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
pub use voucher_secrets::read as read_voucher_secrets;
