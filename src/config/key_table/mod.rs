//! The table of keys: every setting, one row each, in a file for each theme.

mod access;
mod backup;
mod notices;
mod oidc;
mod server;
mod site;
mod tls;

use std::sync::LazyLock;

use super::key::Key;

/// Every key, in the order of `unoc config show` and of the documentation.
pub(super) static KEYS: LazyLock<Vec<Key>> = LazyLock::new(|| {
    [server::KEYS, tls::KEYS, access::KEYS, site::KEYS, backup::KEYS, notices::KEYS, oidc::KEYS]
        .concat()
});
