//! Which lines are logged: the configured level, and changes to it that end by themselves.

use std::sync::{Arc, RwLock, RwLockReadGuard, RwLockWriteGuard};
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::Instant;
use tracing::level_filters::LevelFilter;
use tracing::subscriber::Interest;
use tracing::{Level, Metadata, Subscriber, info};
use tracing_subscriber::layer::{Context, Layer};

use super::filter::is_within;
use super::now::Now;
use crate::domain::Timestamp;
use crate::util::Usage;

/// Libraries that log too much: only their warnings and errors are logged.
const QUIET_LIBRARIES: [&str; 11] = [
    "hyper",
    "hyper_util",
    "tower_http",
    "socketioxide",
    "engineioxide",
    "tungstenite",
    "refinery_core",
    "postgres",
    "tokio_postgres",
    "rustls",
    "tokio_cron_scheduler",
];
/// The module of the whole program. Only its levels can be changed: at DEBUG, libraries log what they
/// are given, such as the values of a statement.
const OWN_TARGET: &str = "unoc";
/// Longest change: a forgotten one costs disk space for an hour, not for weeks.
pub const CHANGE_WAIT_MAX: Duration = Duration::from_secs(60 * 60);
/// Changes at a time: one for each layer.
pub const CHANGES_MAX: usize = 16;
/// Longest target; the longest module has a third of this.
const TARGET_BYTES_MAX: usize = 128;
/// The target of the lines about changes, which are logged whatever the configured level is.
const CHANGE_TARGET: &str = module_path!();
/// How often the clock is read while there is a change: one that was set forward is noticed within this
/// time.
const CLOCK_CHECK_INTERVAL: Duration = Duration::from_secs(1);

/// The levels of the log; clones share them.
#[derive(Clone)]
pub struct LogLevels(Arc<SharedLevels>);

struct SharedLevels {
    default: RwLock<Level>,
    /// Sorted by target, so that the last one that fits a target is the nearest.
    changes: RwLock<Vec<LevelChange>>,
    /// Wakes the task that ends changes. It has no value, since one that was read before another change
    /// could be sent after it.
    changed: watch::Sender<()>,
    now: Now,
}

/// A level that a module has for some time.
#[derive(Clone, Debug)]
pub struct LevelChange {
    pub target: String,
    pub level: Level,
    /// Who asked for it.
    pub actor: String,
    pub set_at: Timestamp,
    pub ends_at: Timestamp,
    /// The same end by a clock that is never set back.
    deadline: Instant,
}

/// A change that is asked for.
#[derive(Clone, Debug)]
pub struct NewLevel {
    pub target: String,
    pub level: Level,
    pub wait: Duration,
    pub actor: String,
    pub request_id: String,
}

/// Why a level is not changed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LevelError {
    #[error("the target is unoc or a module in it, such as unoc::sync")]
    NotOwn,
    #[error("a level is at least WARN: warnings and errors are always logged")]
    Silences,
    #[error("a change lasts from 1 to {} s", CHANGE_WAIT_MAX.as_secs())]
    TooLong,
    #[error("there are {CHANGES_MAX} changed levels already; end one first")]
    TooMany,
}

impl LogLevels {
    pub(super) fn new(default: Level, now: Now) -> Self {
        let (changed, _) = watch::channel(());
        let default = RwLock::new(default);
        Self(Arc::new(SharedLevels { default, changes: RwLock::default(), changed, now }))
    }

    /// Returns the configured level.
    pub fn default_level(&self) -> Level {
        *self.0.default.read().expect("no code that panics runs while it is held")
    }

    /// Replaces the configured level. Changes of modules stay in force.
    pub fn set_default_level(&self, level: Level) {
        *self.0.default.write().expect("no code that panics runs while it is held") = level;
        self.has_changed();
    }

    /// Returns the changes in force, sorted by target.
    pub fn changes(&self) -> Vec<LevelChange> {
        self.read().clone()
    }

    /// Returns how many levels are changed.
    pub fn usage(&self) -> Usage {
        Usage::of(self.read().len(), CHANGES_MAX)
    }

    /// Returns the time by the log's clock.
    pub fn now(&self) -> Timestamp {
        (self.0.now)()
    }

