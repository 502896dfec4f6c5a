//! The HTTP client for the appliance that runs on this host.

use std::io::Read;
use std::path::Path;
use std::time::Duration;

use anyhow::{Context, anyhow};
use http::StatusCode;
use http::header::CONTENT_TYPE;
use reqwest::Url;
use reqwest::blocking::{Client, RequestBuilder, Response};
use serde_json::Value;

use super::data_dir::endpoint;
use super::exit::CommandError;
use crate::config::Config;
use crate::tls::{Fingerprint, pinned_client};
use crate::util::error_chain;

/// How long the server may take to answer the first request: a stopped process accepts connections,
/// but does not answer.
const LIVE_WAIT: Duration = Duration::from_secs(10);
/// How long a read may take.
const READ_WAIT: Duration = Duration::from_secs(60);
/// How long an operation may take: a comparison or a restore of the largest site takes minutes. The
/// watchdog ends a process that hangs long before.
const WORK_WAIT: Duration = Duration::from_secs(60 * 60);

/// The URL of the server through its Unix socket: one that it always answers for.
const SOCKET_URL: &str = "http://localhost";

/// Sends requests to the running appliance: through its Unix socket, which needs no login, if this user may
/// use it.
pub(super) struct ApplianceClient {
    /// What requests begin with.
    url: String,
    /// For messages.
    shown_url: String,
    /// Waits [`READ_WAIT`].
    reading: Client,
    /// Waits [`WORK_WAIT`].
    working: Client,
}

/// How the server is reached.
#[derive(Clone)]
struct Way<'a> {
    /// What requests begin with.
    url: String,
    socket: Option<&'a Path>,
    /// The one certificate that is trusted.
    certificate: Option<Fingerprint>,
}

impl ApplianceClient {
    /// Returns the client for the server that uses the data directory, after it has answered a
    /// request.
    pub(super) fn connect(config: &Config) -> Result<Self, CommandError> {
        let directory = config.data_dir.display();
        let endpoint = endpoint(config)?.ok_or_else(|| {
            CommandError::temporary(format!(
                "another process uses the store in {directory}, but has not written its address \
                 yet; try again in a moment"
            ))
        })?;
        let shown_url = endpoint.url;
        let by_tcp =
            Way { url: shown_url.clone(), socket: None, certificate: endpoint.certificate };
        let by_socket = endpoint.socket.as_deref().map(|socket| Way {
            url: socket_url(&shown_url),
            socket: Some(socket),
            certificate: None,
        });
        let mut way = by_socket.unwrap_or_else(|| by_tcp.clone());
        let mut answered = is_live(&way)?;
        if way.socket.is_some() && answered.as_ref().is_err_and(reqwest::Error::is_connect) {
            // The socket is not there any more, or is not for this user.
            way = by_tcp;
            answered = is_live(&way)?;
        }
        answered.map_err(|error| no_answer(&shown_url, LIVE_WAIT, error))?;
        let (reading, working) = (client(READ_WAIT, &way)?, client(WORK_WAIT, &way)?);
        let url = way.url;
        Ok(Self { url, shown_url, reading, working })
    }

    /// Returns the body of a successful answer.
    pub(super) fn get(&self, path: &str) -> Result<impl Read + use<>, CommandError> {
        body(self.send(READ_WAIT, self.reading.get(self.url_of(path)))?)
    }

    /// Returns what a path of the health answers: an answer with 503 also tells the health.
    pub(super) fn health(&self, path: &str) -> Result<Value, CommandError> {
        let answer = self.send(READ_WAIT, self.reading.get(self.url_of(path)))?;
        match answer.status() {
            StatusCode::SERVICE_UNAVAILABLE => read_json(answer),
            _ => read_json(body(answer)?),
        }
    }

    /// Returns the body of a successful answer, and a header of it.
    pub(super) fn get_with_header(
        &self,
        path: &str,
        query: &[(&str, String)],
        header: &str,
    ) -> Result<(impl Read + use<>, Option<String>), CommandError> {
        let url = Url::parse_with_params(&self.url_of(path), query);
        let url = url.context("the server's address is no URL")?;
        let answer = body(self.send(READ_WAIT, self.reading.get(url))?)?;
        let value = answer.headers().get(header).and_then(|value| value.to_str().ok());
        let value = value.map(str::to_owned);
        Ok((answer, value))
    }

    /// Posts without a body. Returns the body of a successful answer.
    pub(super) fn post(&self, path: &str) -> Result<impl Read + use<>, CommandError> {
        body(self.send(WORK_WAIT, self.working.post(self.url_of(path)))?)
    }

    /// Posts a JSON body. Returns the body of a successful answer.
    pub(super) fn post_json(
        &self,
        path: &str,
        value: &Value,
    ) -> Result<impl Read + use<>, CommandError> {
        body(self.send(WORK_WAIT, json(self.working.post(self.url_of(path)), value))?)
    }

