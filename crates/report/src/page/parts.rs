//! Parts that several sections of the report share.

use maud::{Markup, html};

use crate::Encrypted;
use crate::words;

/// The results and the cost of computing on ciphertexts.
pub(super) fn on_ciphertexts(encrypted: Option<&Encrypted>) -> Markup {
    html! {
        @match encrypted {
            Some(encrypted) => {
                p class=(if encrypted.agreeing == encrypted.records { "good" } else { "bad" }) {
                    "Every encrypted score equals the quantised one for "
                    strong { (encrypted.agreeing) " of " (encrypted.records) } " records."
                }
                p {
                    "In the layout " code { (encrypted.layout) } ", a record took "
                    (significant(encrypted.encrypt_ms)) " ms to encrypt, "
                    (significant(encrypted.compute_ms)) " ms to compute and "
                    (significant(encrypted.decrypt_ms)) " ms to decrypt on this machine."
                }
            }
            None => p.note {
                "Not measured on ciphertexts; use " code { "--encrypted" } " for that."
            }
        }
    }
}

/// A share from 0 to 1.
pub(super) fn share(share: f64) -> String {
    format!("{share:.4}")
}

/// A number with three significant digits.
pub(super) fn significant(number: f64) -> String {
    words::significant(number, 3)
}
