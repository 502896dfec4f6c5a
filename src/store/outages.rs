//! Outages of devices that have ended, kept for a month, or until a month has had outages since.
//!
//! A row has the outages that ended in one commit, of the devices of one block of ids: the recovery of a
//! whole network writes a few hundred rows, and those of one device are found by looking at its block,
//! day by day. What is written is the difference to the outage before, so that an outage of thousands
//! takes four bytes for each.

use bincode::{BorrowDecode, Encode};
use redb::{ReadableTable, Table, WriteTransaction};

use super::codec::{RecordSource, VersionedRecord, decode, encode};
use super::error::StoreError;
use super::open_outages;
use super::snapshot::{BLOCK_SIZE, Snapshot};
use super::tables;
use crate::domain::{DeviceId, DeviceOutage, OutageChange, Timestamp};
use crate::util::Usage;

/// How old outages become: a month, and some days in which it can still be read. Older ones are kept until
/// there were outages on as many days.
pub const OUTAGE_DAYS_MAX: u64 = 35;
/// Bytes of the rows that are kept, with their keys: 16 outages of a million devices. The oldest days
/// are removed first.
pub const OUTAGE_BYTES_MAX: u64 = 64 << 20;
/// Rows that one transaction removes beside as many as it wrote, within milliseconds.
const PRUNED_ROWS_MAX: usize = 2_048;
/// A row's key and its place in a page.
const ROW_FRAME_BYTES: u64 = 32;

const DAY_US: u64 = 86_400_000_000;

const OUTAGE_HISTORY_KEY: &str = "outages";

type MetaTable<'txn> = Table<'txn, &'static str, &'static [u8]>;
type OutageTable<'txn> = Table<'txn, (u64, u64, u64), &'static [u8]>;

#[derive(Encode, BorrowDecode)]
struct OutagesV1 {
    base_us: i64,
    outages: Vec<OutageV1>,
}

/// Differences to the outage before; those of the first one are to `base_us`.
#[derive(Encode, BorrowDecode)]
struct OutageV1 {
    /// The device's number in its block.
    number: u8,
    from_delta_us: i64,
    to_delta_us: i64,
    planned: PlannedV1,
}

/// How much of an outage was planned work.
#[derive(Encode, BorrowDecode)]
enum PlannedV1 {
    Nothing,
    All,
    /// The rest after so many microseconds.
    After(i64),
}

#[derive(Encode, BorrowDecode)]
struct OutageHistoryV1 {
    bytes: u64,
    /// Every outage that ended since is kept.
    complete_since_us: i64,
}

impl VersionedRecord for OutagesV1 {
    const VERSION: u8 = 1;
}

impl VersionedRecord for OutageHistoryV1 {
    const VERSION: u8 = 1;
}

impl Snapshot {
    /// The recorded outages of a device that ended from `from` to `to`, by their end.
    ///
    /// # Errors
    /// Read errors, and [`StoreError::Damaged`] where a record cannot be decoded.
    pub fn outages(
        &self,
        device: DeviceId,
        from: Timestamp,
        to: Timestamp,
    ) -> Result<Vec<DeviceOutage>, StoreError> {
        let table = self.transaction().open_table(tables::OUTAGES)?;
        let block = device.0 / BLOCK_SIZE;
        let mut outages = Vec::new();
        for day in day_of(from)..=day_of(to) {
            for row in table.range((day, block, 0)..=(day, block, u64::MAX))? {
                let (key, value) = row?;
                let of_row = decode_row(key.value(), value.value())?;
                outages.extend(
                    of_row.into_iter().filter(|outage| {
                        outage.device == device && (from..=to).contains(&outage.to)
                    }),
                );
            }
        }
        outages.sort_by_key(|outage| (outage.to, outage.from));
        Ok(outages)
    }

    /// Since when every outage is recorded; `None` before the first one could be.
    pub fn outages_complete_since(&self) -> Result<Option<Timestamp>, StoreError> {
        let history = read_history(&self.transaction().open_table(tables::META)?)?;
        Ok(history.map(|history| Timestamp(history.complete_since_us)))
    }

