//! The one writer: takes commands, decides them on the world, commits, publishes.
//!
//! [`EngineHandle`] is how all others use it. Readers take store snapshots from the handle and
//! never wait for the writer. Work that is no command runs as a task between two batches.

mod activity;
mod audit;
mod auth;
mod clock;
mod commit;
mod duties;
mod error;
mod handle;
mod history;
mod import;
mod incidents;
mod jobs;
mod load;
mod load_probe;
mod metrics;
mod mirror;
mod reports;
mod restore;
mod settings;
mod start;
mod volume;
mod writer;

pub use activity::{EngineActivity, EngineTask};
pub use auth::AuthWrite;
pub use clock::Clock;
pub use commit::{AppliedCommand, Commit, CommitCause};
pub use error::EngineError;
pub use handle::EngineHandle;
pub use import::{TableImport, import_table, try_table};
pub use load_probe::EngineQueue;
pub use mirror::{Adoption, AdoptionOutcome};
pub use restore::{RestoreOutcome, SiteRestore};
pub use start::EngineOptions;
pub use volume::DataVolume;
pub use writer::{Engine, EngineExit};