    /// Changes the level of a module until some time has passed, in place of an earlier change of the same
    /// one. A line of the log says who did it.
    ///
    /// # Errors
    /// [`LevelError`]
    pub fn change(&self, new: NewLevel) -> Result<(), LevelError> {
        let NewLevel { target, level, wait, actor, request_id } = new;
        if !is_own_target(&target) {
            return Err(LevelError::NotOwn);
        }
        if level < Level::WARN {
            return Err(LevelError::Silences);
        }
        if wait.is_zero() || wait > CHANGE_WAIT_MAX {
            return Err(LevelError::TooLong);
        }
        let set_at = self.now();
        let micros = i64::try_from(wait.as_micros()).expect("an hour at most");
        let change = LevelChange {
            target: target.clone(),
            level,
            actor: actor.clone(),
            set_at,
            ends_at: Timestamp(set_at.0.saturating_add(micros)),
            deadline: Instant::now() + wait,
        };
        {
            let mut changes = self.write();
            match changes.binary_search_by(|other| other.target.cmp(&target)) {
                Ok(at) => changes[at] = change,
                Err(_) if changes.len() >= CHANGES_MAX => return Err(LevelError::TooMany),
                Err(at) => changes.insert(at, change),
            }
        }
        self.has_changed();
        info!(
            request.id = request_id,
            level.target = target,
            actor,
            "{target} is logged at {level} for {} s, as {actor} asked",
            wait.as_secs()
        );
        Ok(())
    }

    /// Ends the change of a target, or all of them. A line of the log says who did it.
    pub fn end(&self, target: Option<&str>, actor: &str, request_id: &str) {
        let ended = self.remove(|change| target.is_none_or(|target| change.target == target));
        for LevelChange { target, .. } in ended {
            let level = self.level_of(&target);
            info!(
                request.id = request_id,
                level.target = target,
                actor,
                "{target} is logged at {level} again, as {actor} asked"
            );
        }
    }

    /// Ends each change when its time has come. Never returns: the composition root runs it beside the
    /// server.
    pub async fn end_in_time(self) {
        let mut changed = self.0.changed.subscribe();
        loop {
            // In this order: what changes after it is read is noticed.
            changed.mark_unchanged();
            let has_changes = !self.read().is_empty();
            let pause = async {
                match has_changes {
                    true => tokio::time::sleep(CLOCK_CHECK_INTERVAL).await,
                    false => std::future::pending().await,
                }
            };
            tokio::select! {
                // It holds the sender.
                changed = changed.changed() => changed.unwrap_or(()),
                () = pause => self.end_due(),
            }
        }
    }

    fn end_due(&self) {
        let (now, instant) = (self.now(), Instant::now());
        let ended = self.remove(|change| change.ends_at <= now || change.deadline <= instant);
        for LevelChange { target, .. } in ended {
            let level = self.level_of(&target);
            info!(level.target = target, "{target} is logged at {level} again: its time is over");
        }
    }

    /// Removes changes and returns them.
    fn remove(&self, is_ended: impl Fn(&LevelChange) -> bool) -> Vec<LevelChange> {
        let ended: Vec<LevelChange> =
            self.write().extract_if(.., |change| is_ended(change)).collect();
        if !ended.is_empty() {
            self.has_changed();
        }
        ended
    }

    /// No lock may be held: each place that logs asks for its level again.
    fn has_changed(&self) {
        tracing::callsite::rebuild_interest_cache();
        self.0.changed.send_replace(());
    }

    fn level_of(&self, target: &str) -> Level {
        let default = self.default_level();
        if target == CHANGE_TARGET {
            return default.max(Level::INFO);
        }
        if QUIET_LIBRARIES.iter().any(|library| target.starts_with(library)) {
            return default.min(Level::WARN);
        }
        let changes = self.read();
        let nearest = changes.iter().rev().find(|change| is_within(target, &change.target));
        nearest.map_or(default, |change| change.level)
    }

    fn is_enabled(&self, metadata: &Metadata<'_>) -> bool {
        *metadata.level() <= self.level_of(metadata.target())
    }

    fn most_verbose(&self) -> Level {
        let changed = self.read().iter().map(|change| change.level).max();
        changed.unwrap_or(Level::INFO).max(Level::INFO).max(self.default_level())
    }

    fn read(&self) -> RwLockReadGuard<'_, Vec<LevelChange>> {
        self.0.changes.read().expect("no code that panics runs while it is held")
    }

    fn write(&self) -> RwLockWriteGuard<'_, Vec<LevelChange>> {
        self.0.changes.write().expect("no code that panics runs while it is held")
    }
}

/// Refuses lines below the level of their target. Each place that logs keeps the decision until the levels
/// change, so that a line that is refused costs one load.
pub(super) struct LevelLayer(pub(super) LogLevels);

impl<S: Subscriber> Layer<S> for LevelLayer {
    fn register_callsite(&self, metadata: &'static Metadata<'static>) -> Interest {
        match self.0.is_enabled(metadata) {
            true => Interest::always(),
            false => Interest::never(),
        }
    }

    fn enabled(&self, metadata: &Metadata<'_>, _: Context<'_, S>) -> bool {
        self.0.is_enabled(metadata)
    }

    fn max_level_hint(&self) -> Option<LevelFilter> {
        Some(LevelFilter::from_level(self.0.most_verbose()))
    }
}

