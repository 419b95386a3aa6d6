//! What the engine computes is exact, and what it gives away is what it says: each way to predict, and attacks on it.

#![allow(clippy::unwrap_used, reason = "a failed test panics")]

mod common;

mod attacks;
mod bounds;
mod entries;
mod exact;
mod hiding;
mod hostile_moduli;
mod keys;
mod layer_attacks;
mod layers;
mod malformed_uploads;
mod measured_costs;
mod planner;
mod refusals;
mod rerandomised;
mod round_attacks;
mod rounds;
mod sealed;
mod sealed_attacks;
mod seeded;
mod together;
mod voucher_attacks;
mod vouchers;
