//! Files of records: what is read from them, and which of their faults are told.

#![allow(clippy::unwrap_used, reason = "a failed test panics")]

mod common;
#[allow(dead_code, reason = "the tests of models use all of it")]
#[path = "../../../model/tests/model/common/mod.rs"]
mod models;

#[cfg(feature = "parquet")]
mod columnar;
mod drawing;
mod idx;
mod input;
mod table_vectors;
mod tables;
#[cfg(feature = "excel")]
mod workbooks;
