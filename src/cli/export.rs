//! `unoc export`

use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::path::Path;

use anyhow::Context;

use super::args::{Cli, ExportArgs};
use super::exit::Failure;
use super::offline;
use super::progress::Progress;
use super::remote::Remote;
use crate::config::Config;
use crate::engine::export_site;

pub(super) fn run(cli: &Cli, args: &ExportArgs) -> Result<(), Failure> {
    let config = cli.load_config()?;
    let Some(path) = &args.file else {
        return write_site(&config, &mut io::stdout().lock());
    };
    write_file(&config, path)?;
    let bytes = fs::metadata(path)?.len();
    if cli.json {
        println!("{}", serde_json::json!({"file": path, "bytes": bytes}));
    } else {
        println!("Exported the site to {} ({bytes} bytes).", path.display());
    }
    Ok(())
}

/// The file appears under its name only when it is complete and durable.
fn write_file(config: &Config, path: &Path) -> Result<(), Failure> {
    let mut name = path.file_name().context("the file needs a name")?.to_owned();
    name.push(".part");
    let temporary = path.with_file_name(name);
    let written = (|| {
        let file = File::create(&temporary)
            .with_context(|| format!("cannot create {}", temporary.display()))?;
        let mut out = BufWriter::new(file);
        write_site(config, &mut out)?;
        out.flush()?;
        out.get_ref().sync_all()?;
        Ok(fs::rename(&temporary, path)?)
    })();
    if written.is_err() {
        // What was written is of no use; that it could not be removed changes nothing.
        fs::remove_file(&temporary).ok();
    }
    written
}

/// From the store, or from the server that holds it: the same bytes either way.
fn write_site(config: &Config, out: &mut impl Write) -> Result<(), Failure> {
    let Some(store) = offline::open_store(config)? else {
        let mut body = Remote::of(config)?.get("/api/export")?;
        io::copy(&mut body, out).context("the export was cut off")?;
        return Ok(());
    };
    let progress = Progress::counting("Exporting");
    let mut out = BufWriter::new(out);
    export_site(&store.read()?, store.site_id(), &mut out, |done, total| progress.at(done, total))
        .map_err(anyhow::Error::from)?;
    out.flush()?;
    Ok(())
}
