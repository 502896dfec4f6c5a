//! The rules of access, from the settings.

use std::net::IpAddr;

use crate::api::{Access, GateRules, ServiceSecret, TrustedProxies};
use crate::auth::AuthHandle;
use crate::config::Config;

/// Origins of the development server of v2's page.
const VITE_ORIGINS: [&str; 2] = ["http://localhost:5173", "http://localhost:5174"];

pub(super) fn gate_rules(config: &Config, auth: &AuthHandle, service: ServiceSecret) -> GateRules {
    GateRules {
        access: access_rules(config),
        proxies: TrustedProxies::new(config.trusted_proxies.clone()),
        auth: auth.clone(),
        service,
        has_local_tcp: !expects_proxy(config),
        base_path: config.base_path.clone(),
    }
}

/// Returns whether others are to reach the service through a proxy: it may pass on what looks as if it were sent on this
/// host.
fn expects_proxy(config: &Config) -> bool {
    let is_elsewhere = |url: &String| !url.parse().is_ok_and(|url: http::Uri| is_near(&url));
    !config.trusted_proxies.is_empty()
        || !config.allowed_hosts.is_empty()
        || config.public_url.as_ref().is_some_and(is_elsewhere)
}

/// Returns whether an address is one of this host's loopback.
fn is_near(url: &http::Uri) -> bool {
    let host = url.host().unwrap_or_default().trim_matches(['[', ']']);
    host.eq_ignore_ascii_case("localhost")
        || host.parse().is_ok_and(|address: IpAddr| address.is_loopback())
}

pub(super) fn access_rules(config: &Config) -> Access {
    let host = rustix::system::uname();
    let mut origins = config.allowed_origins.clone();
    if config.dev_features {
        origins.extend(VITE_ORIGINS.map(str::to_owned));
    }
    let host_name = host.nodename().to_string_lossy();
    // The server is reached under the names that its certificate is for.
    let hosts = [config.allowed_hosts.as_slice(), &config.acme_domains].concat();
    Access::new(&config.base_path, &host_name, &hosts, origins)
}
