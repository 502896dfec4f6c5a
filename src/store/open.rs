//! Opening and creating a store, and refusing to create an empty one in place of a lost one.

use std::fmt;
use std::fs::{self, OpenOptions as FileOptions};
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use redb::{Builder, Database, DatabaseError, StorageBackend, StorageError, WriteTransaction};
use uuid::Uuid;

use super::access;
use super::error::{StoreError, catch_damage, io, is_damage};
use super::marker::{self, MARKER_FILE, SiteMarker};
use super::{DiskSpace, meta, tables};
use crate::domain::Timestamp;
use crate::util::files;

/// The store's file name inside the data directory.
pub const STORE_FILE: &str = "unoc.redb";
/// A store under construction; renamed once its sentinel is durable.
const NEW_STORE_FILE: &str = "unoc.redb.new";

/// How to open a store.
#[derive(Clone, Copy, Debug)]
pub struct OpenOptions {
    /// redb's page cache; the default of 1 GiB is too much for an edge host.
    pub cache_bytes: usize,
    /// The current time: when a new store is created.
    pub now: Timestamp,
    /// The site that the store must hold, and that a new one gets. Without it, any site or a new one.
    pub site_id: Option<Uuid>,
}

/// The open store. Cloning shares it; the file is closed with the last clone and snapshot.
#[derive(Clone)]
pub struct Store {
    pub(super) db: Arc<Database>,
    directory: PathBuf,
    site_id: Uuid,
}

impl Store {
    /// Opens the store of a data directory, creating the directory and the store when both are new. A
    /// store of an older version is opened as it is: see [`Store::upgrade`].
    ///
    /// # Errors
    /// [`StoreError::Locked`] while another process has it open; [`StoreError::Missing`] when the
    /// marker names a site and the store is missing or damaged; others as named.
    pub fn open(directory: &Path, options: OpenOptions) -> Result<Self, StoreError> {
        Self::open_observed(directory, options, |_| {})
    }

    /// As [`Self::open`]; `on_repair` is told how far a repair after an unclean shutdown is, in percent.
    ///
    /// # Errors
    /// As [`Self::open`].
    pub fn open_observed(
        directory: &Path,
        options: OpenOptions,
        on_repair: fn(f64),
    ) -> Result<Self, StoreError> {
        create_private_dir(directory)?;
        // One process at a time: two that both find no store would each create one, and the second would
        // replace the first. Released at the end; from then on the store's own lock counts.
        let _lock = lock(directory)?;
        let path = directory.join(STORE_FILE);
        let marker = match marker::read(directory) {
            Err(StoreError::BadMarker { path: marker, what }) => {
                return Err(Self::bad_marker(&path, options, marker, what));
            }
            read => read?,
        };
        if !access::check(&path)? {
            if let Some(marker) = marker {
                let what = format!("{STORE_FILE} is missing");
                return Err(missing(directory, &marker, what));
            }
            create_file(directory, options)?;
        }
        let mut builder = builder(options);
        observe_repair(&mut builder, on_repair);
        let opened =
            catch_damage(&path, || Self::open_file(&path, &builder, directory, marker.as_ref()));
        let (db, site_id) =
            opened.map_err(|error| beside_marker(error, directory, marker.as_ref()))?;
        check_site_id(options, site_id)?;
        if marker.is_none() {
            marker::write(directory, &SiteMarker { site_id })?;
        }
        Ok(Self { db: Arc::new(db), directory: directory.to_owned(), site_id })
    }

    fn open_file(
        path: &Path,
        builder: &Builder,
        directory: &Path,
        marker: Option<&SiteMarker>,
    ) -> Result<(Database, Uuid), StoreError> {
        // Opening without creating: redb 4.6 would otherwise make a store of an empty file.
        // Read-only first: opening for writing changes a file, even one that is then refused.
        if let Ok(db) = builder.open_read_only(path) {
            Self::check_sentinel(&db, path, directory, marker)?;
        }
        let db = builder.open(path).map_err(|error| {
            open_error(path, error).unwrap_or_else(|damage| not_a_store(path, &damage))
        })?;
        let site_id = Self::check_sentinel(&db, path, directory, marker)?;
        Ok((db, site_id))
    }

