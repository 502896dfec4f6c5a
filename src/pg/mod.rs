//! Connecting to PostgreSQL and speaking to it.
//!
//! [`PgConfig`] is a database address, parsed as libpq parses it. A [`Session`] is a connection that
//! fails when the server makes no progress; it runs one [`PgTransaction`] at a time. [`PgError`]
//! says what went wrong, and [`PgError::explanation`] what an operator can do about it.
//! [`compare_entities`] compares the rows of a site with the local store;
//! [`verify_in_scratch_database`] compares a backup with the store that it was restored into.
//!
//! The driver blocks and must not be used inside tokio.
//!
//! Invariant: this module alone knows the driver.

mod address;
mod channel_binding;
mod compare;
mod config;
mod copy;
mod error;
mod explanation;
mod parameters;
mod passfile;
mod scratch_database;
mod session;
mod timeout_stream;
mod tls;
mod value;

pub use compare::{Comparison, compare_entities};
pub use config::{PgConfig, ServerInfo};
pub use copy::CopyIn;
pub use error::PgError;
pub use explanation::Explanation;
pub use scratch_database::{ScratchVerification, verify_in_scratch_database};
pub use session::{PgTransaction, Session};
pub use timeout_stream::{ConnectionControl, STALL_TIMEOUT};
pub use value::Param;
