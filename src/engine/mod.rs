//! The one writer: takes commands, decides them on the world, commits, publishes.
//!
//! [`EngineHandle`] is how everybody else asks and listens. Readers take store snapshots from it and
//! never wait for the writer.

mod clock;
mod commit;
mod error;
mod export;
mod handle;
mod jobs;
mod load;
mod mirror;
mod path;
mod progress;
mod replace;
mod table;
mod writer;

pub use clock::Clock;
pub use commit::{AppliedCommand, Commit, CommitCause};
pub use error::EngineError;
pub use export::{ExportError, SiteExport, export_site};
pub use handle::{EngineHandle, Room};
pub use load::check_site;
pub use mirror::{Adopted, Adoption};
pub use path::{Hop, climb};
pub use progress::{EngineActivity, EngineTask};
pub use replace::{Restoration, Restored};
pub use table::{Imported, TableExport, export_table, import_table, try_table};
pub use writer::{Engine, EngineExit, EngineOptions};