    /// Posts a table. Returns the report, or the errors in the table.
    pub(super) fn post_table(
        &self,
        path: &str,
        table: &[u8],
    ) -> Result<Result<Value, Value>, CommandError> {
        let request = self.working.post(self.url_of(path)).header(CONTENT_TYPE, "text/csv");
        let answer = self.send(WORK_WAIT, request.body(table.to_vec()))?;
        if answer.status() != StatusCode::BAD_REQUEST {
            return Ok(Ok(read_json(body(answer)?)?));
        }
        let errors = read_json(answer)?;
        if errors["faults"].is_array() {
            return Ok(Err(errors));
        }
        Err(CommandError::refused(
            errors["detail"].as_str().unwrap_or("the server refuses the table"),
        ))
    }

    /// Changes a resource. Returns the body of a successful answer.
    pub(super) fn patch(
        &self,
        path: &str,
        change: &Value,
    ) -> Result<impl Read + use<>, CommandError> {
        body(self.send(READ_WAIT, json(self.reading.patch(self.url_of(path)), change))?)
    }

    /// Deletes a resource.
    pub(super) fn delete(&self, path: &str) -> Result<(), CommandError> {
        body(self.send(READ_WAIT, self.reading.delete(self.url_of(path)))?).map(drop)
    }

    /// Returns the URL of the server, without a slash at its end.
    pub(super) fn shown_url(&self) -> &str {
        &self.shown_url
    }

    fn url_of(&self, path: &str) -> String {
        format!("{}{path}", self.url)
    }

    fn send(&self, wait: Duration, request: RequestBuilder) -> Result<Response, CommandError> {
        request.send().map_err(|error| no_answer(&self.shown_url, wait, error))
    }
}

/// Asks by a URL and perhaps a socket whether the server answers at all.
fn is_live(way: &Way<'_>) -> Result<reqwest::Result<()>, CommandError> {
    Ok(client(LIVE_WAIT, way)?.get(format!("{}/health/live", way.url)).send().map(drop))
}

/// Returns the URL by which the server is asked through its Unix socket, by the one that is for TCP.
fn socket_url(url: &str) -> String {
    let after_scheme = url.split_once("://").map_or(url, |(_, rest)| rest);
    let base_path = after_scheme.find('/').map_or("", |start| &after_scheme[start..]);
    format!("{SOCKET_URL}{base_path}")
}

/// Returns a client that waits this long for the head of an answer, and for each part of its body.
fn client(wait: Duration, way: &Way<'_>) -> Result<Client, CommandError> {
    // What the server wrote down beside its data is known to be its own; no authority has to say so.
    let tls = pinned_client(way.certificate).context("TLS cannot be set up")?;
    // The server is on this host, so a proxy from the environment must not be used.
    let mut client = Client::builder().tls_backend_preconfigured(tls).no_proxy().timeout(wait);
    if let Some(socket) = way.socket {
        client = client.unix_socket(socket);
    }
    Ok(client.build().context("the HTTP client cannot be set up")?)
}

fn json(request: RequestBuilder, value: &Value) -> RequestBuilder {
    request.header(CONTENT_TYPE, "application/json").body(value.to_string())
}

/// Returns the error of a server that did not answer.
fn no_answer(url: &str, wait: Duration, error: reqwest::Error) -> CommandError {
    match error.is_timeout() {
        true => CommandError::temporary(format!(
            "the server at {url} has not answered for {} s; it holds the store, but is stopped or \
             hangs (check with systemctl status unoc, or ps)",
            wait.as_secs()
        )),
        false => CommandError::temporary(format!(
            "no server answers at {url}: {}; if it is starting, try again in a moment, otherwise start it \
             (systemctl start unoc)",
            error_chain(&error.without_url())
        )),
    }
}

fn read_json(mut body: impl Read) -> Result<Value, CommandError> {
    let mut text = String::new();
    body.read_to_string(&mut text).context("the server's answer was cut off")?;
    Ok(serde_json::from_str(&text).context("the server's answer is not JSON")?)
}

fn body(mut answer: Response) -> Result<Response, CommandError> {
    let status = answer.status();
    if status.is_success() {
        return Ok(answer);
    }
    let mut text = String::new();
    answer.read_to_string(&mut text).context("cannot read the server's answer")?;
    let answer: Value = serde_json::from_str(&text).unwrap_or_default();
    let detail = answer["detail"].as_str().unwrap_or(&text).to_owned();
    // Only an operation that is running may succeed later.
    let is_busy = status == StatusCode::CONFLICT && detail.contains("is running");
    let may_work_later = [StatusCode::SERVICE_UNAVAILABLE, StatusCode::INSUFFICIENT_STORAGE];
    Err(if is_busy || may_work_later.contains(&status) {
        CommandError::temporary(detail)
    } else if status.is_client_error() {
        CommandError::refused(detail)
    } else {
        anyhow!("the server answered {status}: {detail}").into()
    })
}
