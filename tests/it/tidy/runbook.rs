//! The pages for operators have a counterpart of everything that UNOC v2's runbook had, and the playbooks.

use super::read;

/// The rows of UNOC v2's runbook, by its sections.
const V2_ROWS: &[(&str, &[&str])] = &[
    (
        "Health Checks",
        &[
            "Backend health",
            "API list devices",
            "Database connectivity",
            "WebSocket status",
            "Automate these checks",
        ],
    ),
    (
        "Restart Procedures",
        &[
            "Restart backend only",
            "Restart database",
            "Full stack recycle",
            "After restart, re-run health checks",
        ],
    ),
    ("Viewing Logs", &["Backend", "PostgreSQL", "Centralized system"]),
    (
        "Database Maintenance",
        &["Backup", "Store backups securely", "Restore", "Backend is stopped before restoring"],
    ),
    ("Data Operations", &["Clear demo data", "Programmatic provisioning", "Manual overrides"]),
    (
        "Performance Tuning",
        &[
            "Monitor PostgreSQL resource usage",
            "SQL logging",
            "Caching, connection pooling",
            "Heavy traffic simulations",
        ],
    ),
    (
        "Incident Response",
        &[
            "Database unavailable",
            "Backend crash loop",
            "WebSocket storm",
            "UI not loading",
            "Escalate issues by attaching logs",
            "Latest contact list",
        ],
    ),
    (
        "Scheduled Tasks",
        &[
            "Daily: review backend logs",
            "Daily: confirm health endpoint",
            "Weekly: verify backups restore",
            "Weekly: prune",
            "Monthly: review capacity",
            "Monthly: evaluate scaling plan",
            "Monthly: test disaster recovery",
        ],
    ),
    (
        "Useful References",
        &["docs/DEPLOYMENT.md", "docs/10_ui_patterns_and_examples.md", "ops/RUNBOOK.md"],
    ),
];

const PLAYBOOKS: &[&str] = &[
    "The API is down",
    "PostgreSQL is away",
    "An event storm",
    "The page does not load",
    "The disk is full",
    "The host is lost",
    "A security incident",
];

#[test]
fn each_row_of_v2s_runbook_has_its_counterpart() {
    let page = read("docs/OPERATIONS.md");
    let (_, table) = page.split_once("## UNOC v2's runbook, row for row").expect("the section");
    let rows: Vec<Vec<&str>> = table
        .lines()
        .filter(|line| line.starts_with("| ") && !line.starts_with("| section "))
        .map(|line| line.trim_matches('|').split(" | ").map(str::trim).collect())
        .collect();
    let expected: Vec<(&str, &str)> = V2_ROWS
        .iter()
        .flat_map(|(section, rows)| rows.iter().map(move |row| (*section, *row)))
        .collect();
    let found: Vec<(&str, &str)> = rows.iter().map(|row| (row[0], row[1])).collect();
    assert_eq!(found, expected);
    for row in rows {
        assert!(row.len() == 3 && !row[2].is_empty(), "what is it now? {row:?}");
    }
}

#[test]
fn links_within_the_pages_for_operators_lead_to_a_heading() {
    for file in ["docs/OPERATIONS.md", "ops/RUNBOOK.md"] {
        let page = read(file);
        let anchors: Vec<String> = headings(&page).map(anchor).collect();
        for link in page.split("](#").skip(1).filter_map(|rest| rest.split(')').next()) {
            assert!(anchors.iter().any(|anchor| anchor == link), "{file}: no heading for #{link}");
        }
    }
}

#[test]
fn the_long_form_has_each_playbook_and_checklist() {
    let page = read("ops/RUNBOOK.md");
    for playbook in PLAYBOOKS {
        assert!(headings(&page).any(|heading| heading == *playbook), "no playbook: {playbook}");
    }
    for checklist in ["Each shift and each day:", "Each week:", "Each month:"] {
        let (_, rest) = page.split_once(checklist).expect(checklist);
        let lines = rest.lines().skip_while(|line| !line.starts_with('|')).skip(2);
        for line in lines.take_while(|line| line.starts_with('|')) {
            let by = line.trim_matches('|').split(" | ").nth(1).unwrap_or_default().trim();
            let is_said = by.starts_with("the appliance") || by.starts_with("a person");
            assert!(is_said, "who does it? {line}");
        }
    }
}

fn headings(page: &str) -> impl Iterator<Item = &str> {
    page.lines()
        .filter(|line| line.starts_with("##"))
        .map(|line| line.trim_start_matches('#').trim())
}

/// The name that GitHub gives a heading.
fn anchor(heading: &str) -> String {
    let letters =
        heading.chars().filter(|letter| letter.is_alphanumeric() || " -_".contains(*letter));
    letters.collect::<String>().to_lowercase().replace(' ', "-")
}
