//! Signing in with an OpenID Connect provider: a certified one, and one that lies.

mod fake_provider;
mod refusals;
mod sign_in;

use std::future::Future;

use http::Uri;
use unoc::auth::{Role, SourceNetwork};
use unoc::domain::Timestamp;
use unoc::oidc::{AuthorizationAnswer, OidcOptions, RoleValues};

use crate::harness::oidc_provider::{CLIENT_ID, CLIENT_SECRET};

const REDIRECT_URL: &str = "http://127.0.0.1:5001/unoc/api/oidc/callback";

/// The time of this host, as the provider's.
fn now() -> Timestamp {
    unoc::engine::Clock::system().now()
}

fn later(seconds: i64) -> Timestamp {
    Timestamp(now().0 + seconds * 1_000_000)
}

/// From where people sign in.
fn home() -> SourceNetwork {
    SourceNetwork::of(Some([192, 0, 2, 7].into()))
}

fn options(issuer: &str) -> OidcOptions {
    let rule = |role, value: &str| RoleValues { role, values: vec![value.to_owned()] };
    OidcOptions {
        issuer: issuer.to_owned(),
        client_id: CLIENT_ID.to_owned(),
        client_secret: Some(CLIENT_SECRET.to_owned()),
        name: "Provider of the tests".to_owned(),
        redirect_url: REDIRECT_URL.to_owned(),
        base_path: "/unoc".to_owned(),
        scopes: ["profile", "email", "groups"].map(str::to_owned).to_vec(),
        role_claims: ["groups", "roles"].map(str::to_owned).to_vec(),
        role_values: vec![
            rule(Role::Admin, "noc-admins"),
            rule(Role::Operator, "noc-operators"),
            rule(Role::Viewer, "noc-viewers"),
        ],
        roots: None,
    }
}

/// Waits for an answer.
fn wait<T>(future: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    runtime.expect("a runtime").block_on(future)
}

/// What the browser brings back, out of the address that it was sent to.
fn answer(url: &str) -> AuthorizationAnswer {
    assert!(url.starts_with(REDIRECT_URL), "{url}");
    let uri: Uri = url.parse().expect("an address");
    let mut answer = AuthorizationAnswer::default();
    for pair in uri.query().unwrap_or_default().split('&') {
        let (name, value) = pair.split_once('=').expect("a name and a value");
        let value = value.replace("%3A", ":").replace("%2F", "/").replace("%20", " ");
        match name {
            "state" => answer.state = value,
            "code" => answer.code = Some(value),
            "error" => answer.error = Some(value),
            "error_description" => answer.error_description = Some(value),
            "iss" => answer.issuer = Some(value),
            _ => {}
        }
    }
    answer
}
