//! Incidents: the rules of the book, what reports them, and that they survive.

pub(crate) mod book;
mod capacity;
mod kill9;
mod model;
mod service;
mod sources;
