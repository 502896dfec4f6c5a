//! The disaster drill: the site is rebuilt from the newest backup off the host, beside the running one. A copy
//! that cannot be used is followed by that of the next target, as after the loss of the host.

use std::time::Duration;

use anyhow::{Result, anyhow};
use tokio::runtime::Handle as Runtime;

use super::section::{fact, table, text};
use super::steps::Steps;
use super::{Findings, with_report};
use crate::backup::{
    BackupError, FoundBackup, FoundBackups, RebuildComparison, RebuildFile, SiteRebuild,
    StagedSite, TargetFinding,
};
use crate::engine::EngineHandle;
use crate::jobs::JobContext;
use crate::store::{ReportKind, ReportResult, ReportSection, ReportValue};
use crate::util::{counted, format_span, run_at_low_priority, run_blocking};

/// A step takes as long as the site is large and the line is slow; one that hangs ends by a deadline of its
/// own before.
const STEP_TIME_MAX: Duration = Duration::from_secs(6 * 3600);
const SECOND_US: f64 = 1e6;

/// What the drill measured, once the site was rebuilt.
struct Drill {
    found: FoundBackup,
    targets: Vec<TargetFinding>,
    /// The copies that were tried before it, and why they could not be used.
    unusable: Vec<UnusableCopy>,
    /// From the first look at the targets to the computed status.
    rto_s: f64,
    /// The age of the backup: what is younger would be lost.
    rpo_s: f64,
    stale_after_s: u64,
    comparison: RebuildComparison,
    is_same_version: bool,
}

/// A copy that the site could not be rebuilt from.
struct UnusableCopy {
    /// Where it is.
    place: String,
    error: String,
}

/// A copy that was restored.
struct RestoredCopy {
    found: FoundBackup,
    file: RebuildFile,
    site: StagedSite,
    unusable: Vec<UnusableCopy>,
}

/// Rebuilds the site and tells how long that took (RTO), and how old the newest copy off the host is (RPO).
/// It fails if the site cannot be rebuilt, or differs from what was saved.
pub(in crate::app) async fn disaster_drill(
    engine: EngineHandle,
    rebuild: SiteRebuild,
    context: JobContext,
) -> Result<String> {
    let (log, stopping) = (context.log.clone(), context.clone());
    let work = async {
        let runtime = Runtime::current();
        let mut steps = Steps::new(log);
        // Reading directories and loading a site block.
        let rebuilding = run_blocking(move || {
            run_at_low_priority(|| {
                let drill = runtime.block_on(async {
                    tokio::select! {
                        drill = rebuild_site(&rebuild, &mut steps) => drill,
                        // A target may be silent for hours.
                        () = stopping.stopped() => Err(BackupError::Stopping.into()),
                    }
                });
                (drill, steps)
            })
        });
        let (drill, steps) = rebuilding.await?;
        if drill.as_ref().is_err_and(is_stopping) {
            // The run is interrupted, which is no failure of what it tests.
            std::future::pending::<()>().await;
        }
        Ok(match drill {
            Ok(drill) => drill.findings(steps),
            Err(error) => Findings {
                result: ReportResult::Failed,
                summary: format!("{error:#}"),
                sections: vec![steps.into_section()],
            },
        })
    };
    with_report(ReportKind::DisasterDrill, &engine, context.clone(), work).await
}

fn is_stopping(error: &anyhow::Error) -> bool {
    matches!(error.downcast_ref(), Some(BackupError::Stopping))
}

fn place(found: &FoundBackup) -> &str {
    found.target.as_deref().unwrap_or("this host")
}

/// Restores the newest copy that can be restored.
async fn restore_copy(
    rebuild: &SiteRebuild,
    backups: Vec<FoundBackup>,
    steps: &mut Steps,
) -> Result<RestoredCopy> {
    let mut unusable: Vec<UnusableCopy> = Vec::new();
    for found in backups {
        match fetch_and_restore(rebuild, &found, steps).await {
            Ok((file, site)) => return Ok(RestoredCopy { found, file, site, unusable }),
            Err(error) if is_stopping(&error) => return Err(error),
            Err(error) => {
                let (place, error) = (place(&found).to_owned(), format!("{error:#}"));
                unusable.push(UnusableCopy { place, error });
            }
        }
    }
    let errors = match &unusable[..] {
        [only] => only.error.clone(),
        all => all.iter().map(UnusableCopy::text).collect::<Vec<_>>().join("; "),
    };
    Err(anyhow!(errors))
}

