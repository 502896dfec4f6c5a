//! Reaching PostgreSQL.

mod config;
mod tls;
