//! Tables of devices, links and cross-connects.

use unoc::domain::{Lifecycle, Timestamp, World};
use unoc::wire::{Encoding, TableKind, TableOptions, read_table};

pub(crate) fn run(data: &[u8]) {
    read(data, TableOptions::default());
    // Any other options, which the mutator changes with the length.
    let length = data.len();
    let kinds =
        [None, Some(TableKind::Devices), Some(TableKind::Links), Some(TableKind::CrossConnects)];
    let options = TableOptions {
        kind: kinds[length & 3],
        encoding: if length & 4 == 0 { Encoding::Utf8 } else { Encoding::Windows1252 },
        lifecycle_of_new: (length & 8 != 0).then_some(Lifecycle::Planned),
    };
    read(data, options);
}

fn read(table: &[u8], options: TableOptions) {
    let reading = read_table(table, options);
    if let Some(command) = reading.command {
        let mut world = World::default();
        // Most rows name devices that are not there.
        world.execute(command, Timestamp(0)).ok();
        world.check_invariants().expect("a table keeps the rules of the network");
    }
}
