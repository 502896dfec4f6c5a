//! The syntax of contacts and of the escalation: tables in the file, a short text elsewhere.
//!
//! Nothing of a contact is quoted, because its address may hold a token.

use super::rules::{self, ValueError};
use super::secret::Secret;
use super::table_fields::{TableFields, in_table, tables};
use std::collections::BTreeSet;

/// Most contacts: each incident may be told to all of them.
const CONTACTS_MAX: usize = 16;
/// Most steps.
const STEPS_MAX: usize = 8;
/// Longest name; it is part of the key of an incident.
const NAME_CHARS_MAX: usize = 64;
/// Longest address.
const ADDRESS_BYTES_MAX: usize = 2048;
/// The last step comes within a day: a notice is given up after that time.
const AFTER_S_MAX: u64 = 24 * 60 * 60;

/// The severities of incidents, the worst first.
const SEVERITIES: [&str; 3] = ["critical", "major", "minor"];
/// Those that wait for the end of quiet hours.
const QUIET_SEVERITIES: [&str; 2] = ["major", "minor"];
/// All kinds of reports, and their kinds as `unoc reports` names them.
const REPORTS: [&str; 9] = [
    "all",
    "daily_review",
    "restore_test",
    "pruning",
    "reconciliation",
    "provisioning_test",
    "capacity",
    "disaster_drill",
    "incident_drill",
];
/// Forms whose receivers keep alerts: a report is none.
const ALERT_FORMS: [&str; 2] = ["pagerduty", "alertmanager"];
/// The forms of webhooks, see docs/DEPLOYMENT.md.
const FORMS: [&str; 6] = ["generic", "slack", "teams", "ntfy", "pagerduty", "alertmanager"];

/// Somebody who is told of incidents and sent reports.
#[derive(Clone, Debug)]
pub struct ContactSettings {
    /// Unique, 1 to 64 of letters, digits, `-`, `_` and `.`.
    pub name: String,
    pub channel: ChannelSettings,
    /// Of `critical`, `major` and `minor`.
    pub severities: Vec<&'static str>,
    /// Minutes after midnight, from and to.
    pub quiet_hours: Option<(u16, u16)>,
    /// Severities that wait for the end of the quiet hours.
    pub quiet_severities: Vec<&'static str>,
    /// Kinds of reports.
    pub reports: Vec<&'static str>,
}

/// How a contact is reached.
#[derive(Clone, Debug)]
pub enum ChannelSettings {
    Email(String),
    Webhook { url: Secret, form: &'static str, key: Option<Secret> },
}

/// Who is told how long after the beginning of an incident.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EscalationSettings {
    pub after_s: u64,
    /// Names of contacts.
    pub contacts: Vec<String>,
}

/// Parses contacts: JSON as the file gives it, or addresses separated by blanks. An empty text is none.
pub(super) fn contacts(text: &str) -> Result<Vec<ContactSettings>, ValueError> {
    let mut faults = Vec::new();
    let found: Vec<ContactSettings> = match tables(text)? {
        Some(tables) => {
            let numbered = (1..).zip(&tables);
            numbered.filter_map(|(n, table)| in_table(n, table, &mut faults, contact)).collect()
        }
        None => short_contacts(text, &mut faults),
    };
    let mut names = BTreeSet::new();
    for (n, contact) in (1..).zip(&found) {
        if !names.insert(contact.name.as_str()) {
            faults.push(format!("number {n}: another contact has the same name"));
        }
    }
    if found.len() > CONTACTS_MAX {
        faults.push(format!("there are more than {CONTACTS_MAX}"));
    }
    if faults.is_empty() { Ok(found) } else { Err(ValueError::secret(faults.join("; "))) }
}

/// Parses the escalation: JSON as the file gives it, or `0s: on-call; 15m: manager, boss`.
pub(super) fn escalation(text: &str) -> Result<Vec<EscalationSettings>, ValueError> {
    let mut faults = Vec::new();
    let mut steps: Vec<EscalationSettings> = match tables(text)? {
        Some(tables) => {
            let numbered = (1..).zip(&tables);
            numbered.filter_map(|(n, table)| in_table(n, table, &mut faults, step)).collect()
        }
        None => {
            let items = text.split(';').map(str::trim).filter(|item| !item.is_empty());
            let items = (1..).zip(items);
            items.filter_map(|(n, item)| short_step(n, item, &mut faults)).collect()
        }
    };
    if steps.len() > STEPS_MAX {
        faults.push(format!("there are more than {STEPS_MAX} steps"));
    }
    steps.sort_by_key(|step| step.after_s);
    if faults.is_empty() { Ok(steps) } else { Err(ValueError::because(faults.join("; "))) }
}