    /// How many bytes of outages are kept.
    pub fn outage_usage(&self) -> Result<Usage, StoreError> {
        let history = read_history(&self.transaction().open_table(tables::META)?)?;
        Ok(Usage { used: history.map_or(0, |history| history.bytes), max: OUTAGE_BYTES_MAX })
    }
}

/// Records what a commit says about outages.
pub(super) fn record(
    tx: &WriteTransaction,
    meta: &mut MetaTable<'_>,
    (seq, at): (u64, Timestamp),
    changes: &[OutageChange],
) -> Result<(), StoreError> {
    if changes.is_empty() {
        return Ok(());
    }
    let mut ended = open_outages::record(tx, changes)?;
    ended.retain(|outage| outage.to > outage.from);
    ended.sort_by_key(|outage| (row_of(outage), outage.device, outage.to));
    let mut history = read_history(meta)?.unwrap_or(OutageHistoryV1::begun(at));
    let mut table = tx.open_table(tables::OUTAGES)?;
    let mut row_count = 0;
    for outages in ended.chunk_by(|a, b| row_of(a) == row_of(b)) {
        let (day, block) = row_of(&outages[0]);
        let row = encode(&encode_row(outages));
        history.bytes += ROW_FRAME_BYTES + row.len() as u64;
        table.insert((day, block, seq), row.as_slice())?;
        row_count += 1;
    }
    history.prune(&mut table, at, row_count + PRUNED_ROWS_MAX)?;
    write_history(meta, &history)
}

/// Notes since when outages are recorded, and removes those that are too old.
pub(super) fn maintain(tx: &WriteTransaction, at: Timestamp) -> Result<(), StoreError> {
    let mut meta = tx.open_table(tables::META)?;
    let mut history = read_history(&meta)?.unwrap_or(OutageHistoryV1::begun(at));
    history.prune(&mut tx.open_table(tables::OUTAGES)?, at, PRUNED_ROWS_MAX)?;
    write_history(&mut meta, &history)
}

/// Makes a copy of a store begin without a history.
pub(super) fn forget_history(meta: &mut MetaTable<'_>) -> Result<(), StoreError> {
    meta.remove(OUTAGE_HISTORY_KEY)?;
    Ok(())
}

fn row_of(outage: &DeviceOutage) -> (u64, u64) {
    (day_of(outage.to), outage.device.0 / BLOCK_SIZE)
}

/// Days since 1970.
fn day_of(at: Timestamp) -> u64 {
    u64::try_from(at.0).unwrap_or(0) / DAY_US
}

impl OutageHistoryV1 {
    fn begun(at: Timestamp) -> Self {
        Self { bytes: 0, complete_since_us: at.0 }
    }

    /// Removes the oldest rows where there are too many.
    fn prune(
        &mut self,
        table: &mut OutageTable<'_>,
        now: Timestamp,
        rows_max: usize,
    ) -> Result<(), StoreError> {
        self.complete_since_us = self.complete_since_us.min(now.0);
        let first_kept = first_kept_day(table, now)?;
        for _ in 0..rows_max {
            let Some(day) = table.first()?.map(|(key, _)| key.value().0) else { break };
            if self.bytes <= OUTAGE_BYTES_MAX && day >= first_kept {
                break;
            }
            if let Some((_, row)) = table.pop_first()? {
                let bytes = ROW_FRAME_BYTES + row.value().len() as u64;
                self.bytes = self.bytes.saturating_sub(bytes);
            }
            let next_day_us = i64::try_from((day + 1) * DAY_US).unwrap_or(i64::MAX);
            self.complete_since_us = self.complete_since_us.max(next_day_us);
        }
        Ok(())
    }
}

/// The day before which outages are too old. As many days with outages are kept, whatever the time: a
/// clock that is far ahead for a moment removes nothing.
fn first_kept_day(table: &OutageTable<'_>, now: Timestamp) -> Result<u64, StoreError> {
    let by_age = day_of(now).saturating_sub(OUTAGE_DAYS_MAX);
    let first = table.first()?.map(|(key, _)| key.value().0);
    if first.is_none_or(|day| day >= by_age) {
        return Ok(by_age);
    }
    let mut day = u64::MAX;
    for _ in 0..=OUTAGE_DAYS_MAX {
        let Some(row) = table.range(..(day, 0, 0))?.next_back() else { return Ok(0) };
        day = row?.0.value().0;
    }
    Ok(by_age.min(day))
}

