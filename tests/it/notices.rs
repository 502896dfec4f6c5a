//! Notices: the rules of who is told when, and that it arrives.

mod book;
mod delivery;
mod forms;
mod kill9;
mod mail;
mod reports;
mod storm;
