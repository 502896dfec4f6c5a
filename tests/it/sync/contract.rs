//! S1 to S13, the sync contract of docs/ARCHITECTURE.md, each by the test of its name.

mod adopting;
mod database;
mod failures;
mod fencing;
mod interruptions;
mod quarantine;
mod refused;
mod rounds;
