//! Scheduled jobs: what is due, what a run leaves behind, what is remembered.

mod due;
mod rig;
mod runs;
mod settings;
mod upgrade;