/// Returns contacts as `unoc config show` prints them.
pub(super) fn shown_contacts(contacts: &[ContactSettings]) -> String {
    let shown = contacts.iter().map(|contact| {
        let channel = match &contact.channel {
            ChannelSettings::Email(_) => "email",
            ChannelSettings::Webhook { form, .. } => form,
        };
        match contact.reports.is_empty() {
            true => format!("{} ({channel})", contact.name),
            false => {
                format!("{} ({channel}; reports {})", contact.name, contact.reports.join(", "))
            }
        }
    });
    shown.collect::<Vec<_>>().join(", ")
}

/// Returns an escalation as [`escalation`] parses it.
pub(super) fn shown_escalation(steps: &[EscalationSettings]) -> String {
    let shown = steps.iter().map(|step| {
        let after = match step.after_s {
            s if s > 0 && s % 3600 == 0 => format!("{}h", s / 3600),
            s if s > 0 && s % 60 == 0 => format!("{}m", s / 60),
            s => format!("{s}s"),
        };
        format!("{after}: {}", step.contacts.join(", "))
    });
    shown.collect::<Vec<_>>().join("; ")
}

fn contact(fields: &mut TableFields<'_>) -> Option<ContactSettings> {
    let name = fields.text("name");
    if name.as_deref().is_none_or(|name| !is_name(name)) {
        fields.fault("its name is not 1-64 letters, digits, - _ or .");
    }
    let email = fields.text("email");
    if email.as_deref().is_some_and(|address| !is_email(address)) {
        fields.fault("email is not an e-mail address");
    }
    fields.known.push("webhook");
    let has_webhook = fields.table.contains_key("webhook");
    let webhook = webhook(fields);
    let severities = fields.words("severities", &SEVERITIES);
    let hours = fields.text("quiet_hours");
    let quiet_hours = hours.as_deref().and_then(hours_of);
    if hours.is_some() && quiet_hours.is_none() {
        fields.fault("quiet_hours is not a time such as 22:00-06:00");
    }
    let quiet_severities = fields.words("quiet_severities", &SEVERITIES);
    let reports = reports(fields);
    let channel = match (email, webhook) {
        (Some(address), None) if !has_webhook => Some(ChannelSettings::Email(address)),
        (None, Some(webhook)) => Some(webhook),
        (None, None) if has_webhook => None,
        _ => {
            fields.fault("it needs either email or webhook");
            None
        }
    };
    if let Some(ChannelSettings::Webhook { form, .. }) = &channel
        && !reports.is_empty()
        && ALERT_FORMS.contains(form)
    {
        fields.fault(&format!(
            "reports are not sent to {}, which take alerts",
            ALERT_FORMS.join(" and ")
        ));
    }
    Some(ContactSettings {
        name: name?,
        channel: channel?,
        severities: severities.unwrap_or_else(|| SEVERITIES.to_vec()),
        quiet_hours,
        quiet_severities: quiet_severities.unwrap_or_else(|| QUIET_SEVERITIES.to_vec()),
        reports,
    })
}

