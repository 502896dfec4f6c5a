//! With a certified provider.

use serde_json::json;
use unoc::auth::Role;
use unoc::oidc::{ATTEMPT_MAX_S, OidcError, OidcIdentity, OidcOptions, OidcSignIn};

use super::{REDIRECT_URL, answer, home, later, now, options, wait};
use crate::harness::oidc_provider::{Browser, OidcProvider};

/// Signs a person in who asked for `/unoc/devices?q=x`.
fn sign_in(site: &OidcSignIn, person: &str) -> Result<OidcIdentity, OidcError> {
    let start = wait(site.begin(Some("/unoc/devices?q=x"), home(), now()))?;
    let back = Browser::new().sign_in(&start.authorization_url, REDIRECT_URL, person);
    wait(site.finish(answer(&back), Some(&start.cookie), home(), now()))
}

fn expect(issuer: &str, person: &str, role: Role) -> Result<OidcIdentity, OidcError> {
    Ok(OidcIdentity {
        subject: format!("{issuer} {person}"),
        name: person.to_owned(),
        role,
        return_to: "/unoc/devices?q=x".to_owned(),
    })
}

#[test]
fn groups_give_roles_and_who_has_none_stays_out() {
    let Some(provider) = OidcProvider::start(REDIRECT_URL, &json!({})) else { return };
    let issuer = provider.issuer();
    let site = OidcSignIn::new(options(&issuer)).unwrap();
    for (person, role) in [("ada", Role::Admin), ("bob", Role::Operator), ("cleo", Role::Viewer)] {
        assert_eq!(sign_in(&site, person), expect(&issuer, person, role));
    }
    for person in ["dan", "eve"] {
        let refused = OidcError::NoRole { name: person.to_owned() };
        assert_eq!(sign_in(&site, person), Err(refused));
    }
    let mut open = options(&issuer);
    open.role_values[2].values = vec!["*".to_owned()];
    let open = OidcSignIn::new(open).unwrap();
    assert_eq!(sign_in(&open, "eve"), expect(&issuer, "eve", Role::Viewer));
}

/// Providers sign in different ways, tell groups at different places, and recognise clients differently.
#[test]
fn every_kind_of_signature_and_of_client_works() {
    for changes in [
        json!({ "algorithm": "ES256", "claims_in_id_token": false }),
        json!({ "algorithm": "ES384", "token_endpoint_auth_method": "client_secret_post" }),
        json!({ "algorithm": "PS256", "token_endpoint_auth_method": "none" }),
        json!({ "algorithm": "EdDSA" }),
    ] {
        let Some(provider) = OidcProvider::start(REDIRECT_URL, &changes) else { return };
        let issuer = provider.issuer();
        let options = OidcOptions {
            client_secret: options(&issuer)
                .client_secret
                .filter(|_| changes["token_endpoint_auth_method"] != "none"),
            ..options(&issuer)
        };
        let signed_in = sign_in(&OidcSignIn::new(options).unwrap(), "ada");
        assert_eq!(signed_in, expect(&issuer, "ada", Role::Admin), "{changes}");
    }
}

#[test]
fn who_cancels_is_told_so() {
    let Some(provider) = OidcProvider::start(REDIRECT_URL, &json!({})) else { return };
    let site = OidcSignIn::new(options(&provider.issuer())).unwrap();
    let start = wait(site.begin(None, home(), now())).unwrap();
    let back = Browser::new().cancel(&start.authorization_url, REDIRECT_URL);
    let finished = wait(site.finish(answer(&back), Some(&start.cookie), home(), now()));
    let OidcError::Denied(said) = finished.unwrap_err() else { panic!("it is no refusal") };
    assert!(said.starts_with("access_denied: "), "{said}");
}

