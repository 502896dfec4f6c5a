//! Backups as text.

use serde_json::Value;

use crate::util::{counted, format_bytes, format_span};

/// Prints whether the site can be restored, and the list of backups.
pub(super) fn print_list(answer: &Value) {
    match answer["restorable_as_of"].as_str() {
        Some(at) => print_line!(
            "Restorable as of {at}{}; a restore took {}.",
            answer["rpo_s"]
                .as_f64()
                .map_or_else(String::new, |s| format!(" ({} ago)", format_span(s))),
            answer["rto_s"].as_f64().map_or_else(|| "-".to_owned(), format_span),
        ),
        None => {
            print_line!("No backup has been verified yet. Make one: unoc backup now");
        }
    }
    if answer["is_stale"] == true {
        print_line!("This is older than backup_stale_hours, so /health is degraded.");
    }
    if answer["encryption"]["is_on"] != true {
        print_line!("Backups are not encrypted; unoc backup keygen prints a key.");
    }
    for target in answer["targets"].as_array().into_iter().flatten() {
        let error = target["last_error"].as_str().map_or_else(String::new, |it| format!(": {it}"));
        print_line!("Target {}: {}{error}", text(&target["name"]), text(&target["state"]));
    }
    let rows = answer["backups"].as_array().map_or(&[][..], Vec::as_slice);
    if rows.is_empty() {
        return;
    }
    print_line!(
        "\n{:<21} {:<10} {:>9} {:>9} {:>8}  {:<9} {:<20} kept as",
        "backup",
        "state",
        "size",
        "rows",
        "seq",
        "reason",
        "copies"
    );
    for row in rows {
        print_line!(
            "{:<21} {:<10} {:>9} {:>9} {:>8}  {:<9} {:<20} {}",
            text(&row["id"]),
            if row["is_local"] == true { text(&row["state"]) } else { "off-host" },
            format_bytes(row["bytes"].as_u64().unwrap_or(0)),
            rows_of(row),
            row["seq"].to_string(),
            text(&row["reason"]),
            copies(row),
            kept(row)
        );
    }
}

/// Prints one backup.
pub(super) fn print_backup(answer: &Value) {
    print_line!(
        "{}: {}, {} as of seq {}, {}{}",
        text(&answer["id"]),
        text(&answer["state"]),
        counted(rows_of(answer), "row"),
        answer["seq"],
        format_bytes(answer["bytes"].as_u64().unwrap_or(0)),
        if answer["is_encrypted"] == true { ", encrypted" } else { ", not encrypted" }
    );
    if let Some(message) = answer["verification"]["message"].as_str() {
        print_line!("  {message}");
    }
    if let Some(error) = answer["verification_error"].as_str() {
        print_line!("  not verified: {error}");
    }
    for copy in answer["copies"].as_array().into_iter().flatten() {
        let message = copy["message"].as_str().map_or_else(String::new, |it| format!(": {it}"));
        print_line!("  copy at {}: {}{message}", text(&copy["target"]), text(&copy["state"]));
    }
}

/// Prints which backups were removed, or would be.
pub(super) fn print_pruning(answer: &Value, is_dry_run: bool) {
    let kept = answer["keep"].as_array().map_or(0, Vec::len);
    let removed = answer["remove"].as_array().map_or(&[][..], Vec::as_slice);
    for backup in removed {
        print_line!(
            "{} {}",
            if is_dry_run { "would remove" } else { "removed" },
            text(&backup["id"])
        );
    }
    let freed = format_bytes(answer["bytes_freed"].as_u64().unwrap_or(0));
    for target in answer["targets"].as_array().into_iter().flatten() {
        let copies = target["remove"].as_array().map_or(0, Vec::len);
        print_line!("  and {} at {}", counted(copies, "copy"), text(&target["target"]));
    }
    for copy in answer["stay"].as_array().into_iter().flatten() {
        print_line!(
            "{} could not be removed at {}: {}",
            text(&copy["id"]),
            text(&copy["target"]),
            text(&copy["reason"])
        );
    }
    let word = if is_dry_run { "would be removed" } else { "removed" };
    print_line!("{} {word}, {kept} kept, {freed} freed.", counted(removed.len(), "backup"));
}

/// Prints what a restore changed, or would change.
pub(super) fn print_restore(answer: &Value) {
    print_line!(
        "{} of {}, saved by UNOC {}",
        text(&answer["backup_id"]),
        text(&answer["taken_at"]),
        text(&answer["version"])
    );
    print_line!("  seq          {} now, {} saved", answer["seq"]["now"], answer["seq"]["backup"]);
    for kind in ["devices", "interfaces", "links"] {
        let counts = &answer["counts"][kind];
        print_line!("  {kind:<12} {} now, {} after", counts["now"], counts["after"]);
    }
    let devices = &answer["devices"];
    print_line!(
        "  of devices   {} added, {} removed, {} changed",
        devices["added"],
        devices["removed"],
        devices["changed"]
    );
    for example in devices["examples"].as_array().into_iter().flatten() {
        print_line!("               {} {}", text(&example["change"]), text(&example["name"]));
    }
    match &answer["newest_change_lost"] {
        Value::Null => print_line!("  no change is lost"),
        lost => print_line!(
            "  changes lost: {}, the newest: {} by {} at {}",
            answer["changes_lost"],
            text(&lost["action"]),
            text(&lost["actor"]),
            text(&lost["at"])
        ),
    }
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or("-")
}

fn rows_of(row: &Value) -> u64 {
    let tables = row["rows"].as_object().into_iter().flatten();
    tables.filter_map(|(_, rows)| rows.as_u64()).sum()
}

fn copies(row: &Value) -> String {
    let copies = row["copies"].as_array().into_iter().flatten();
    let words = copies.map(|it| format!("{} {}", text(&it["target"]), text(&it["state"])));
    let words: Vec<String> = words.collect();
    if words.is_empty() { "-".to_owned() } else { words.join(", ") }
}

fn kept(row: &Value) -> String {
    let reasons: Vec<&str> =
        row["kept_as"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
    if reasons.is_empty() { "(removed next)".to_owned() } else { reasons.join(", ") }
}
