//! The task that delivers notices: each contact's after each other, the contacts beside each other.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt as _;
use futures_util::future::join_all;
use tokio::sync::watch;
use tokio::time::sleep;
use tracing::{error, info, warn};

use super::book::FAILING_PREFIX;
use super::contact::{Contact, StormMode};
use super::handle::NoticesHandle;
use super::heartbeat::Heartbeat;
use super::message::{MessageItem, MessageOccasion, NoticeMessage};
use super::outbox::Outbox;
use super::queue::NextDelivery;
use super::reports::ReportPlanner;
use super::routes::{NoticeOptions, NoticeRoutes};
use super::sender::NoticeSender;
use crate::domain::Severity;
use crate::engine::{EngineError, EngineHandle};
use crate::incidents::{Incident, IncidentError, IncidentSource, IncidentsHandle, ProblemReport};
use crate::store::{
    Notice, NoticeBatch, NoticeKind, NoticeState, NoticeSubject, Snapshot, StoreError,
};
use crate::util::counted;

/// How often the clock is read while a notice is due later: one that was set is noticed within this time.
const CLOCK_CHECK_INTERVAL: Duration = Duration::from_secs(1);
/// How long it waits after a panic: what panics each time does not fill the log.
const RETRY_PAUSE: Duration = Duration::from_secs(30);

/// Delivers the notices of an [`Outbox`], and calls the heartbeat. It runs as one task.
pub struct NoticeService {
    engine: EngineHandle,
    incidents: IncidentsHandle,
    outbox: Outbox,
    routes: NoticeRoutes,
    reports: ReportPlanner,
}

/// The delivery by the routes of one configuration.
struct NoticeDelivery {
    engine: EngineHandle,
    incidents: IncidentsHandle,
    outbox: Outbox,
    sender: NoticeSender,
    heartbeat: Option<Heartbeat>,
    /// Changes when the routes are replaced.
    replaced: watch::Receiver<NoticeOptions>,
}

/// The service is stopping.
struct Ended;

/// Sets the delivery up. `runs_ended` changes when a job has ended, which may have kept a report. The caller
/// runs the service as a task.
pub fn start(
    engine: EngineHandle,
    incidents: IncidentsHandle,
    outbox: Outbox,
    routes: NoticeRoutes,
    runs_ended: watch::Receiver<u64>,
) -> (NoticesHandle, NoticeService) {
    let handle =
        NoticesHandle { engine: engine.clone(), outbox: outbox.clone(), routes: routes.clone() };
    let reports = ReportPlanner { engine: engine.clone(), outbox: outbox.clone(), runs_ended };
    (handle, NoticeService { engine, incidents, outbox, routes, reports })
}

impl NoticeService {
    /// Delivers until the service stops, which drops this.
    pub async fn run(self) {
        let reports = run_again("The planning of reports", RETRY_PAUSE, || self.reports.run());
        tokio::join!(reports, self.deliver_by_routes());
    }

    /// Never returns.
    async fn deliver_by_routes(&self) {
        let mut replaced = self.routes.changes();
        loop {
            let NoticeOptions { sender, heartbeat } = replaced.borrow_and_update().clone();
            let Self { engine, incidents, outbox, .. } = self;
            let delivery = NoticeDelivery {
                engine: engine.clone(),
                incidents: incidents.clone(),
                outbox: outbox.clone(),
                sender,
                heartbeat,
                replaced: replaced.clone(),
            };
            delivery.run().await;
        }
    }
}

impl NoticeDelivery {
    /// Delivers until the routes are replaced; a message that is being sent is sent first. A panic ends
    /// nothing for good, and nothing of another contact.
    async fn run(self) {
        let this = &self;
        let mut replaced = self.replaced.clone();
        run_again("The look at contacts", RETRY_PAUSE, || this.look_at_contacts()).await;
        let heartbeat = run_again("The heartbeat", RETRY_PAUSE, || this.call_heartbeat());
        let contacts = self.sender.policy.contacts.iter().map(|contact| async move {
            let what = format!("The delivery to {}", contact.name);
            run_again(&what, RETRY_PAUSE, || this.deliver_to(contact)).await;
        });
        let told = async {
            join_all(contacts).await;
            // The sender of this is in the service.
            replaced.changed().await.ok();
        };
        tokio::select! {
            () = told => {}
            () = heartbeat => {}
        }
    }