/// An answer is of one attempt, of one browser, once, for ten minutes.
#[test]
fn an_answer_counts_for_the_browser_that_asked() {
    let Some(provider) = OidcProvider::start(REDIRECT_URL, &json!({})) else { return };
    let site = OidcSignIn::new(options(&provider.issuer())).unwrap();
    let begin = || wait(site.begin(Some("//evil.example"), home(), now())).unwrap();
    let (mine, other) = (begin(), begin());
    let back = Browser::new().sign_in(&mine.authorization_url, REDIRECT_URL, "ada");
    let finish = |cookie: Option<&str>, seconds| {
        wait(site.finish(answer(&back), cookie, home(), later(seconds)))
    };
    assert_eq!(finish(None, 0), Err(OidcError::Expired), "a link that somebody sent");
    assert_eq!(finish(Some(&other.cookie), 0), Err(OidcError::Expired), "another attempt");
    let too_late = i64::from(ATTEMPT_MAX_S) + 60;
    assert_eq!(finish(Some(&mine.cookie), too_late), Err(OidcError::Expired));
    let elsewhere = OidcSignIn::new(options(&provider.issuer())).unwrap();
    let finished = wait(elsewhere.finish(answer(&back), Some(&mine.cookie), home(), now()));
    assert_eq!(finished, Err(OidcError::Expired), "another run");
    assert_eq!(finish(Some(&mine.cookie), 0).unwrap().return_to, "/unoc/", "no other host");
    assert_eq!(finish(Some(&mine.cookie), 0), Err(OidcError::Expired), "it was used");
}

/// The code alone is worth nothing: without the verifier of this attempt, the provider gives no token (PKCE).
#[test]
fn a_code_of_another_attempt_is_refused_by_the_provider() {
    let Some(provider) = OidcProvider::start(REDIRECT_URL, &json!({})) else { return };
    let site = OidcSignIn::new(options(&provider.issuer())).unwrap();
    let begin = || wait(site.begin(None, home(), now())).unwrap();
    let (victim, thief) = (begin(), begin());
    let back = Browser::new().sign_in(&victim.authorization_url, REDIRECT_URL, "ada");
    let own = Browser::new().sign_in(&thief.authorization_url, REDIRECT_URL, "eve");
    let mut stolen = answer(&own);
    stolen.code = answer(&back).code;
    let finished = wait(site.finish(stolen, Some(&thief.cookie), home(), now())).unwrap_err();
    assert!(
        matches!(&finished, OidcError::Invalid(said) if said.contains("invalid_grant")),
        "{finished}"
    );
}

#[test]
fn keys_may_rotate_and_clocks_differ_by_less_than_a_minute() {
    let Some(mut provider) = OidcProvider::start(REDIRECT_URL, &json!({})) else { return };
    let issuer = provider.issuer();
    let site = OidcSignIn::new(options(&issuer)).unwrap();
    assert_eq!(sign_in(&site, "ada"), expect(&issuer, "ada", Role::Admin));
    provider.restart(&json!({ "clock_offset_s": 40 }));
    let start = wait(site.begin(None, home(), later(11))).unwrap();
    let back = Browser::new().sign_in(&start.authorization_url, REDIRECT_URL, "bob");
    let finish =
        |seconds| wait(site.finish(answer(&back), Some(&start.cookie), home(), later(seconds)));
    assert_eq!(finish(11).unwrap().role, Role::Operator, "with the keys that are new");
    provider.restart(&json!({ "clock_offset_s": 300 }));
    let start = wait(site.begin(None, home(), later(30))).unwrap();
    let back = Browser::new().sign_in(&start.authorization_url, REDIRECT_URL, "bob");
    let finished =
        wait(site.finish(answer(&back), Some(&start.cookie), home(), later(30))).unwrap_err();
    assert!(finished.to_string().contains("in the future"), "{finished}");
}

#[test]
fn a_provider_that_is_away_is_said_to_be_and_comes_back() {
    let Some(mut provider) = OidcProvider::start(REDIRECT_URL, &json!({})) else { return };
    let issuer = provider.issuer();
    let known = OidcSignIn::new(options(&issuer)).unwrap();
    let start = wait(known.begin(None, home(), now())).unwrap();
    let back = Browser::new().sign_in(&start.authorization_url, REDIRECT_URL, "ada");
    provider.stop();
    let site = OidcSignIn::new(options(&issuer)).unwrap();
    let away = wait(site.begin(None, home(), now())).unwrap_err();
    assert!(matches!(&away, OidcError::Unavailable(_)), "{away}");
    let finished =
        wait(known.finish(answer(&back), Some(&start.cookie), home(), now())).unwrap_err();
    assert!(matches!(&finished, OidcError::Unavailable(_)), "{finished}");
    provider.restart(&json!({}));
    assert_eq!(
        wait(site.begin(None, home(), now())).unwrap_err(),
        away,
        "nobody waits twice in 5 s"
    );
    wait(site.begin(None, home(), later(6))).unwrap();
}
