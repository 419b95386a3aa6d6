//! Tables of encrypted records, and of the answers to them: for more records than one process has room for.
//!
//! A row is a group: a request of the layout `records` with one row of ciphertexts, exactly as `veilcast encrypt` writes
//! it to a file, and what can be known of it without reading it. A table of answers has the answer, or what is wrong with
//! the request, in its place ([`Kind`]).
//!
//! Three functions take many groups at a time, so that whatever runs them, on one machine or a thousand, needs nothing but to
//! hand rows over: [`encrypt`] and [`decrypt`], with the data owner's [`Session`](veilcast_engine::Session), and [`score`],
//! with the model. For a sealed model, [`encrypt_sealed`] and [`decrypt_sealed`] take their place. They keep no state. [`Reader`] and [`Writer`] are such tables in Parquet files, and [`ipc`] in streams of
//! Arrow.
//!
//! A row may come from anyone. What is wrong with a table ends a call with a [`TableError`] that says where; what is
//! wrong with one group alone becomes its `error`, and the others are computed.
#![forbid(unsafe_code)]

mod answered;
mod batch;
mod columns;
mod decrypt;
mod encrypt;
mod fault;
mod format;
pub mod ipc;
mod kind;
mod open;
mod part;
mod reader;
mod rows;
mod score;
mod sealed;
mod summary;
mod writer;

pub use decrypt::{Decrypted, decrypt};
pub use encrypt::{encrypt, group_size, session};
pub use fault::{Fault, Place, TableError};
pub use format::{answers, requests};
pub use kind::{Kind, VERSION};
pub use part::Part;
pub use reader::Reader;
pub use score::score;
pub use sealed::{SealedRows, decrypt_sealed, encrypt_sealed, sealed_group_size};
pub use summary::Summary;
pub use writer::Writer;
