//! Accounts in a build without a ledger: anybody may ask, and nobody is charged.

use std::time::Duration;

use axum::http::StatusCode;
use axum::http::request::Parts;
use thiserror::Error;
use veilcast_engine::Spending;
use veilcast_protocol::Inference;

use crate::config::Config;
use crate::fault::Fault;
use crate::metrics::Metrics;
use crate::quota::Caller;
use crate::spent::Spent;
use crate::start_error::StartError;

#[derive(Default)]
pub(crate) struct Accounts {
    /// What of vouchers was used.
    spent: Spent,
}

#[derive(Clone)]
pub(crate) struct Identity(Caller);

#[derive(Clone, Copy)]
#[expect(dead_code, reason = "nobody is charged")]
pub(crate) struct Asked<'a> {
    pub(crate) model: &'a str,
    pub(crate) records: usize,
    pub(crate) seconds: f64,
}

/// There are none.
#[derive(Debug, Error)]
pub(crate) enum Refusal {}

pub(crate) struct Entry;

impl Accounts {
    pub(crate) fn open(config: &Config, _: &Metrics) -> Result<Self, StartError> {
        if config.ledger.is_used() || config.audit_file.is_some() {
            return Err(StartError::LeftOut);
        }
        Ok(Self::default())
    }

    pub(crate) async fn identify(&self, _: &Parts, address: Caller) -> Result<Identity, Refusal> {
        Ok(Identity(address))
    }

    pub(crate) async fn check(&self, _: &Identity, _: Asked<'_>) -> Result<(), Refusal> {
        Ok(())
    }

    pub(crate) async fn charge(&self, _: &Identity, _: Asked<'_>) -> Result<(), Refusal> {
        Ok(())
    }

    pub(crate) async fn spend(&self, spending: &Spending) -> Result<(), Fault> {
        Ok(self.spent.spend(spending)?)
    }

    pub(crate) async fn away(&self) -> Option<String> {
        None
    }

    pub(crate) fn entry(&self, _: Caller) -> Entry {
        Entry
    }
}

impl Identity {
    pub(crate) fn caller(&self) -> Caller {
        self.0
    }

    pub(crate) fn may_ask(&self, _: &str) -> bool {
        true
    }

    pub(crate) fn check_model(&self, _: &str) -> Result<(), Refusal> {
        Ok(())
    }
}

impl Refusal {
    pub(crate) fn status_and_code(&self) -> (StatusCode, &'static str) {
        match *self {}
    }

    pub(crate) fn retry_after(&self) -> Option<&Duration> {
        match *self {}
    }

    pub(crate) fn challenge(&self) -> Option<&'static str> {
        match *self {}
    }
}

impl Entry {
    pub(crate) fn asks(&mut self, _: &Identity, _: &str, _: &str) {}

    pub(crate) fn request(&mut self, _: &Inference, _: f64) {}

    pub(crate) fn ends(&mut self, _: &'static str) {}
}
