//! Backups: what is saved comes back, whatever happened to the file, the host or the clock.

mod bring_back;
mod clock;
mod concurrency;
mod damage;
mod full_disk;
mod hanging;
mod incomplete;
mod keys;
mod kills;
mod metrics;
mod offhost;
mod online;
mod order;
mod psql;
mod rig;
mod round_trip;
mod targets;
mod typed;
mod undo_note;
mod upgrade;
