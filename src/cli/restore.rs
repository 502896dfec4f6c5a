//! `unoc restore`

use std::io::{self, Read};
use std::path::{Path, PathBuf};

use anyhow::Context;
use serde_json::{Value, json};

use super::args::Cli;
use super::backup::{blocking, locate, path_segment, with_backups};
use super::backup_args::RestoreArgs;
use super::backup_print::print_restore;
use super::client::ApplianceClient;
use super::data_dir::is_new_data_dir;
use super::exit::CommandError;
use super::input;
use super::invoker;
use super::offline::{self, STOP_COMMAND};
use super::output::{self, confirm};
use super::progress::Progress;
use crate::api::RestoreView;
use crate::app;
use crate::backup::{Backups, DisasterRecovery, Header, Manifest, RestoreSource, read_head};
use crate::config::Config;
use crate::domain::{Site, Timestamp};
use crate::engine::Clock;
use crate::query::check_site;
use crate::store::{STORE_FILE, Store, StoreError, catch_damage, read_marker};
use crate::v2_import::{
    FileKind, SiteChoice, V2LinkStatus, V2Tables, correct, detect, read_dump, refusal_of,
};
use crate::wire::Time;

/// How much of a compressed file is read to tell a dump from a backup; a dump may begin with
/// warnings.
const HEAD_BYTES: u64 = 64 << 10;
/// What is asked before the site is replaced.
const QUESTION: &str = "Replace the site with this state?";

pub(super) fn run(cli: &Cli, args: &RestoreArgs) -> Result<(), CommandError> {
    let config = cli.load_config()?;
    if cli.json && !args.yes && !args.dry_run {
        return Err(CommandError::refused(
            "--json asks no questions: add --dry-run, or --yes to restore",
        ));
    }
    if let Some(name) = args.backup.as_deref().filter(|name| path_segment(name).is_err()) {
        // A file that cannot be opened must not be taken for the id of a backup.
        input::open_file(Path::new(name))?;
        input::refuse_directory(Path::new(name))?;
    }
    if let Some(file) = &args.identity {
        input::open_file(file)?;
    }
    if let Some(name) = args.backup.as_deref().filter(|name| Path::new(name).is_file()) {
        refuse_unreadable(name)?;
    }
    if !args.undo && is_new_data_dir(&config) {
        return replace_lost_store(cli, &config, args);
    }
    let path = config.data_dir.join(STORE_FILE);
    match offline::open_store(&config) {
        Ok(Some(store)) => match catch_damage(&path, || check_site(&store.read()?)) {
            Err(error) if !args.undo && error.is_missing_or_damaged() => {
                // Closing the store reads it, too.
                drop(catch_damage(&path, || {
                    drop(store);
                    Ok(())
                }));
                eprint_line!("The store cannot be used: {error}");
                replace_lost_store(cli, &config, args)
            }
            Err(error) if !args.undo => Err(error.into()),
            _ => run_locally(cli, &config, store, args),
        },
        Ok(None) => run_on_server(cli, &config, args),
        Err(error) if !args.undo && is_store_lost(&error) => {
            eprint_line!("The store cannot be used: {:#}", error.cause);
            replace_lost_store(cli, &config, args)
        }
        Err(error) => Err(error),
    }
}

/// Returns whether the store is missing or damaged.
fn is_store_lost(error: &CommandError) -> bool {
    error.cause.downcast_ref().is_some_and(StoreError::is_missing_or_damaged)
}

/// Restores on the server that uses the store.
fn run_on_server(cli: &Cli, config: &Config, args: &RestoreArgs) -> Result<(), CommandError> {
    let name = args.backup.as_deref().unwrap_or_default();
    if args.identity.is_some() || Path::new(name).is_file() {
        return Err(CommandError::temporary(format!(
            "a running unoc uses this store; it restores only backups from its list, with its own \
             keys. Stop it first: {STOP_COMMAND}"
        )));
    }
    let server = ApplianceClient::connect(config)?;
    let restore = |dry_run: bool| -> Result<Value, CommandError> {
        let mut text = String::new();
        if args.undo {
            let path = format!("/api/backups/undo?dry_run={dry_run}");
            server.post(&path)?.read_to_string(&mut text)?;
        } else {
            let path = format!("/api/backups/{}/restore", path_segment(name)?);
            server.post_json(&path, &json!({"dry_run": dry_run}))?.read_to_string(&mut text)?;
        }
        Ok(serde_json::from_str(&text).context("the server's answer is not JSON")?)
    };
    preview_and_restore(cli, args, restore)
}

