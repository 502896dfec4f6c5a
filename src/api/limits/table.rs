//! The table of limits.

use serde::Serialize;
use utoipa::ToSchema;

use super::super::devices::BULK_ROWS_MAX;
use super::super::listing::PAGE_ITEMS_MAX;
use super::super::simulate::CHANGES_MAX;
use super::super::state::{FileUsage, ServiceUsage};
use super::measured::Measured;
use crate::domain::IMPORT_ENTITIES_MAX;
use crate::util::Usage;
use crate::wire::TABLE_BYTES_MAX;

/// A limit, and how much of it is in use.
#[derive(Serialize, ToSchema)]
#[schema(as = Limit)]
pub(super) struct UsageView {
    /// Its name; it never changes.
    id: &'static str,
    /// `clients`, `work`, `memory`, `history` or `requests`.
    group: &'static str,
    title: &'static str,
    /// What is in use now; null where that was not measured, and for what holds for each request.
    used: Option<u64>,
    /// How much there may be; null where there is no limit.
    max: Option<u64>,
    /// `bytes`, or what is counted.
    unit: &'static str,
    /// What happens when it is reached.
    at_limit: &'static str,
    /// Whether it is in order that it is reached: what is oldest makes room.
    is_rolling: bool,
    /// `configuration`: by the key `changed_by`, at the next start. `host`: by the setting `changed_by` of the
    /// host. `fixed`: it is part of the program.
    changed_in: &'static str,
    changed_by: Option<&'static str>,
}

/// Every limit, by group.
pub(super) fn rows(measured: &Measured) -> Vec<UsageView> {
    let groups = [clients(measured), work(measured), memory(measured), history(measured)];
    groups.into_iter().flatten().chain(requests()).collect()
}

impl UsageView {
    const fn new(group: &'static str, id: &'static str, title: &'static str) -> Self {
        Self {
            id,
            group,
            title,
            used: None,
            max: None,
            unit: "",
            at_limit: "",
            is_rolling: false,
            changed_in: "fixed",
            changed_by: None,
        }
    }

    fn of(mut self, usage: Option<Usage>, unit: &'static str) -> Self {
        self.unit = unit;
        (self.used, self.max) = (usage.map(|usage| usage.used), usage.map(|usage| usage.max));
        self
    }

    const fn unlimited(mut self, used: u64, unit: &'static str) -> Self {
        (self.used, self.unit) = (Some(used), unit);
        self
    }

    const fn per_request(mut self, max: u64, unit: &'static str) -> Self {
        (self.max, self.unit) = (Some(max), unit);
        self
    }

    const fn then(mut self, at_limit: &'static str) -> Self {
        self.at_limit = at_limit;
        self
    }

    /// It is in order that the limit is reached.
    const fn rolling(mut self, at_limit: &'static str) -> Self {
        (self.at_limit, self.is_rolling) = (at_limit, true);
        self
    }

    const fn configured(mut self, key: &'static str) -> Self {
        (self.changed_in, self.changed_by) = ("configuration", Some(key));
        self
    }

    const fn of_host(mut self, name: &'static str) -> Self {
        (self.changed_in, self.changed_by) = ("host", Some(name));
        self
    }
}

fn clients(measured: &Measured) -> Vec<UsageView> {
    let ServiceUsage { connections, client_count, open_files, .. } = measured.service;
    let row = |id, title| UsageView::new("clients", id, title);
    let mut files = row("open_files", "Open files")
        .of(None, "files")
        .then("Clients wait to be connected, and files cannot be opened.")
        .of_host("LimitNOFILE");
    if let Some(FileUsage { open, max }) = open_files {
        (files.used, files.max) = (Some(open), max);
    }
    vec![
        row("connections", "Connections")
            .of(Some(connections), "connections")
            .then("Further clients wait until a connection is closed.")
            .configured("max_connections"),
        row("socket_clients", "Socket.IO clients")
            .of(Some(Usage { used: client_count, max: connections.max }), "clients")
            .then("Each has a connection, so that further ones wait until one is closed.")
            .configured("max_connections"),
        row("log_followers", "Clients that follow the log")
            .of(Some(measured.log_followers), "clients")
            .then("Further ones are told so; they can read and download the log."),
        files,
    ]
}

