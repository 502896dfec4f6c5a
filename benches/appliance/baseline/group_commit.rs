//! One OS thread that drains a queue and commits what it found with one fsync: the bare form of
//! the engine.

use std::path::Path;

use anyhow::{Context, Result};
use bincode::Encode;
use redb::{Builder, Database, TableDefinition};
use tokio::sync::{mpsc, oneshot};

/// As many as the engine allows.
const QUEUE_LIMIT: usize = 4096;
/// As many as the engine puts into one commit.
const BATCH_MAX: usize = 1024;
/// As much page cache as the store has.
const CACHE_BYTES: usize = 64 << 20;

const DEVICES: TableDefinition<'_, u64, &[u8]> = TableDefinition::new("devices");
const INTERFACES: TableDefinition<'_, u64, &[u8]> = TableDefinition::new("interfaces");
const DIRTY: TableDefinition<'_, (u8, u64), u64> = TableDefinition::new("dirty");

/// The layout of the store's own device record.
#[derive(Encode)]
struct DeviceRecord<'a> {
    name: &'a str,
    device_type: u8,
    x: f64,
    y: f64,
    tx_power_dbm: Option<f64>,
    sensitivity_min_dbm: Option<f64>,
    insertion_loss_db: Option<f64>,
    parent: Option<u64>,
    status: u8,
    status_override: Option<u8>,
    created_at_us: i64,
    updated_at_us: i64,
}

/// The layout of the store's own interface record.
#[derive(Encode)]
struct InterfaceRecord<'a> {
    device: u64,
    name: &'a str,
    interface_type: u8,
    status: u8,
    created_at_us: i64,
    updated_at_us: i64,
}

/// A parsed request body, and whom to tell when it is durable.
pub(super) struct Job {
    pub(super) body: serde_json::Value,
    pub(super) done: oneshot::Sender<()>,
}

/// Makes a store in the directory and starts the thread; it ends with the process.
pub(super) fn start(directory: &Path) -> Result<mpsc::Sender<Job>> {
    let database =
        Builder::new().set_cache_size(CACHE_BYTES).create(directory.join("bare.redb"))?;
    let (sender, mut queue) = mpsc::channel::<Job>(QUEUE_LIMIT);
    std::thread::spawn(move || {
        let mut next_id = 1;
        while let Some(first) = queue.blocking_recv() {
            let mut batch = vec![first];
            while batch.len() < BATCH_MAX {
                let Ok(job) = queue.try_recv() else { break };
                batch.push(job);
            }
            if let Err(error) = commit(&database, &batch, next_id) {
                eprintln!("the commit failed: {error:#}");
                std::process::exit(1);
            }
            next_id += batch.len() as u64;
            for job in batch {
                // A client that went away needs no answer.
                job.done.send(()).ok();
            }
        }
    });
    Ok(sender)
}

fn commit(database: &Database, batch: &[Job], first_id: u64) -> Result<()> {
    let transaction = database.begin_write()?;
    {
        let mut devices = transaction.open_table(DEVICES)?;
        let mut interfaces = transaction.open_table(INTERFACES)?;
        let mut dirty = transaction.open_table(DIRTY)?;
        let mut buffer = Vec::with_capacity(256);
        let now_us = jiff::Timestamp::now().as_microsecond();
        for (job, id) in batch.iter().zip(first_id..) {
            let name = job.body["name"].as_str().context("a body without a name")?;
            encode(&device(name, now_us), &mut buffer)?;
            devices.insert(id, buffer.as_slice())?;
            encode(&interface(id, now_us), &mut buffer)?;
            interfaces.insert(id, buffer.as_slice())?;
            dirty.insert((1, id), first_id)?;
            dirty.insert((2, id), first_id)?;
        }
    }
    transaction.commit()?;
    Ok(())
}

fn device(name: &str, now_us: i64) -> DeviceRecord<'_> {
    DeviceRecord {
        name,
        device_type: 5,
        x: 0.0,
        y: 0.0,
        tx_power_dbm: None,
        sensitivity_min_dbm: None,
        insertion_loss_db: None,
        parent: None,
        status: 1,
        status_override: None,
        created_at_us: now_us,
        updated_at_us: now_us,
    }
}

fn interface(device: u64, now_us: i64) -> InterfaceRecord<'static> {
    InterfaceRecord {
        device,
        name: "eth0",
        interface_type: 0,
        status: 1,
        created_at_us: now_us,
        updated_at_us: now_us,
    }
}

/// A version byte and the record, as the store writes it.
fn encode(record: &impl Encode, buffer: &mut Vec<u8>) -> Result<()> {
    buffer.clear();
    buffer.push(1);
    bincode::encode_into_std_write(record, buffer, bincode::config::standard())?;
    Ok(())
}
