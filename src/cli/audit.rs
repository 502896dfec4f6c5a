//! `unoc audit`

use std::io::{BufReader, Read, Write};
use std::ops::Bound;
use std::path::Path;

use anyhow::{Context, anyhow};
use serde_json::{Value, json};

use super::args::Cli;
use super::audit_args::{AuditAction, AuditListArgs};
use super::client::ApplianceClient;
use super::data_dir::check_has_site;
use super::destination::Destination;
use super::exit::CommandError;
use super::{invoker, offline, output};
use crate::app;
use crate::backup::audit_heads_in;
use crate::config::Config;
use crate::query::{
    AuditExport, AuditFilter, AuditFormat, AuditView, ExportError, check_audit, search_audit,
};
use crate::store::{ACCEPT_AUDIT_PROBLEMS, AuditEvent, Store};
use crate::util::counted;
use crate::wire::Time;

/// Rows that one request returns at most.
const PAGE_ROWS: u64 = 500;
/// Bytes of the changes of one row that are shown: `unoc audit export` has all of them.
const ROW_BYTES_MAX: usize = 64 << 10;
/// Images of a row that are shown.
const IMAGES_MAX: usize = 100;
/// Rows of an export between two writes.
const ROWS_PER_STEP: usize = 256;

pub(super) fn run(cli: &Cli, action: &AuditAction) -> Result<(), CommandError> {
    let config = cli.load_config()?;
    check_has_site(&config)?;
    match action {
        AuditAction::List(args) => list(cli, &config, args),
        AuditAction::Verify => verify(cli, &config),
        AuditAction::Accept { reason } => accept(cli, &config, reason),
        AuditAction::Export { file, format } => export(cli, &config, file, *format),
    }
}

fn list(cli: &Cli, config: &Config, args: &AuditListArgs) -> Result<(), CommandError> {
    let rows = match offline::open_detached(config)? {
        Some(store) => list_of_store(&store, args)?,
        None => list_of_server(&ApplianceClient::connect(config)?, args)?,
    };
    if cli.json {
        print_line!("{:#}", Value::Array(rows));
    } else {
        rows.iter().for_each(print_row);
    }
    Ok(())
}

fn list_of_store(store: &Store, args: &AuditListArgs) -> Result<Vec<Value>, CommandError> {
    let snapshot = store.read()?;
    let filter = AuditFilter {
        actor: args.actor.clone(),
        action: args.action.clone(),
        outcome: args.outcome,
        text: args.text.clone(),
        from: args.from,
        to: args.to,
    };
    let limit = usize::try_from(args.limit).unwrap_or(usize::MAX);
    let (mut rows, mut before) = (Vec::new(), args.before);
    loop {
        let page = search_audit(&snapshot, &filter, before, limit - rows.len())?;
        for id in page.ids {
            let one = (Bound::Included(id), Bound::Included(id));
            for row in snapshot.audit_range(one, IMAGES_MAX)? {
                let view = serde_json::to_value(AuditView::new(&row?, ROW_BYTES_MAX));
                rows.push(view.map_err(anyhow::Error::from)?);
            }
        }
        before = page.next_before;
        if before.is_none() || rows.len() >= limit {
            return Ok(rows);
        }
    }
}

fn list_of_server(
    server: &ApplianceClient,
    args: &AuditListArgs,
) -> Result<Vec<Value>, CommandError> {
    let limit = usize::try_from(args.limit).unwrap_or(usize::MAX);
    let (mut rows, mut before): (Vec<Value>, _) = (Vec::new(), args.before);
    loop {
        let missing = limit.saturating_sub(rows.len()) as u64;
        let mut query = vec![("limit", missing.clamp(1, PAGE_ROWS).to_string())];
        query.extend(before.map(|before| ("before", before.to_string())));
        let texts = [("actor", &args.actor), ("action", &args.action), ("q", &args.text)];
        query.extend(texts.into_iter().filter_map(|(key, text)| Some((key, text.clone()?))));
        query.extend(args.outcome.map(|outcome| ("outcome", outcome.as_str().to_owned())));
        let times = [("from", args.from), ("to", args.to)];
        query.extend(times.into_iter().filter_map(|(key, at)| Some((key, Time(at?).to_string()))));
        let (body, next) = server.get_with_header("/api/audit", &query, "link")?;
        match read(body)? {
            Value::Array(page) => rows.extend(page),
            _ => return Err(anyhow!("the server is older than this command").into()),
        }
        before = next.as_deref().and_then(place_of);
        if before.is_none() || rows.len() >= limit {
            return Ok(rows);
        }
    }
}

/// Where the next page begins, by a `Link` header.
fn place_of(link: &str) -> Option<u64> {
    let (target, _) = link.split_once('>')?;
    let (_, query) = target.split_once('?')?;
    query.split('&').find_map(|pair| pair.strip_prefix("before=")?.parse().ok())
}

fn print_row(row: &Value) {
    let text = |key: &str| row[key].as_str().unwrap_or("");
    let at = text("at");
    let at = at.get(.."2026-11-29T02:15:00".len()).unwrap_or(at);
    let refused = if row["outcome"] == "refused" { "REFUSED  " } else { "" };
    let changes = match row["change_count"].as_u64().unwrap_or(0) {
        0 => String::new(),
        count => format!("  {}", counted(count, "change")),
    };
    let details =
        if row["details"].is_null() { String::new() } else { format!("  {}", row["details"]) };
    let from = match text("address") {
        "" => String::new(),
        address if text("actor").contains(address) => String::new(),
        address => format!(" from {address}"),
    };
    print_line!(
        "{:>8}  {at}Z  {}{from}  {refused}{}{changes}{details}",
        row["id"].as_u64().unwrap_or(0),
        text("actor"),
        text("action")
    );
}

