//! The settings in force.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use serde_json::json;
use tokio::sync::watch;
use tokio::time::Instant;
use tracing::{info, warn};

use super::delivery::{DeliveryFacts, DeliveryMonitor};
use super::spec::{RuntimeSetting, SETTING_COUNT, SETTINGS, SettingSpec};
use crate::domain::Timestamp;
use crate::engine::{EngineError, EngineHandle};
use crate::store::{AuditEvent, AuditOrigin, SettingChange, Snapshot, StoreError};

/// Longest time after which a change ends by itself: a week.
pub const FOR_S_MAX: u64 = 7 * 24 * 60 * 60;
/// Who ends a change whose time is over.
const END_ACTOR: &str = "the end of its time";
/// How often it is looked for such changes.
const END_CHECK_INTERVAL: Duration = Duration::from_secs(1);

/// A setting to change.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NewSetting {
    pub setting: RuntimeSetting,
    /// `None`: the default.
    pub value: Option<u64>,
}

/// The settings in force; clones share them.
#[derive(Clone)]
pub struct RuntimeSettings(Arc<SharedSettings>);

struct SharedSettings {
    values: [AtomicU64; SETTING_COUNT],
    /// The last change of each setting. Held only while it is copied or replaced.
    changes: Mutex<[Option<AppliedChange>; SETTING_COUNT]>,
    changed: watch::Sender<()>,
    delivery: DeliveryMonitor,
}

#[derive(Clone)]
struct AppliedChange {
    change: SettingChange,
    /// The end of its time by a clock that is never set back.
    deadline: Option<Instant>,
}

