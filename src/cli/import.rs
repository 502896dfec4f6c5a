//! `unoc import`

use std::fs::File;
use std::io::{self, BufRead, BufReader};
use std::path::Path;

use anyhow::Context;

use super::args::{Cli, ImportArgs};
use super::exit::Failure;
use super::progress::Progress;
use super::{legacy, offline};
use crate::domain::{Command, Site};
use crate::sync::legacy::{FileKind, fault_of, recognise};
use crate::wire::SiteReader;

/// Large enough that a dump of gigabytes is read in few calls.
const READ_BUFFER_BYTES: usize = 128 * 1024;

pub(super) fn run(cli: &Cli, args: &ImportArgs) -> Result<(), Failure> {
    match &args.file {
        Some(file) => run_file(cli, file, args.replace),
        None => legacy::run(cli, args),
    }
}

fn run_file(cli: &Cli, file: &Path, replace: bool) -> Result<(), Failure> {
    let config = cli.load_config()?;
    // A file that is no export leaves no store behind; a pipe can be read only once.
    if file.is_file() || file.is_dir() {
        open_export(file)?;
    }
    let store = offline::open_alone(&config, "unoc import")?;
    offline::check_replace(&store, replace)?;
    let site = read(file)?;
    let counts = [site.devices.len(), site.interfaces.len(), site.links.len()];
    let progress = Progress::waiting("Loading the site");
    offline::submit(&config, store, Command::ReplaceSite(Box::new(site)))?;
    drop(progress);
    let [devices, interfaces, links] = counts;
    if cli.json {
        println!(
            "{}",
            serde_json::json!({"devices": devices, "interfaces": interfaces, "links": links})
        );
    } else {
        println!("Imported {devices} devices, {interfaces} interfaces, {links} links.");
    }
    Ok(())
}

/// A file, or standard input where it is called `-`.
pub(super) fn open(path: &Path) -> Result<Box<dyn BufRead>, Failure> {
    if path == Path::new("-") {
        return Ok(Box::new(io::stdin().lock()));
    }
    let file = File::open(path).with_context(|| format!("cannot open {}", path.display()))?;
    Ok(Box::new(BufReader::with_capacity(READ_BUFFER_BYTES, file)))
}

/// A file, unless it holds something else than an export.
fn open_export(path: &Path) -> Result<impl BufRead, Failure> {
    legacy::refuse_directory(path)?;
    let (kind, input) = recognise(open(path)?)?;
    match help(kind, path) {
        Some(help) => Err(Failure::refused(help)),
        None => Ok(input),
    }
}

/// What to do with a file that is no export of UNOC; `None` when it may be one.
fn help(kind: FileKind, path: &Path) -> Option<String> {
    let file = path.display();
    Some(match kind {
        FileKind::Json | FileKind::Unknown => return None,
        FileKind::Sql => format!(
            "{file} is a dump of PostgreSQL and no export of UNOC; if it is one of UNOC v2, load it with: \
             unoc import --from-dump {file}"
        ),
        FileKind::Packed { format, command } => {
            format!("{file} is packed with {format}; unpack it: {command} {file} | unoc import -")
        }
        FileKind::Utf16 => format!(
            "the text of {file} is UTF-16; convert it: iconv -f UTF-16 -t UTF-8 {file} | unoc import -"
        ),
        kind => format!("{file} cannot be imported: {}", fault_of(kind)?),
    })
}

fn read(path: &Path) -> Result<Site, Failure> {
    let input = open_export(path)?;
    let progress = Progress::counting("Reading");
    let site = SiteReader::new(input).read_all(|done, total| progress.at(done, total));
    let site = site.with_context(|| format!("{} cannot be imported", path.display()))?;
    Ok(site)
}
