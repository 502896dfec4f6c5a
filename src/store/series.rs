//! Time series: what is measured each minute, kept in three resolutions of bounded length.
//!
//! A series is packed into chunks of [`CHUNK_BUCKETS`] buckets, each with the minimum, maximum, mean and
//! number of its samples. A sample is added to the present chunk of every tier, so that nothing is ever
//! summed up later; a new chunk removes the oldest one. A time without samples has empty buckets or no
//! chunk at all.

use std::collections::BTreeSet;
use std::ops::Range;

use bincode::{BorrowDecode, Encode};
use redb::{ReadableTable, Table};

use super::codec::{RecordSource, VersionedRecord, decode, encode};
use super::error::StoreError;
use super::open::Store;
use super::snapshot::Snapshot;
use super::{outages, tables};
use crate::domain::Timestamp;

/// Buckets in a chunk. A sample rewrites one chunk per tier, of 300 to 900 bytes.
const CHUNK_BUCKETS: u64 = 60;
/// Series that a store keeps; a sample of another one is not recorded. Each has at most 241 kB:
/// 221 chunks of 60 buckets with 18 bytes.
pub const SERIES_MAX: usize = 64;

const MINUTE_US: u64 = 60_000_000;

/// A resolution in which series are kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SeriesTier {
    /// A minute, for a day.
    Minute,
    /// Ten minutes, for two weeks.
    TenMinutes,
    /// An hour, for 400 days: a year and a month to compare it with.
    Hour,
}

impl SeriesTier {
    /// The finest one first.
    pub const ALL: [Self; 3] = [Self::Minute, Self::TenMinutes, Self::Hour];

    pub const fn bucket_us(self) -> u64 {
        match self {
            Self::Minute => MINUTE_US,
            Self::TenMinutes => 10 * MINUTE_US,
            Self::Hour => 60 * MINUTE_US,
        }
    }

    /// How far back it goes.
    pub const fn kept_us(self) -> u64 {
        const DAY_US: u64 = 24 * 60 * MINUTE_US;
        match self {
            Self::Minute => DAY_US,
            Self::TenMinutes => 14 * DAY_US,
            Self::Hour => 400 * DAY_US,
        }
    }

    /// What is kept, and the chunk that is being filled.
    const fn chunks_max(self) -> u64 {
        (self.kept_us() / self.bucket_us()).div_ceil(CHUNK_BUCKETS) + 1
    }

    const fn code(self) -> u8 {
        match self {
            Self::Minute => 1,
            Self::TenMinutes => 2,
            Self::Hour => 3,
        }
    }

    /// The number of the bucket that this time is in.
    fn bucket_at(self, at: Timestamp) -> u64 {
        u64::try_from(at.0).unwrap_or(0) / self.bucket_us()
    }
}

/// A value of a series at the present time.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Sample {
    /// The name of the series.
    pub series: &'static str,
    pub value: f32,
}

/// The samples of one bucket.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Bucket {
    /// When it begins.
    pub at: Timestamp,
    pub count: u32,
    pub min: f32,
    pub max: f32,
    pub mean: f32,
}

#[derive(Encode, BorrowDecode)]
struct ChunkV1 {
    /// Up to the last one that has a sample.
    buckets: Vec<BucketV1>,
}

#[derive(Clone, Copy, Encode, BorrowDecode)]
enum BucketV1 {
    Empty,
    /// All samples have the same value.
    Constant {
        count: u32,
        value: f32,
    },
    Varied {
        count: u32,
        min: f32,
        max: f32,
        mean: f32,
    },
}

impl VersionedRecord for ChunkV1 {
    const VERSION: u8 = 1;
}

impl Store {
    /// Adds samples to their series in one durable transaction, and removes outages that are too old. The
    /// site and its seq stay what they are. Returns how many samples were not recorded because there are
    /// [`SERIES_MAX`] other series.
    ///
    /// # Errors
    /// As [`Store::commit`].
    pub fn record_samples(&self, at: Timestamp, samples: &[Sample]) -> Result<usize, StoreError> {
        let tx = self.db.begin_write()?;
        let mut refused = 0;
        {
            let mut table = tx.open_table(tables::SERIES)?;
            for sample in samples {
                refused += usize::from(!add(&mut table, at, sample)?);
            }
        }
        outages::maintain(&tx, at)?;
        tx.commit()?;
        Ok(refused)
    }
}

