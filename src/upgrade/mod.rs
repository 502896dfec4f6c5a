//! Replacing the program by a newer one, and going back: what is checked before, the files that are swapped,
//! the store that is saved, and the journal that a later run continues from.
//!
//! Of all this, the service only reads the journal, to write it down in the audit trail. `cli` puts the steps in
//! order; each can be repeated after a kill.
//! In the data directory, which belongs to the service's user, only a process of that user writes
//! ([`StoreHold`]): root follows no link that a service could have put there.

mod candidate;
mod error;
mod fate;
mod hold;
mod installed;
mod journal;
mod program;
mod service;
mod signature;
mod version;

pub use candidate::{Candidate, CandidateRequest};
pub use error::UpgradeError;
pub use fate::StoreFate;
pub use hold::{StoreHold, serve_store_requests};
pub use installed::InstalledProgram;
pub use journal::{ProgramFacts, UNKNOWN_SCHEMA, UpgradeJournal, UpgradeState};
pub use service::{ServiceStatus, SystemdService};
pub use version::is_older;
