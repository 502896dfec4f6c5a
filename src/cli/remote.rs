//! Asking the server that holds the store.

use std::io::Read;
use std::time::Duration;

use anyhow::{Context, anyhow};
use http::{Response, StatusCode};
use serde_json::Value;

use super::exit::Failure;
use crate::app::read_endpoint;
use crate::config::Config;

/// How long a server may take to say that it is there; one that is stopped accepts and says nothing.
const LIVE_WAIT: Duration = Duration::from_secs(10);
/// How long it may be silent while it answers a question. No other part of it takes longer.
const READ_WAIT: Duration = Duration::from_secs(60);
/// How long it may be silent while it works: a comparison or a restore of the largest site takes
/// minutes. The watchdog ends a process that is stuck long before.
const WORK_WAIT: Duration = Duration::from_secs(60 * 60);

/// The running server.
pub(super) struct Remote {
    url: String,
    agent: ureq::Agent,
}

impl Remote {
    /// The server that holds this data directory, once it has answered.
    pub(super) fn of(config: &Config) -> Result<Self, Failure> {
        let directory = config.data_dir.display();
        let url = read_endpoint(&config.data_dir).ok_or_else(|| {
            Failure::temporary(format!(
                "another process holds the store in {directory} and does not say where it \
                 listens; try again in a moment"
            ))
        })?;
        // The server is on this host. A proxy of the environment would reach another one there.
        let agent = ureq::Agent::config_builder().http_status_as_error(false).proxy(None);
        let agent: ureq::Agent = agent.build().into();
        let live = format!("{url}/health/live");
        let asked = agent.get(&live).config().timeout_global(Some(LIVE_WAIT)).build().call();
        match asked {
            Ok(_) => Ok(Self { url, agent }),
            Err(error) => Err(silent(&url, LIVE_WAIT, error)),
        }
    }

    /// The body of a successful answer.
    pub(super) fn get(&self, path: &str) -> Result<impl Read + use<>, Failure> {
        let request = self.agent.get(self.url_of(path)).config().timeout_per_read(Some(READ_WAIT));
        body(self.answered(READ_WAIT, request.build().call())?)
    }

    /// The body of a successful answer to a request without a body.
    pub(super) fn post(&self, path: &str) -> Result<impl Read + use<>, Failure> {
        let request = self.agent.post(self.url_of(path)).config().timeout_per_read(Some(WORK_WAIT));
        body(self.answered(WORK_WAIT, request.build().send_empty())?)
    }

    /// The body of a successful answer to a request with a JSON body.
    pub(super) fn post_json(
        &self,
        path: &str,
        value: &Value,
    ) -> Result<impl Read + use<>, Failure> {
        let request = self.agent.post(self.url_of(path)).config().timeout_per_read(Some(WORK_WAIT));
        body(self.answered(WORK_WAIT, request.build().send_json(value))?)
    }

    /// What came of a table: the report, or what is wrong with it.
    pub(super) fn post_table(
        &self,
        path: &str,
        table: &[u8],
    ) -> Result<Result<Value, Value>, Failure> {
        let request = self.agent.post(self.url_of(path)).config().timeout_per_read(Some(WORK_WAIT));
        let asked = request.build().content_type("text/csv").send(table);
        let answer = self.answered(WORK_WAIT, asked)?;
        if answer.status() != StatusCode::BAD_REQUEST {
            return Ok(Ok(read_json(body(answer)?)?));
        }
        let faults = read_json(answer.into_body().into_reader())?;
        if faults["faults"].is_array() {
            return Ok(Err(faults));
        }
        Err(Failure::refused(faults["detail"].as_str().unwrap_or("the server refuses the table")))
    }

    /// The body of a successful answer to a change.
    pub(super) fn patch(&self, path: &str, change: &Value) -> Result<impl Read + use<>, Failure> {
        let request =
            self.agent.patch(self.url_of(path)).config().timeout_per_read(Some(READ_WAIT));
        body(self.answered(READ_WAIT, request.build().send_json(change))?)
    }

    fn url_of(&self, path: &str) -> String {
        format!("{}{path}", self.url)
    }

    fn answered(
        &self,
        wait: Duration,
        asked: Result<Response<ureq::Body>, ureq::Error>,
    ) -> Result<Response<ureq::Body>, Failure> {
        asked.map_err(|error| silent(&self.url, wait, error))
    }
}

/// The process that holds the store did not answer.
fn silent(url: &str, wait: Duration, error: ureq::Error) -> Failure {
    match error {
        ureq::Error::Timeout(_) => Failure::temporary(format!(
            "the server at {url} has not answered for {} s; it holds the store, but is stopped or \
             stuck (systemctl status unoc, or ps, tells which)",
            wait.as_secs()
        )),
        error => Failure::temporary(format!(
            "the server that holds the store does not answer at {url}: {error}; try again in a \
             moment"
        )),
    }
}

fn read_json(mut body: impl Read) -> Result<Value, Failure> {
    let mut text = String::new();
    body.read_to_string(&mut text).context("the server's answer was cut off")?;
    Ok(serde_json::from_str(&text).context("the server's answer is not JSON")?)
}

fn body(answer: Response<ureq::Body>) -> Result<impl Read + use<>, Failure> {
    let status = answer.status();
    let mut reader = answer.into_body().into_reader();
    if status.is_success() {
        return Ok(reader);
    }
    let mut text = String::new();
    reader.read_to_string(&mut text).context("cannot read the server's answer")?;
    let answer: Value = serde_json::from_str(&text).unwrap_or_default();
    let detail = answer["detail"].as_str().unwrap_or(&text).to_owned();
    // What is busy now may be free later; every other refusal stays one.
    let is_busy = status == StatusCode::CONFLICT && detail.contains("is running");
    let may_work_later = [StatusCode::SERVICE_UNAVAILABLE, StatusCode::INSUFFICIENT_STORAGE];
    Err(if is_busy || may_work_later.contains(&status) {
        Failure::temporary(detail)
    } else if status.is_client_error() {
        Failure::refused(detail)
    } else {
        anyhow!("the server answered {status}: {detail}").into()
    })
}
