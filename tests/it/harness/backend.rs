//! A disk in memory: it logs every write, knows what no sync has made durable, and fails when told.

use std::fmt;
use std::io::{self, ErrorKind};
use std::sync::{Arc, Mutex, MutexGuard};

use redb::StorageBackend;

use super::commands::Rng;

/// One operation that changed the disk.
#[derive(Clone, Debug)]
pub(crate) enum Op {
    Write {
        offset: usize,
        data: Arc<[u8]>,
    },
    SetLen(usize),
    /// Everything before is durable from here on.
    Sync,
}

/// The error of a planned failure.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    /// EIO at one operation of any kind; the disk works again afterwards.
    Once,
    /// EIO at one operation of any kind and at every one after it.
    Dead,
    /// ENOSPC at one write or change of length and at every one after it; reads go on.
    Full,
}

/// A shared disk; clones are handles of the same one.
#[derive(Clone)]
pub(crate) struct Disk(Arc<Mutex<State>>);

struct State {
    /// What a process sees, synced or not.
    content: Vec<u8>,
    /// Every successful change since the disk was made.
    log: Vec<Op>,
    plan: Option<(u64, Fault)>,
    /// Operations so far that the planned fault could have hit.
    counted: u64,
    faults: u64,
}

impl Disk {
    /// A disk that durably holds `content`.
    pub(crate) fn new(content: Vec<u8>) -> Self {
        Self(Arc::new(Mutex::new(State {
            content,
            log: Vec::new(),
            plan: None,
            counted: 0,
            faults: 0,
        })))
    }

    /// A disk that durably holds `content` and whose operation number `at` (from 1) fails.
    pub(crate) fn failing(content: Vec<u8>, at: u64, fault: Fault) -> Self {
        let disk = Self::new(content);
        disk.state().plan = Some((at, fault));
        disk
    }

    /// How many operations succeeded that changed the disk.
    pub(crate) fn position(&self) -> usize {
        self.state().log.len()
    }

    /// How many operations failed as planned.
    pub(crate) fn faults(&self) -> u64 {
        self.state().faults
    }

    /// How many operations the planned fault could have hit so far.
    pub(crate) fn counted(&self) -> u64 {
        self.state().counted
    }

    /// A copy of the log.
    pub(crate) fn log(&self) -> Vec<Op> {
        self.state().log.clone()
    }

    /// What a process that opens the file now would read.
    pub(crate) fn content(&self) -> Vec<u8> {
        self.state().content.clone()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().expect("nothing panics while it holds the disk")
    }
}

impl fmt::Debug for Disk {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Disk")
    }
}

impl State {
    /// Counts an operation, and fails it when its turn has come.
    fn pass(&mut self, takes_room: bool) -> io::Result<()> {
        let Some((at, fault)) = self.plan else { return Ok(()) };
        if fault == Fault::Full && !takes_room {
            return Ok(());
        }
        self.counted += 1;
        let is_hit = if fault == Fault::Once { self.counted == at } else { self.counted >= at };
        if !is_hit {
            return Ok(());
        }
        self.faults += 1;
        Err(if fault == Fault::Full {
            io::Error::from(ErrorKind::StorageFull)
        } else {
            io::Error::other("planned input/output error")
        })
    }

    fn change(&mut self, op: Op) {
        apply(&mut self.content, &op);
        self.log.push(op);
    }
}

impl StorageBackend for Disk {
    fn len(&self) -> io::Result<u64> {
        let mut state = self.state();
        state.pass(false)?;
        Ok(state.content.len() as u64)
    }

    fn read(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
        let mut state = self.state();
        state.pass(false)?;
        let start = index(offset)?;
        let bytes = state.content.get(start..start + out.len());
        out.copy_from_slice(bytes.ok_or(ErrorKind::UnexpectedEof)?);
        Ok(())
    }

    fn set_len(&self, len: u64) -> io::Result<()> {
        let mut state = self.state();
        state.pass(true)?;
        state.change(Op::SetLen(index(len)?));
        Ok(())
    }

