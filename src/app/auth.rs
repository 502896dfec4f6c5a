//! Who may use the service: whether the address may be listened on, and what is said of it at the start.

use std::net::IpAddr;
use std::time::Duration;

use anyhow::{Context, Result};
use tracing::{info, warn};

use crate::auth::{AuthHandle, AuthMode, AuthOptions, SessionLimits};
use crate::config::Config;
use crate::engine::EngineHandle;

const HOUR: Duration = Duration::from_secs(60 * 60);

/// The address can be reached from the network, and nobody has to log in: the service does not start.
#[derive(Debug, thiserror::Error)]
#[error(
    "{host} can be reached from the network, but there are no users yet, so that everybody could do everything. \
     Add the first user: {}; or listen on this host only: --host 127.0.0.1; or let everybody do everything: \
     --insecure-no-auth",
    first_user()
)]
pub struct NoUsers {
    host: IpAddr,
}

/// Returns the command that makes the first user while the service does not run.
fn first_user() -> &'static str {
    // The first process of a container has nothing around it.
    match rustix::process::getpid().is_init() {
        true => "podman run --rm -it -v VOLUME:/var/lib/unoc IMAGE user add NAME --role admin",
        false => "sudo unoc user add NAME --role admin",
    }
}

/// Reads who may use the service.
///
/// # Errors
/// The store cannot be read; [`NoUsers`] if the configured address may not be listened on.
pub(super) fn start_auth(config: &Config, engine: &EngineHandle) -> Result<AuthHandle> {
    let auth = load_auth(config, engine)?;
    match auth.mode() {
        AuthMode::Open if !config.host.is_loopback() => Err(NoUsers { host: config.host }.into()),
        AuthMode::Open | AuthMode::Login | AuthMode::Insecure => Ok(auth),
    }
}

/// Returns who has to be known to a service with this configuration and this store.
///
/// # Errors
/// The store cannot be read.
pub fn auth_mode(config: &Config, engine: &EngineHandle) -> Result<AuthMode> {
    Ok(load_auth(config, engine)?.mode())
}

/// Reads who may use a service with this configuration.
///
/// # Errors
/// The store cannot be read.
pub fn load_auth(config: &Config, engine: &EngineHandle) -> Result<AuthHandle> {
    let sessions = SessionLimits {
        idle: HOUR * config.session_idle_hours,
        absolute: 24 * HOUR * config.session_max_days,
    };
    let options = AuthOptions { sessions, is_insecure: config.insecure_no_auth };
    AuthHandle::load(engine.clone(), options).context("cannot read the users")
}

/// Says at the start what follows from there being no users: that everybody may do everything, or how to make the
/// first one.
pub(super) fn tell_access(config: &Config, auth: &AuthHandle, own_url: &str) {
    match auth.mode() {
        AuthMode::Login if config.insecure_no_auth => warn!(
            "insecure_no_auth is on. There are users, so that everybody has to log in; but without them everybody who \
             reaches {} could do everything. Remove the setting",
            config.host
        ),
        AuthMode::Login => {}
        AuthMode::Insecure => warn!(
            "insecure_no_auth is on and there are no users: everybody who reaches {} may do everything. Make the \
             first user: {}",
            config.host,
            first_user()
        ),
        AuthMode::Open => {
            let url = match &config.public_url {
                Some(url) => url.clone(),
                None => own_url.to_owned(),
            };
            if let Some(setup) = auth.new_setup_code() {
                info!(
                    "There are no users yet, so only this host may use the service. To add the first one, open \
                     {url}/set-up#{} within 30 minutes, or: {}",
                    setup.code.0,
                    first_user()
                );
            }
        }
    }
}