/// Restores with an engine in this process, while no server runs.
fn run_locally(
    cli: &Cli,
    config: &Config,
    store: Store,
    args: &RestoreArgs,
) -> Result<(), CommandError> {
    let identities: Vec<PathBuf> = args.identity.iter().cloned().collect();
    let legacy = args.backup.as_deref().map(Path::new).filter(|path| is_legacy(path));
    let site = legacy.map(|path| read_legacy(cli, path)).transpose()?;
    with_backups(config, store, &identities, async |backups| {
        let runtime = tokio::runtime::Handle::current();
        let restore = |dry_run: bool| {
            let (backups, args) = (backups.clone(), RestoreRequest::of(args, site.clone()));
            tokio::task::block_in_place(|| {
                runtime.block_on(async { args.carry_out(backups, dry_run).await })
            })
        };
        preview_and_restore(cli, args, restore)
    })
}

/// What to restore.
struct RestoreRequest {
    name: Option<String>,
    site: Option<Site>,
}

impl RestoreRequest {
    fn of(args: &RestoreArgs, site: Option<Site>) -> Self {
        Self { name: args.backup.clone(), site }
    }

    async fn carry_out(self, backups: Backups, is_dry_run: bool) -> Result<Value, CommandError> {
        let origin = invoker::origin();
        let Self { name, site } = self;
        let source = match (name, site) {
            (None, _) => RestoreSource::Undo,
            (Some(name), Some(site)) => RestoreSource::Dump { site: Box::new(site), name },
            (Some(name), None) if Path::new(&name).is_file() => RestoreSource::File(name.into()),
            (Some(name), None) => {
                let found = find(&backups, &name).await?;
                RestoreSource::Backup(backups.fetch(&found).await?.id)
            }
        };
        let report = blocking(move || backups.restore(source, is_dry_run, &origin)).await?;
        Ok(serde_json::to_value(RestoreView::new(report)).map_err(anyhow::Error::from)?)
    }
}

/// Finds a backup in the list, or else at an off-host target.
async fn find(
    backups: &Backups,
    name: &str,
) -> Result<crate::backup::CatalogEntry, crate::backup::BackupError> {
    match backups.find(name) {
        Err(error) if backups.options().has_targets() => {
            let asked = backups.discover().await;
            // A target that could not be searched may have it.
            backups.find(name).map_err(|_| asked.err().unwrap_or(error))
        }
        found => found,
    }
}

/// Shows what would change, asks for confirmation, and restores.
fn preview_and_restore(
    cli: &Cli,
    args: &RestoreArgs,
    restore: impl Fn(bool) -> Result<Value, CommandError>,
) -> Result<(), CommandError> {
    if !args.yes || args.dry_run {
        let progress = Progress::waiting("Restoring into a scratch store");
        let preview = restore(true)?;
        drop(progress);
        if args.dry_run {
            show(cli, &preview);
            return Ok(());
        }
        print_restore(&preview);
        confirm(QUESTION)?;
    }
    let progress = Progress::waiting("Restoring");
    let done = restore(false)?;
    drop(progress);
    show(cli, &done);
    if !cli.json {
        print_line!("Done in {} ms. unoc restore --undo undoes it.", done["duration_ms"]);
    }
    Ok(())
}

fn show(cli: &Cli, answer: &Value) {
    if cli.json {
        print_line!("{answer:#}");
    } else {
        print_restore(answer);
    }
}