fn encode_row(outages: &[DeviceOutage]) -> OutagesV1 {
    let base_us = outages.first().map_or(0, |outage| outage.to.0);
    let (mut from_us, mut to_us) = (base_us, base_us);
    let encoded = outages.iter().map(|outage| {
        let from_delta_us = outage.from.0 - std::mem::replace(&mut from_us, outage.from.0);
        let to_delta_us = outage.to.0 - std::mem::replace(&mut to_us, outage.to.0);
        let number = u8::try_from(outage.device.0 % BLOCK_SIZE).expect("a block has 256 ids");
        let planned = match outage.planned_from {
            None => PlannedV1::Nothing,
            Some(at) if at <= outage.from => PlannedV1::All,
            Some(at) => PlannedV1::After(at.0 - outage.from.0),
        };
        OutageV1 { number, from_delta_us, to_delta_us, planned }
    });
    OutagesV1 { base_us, outages: encoded.collect() }
}

fn decode_row(key: (u64, u64, u64), value: &[u8]) -> Result<Vec<DeviceOutage>, StoreError> {
    let (day, block, seq) = key;
    let key = format!("day {day}, block {block}, seq {seq}");
    let row: OutagesV1 = decode(value, RecordSource { table: "outages", key: &key })?;
    let (mut from_us, mut to_us) = (row.base_us, row.base_us);
    let decoded = row.outages.into_iter().map(|outage| {
        from_us = from_us.saturating_add(outage.from_delta_us);
        to_us = to_us.saturating_add(outage.to_delta_us);
        DeviceOutage {
            device: DeviceId(block * BLOCK_SIZE + u64::from(outage.number)),
            from: Timestamp(from_us),
            to: Timestamp(to_us),
            planned_from: match outage.planned {
                PlannedV1::Nothing => None,
                PlannedV1::All => Some(Timestamp(from_us)),
                PlannedV1::After(us) => Some(Timestamp(from_us.saturating_add(us))),
            },
        }
    });
    Ok(decoded.collect())
}

fn read_history(
    meta: &impl ReadableTable<&'static str, &'static [u8]>,
) -> Result<Option<OutageHistoryV1>, StoreError> {
    let Some(value) = meta.get(OUTAGE_HISTORY_KEY)? else { return Ok(None) };
    decode(value.value(), RecordSource { table: "meta", key: &OUTAGE_HISTORY_KEY }).map(Some)
}

