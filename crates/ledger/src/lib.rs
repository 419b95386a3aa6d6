//! Who may ask a service, and how much each has asked.
#![forbid(unsafe_code)]