/// Replaces a missing or damaged store with a restored one.
fn replace_lost_store(cli: &Cli, config: &Config, args: &RestoreArgs) -> Result<(), CommandError> {
    let name = args.backup.clone().unwrap_or_default();
    if is_legacy(Path::new(&name)) {
        // Errors of the dump are reported first.
        read_tables(Path::new(&name))?;
        let first =
            if is_new_data_dir(config) { "" } else { "move the remains of the store away, then: " };
        return Err(CommandError::refused(format!(
            "a dump of UNOC v2 cannot be restored without a store; {first}unoc import --from-dump \
             {name}"
        )));
    }
    let marker = read_marker(&config.data_dir).ok().flatten();
    let site_id = marker.map(|marker| marker.site_id).or(config.site_id);
    let identities: Vec<PathBuf> = args.identity.iter().cloned().collect();
    let options = app::backup_options(config, &identities)?;
    let recovery = DisasterRecovery::new(options, site_id, Clock::system());
    let (file, manifest) = find_backup_file(config, &recovery, &name)?;
    if args.dry_run {
        return verify_only(cli, &recovery, &file, manifest.as_ref());
    }
    if let Some(manifest) = manifest.as_ref().filter(|_| !cli.json) {
        print_line!("{}: {}", manifest.file, state_text(&manifest.header));
    }
    if !args.yes && !is_new_data_dir(config) {
        confirm(QUESTION)?;
    }
    let progress = Progress::waiting("Restoring");
    let done = recovery.restore(&file, manifest.as_ref(), invoker::origin())?;
    drop(progress);
    if cli.json {
        let (site_id, seq) = (done.header.site_id, done.header.seq);
        print_line!(
            "{}",
            json!({"file": file, "site_id": site_id, "seq": seq, "set_aside": done.set_aside,
                "duration_ms": done.duration_ms})
        );
        return Ok(());
    }
    let (state, file) = (state_text(&done.header), file.display());
    print_line!("Restored {state}, from {file} in {} ms.", done.duration_ms);
    if let Some(set_aside) = &done.set_aside {
        print_line!("The previous files are in {}.", set_aside.display());
    }
    Ok(())
}

/// Finds a file by its path, or a backup in the directory or at an off-host target.
fn find_backup_file(
    config: &Config,
    recovery: &DisasterRecovery,
    name: &str,
) -> Result<(PathBuf, Option<Manifest>), CommandError> {
    if Path::new(name).is_file() {
        return locate(config, name);
    }
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .context("cannot start the runtime")?;
    let (file, manifest) = runtime.block_on(recovery.find(name))?;
    Ok((file, Some(manifest)))
}

/// Restores the backup into a scratch store and prints what it holds.
fn verify_only(
    cli: &Cli,
    recovery: &DisasterRecovery,
    file: &Path,
    manifest: Option<&Manifest>,
) -> Result<(), CommandError> {
    let found = recovery.verify_file(file, manifest, &std::env::temp_dir())?;
    let header = &found.header;
    if cli.json {
        let (site_id, seq) = (header.site_id, header.seq);
        print_line!(
            "{}",
            json!({"file": file, "site_id": site_id, "seq": seq, "is_dry_run": true})
        );
    } else {
        print_line!("{} can be restored: {}.", file.display(), state_text(header));
    }
    Ok(())
}

fn state_text(header: &Header) -> String {
    format!("site {} as of {}, seq {}", header.site_id, time_text(header.taken_at()), header.seq)
}

fn time_text(time: Timestamp) -> String {
    match serde_json::to_value(Time(time)) {
        Ok(Value::String(text)) => text,
        _ => "an unknown time".to_owned(),
    }
}

fn is_legacy(path: &Path) -> bool {
    kind_of(path).is_some_and(|kind| kind == FileKind::Sql)
}

fn kind_of(path: &Path) -> Option<FileKind> {
    let file = std::fs::File::open(path).ok().filter(|_| path.is_file())?;
    detect(io::BufReader::new(file)).ok().map(|(kind, _)| kind)
}

/// Refuses a file that is neither a backup nor an SQL dump, with the command that converts it.
fn refuse_unreadable(name: &str) -> Result<(), CommandError> {
    let path = Path::new(name);
    let obstacle = match kind_of(path) {
        None | Some(FileKind::OwnBackup | FileKind::Encrypted) => None,
        // Backups are compressed with Zstandard, too; a damaged one is reported later.
        Some(kind @ FileKind::Packed { format: "Zstandard", .. }) => {
            let is_dump =
                read_head(path, HEAD_BYTES).is_ok_and(|head| FileKind::of(&head) == FileKind::Sql);
            refusal_of(kind).filter(|_| is_dump)
        }
        Some(kind) => refusal_of(kind),
    };
    let Some(obstacle) = obstacle else { return Ok(()) };
    Err(CommandError::refused(format!("{name} cannot be restored: {obstacle}")))
}

fn read_tables(path: &Path) -> Result<V2Tables, CommandError> {
    read_dump(input::open(path)?, &SiteChoice::default()).map_err(|error| {
        CommandError::from(error).context(format!("{} cannot be restored", path.display()))
    })
}

fn read_legacy(cli: &Cli, path: &Path) -> Result<Site, CommandError> {
    let corrected = correct(read_tables(path)?, V2LinkStatus::Compute, Clock::system().now());
    if !cli.json {
        super::import_v2_report::print_report(&corrected.report, None, false, true)
            .map_err(output::stdout_error)?;
    }
    Ok(corrected.site)
}
