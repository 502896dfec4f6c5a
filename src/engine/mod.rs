//! The one writer: takes commands, decides them on the world, commits, publishes.
//!
//! [`EngineHandle`] is how everybody else asks and listens. Readers take store snapshots from it and
//! never wait for the writer.

mod activity;
mod clock;
mod commit;
mod error;
mod handle;
mod import;
mod jobs;
mod load;
mod mirror;
mod restore;
mod writer;

pub use activity::{EngineActivity, EngineTask};
pub use clock::Clock;
pub use commit::{AppliedCommand, Commit, CommitCause};
pub use error::EngineError;
pub use handle::{EngineHandle, Room};
pub use import::{Imported, import_table, try_table};
pub use mirror::{Adopted, Adoption};
pub use restore::{Restoration, Restored};
pub use writer::{Engine, EngineExit, EngineOptions};