    /// The error for a marker that cannot be read. A whole store names its site itself; beside a lost
    /// one the marker is the only trace of the site: without it, the next start would create an empty
    /// store.
    fn bad_marker(
        path: &Path,
        options: OpenOptions,
        marker: PathBuf,
        marker_error: String,
    ) -> StoreError {
        let what = match access::check(path) {
            Ok(false) => format!("{STORE_FILE} is missing"),
            Ok(true) => match catch_damage(path, || Self::probe(path, options)) {
                Ok(()) => return StoreError::BadMarker { path: marker, what: marker_error },
                Err(error) if error.is_missing_or_damaged() => error.to_string(),
                Err(error) => return error,
            },
            Err(error) => return error,
        };
        StoreError::StoreAndMarkerLost { marker, marker_error, what }
    }

    /// Checks that the file is a store of some site, without changing it.
    fn probe(path: &Path, options: OpenOptions) -> Result<(), StoreError> {
        match builder(options).open_read_only(path) {
            Ok(db) => Self::check_sentinel(&db, path, Path::new(""), None).map(drop),
            // It was not closed cleanly; the next start repairs it.
            Err(DatabaseError::RepairAborted) => Ok(()),
            Err(error) => {
                Err(open_error(path, error).unwrap_or_else(|damage| not_a_store(path, &damage)))
            }
        }
    }

    /// Opens a store on a given backend, creating it when the backend is empty: for tests that
    /// fail or lose writes on purpose.
    ///
    /// # Errors
    /// As [`Store::open`].
    pub fn with_backend(
        backend: impl StorageBackend,
        options: OpenOptions,
    ) -> Result<Self, StoreError> {
        let is_new = backend.len().map_err(|error| StoreError::NotAStore {
            path: PathBuf::new(),
            what: format!("{error:?}"),
        })? == 0;
        let db = builder(options).create_with_backend(backend).map_err(redb::Error::from)?;
        if is_new {
            initialise(&db, Uuid::nil(), options.now)?;
        }
        let site_id = Self::check_sentinel(&db, Path::new("backend"), Path::new(""), None)?;
        Ok(Self { db: Arc::new(db), directory: PathBuf::from("/"), site_id })
    }

    /// The schema version of the file. One below that of [`Store::upgrade`] holds the whole site, but jobs
    /// cannot be read from it.
    ///
    /// # Errors
    /// Read errors.
    pub fn schema_version(&self) -> Result<u32, StoreError> {
        use redb::ReadableDatabase;
        let meta = self.db.begin_read()?.open_table(tables::META)?;
        Ok(meta::read_site(&meta)?.map_or(0, |site| site.schema_version))
    }

    /// Whether the store needs [`Store::upgrade`].
    ///
    /// # Errors
    /// Read errors.
    pub fn needs_upgrade(&self) -> Result<bool, StoreError> {
        Ok(self.schema_version()? < meta::SCHEMA_VERSION)
    }

    /// Upgrades an older store to the schema version of this program, in one transaction: a crash leaves
    /// the one or the other. An older program refuses the store afterwards.
    ///
    /// # Errors
    /// As [`Store::commit`].
    pub fn upgrade(&self) -> Result<(), StoreError> {
        let tx = self.db.begin_write()?;
        {
            let mut meta = tx.open_table(tables::META)?;
            if let Some(site) = meta::read_site(&meta)? {
                meta::upgrade_site(&mut meta, &site)?;
            }
            create_job_tables(&tx)?;
            create_history_tables(&tx)?;
        }
        tx.commit()?;
        Ok(())
    }

    /// Whether the site is from before cross-connects, and [`Store::set_joined`] was not called since.
    ///
    /// # Errors
    /// Read errors.
    pub fn is_unjoined(&self) -> Result<bool, StoreError> {
        use redb::ReadableDatabase;
        meta::is_unjoined(&self.db.begin_read()?.open_table(tables::META)?)
    }

    /// Notes that the site may be from before cross-connects: unless it has any, the engine assumes them
    /// when it starts.
    ///
    /// # Errors
    /// As [`Store::commit`].
    pub fn set_unjoined(&self) -> Result<(), StoreError> {
        let tx = self.db.begin_write()?;
        meta::set_unjoined(&mut tx.open_table(tables::META)?)?;
        tx.commit()?;
        Ok(())
    }

    /// Notes that the cross-connects of an older site were assumed.
    ///
    /// # Errors
    /// As [`Store::commit`].
    pub fn set_joined(&self) -> Result<(), StoreError> {
        let tx = self.db.begin_write()?;
        meta::set_joined(&mut tx.open_table(tables::META)?)?;
        tx.commit()?;
        Ok(())
    }

    pub(super) fn new(db: Database, directory: &Path, site_id: Uuid) -> Self {
        Self { db: Arc::new(db), directory: directory.to_owned(), site_id }
    }

