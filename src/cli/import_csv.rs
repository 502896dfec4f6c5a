//! `unoc import` of a table.

use std::io::{BufRead, Read};
use std::path::Path;

use anyhow::Context;
use serde_json::Value;

use super::args::{Cli, ImportArgs};
use super::client::ApplianceClient;
use super::data_dir::is_new_data_dir;
use super::exit::CommandError;
use super::invoker;
use super::offline;
use super::progress::Progress;
use crate::config::Config;
use crate::domain::Lifecycle;
use crate::engine::{TableImport, import_table, try_table};
use crate::store::Store;
use crate::util::counted;
use crate::wire::{Reading, TABLE_BYTES_MAX, TableOptions, looks_like_table, read_table};

/// How much of a file is read to recognise a table by its heading.
const HEAD_BYTES: u64 = 4096;

/// The report of an import, or the errors in the table.
type ImportAnswer = Result<Value, Value>;

/// Returns the first bytes of a file and whether it is a table, judged by its name or its heading.
pub(super) fn recognise(
    path: &Path,
    input: &mut dyn BufRead,
) -> Result<(Vec<u8>, bool), CommandError> {
    let mut head = Vec::new();
    let read = input.take(HEAD_BYTES).read_to_end(&mut head);
    read.with_context(|| format!("cannot read {}", path.display()))?;
    let ending = path.extension().and_then(|ending| ending.to_str()).unwrap_or_default();
    let is_named = ["csv", "tsv"].iter().any(|it| ending.eq_ignore_ascii_case(it));
    let is_table = is_named || looks_like_table(&head);
    Ok((head, is_table))
}

/// Imports a table: either all of it, or nothing, with every error reported.
pub(super) fn run(
    cli: &Cli,
    args: &ImportArgs,
    path: &Path,
    input: impl Read,
) -> Result<(), CommandError> {
    let config = cli.load_config()?;
    if args.replace {
        return Err(CommandError::refused(format!(
            "{} is a table: an import adds its rows to the site or updates them; --replace is for \
             whole sites",
            path.display()
        )));
    }
    let mut table = Vec::new();
    let limit = TABLE_BYTES_MAX as u64;
    let read = input.take(limit + 1).read_to_end(&mut table);
    read.with_context(|| format!("cannot read {}", path.display()))?;
    if table.len() > TABLE_BYTES_MAX {
        return Err(CommandError::refused(format!(
            "{} is larger than {} MiB; split it",
            path.display(),
            limit >> 20
        )));
    }
    let progress = Progress::waiting("Importing the table");
    // Neither a dry run nor a table with errors creates a store.
    let tried = is_new_data_dir(&config).then(|| try_table(reading(&table, args))).transpose();
    let answer = match tried.map_err(|refusal| CommandError::refused(refusal.to_string()))? {
        Some(tried) if args.dry_run || tried.is_err() => answer(tried)?,
        _ => match offline::open_store(&config)? {
            Some(store) => run_locally(&config, store, &table, args)?,
            None => run_on_server(&config, &table, args)?,
        },
    };
    drop(progress);
    match answer {
        Ok(report) if cli.json => print_line!("{report}"),
        Ok(report) => print_report(path, &report),
        Err(errors) => {
            if cli.json {
                print_line!("{errors}");
            }
            return Err(refused(path, &errors, cli.json));
        }
    }
    Ok(())
}

fn run_locally(
    config: &Config,
    store: Store,
    table: &[u8],
    args: &ImportArgs,
) -> Result<ImportAnswer, CommandError> {
    let reading = reading(table, args);
    let (engine, thread) = offline::start_engine(config, store)?;
    let origin = invoker::origin();
    let imported = offline::runtime()?.block_on(async {
        let imported = import_table(&engine, reading, args.dry_run, origin).await;
        engine.stop().await;
        imported
    });
    offline::join(thread)?;
    answer(imported.map_err(anyhow::Error::from)?)
}

fn reading(table: &[u8], args: &ImportArgs) -> Reading {
    let options = TableOptions {
        encoding: args.encoding.unwrap_or_default(),
        kind: None,
        lifecycle_of_new: args.planned.then_some(Lifecycle::Planned),
    };
    read_table(table, options)
}

fn answer(imported: TableImport) -> Result<ImportAnswer, CommandError> {
    let value = |view: serde_json::Result<Value>| view.map_err(anyhow::Error::from);
    Ok(match imported {
        Ok(report) => Ok(value(serde_json::to_value(report))?),
        Err(errors) => Err(value(serde_json::to_value(errors))?),
    })
}

fn run_on_server(
    config: &Config,
    table: &[u8],
    args: &ImportArgs,
) -> Result<ImportAnswer, CommandError> {
    let (dry_run, encoding) = (args.dry_run, args.encoding.unwrap_or_default().as_str());
    let lifecycle = if args.planned { "&lifecycle=planned" } else { "" };
    let path = format!("/api/import/csv?dry_run={dry_run}&encoding={encoding}{lifecycle}");
    ApplianceClient::connect(config)?.post_table(&path, table)
}

fn print_report(path: &Path, report: &Value) {
    let count = |key: &str| report[key].as_u64().unwrap_or_default();
    let would = if report["is_dry_run"] == true { "Would import" } else { "Imported" };
    print_line!(
        "{would} {}: {} of {} new, {} changed, {} unchanged; {} added.",
        path.display(),
        count("created"),
        counted(count("rows"), "row"),
        count("updated"),
        count("unchanged"),
        counted(count("interfaces_created"), "interface")
    );
    for row in report["by_type"].as_array().into_iter().flatten() {
        let count = |key: &str| row[key].as_u64().unwrap_or_default();
        print_line!(
            "  {}: {} new, {} changed, {} unchanged, {} connected",
            row["device_type"].as_str().unwrap_or_default(),
            count("created"),
            count("updated"),
            count("unchanged"),
            count("connected")
        );
    }
    if count("planned") > 0 {
        let arrive = if report["is_dry_run"] == true { "would be" } else { "are" };
        print_line!("New devices and links that {arrive} planned: {}.", count("planned"));
    }
    let passed: Vec<&str> = report["columns_passed_over"]
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(Value::as_str)
        .collect();
    if !passed.is_empty() {
        print_line!("Columns that are not imported: {}.", passed.join(", "));
    }
    for warning in report["warnings"].as_array().into_iter().flatten().filter_map(Value::as_str) {
        print_line!("{warning}.");
    }
    if report["is_dry_run"] == true {
        print_line!("This was a dry run: nothing was changed.");
    }
}

/// Returns the error of a table: a line for each of its errors, unless they were printed as JSON.
fn refused(path: &Path, errors: &Value, is_printed: bool) -> CommandError {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let mut message = format!("{}: {}", path.display(), text(&errors["detail"]));
    let listed = errors["faults"].as_array().map_or(&[][..], Vec::as_slice);
    for error in listed.iter().filter(|_| !is_printed) {
        let name = error["name"].as_str().map_or_else(String::new, |name| format!(" ({name})"));
        message.push_str(&format!("\n  line {}{name}: {}", error["line"], text(&error["detail"])));
    }
    let count = errors["fault_count"].as_u64().unwrap_or_default();
    let more = count.saturating_sub(listed.len() as u64);
    if more > 0 && !is_printed {
        message.push_str(&format!("\n  and {more} more"));
    }
    CommandError::refused(message)
}
