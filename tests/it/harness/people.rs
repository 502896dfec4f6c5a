//! People and programs who use an appliance, and what each sends to be known.

use data_encoding::BASE32_NOPAD;
use hmac::{Hmac, KeyInit as _, Mac as _};
use http::Method;
use serde_json::{Value, json};
use sha1::Sha1;

use super::app::TestApp;
use super::http::Answer;
use super::site::{id_of, text_of};
use super::unix_http;

/// Of every user.
pub(crate) const PASSWORD: &str = "correct horse battery";

/// A header by which somebody is known.
pub(crate) type Credential = (&'static str, String);

impl TestApp {
    /// A request of this host's user over the Unix socket, who needs no login.
    #[track_caller]
    pub(crate) fn by_socket(&self, method: &Method, path: &str, body: &Value) -> Answer {
        let json = [("content-type", "application/json")];
        unix_http::send(&self.file("unoc.sock"), method, path, &json, &body.to_string())
    }

    /// Makes a user with [`PASSWORD`] and returns the id. The first one has to be an admin.
    #[track_caller]
    pub(crate) fn add_user(&self, name: &str, role: &str) -> u64 {
        let body = json!({"name": name, "role": role, "password": PASSWORD});
        id_of(&self.by_socket(&Method::POST, "/api/users", &body).expect(201).json())
    }

    /// Logs a user in and returns the cookie.
    #[track_caller]
    pub(crate) fn log_in(&self, name: &str) -> Credential {
        let body = json!({"name": name, "password": PASSWORD});
        cookie_of(&self.post("/api/session", &body).expect(200))
    }

    /// Makes a token of a user and returns the header with it.
    #[track_caller]
    pub(crate) fn add_token(&self, owner: &str, scope: &str) -> Credential {
        let body = json!({"name": format!("{owner}'s {scope}"), "scope": scope, "owner": owner});
        let made = self.by_socket(&Method::POST, "/api/tokens", &body).expect(201).json();
        ("authorization", format!("Bearer {}", text_of(&made["token"])))
    }

    /// A request of somebody.
    #[track_caller]
    pub(crate) fn send_as(
        &self,
        who: &[Credential],
        method: Method,
        path: &str,
        body: Option<&Value>,
    ) -> Answer {
        let mut headers: Vec<_> = who.iter().map(|(name, value)| (*name, value.as_str())).collect();
        headers.push(("content-type", "application/json"));
        let body = body.map(Value::to_string);
        self.send(method, path, &headers, body.as_deref())
    }
}

/// The cookie that an answer sets, as a browser sends it back.
#[track_caller]
pub(crate) fn cookie_of(answer: &Answer) -> Credential {
    let set = answer.header("set-cookie").expect("a cookie");
    ("cookie", set.split(';').next().expect("a pair").to_owned())
}

/// What an authenticator with this key shows then, by a second implementation of RFC 6238.
pub(crate) fn code_of(key: &str, now_s: i64) -> String {
    let key = BASE32_NOPAD.decode(key.as_bytes()).expect("base32");
    let now = u64::try_from(now_s).expect("after 1970");
    let mut mac = Hmac::<Sha1>::new_from_slice(&key).expect("a key");
    mac.update(&(now / 30).to_be_bytes());
    let hash = mac.finalize().into_bytes();
    let offset = usize::from(hash[19] & 15);
    let word: [u8; 4] = hash[offset..offset + 4].try_into().expect("four bytes");
    format!("{:06}", (u32::from_be_bytes(word) & 0x7fff_ffff) % 1_000_000)
}
