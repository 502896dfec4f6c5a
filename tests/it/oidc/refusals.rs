//! With a provider that lies, or somebody in its place.

use std::cell::RefCell;
use std::sync::Barrier;
use std::sync::atomic::Ordering;

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use ring::hmac;
use ring::rand::SystemRandom;
use ring::signature::{Ed25519KeyPair, KeyPair as _};
use serde_json::{Value, json};
use unoc::auth::Role;
use unoc::oidc::{AuthorizationAnswer, OidcError, OidcIdentity, OidcSignIn, SignInStart};

use super::fake_provider::FakeProvider;
use super::{home, later, now, options, wait};
use crate::harness::oidc_provider::{CLIENT_ID, CLIENT_SECRET};

fn key() -> Ed25519KeyPair {
    let pkcs8 = Ed25519KeyPair::generate_pkcs8(&SystemRandom::new()).expect("random numbers");
    Ed25519KeyPair::from_pkcs8(pkcs8.as_ref()).expect("just made")
}

fn encoded(bytes: impl AsRef<[u8]>) -> String {
    BASE64_URL_SAFE_NO_PAD.encode(bytes)
}

fn jwks(key: &Ed25519KeyPair) -> Value {
    let x = encoded(key.public_key());
    json!({ "keys": [{ "kty": "OKP", "crv": "Ed25519", "use": "sig", "kid": "1", "x": x }] })
}

fn token(header: &Value, claims: &Value, sign: impl FnOnce(&[u8]) -> Vec<u8>) -> String {
    let content = format!("{}.{}", encoded(header.to_string()), encoded(claims.to_string()));
    let signature = sign(content.as_bytes());
    format!("{content}.{}", encoded(signature))
}

fn begin(site: &OidcSignIn) -> SignInStart {
    wait(site.begin(None, home(), now())).expect("a provider")
}

/// A site in front of a provider that everybody can tell what to say.
struct Scene {
    provider: FakeProvider,
    key: Ed25519KeyPair,
    site: OidcSignIn,
    /// The attempt that is not finished yet.
    start: RefCell<SignInStart>,
}

impl Scene {
    fn new() -> Self {
        let (provider, key) = (FakeProvider::start(), key());
        provider.say("/jwks", &jwks(&key));
        let site = OidcSignIn::new(options(&provider.issuer())).expect("a provider");
        let start = RefCell::new(begin(&site));
        Self { provider, key, site, start }
    }

    fn parameter(&self, name: &str) -> String {
        let url = &self.start.borrow().authorization_url;
        let query = url.split_once('?').expect("a query").1;
        let pairs = query.split('&').filter_map(|pair| pair.split_once('='));
        let mut values = pairs.filter(|(key, _)| *key == name).map(|(_, value)| value.to_owned());
        values.next().expect(name)
    }

    /// Claims that are accepted.
    fn claims(&self) -> Value {
        let now_s = now().0 / 1_000_000;
        json!({
            "iss": self.provider.issuer(),
            "aud": CLIENT_ID,
            "sub": "1",
            "preferred_username": "ada",
            "iat": now_s,
            "exp": now_s + 300,
            "nonce": self.parameter("nonce"),
            "groups": ["noc-admins"],
        })
    }

    fn signed(&self, claims: &Value) -> String {
        let header = json!({ "alg": "EdDSA", "kid": "1" });
        token(&header, claims, |content| self.key.sign(content).as_ref().to_vec())
    }

    fn finish_with(&self, id_token: &str) -> Result<OidcIdentity, OidcError> {
        self.provider.say(
            "/token",
            &json!({ "access_token": "access", "token_type": "Bearer", "id_token": id_token }),
        );
        self.finish(|_| {})
    }

