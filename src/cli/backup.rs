//! `unoc backup`

use std::io::{self, Read};
use std::path::{Path, PathBuf};

use anyhow::Context;
use serde_json::Value;

use super::args::Cli;
use super::backup_args::BackupAction;
use super::backup_print::{print_backup, print_list, print_pruning};
use super::client::ApplianceClient;
use super::data_dir::check_has_site;
use super::exit::CommandError;
use super::invoker;
use super::offline;
use super::output;
use super::progress::Progress;
use crate::api::{BackupView, BackupsView, PruningView};
use crate::app;
use crate::backup::{
    self, BackupError, BackupReason, Backups, Depth, KeyPair, Keyring, Manifest, manifest_beside,
    read_sql,
};
use crate::config::{Config, ShownKey};
use crate::engine::Clock;
use crate::store::Store;
use crate::util::{counted, run_blocking};

pub(super) fn run(cli: &Cli, action: &BackupAction) -> Result<(), CommandError> {
    let config = cli.load_config()?;
    match action {
        BackupAction::Keygen => {
            keygen(cli, &config);
            Ok(())
        }
        BackupAction::Cat { backup, identity } => cat(&config, backup, identity.as_deref()),
        BackupAction::Verify { backup, identity: Some(identity) } => {
            verify_key(cli, &config, backup, identity)
        }
        BackupAction::Verify { backup, .. } if Path::new(backup).is_file() => {
            let keyring = keyring(&config, None)?;
            verify_file(cli, Path::new(backup), &keyring)
        }
        action => run_on_store(cli, &config, action),
    }
}

/// Refuses --backup-dir: a running server uses its own directory and would ignore the flag.
fn check_no_backup_dir_flag(config: &Config) -> Result<(), CommandError> {
    let shown = config.show();
    let is_given = |it: &&ShownKey| it.key == "backup_dir" && it.source.starts_with("flag");
    if shown.iter().find(is_given).is_none() {
        return Ok(());
    }
    Err(CommandError::refused(format!(
        "a running unoc uses this store and its own backup_dir; to use another directory, stop it \
         first: {}",
        offline::STOP_COMMAND
    )))
}

/// Runs an action that needs the list of backups: on the running server, or in this process.
fn run_on_store(cli: &Cli, config: &Config, action: &BackupAction) -> Result<(), CommandError> {
    check_has_site(config)?;
    let progress = Progress::waiting(match action {
        BackupAction::Now => "Saving the site",
        BackupAction::Verify { .. } => "Restoring into a scratch store",
        _ => "Reading the backups",
    });
    let answer = match offline::open_store(config)? {
        Some(store) => run_locally(config, store, action)?,
        None => run_on_server(config, action)?,
    };
    drop(progress);
    if cli.json {
        print_line!("{answer:#}");
    } else {
        match action {
            BackupAction::List { .. } => print_list(&answer),
            BackupAction::Prune { dry_run } => print_pruning(&answer, *dry_run),
            _ => print_backup(&answer),
        }
    }
    let copies = answer["copies"].as_array().into_iter().flatten();
    let failed: Vec<_> = copies.filter(|copy| copy["state"] == "failed").collect();
    if matches!(action, BackupAction::Now) && !failed.is_empty() {
        let retried = failed.iter().filter(|copy| !copy["next_attempt_at"].is_null()).count();
        let and_now = match retried {
            0 => "",
            all if all == failed.len() => "; they will be retried",
            _ => "; copies to configured targets will be retried",
        };
        return Err(CommandError::temporary(format!(
            "the backup is verified, but some off-host copies failed (see above){and_now}"
        )));
    }
    let stay = answer["stay"].as_array().map_or(&[][..], Vec::as_slice);
    if let Some(first) = stay.first() {
        let copies = counted(stay.len(), "off-host copy");
        let reason = first["reason"].as_str().unwrap_or_default();
        return Err(CommandError::temporary(format!("{copies} could not be removed: {reason}")));
    }
    if answer["state"] == "bad" {
        let message = answer["verification"]["message"].as_str().unwrap_or_default();
        return Err(CommandError::refused(format!("the backup failed: {message}")));
    }
    let verification = &answer["verification"];
    if matches!(action, BackupAction::Verify { .. }) && verification["postgres_result"] == "failed"
    {
        let message = verification["message"].as_str().unwrap_or_default();
        return Err(CommandError::temporary(format!(
            "the backup could not be verified in PostgreSQL: {message}"
        )));
    }
    Ok(())
}