impl Snapshot {
    /// The buckets of a series that have samples and begin in this range, ascending.
    ///
    /// # Errors
    /// Read errors, and [`StoreError::Damaged`] where a record cannot be decoded.
    pub fn buckets(
        &self,
        series: &str,
        tier: SeriesTier,
        range: Range<Timestamp>,
    ) -> Result<Vec<Bucket>, StoreError> {
        let table = self.transaction().open_table(tables::SERIES)?;
        let chunk_at = |at| tier.bucket_at(at) / CHUNK_BUCKETS;
        let (first, last) = (chunk_at(range.start), chunk_at(range.end));
        let code = tier.code();
        let mut buckets = Vec::new();
        for row in table.range((series, code, first)..=(series, code, last))? {
            let (key, value) = row?;
            let chunk = key.value().2;
            let record = decode_chunk(key.value(), value.value())?;
            for (number, bucket) in (chunk * CHUNK_BUCKETS..).zip(record.buckets) {
                let start_us = i64::try_from(number * tier.bucket_us()).unwrap_or(i64::MAX);
                buckets.extend(bucket.read(Timestamp(start_us)));
            }
        }
        buckets.retain(|bucket| range.contains(&bucket.at));
        Ok(buckets)
    }
}

type SeriesTable<'txn> = Table<'txn, (&'static str, u8, u64), &'static [u8]>;

/// Adds a sample to each tier; returns false if there are too many series.
fn add(table: &mut SeriesTable<'_>, at: Timestamp, sample: &Sample) -> Result<bool, StoreError> {
    for tier in SeriesTier::ALL {
        let bucket = tier.bucket_at(at);
        let key = (sample.series, tier.code(), bucket / CHUNK_BUCKETS);
        let known = match table.get(key)? {
            Some(value) => Some(decode_chunk(key, value.value())?),
            None => None,
        };
        let is_new = known.is_none();
        if is_new && tier == SeriesTier::Minute && !has_room(table, sample.series)? {
            return Ok(false);
        }
        let mut chunk = known.unwrap_or(ChunkV1 { buckets: Vec::new() });
        let place = usize::try_from(bucket % CHUNK_BUCKETS).expect("a chunk has 60 buckets");
        if chunk.buckets.len() <= place {
            chunk.buckets.resize(place + 1, BucketV1::Empty);
        }
        chunk.buckets[place].add(sample.value);
        table.insert(key, encode(&chunk).as_slice())?;
        if is_new {
            remove_oldest(table, sample.series, tier)?;
        }
    }
    Ok(true)
}

/// Whether the series exists, or another one may be added.
fn has_room(table: &SeriesTable<'_>, series: &str) -> Result<bool, StoreError> {
    let mut names = BTreeSet::new();
    let mut next = table.first()?.map(|(key, _)| key.value().0.to_owned());
    while let Some(name) = next {
        if name == series {
            return Ok(true);
        }
        let mut after = table.range((name.as_str(), u8::MAX, u64::MAX)..)?;
        next = after.next().transpose()?.map(|(key, _)| key.value().0.to_owned());
        names.insert(name);
    }
    Ok(names.len() < SERIES_MAX)
}

/// Keeps as many chunks as the tier has, however long ago they were filled.
fn remove_oldest(
    table: &mut SeriesTable<'_>,
    series: &str,
    tier: SeriesTier,
) -> Result<(), StoreError> {
    let code = tier.code();
    let mut chunks = Vec::new();
    for row in table.range((series, code, 0)..=(series, code, u64::MAX))? {
        chunks.push(row?.0.value().2);
    }
    let mut surplus = (chunks.len() as u64).saturating_sub(tier.chunks_max());
    for chunk in chunks {
        if surplus == 0 {
            break;
        }
        table.remove((series, code, chunk))?;
        surplus -= 1;
    }
    Ok(())
}

fn decode_chunk(key: (&str, u8, u64), bytes: &[u8]) -> Result<ChunkV1, StoreError> {
    let key = format!("{} {} {}", key.0, key.1, key.2);
    decode(bytes, RecordSource { table: "series", key: &key })
}

impl BucketV1 {
    fn add(&mut self, value: f32) {
        *self = match *self {
            Self::Empty => Self::Constant { count: 1, value },
            Self::Constant { count, value: known } if known.to_bits() == value.to_bits() => {
                Self::Constant { count: count.saturating_add(1), value }
            }
            Self::Constant { count, value: known } => {
                Self::varied(count, known, known, known, value)
            }
            Self::Varied { count, min, max, mean } => Self::varied(count, min, max, mean, value),
        };
    }

    fn varied(count: u32, min: f32, max: f32, mean: f32, value: f32) -> Self {
        let count = count.saturating_add(1);
        let step = (f64::from(value) - f64::from(mean)) / f64::from(count);
        #[expect(clippy::cast_possible_truncation, reason = "kept with seven digits")]
        let mean = (f64::from(mean) + step) as f32;
        Self::Varied { count, min: min.min(value), max: max.max(value), mean }
    }

    fn read(self, at: Timestamp) -> Option<Bucket> {
        match self {
            Self::Empty => None,
            Self::Constant { count, value } => {
                Some(Bucket { at, count, min: value, max: value, mean: value })
            }
            Self::Varied { count, min, max, mean } => Some(Bucket { at, count, min, max, mean }),
        }
    }
}

#[cfg(test)]
mod tests {
    use redb::ReadableDatabase;
    use redb::backends::InMemoryBackend;

    use super::*;
    use crate::store::OpenOptions;

    const EVER: Range<Timestamp> = Timestamp(0)..Timestamp(i64::MAX);
    const SECOND_US: i64 = 1_000_000;
    /// 2026-11-29T00:00:00Z.
    const START_US: i64 = 1_795_910_400 * SECOND_US;

    fn store() -> Store {
        let options = OpenOptions { cache_bytes: 16 << 20, now: Timestamp(0), site_id: None };
        Store::with_backend(InMemoryBackend::new(), options).unwrap()
    }

    /// Adds many samples of one series in one transaction.
    fn fill(store: &Store, series: &'static str, samples: impl Iterator<Item = (i64, f32)>) {
        let tx = store.db.begin_write().unwrap();
        {
            let mut table = tx.open_table(tables::SERIES).unwrap();
            for (at_us, value) in samples {
                assert!(add(&mut table, Timestamp(at_us), &Sample { series, value }).unwrap());
            }
        }
        tx.commit().unwrap();
    }

    fn buckets(store: &Store, tier: SeriesTier) -> Vec<Bucket> {
        store.read().unwrap().buckets("customers", tier, EVER).unwrap()
    }

    #[test]
    fn each_tier_sums_the_samples_of_its_buckets_up() {
        let store = store();
        // 20 hours with a sample each 25 s, 0 to 99, and a gap of an hour and a half.
        let times = (0..2_880_i64).filter(|number| !(1_000..1_216).contains(number));
        let value_at = |number: i64| f32::from(u8::try_from(number * number % 100).unwrap());
        let at_us = |number: i64| START_US + number * 25 * SECOND_US;
        fill(&store, "customers", times.clone().map(|number| (at_us(number), value_at(number))));
        for tier in SeriesTier::ALL {
            let mut expected: Vec<(u64, Vec<f32>)> = Vec::new();
            for number in times.clone() {
                let bucket = tier.bucket_at(Timestamp(at_us(number)));
                match expected.last_mut() {
                    Some((last, values)) if *last == bucket => values.push(value_at(number)),
                    _ => expected.push((bucket, vec![value_at(number)])),
                }
            }
            let found = buckets(&store, tier);
            assert_eq!(found.len(), expected.len(), "{tier:?}");
            for (found, (bucket, values)) in found.iter().zip(&expected) {
                let start_us = i64::try_from(bucket * tier.bucket_us()).unwrap();
                assert_eq!(found.at, Timestamp(start_us));
                assert_eq!(found.count as usize, values.len());
                let least = values.iter().copied().fold(f32::MAX, f32::min);
                let most = values.iter().copied().fold(f32::MIN, f32::max);
                assert_eq!(
                    (found.min.to_bits(), found.max.to_bits()),
                    (least.to_bits(), most.to_bits())
                );
                let mean =
                    values.iter().sum::<f32>() / f32::from(u16::try_from(values.len()).unwrap());
                assert!((found.mean - mean).abs() < 1e-3, "{} is not {mean}", found.mean);
            }
        }
    }

    #[test]
    fn a_series_is_bounded_and_keeps_what_its_tiers_promise() {
        let store = store();
        let minutes = 0..450 * 24 * 2;
        let times = minutes.map(|number| START_US + number * 30 * 60 * SECOND_US);
        // Values that change all the time take the most space.
        fill(&store, "customers", times.clone().zip((0_u16..).map(f32::from)));
        let now_us = times.clone().next_back().unwrap();
        let mut bytes = 0;
        for tier in SeriesTier::ALL {
            let oldest_us = buckets(&store, tier)[0].at.0;
            assert!(oldest_us <= now_us - i64::try_from(tier.kept_us()).unwrap(), "{tier:?}");
            let snapshot = store.db.begin_read().unwrap();
            let table = snapshot.open_table(tables::SERIES).unwrap();
            let range = ("customers", tier.code(), 0)..=("customers", tier.code(), u64::MAX);
            let rows: Vec<usize> =
                table.range(range).unwrap().map(|row| row.unwrap().1.value().len()).collect();
            assert!(rows.len() as u64 <= tier.chunks_max(), "{tier:?}: {} chunks", rows.len());
            bytes += rows.iter().sum::<usize>();
        }
        assert!(bytes < 241_000, "{bytes} bytes");
    }

    #[test]
    fn a_series_too_many_is_not_recorded_and_the_others_are() {
        let store = store();
        let names: Vec<&'static str> =
            (0..=SERIES_MAX).map(|number| &*format!("s{number:02}").leak()).collect();
        let samples = |names: &[&'static str]| -> Vec<Sample> {
            names.iter().map(|series| Sample { series, value: 1.0 }).collect()
        };
        let at = Timestamp(START_US);
        assert_eq!(store.record_samples(at, &samples(&names)).unwrap(), 1);
        assert_eq!(store.record_samples(at, &samples(&names)).unwrap(), 1);
        let snapshot = store.read().unwrap();
        let count = |series| {
            let buckets = snapshot.buckets(series, SeriesTier::Hour, EVER).unwrap();
            buckets.first().map(|bucket| bucket.count)
        };
        assert_eq!([count("s00"), count("s63"), count("s64")], [Some(2), Some(2), None]);
        assert_eq!(snapshot.seq(), 0, "the site is what it was");
    }

    #[test]
    fn a_clock_that_was_wrong_for_a_while_loses_no_more_than_a_chunk() {
        let store = store();
        let hours = |from: i64, count: i64| {
            (from..from + count).map(|hour| (START_US + hour * 3_600 * SECOND_US, 1.0))
        };
        fill(&store, "customers", hours(0, 9_600));
        fill(&store, "customers", hours(100_000, 1));
        fill(&store, "customers", hours(9_600, 24));
        let from = Timestamp(START_US + 60 * 3_600 * SECOND_US);
        let to = Timestamp(START_US + 9_624 * 3_600 * SECOND_US);
        let kept = store.read().unwrap().buckets("customers", SeriesTier::Hour, from..to).unwrap();
        assert_eq!(kept.len(), 9_564);
    }

    /// These bytes never change once they are shipped.
    #[test]
    fn golden_bytes() {
        let varied = BucketV1::Varied { count: 300, min: 0.0, max: 2.5, mean: 1.0 };
        let constant = BucketV1::Constant { count: 1, value: 7.0 };
        let record = ChunkV1 { buckets: vec![BucketV1::Empty, constant, varied] };
        let digits = "010300010100 00e040 02fb2c01 00000000 00002040 0000803f".replace(' ', "");
        assert_eq!(crate::util::hex(encode(&record)), digits);
    }
}
