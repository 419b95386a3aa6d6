//! What the fuzz targets share.
//!
//! A target takes any bytes and gives them to one parser. What must hold for it is at the top of
//! its file; of all of them holds that they end in time, without a panic or an abort, and take no
//! more memory than the target allows for that many bytes ([`memory::within`]).

#![forbid(unsafe_code)]

pub mod file;
pub mod fixed;
pub mod memory;
pub mod messages;
pub mod records;
pub mod seeds;