fn verify(cli: &Cli, config: &Config) -> Result<(), CommandError> {
    let check = match offline::open_detached(config)? {
        Some(store) => check_of_store(config, &store)?,
        None => read(ApplianceClient::connect(config)?.get("/api/audit/verify")?)?,
    };
    report(cli, &check)
}

fn check_of_store(config: &Config, store: &Store) -> Result<Value, CommandError> {
    let directory = app::backup_options(config, &[])?.directory;
    let known = audit_heads_in(&directory, store.site_id())?;
    let check = check_audit(&store.read()?, known)?;
    Ok(serde_json::to_value(check.view()).map_err(anyhow::Error::from)?)
}

/// Prints a check; an error if the trail is not as it was written.
fn report(cli: &Cli, check: &Value) -> Result<(), CommandError> {
    let number = |key: &str| check[key].as_u64().unwrap_or(0);
    let problems: Vec<&str> = texts(&check["problems"]);
    if cli.json {
        print_line!("{check:#}");
    } else {
        print_line!(
            "{} read; {} from before the chain, {} from a backup; {} known elsewhere.",
            counted(number("row_count"), "row"),
            number("unchained_count"),
            number("restored_count"),
            check["known"].as_array().map_or(0, Vec::len)
        );
        if let Some(hash) = check["head"]["hash"].as_str() {
            print_line!("The newest is row {} with the hash {hash}.", check["head"]["id"]);
        }
        for gap in check["gaps"].as_array().into_iter().flatten() {
            print_line!("Left out: {} to {}.", gap["first_id"], gap["last_id"]);
        }
        for accepted in texts(&check["accepted_problems"]) {
            print_line!("Accepted in row {}: {accepted}.", check["accepted_by"]);
        }
        problems.iter().for_each(|problem| print_line!("PROBLEM: {problem}."));
        if problems.is_empty() {
            print_line!("The audit trail is as it was written.");
        }
    }
    match problems.len() {
        0 => Ok(()),
        count => {
            let what = counted(count as u64, "problem");
            Err(anyhow!("the audit trail is not as it was written: {what}").into())
        }
    }
}

fn texts(list: &Value) -> Vec<&str> {
    list.as_array().into_iter().flatten().filter_map(Value::as_str).collect()
}

fn accept(cli: &Cli, config: &Config, reason: &str) -> Result<(), CommandError> {
    let check = match offline::open_existing(config)? {
        None => {
            let server = ApplianceClient::connect(config)?;
            read(server.post_json("/api/audit/accept", &json!({ "reason": reason }))?)?
        }
        Some(store) => {
            let before = check_of_store(config, &store)?;
            let problems = before["problems"].clone();
            if texts(&problems).is_empty() {
                before
            } else {
                let details = json!({ "reason": reason, "problems": problems });
                let origin = invoker::origin();
                let event = AuditEvent::done(origin, ACCEPT_AUDIT_PROBLEMS, details);
                let again = store.clone();
                offline::with_engine(config, store, async |engine| {
                    Ok::<_, CommandError>(
                        engine.record_event(event).await.map_err(anyhow::Error::from)?,
                    )
                })??;
                check_of_store(config, &again)?
            }
        }
    };
    report(cli, &check)
}

fn export(
    cli: &Cli,
    config: &Config,
    path: &Path,
    format: AuditFormat,
) -> Result<(), CommandError> {
    let destination = Destination::resolve(path)?;
    let name = path.display().to_string();
    let bytes = destination.write(|out| write_export(config, format, out, &name))?;
    if destination.is_stdout() {
        return Ok(());
    }
    if cli.json {
        print_line!("{}", json!({ "file": path, "bytes": bytes }));
    } else {
        print_line!("Exported the audit trail to {name} ({}).", counted(bytes, "byte"));
    }
    Ok(())
}

fn write_export(
    config: &Config,
    format: AuditFormat,
    mut out: &mut dyn Write,
    name: &str,
) -> Result<(), CommandError> {
    let Some(store) = offline::open_detached(config)? else {
        let path = format!("/api/audit/export?format={}", format.as_str());
        let body = ApplianceClient::connect(config)?.get(&path)?;
        let cut_off = |error| anyhow::Error::from(error).context("the export was cut off").into();
        return output::copy(&mut BufReader::new(body), &mut out, name, cut_off);
    };
    let snapshot = store.read()?;
    let mut export = AuditExport::new(store.site_id(), format);
    let failed = |error| match error {
        ExportError::Io(error) => CommandError::output(error, name),
        ExportError::Store(error) => error.into(),
    };
    while export.write(&snapshot, &mut out, ROWS_PER_STEP).map_err(failed)? {}
    Ok(())
}

fn read(mut body: impl Read) -> Result<Value, CommandError> {
    let mut text = String::new();
    body.read_to_string(&mut text)?;
    Ok(serde_json::from_str(&text).context("the server's answer is not JSON")?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_next_page_is_read_from_the_link() {
        let link = "</base/api/audit?limit=5&before=42&q=ada>; rel=\"next\"";
        assert_eq!(place_of(link), Some(42));
        for other in ["", "</api/audit>; rel=\"next\"", "</api/audit?before=x>; rel=\"next\""] {
            assert_eq!(place_of(other), None, "{other}");
        }
    }
}
