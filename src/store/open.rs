//! Opening and creating a store, and refusing to take an empty one for a lost one.

use std::fmt;
use std::fs::{self, OpenOptions as FileOptions};
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use redb::{Builder, Database, DatabaseError, StorageBackend, StorageError, WriteTransaction};
use uuid::Uuid;

use super::access;
use super::error::{StoreError, io, is_damage, unless_damaged};
use super::marker::{self, MARKER_FILE, Marker};
use super::snapshot::Snapshot;
use super::{Space, meta, tables};
use crate::domain::Timestamp;
use crate::util::files;

/// The store's file name inside the data directory.
pub const STORE_FILE: &str = "unoc.redb";
/// A store under construction; renamed once its sentinel is durable.
const NEW_STORE_FILE: &str = "unoc.redb.new";

/// How to open a store.
#[derive(Clone, Copy, Debug)]
pub struct OpenOptions {
    /// redb's page cache; its own default of 1 GiB is too much for an edge host.
    pub cache_bytes: usize,
    /// The current time, noted when the store is created.
    pub now: Timestamp,
    /// Which site this must be; a new store takes it for its own. Any, or a new one, without it.
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
    /// Opens the store of a data directory, creating directory and store when both are new. A
    /// store of an older version is opened as it is: see [`Store::upgrade`].
    ///
    /// # Errors
    /// [`StoreError::Locked`] while another process has it open; [`StoreError::Missing`] when the
    /// marker says there was a store and it is absent or empty; others as named.
    pub fn open(directory: &Path, options: OpenOptions) -> Result<Self, StoreError> {
        create_private_dir(directory)?;
        // One at a time: two that both find no store would each make one, and the later would take
        // the earlier's place. Held until the end; the store's own lock says who has it afterwards.
        let _turn = lock(directory)?;
        let path = directory.join(STORE_FILE);
        let marker = match marker::read(directory) {
            Err(StoreError::BadMarker { path: marker, what }) => {
                return Err(Self::beside_bad_marker(&path, options, marker, what));
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
        let opened =
            unless_damaged(&path, || Self::open_file(&path, options, directory, marker.as_ref()));
        let (db, site_id) = opened.map_err(|error| match (error, &marker) {
            (StoreError::NotAStore { what, .. }, Some(marker)) => {
                missing(directory, marker, format!("{STORE_FILE} cannot be opened ({what})"))
            }
            (error, _) => error,
        })?;
        if let Some(expected) = options.site_id.filter(|expected| *expected != site_id) {
            return Err(StoreError::OtherSite { expected, found: site_id });
        }
        if marker.is_none() {
            marker::write(directory, &Marker { site_id })?;
        }
        Ok(Self { db: Arc::new(db), directory: directory.to_owned(), site_id })
    }

    fn open_file(
        path: &Path,
        options: OpenOptions,
        directory: &Path,
        marker: Option<&Marker>,
    ) -> Result<(Database, Uuid), StoreError> {
        // Opening without creating: redb 4.6 would otherwise make a store of an empty file.
        let builder = builder(options);
        // A look first: opening for writing changes a file, even one that is then refused.
        if let Ok(db) = builder.open_read_only(path) {
            Self::check_sentinel(&db, path, directory, marker)?;
        }
        let db = builder.open(path).map_err(|error| {
            unopened(path, error).unwrap_or_else(|damage| no_store(path, &damage))
        })?;
        let site_id = Self::check_sentinel(&db, path, directory, marker)?;
        Ok((db, site_id))
    }

    /// A whole store names its site itself. Beside a lost one the marker is all that tells of a site:
    /// whoever removed it would begin with an empty one.
    fn beside_bad_marker(
        path: &Path,
        options: OpenOptions,
        marker: PathBuf,
        fault: String,
    ) -> StoreError {
        let what = match access::check(path) {
            Ok(false) => format!("{STORE_FILE} is missing"),
            Ok(true) => match unless_damaged(path, || Self::look(path, options)) {
                Ok(()) => return StoreError::BadMarker { path: marker, what: fault },
                Err(error) if error.is_loss() => error.to_string(),
                Err(error) => return error,
            },
            Err(error) => return error,
        };
        StoreError::BothLost { marker, fault, what }
    }

    /// Whether there is a store of some site, without a change to the file.
    fn look(path: &Path, options: OpenOptions) -> Result<(), StoreError> {
        match builder(options).open_read_only(path) {
            Ok(db) => Self::check_sentinel(&db, path, Path::new(""), None).map(drop),
            // It was not closed cleanly, and the next start repairs it.
            Err(DatabaseError::RepairAborted) => Ok(()),
            Err(error) => {
                Err(unopened(path, error).unwrap_or_else(|damage| no_store(path, &damage)))
            }
        }
    }

    /// Opens a store on a given backend, creating it when the backend is empty: for tests that
    /// fail or lose writes on purpose.
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

    /// The layout of the tables in the file. An older one than [`Store::upgrade`] makes holds
    /// everything of the site, but jobs cannot be read from it.
    pub fn schema_version(&self) -> Result<u32, StoreError> {
        use redb::ReadableDatabase;
        let meta = self.db.begin_read()?.open_table(tables::META)?;
        Ok(meta::read_site(&meta)?.map_or(0, |site| site.schema_version))
    }

    /// Whether [`Store::upgrade`] has something to do.
    pub fn is_old(&self) -> Result<bool, StoreError> {
        Ok(self.schema_version()? < meta::SCHEMA_VERSION)
    }

    /// Brings an older store to the layout that this program writes, in one transaction: a crash
    /// leaves the one or the other. An older program refuses the store afterwards.
    pub fn upgrade(&self) -> Result<(), StoreError> {
        let tx = self.db.begin_write()?;
        {
            let mut meta = tx.open_table(tables::META)?;
            if let Some(site) = meta::read_site(&meta)? {
                meta::upgrade_site(&mut meta, &site)?;
            }
            make_job_tables(&tx)?;
        }
        tx.commit()?;
        Ok(())
    }

    pub(super) fn new(db: Database, directory: &Path, site_id: Uuid) -> Self {
        Self { db: Arc::new(db), directory: directory.to_owned(), site_id }
    }

    /// Whether a data directory has a file for a store, of use or not; also when it does not tell.
    pub fn is_in(directory: &Path) -> bool {
        let found = fs::symlink_metadata(directory.join(STORE_FILE));
        !found.is_err_and(|error| error.kind() == ErrorKind::NotFound)
    }

    /// A consistent view of the last commit; never waits for the writer.
    pub fn read(&self) -> Result<Snapshot, StoreError> {
        use redb::ReadableDatabase;
        Snapshot::new(self.db.begin_read()?)
    }

    /// The identity that this site keeps for life.
    pub fn site_id(&self) -> Uuid {
        self.site_id
    }

    /// The data directory.
    pub fn directory(&self) -> &Path {
        &self.directory
    }

    /// What the store takes on disk.
    ///
    /// # Errors
    /// When the file system does not tell.
    pub fn file_bytes(&self) -> Result<u64, StoreError> {
        let path = self.directory.join(STORE_FILE);
        let metadata = fs::metadata(&path);
        Ok(metadata.map_err(io(format!("cannot inspect {}", path.display())))?.len())
    }

    /// Room on the volume of the data directory.
    pub fn space(&self) -> Result<Space, StoreError> {
        Space::of(&self.directory)
    }

    fn check_sentinel(
        db: &impl redb::ReadableDatabase,
        path: &Path,
        directory: &Path,
        marker: Option<&Marker>,
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

fn missing(directory: &Path, marker: &Marker, what: String) -> StoreError {
    StoreError::Missing { marker: directory.join(MARKER_FILE), site_id: marker.site_id, what }
}

fn no_store(path: &Path, damage: &DatabaseError) -> StoreError {
    StoreError::NotAStore { path: path.to_owned(), what: damage.to_string() }
}

/// Why a store's file could not be opened; in `Err`, what of it shows that the file is damaged.
pub(super) fn unopened(path: &Path, error: DatabaseError) -> Result<StoreError, DatabaseError> {
    match error {
        DatabaseError::DatabaseAlreadyOpen | DatabaseError::LockProtocolMismatch => {
            Ok(StoreError::Locked { path: path.to_owned() })
        }
        DatabaseError::Storage(StorageError::Io(source)) => access::of_system(path, source)
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
    builder.set_repair_callback(|session| {
        tracing::info!(
            store.repair_percent = (session.progress() * 100.0).round(),
            "Checking the store after an unclean shutdown"
        );
    });
    builder
}

/// The site's data is nobody else's business on a shared host.
pub(super) fn create_private_dir(directory: &Path) -> Result<(), StoreError> {
    use std::os::unix::fs::DirBuilderExt;
    let created = fs::DirBuilder::new().recursive(true).mode(0o700).create(directory);
    created.map_err(access::failed("create the directory", directory))
}

/// Waits for other openers of this directory. Unlocked when dropped, or when the process ends.
pub(super) fn lock(directory: &Path) -> Result<fs::File, StoreError> {
    let locked = fs::File::open(directory).and_then(|file| file.lock().map(|()| file));
    locked.map_err(access::failed("lock the data directory", directory))
}

/// Makes a complete store under a temporary name, then gives it its own: a crash at any moment
/// leaves either no store or a whole one.
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

/// Writes the sentinel and makes every table, so that readers never meet an absent one.
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
        make_job_tables(&tx)?;
    }
    tx.commit()?;
    Ok(())
}

/// What schema version 2 has and version 1 has not.
pub(super) fn make_job_tables(tx: &WriteTransaction) -> Result<(), StoreError> {
    tx.open_table(tables::JOBS)?;
    tx.open_table(tables::JOB_RUNS)?;
    Ok(())
}
