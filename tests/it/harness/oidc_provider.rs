//! A certified OpenID Connect provider, and a person's browser in front of it.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc;

use http::{HeaderMap, Request};
use serde_json::{Value, json};

use super::postgres::free_port;
use super::skip;
use super::wait::PATIENCE;

/// The client that the provider knows.
pub(crate) const CLIENT_ID: &str = "unoc";
pub(crate) const CLIENT_SECRET: &str = "a-secret-of-the-tests-and-of-nothing-else";
/// Most redirects between leaving for the provider and coming back.
const STEPS_MAX: usize = 10;

/// A provider; it is killed when this is dropped.
pub(crate) struct OidcProvider {
    child: Child,
    port: u16,
    redirect_url: String,
}

impl OidcProvider {
    /// Starts a provider that knows our client; nothing, and a skip, where it is not installed. `options` are
    /// those of tests/oidc/provider.mjs.
    pub(crate) fn start(redirect_url: &str, options: &Value) -> Option<Self> {
        let Some(modules) = installed() else {
            skip("oidc-provider is not installed (ops/test.sh installs it)");
            return None;
        };
        let port = free_port();
        let child = spawn(&modules, port, redirect_url, options);
        Some(Self { child, port, redirect_url: redirect_url.to_owned() })
    }

    pub(crate) fn issuer(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// Ends the provider, and starts it again at the same address with new keys. It has forgotten all sessions.
    pub(crate) fn restart(&mut self, options: &Value) {
        self.stop();
        let modules = installed().expect("it was started before");
        self.child = spawn(&modules, self.port, &self.redirect_url, options);
    }

    pub(crate) fn stop(&mut self) {
        // It may have ended already.
        self.child.kill().ok();
        self.child.wait().ok();
    }
}

impl Drop for OidcProvider {
    fn drop(&mut self) {
        self.stop();
    }
}

/// Returns the `node_modules` that ops/test.sh made.
fn installed() -> Option<PathBuf> {
    #[expect(
        clippy::disallowed_methods,
        reason = "where tools of tests are, as the check script finds them"
    )]
    let variable = |name| std::env::var_os(name).map(PathBuf::from);
    let cache = variable("UNOC_TEST_CACHE").or_else(|| {
        let caches = variable("XDG_CACHE_HOME").or_else(|| Some(variable("HOME")?.join(".cache")));
        Some(caches?.join("unoc-test"))
    });
    let modules = cache?.join("oidc-provider/node_modules");
    modules.join("oidc-provider").is_dir().then_some(modules)
}

fn spawn(modules: &Path, port: u16, redirect_url: &str, options: &Value) -> Child {
    let mut all = json!({
        "port": port,
        "client_id": CLIENT_ID,
        "client_secret": CLIENT_SECRET,
        "redirect_uris": [redirect_url],
    });
    let (all_fields, given) = (all.as_object_mut().expect("an object"), options.as_object());
    all_fields.extend(given.expect("an object").clone());
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/oidc/provider.mjs");
    let mut child = Command::new("node")
        .arg(script)
        .arg(modules)
        .arg(all.to_string())
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .expect("node is installed where oidc-provider is");
    let lines = BufReader::new(child.stdout.take().expect("a pipe")).lines();
    let (tell, told) = mpsc::channel();
    // It is read to its end: the provider would end when nobody reads what it says.
    std::thread::spawn(move || lines.map_while(Result::ok).for_each(|line| drop(tell.send(line))));
    let issuer = format!("http://127.0.0.1:{port}");
    while told.recv_timeout(PATIENCE).expect("the provider answers") != issuer {}
    child
}

/// A browser that follows redirects and keeps cookies, until it comes to an address of the site.
pub(crate) struct Browser {
    agent: ureq::Agent,
    cookies: BTreeMap<String, String>,
}

impl Browser {
    pub(crate) fn new() -> Self {
        let config = ureq::Agent::config_builder()
            .http_status_as_error(false)
            .max_redirects(0)
            .max_redirects_will_error(false)
            .timeout_global(Some(PATIENCE));
        Self { agent: config.build().into(), cookies: BTreeMap::new() }
    }

    /// Goes to the provider, signs in there as `person`, and returns where the provider sends the browser.
    #[track_caller]
    pub(crate) fn sign_in(&mut self, authorization_url: &str, site: &str, person: &str) -> String {
        let arrived = self.follow(authorization_url.to_owned(), site);
        if arrived.starts_with(site) {
            // It still has a session at the provider.
            return arrived;
        }
        let form = format!("prompt=login&login={person}&password=any");
        let next = self.request(&arrived, Some(&form)).expect("a redirect after the login");
        self.follow(next, site)
    }

    /// Goes to the provider and cancels there.
    #[track_caller]
    pub(crate) fn cancel(&mut self, authorization_url: &str, site: &str) -> String {
        let login = self.follow(authorization_url.to_owned(), site);
        self.follow(format!("{login}/abort"), site)
    }

    /// Follows redirects to an address of the site, which is not visited, or to a page.
    #[track_caller]
    fn follow(&mut self, mut url: String, site: &str) -> String {
        for _ in 0..STEPS_MAX {
            if url.starts_with(site) {
                return url;
            }
            match self.request(&url, None) {
                Some(next) => url = next,
                None => return url,
            }
        }
        panic!("too many redirects, the last one to {url}");
    }

    /// Returns where the answer redirects to.
    #[track_caller]
    fn request(&mut self, url: &str, form: Option<&str>) -> Option<String> {
        let cookies: Vec<String> =
            self.cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
        let request = Request::builder().uri(url).header("cookie", cookies.join("; "));
        let answer = match form {
            Some(form) => {
                let kind = "application/x-www-form-urlencoded";
                let request = request.method("POST").header("content-type", kind);
                self.agent.run(request.body(form.to_owned()).expect("a request"))
            }
            None => self.agent.run(request.body(()).expect("a request")),
        };
        let answer = answer.unwrap_or_else(|error| panic!("{url}: {error}"));
        assert!(answer.status().as_u16() < 400, "{url}: {}", answer.status());
        self.keep_cookies(answer.headers());
        let location = answer.headers().get("location")?.to_str().expect("an address").to_owned();
        if location.starts_with('/') {
            let end = url.match_indices('/').nth(2).map_or(url.len(), |(at, _)| at);
            return Some(format!("{}{location}", &url[..end]));
        }
        Some(location)
    }

    fn keep_cookies(&mut self, headers: &HeaderMap) {
        for header in headers.get_all("set-cookie") {
            let text = header.to_str().expect("a text").split(';').next().expect("a first part");
            let (name, value) = text.split_once('=').expect("a name and a value");
            if value.is_empty() {
                self.cookies.remove(name);
            } else {
                self.cookies.insert(name.to_owned(), value.to_owned());
            }
        }
    }
}
