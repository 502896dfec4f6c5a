//! Who may use the appliance from a browser, as the settings say.

use crate::api::Access;
use crate::config::Config;

/// Where Vite serves v2's page while it is worked on.
const VITE_ORIGINS: [&str; 2] = ["http://localhost:5173", "http://localhost:5174"];

pub(super) fn of(config: &Config) -> Access {
    let machine = rustix::system::uname();
    let mut origins = config.allowed_origins.clone();
    if config.dev_features {
        origins.extend(VITE_ORIGINS.map(str::to_owned));
    }
    let machine_name = machine.nodename().to_string_lossy();
    Access::new(&config.base_path, &machine_name, &config.allowed_hosts, origins)
}