fn write_history(meta: &mut MetaTable<'_>, history: &OutageHistoryV1) -> Result<(), StoreError> {
    meta.insert(OUTAGE_HISTORY_KEY, encode(history).as_slice())?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use redb::backends::InMemoryBackend;

    use super::*;
    use crate::domain::{IdCounters, PlannedOutage};
    use crate::store::{CommitBatch, OpenOptions, Store};

    const DAY: i64 = 86_400_000_000;
    /// 2026-11-29T00:00:00Z.
    const START: i64 = 20_786 * DAY;

    fn store() -> Store {
        let options = OpenOptions { cache_bytes: 16 << 20, now: Timestamp(0), site_id: None };
        Store::with_backend(InMemoryBackend::new(), options).unwrap()
    }

    fn outage(device: u64, from: i64, to: i64) -> DeviceOutage {
        let (from, to) = (Timestamp(START + from), Timestamp(START + to));
        DeviceOutage { device: DeviceId(device), from, to, planned_from: None }
    }

    fn commit(store: &Store, at: i64, outages: Vec<OutageChange>) {
        let seq = store.read().unwrap().seq() + 1;
        let batch = CommitBatch {
            seq,
            at: Timestamp(START + at),
            counters: IdCounters::default(),
            entries: Vec::new(),
            events: Vec::new(),
            outages,
            adoption: None,
        };
        store.commit(&batch).unwrap();
    }

    fn end(store: &Store, outages: &[DeviceOutage]) {
        let at = outages.last().unwrap().to.0 - START;
        commit(store, at, outages.iter().copied().map(OutageChange::End).collect());
    }

    fn of(store: &Store, device: u64) -> Vec<DeviceOutage> {
        let (from, to) = (Timestamp(START), Timestamp(START + 400 * DAY));
        store.read().unwrap().outages(DeviceId(device), from, to).unwrap()
    }

    fn history(store: &Store) -> OutageHistoryV1 {
        let tx = store.read().unwrap();
        read_history(&tx.transaction().open_table(tables::META).unwrap()).unwrap().unwrap()
    }

    #[test]
    fn each_device_has_its_own_outages() {
        let store = store();
        let planned = |outage: DeviceOutage, from: i64| DeviceOutage {
            planned_from: Some(Timestamp(START + from)),
            ..outage
        };
        let first = [outage(3, 5, 20), outage(255, 0, 20), outage(256, 7, 19)];
        let second = [planned(outage(3, 30, 40), 30), planned(outage(3, 50, DAY), 60)];
        end(&store, &first);
        end(&store, &second);
        end(&store, &[outage(3, DAY + 5, 3 * DAY)]);
        assert_eq!(of(&store, 3), [first[0], second[0], second[1], outage(3, DAY + 5, 3 * DAY)]);
        assert_eq!([of(&store, 255), of(&store, 256)], [[first[1]], [first[2]]]);
        assert_eq!(of(&store, 4), []);
        let read = store.read().unwrap();
        let (from, to) = (Timestamp(START + 40), Timestamp(START + DAY));
        assert_eq!(read.outages(DeviceId(3), from, to).unwrap(), second, "by their end");
        assert_eq!(read.outages_complete_since().unwrap(), Some(Timestamp(START + 19)));
    }

    #[test]
    fn a_late_start_counts_once_and_ends_with_the_site() {
        let store = store();
        let late = |device, at| OutageChange::LateStart(DeviceId(device), Timestamp(START + at));
        commit(&store, 10, vec![late(3, 10), late(4, 10)]);
        let late_start = |device| store.read().unwrap().late_start(DeviceId(device)).unwrap();
        assert_eq!(late_start(3), Some(Timestamp(START + 10)));
        end(&store, &[outage(3, 0, 20), outage(5, 0, 20)]);
        end(&store, &[outage(3, 30, 40)]);
        assert_eq!(of(&store, 3), [outage(3, 10, 20), outage(3, 30, 40)]);
        assert_eq!(of(&store, 5), [outage(5, 0, 20)]);
        assert_eq!([late_start(3), late_start(4)], [None, Some(Timestamp(START + 10))]);
        // In one batch, in their order.
        let ended = OutageChange::End(outage(6, 0, 60));
        commit(&store, 60, vec![late(6, 50), ended]);
        assert_eq!((of(&store, 6), late_start(6)), (vec![outage(6, 50, 60)], None));
    }

    #[test]
    fn planned_work_is_on_record_until_the_outage_ends() {
        let store = store();
        let planned = PlannedOutage::since(Timestamp(START + 5));
        let over = PlannedOutage { until: Some(Timestamp(START + 9)), ..planned };
        let of_work = |device, planned| OutageChange::Planned(DeviceId(device), planned);
        let on_record = || store.read().unwrap().planned_outages().unwrap();
        assert_eq!(on_record(), [], "there is no table yet");
        assert_eq!(store.read().unwrap().planned_outage(DeviceId(3)).unwrap(), None);
        commit(&store, 5, vec![of_work(3, planned)]);
        store.record_planned_work(&[of_work(4, planned), of_work(3, over)]).unwrap();
        assert_eq!(on_record(), [(DeviceId(3), over), (DeviceId(4), planned)]);
        assert_eq!(store.read().unwrap().planned_outage(DeviceId(3)).unwrap(), Some(over));
        end(&store, &[outage(3, 0, 20)]);
        assert_eq!(on_record(), [(DeviceId(4), planned)]);
    }

    #[test]
    fn the_recovery_of_a_whole_network_is_small() {
        let store = store();
        let all: Vec<_> = (1..=100_000).map(|device| outage(device, 1_000, DAY)).collect();
        end(&store, &all);
        let bytes = history(&store).bytes;
        assert!(bytes < 425_000, "{bytes} bytes");
        assert_eq!(of(&store, 77_777), [outage(77_777, 1_000, DAY)]);
    }

    #[test]
    fn outages_are_kept_for_their_days_and_no_longer() {
        let store = store();
        for day in 1..=60 {
            end(&store, &[outage(3, day * DAY, day * DAY + 1)]);
        }
        let kept = of(&store, 3);
        assert_eq!(kept.len() as u64, OUTAGE_DAYS_MAX + 1);
        let complete_since = store.read().unwrap().outages_complete_since().unwrap().unwrap();
        assert_eq!(complete_since, Timestamp(START + 25 * DAY), "the oldest day is whole");
        assert_eq!(kept[0].from, complete_since);
    }

    #[test]
    fn a_clock_that_is_ahead_for_a_moment_removes_nothing() {
        let store = store();
        let outages: Vec<_> = (1..=20).map(|day| outage(3, day * DAY, day * DAY + 1)).collect();
        for each in &outages {
            end(&store, &[*each]);
        }
        let maintained = |at: i64| {
            store.record_samples(Timestamp(START + at), &[]).unwrap();
            let complete_since = store.read().unwrap().outages_complete_since().unwrap();
            (of(&store, 3), complete_since.unwrap().0 - START)
        };
        assert_eq!(maintained(3_000 * DAY), (outages.clone(), DAY + 1));
        end(&store, &[outage(3, 3_000 * DAY, 3_000 * DAY + 9)]);
        assert_eq!(maintained(21 * DAY), (outages.clone(), DAY + 1));
        for day in 21..=60 {
            end(&store, &[outage(3, day * DAY, day * DAY + 1)]);
        }
        let kept = of(&store, 3).len() as u64;
        assert_eq!(kept, OUTAGE_DAYS_MAX + 1, "as many as without that");
    }

    #[test]
    fn a_history_that_began_while_the_clock_was_ahead_is_complete_since_it_is_right() {
        let store = store();
        end(&store, &[outage(3, 3_000 * DAY, 3_000 * DAY + 9)]);
        end(&store, &[outage(3, DAY, DAY + 9)]);
        let complete_since = store.read().unwrap().outages_complete_since().unwrap().unwrap();
        assert_eq!(complete_since.0 - START, DAY + 9);
    }

    #[test]
    fn when_there_are_too_many_the_oldest_days_go_first() {
        let store = store();
        // As far apart as they can be, each takes 20 bytes.
        let far_apart = |day: i64| -> Vec<DeviceOutage> {
            let outage_at = |device: u64| {
                let from = i64::try_from(device % 97).unwrap() * 8_000_000_000;
                outage(device, day * DAY - from - DAY, day * DAY + from / 97)
            };
            (1..=400_000).map(outage_at).collect()
        };
        for day in 1..=16 {
            end(&store, &far_apart(day));
        }
        let history = history(&store);
        assert!(history.bytes <= OUTAGE_BYTES_MAX, "{} bytes", history.bytes);
        assert!(history.bytes > OUTAGE_BYTES_MAX / 2, "{} bytes", history.bytes);
        assert!(history.complete_since_us > START + DAY, "some days are gone");
        let complete = |outage: &&DeviceOutage| outage.to.0 >= history.complete_since_us;
        let expected = (16 * DAY + START - history.complete_since_us) / DAY + 1;
        let kept = of(&store, 5_000);
        assert_eq!(i64::try_from(kept.iter().filter(complete).count()).unwrap(), expected);
    }

    /// These bytes never change once they are shipped.
    #[test]
    fn golden_bytes() {
        let planned_from = Some(Timestamp(START + 7));
        let outages = [
            DeviceOutage { planned_from, ..outage(1, 7, 10) },
            outage(2, 7, 10),
            DeviceOutage { planned_from: Some(Timestamp(START + 9)), ..outage(255, 8, 11) },
        ];
        let bytes = encode(&encode_row(&outages));
        assert_eq!(crate::util::hex(&bytes), "01fd1480e1f2bdc20c00030105000102000000ff02020202");
        let history = OutageHistoryV1 { bytes: 300, complete_since_us: 2 };
        assert_eq!(crate::util::hex(encode(&history)), "01fb2c0104");
        assert_eq!(decode_row((20_786, 0, 9), &bytes).unwrap(), outages);
    }
}
