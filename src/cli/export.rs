//! `unoc export`

use std::io::{BufReader, Write};
use std::path::Path;

use super::args::{Cli, ExportArgs};
use super::client::ApplianceClient;
use super::destination::Destination;
use super::exit::CommandError;
use super::offline;
use super::output;
use super::progress::Progress;
use crate::config::Config;
use crate::query::{ExportError, export_site, export_table};
use crate::util::counted;
use crate::wire::TableKind;

pub(super) fn run(cli: &Cli, args: &ExportArgs) -> Result<(), CommandError> {
    let config = cli.load_config()?;
    let path = args.file.as_deref().unwrap_or_else(|| Path::new("-"));
    let destination = Destination::resolve(path)?;
    let name = path.display().to_string();
    let bytes = destination.write(|out| write(&config, args, out, &name))?;
    if destination.is_stdout() {
        return Ok(());
    }
    if cli.json {
        print_line!("{}", serde_json::json!({"file": path, "bytes": bytes}));
    } else {
        let what = args.csv.map_or("site", TableKind::as_str);
        print_line!("Exported the {what} to {name} ({}).", counted(bytes, "byte"));
    }
    Ok(())
}

/// Writes the export from the store, or from the server that uses it; both give the same bytes.
fn write(
    config: &Config,
    args: &ExportArgs,
    mut out: &mut dyn Write,
    name: &str,
) -> Result<(), CommandError> {
    let separator = args.separator.unwrap_or_default();
    let Some(store) = offline::open_existing(config)? else {
        let path = match args.csv {
            None => "/api/export".to_owned(),
            Some(kind) => {
                format!("/api/export/{}.csv?separator={}", kind.as_str(), separator.as_str())
            }
        };
        let body = ApplianceClient::connect(config)?.get(&path)?;
        let cut_off = |error| anyhow::Error::from(error).context("the export was cut off").into();
        return output::copy(&mut BufReader::new(body), &mut out, name, cut_off);
    };
    let progress = Progress::counting("Exporting");
    let snapshot = store.read()?;
    let step = |done, total| progress.at(done, total);
    let written = match args.csv {
        None => export_site(&snapshot, store.site_id(), &mut out, step),
        Some(kind) => export_table(&snapshot, kind, separator, &mut out),
    };
    written.map_err(|error| match error {
        ExportError::Io(error) => CommandError::output(error, name),
        ExportError::Store(error) => error.into(),
    })
}