/// Returns whether the level of a target can be changed: `unoc`, or a module in it.
pub fn is_own_target(target: &str) -> bool {
    let is_word = |word: &str| {
        !word.is_empty()
            && word
                .bytes()
                .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_')
    };
    target.len() <= TARGET_BYTES_MAX
        && is_within(target, OWN_TARGET)
        && target.split("::").all(is_word)
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicI64, Ordering};

    use super::*;

    /// Far longer than it takes, also on a busy machine.
    const PATIENCE: Duration = Duration::from_secs(30);

    fn levels(default: Level) -> LogLevels {
        LogLevels::new(default, Arc::new(|| Timestamp(0)))
    }

    fn new(target: &str, level: Level) -> NewLevel {
        NewLevel {
            target: target.to_owned(),
            level,
            wait: Duration::from_secs(60),
            actor: "test".to_owned(),
            request_id: String::new(),
        }
    }

    #[test]
    fn the_nearest_change_counts() {
        let levels = levels(Level::INFO);
        levels.change(new("unoc", Level::DEBUG)).unwrap();
        levels.change(new("unoc::sync", Level::WARN)).unwrap();
        levels.change(new("unoc::sync::round", Level::TRACE)).unwrap();
        let check = |target: &str, level| assert_eq!(levels.level_of(target), level, "{target}");
        check("unoc::api", Level::DEBUG);
        check("unoc::sync", Level::WARN);
        check("unoc::sync::follow", Level::WARN);
        check("unoc::sync::round", Level::TRACE);
        check("unoc::syncing", Level::DEBUG);
        check("age", Level::INFO);
        check("hyper::proto", Level::WARN);
        check(CHANGE_TARGET, Level::INFO);
        assert_eq!(levels.most_verbose(), Level::TRACE);
        levels.end(Some("unoc::sync"), "test", "");
        check("unoc::sync::follow", Level::DEBUG);
        levels.end(None, "test", "");
        check("unoc::sync::round", Level::INFO);
    }

    #[test]
    fn lines_about_changes_are_logged_at_every_configured_level() {
        let levels = levels(Level::ERROR);
        assert_eq!(levels.level_of(CHANGE_TARGET), Level::INFO);
        assert_eq!(levels.level_of("unoc::api"), Level::ERROR);
        assert_eq!(levels.level_of("hyper"), Level::ERROR);
        assert_eq!(levels.most_verbose(), Level::INFO);
    }

    #[test]
    fn changes_are_bounded_and_never_silence_warnings() {
        let levels = levels(Level::INFO);
        for target in ["", "hyper", "unocx", "unoc::", "unoc::A", "unoc sync", "unoc::a::::b"] {
            assert_eq!(
                levels.change(new(target, Level::DEBUG)),
                Err(LevelError::NotOwn),
                "{target}"
            );
        }
        assert_eq!(levels.change(new("unoc", Level::ERROR)), Err(LevelError::Silences));
        for wait in [Duration::ZERO, CHANGE_WAIT_MAX + Duration::from_secs(1)] {
            let long = NewLevel { wait, ..new("unoc", Level::DEBUG) };
            assert_eq!(levels.change(long), Err(LevelError::TooLong));
        }
        for number in 0..CHANGES_MAX {
            levels.change(new(&format!("unoc::m{number}"), Level::DEBUG)).unwrap();
        }
        assert_eq!(levels.change(new("unoc::more", Level::DEBUG)), Err(LevelError::TooMany));
        levels.change(new("unoc::m3", Level::TRACE)).unwrap();
        assert_eq!(levels.changes().len(), CHANGES_MAX);
    }

    /// A change that is made while another one is removed ends in time, too.
    #[test]
    fn a_change_beside_another_one_ends_in_time() {
        let mut runtime = tokio::runtime::Builder::new_multi_thread();
        let runtime = runtime.worker_threads(1).enable_time().build().unwrap();
        let now = Arc::new(AtomicI64::new(0));
        let all: Vec<LogLevels> = (0..500)
            .map(|_| {
                let now = Arc::clone(&now);
                LogLevels::new(Level::INFO, Arc::new(move || Timestamp(now.load(Ordering::SeqCst))))
            })
            .collect();
        for levels in &all {
            runtime.spawn(levels.clone().end_in_time());
            levels.change(new("unoc::a", Level::DEBUG)).unwrap();
            std::thread::scope(|scope| {
                scope.spawn(|| levels.end(Some("unoc::a"), "test", ""));
                scope.spawn(|| levels.change(new("unoc::b", Level::DEBUG)).unwrap());
            });
        }
        now.store(61_000_000, Ordering::SeqCst);
        let ended = async {
            while all.iter().any(|levels| !levels.changes().is_empty()) {
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        };
        let ended = runtime.block_on(async { tokio::time::timeout(PATIENCE, ended).await });
        ended.expect("every change ends");
    }
}
