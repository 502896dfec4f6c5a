//! Scheduled jobs: their settings, how far the due times of each are settled, their last runs.

use bincode::{BorrowDecode, Encode};
use redb::{ReadTransaction, ReadableTable, WriteTransaction};

use super::codec::{RecordSource, VersionedRecord, decode, encode};
use super::error::StoreError;
use super::open::Store;
use super::snapshot::Snapshot;
use super::tables;
use crate::domain::Timestamp;

/// Runs kept of each job: seven weeks of a daily one; below 4 MB with the longest logs.
pub const JOB_RUNS_MAX: usize = 50;

/// What an operator set for a job, and how far its due times are settled.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JobSettings {
    /// Five cron fields that replace the job's default schedule.
    pub schedule: Option<String>,
    pub is_enabled: bool,
    /// When a program that has this job first ran on this store.
    pub first_seen: Timestamp,
    /// Every due time up to here was run, caught up, or skipped on purpose.
    pub settled: Timestamp,
}

/// One run of a job.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JobRun {
    /// Grows by one with each run of the same job.
    pub id: u64,
    pub trigger: Trigger,
    pub started_at: Timestamp,
    /// Absent while it runs, and if the process ended before the run did.
    pub ended_at: Option<Timestamp>,
    pub result: RunResult,
    /// The result in a sentence.
    pub message: Option<String>,
    /// The last lines that it logged.
    pub log: Vec<String>,
    /// The id of the report that it kept.
    pub report: Option<u64>,
}

/// Why a run began.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Trigger {
    /// It was due.
    Schedule,
    /// Someone started it.
    Manual,
    /// It was due while the host was off or the clock was wrong.
    Missed,
    /// Another job found something to repair.
    Repair,
}

impl Trigger {
    pub const ALL: [Self; 4] = [Self::Schedule, Self::Manual, Self::Missed, Self::Repair];

    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Schedule => "schedule",
            Self::Manual => "manual",
            Self::Missed => "missed",
            Self::Repair => "repair",
        }
    }

    const fn code(self) -> u8 {
        match self {
            Self::Schedule => 1,
            Self::Manual => 2,
            Self::Missed => 3,
            Self::Repair => 4,
        }
    }
}

/// How a run ended, if it has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RunResult {
    Running,
    Ok,
    Failed,
    /// The process ended before the run did.
    Interrupted,
}

impl RunResult {
    pub const ALL: [Self; 4] = [Self::Running, Self::Ok, Self::Failed, Self::Interrupted];

    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Running => "running",
            Self::Ok => "ok",
            Self::Failed => "failed",
            Self::Interrupted => "interrupted",
        }
    }

    const fn code(self) -> u8 {
        match self {
            Self::Running => 1,
            Self::Ok => 2,
            Self::Failed => 3,
            Self::Interrupted => 4,
        }
    }
}

/// What to write of one job; what is absent stays as it is.
#[derive(Clone, Debug)]
pub struct JobWrite {
    pub name: String,
    pub settings: Option<JobSettings>,
    pub run: Option<JobRun>,
}

#[derive(Encode, BorrowDecode)]
struct JobV1<'a> {
    schedule: Option<&'a str>,
    is_enabled: bool,
    first_seen_us: i64,
    settled_us: i64,
}

#[derive(Encode, BorrowDecode)]
struct JobRunV1<'a> {
    trigger: u8,
    started_us: i64,
    ended_us: Option<i64>,
    result: u8,
    message: Option<&'a str>,
    log: Vec<&'a str>,
}

/// With the report.
#[derive(Encode, BorrowDecode)]
struct JobRunV2<'a> {
    trigger: u8,
    started_us: i64,
    ended_us: Option<i64>,
    result: u8,
    message: Option<&'a str>,
    log: Vec<&'a str>,
    report: Option<u64>,
}

impl<'a> From<JobRunV1<'a>> for JobRunV2<'a> {
    fn from(run: JobRunV1<'a>) -> Self {
        let JobRunV1 { trigger, started_us, ended_us, result, message, log } = run;
        Self { trigger, started_us, ended_us, result, message, log, report: None }
    }
}

impl VersionedRecord for JobV1<'_> {
    const VERSION: u8 = 1;
}

impl VersionedRecord for JobRunV1<'_> {
    const VERSION: u8 = 1;
}

impl VersionedRecord for JobRunV2<'_> {
    const VERSION: u8 = 2;
}

impl Store {
    /// Remembers settings and runs in one durable transaction; the oldest runs beyond
    /// [`JOB_RUNS_MAX`] are forgotten. The site and its seq stay what they are.
    pub fn save_jobs(&self, writes: &[JobWrite]) -> Result<(), StoreError> {
        let tx = self.db.begin_write()?;
        for write in writes {
            save(&tx, write)?;
        }
        tx.commit()?;
        Ok(())
    }
}

impl Snapshot {
    /// A job's settings; `None` for one that was never saved.
    pub fn job(&self, name: &str) -> Result<Option<JobSettings>, StoreError> {
        let table = self.transaction().open_table(tables::JOBS)?;
        table.get(name)?.map(|value| decode_settings(name, value.value())).transpose()
    }

    /// The names of the jobs that were ever saved.
    pub fn job_names(&self) -> Result<Vec<String>, StoreError> {
        let table = self.transaction().open_table(tables::JOBS)?;
        table.iter()?.map(|row| Ok(row?.0.value().to_owned())).collect()
    }

    /// At most `limit` of a job's runs, newest first.
    pub fn job_runs(&self, name: &str, limit: usize) -> Result<Vec<JobRun>, StoreError> {
        read_runs(self.transaction(), name, limit)
    }
}

