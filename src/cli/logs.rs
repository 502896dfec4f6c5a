//! `unoc logs`

use std::io::{self, BufReader};
use std::time::Duration;

use super::args::{Cli, LogsArgs};
use super::client::ApplianceClient;
use super::data_dir::endpoint;
use super::exit::CommandError;
use super::offline;
use super::output;
use crate::engine::Clock;
use crate::wire::Time;

/// Time between two requests for new lines while the log is followed.
const FOLLOW_EVERY: Duration = Duration::from_millis(500);
/// Lines shown before the log is followed, unless a time is given.
const LINES_BEFORE: &str = "10";
/// The header with the id of the newest line.
const LAST_ID_HEADER: &str = "x-unoc-log-id";

pub(super) fn run(cli: &Cli, args: &LogsArgs) -> Result<(), CommandError> {
    let config = cli.load_config()?;
    if endpoint(&config)?.is_none() {
        return Err(CommandError::temporary(format!(
            "no server runs on {}; its earlier log is in the journal (journalctl -u unoc)",
            config.data_dir.display()
        )));
    }
    let server = ApplianceClient::connect(&config)?;
    let filter = filter(args, cli.json);
    let first = match (args.follow, args.since) {
        (true, None) => vec![("last", LINES_BEFORE.to_owned())],
        _ => Vec::new(),
    };
    let mut last_id = show(&server, &filter, &first)?;
    if !args.follow {
        return Ok(());
    }
    let runtime = offline::runtime()?;
    loop {
        runtime.block_on(async { tokio::time::sleep(FOLLOW_EVERY).await });
        last_id = show(&server, &filter, &[("after", last_id)])?;
    }
}

/// Prints lines as they come. Returns the id of the newest line.
fn show(
    server: &ApplianceClient,
    filter: &[(&'static str, String)],
    range: &[(&'static str, String)],
) -> Result<String, CommandError> {
    let query = [filter, range].concat();
    let (body, last_id) = server.get_with_header("/api/logs/export", &query, LAST_ID_HEADER)?;
    let cut_off = |error| anyhow::Error::from(error).context("the log was cut off").into();
    let mut out = io::stdout().lock();
    output::copy(&mut BufReader::new(body), &mut out, output::STDOUT, cut_off)?;
    last_id.ok_or_else(|| anyhow::anyhow!("the server is older than this command").into())
}

fn filter(args: &LogsArgs, is_json: bool) -> Vec<(&'static str, String)> {
    let since = args.since.map(|since| Time(since.time(Clock::system().now())).to_string());
    let given = [
        ("level", args.level.clone()),
        ("target", args.target.clone()),
        ("text", args.text.clone()),
        ("request_id", args.request_id.clone()),
        ("since", since),
        ("format", is_json.then(|| "jsonl".to_owned())),
    ];
    given.into_iter().filter_map(|(key, value)| Some((key, value?))).collect()
}