async fn fetch_and_restore(
    rebuild: &SiteRebuild,
    found: &FoundBackup,
    steps: &mut Steps,
) -> Result<(RebuildFile, StagedSite)> {
    let file = steps.carry_out("Fetch it", STEP_TIME_MAX, async {
        let file = rebuild.fetch(found).await?;
        Ok((file, format!("{} from {}", counted(found.manifest.bytes, "byte"), place(found))))
    });
    let file = file.await?;
    let site = steps.carry_out("Restore it", STEP_TIME_MAX, async {
        let site = rebuild.restore(found, &file)?;
        let rows = counted(found.manifest.all_rows(), "row");
        Ok((site, format!("{rows}, each as it was saved")))
    });
    let site = site.await?;
    Ok((file, site))
}

async fn rebuild_site(rebuild: &SiteRebuild, steps: &mut Steps) -> Result<Drill> {
    let found = steps.carry_out("Find the newest backup", STEP_TIME_MAX, async {
        let found = rebuild.find().await?;
        let newest = &found.backups[0];
        let text = format!("{} on {}", newest.manifest.header.name, place(newest));
        Ok((found, text))
    });
    let FoundBackups { backups, targets } = found.await?;
    let restored = restore_copy(rebuild, backups, steps).await?;
    let RestoredCopy { found, file, site, unusable } = restored;
    let is_same_version = site.version() == env!("CARGO_PKG_VERSION");
    let site = steps.carry_out("Load the site", STEP_TIME_MAX, async {
        let site = rebuild.start(site).await?;
        Ok((site, "the engine answers; every status is computed".to_owned()))
    });
    let site = site.await?;
    let rto_s = steps.total_s();
    let comparison = steps.carry_out("Compare it", STEP_TIME_MAX, async {
        let comparison = rebuild.compare(&found, &site)?;
        let differences = comparison.status_differences;
        let text = format!("{} of the status", counted(differences, "difference"));
        Ok((comparison, text))
    });
    let comparison = comparison.await?;
    let removing = async {
        site.remove().await?;
        drop(file);
        Ok(((), "nothing of it is left".to_owned()))
    };
    steps.carry_out("Remove the scratch site", STEP_TIME_MAX, removing).await?;
    let age_us = rebuild.now().0.saturating_sub(found.manifest.taken_at().0).max(0);
    #[expect(clippy::cast_precision_loss, reason = "to the microsecond for 285 years")]
    let rpo_s = age_us as f64 / SECOND_US;
    let stale_after_s = rebuild.stale_after_s();
    Ok(Drill { found, targets, unusable, rto_s, rpo_s, stale_after_s, comparison, is_same_version })
}

impl Drill {
    fn findings(&self, steps: Steps) -> Findings {
        let (result, remarks) = self.judge();
        let (rto, rpo) = (format_span(self.rto_s), format_span(self.rpo_s));
        let place = match &self.found.target {
            Some(target) => format!("the copy on {target}"),
            None => "the newest backup of this host".to_owned(),
        };
        let mut summary = format!(
            "The site was rebuilt from {place} in {rto} (RTO); that backup is {rpo} old (RPO)"
        );
        for remark in remarks {
            summary.push_str("; ");
            summary.push_str(&remark);
        }
        let mut sections =
            vec![self.measured(), steps.into_section(), self.compared(), self.changed()];
        if !self.targets.is_empty() {
            sections.push(self.targets());
        }
        Findings { result, summary, sections }
    }

