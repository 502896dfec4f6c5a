//! Creating the tables: refinery's migrations for a connection, and the same migrations as a script
//! for a file.

use std::fmt::Write as _;

use refinery::{Migration, Runner};

use crate::util::error_chain;

mod embedded {
    refinery::embed_migrations!("migrations");
}

/// The table in which refinery records the migrations.
pub const HISTORY_TABLE: &str = "unoc_schema_history";

/// The tables could not be migrated to this program's version; the message has all causes.
#[derive(Debug, thiserror::Error)]
#[error("the tables could not be created: {}", error_chain(.0))]
pub struct MigrationError(#[source] refinery::Error);

/// Returns the version of this program's tables.
pub fn newest_version() -> i64 {
    let runner = embedded::migrations::runner();
    let versions = runner.get_migrations().iter().map(|migration| i64::from(migration.version()));
    versions.max().unwrap_or(0)
}

/// Migrates the tables of a database to this program's version, in one transaction.
///
/// # Errors
/// [`MigrationError`] if the database refuses a statement or has other migrations.
pub fn migrate<C: refinery::Migrate>(client: &mut C) -> Result<(), MigrationError> {
    let migrated = runner().run(client);
    migrated.map(|_| ()).map_err(MigrationError)
}

fn runner() -> Runner {
    let mut runner = embedded::migrations::runner().set_grouped(true);
    runner.set_migration_table_name(HISTORY_TABLE);
    runner
}

/// Returns a statement that migrates any older database, or an empty one, to this program's tables
/// within a transaction, and records the migrations as refinery does. It raises an exception, and
/// so changes nothing, if the tables are newer or belong to UNOC v2.
pub fn script() -> String {
    let mut script = format!(
        "DO $unoc_schema$\n\
         DECLARE\n    found bigint := 0;\n\
         BEGIN\n\
         IF to_regclass('devices') IS NOT NULL AND NOT EXISTS (SELECT FROM pg_attribute\n        \
         WHERE attrelid = to_regclass('devices') AND attname = 'site_id' AND NOT attisdropped) THEN\n    \
         RAISE EXCEPTION 'this database holds the tables of UNOC v2, which are never overwritten'\n        \
         USING HINT = 'load the backup into another database, or move v2''s tables away: unoc import --from-postgres --archive-legacy';\n\
         END IF;\n\
         CREATE TABLE IF NOT EXISTS {HISTORY_TABLE} (version int4 PRIMARY KEY, name varchar(255), applied_on varchar(255), checksum varchar(255));\n\
         SELECT coalesce(max(version), 0) INTO found FROM {HISTORY_TABLE};\n\
         IF found > {newest} THEN\n    \
         RAISE EXCEPTION 'the tables in this database were made by a newer UNOC (schema %, this backup knows {newest})', found\n        \
         USING HINT = 'restore with that version of UNOC, or load the backup into an empty database';\n\
         END IF;\n",
        newest = newest_version(),
    );
    let runner = embedded::migrations::runner();
    let mut migrations: Vec<&Migration> = runner.get_migrations().iter().collect();
    migrations.sort();
    for migration in migrations {
        let version = migration.version();
        writeln!(
            script,
            "IF found < {version} THEN\nEXECUTE $unoc_v{version}$\n{sql}\n$unoc_v{version}$;\n\
             INSERT INTO {HISTORY_TABLE} (version, name, applied_on, checksum)\n    \
             VALUES ({version}, '{name}', to_char(now() AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS\"Z\"'), '{checksum}');\n\
             END IF;",
            sql = migration.sql().unwrap_or_default().trim_end(),
            name = migration.name(),
            checksum = migration.checksum(),
        )
        .expect("writing into a string does not fail");
    }
    script.push_str("END\n$unoc_schema$;\n");
    script
}
