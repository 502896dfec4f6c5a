//! Certificates from an authority that speaks ACME (RFC 8555): an account, orders, renewals in time.
//!
//! What is kept is in one directory, private to the service: the key of the account, the certificate with its key, and
//! how often the authority refused in a row. Without a certificate, or with a wrong one, the server shows one that it
//! signed itself until the first order succeeds.
//!
//! In reading order: `settings`, `directory` (the files), `http_client`, `account`, `order`, `schedule` (when to try, and
//! when again), `renewer` (the task).

mod account;
mod directory;
mod http_client;
mod order;
mod renewer;
mod schedule;
mod settings;

pub use renewer::{CertificateRenewer, kept_certificate};
pub use settings::{AcmeChallenge, AcmeSettings};