    /// Ends the attempt, and begins another one.
    fn finish(
        &self,
        change: impl FnOnce(&mut AuthorizationAnswer),
    ) -> Result<OidcIdentity, OidcError> {
        let mut answer = AuthorizationAnswer {
            state: self.parameter("state"),
            code: Some("code".to_owned()),
            issuer: Some(self.provider.issuer()),
            ..AuthorizationAnswer::default()
        };
        change(&mut answer);
        let SignInStart { cookie, .. } = self.start.replace(begin(&self.site));
        wait(self.site.finish(answer, Some(&cookie), home(), now()))
    }

    /// The refusal of claims that were changed.
    fn refusal(&self, name: &str, value: Value) -> String {
        let mut claims = self.claims();
        claims[name] = value;
        if claims[name].is_null() {
            claims.as_object_mut().expect("an object").remove(name);
        }
        match self.finish_with(&self.signed(&claims)) {
            Err(OidcError::Invalid(said)) => said,
            other => panic!("{name}: {other:?}"),
        }
    }
}

#[test]
fn what_a_token_says_must_be_meant_for_this_attempt() {
    let scene = Scene::new();
    let accepted = scene.finish_with(&scene.signed(&scene.claims())).unwrap();
    assert_eq!((accepted.name.as_str(), accepted.role), ("ada", Role::Admin));
    let now_s = now().0 / 1_000_000;
    for (name, value, expected) in [
        ("nonce", json!("another"), "nonce mismatch"),
        ("nonce", Value::Null, "missing nonce"),
        ("iss", json!("https://other.example"), "Invalid issuer"),
        ("aud", json!("another-client"), "Invalid audiences"),
        ("aud", json!([CLIENT_ID, "another-client"]), "not a trusted audience"),
        ("azp", json!("another-client"), "made for another client"),
        ("exp", json!(now_s - 90), "expired"),
        ("iat", json!(now_s + 90), "in the future"),
        ("at_hash", json!("AAAAAAAAAAAAAAAAAAAAAA"), "does not belong"),
    ] {
        let said = scene.refusal(name, value.clone());
        assert!(said.contains(expected), "{name} = {value}: {said}");
    }
    for (name, value) in [("exp", now_s - 30), ("iat", now_s + 30)] {
        let mut claims = scene.claims();
        claims[name] = json!(value);
        scene.finish_with(&scene.signed(&claims)).unwrap_or_else(|error| {
            panic!("the clocks differ by less than a minute: {name}: {error}")
        });
    }
}

#[test]
fn only_the_keys_of_the_provider_sign() {
    let scene = Scene::new();
    let claims = scene.claims();
    let (strange, header) = (key(), json!({ "alg": "EdDSA", "kid": "1" }));
    let shared = hmac::Key::new(hmac::HMAC_SHA256, CLIENT_SECRET.as_bytes());
    let public = hmac::Key::new(hmac::HMAC_SHA256, scene.key.public_key().as_ref());
    let forged = [
        ("another key", token(&header, &claims, |text| strange.sign(text).as_ref().to_vec())),
        ("no signature", token(&header, &claims, |_| Vec::new())),
        ("none", token(&json!({ "alg": "none" }), &claims, |_| Vec::new())),
        (
            "the client's secret",
            token(&json!({ "alg": "HS256" }), &claims, |text| {
                hmac::sign(&shared, text).as_ref().to_vec()
            }),
        ),
        (
            "the public key as a secret",
            token(&json!({ "alg": "HS256", "kid": "1" }), &claims, |text| {
                hmac::sign(&public, text).as_ref().to_vec()
            }),
        ),
    ];
    for (what, id_token) in forged {
        let refused = scene.finish_with(&id_token).unwrap_err();
        let is_refused = matches!(&refused, OidcError::Invalid(_) | OidcError::Unavailable(_));
        assert!(is_refused, "{what}: {refused}");
    }
}

