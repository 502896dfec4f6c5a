//! The disaster drill: the site is rebuilt from the newest backup off the host, beside the running one.

use std::time::Duration;

use anyhow::Result;
use tokio::runtime::Handle as Runtime;

use super::section::{fact, table, text};
use super::steps::Steps;
use super::{Findings, with_report};
use crate::backup::{BackupError, FoundBackup, RebuildComparison, SiteRebuild, TargetFinding};
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
    /// From the first look at the targets to the computed status.
    rto_s: f64,
    /// The age of the backup: what is younger would be lost.
    rpo_s: f64,
    stale_after_s: u64,
    comparison: RebuildComparison,
    is_same_version: bool,
}

/// Rebuilds the site and tells how long that took (RTO), and how old the newest copy off the host is (RPO).
/// It fails if the site cannot be rebuilt, or differs from what was saved.
pub(in crate::app) async fn disaster_drill(
    engine: EngineHandle,
    rebuild: SiteRebuild,
    context: JobContext,
) -> Result<String> {
    let log = context.log.clone();
    let work = async {
        let runtime = Runtime::current();
        let mut steps = Steps::new(log);
        // Reading directories and loading a site block.
        let rebuilding = run_blocking(move || {
            run_at_low_priority(|| {
                let drill = runtime.block_on(rebuild_site(&rebuild, &mut steps));
                (drill, steps)
            })
        });
        let (drill, steps) = rebuilding.await?;
        if let Err(error) = &drill
            && matches!(error.downcast_ref(), Some(BackupError::Stopping))
        {
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

async fn rebuild_site(rebuild: &SiteRebuild, steps: &mut Steps) -> Result<Drill> {
    let found = steps.carry_out("Find the newest backup", STEP_TIME_MAX, async {
        let found = rebuild.find().await?;
        let place = found.target.as_deref().unwrap_or("this host");
        let text = format!("{} on {place}", found.manifest.header.name);
        Ok((found, text))
    });
    let found = found.await?;
    let file = steps.carry_out("Fetch it", STEP_TIME_MAX, async {
        let file = rebuild.fetch(&found).await?;
        Ok((file, counted(found.manifest.bytes, "byte")))
    });
    let file = file.await?;
    let site = steps.carry_out("Restore it", STEP_TIME_MAX, async {
        let site = rebuild.restore(&found, &file)?;
        let rows = counted(found.manifest.all_rows(), "row");
        Ok((site, format!("{rows}, each as it was saved")))
    });
    let site = site.await?;
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
    Ok(Drill { found, rto_s, rpo_s, stale_after_s, comparison, is_same_version })
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
        if !self.found.targets.is_empty() {
            sections.push(targets(&self.found.targets));
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
            note(
                ReportResult::Warning,
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
        for TargetFinding { name, newest } in &self.found.targets {
            match newest {
                Ok(Some(_)) => {}
                Ok(None) => note(ReportResult::Warning, format!("{name} has no backup")),
                Err(error) => note(ReportResult::Warning, error.clone()),
            }
        }
        (result, remarks)
    }

    fn measured(&self) -> ReportSection {
        let FoundBackup { manifest, target, .. } = &self.found;
        let place = target.as_deref().unwrap_or("this host");
        let mut facts = vec![
            fact("RTO, until the site answered", ReportValue::Seconds(self.rto_s)),
            fact("RPO, the age of the backup", ReportValue::Seconds(self.rpo_s)),
            fact("Backup", text(&manifest.header.name)),
            fact("Place", text(place)),
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
}

fn targets(targets: &[TargetFinding]) -> ReportSection {
    let rows = targets.iter().map(|TargetFinding { name, newest }| match newest {
        Ok(Some(manifest)) => {
            let taken_at = ReportValue::Time(manifest.taken_at().0);
            vec![text(name), text(&manifest.header.name), taken_at, ReportValue::Absent]
        }
        Ok(None) => vec![text(name), ReportValue::Absent, ReportValue::Absent, text("no backup")],
        Err(error) => vec![text(name), ReportValue::Absent, ReportValue::Absent, text(error)],
    });
    let columns = ["target", "newest backup", "taken at", "error"];
    ReportSection {
        title: "Targets".to_owned(),
        table: table(&columns, rows.collect()),
        ..Default::default()
    }
}
