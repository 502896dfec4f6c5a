//! What the configuration says of a provider.

use openidconnect::url::{Host, Url};
use rustls::pki_types::CertificateDer;

use crate::auth::Role;

/// A provider, this site as its client, and whom it lets in.
#[derive(Clone)]
pub struct OidcOptions {
    /// The provider's issuer identifier, without which no token is accepted (OpenID Connect Core 1.0, section 2).
    pub issuer: String,
    pub client_id: String,
    /// `None` for a public client, which PKCE alone protects.
    pub client_secret: Option<String>,
    /// What people know the provider as.
    pub name: String,
    /// Where the provider sends people back to; it is registered there.
    pub redirect_url: String,
    /// The path under which the page is: empty, or `/a/b`.
    pub base_path: String,
    /// What is asked for besides `openid`.
    pub scopes: Vec<String>,
    /// Claims whose values give a role: a name, or a path such as `realm_access.roles`.
    pub role_claims: Vec<String>,
    /// Which values give which role.
    pub role_values: Vec<RoleValues>,
    /// Trusted instead of the system's roots.
    pub roots: Option<Vec<CertificateDer<'static>>>,
}

/// The values that give a role; `*` is any person that the provider knows.
#[derive(Clone, Debug)]
pub struct RoleValues {
    pub role: Role,
    pub values: Vec<String>,
}

/// Returns whether an address of the provider keeps what is sent to it secret: it is `https`, or on this host.
pub(super) fn is_private(url: &Url) -> bool {
    let is_here = match url.host() {
        Some(Host::Domain(name)) => name.eq_ignore_ascii_case("localhost"),
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    };
    url.scheme() == "https" || url.scheme() == "http" && is_here
}