    fn sync_data(&self) -> io::Result<()> {
        let mut state = self.state();
        state.pass(false)?;
        state.change(Op::Sync);
        Ok(())
    }

    fn write(&self, offset: u64, data: &[u8]) -> io::Result<()> {
        let mut state = self.state();
        let offset = index(offset)?;
        let passed = state.pass(true);
        // A failed write leaves some of its sectors behind, as a short write does.
        let written = if passed.is_ok() { data.len() } else { data.len() / 1024 * 512 };
        if written > 0 {
            state.change(Op::Write { offset, data: data[..written].into() });
        }
        passed
    }
}

fn index(offset: u64) -> io::Result<usize> {
    usize::try_from(offset).map_err(|_| ErrorKind::FileTooLarge.into())
}

/// Carries one operation out.
pub(crate) fn apply(content: &mut Vec<u8>, op: &Op) {
    match op {
        Op::Write { offset, data } => {
            let end = offset + data.len();
            if content.len() < end {
                content.resize(end, 0);
            }
            content[*offset..end].copy_from_slice(data);
        }
        Op::SetLen(len) => content.resize(*len, 0),
        Op::Sync => {}
    }
}

/// Which of the unsynced writes reached the platter before the power went.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Survivors {
    Nothing,
    Everything,
    /// Each write whole or not at all.
    SomeWrites,
    /// Each 512-byte sector of each write for itself.
    SomeSectors,
    /// Each 4096-byte page of each write for itself.
    SomePages,
    /// Every write, but the file kept the length of the last sync.
    NoNewLength,
    /// Some sectors, and one of the lengths that the file had since the last sync.
    SomeSectorsAnyLength,
}

impl Survivors {
    pub(crate) const ALL: [Self; 7] = [
        Self::Nothing,
        Self::Everything,
        Self::SomeWrites,
        Self::SomeSectors,
        Self::SomePages,
        Self::NoNewLength,
        Self::SomeSectorsAnyLength,
    ];
}

/// What a power cut leaves of `durable` and the operations since the last sync.
pub(crate) fn crash(
    durable: &[u8],
    unsynced: &[Op],
    survivors: Survivors,
    rng: &mut Rng,
) -> Vec<u8> {
    let mut image = durable.to_vec();
    if survivors == Survivors::Nothing {
        return image;
    }
    let mut lengths = vec![durable.len()];
    for op in unsynced {
        match op {
            Op::Write { offset, data } => {
                for (start, piece) in pieces(*offset, data, survivors) {
                    let survives = match survivors {
                        Survivors::Everything | Survivors::NoNewLength => true,
                        _ => rng.chance(50),
                    };
                    if survives {
                        apply(&mut image, &Op::Write { offset: start, data: piece.into() });
                    }
                }
                lengths.push(lengths[lengths.len() - 1].max(offset + data.len()));
            }
            Op::SetLen(len) => {
                image.resize(image.len().max(*len), 0);
                if survivors == Survivors::Everything {
                    image.truncate(*len);
                }
                lengths.push(*len);
            }
            Op::Sync => {}
        }
    }
    let length = match survivors {
        Survivors::NoNewLength => durable.len(),
        Survivors::SomeSectorsAnyLength => lengths[rng.below(lengths.len())],
        _ => lengths[lengths.len() - 1],
    };
    image.resize(length, 0);
    image
}

/// The parts of a write that reach the platter one by one, cut where the device's own sectors end.
fn pieces(offset: usize, data: &[u8], survivors: Survivors) -> Vec<(usize, &[u8])> {
    let size = match survivors {
        Survivors::SomeSectors | Survivors::SomeSectorsAnyLength => 512,
        Survivors::SomePages => 4096,
        _ => return vec![(offset, data)],
    };
    let mut parts = Vec::with_capacity(data.len() / size + 2);
    let mut start = 0;
    while start < data.len() {
        let end = (start + size - (offset + start) % size).min(data.len());
        parts.push((offset + start, &data[start..end]));
        start = end;
    }
    parts
}
