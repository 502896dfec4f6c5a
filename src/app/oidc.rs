//! Turns the settings of an OpenID Connect provider into what signs people in.

use crate::auth::Role;
use crate::config::{Config, ConfigErrors};
use crate::oidc::{OidcError, OidcOptions, OidcSignIn, RoleValues};
use crate::util::trust;

/// Where the provider sends people back to, below the address of the page.
const CALLBACK_PATH: &str = "/api/oidc/callback";

/// Returns what signs people in; `None` if no provider is set. The provider is not asked for anything.
///
/// # Errors
/// A file or an address that cannot be used.
pub(super) fn sign_in(config: &Config) -> Result<Option<OidcSignIn>, ConfigErrors> {
    let settings = &config.oidc;
    let (Some(issuer), Some(client_id), Some(public_url)) =
        (&settings.issuer, &settings.client_id, &config.public_url)
    else {
        return Ok(None);
    };
    let roots = settings.ca_file.as_deref().map(|path| {
        let shown = path.display().to_string();
        let unusable = |why| ConfigErrors(vec![config.error("oidc_ca_file", shown, why)]);
        trust::read_certificates(path).map_err(unusable)
    });
    let rule = |role, values: &Vec<String>| RoleValues { role, values: values.clone() };
    let options = OidcOptions {
        issuer: issuer.clone(),
        client_id: client_id.clone(),
        client_secret: settings.client_secret.as_ref().map(|secret| secret.expose().to_owned()),
        name: settings.name.clone(),
        redirect_url: format!("{public_url}{CALLBACK_PATH}"),
        base_path: config.base_path.clone(),
        scopes: settings.scopes.clone(),
        role_claims: settings.role_claims.clone(),
        role_values: vec![
            rule(Role::Admin, &settings.admin_values),
            rule(Role::Operator, &settings.operator_values),
            rule(Role::Viewer, &settings.viewer_values),
        ],
        roots: roots.transpose()?,
    };
    let unusable = |error: OidcError| {
        ConfigErrors(vec![config.error("oidc_issuer", issuer.clone(), error.to_string())])
    };
    OidcSignIn::new(options).map(Some).map_err(unusable)
}
