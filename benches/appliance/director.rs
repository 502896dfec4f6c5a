//! Runs the scenarios and shows what they found.

use std::fs;
use std::io::{Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::time::Instant;

use anyhow::{Context, Result, bail, ensure};

use crate::process;
use crate::report::{self, Row};
use crate::scenarios;
use crate::stats::{quantile, sorted};

/// Fewer rounds than this say nothing on a shared machine.
const ROUNDS_MIN: usize = 5;
/// Writes of one page each: enough for a median of the disk's fsync.
const FSYNC_PROBES: usize = 200;

/// What every scenario needs to know.
pub(crate) struct Bench {
    /// The release binary.
    pub(crate) binary: PathBuf,
    /// Where stores are made; removed at the end.
    pub(crate) scratch: tempfile::TempDir,
    pub(crate) rounds: usize,
    /// Of one measurement within a round.
    pub(crate) seconds: f64,
    /// How long `sync` keeps PostgreSQL away.
    pub(crate) outage_seconds: f64,
    /// Where plots go: beside the paper, when it is being written.
    pub(crate) plots: Option<PathBuf>,
}

struct Options {
    binary: PathBuf,
    scratch: PathBuf,
    write: Option<PathBuf>,
    /// Which program is measured, for the tables.
    commit: String,
    rounds: usize,
    seconds: f64,
    outage_seconds: f64,
    scenarios: Vec<String>,
}

pub(crate) fn run(args: &[String]) -> Result<()> {
    let options = parse(args)?;
    fs::create_dir_all(&options.scratch)?;
    let scratch = tempfile::Builder::new().prefix("bench-").tempdir_in(&options.scratch)?;
    let bench = Bench {
        binary: fs::canonicalize(&options.binary).context("the binary is missing")?,
        scratch,
        rounds: options.rounds,
        seconds: options.seconds,
        outage_seconds: options.outage_seconds,
        plots: options.write.as_deref().and_then(Path::parent).map(Path::to_owned),
    };
    let circumstances = circumstances(&bench, &options.commit)?;
    let mut failed = Vec::new();
    for name in &options.scenarios {
        println!("== {name}");
        let before = load()?;
        match measure(&bench, name) {
            Ok(rows) if rows.is_empty() => println!("skipped\n"),
            Ok(rows) => {
                let circumstances = format!("{circumstances}; load {before} to {}", load()?);
                println!("{circumstances}\n{}", report::plain(&rows));
                if let Some(file) = &options.write {
                    report::write(file, name, &rows, &circumstances)?;
                }
            }
            Err(error) => {
                eprintln!("{name} could not be measured: {error:#}\n");
                failed.push(name.as_str());
            }
        }
    }
    ensure!(failed.is_empty(), "not measured: {}", failed.join(", "));
    Ok(())
}

fn measure(bench: &Bench, name: &str) -> Result<Vec<Row>> {
    let (_, scenario) = scenarios::ALL
        .iter()
        .find(|(known, _)| *known == name)
        .with_context(|| format!("there is no scenario {name}"))?;
    scenario(bench)
}

fn parse(args: &[String]) -> Result<Options> {
    let mut options = Options {
        binary: PathBuf::new(),
        scratch: std::env::temp_dir(),
        write: None,
        commit: "an unknown commit".to_owned(),
        rounds: 7,
        seconds: 3.0,
        outage_seconds: 600.0,
        scenarios: Vec::new(),
    };
    let mut args = args.iter();
    while let Some(arg) = args.next() {
        let mut value = || args.next().with_context(|| format!("{arg} needs a value"));
        match arg.as_str() {
            "--binary" => options.binary = value()?.into(),
            "--scratch" => options.scratch = value()?.into(),
            "--write" => options.write = Some(value()?.into()),
            "--commit" => options.commit.clone_from(value()?),
            "--rounds" => options.rounds = value()?.parse::<usize>()?.max(ROUNDS_MIN),
            "--seconds" => options.seconds = value()?.parse()?,
            "--outage-seconds" => options.outage_seconds = value()?.parse()?,
            name if scenarios::ALL.iter().any(|(known, _)| *known == name) => {
                options.scenarios.push(name.to_owned());
            }
            other => bail!("{other} is neither an option nor a scenario"),
        }
    }
    if options.scenarios.is_empty() {
        options.scenarios = scenarios::ALL.iter().map(|(name, _)| (*name).to_owned()).collect();
    }
    Ok(options)
}

impl Bench {
    /// A fresh directory below the scratch directory.
    pub(crate) fn directory(&self, name: &str) -> Result<PathBuf> {
        let parent = tempfile::Builder::new().prefix(name).tempdir_in(&self.scratch)?.keep();
        let directory = parent.join("data");
        fs::create_dir(&directory)?;
        Ok(directory)
    }

    /// A file with these bytes in the scratch directory.
    pub(crate) fn file(&self, name: &str, bytes: &[u8]) -> Result<PathBuf> {
        let path = self.scratch.path().join(name);
        fs::write(&path, bytes)?;
        Ok(path)
    }

    /// A copy of a data directory that nobody uses now.
    pub(crate) fn copy_of(&self, directory: &Path, name: &str) -> Result<PathBuf> {
        let copy = self.directory(name)?;
        for entry in fs::read_dir(directory)? {
            let entry = entry?;
            if entry.file_type()?.is_file() {
                fs::copy(entry.path(), copy.join(entry.file_name()))?;
            }
        }
        Ok(copy)
    }

    /// A data directory with a site of this many leaves, made at the first call.
    pub(crate) fn site(&self, leaves: u32) -> Result<PathBuf> {
        let directory = self.scratch.path().join(format!("site-{leaves}")).join("data");
        if !directory.exists() {
            fs::create_dir_all(&directory)?;
            seed(&self.binary, &directory, leaves)?;
        }
        Ok(directory)
    }
}

/// Runs `unoc seed` on a directory and returns how long it took, in seconds.
pub(crate) fn seed(binary: &Path, directory: &Path, leaves: u32) -> Result<f64> {
    let started = Instant::now();
    let output = process::unoc(binary, directory)
        .args(["seed", "--size", &leaves.to_string(), "--data-dir"])
        .arg(directory)
        .output()
        .context("running unoc seed")?;
    let words = String::from_utf8_lossy(&output.stderr);
    ensure!(output.status.success(), "unoc seed failed: {words}");
    Ok(started.elapsed().as_secs_f64())
}

/// How many processes wanted a core, on the average of the last minute: what exceeds this bench's
/// own two or three is somebody else's.
fn load() -> Result<String> {
    let words = fs::read_to_string("/proc/loadavg")?;
    Ok(words.split_whitespace().next().unwrap_or_default().to_owned())
}

/// When, which program, on what machine, on what disk.
fn circumstances(bench: &Bench, commit: &str) -> Result<String> {
    let date = jiff::Timestamp::now().strftime("%Y-%m-%d").to_string();
    let cores = std::thread::available_parallelism()?;
    let memory = fs::read_to_string("/proc/meminfo")?;
    let kib = memory.split_whitespace().nth(1).context("no size in /proc/meminfo")?;
    let gib = (kib.parse::<f64>()? / f64::from(1 << 20)).ceil();
    let processor = fs::read_to_string("/proc/cpuinfo")?;
    let kind =
        if processor.contains(" hypervisor ") { "shared virtual machine" } else { "machine" };
    let fsync_ms = report::number(fsync_ms(bench)?);
    let rounds = bench.rounds;
    Ok(format!(
        "{date}, commit {commit}, {cores} cores, {gib} GiB, {kind}; one fdatasync takes {fsync_ms} ms (median); \
         {rounds} rounds"
    ))
}

/// The median time to make one rewritten page durable.
fn fsync_ms(bench: &Bench) -> Result<f64> {
    let mut file = tempfile::tempfile_in(&bench.scratch)?;
    let mut times_ms = Vec::with_capacity(FSYNC_PROBES);
    for _ in 0..FSYNC_PROBES {
        file.seek(SeekFrom::Start(0))?;
        file.write_all(&[7; 4096])?;
        let started = Instant::now();
        file.sync_data()?;
        times_ms.push(started.elapsed().as_secs_f64() * 1e3);
    }
    Ok(quantile(&sorted(&times_ms), 0.5))
}
