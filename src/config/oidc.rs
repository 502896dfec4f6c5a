//! The settings of signing in with an OpenID Connect provider, and their syntax.

use std::path::PathBuf;

use super::contacts::is_url;
use super::rules::{self, ValueError};
use super::secret::Secret;

/// Longest client id; it is sent in an address.
const CLIENT_ID_CHARS_MAX: usize = 256;
/// Most items of a list, and the longest of them; every value of a person is compared with each.
const ITEMS_MAX: usize = 64;
const ITEM_CHARS_MAX: usize = 256;

/// What is set of a provider; nothing of it counts without an issuer.
#[derive(Clone, Debug, Default)]
pub struct OidcSettings {
    /// The issuer identifier, byte for byte as in the provider's tokens.
    pub issuer: Option<String>,
    pub client_id: Option<String>,
    pub client_secret: Option<Secret>,
    /// Root certificates (PEM) that the provider is trusted by, instead of the system's.
    pub ca_file: Option<PathBuf>,
    pub name: String,
    /// Without `openid`.
    pub scopes: Vec<String>,
    /// Claims, the values of which are compared with the three lists.
    pub role_claims: Vec<String>,
    pub admin_values: Vec<String>,
    pub operator_values: Vec<String>,
    pub viewer_values: Vec<String>,
}

/// Parses an issuer, without changing it; an empty text is none.
pub(super) fn issuer(text: &str) -> Result<Option<String>, ValueError> {
    if text.is_empty() {
        return Ok(None);
    }
    if !is_url(text) {
        return Err(ValueError::because("write it with its scheme, as https://…"));
    }
    if text.contains('@') {
        return Err(ValueError::secret("write it without a user"));
    }
    if text.contains(['?', '#']) {
        return Err(ValueError::because("an issuer has neither a query nor a fragment"));
    }
    if text.contains("/.well-known/") {
        return Err(ValueError::because("write it without /.well-known/ and what follows"));
    }
    Ok(Some(text.to_owned()))
}

/// Parses the name of a client; an empty text is none.
pub(super) fn client_id(text: &str) -> Result<Option<String>, ValueError> {
    if text.is_empty() {
        return Ok(None);
    }
    // RFC 6749, appendix A.1.
    let is_allowed = text.bytes().all(|byte| (b' '..=b'~').contains(&byte));
    let is_allowed = is_allowed && text.len() <= CLIENT_ID_CHARS_MAX;
    is_allowed.then(|| Some(text.to_owned())).ok_or_else(ValueError::default)
}

/// Parses a list of scopes, without `openid`.
pub(super) fn scopes(text: &str) -> Result<Vec<String>, ValueError> {
    // RFC 6749, section 3.3.
    let allowed = |scope: &String| {
        scope.bytes().all(|byte| byte.is_ascii_graphic() && !b"\"\\".contains(&byte))
    };
    let scopes = checked(rules::list(text))?;
    if !scopes.iter().all(allowed) {
        return Err(ValueError::because("a scope has printable ASCII without quotes"));
    }
    Ok(scopes.into_iter().filter(|scope| scope != "openid").collect())
}

/// Parses a list of claims with at least one.
pub(super) fn claims(text: &str) -> Result<Vec<String>, ValueError> {
    let claims = values(text)?;
    if claims.is_empty() { Err(ValueError::default()) } else { Ok(claims) }
}

/// Splits a list at its commas; a name of a group may have blanks.
pub(super) fn values(text: &str) -> Result<Vec<String>, ValueError> {
    let items = text.split(',').map(str::trim).filter(|item| !item.is_empty());
    checked(items.map(str::to_owned).collect())
}

fn checked(items: Vec<String>) -> Result<Vec<String>, ValueError> {
    if items.len() > ITEMS_MAX {
        return Err(ValueError::because(format!("it has more than {ITEMS_MAX} items")));
    }
    let is_allowed =
        |item: &String| item.chars().count() <= ITEM_CHARS_MAX && !item.contains(char::is_control);
    match items.iter().position(|item| !is_allowed(item)) {
        Some(at) => Err(ValueError::because(format!(
            "item {} is longer than {ITEM_CHARS_MAX} characters or has a control character",
            at + 1
        ))),
        None => Ok(items),
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::{Case, PASSWORD, only};

    fn case() -> Case {
        Case::new()
            .variable("UNOC_OIDC_ISSUER", "https://idp.example.org/realms/noc/")
            .variable("UNOC_OIDC_CLIENT_ID", "unoc")
            .variable("UNOC_OIDC_CLIENT_SECRET", PASSWORD)
            .variable("UNOC_OIDC_SCOPES", "openid profile,groups")
            .variable("UNOC_OIDC_ADMIN_VALUES", "Network Admins, noc-admins")
            .variable("UNOC_PUBLIC_URL", "https://noc.example.org")
    }

    #[test]
    fn a_provider_is_read_and_its_secret_is_not_shown() {
        let config = case().load().unwrap();
        let oidc = &config.oidc;
        let issuer = oidc.issuer.as_deref();
        assert_eq!(issuer, Some("https://idp.example.org/realms/noc/"), "byte for byte");
        assert_eq!(oidc.scopes, ["profile", "groups"]);
        assert_eq!(oidc.role_claims, ["groups", "roles"]);
        assert_eq!(oidc.admin_values, ["Network Admins", "noc-admins"]);
        assert_eq!(case().shown("oidc_client_secret").0, "***");
        assert!(config.secret_values().contains(&PASSWORD.to_owned()));
        assert!(!format!("{config:?}").contains(PASSWORD));
    }

    #[test]
    fn what_a_provider_needs_is_asked_for_at_the_start() {
        for (variable, key) in [
            ("UNOC_OIDC_CLIENT_ID", "oidc_client_id"),
            ("UNOC_OIDC_ADMIN_VALUES", "oidc_admin_values"),
            ("UNOC_PUBLIC_URL", "public_url"),
        ] {
            let error = only(case().variable(variable, "").errors());
            assert_eq!(error.key, key);
            assert!(error.hint.unwrap().contains("oidc_issuer is https://idp"), "{key}");
        }
        let without = case().variable("UNOC_OIDC_ISSUER", "").variable("UNOC_PUBLIC_URL", "");
        without.load().unwrap();
    }

    #[test]
    fn values_that_cannot_be_meant_are_refused() {
        let long = "x".repeat(257);
        let many = "a,".repeat(65);
        for (key, text) in [
            ("ISSUER", "idp.example.org"),
            ("ISSUER", "https://idp.example.org/?x"),
            ("ISSUER", "https://u:hunter2-hunter2@idp.example.org"),
            ("ISSUER", "https://idp.example.org/.well-known/openid-configuration"),
            ("CLIENT_ID", "ä"),
            ("CLIENT_ID", &long),
            ("CLIENT_SECRET", "short"),
            ("SCOPES", "a\"b"),
            ("ROLE_CLAIM", " , "),
            ("VIEWER_VALUES", &long),
            ("VIEWER_VALUES", &many),
            ("NAME", "\t"),
        ] {
            let error = only(case().variable(&format!("UNOC_OIDC_{key}"), text).errors());
            assert_eq!(error.key, format!("oidc_{}", key.to_lowercase()));
            assert!(!format!("{error:?}").contains(PASSWORD), "{error:?}");
        }
    }
}
