//! Reaching PostgreSQL.

mod link;
mod tls;