    /// What a person should look at, and how bad the worst of it is.
    fn judge(&self) -> (ReportResult, Vec<String>) {
        let (mut result, mut remarks) = (ReportResult::Ok, Vec::new());
        let mut note = |worse: ReportResult, remark: String| {
            result = result.max(worse);
            remarks.push(remark);
        };
        if self.found.target.is_none() {
            // A person was asked for one: the runbook has a duty for it.
            note(
                ReportResult::Ok,
                "there is no copy off this host, so the loss of its disk loses everything: set \
                 backup_targets"
                    .to_owned(),
            );
        }
        for table in self.comparison.different_tables() {
            note(ReportResult::Failed, format!("the number of {table} differs"));
        }
        if self.comparison.status_differences > 0 {
            // Another version may have had other rules.
            let worse =
                if self.is_same_version { ReportResult::Failed } else { ReportResult::Warning };
            let differences = self.comparison.status_differences;
            note(worse, format!("{} of the status", counted(differences, "difference")));
        }
        #[expect(clippy::cast_precision_loss, reason = "it is some days")]
        let stale_after_s = self.stale_after_s as f64;
        if self.rpo_s > stale_after_s {
            let limit = format_span(stale_after_s);
            note(ReportResult::Warning, format!("it is older than backup_stale_hours ({limit})"));
        }
        for copy in &self.unusable {
            note(ReportResult::Warning, format!("the copy on {}", copy.text()));
        }
        for TargetFinding { name, newest } in &self.targets {
            match newest {
                Ok(Some(_)) => {}
                Ok(None) => note(ReportResult::Warning, format!("{name} has no backup")),
                Err(error) => note(ReportResult::Warning, error.clone()),
            }
        }
        (result, remarks)
    }

    fn measured(&self) -> ReportSection {
        let manifest = &self.found.manifest;
        let mut facts = vec![
            fact("RTO, until the site answered", ReportValue::Seconds(self.rto_s)),
            fact("RPO, the age of the backup", ReportValue::Seconds(self.rpo_s)),
            fact("Backup", text(&manifest.header.name)),
            fact("Place", text(place(&self.found))),
            fact("Taken at", ReportValue::Time(manifest.taken_at().0)),
            fact("Size", ReportValue::Bytes(manifest.bytes)),
            fact("Saved by version", text(&manifest.header.version)),
        ];
        let mut note = None;
        if !manifest.key_ids.is_empty() {
            facts.push(fact("Keys that open it", text(manifest.key_ids.join(", "))));
            note = Some(
                "The appliance opened it with a key of this host. After the loss of the host it takes the \
                 secret key of the recovery kit."
                    .to_owned(),
            );
        }
        ReportSection { title: "Recovery".to_owned(), text: note, facts, table: None }
    }

    fn compared(&self) -> ReportSection {
        let rows = self.comparison.tables.iter().map(|(table, saved, rebuilt)| {
            vec![text(*table), ReportValue::Count(*saved), ReportValue::Count(*rebuilt)]
        });
        let status = fact(
            "Differences of the status",
            ReportValue::Count(self.comparison.status_differences),
        );
        ReportSection {
            title: "Rebuilt site".to_owned(),
            text: None,
            facts: vec![status],
            table: table(&["entities", "in the backup", "rebuilt"], rows.collect()),
        }
    }

    fn changed(&self) -> ReportSection {
        let since = &self.comparison.since;
        let mut facts = vec![
            fact("Changes since the backup", ReportValue::Count(since.changes_lost)),
            fact("Devices created", ReportValue::Count(since.devices_removed)),
            fact("Devices changed", ReportValue::Count(since.devices_changed)),
            fact("Devices deleted", ReportValue::Count(since.devices_added)),
        ];
        if let Some(newest) = &since.newest_change_lost {
            facts.push(fact("Newest change", ReportValue::Time(newest.at.0)));
        }
        ReportSection {
            title: "What the running site has beyond the backup".to_owned(),
            text: None,
            facts,
            table: None,
        }
    }

    fn targets(&self) -> ReportSection {
        let rows = self.targets.iter().map(|TargetFinding { name, newest }| match newest {
            Ok(Some(manifest)) => {
                let taken_at = ReportValue::Time(manifest.taken_at().0);
                let error = self.unusable.iter().find(|copy| copy.place == *name);
                let error = error.map_or(ReportValue::Absent, |copy| text(&copy.error));
                vec![text(name), text(&manifest.header.name), taken_at, error]
            }
            Ok(None) => {
                vec![text(name), ReportValue::Absent, ReportValue::Absent, text("no backup")]
            }
            Err(error) => vec![text(name), ReportValue::Absent, ReportValue::Absent, text(error)],
        });
        let columns = ["target", "newest backup", "taken at", "error"];
        ReportSection {
            title: "Targets".to_owned(),
            table: table(&columns, rows.collect()),
            ..Default::default()
        }
    }
}

impl UnusableCopy {
    fn text(&self) -> String {
        format!("{}: {}", self.place, self.error)
    }
}
