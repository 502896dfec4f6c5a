//! A blocking HTTP client that hides nothing: no redirects, no decompression, no error for a status.

use http::{HeaderMap, Method, Request};
use serde_json::Value;
use serde_json::value::RawValue;

use super::documented::assert_documented;
use super::wait::PATIENCE;

/// Longest body read: the list of 10,000 devices has 3.5 MB.
const BODY_BYTES_MAX: u64 = 256 << 20;

/// Where requests go.
pub(crate) struct Http {
    agent: ureq::Agent,
    pub(crate) base: String,
}

/// An answer as it came.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Vec<u8>,
}

impl Http {
    pub(crate) fn new(base: &str) -> Self {
        let config = ureq::Agent::config_builder()
            .http_status_as_error(false)
            .max_redirects(0)
            .max_redirects_will_error(false)
            .allow_non_standard_methods(true)
            .accept_encoding("")
            .timeout_global(Some(PATIENCE));
        Self { agent: config.build().into(), base: base.to_owned() }
    }

    pub(crate) fn get(&self, path: &str) -> Answer {
        self.send(Method::GET, path, &[], None)
    }

    pub(crate) fn get_with(&self, path: &str, headers: &[(&str, &str)]) -> Answer {
        self.send(Method::GET, path, headers, None)
    }

    pub(crate) fn delete(&self, path: &str) -> Answer {
        self.send(Method::DELETE, path, &[], None)
    }

    pub(crate) fn post(&self, path: &str, body: &Value) -> Answer {
        self.json(Method::POST, path, body)
    }

    pub(crate) fn patch(&self, path: &str, body: &Value) -> Answer {
        self.json(Method::PATCH, path, body)
    }

    fn json(&self, method: Method, path: &str, body: &Value) -> Answer {
        let headers = [("content-type", "application/json")];
        self.send(method, path, &headers, Some(&body.to_string()))
    }

    /// Posts a file as it is.
    #[track_caller]
    pub(crate) fn post_file(&self, path: &str, content_type: &str, bytes: &[u8]) -> Answer {
        let headers = [("content-type", content_type)];
        self.run(Method::POST, path, &headers, Some(bytes))
    }

    /// Any request.
    #[track_caller]
    pub(crate) fn send(
        &self,
        method: Method,
        path: &str,
        headers: &[(&str, &str)],
        body: Option<&str>,
    ) -> Answer {
        self.run(method, path, headers, body.map(str::as_bytes))
    }

    #[track_caller]
    fn run(
        &self,
        method: Method,
        path: &str,
        headers: &[(&str, &str)],
        body: Option<&[u8]>,
    ) -> Answer {
        let url = format!("{}{path}", self.base);
        let mut request = Request::builder().uri(&url);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        // Sends `content-length: 0` if there is no body, as browsers do.
        let takes_body = [Method::POST, Method::PATCH, Method::PUT].contains(&method);
        let operation = method.clone();
        request = request.method(method);
        let answered = match body.or(takes_body.then_some(&[][..])) {
            Some(body) => self.agent.run(request.body(body).expect("a request")),
            None => self.agent.run(request.body(()).expect("a request")),
        };
        let (head, body) = answered.unwrap_or_else(|error| panic!("{url}: {error}")).into_parts();
        let body = body.into_with_config().limit(BODY_BYTES_MAX).read_to_vec();
        let body = body.unwrap_or_else(|error| panic!("{url}: {error}"));
        let status = head.status.as_u16();
        assert_documented(&operation, path, status);
        Answer { status, headers: head.headers, body }
    }
}

impl Answer {
    /// The answer, which must have this status.
    #[track_caller]
    pub(crate) fn expect(self, status: u16) -> Self {
        assert_eq!(self.status, status, "{}", String::from_utf8_lossy(&self.body));
        self
    }

    pub(crate) fn text(&self) -> &str {
        std::str::from_utf8(&self.body).expect("a text")
    }

    #[track_caller]
    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body)
            .unwrap_or_else(|error| panic!("{error}: {:?}", String::from_utf8_lossy(&self.body)))
    }

    /// The `detail` of an error.
    #[track_caller]
    pub(crate) fn detail(&self) -> Value {
        self.json()["detail"].clone()
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(|value| value.to_str().expect("a printable header"))
    }
}

/// The keys of a JSON object in the order in which they were sent.
pub(crate) fn keys_of(text: &str) -> Vec<String> {
    struct Keys;
    impl<'de> serde::de::Visitor<'de> for Keys {
        type Value = Vec<String>;

        fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            f.write_str("a JSON object")
        }

        fn visit_map<A: serde::de::MapAccess<'de>>(
            self,
            mut map: A,
        ) -> Result<Self::Value, A::Error> {
            let mut keys = Vec::new();
            while let Some((key, _)) = map.next_entry::<String, Box<RawValue>>()? {
                keys.push(key);
            }
            Ok(keys)
        }
    }
    let mut reader = serde_json::Deserializer::from_str(text);
    serde::Deserializer::deserialize_map(&mut reader, Keys).expect("a JSON object")
}
