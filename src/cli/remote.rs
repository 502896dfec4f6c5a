//! Asking the server that holds the store.

use std::io::Read;

use anyhow::{Context, anyhow};
use http::{Response, StatusCode};
use serde_json::Value;

use super::exit::Failure;
use crate::app::read_endpoint;
use crate::config::Config;

/// The running server.
pub(super) struct Remote {
    url: String,
    agent: ureq::Agent,
}

impl Remote {
    /// The server that holds this data directory.
    pub(super) fn of(config: &Config) -> Result<Self, Failure> {
        let url = read_endpoint(&config.data_dir).ok_or_else(|| {
            Failure::temporary(format!(
                "another process holds the store in {} and does not say where it listens; try \
                 again in a moment",
                config.data_dir.display()
            ))
        })?;
        // The server is on this host. A proxy of the environment would reach another one there.
        let agent = ureq::Agent::config_builder().http_status_as_error(false).proxy(None);
        let agent = agent.build().into();
        Ok(Self { url, agent })
    }

    /// The body of a successful answer.
    pub(super) fn get(&self, path: &str) -> Result<impl Read + use<>, Failure> {
        let url = format!("{}{path}", self.url);
        let answer = self.agent.get(&url).call().with_context(|| format!("cannot ask {url}"))?;
        body(answer)
    }

    /// The body of a successful answer to a request without a body.
    pub(super) fn post(&self, path: &str) -> Result<impl Read + use<>, Failure> {
        let url = format!("{}{path}", self.url);
        let answer =
            self.agent.post(&url).send_empty().with_context(|| format!("cannot ask {url}"))?;
        body(answer)
    }

    /// The body of a successful answer to a request with a JSON body.
    pub(super) fn post_json(
        &self,
        path: &str,
        value: &Value,
    ) -> Result<impl Read + use<>, Failure> {
        let url = format!("{}{path}", self.url);
        let answer =
            self.agent.post(&url).send_json(value).with_context(|| format!("cannot ask {url}"))?;
        body(answer)
    }

    /// What came of a table: the report, or what is wrong with it.
    pub(super) fn post_table(
        &self,
        path: &str,
        table: &[u8],
    ) -> Result<Result<Value, Value>, Failure> {
        let url = format!("{}{path}", self.url);
        let asked = self.agent.post(&url).content_type("text/csv").send(table);
        let answer = asked.with_context(|| format!("cannot ask {url}"))?;
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
        let url = format!("{}{path}", self.url);
        let answer = self
            .agent
            .patch(&url)
            .send_json(change)
            .with_context(|| format!("cannot ask {url}"))?;
        body(answer)
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
