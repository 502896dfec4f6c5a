//! Backups: made, kept, copied off the host, proven by restoring them.
//!
//! Invariant: `backup` does not know settings or schedules; `app` and `jobs` hand it what to do.

pub mod targets;
