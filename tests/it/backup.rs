//! Backups: what is saved comes back, whatever happened to the file, the host or the clock.

mod clock;
mod commands;
mod concurrency;
mod copy;
mod damage;
mod disaster_recovery;
mod fixture;
mod full_disk;
mod hanging;
mod incomplete;
mod keys;
mod kills;
mod metrics;
mod online;
mod order;
mod plant;
mod psql;
mod round_trip;
mod targets;
mod undo;
mod upgrade;