    /// Never returns.
    async fn call_heartbeat(&self) {
        match &self.heartbeat {
            Some(heartbeat) => heartbeat.run(&self.engine, &self.sender).await,
            None => std::future::pending().await,
        }
    }

    /// Deals with what contacts left behind before this start.
    async fn look_at_contacts(&self) {
        self.give_up_orphans().await;
        self.report_failing().await;
    }

    /// Gives up the notices of contacts that are not configured any more.
    async fn give_up_orphans(&self) {
        let orphans = self.outbox.orphans();
        let now = self.engine.now();
        let error = "the contact is not configured any more".to_owned();
        let failed = orphans.iter().map(|notice| {
            warn!(notice.id = notice.id, "{} is no contact any more", notice.contact);
            let state = NoticeState::Failed { at: now, error: error.clone() };
            Notice { state, ..notice.clone() }
        });
        let saved: Vec<Notice> = failed.collect();
        self.outbox.withdraw(&orphans);
        self.save(NoticeBatch { saved, ..NoticeBatch::default() }).await.ok();
    }

    async fn deliver_to(&self, contact: &Contact) {
        let mut changes = self.outbox.changes();
        loop {
            changes.borrow_and_update();
            if self.replaced.has_changed().unwrap_or(true) {
                return;
            }
            match self.outbox.next(contact, self.engine.now()) {
                NextDelivery::Send(notices) => {
                    if self.deliver(contact, notices).await.is_err() {
                        return;
                    }
                }
                NextDelivery::Later => tokio::select! {
                    changed = changes.changed() => if changed.is_err() { return },
                    () = sleep(CLOCK_CHECK_INTERVAL) => {}
                },
                NextDelivery::Nothing => {
                    if changes.changed().await.is_err() {
                        return;
                    }
                }
            }
        }
    }

    /// Sends notices in one message and records the outcome.
    async fn deliver(&self, contact: &Contact, notices: Vec<Notice>) -> Result<(), Ended> {
        let Contents { stale, notices, items, occasion } =
            match contents(&self.engine.read(), notices) {
                Ok(contents) => contents,
                Err(error) => {
                    warn!(%error, "What notices tell of cannot be read, so nobody is told of it");
                    sleep(CLOCK_CHECK_INTERVAL).await;
                    return Ok(());
                }
            };
        if !stale.is_empty() {
            let batch = self.outbox.withdraw(&stale);
            self.save(batch).await?;
        }
        if notices.is_empty() {
            return Ok(());
        }
        let message = NoticeMessage {
            site: Arc::clone(&self.sender.site),
            contact: contact.name.clone(),
            now: self.engine.now(),
            occasion,
            is_digest: items.len() > 1 && contact.storm_mode() == StormMode::Digest,
            items,
        };
        let was_failing = self.is_failing(contact);
        let sent = self.sender.send(contact, &message).await;
        log(contact, &notices, sent.as_ref().map_err(ToString::to_string));
        let outcome = sent.map_err(|error| error.to_string());
        let batch = self.outbox.settle(&contact.name, notices, &outcome, self.engine.now());
        self.save(batch).await?;
        self.incidents.announce(message.items.into_iter().map(|item| item.incident).collect());
        if self.is_failing(contact) != was_failing {
            self.report_failing().await;
        }
        Ok(())
    }

    fn is_failing(&self, contact: &Contact) -> bool {
        self.outbox.contact_log(&contact.name, self.engine.now()).0.is_failing()
    }