fn run_on_server(config: &Config, action: &BackupAction) -> Result<Value, CommandError> {
    check_no_backup_dir_flag(config)?;
    let server = ApplianceClient::connect(config)?;
    let mut text = String::new();
    match action {
        BackupAction::Now => server.post("/api/backups")?.read_to_string(&mut text)?,
        BackupAction::Verify { backup, .. } => server
            .post(&format!("/api/backups/{}/verify", path_segment(backup)?))?
            .read_to_string(&mut text)?,
        BackupAction::Prune { dry_run: false } => {
            server.post("/api/backups/prune")?.read_to_string(&mut text)?
        }
        BackupAction::Prune { .. } => {
            server.get("/api/backups/prune")?.read_to_string(&mut text)?
        }
        BackupAction::List { offhost: true } => {
            server.post("/api/backups/discover")?.read_to_string(&mut text)?
        }
        _ => server.get("/api/backups")?.read_to_string(&mut text)?,
    };
    Ok(serde_json::from_str(&text).context("the server's answer is not JSON")?)
}

/// Returns `name` if it can be a segment of a URL's path.
pub(super) fn path_segment(name: &str) -> Result<&str, BackupError> {
    let is_plain = name.bytes().all(|b| b.is_ascii_alphanumeric() || b"_.".contains(&b));
    if is_plain { Ok(name) } else { Err(BackupError::NotFound(name.to_owned())) }
}

fn run_locally(
    config: &Config,
    store: Store,
    action: &BackupAction,
) -> Result<Value, CommandError> {
    with_backups(config, store, &[], async |backups| {
        let value = match action {
            BackupAction::Now => {
                let worker = backups.clone();
                let work = move || worker.back_up(BackupReason::Manual, &|_| {});
                let entry = blocking(work).await?;
                backups.record_made(&entry, invoker::origin()).await;
                backups.copy_due(true, &|_| {}).await?;
                backups.prune(&invoker::origin(), &|_| {}).await?;
                view(&backups, entry.id.as_str())?
            }
            BackupAction::Verify { backup, .. } => {
                let entry = backups.fetch(&backups.find(backup)?).await?;
                let worker = backups.clone();
                let work = move || worker.verify(entry.id.as_str(), Depth::Full, &|_| {});
                let verified = blocking(work).await?;
                backups.record_verified(&verified, invoker::origin()).await;
                view(&backups, verified.id.as_str())?
            }
            BackupAction::Prune { dry_run: false } => serde_json::to_value(PruningView::new(
                backups.prune(&invoker::origin(), &|_| {}).await?,
            )),
            BackupAction::Prune { .. } => {
                serde_json::to_value(PruningView::new(backups.preview_pruning()?))
            }
            BackupAction::List { offhost } => {
                if *offhost {
                    let found = backups.discover().await?;
                    backups.record_search(found, invoker::origin()).await;
                }
                serde_json::to_value(BackupsView::new(&backups, backups.overview()?))
            }
            BackupAction::Cat { .. } | BackupAction::Keygen => Ok(Value::Null),
        };
        Ok(value.map_err(anyhow::Error::from)?)
    })
}

type Viewed = Result<serde_json::Result<Value>, BackupError>;

fn view(backups: &Backups, id: &str) -> Viewed {
    let overview = backups.overview()?;
    let entry = backups.find(id)?;
    let is_newest = overview.newest_verified.is_some_and(|newest| newest.id == entry.id);
    Ok(serde_json::to_value(BackupView::new(&entry, is_newest, &overview.retained)))
}

/// Runs blocking work on a thread for that.
pub(super) async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, BackupError> + Send + 'static,
) -> Result<T, CommandError> {
    Ok(run_blocking(work).await.map_err(BackupError::from)??)
}

/// Starts an engine in this process, on a store that no server uses, and runs `work` with its
/// backups.
pub(super) fn with_backups<T>(
    config: &Config,
    store: Store,
    identities: &[PathBuf],
    work: impl AsyncFnOnce(Backups) -> Result<T, CommandError>,
) -> Result<T, CommandError> {
    offline::with_engine(config, store, async |engine| {
        work(app::start_backups(config, &engine, identities)?).await
    })?
}

/// Loads the keys of this host and, if given, those of the file `identity`.
pub(super) fn keyring(config: &Config, identity: Option<&Path>) -> Result<Keyring, CommandError> {
    let mut files: Vec<PathBuf> = identity.map(Path::to_owned).into_iter().collect();
    files.extend(config.backup_identity_file.clone());
    Ok(Keyring::load(&[], &files, &config.data_dir)?)
}

