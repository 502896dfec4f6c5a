//! Reaching PostgreSQL.

mod tls;