    /// Whether a data directory has a store file, usable or not; true when that cannot be determined.
    pub fn exists_in(directory: &Path) -> bool {
        let found = fs::symlink_metadata(directory.join(STORE_FILE));
        !found.is_err_and(|error| error.kind() == ErrorKind::NotFound)
    }

    /// Returns whether a process has the store of a data directory open. Changes nothing.
    pub fn is_in_use(directory: &Path, cache_bytes: usize) -> bool {
        let path = directory.join(STORE_FILE);
        let options = OpenOptions { cache_bytes, now: Timestamp(0), site_id: None };
        let probed = catch_damage(&path, || Self::probe(&path, options));
        matches!(probed, Err(StoreError::Locked { .. }))
    }

    /// The site's identity, which never changes.
    pub fn site_id(&self) -> Uuid {
        self.site_id
    }

    /// The data directory.
    pub fn directory(&self) -> &Path {
        &self.directory
    }

    /// The size of the store's file.
    ///
    /// # Errors
    /// When the file system does not report it.
    pub fn file_bytes(&self) -> Result<u64, StoreError> {
        let path = self.directory.join(STORE_FILE);
        let metadata = fs::metadata(&path);
        Ok(metadata.map_err(io(format!("cannot inspect {}", path.display())))?.len())
    }

    /// Free space on the volume of the data directory.
    ///
    /// # Errors
    /// When the file system does not report it.
    pub fn disk_space(&self) -> Result<DiskSpace, StoreError> {
        DiskSpace::of(&self.directory)
    }

    pub(super) fn check_sentinel(
        db: &impl redb::ReadableDatabase,
        path: &Path,
        directory: &Path,
        marker: Option<&SiteMarker>,
    ) -> Result<Uuid, StoreError> {
        let empty = || match marker {
            Some(marker) => missing(directory, marker, format!("{STORE_FILE} is empty")),
            None => StoreError::NotAStore {
                path: path.to_owned(),
                what: "it is a redb file without UNOC's sentinel".to_owned(),
            },
        };
        let damaged = |error| match (error, marker) {
            (StoreError::Redb(damage), Some(marker)) if is_damage(&damage) => {
                missing(directory, marker, format!("{STORE_FILE} cannot be read ({damage})"))
            }
            (error, _) => error,
        };
        let tx = db.begin_read().map_err(|error| damaged(error.into()))?;
        let meta = match tx.open_table(tables::META) {
            Ok(meta) => meta,
            Err(redb::TableError::TableDoesNotExist(_)) => return Err(empty()),
            Err(error) => return Err(damaged(error.into())),
        };
        let site = meta::read_site(&meta).map_err(damaged)?.ok_or_else(empty)?;
        if site.schema_version > meta::SCHEMA_VERSION {
            return Err(StoreError::SchemaNewer {
                path: path.to_owned(),
                found: site.schema_version,
                known: meta::SCHEMA_VERSION,
            });
        }
        let found = Uuid::from_u128(site.site_id);
        match marker {
            Some(marker) if marker.site_id != found => Err(StoreError::WrongSite {
                marker: directory.join(MARKER_FILE),
                expected: marker.site_id,
                found,
            }),
            _ => Ok(found),
        }
    }
}

impl fmt::Debug for Store {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Store")
            .field("directory", &self.directory)
            .field("site_id", &self.site_id)
            .finish_non_exhaustive()
    }
}

/// The error of opening a store beside this marker: a site was there.
pub(super) fn beside_marker(
    error: StoreError,
    directory: &Path,
    marker: Option<&SiteMarker>,
) -> StoreError {
    match (error, marker) {
        (StoreError::NotAStore { what, .. }, Some(marker)) => {
            missing(directory, marker, format!("{STORE_FILE} cannot be opened ({what})"))
        }
        (error, _) => error,
    }
}

/// Refuses a store of another site than the configured one.
pub(super) fn check_site_id(options: OpenOptions, found: Uuid) -> Result<(), StoreError> {
    match options.site_id {
        Some(expected) if expected != found => Err(StoreError::OtherSite { expected, found }),
        _ => Ok(()),
    }
}

pub(super) fn missing(directory: &Path, marker: &SiteMarker, what: String) -> StoreError {
    StoreError::Missing { marker: directory.join(MARKER_FILE), site_id: marker.site_id, what }
}

fn not_a_store(path: &Path, damage: &DatabaseError) -> StoreError {
    StoreError::NotAStore { path: path.to_owned(), what: damage.to_string() }
}