fn save(tx: &WriteTransaction, write: &JobWrite) -> Result<(), StoreError> {
    let name = write.name.as_str();
    if let Some(settings) = &write.settings {
        tx.open_table(tables::JOBS)?.insert(name, encode_settings(settings).as_slice())?;
    }
    let Some(run) = &write.run else { return Ok(()) };
    let mut table = tx.open_table(tables::JOB_RUNS)?;
    table.insert((name, run.id), encode_run(run).as_slice())?;
    let mut ids = Vec::new();
    for row in table.range((name, 0)..=(name, u64::MAX))? {
        ids.push(row?.0.value().1);
    }
    let surplus = ids.len().saturating_sub(JOB_RUNS_MAX);
    for id in ids.into_iter().take(surplus) {
        table.remove((name, id))?;
    }
    Ok(())
}

fn read_runs(tx: &ReadTransaction, name: &str, limit: usize) -> Result<Vec<JobRun>, StoreError> {
    let table = tx.open_table(tables::JOB_RUNS)?;
    let mut runs = Vec::new();
    for row in table.range((name, 0)..=(name, u64::MAX))?.rev().take(limit) {
        let (key, value) = row?;
        runs.push(decode_run(key.value().1, value.value())?);
    }
    Ok(runs)
}

fn encode_settings(settings: &JobSettings) -> Vec<u8> {
    encode(&JobV1 {
        schedule: settings.schedule.as_deref(),
        is_enabled: settings.is_enabled,
        first_seen_us: settings.first_seen.0,
        settled_us: settings.settled.0,
    })
}

fn decode_settings(name: &str, bytes: &[u8]) -> Result<JobSettings, StoreError> {
    let record: JobV1<'_> = decode(bytes, RecordSource { table: "jobs", key: &name })?;
    Ok(JobSettings {
        schedule: record.schedule.map(str::to_owned),
        is_enabled: record.is_enabled,
        first_seen: Timestamp(record.first_seen_us),
        settled: Timestamp(record.settled_us),
    })
}

fn encode_run(run: &JobRun) -> Vec<u8> {
    encode(&JobRunV2 {
        trigger: run.trigger.code(),
        started_us: run.started_at.0,
        ended_us: run.ended_at.map(|at| at.0),
        result: run.result.code(),
        message: run.message.as_deref(),
        log: run.log.iter().map(String::as_str).collect(),
        report: run.report,
    })
}

fn decode_run(id: u64, bytes: &[u8]) -> Result<JobRun, StoreError> {
    let source = RecordSource { table: "job_runs", key: &id };
    let record: JobRunV2<'_> = match bytes.first() {
        Some(&JobRunV1::VERSION) => decode::<JobRunV1<'_>>(bytes, source)?.into(),
        _ => decode(bytes, source)?,
    };
    let trigger = Trigger::ALL.into_iter().find(|trigger| trigger.code() == record.trigger);
    let result = RunResult::ALL.into_iter().find(|result| result.code() == record.result);
    Ok(JobRun {
        id,
        trigger: trigger.ok_or_else(|| source.damaged("unknown trigger"))?,
        started_at: Timestamp(record.started_us),
        ended_at: record.ended_us.map(Timestamp),
        result: result.ok_or_else(|| source.damaged("unknown result"))?,
        message: record.message.map(str::to_owned),
        log: record.log.into_iter().map(str::to_owned).collect(),
        report: record.report,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::util::hex;

    /// Version 1 as it was first shipped. These bytes never change.
    const SETTINGS_V1: &str = "01010a31352032202a202a202a00fd0060be0216c10c0001";
    const RUN_V1: &str = "0103fd0060be0216c10c0001fd0260be0216c10c0003010b66c3bc72206e\
        696368747302036f6e6500";
    const RUN_V2: &str = "0203fd0060be0216c10c0001fd0260be0216c10c0003010b66c3bc72206e\
        696368747302036f6e65000109";

    #[test]
    fn round_trips_and_golden_bytes() {
        let settings = JobSettings {
            schedule: Some("15 2 * * *".to_owned()),
            is_enabled: false,
            first_seen: Timestamp(1_795_000_000_000_000),
            settled: Timestamp(-1),
        };
        let bytes = encode_settings(&settings);
        assert_eq!(decode_settings("backup", &bytes).unwrap(), settings);
        assert_eq!(hex(&bytes), SETTINGS_V1);
        let run = JobRun {
            id: 7,
            trigger: Trigger::Missed,
            started_at: Timestamp(1_795_000_000_000_000),
            ended_at: Some(Timestamp(1_795_000_000_000_001)),
            result: RunResult::Failed,
            message: Some("für nichts".to_owned()),
            log: vec!["one".to_owned(), String::new()],
            report: Some(9),
        };
        let bytes = encode_run(&run);
        assert_eq!(decode_run(7, &bytes).unwrap(), run);
        assert_eq!(hex(&bytes), RUN_V2);
        // Version 1 is the same without the report.
        let old = encode(&JobRunV1 {
            trigger: run.trigger.code(),
            started_us: run.started_at.0,
            ended_us: run.ended_at.map(|at| at.0),
            result: run.result.code(),
            message: run.message.as_deref(),
            log: run.log.iter().map(String::as_str).collect(),
        });
        assert_eq!(hex(&old), RUN_V1);
        assert_eq!(decode_run(7, &old).unwrap(), JobRun { report: None, ..run });
    }

    #[test]
    fn an_unknown_code_is_damage() {
        let run = encode(&JobRunV1 {
            trigger: 9,
            started_us: 0,
            ended_us: None,
            result: 1,
            message: None,
            log: Vec::new(),
        });
        let error = decode_run(3, &run).unwrap_err().to_string();
        assert!(error.contains("table job_runs, key 3: unknown trigger"), "{error}");
    }
}
