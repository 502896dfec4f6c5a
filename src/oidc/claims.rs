//! What a provider says of a person, and the role that follows.

use openidconnect::AdditionalClaims;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::options::{OidcOptions, RoleValues};
use crate::auth::Role;

/// A value of a rule that any person has.
const ANYBODY: &str = "*";

/// Most values of one person that are looked at; directories list a few hundred groups at most.
const VALUES_MAX: usize = 4096;

/// The claims that are not standard ones.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
pub(super) struct OtherClaims {
    #[serde(flatten)]
    all: Map<String, Value>,
}

impl AdditionalClaims for OtherClaims {}

impl OtherClaims {
    /// Returns the values of the claims that give roles; `None` if the person has none of these claims.
    pub(super) fn role_values(&self, options: &OidcOptions) -> Option<Vec<String>> {
        let found: Vec<&Value> =
            options.role_claims.iter().filter_map(|name| self.claim(name)).collect();
        (!found.is_empty()).then(|| found.into_iter().flat_map(texts).take(VALUES_MAX).collect())
    }

    /// A name with dots may be one name (`https://example.org/groups`) or a path.
    fn claim(&self, name: &str) -> Option<&Value> {
        self.all.get(name).or_else(|| {
            let mut parts = name.split('.');
            let first = self.all.get(parts.next()?)?;
            parts.try_fold(first, |value, part| value.get(part))
        })
    }
}

/// A claim is one text or a list of them.
fn texts(value: &Value) -> Vec<String> {
    let items = match value {
        Value::Array(items) => items.as_slice(),
        one => std::slice::from_ref(one),
    };
    items.iter().filter_map(|item| item.as_str().map(str::to_owned)).collect()
}

/// Returns the highest role that the values give.
pub(super) fn role(rules: &[RoleValues], values: &[String]) -> Option<Role> {
    let applies = |rule: &&RoleValues| {
        rule.values.iter().any(|value| value == ANYBODY || values.contains(value))
    };
    rules.iter().filter(applies).map(|rule| rule.role).max()
}