/// Somebody else's answer, or one of another provider (RFC 9207).
#[test]
fn an_answer_of_another_issuer_or_state_is_refused_before_the_code_is_sent() {
    let scene = Scene::new();
    let asked = scene.provider.requests.load(Ordering::SeqCst);
    let other = scene.finish(|answer| answer.issuer = Some("https://other.example".to_owned()));
    assert!(matches!(other, Err(OidcError::Invalid(_))), "{other:?}");
    let other = scene.finish(|answer| answer.state.push('x'));
    assert_eq!(other, Err(OidcError::Expired));
    let none = scene.finish(|answer| answer.code = None);
    assert!(matches!(none, Err(OidcError::Invalid(_))), "{none:?}");
    let denied = scene.finish(|answer| {
        answer.error = Some("access_denied".to_owned());
        answer.error_description = Some(format!("line\nbreak {}", "x".repeat(1000)));
    });
    let OidcError::Denied(said) = denied.unwrap_err() else { panic!("it is no refusal") };
    assert!(said.starts_with("access_denied: line break x") && said.len() == 200, "{said}");
    assert_eq!(scene.provider.requests.load(Ordering::SeqCst), asked);
}

/// Reloading a page, or two at the same time, asks the provider once.
#[test]
fn an_answer_is_used_once_also_by_two_at_the_same_time() {
    let scene = Scene::new();
    let id_token = scene.signed(&scene.claims());
    let tokens = json!({ "access_token": "a", "token_type": "Bearer", "id_token": id_token });
    scene.provider.say("/token", &tokens);
    let answer = AuthorizationAnswer {
        state: scene.parameter("state"),
        code: Some("code".to_owned()),
        ..AuthorizationAnswer::default()
    };
    let asked = || scene.provider.requests.load(Ordering::SeqCst);
    let (before, barrier) = (asked(), Barrier::new(4));
    let (site, cookie) = (&scene.site, scene.start.borrow().cookie.clone());
    let finish = || {
        barrier.wait();
        wait(site.finish(answer.clone(), Some(&cookie), home(), now()))
    };
    let finished: Vec<_> = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..4).map(|_| scope.spawn(finish)).collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    assert_eq!(finished.iter().filter(|it| it.is_ok()).count(), 1, "{finished:?}");
    let used = Err(OidcError::Expired);
    assert_eq!(finished.iter().filter(|it| **it == used).count(), 3, "{finished:?}");
    assert_eq!(asked() - before, 1, "the token");
    let again = wait(site.finish(answer, Some(&cookie), home(), later(1)));
    assert_eq!((again, asked() - before), (used, 1));
}

/// A role that the userinfo endpoint gives is this person's, and names may be paths.
#[test]
fn userinfo_is_of_the_same_person() {
    let scene = Scene::new();
    let finish = |userinfo: Value| {
        scene.provider.say("/userinfo", &userinfo);
        let mut claims = scene.claims();
        claims.as_object_mut().unwrap().remove("groups");
        scene.finish_with(&scene.signed(&claims))
    };
    let told = finish(json!({ "sub": "1", "groups": "noc-operators" }));
    assert_eq!(told.unwrap().role, Role::Operator);
    finish(json!({ "sub": "2", "groups": ["noc-admins"] })).unwrap_err();

    let (provider, key) = (&scene.provider, &scene.key);
    let mut paths = options(&provider.issuer());
    paths.role_claims = vec!["realm_access.roles".to_owned(), "https://x.example/g".to_owned()];
    let site = OidcSignIn::new(paths).unwrap();
    for (claim, value) in [
        ("realm_access", json!({ "roles": ["x", "noc-viewers"] })),
        ("https://x.example/g", json!("noc-viewers")),
    ] {
        let start = RefCell::new(begin(&site));
        let scene =
            Scene { provider: FakeProvider::start(), key: self::key(), site: site.clone(), start };
        let mut claims = scene.claims();
        claims["iss"] = json!(provider.issuer());
        claims[claim] = value;
        claims.as_object_mut().unwrap().remove("groups");
        let header = json!({ "alg": "EdDSA", "kid": "1" });
        let id_token = token(&header, &claims, |text| key.sign(text).as_ref().to_vec());
        let tokens = json!({ "access_token": "a", "token_type": "Bearer", "id_token": id_token });
        provider.say("/token", &tokens);
        let identity = scene.finish(|answer| answer.issuer = None).unwrap();
        assert_eq!(identity.role, Role::Viewer, "{claim}");
    }
}

