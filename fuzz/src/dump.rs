//! A dump of UNOC v2's database.

use std::io::Cursor;

use unoc::domain::Timestamp;
use unoc::v2_import::{SiteChoice, V2LinkStatus, correct, read_dump};

pub(crate) fn run(data: &[u8]) {
    let Ok(tables) = read_dump(Cursor::new(data), &SiteChoice::default()) else { return };
    let corrected = correct(tables, V2LinkStatus::default(), Timestamp(0));
    corrected.dry_run(Timestamp(0)).expect("whatever v2 had is corrected into a site");
}