/// The error of opening a store's file; in `Err` when it shows that the file is damaged.
pub(super) fn open_error(path: &Path, error: DatabaseError) -> Result<StoreError, DatabaseError> {
    match error {
        DatabaseError::DatabaseAlreadyOpen | DatabaseError::LockProtocolMismatch => {
            Ok(StoreError::Locked { path: path.to_owned() })
        }
        DatabaseError::Storage(StorageError::Io(source)) => access::read_error(path, source)
            .map_err(|damage| DatabaseError::Storage(StorageError::Io(damage))),
        damage @ (DatabaseError::Storage(StorageError::Corrupted(_))
        | DatabaseError::UpgradeRequired(_)
        | DatabaseError::RepairAborted) => Err(damage),
        other => Ok(StoreError::Redb(other.into())),
    }
}

pub(super) fn builder(options: OpenOptions) -> Builder {
    let mut builder = Builder::new();
    builder.set_cache_size(options.cache_bytes);
    observe_repair(&mut builder, |_| {});
    builder
}

fn observe_repair(builder: &mut Builder, on_repair: fn(f64)) {
    builder.set_repair_callback(move |session| {
        let percent = (session.progress() * 100.0).round();
        tracing::info!(
            store.repair_percent = percent,
            "Checking the store after an unclean shutdown"
        );
        on_repair(percent);
    });
}

/// Creates a directory that only its owner can read.
pub(super) fn create_private_dir(directory: &Path) -> Result<(), StoreError> {
    use std::os::unix::fs::DirBuilderExt;
    let created = fs::DirBuilder::new().recursive(true).mode(0o700).create(directory);
    created.map_err(access::failed("create the directory", directory))
}

/// Locks a data directory, waiting for other processes. Unlocked when dropped, or when the process ends.
pub(super) fn lock(directory: &Path) -> Result<fs::File, StoreError> {
    let locked = fs::File::open(directory).and_then(|file| file.lock().map(|()| file));
    locked.map_err(access::failed("lock the data directory", directory))
}

/// Creates a complete store under a temporary name, then renames it: a crash at any moment leaves either
/// no store or a whole one.
fn create_file(directory: &Path, options: OpenOptions) -> Result<(), StoreError> {
    use std::os::unix::fs::OpenOptionsExt;
    let temporary = directory.join(NEW_STORE_FILE);
    let path = directory.join(STORE_FILE);
    match fs::remove_file(&temporary) {
        Err(error) if error.kind() != ErrorKind::NotFound => {
            return Err(access::failed("remove", &temporary)(error));
        }
        _ => {}
    }
    let file = FileOptions::new()
        .read(true)
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(&temporary)
        .map_err(access::failed("create", &temporary))?;
    redb::backends::FileBackend::new(file)
        .and_then(|backend| builder(options).create_with_backend(backend))
        .map_err(|error| StoreError::Redb(error.into()))
        .and_then(|db| initialise(&db, options.site_id.unwrap_or_else(Uuid::new_v4), options.now))
        .map_err(|error| match error {
            StoreError::Redb(redb::Error::Io(source)) => {
                io(format!("cannot write {}", temporary.display()))(source)
            }
            other => other,
        })?;
    files::rename_durably(&temporary, &path)
        .map_err(io(format!("cannot rename the new store to {}", path.display())))
}

/// Writes the sentinel and creates every table, so that readers always find them.
pub(super) fn initialise(db: &Database, site_id: Uuid, now: Timestamp) -> Result<(), StoreError> {
    let tx = db.begin_write()?;
    {
        let mut meta = tx.open_table(tables::META)?;
        meta::write_site(&mut meta, site_id, now)?;
        tx.open_table(tables::DEVICES)?;
        tx.open_table(tables::INTERFACES)?;
        tx.open_table(tables::LINKS)?;
        tx.open_table(tables::INDEX)?;
        tx.open_table(tables::BLOCKS)?;
        tx.open_table(tables::DIRTY)?;
        tx.open_table(tables::AUDIT)?;
        create_job_tables(&tx)?;
        create_history_tables(&tx)?;
    }
    tx.commit()?;
    Ok(())
}

/// Creates the tables that schema version 2 added.
pub(super) fn create_job_tables(tx: &WriteTransaction) -> Result<(), StoreError> {
    tx.open_table(tables::JOBS)?;
    tx.open_table(tables::JOB_RUNS)?;
    Ok(())
}

/// Creates the tables of the network's history, which schema version 3 added.
pub(super) fn create_history_tables(tx: &WriteTransaction) -> Result<(), StoreError> {
    tx.open_table(tables::SERIES)?;
    tx.open_table(tables::OUTAGES)?;
    tx.open_table(tables::LATE_OUTAGES)?;
    Ok(())
}
