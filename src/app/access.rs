//! The rules of access, from the settings.

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
        base_path: config.base_path.clone(),
    }
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