fn reports(contact: &mut TableFields<'_>) -> Vec<&'static str> {
    let kinds = contact.words("reports", &REPORTS).unwrap_or_default();
    match kinds.contains(&REPORTS[0]) {
        true => REPORTS[1..].to_vec(),
        false => kinds,
    }
}

fn webhook(contact: &mut TableFields<'_>) -> Option<ChannelSettings> {
    let value = contact.table.get("webhook")?;
    if let Some(url) = value.as_str() {
        let url = Secret::new(Some(url).filter(|url| is_url(url)).or_else(|| {
            contact.fault("webhook is not an address");
            None
        })?);
        return Some(ChannelSettings::Webhook { url, form: FORMS[0], key: None });
    }
    let Some(table) = value.as_object() else {
        contact.fault("webhook is neither an address nor a table");
        return None;
    };
    let place = format!("{}, webhook", contact.place);
    let mut fields = TableFields { place, table, known: Vec::new(), faults: contact.faults };
    let url = fields.secret("url", "url_file");
    if url.as_ref().is_none_or(|url| !is_url(url.expose())) {
        fields.fault("url is not an address https://…");
    }
    let form = fields.text("form");
    let known = FORMS.into_iter().find(|known| form.as_deref().is_none_or(|form| form == *known));
    if known.is_none() {
        fields.fault(&format!("form takes {}", FORMS.join(", ")));
    }
    let key = fields.secret("key", "key_file");
    fields.finish();
    Some(ChannelSettings::Webhook { url: url?, form: known?, key })
}

fn step(fields: &mut TableFields<'_>) -> Option<EscalationSettings> {
    let after = fields.text("after");
    let after_s = after.as_deref().map_or(Some(0), seconds);
    if after_s.is_none() {
        fields.fault("after is not a time such as 15m, at most 24h");
    }
    let contacts = fields.texts("contacts");
    if contacts.as_ref().is_none_or(Vec::is_empty) {
        fields.fault("contacts names nobody");
    }
    Some(EscalationSettings { after_s: after_s?, contacts: contacts? })
}

fn short_step(number: usize, item: &str, faults: &mut Vec<String>) -> Option<EscalationSettings> {
    let (after, names) = item.split_once(':').unwrap_or((item, ""));
    let contacts = rules::list(names);
    let after_s = seconds(after.trim());
    if after_s.is_none() || contacts.is_empty() {
        faults.push(format!("number {number}: write it as 15m: name, name"));
        return None;
    }
    Some(EscalationSettings { after_s: after_s?, contacts })
}

/// Reads addresses, each of which is a contact: `noc@example.org`, `https://…`, `slack+https://…`.
fn short_contacts(text: &str, faults: &mut Vec<String>) -> Vec<ContactSettings> {
    let mut contacts: Vec<ContactSettings> = Vec::new();
    for (n, item) in (1..).zip(text.split_whitespace()) {
        let form = FORMS
            .into_iter()
            .find(|form| item.strip_prefix(form).is_some_and(|rest| rest.starts_with('+')));
        let url = form.map_or(item, |form| &item[form.len() + 1..]);
        let (name, channel) = if is_url(url) {
            let form = form.unwrap_or(FORMS[0]);
            (form, ChannelSettings::Webhook { url: Secret::new(url), form, key: None })
        } else if is_email(item) {
            (item.split('@').next().unwrap_or(item), ChannelSettings::Email(item.to_owned()))
        } else {
            faults.push(format!("number {n}: it is neither an e-mail address nor https://…"));
            continue;
        };
        let is_taken = contacts.iter().any(|contact| contact.name == name);
        contacts.push(ContactSettings {
            name: if is_taken { format!("{name}-{n}") } else { name.to_owned() },
            channel,
            severities: SEVERITIES.to_vec(),
            quiet_hours: None,
            quiet_severities: QUIET_SEVERITIES.to_vec(),
            reports: Vec::new(),
        });
    }
    contacts
}

fn is_name(text: &str) -> bool {
    let allowed = |c: char| c.is_alphanumeric() || "-_.".contains(c);
    (1..=NAME_CHARS_MAX).contains(&text.chars().count()) && text.chars().all(allowed)
}

/// Whether it has the parts of an address (RFC 5321, section 4.1.2); the mail server decides on the rest.
pub(super) fn is_email(text: &str) -> bool {
    let parts = text.rsplit_once('@');
    let is_plain = |c: char| !c.is_whitespace() && !c.is_control() && !"<>,;:/\"()".contains(c);
    parts.is_some_and(|(local, domain)| !local.is_empty() && !domain.is_empty())
        && text.len() <= ADDRESS_BYTES_MAX
        && text.chars().all(is_plain)
}

/// Whether it is an address of HTTP.
pub(super) fn is_url(text: &str) -> bool {
    let rest = text.strip_prefix("https://").or_else(|| text.strip_prefix("http://"));
    rest.is_some_and(|rest| !rest.is_empty())
        && text.len() <= ADDRESS_BYTES_MAX
        && !text.contains(|c: char| c.is_whitespace() || c.is_control())
}

/// Reads `22:00-06:00` as minutes after midnight.
fn hours_of(text: &str) -> Option<(u16, u16)> {
    let minutes = |text: &str| {
        let (hour, minute) = text.trim().split_once(':')?;
        let (hour, minute): (u16, u16) = (hour.parse().ok()?, minute.parse().ok()?);
        (hour < 24 && minute < 60).then_some(hour * 60 + minute)
    };
    let (from, to) = text.split_once('-')?;
    Some((minutes(from)?, minutes(to)?))
}

/// Reads `90s`, `15m` or `2h`.
fn seconds(text: &str) -> Option<u64> {
    let unit_at = text.len().checked_sub(1)?;
    let (number, unit) = text.split_at_checked(unit_at)?;
    let factor = match unit {
        "s" => 1,
        "m" => 60,
        "h" => 3600,
        _ => return None,
    };
    let number: u64 = number.parse().ok()?;
    number.checked_mul(factor).filter(|seconds| *seconds <= AFTER_S_MAX)
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::super::tests::{Case, PASSWORD, only};
    use super::*;

    const FILE: &str = r#"
smtp_url = "smtp://mail.example.org"

[[contacts]]
name = "on-call"
email = "oncall@example.org"
quiet_hours = "22:00-06:30"

[[contacts]]
name = "chat"
webhook = { url = "https://hooks.example.org/hunter2-hunter2", form = "slack" }
severities = ["critical"]
quiet_severities = []
reports = ["daily_review", "capacity"]

[[escalation]]
contacts = ["on-call"]

[[escalation]]
after = "15m"
contacts = ["chat"]
"#;

    #[test]
    fn the_file_has_tables_of_contacts_and_steps() {
        let case = Case::new().file(FILE);
        let config = case.load().unwrap();
        assert_eq!(
            case.shown("contacts").0,
            "on-call (email), chat (slack; reports daily_review, capacity)"
        );
        assert_eq!(case.shown("escalation").0, "0s: on-call; 15m: chat");
        let [on_call, chat] = &config.contacts[..] else { panic!("{config:?}") };
        assert_eq!(on_call.quiet_hours, Some((22 * 60, 6 * 60 + 30)));
        assert_eq!(
            (&on_call.severities[..], &chat.severities[..]),
            (&SEVERITIES[..], &["critical"][..])
        );
        assert_eq!(on_call.quiet_severities, QUIET_SEVERITIES);
        assert!(!format!("{config:?}").contains(PASSWORD));
    }

    #[test]
    fn the_environment_has_addresses() {
        let text = format!("noc@example.org slack+https://h/{PASSWORD} https://h/a http://h/b");
        let case = Case::new()
            .variable("UNOC_CONTACTS", &text)
            .variable("UNOC_SMTP_URL", "smtp://h")
            .variable("UNOC_ESCALATION", "0s: noc; 1h: slack generic");
        assert_eq!(
            case.shown("contacts").0,
            "noc (email), slack (slack), generic (generic), generic-4 (generic)"
        );
        assert_eq!(case.shown("escalation").0, "0s: noc; 1h: slack, generic");
    }

    #[test]
    fn all_faults_come_at_once_and_quote_nothing() {
        let file = r#"
[[contacts]]
name = "a b"
email = "hunter2-hunter2"
hunter2-hunter2 = 1

[[contacts]]
name = "c"
webhook = { url = "hunter2-hunter2", form = "hunter2-hunter2" }
severities = ["hunter2-hunter2"]
quiet_hours = "25:00-1:00"
reports = ["hunter2-hunter2"]

[[contacts]]
name = "d"

[[contacts]]
name = "e"
webhook = { url = "https://h", form = "pagerduty", key = "k" }
reports = ["all"]
"#;
        let error = only(Case::new().file(file).errors());
        assert_eq!((error.key.as_str(), error.value.as_str()), ("contacts", "***"));
        let hint = error.hint.clone().unwrap();
        for fault in [
            "number 1: its name is not",
            "number 1: email is not",
            "number 1: it has an unknown key",
            "number 2, webhook: url is not",
            "number 2, webhook: form takes generic, slack",
            "number 2: severities takes",
            "number 2: quiet_hours is not",
            "number 2: reports takes all, daily_review, restore_test, pruning",
            "number 4: reports are not sent to pagerduty and alertmanager",
            "number 3: it needs either email or webhook",
        ] {
            assert!(hint.contains(fault), "{fault}: {hint}");
        }
        assert!(!format!("{error:?}").contains(PASSWORD), "{error:?}");

        let case =
            Case::new().variable("UNOC_CONTACTS", "a@b").variable("UNOC_ESCALATION", "5m: x");
        let keys: Vec<_> = case.errors().into_iter().map(|error| error.key).collect();
        assert_eq!(keys, ["smtp_url", "escalation"]);
    }

    #[test]
    fn an_address_may_come_from_a_file() {
        let case = Case::new();
        let path = case.write("url", format!("https://h/{PASSWORD}\n"));
        let file = |path: &Path| {
            let path = path.display();
            format!("[[contacts]]\nname = 'a'\nwebhook = {{ url_file = '{path}' }}\n")
        };
        let case = case.file(&file(&path));
        let config = case.load().unwrap();
        let ChannelSettings::Webhook { url, .. } = &config.contacts[0].channel else { panic!() };
        assert_eq!(url.expose(), format!("https://h/{PASSWORD}"));
        let case = case.file(&file(Path::new("/nonexistent/url")));
        assert!(only(case.errors()).hint.unwrap().contains("url_file: No such file"));
    }

    #[test]
    fn times_are_read() {
        for (text, expected) in [
            ("90s", Some(90)),
            ("15m", Some(900)),
            ("24h", Some(86_400)),
            ("25h", None),
            ("5", None),
            ("", None),
        ] {
            assert_eq!(seconds(text), expected, "{text}");
        }
        for (text, expected) in
            [("22:00-06:00", Some((1320, 360))), ("22-6", None), ("24:00-1:00", None)]
        {
            assert_eq!(hours_of(text), expected, "{text}");
        }
    }
}
