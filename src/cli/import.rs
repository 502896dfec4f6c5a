//! `unoc import`

use std::io::{self, BufRead, BufReader, Read};
use std::path::Path;

use anyhow::Context;

use super::args::{Cli, ImportArgs};
use super::data_dir::is_new_data_dir;
use super::exit::CommandError;
use super::progress::Progress;
use super::{import_csv, import_v2, input, offline, output};
use crate::domain::{ReplaceSite, Site, Timestamp, World};
use crate::v2_import::{FileKind, detect, refusal_of};
use crate::wire::SiteReader;

pub(super) fn run(cli: &Cli, args: &ImportArgs) -> Result<(), CommandError> {
    match &args.file {
        Some(file) => run_file(cli, args, file),
        None => import_v2::run(cli, args),
    }
}

fn run_file(cli: &Cli, args: &ImportArgs, file: &Path) -> Result<(), CommandError> {
    let config = cli.load_config()?;
    let source = open_source(file);
    if source.is_err() && !args.dry_run && !is_new_data_dir(&config) {
        // An error of the store is reported rather than one of the file.
        offline::open_store(&config)?;
    }
    let input = match source? {
        Source::Table(input) => return import_csv::run(cli, args, file, input),
        Source::Site(input) => input,
    };
    if args.encoding.is_some() {
        return Err(CommandError::refused("--encoding is for CSV tables; a site is always UTF-8"));
    }
    if args.planned {
        return Err(CommandError::refused(
            "--planned is for CSV tables; a site has its lifecycles",
        ));
    }
    if args.dry_run {
        let site = read(file, input)?;
        let counts = counts(&site);
        let checked = World::default().execute(ReplaceSite(site), Timestamp(0));
        checked.map_err(|refusal| CommandError::refused(refusal.to_string()))?;
        print_counts(cli, counts, true);
        return Ok(());
    }
    let (store, site, ()) =
        offline::read_and_open(&config, args.replace, || Ok((read(file, input)?, ())))?;
    let counts = counts(&site);
    let progress = Progress::waiting("Loading the site");
    offline::execute(&config, store, ReplaceSite(site))?;
    drop(progress);
    print_counts(cli, counts, false);
    Ok(())
}

fn counts(site: &Site) -> [usize; 3] {
    [site.devices.len(), site.interfaces.len(), site.links.len()]
}

fn print_counts(cli: &Cli, [devices, interfaces, links]: [usize; 3], is_dry_run: bool) {
    if cli.json {
        let mut counts =
            serde_json::json!({"devices": devices, "interfaces": interfaces, "links": links});
        if is_dry_run {
            counts["dry_run"] = true.into();
        }
        print_line!("{counts}");
        return;
    }
    let would = if is_dry_run { "Would import" } else { "Imported" };
    print_line!("{would} {}.", output::entities([devices, interfaces, links]));
    if is_dry_run {
        print_line!("This was a dry run: nothing was changed.");
    }
}

/// What a file holds, judged by its first bytes.
enum Source {
    Table(Box<dyn BufRead>),
    Site(Box<dyn BufRead>),
}

/// Opens a table or an export. Any other file is refused with advice.
fn open_source(path: &Path) -> Result<Source, CommandError> {
    input::refuse_directory(path)?;
    let mut input = input::open(path)?;
    let (head, is_table) = import_csv::recognise(path, &mut input)?;
    let input = Box::new(BufReader::new(io::Cursor::new(head).chain(input)));
    if is_table {
        return Ok(Source::Table(input));
    }
    let (kind, input) = detect(input)?;
    match advice(kind, path) {
        Some(advice) => Err(CommandError::refused(advice)),
        None => Ok(Source::Site(Box::new(input))),
    }
}

/// Returns what to do with a file that is not an export of UNOC; `None` if it may be one.
fn advice(kind: FileKind, path: &Path) -> Option<String> {
    let file = path.display();
    Some(match kind {
        FileKind::Json | FileKind::Unknown => return None,
        FileKind::Sql => format!(
            "{file} is a PostgreSQL dump, not an export of UNOC; if it is a dump of UNOC v2, load it \
             with: unoc import --from-dump {file}"
        ),
        FileKind::Packed { format, command } => {
            format!(
                "{file} is compressed with {format}; decompress it: {command} {file} | unoc \
                 import -"
            )
        }
        FileKind::Utf16 => format!(
            "{file} is encoded in UTF-16; convert it: iconv -f UTF-16 -t UTF-8 {file} | \
             unoc import -"
        ),
        kind => format!("{file} cannot be imported: {}", refusal_of(kind)?),
    })
}

fn read(path: &Path, input: impl BufRead) -> Result<Site, CommandError> {
    let progress = Progress::counting("Reading");
    let site = SiteReader::new(input).read_all(|done, total| progress.at(done, total));
    let site = site.with_context(|| format!("{} cannot be imported", path.display()))?;
    Ok(site)
}
