//! Training: what it reaches, the same each time.

#![allow(clippy::unwrap_used, reason = "a failed test panics")]

#[allow(dead_code, reason = "the tests of models use all of it")]
#[path = "../../../model/tests/model/common/mod.rs"]
mod common;

mod images;
mod real_tables;
mod regression;
mod square;
mod stem;
mod table;
mod trees;