fn work(measured: &Measured) -> Vec<UsageView> {
    let row = |id, title| UsageView::new("work", id, title);
    vec![
        row("engine_queue", "Requests that wait for the engine")
            .of(Some(measured.queue), "requests")
            .then("A request that finds no place within some seconds is answered with 503."),
        row("backup_operations", "Requests for backups and restores")
            .of(Some(measured.backups.operations), "requests")
            .then("Further ones are answered with 503."),
        row("backup_reads", "Reads for downloads of backups")
            .of(Some(measured.backups.reads), "reads")
            .then("Further downloads wait, and are broken off after some seconds."),
        row("measurements", "Measurements that may block")
            .of(Some(measured.service.measurements), "measurements")
            .then("Further ones wait; a check says so when its time is over."),
        row("snapshots", "Long answers of one state")
            .of(Some(measured.leases), "answers")
            .then("The one whose time ends first goes on with the newest state."),
    ]
}

fn memory(measured: &Measured) -> Vec<UsageView> {
    let row = |id, title| UsageView::new("memory", id, title);
    let [all, warnings] = measured.log;
    let forgotten = "The oldest lines are forgotten; the journal has them.";
    vec![
        row("volume", "Data volume")
            .of(measured.volume, "bytes")
            .then("Changes are refused with 507 until there is room; reads go on.")
            .configured("min_free_mib"),
        row("backup_directory", "Directory of backups")
            .of(measured.backup_bytes, "bytes")
            .then("Backups fail with what is missing; the rules of retention remove the oldest.")
            .configured("backup_dir"),
        row("devices", "Devices")
            .unlimited(measured.stored.device_count, "devices")
            .then("There is no limit but the memory and the volume of the host."),
        row("list_cache", "Lists that are kept ready")
            .of(Some(measured.list_cache), "bytes")
            .rolling("What was not asked for recently is made again when it is asked for."),
        row("log_lines", "Lines of the log").of(Some(all.lines), "lines").rolling(forgotten),
        row("log_bytes", "Memory for the log").of(Some(all.bytes), "bytes").rolling(forgotten),
        row("log_warnings", "Warnings that are kept longer")
            .of(Some(warnings.lines), "lines")
            .rolling(forgotten),
        row("log_levels", "Changed levels of the log")
            .of(Some(measured.log_levels), "levels")
            .then("A further change is refused with 409 until one ends."),
    ]
}

fn history(measured: &Measured) -> Vec<UsageView> {
    let Measured { stored, waiting_notices, .. } = measured;
    let row = |id, title| UsageView::new("history", id, title);
    let oldest = "The oldest are removed.";
    let incidents = stored.incidents;
    vec![
        row("audit_rows", "Changes on record").of(Some(stored.audit.rows), "rows").rolling(oldest),
        row("audit_bytes", "Size of the changes on record")
            .of(Some(stored.audit.bytes), "bytes")
            .rolling(oldest),
        row("outages", "Outages on record").of(Some(stored.outages), "bytes").rolling(oldest),
        row("network_incidents", "Open incidents of the network")
            .of(Some(incidents.network), "incidents")
            .then("Problems that are less severe are counted by one incident."),
        row("appliance_incidents", "Open incidents of the appliance")
            .of(Some(incidents.appliance), "incidents")
            .then("Further jobs and checks get none; their pages show the problem."),
        row("closed_incidents", "Closed incidents")
            .of(Some(stored.closed_incidents), "incidents")
            .rolling(oldest),
        row("maintenance_windows", "Maintenance windows")
            .of(Some(incidents.windows), "windows")
            .then("A further one is refused with 409 until one has ended."),
        row("reports", "Reports of the most frequent kind")
            .of(Some(stored.reports), "reports")
            .rolling(oldest),
        row("waiting_notices", "Notices that wait")
            .of(Some(*waiting_notices), "notices")
            .then("Further ones are not sent, except that an incident is over."),
        row("notices", "Notices on record").of(Some(stored.notices), "notices").rolling(oldest),
    ]
}

fn requests() -> Vec<UsageView> {
    let row = |id, title| UsageView::new("requests", id, title);
    vec![
        row("bulk_devices", "Devices provisioned at once")
            .per_request(BULK_ROWS_MAX as u64, "devices")
            .then("The request is refused with 422."),
        row("forecast_changes", "Changes of a forecast")
            .per_request(CHANGES_MAX as u64, "changes")
            .then("The request is refused with 422."),
        row("page_items", "Entries of a page of a list")
            .per_request(PAGE_ITEMS_MAX, "entries")
            .then("The request is refused with 422; the answer links to the next page."),
        row("table_bytes", "Size of a table to import")
            .per_request(TABLE_BYTES_MAX as u64, "bytes")
            .then("The request is refused with 413."),
        row("table_entities", "Devices, interfaces and links of a table to import")
            .per_request(IMPORT_ENTITIES_MAX as u64, "entities")
            .then("The table is refused; import it in parts."),
    ]
}