#[test]
fn a_provider_that_cannot_be_used_is_not_available() {
    let unusable = |path: &str, change: &dyn Fn(&FakeProvider) -> String| {
        let provider = FakeProvider::start();
        provider.say("/jwks", &jwks(&key()));
        let body = change(&provider);
        provider.say_text(path, body);
        let site = OidcSignIn::new(options(&provider.issuer())).unwrap();
        let error = wait(site.begin(None, home(), now())).unwrap_err();
        assert!(matches!(error, OidcError::Unavailable(_)), "{error}");
        error.to_string()
    };
    let metadata = |name: &'static str, value: Value| {
        move |provider: &FakeProvider| {
            let mut metadata = provider.metadata();
            metadata[name] = value.clone();
            metadata.to_string()
        }
    };
    let configuration = "/.well-known/openid-configuration";
    for (name, value, expected) in [
        ("issuer", json!("https://other.example"), "unexpected issuer"),
        ("token_endpoint", Value::Null, "no token endpoint"),
        ("token_endpoint", json!("http://192.0.2.1/token"), "not https"),
        ("jwks_uri", json!("http://192.0.2.1/keys"), "http://192.0.2.1 is not https"),
        ("jwks_uri", json!("file:///etc/passwd"), "invalid format"),
        ("authorization_endpoint", json!("javascript:alert(1)"), "not https"),
    ] {
        let said = unusable(configuration, &metadata(name, value.clone()));
        assert!(said.contains(expected), "{name} = {value}: {said}");
    }
    let said = unusable(configuration, &|_| "{".to_owned());
    assert!(said.contains("parse"), "{said}");
    let said = unusable(configuration, &|_| " ".repeat(300 << 10));
    assert!(said.contains("larger than 262144 bytes"), "{said}");
    let said = unusable("/jwks", &|_| "[]".to_owned());
    assert!(said.contains("parse"), "{said}");
}

#[test]
fn settings_that_would_send_secrets_in_the_clear_are_refused() {
    for issuer in ["http://idp.example.org", "ftp://127.0.0.1", "idp.example.org", ""] {
        let refused = OidcSignIn::new(options(issuer)).err();
        assert!(matches!(refused, Some(OidcError::Options(_))), "{issuer}: {refused:?}");
    }
}

/// Unknown signatures do not make the site ask for keys all the time.
#[test]
fn keys_are_asked_for_again_once_in_ten_seconds() {
    let scene = Scene::new();
    let (strange, header) = (key(), json!({ "alg": "EdDSA", "kid": "2" }));
    let forged = token(&header, &scene.claims(), |text| strange.sign(text).as_ref().to_vec());
    let tokens = json!({ "access_token": "a", "token_type": "Bearer", "id_token": forged });
    scene.provider.say("/token", &tokens);
    let asked = || scene.provider.requests.load(Ordering::SeqCst);
    let finish = |seconds| {
        // The keys that were read later are not from the future.
        let start = wait(scene.site.begin(None, home(), later(seconds))).expect("a provider");
        scene.start.replace(start);
        let answer = AuthorizationAnswer {
            state: scene.parameter("state"),
            code: Some("code".to_owned()),
            ..AuthorizationAnswer::default()
        };
        let (before, cookie) = (asked(), scene.start.borrow().cookie.clone());
        let finished = wait(scene.site.finish(answer, Some(&cookie), home(), later(seconds)));
        assert!(matches!(finished, Err(OidcError::Invalid(_))), "{finished:?}");
        asked() - before
    };
    assert_eq!(finish(0), 1, "only the token");
    assert_eq!(finish(20), 3, "the token, the metadata and the keys");
    assert_eq!(finish(20), 1, "the keys are young again");
}
