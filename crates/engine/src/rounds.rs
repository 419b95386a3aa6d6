//! Rounds: networks with hidden layers that square their numbers, at the speed of plaintext.
//!
//! The weights of all layers stay private, as with [vouchers](crate::vouchers) for affine models, of which this is an extension. All
//! numbers are integers modulo 2^k, where k is so large that the network's results don't overflow. A network's affine parts are
//! W₀ … W_L with biases b₀ … b_L; hₗ = Wₗ·xₗ + bₗ goes into the next part as its square.
//!
//! **Ahead of time**, for each part l, and each hidden layer after it:
//!
//! - *Shares.* The client draws rₗ and sends it encrypted; the service draws sₗ and answers with an encryption of aₗ = Wₗ·rₗ − sₗ.
//! - *Products.* The client sends aₗ encrypted, a ciphertext for each number; the service draws tₗ and s′ₗ, and answers with
//!   encryptions of gₗ = tₗ∘aₗ − s′ₗ.
//!
//! **When a record is there**, what goes into part l is the sum of the client's vₗ and the service's uₗ; v₀ is the record, and u₀ = 0.
//!
//! - The client sends eₗ = vₗ − rₗ. The service has zₗ = Wₗ·(eₗ + uₗ) + bₗ + sₗ, so that hₗ = zₗ + aₗ.
//! - In a hidden layer it answers δₗ = zₗ − tₗ. Since hₗ² = zₗ² + 2·zₗ·aₗ + aₗ² and zₗ·aₗ = δₗ·aₗ + gₗ + s′ₗ, the shares of hₗ² are
//!   vₗ₊₁ = 2·(δₗ∘aₗ + gₗ) + aₗ² and uₗ₊₁ = zₗ² + 2·s′ₗ.
//! - After the last part it answers z_L, and the result is z_L + a_L.
//!
//! The service keeps nothing from one round to the next: the client returns δₗ with eₗ₊₁, and zₗ = δₗ + tₗ.
//!
//! **The client's privacy.** The service sees vₗ − rₗ with a fresh, uniform rₗ, the δₗ that it has sent, and ciphertexts. That holds
//! whatever it answers: it may only make the result wrong.
//!
//! **The model's privacy.** aₗ and gₗ are uniform as sₗ and s′ₗ are, and so is δₗ as tₗ is, if tₗ is used once: two δₗ with one tₗ
//! would differ by Wₗ·(eₗ − e′ₗ). So each round of each voucher is answered once, ever, which whoever runs the service must see to
//! before it answers ([`Evaluator::evaluate_round`](crate::Evaluator::evaluate_round)). A batch's id is drawn afresh for each answer
//! ahead of time, so that nothing else is masked twice either. The result tells k bits for each score. A client that deviates can add
//! vectors of its choice to hₗ and to hₗ² (by e, and by a δₗ that isn't the service's), and gets the k bits of the network on that.

mod answer;
mod draw;
mod kept;
mod ring;
mod run;

pub use self::answer::Spending;
pub(crate) use self::answer::{RoundShape, answer};
pub use self::draw::Drawing;
pub(crate) use self::kept::{LayeredVoucher, SEED_BYTES};
pub(crate) use self::ring::Ring;
pub use self::run::{Round, Rounds};