    /// Reports the contacts that cannot be told as incidents, of which the others are told.
    async fn report_failing(&self) {
        let now = self.engine.now();
        let reports = self.sender.policy.contacts.iter().filter_map(|contact| {
            let (log, waiting) = self.outbox.contact_log(&contact.name, now);
            log.is_failing().then(|| {
                let name = &contact.name;
                let error = log.error.unwrap_or_default();
                ProblemReport::lasting(
                    IncidentSource::Service,
                    format!("{FAILING_PREFIX}{name}"),
                    Severity::Major,
                    format!("Notices to {name} are not delivered"),
                    format!("{error}; {} wait", counted(waiting, "notice")),
                )
            })
        });
        match self.incidents.reconcile(FAILING_PREFIX, reports.collect()).await {
            Ok(()) | Err(IncidentError::Stopping) => {}
            Err(error) => warn!(%error, "A contact that cannot be told could not be reported"),
        }
    }

    async fn save(&self, batch: NoticeBatch) -> Result<(), Ended> {
        if batch.is_empty() {
            return Ok(());
        }
        match self.engine.save_notices(batch).await {
            Ok(()) => Ok(()),
            Err(EngineError::Stopped) => Err(Ended),
            Err(error) => {
                // It goes on with what it knows; a restart sends these once more.
                warn!(%error, "It could not be recorded that notices were delivered");
                Ok(())
            }
        }
    }
}

/// What one message is made of.
struct Contents {
    /// Notices that have nothing to tell any more.
    stale: Vec<Notice>,
    notices: Vec<Notice>,
    /// One for each notice of an incident.
    items: Vec<MessageItem>,
    occasion: MessageOccasion,
}

/// What notices tell now: either all of incidents, or one of a report.
fn contents(snapshot: &Snapshot, notices: Vec<Notice>) -> Result<Contents, StoreError> {
    let mut contents = Contents {
        stale: Vec::new(),
        notices: Vec::new(),
        items: Vec::new(),
        occasion: MessageOccasion::Incidents,
    };
    for notice in notices {
        let is_current = match notice.subject {
            NoticeSubject::Incident(id) => {
                let item = snapshot.incident(id)?.and_then(|incident| item(&notice, incident));
                let is_current = item.is_some();
                contents.items.extend(item);
                is_current
            }
            NoticeSubject::Report(id) => {
                let report = snapshot.report(id)?;
                let is_kept = report.is_some();
                if let Some(report) = report {
                    contents.occasion = MessageOccasion::Report(Arc::new(report));
                }
                is_kept
            }
        };
        let kept = if is_current { &mut contents.notices } else { &mut contents.stale };
        kept.push(notice);
    }
    Ok(contents)
}

/// What a notice tells of its incident; `None` if that is no longer so.
fn item(notice: &Notice, incident: Incident) -> Option<MessageItem> {
    let is_over = incident.closure.is_some();
    let (kind, step) = (notice.kind, notice.step);
    let is_current = is_over == (kind == NoticeKind::Closed);
    is_current.then(|| MessageItem { kind, step, incident: Arc::new(incident) })
}

/// Runs something until it ends, after each panic again.
async fn run_again<R: Future<Output = ()>>(what: &str, pause: Duration, run: impl Fn() -> R) {
    while AssertUnwindSafe(run()).catch_unwind().await.is_err() {
        error!("{what} panicked and begins again in {} s", pause.as_secs());
        sleep(pause).await;
    }
}

fn log(contact: &Contact, notices: &[Notice], sent: Result<&String, String>) {
    let name = &contact.name;
    let what = match notices {
        [Notice { subject: NoticeSubject::Incident(id), .. }] => format!("incident {id}"),
        [Notice { subject: NoticeSubject::Report(id), .. }] => format!("report {id}"),
        _ => counted(notices.len(), "change"),
    };
    match sent {
        Ok(answer) => info!(contact = name, answer, "Told {name} of {what}"),
        Err(error) => warn!(contact = name, error, "Could not tell {name} of {what}"),
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use super::*;

    #[tokio::test]
    async fn what_panics_is_run_again() {
        let runs = Cell::new(0);
        run_again("It", Duration::ZERO, || async {
            runs.set(runs.get() + 1);
            assert!(runs.get() > 2, "the test wants it");
        })
        .await;
        assert_eq!(runs.get(), 3);
    }
}
