//! The sync contract of docs/ARCHITECTURE.md, S1 to S13; each test has the number in its name.

mod adoption;
mod claim;
mod database;
mod errors;
mod interruptions;
mod quarantine;
mod requests;
mod rounds;