/// Finds the file that `name` is the path of, or the backup with this id in the backup directory.
pub(super) fn locate(
    config: &Config,
    name: &str,
) -> Result<(PathBuf, Option<Manifest>), CommandError> {
    let path = PathBuf::from(name);
    if path.is_file() {
        let manifest = manifest_beside(&path);
        return Ok((path, manifest));
    }
    let (path, manifest) = backup::find_file(&config.backup_dir(), name)?;
    Ok((path, Some(manifest)))
}

fn cat(config: &Config, name: &str, identity: Option<&Path>) -> Result<(), CommandError> {
    let (path, manifest) = locate(config, name)?;
    let keyring = keyring(config, identity)?;
    let made_for = manifest.map_or_else(Vec::new, |manifest| manifest.key_ids);
    let mut text = read_sql(&path, &keyring, &made_for)?;
    let damaged = |error: io::Error| {
        let file = path.display().to_string();
        CommandError::from(BackupError::Damaged { file, what: error.to_string() })
    };
    output::copy(&mut text, &mut io::stdout().lock(), output::STDOUT, damaged)
}

/// Verifies that the secret key in a file, without any other key, decrypts a backup.
fn verify_key(cli: &Cli, config: &Config, name: &str, identity: &Path) -> Result<(), CommandError> {
    let keyring = Keyring::of_files(&[identity])?;
    let (path, _) = locate(config, name)?;
    if !backup::is_encrypted(&path)? {
        return Err(CommandError::refused(format!(
            "{} is not encrypted, so it cannot be used to check the key; set backup_recipients, \
             restart, and make another backup",
            path.display()
        )));
    }
    verify_file(cli, &path, &keyring)?;
    if !cli.json {
        print_line!("The key decrypts it: {}", keyring.identity_ids().join(", "));
    }
    Ok(())
}

fn verify_file(cli: &Cli, path: &Path, keyring: &Keyring) -> Result<(), CommandError> {
    let progress = Progress::waiting("Restoring into a scratch store");
    let manifest = manifest_beside(path);
    let now = Clock::system().now();
    let scratch = std::env::temp_dir();
    let done = backup::verify_file(path, manifest.as_ref(), keyring, &scratch, now)?;
    drop(progress);
    if cli.json {
        print_line!(
            "{}",
            serde_json::json!({
                "file": path, "site_id": done.header.site_id, "seq": done.header.seq,
                "version": done.header.version, "duration_ms": done.duration_ms,
            })
        );
    } else {
        print_line!(
            "{}: verified by restoring it into a scratch store in {} ms. It holds site {} as of \
             seq {}, saved by UNOC {}.",
            path.display(),
            done.duration_ms,
            done.header.site_id,
            done.header.seq,
            done.header.version
        );
    }
    Ok(())
}

fn keygen(cli: &Cli, config: &Config) {
    let KeyPair { secret, recipient, key_id } = KeyPair::generate();
    if cli.json {
        let value = serde_json::json!({"secret": secret, "recipient": recipient, "key_id": key_id});
        print_line!("{value}");
        return;
    }
    let fingerprint: Vec<&str> =
        key_id.as_bytes().chunks(4).filter_map(|four| str::from_utf8(four).ok()).collect();
    print_line!(
        "UNOC RECOVERY KIT            site {site}\n\
         Print this page and keep it away from the host. It is not stored anywhere.\n\
         Anyone who has it can read every backup that was made for it.\n\n\
         Secret key    {secret}\n\
         Public key    {recipient}\n\
         Fingerprint   {fingerprint}\n\n\
         Once, on the host, in /etc/unoc/unoc.toml (several keys are separated by commas):\n    \
             backup_recipients = \"{recipient}\"\n    \
             systemctl restart unoc\n\n\
         To restore: write the secret key into a file, here key.txt\n    \
             systemctl stop unoc\n    \
             sudo unoc restore latest --identity key.txt\n    \
             systemctl start unoc\n\n\
         Without UNOC, with age, zstd and psql:\n    \
             age -d -i key.txt FILE.sql.zst.age | zstd -d | psql DATABASE\n\n\
         Twice a year, to check that this page is the right one:\n    \
             sudo unoc backup verify latest --identity key.txt",
        site = config.site_name,
        fingerprint = fingerprint.join(" "),
    );
}