impl RuntimeSettings {
    /// Reads what earlier runs remembered; changes whose time is over are not in force.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn load(snapshot: &Snapshot, now: Timestamp) -> Result<Self, StoreError> {
        let (changed, _) = watch::channel(());
        let settings = Self(Arc::new(SharedSettings {
            values: std::array::from_fn(|index| AtomicU64::new(SETTINGS[index].default)),
            changes: Mutex::new(std::array::from_fn(|_| None)),
            changed,
            delivery: DeliveryMonitor::default(),
        }));
        for mut change in snapshot.setting_changes()? {
            // A setting that only a newer version has.
            let Some(spec) = SettingSpec::of_key(&change.key) else { continue };
            if let Some(changed_at) = change.ends_at.filter(|at| *at <= now) {
                // It ended while the service was down.
                let (key, actor) = (change.key, END_ACTOR.to_owned());
                change = SettingChange { key, value: None, actor, changed_at, ends_at: None };
            }
            if let Some(value) = change.value.filter(|value| !spec.allows(*value)) {
                warn!(
                    setting.key = spec.key,
                    value, "A remembered setting is out of range; the default is used"
                );
                change.value = None;
            }
            if let Some(value) = change.value {
                let actor = &change.actor;
                info!(
                    setting.key = spec.key,
                    actor,
                    "{}: {}, as it was set",
                    spec.title,
                    spec.text(value)
                );
            }
            settings.apply(spec, change, now);
        }
        Ok(settings)
    }

    /// Returns the value in force.
    pub fn value(&self, setting: RuntimeSetting) -> u64 {
        self.0.values[setting as usize].load(Ordering::Relaxed)
    }

    /// Returns whether a feature is on.
    pub fn is_on(&self, feature: RuntimeSetting) -> bool {
        self.value(feature) != 0
    }

    /// Returns the last change of a setting.
    pub fn last_change(&self, setting: RuntimeSetting) -> Option<SettingChange> {
        self.lock()[setting as usize].as_ref().map(|applied| applied.change.clone())
    }

    /// Tells of every change from now on.
    pub fn subscribe(&self) -> watch::Receiver<()> {
        self.0.changed.subscribe()
    }

    /// The least time between two batches of events that is set.
    pub fn event_interval(&self) -> Duration {
        Duration::from_millis(self.value(RuntimeSetting::EventInterval))
    }

    /// How events are delivered at present.
    pub fn delivery(&self) -> DeliveryFacts {
        self.0.delivery.read(self.event_interval())
    }

    /// Where it is noted how events are delivered.
    pub fn delivery_monitor(&self) -> &DeliveryMonitor {
        &self.0.delivery
    }

    /// The settings that are not at their default, with their last change.
    pub fn changed(&self) -> Vec<(&'static SettingSpec, SettingChange)> {
        let changes = self.lock();
        let last = changes.iter().flatten().map(|applied| &applied.change);
        let changed = last.filter_map(|change| {
            let spec = SettingSpec::of_key(&change.key)?;
            let is_changed = change.value.is_some_and(|value| value != spec.default);
            is_changed.then(|| (spec, change.clone()))
        });
        changed.collect()
    }

    /// Changes settings, all or none, for some time or until they are changed again. They are durable and in
    /// force afterwards, and the log says who did it.
    ///
    /// # Errors
    /// As [`EngineHandle::save_settings`].
    pub async fn change(
        &self,
        engine: &EngineHandle,
        new: &[NewSetting],
        wait: Option<Duration>,
        origin: AuditOrigin,
    ) -> Result<(), EngineError> {
        let now = engine.now();
        let change = |new: &NewSetting| SettingChange {
            key: new.setting.spec().key.to_owned(),
            value: new.value,
            actor: origin.actor.clone(),
            changed_at: now,
            ends_at: wait.filter(|_| new.value.is_some()).map(|wait| after(now, wait)),
        };
        let changes: Vec<SettingChange> = new.iter().map(change).collect();
        let event = self.event(&changes, wait, origin.clone());
        let settings = self.clone();
        // There is a line in the log also when the caller no longer waits for it.
        let applied = move |changes: Vec<SettingChange>| {
            for change in &changes {
                let Some(spec) = SettingSpec::of_key(&change.key) else { continue };
                info!(
                    setting.key = spec.key,
                    actor = origin.actor,
                    request.id = origin.request_id,
                    for_s = wait.map(|wait| wait.as_secs()),
                    "{}: {} now",
                    spec.title,
                    spec.text(change.value.unwrap_or(spec.default))
                );
            }
            settings.apply_all(changes, now);
        };
        engine.save_settings(changes, event, || true, applied).await
    }

    /// Sets settings back whose time is over. Never returns: the composition root runs it beside the server.
    pub async fn end_in_time(self, engine: EngineHandle) {
        let mut tick = tokio::time::interval(END_CHECK_INTERVAL);
        loop {
            tick.tick().await;
            for over in self.over(engine.now()) {
                self.end(&engine, over).await;
            }
        }
    }

    /// Sets back a setting whose time is over, unless somebody has changed it since.
    async fn end(&self, engine: &EngineHandle, over: SettingChange) {
        let Some(spec) = SettingSpec::of_key(&over.key) else { return };
        let (now, actor) = (engine.now(), END_ACTOR.to_owned());
        let key = over.key.clone();
        let change = SettingChange { key, value: None, actor, changed_at: now, ends_at: None };
        let (settings, expected) = (self.clone(), over.clone());
        let is_wanted = move || settings.last_change(spec.setting).as_ref() == Some(&expected);
        let settings = self.clone();
        let applied = move |changes: Vec<SettingChange>| {
            settings.apply_all(changes, now);
            let value = spec.text(spec.default);
            info!(setting.key = spec.key, "{}: {value} again, its time is over", spec.title);
        };
        let event = self.event(std::slice::from_ref(&change), None, AuditOrigin::local(END_ACTOR));
        let saved = engine.save_settings(vec![change.clone()], event, is_wanted, applied).await;
        if let Err(error) = saved {
            warn!(%error, setting.key = spec.key, "The end of a change is not remembered: {}", spec.title);
            if self.last_change(spec.setting).as_ref() == Some(&over) {
                self.apply(spec, change, now);
            }
        }
    }

    /// What the audit trail says of changes: each setting before and after.
    fn event(
        &self,
        changes: &[SettingChange],
        wait: Option<Duration>,
        origin: AuditOrigin,
    ) -> AuditEvent {
        let changed = changes.iter().filter_map(|change| {
            let spec = SettingSpec::of_key(&change.key)?;
            let (before, after) = (self.value(spec.setting), change.value.unwrap_or(spec.default));
            Some(json!({ "setting": spec.key, "before": before, "after": after }))
        });
        let details = json!({
            "changes": changed.collect::<Vec<_>>(),
            "for_s": wait.map(|wait| wait.as_secs()),
        });
        AuditEvent::done(origin, "change settings", details)
    }

    fn apply_all(&self, changes: Vec<SettingChange>, now: Timestamp) {
        for change in changes {
            let Some(spec) = SettingSpec::of_key(&change.key) else { continue };
            self.apply(spec, change, now);
        }
    }

    /// The changes whose time is over.
    fn over(&self, now: Timestamp) -> Vec<SettingChange> {
        let changes = self.lock();
        let is_over = |applied: &&AppliedChange| {
            applied.change.ends_at.is_some_and(|at| at <= now)
                || applied.deadline.is_some_and(|deadline| deadline <= Instant::now())
        };
        let over = changes.iter().flatten().filter(is_over);
        over.map(|applied| applied.change.clone()).collect()
    }

    fn apply(&self, spec: &SettingSpec, change: SettingChange, now: Timestamp) {
        let left = change.ends_at.map(|at| u64::try_from(at.0.saturating_sub(now.0)).unwrap_or(0));
        let deadline = left.map(|micros| Instant::now() + Duration::from_micros(micros));
        let index = spec.setting as usize;
        let mut changes = self.lock();
        self.0.values[index].store(change.value.unwrap_or(spec.default), Ordering::Relaxed);
        changes[index] = Some(AppliedChange { change, deadline });
        drop(changes);
        self.0.changed.send_replace(());
    }

    fn lock(&self) -> MutexGuard<'_, [Option<AppliedChange>; SETTING_COUNT]> {
        // No code panics while the lock is held.
        self.0.changes.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn after(now: Timestamp, wait: Duration) -> Timestamp {
    Timestamp(now.0.saturating_add(i64::try_from(wait.as_micros()).unwrap_or(i64::MAX)))
}
