//! Scheduled jobs: when they are due, what is recorded of runs, what operators change.

mod due;
mod rig;
mod runs;
mod settings;
mod upgrade;
