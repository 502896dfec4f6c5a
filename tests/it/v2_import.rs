//! Importing from UNOC v2. The dumps were made by `pg_dump` 15 from databases that the three SQL files
//! create.

mod archive;
mod cases;
mod choice;
mod completeness;
mod correction;
mod database;
mod dumps;
mod messages;
mod random_rows;
mod statements;
mod written;

use unoc::domain::Timestamp;
use unoc::v2_import::{
    CorrectedSite, SiteChoice, V2ImportError, V2LinkStatus, V2Tables, correct, read_dump,
};

use crate::harness::postgres::{self, Postgres};

const SCHEMA: &str = include_str!("v2_import/v2_schema.sql");
const CLEAN: &str = include_str!("v2_import/v2_clean.sql");
const DIRTY: &str = include_str!("v2_import/v2_dirty.sql");

const CLEAN_DUMP: &str = include_str!("v2_import/dumps/clean.sql");
const DIRTY_DUMP: &str = include_str!("v2_import/dumps/dirty.sql");

/// The time of the imports in these tests.
const NOW: Timestamp = Timestamp(1_795_439_016_111_211);

fn read(dump: &str) -> Result<V2Tables, V2ImportError> {
    read_dump(dump.as_bytes(), &SiteChoice::default())
}

/// As text, since NaN does not equal itself.
fn text(value: &impl std::fmt::Debug) -> String {
    format!("{value:#?}")
}

fn corrected(tables: V2Tables) -> CorrectedSite {
    correct(tables, V2LinkStatus::Compute, NOW)
}

/// Creates a database with v2's tables; returns its address.
fn v2_database(postgres: &Postgres, name: &str, contents: &[&str]) -> String {
    let url = postgres.create_database(name);
    load(&url, contents);
    url
}

fn load(url: &str, contents: &[&str]) {
    let mut client = postgres::connect(url).expect("the server answers");
    // One by one, since a new value of an enum type can be used after its transaction only.
    for statement in contents.iter().flat_map(|sql| sql.split(";\n")) {
        client.batch_execute(statement).expect("our own statements");
    }
}
