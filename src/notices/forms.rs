//! The documents of webhooks: our own, and those of well-known receivers.

use reqwest::Url;
use serde_json::{Value, json};

use super::contact::{EscalationStep, Webhook, WebhookForm, topic};
use super::message::{MessageItem, MessageOccasion, NoticeMessage, remedy};
use crate::domain::{Severity, Timestamp};
use crate::incidents::Incident;
use crate::store::{NoticeKind, ReportHead};
use crate::wire::Time;

/// The version of our own document, raised with each change that breaks a reader.
const VERSION: u8 = 1;
/// How long Alertmanager takes an alert for firing when it hears no more of it.
const ALERT_EXPIRY_US: i64 = 7 * 24 * 60 * 60 * 1_000_000;

/// The address and the document of a message.
pub(super) fn request(
    webhook: &Webhook,
    message: &NoticeMessage,
    steps: &[EscalationStep],
) -> (Url, Value) {
    let text = message.short_text(steps);
    let url = webhook.url.clone();
    match webhook.form {
        WebhookForm::Generic => (url, generic(message, &message.text(steps))),
        WebhookForm::Slack => (url, slack(message, &text)),
        WebhookForm::Teams => (url, teams(message, &text)),
        WebhookForm::Ntfy => ntfy(url, message, &text),
        WebhookForm::PagerDuty => {
            (url, pagerduty(message, webhook.key.as_deref().unwrap_or_default()))
        }
        WebhookForm::Alertmanager => (url, alertmanager(message)),
    }
}

fn generic(message: &NoticeMessage, text: &str) -> Value {
    let notices = message.items.iter().map(|item| {
        json!({
            "event": item.kind.as_str(),
            "step": item.step,
            "incident": incident(message, &item.incident),
        })
    });
    json!({
        "version": VERSION,
        "site": {"id": message.site.id, "name": message.site.name},
        "contact": message.contact,
        "sent_at": Time(message.now),
        "is_test": message.is_test(),
        "is_digest": message.is_digest,
        "subject": message.subject(),
        "text": text,
        "url": message.url(),
        "notices": notices.collect::<Vec<_>>(),
        "report": message.report().map(|it| report(message, &it.head)),
    })
}

fn incident(message: &NoticeMessage, incident: &Incident) -> Value {
    json!({
        "id": incident.id,
        "key": incident.key,
        "source": incident.source.as_str(),
        "state": incident.state().as_str(),
        "severity": incident.severity.as_str(),
        "title": incident.title,
        "detail": incident.detail,
        "remedy": remedy(incident),
        "customer_count": incident.customer_count,
        "customer_count_max": incident.customer_count_max,
        "count": incident.count,
        "first_seen_at": Time(incident.first_seen),
        "last_seen_at": Time(incident.last_seen),
        "closed_at": incident.closure.as_ref().map(|closure| Time(closure.at)),
        "url": message.site.incident_url(incident.id),
    })
}

/// What a report says in a few words; the text has all of it.
fn report(message: &NoticeMessage, head: &ReportHead) -> Value {
    json!({
        "id": head.id,
        "kind": head.kind.as_str(),
        "title": head.kind.title(),
        "result": head.result.as_str(),
        "summary": head.summary,
        "started_at": Time(head.started_at),
        "ended_at": Time(head.ended_at),
        "url": message.site.report_url(head.id),
    })
}

/// Incoming webhooks (Slack API, "Sending messages using incoming webhooks"; `&`, `<` and `>` are escaped:
/// "Formatting text for app surfaces").
fn slack(message: &NoticeMessage, text: &str) -> Value {
    let escaped = |text: &str| text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
    let text = format!("*{}*\n{}", escaped(&message.subject()), escaped(text));
    json!({"text": text, "unfurl_links": false})
}

/// An adaptive card for a workflow (Microsoft Teams, "Create incoming webhooks with Workflows").
fn teams(message: &NoticeMessage, text: &str) -> Value {
    let line = |text: &str| json!({"type": "TextBlock", "text": text, "wrap": true});
    let mut body = vec![json!({
        "type": "TextBlock", "text": message.subject(), "wrap": true, "weight": "Bolder", "size": "Medium",
    })];
    body.extend(text.lines().filter(|text| !text.is_empty()).map(line));
    json!({
        "type": "message",
        "attachments": [{
            "contentType": "application/vnd.microsoft.card.adaptive",
            "contentUrl": null,
            "content": {
                "$schema": "http://adaptivecards.io/schemas/adaptive-card.json",
                "type": "AdaptiveCard",
                "version": "1.4",
                "body": body,
                "actions": [{"type": "Action.OpenUrl", "title": "Open the page", "url": message.url()}],
            },
        }],
    })
}

/// ntfy documentation, "Publish as JSON": to the server, with the topic in the document.
fn ntfy(url: Url, message: &NoticeMessage, text: &str) -> (Url, Value) {
    let (server, topic) = topic(&url).unwrap_or((url, String::new()));
    let (priority, tag) = match message.worst().map(|item| (item.kind, item.incident.severity)) {
        None if message.report().is_some() => (3, "page_facing_up"),
        None => (3, "bell"),
        Some((NoticeKind::Closed, _)) => (2, "white_check_mark"),
        Some((_, Severity::Critical)) => (5, "rotating_light"),
        Some((_, Severity::Major)) => (4, "warning"),
        Some((_, Severity::Minor | Severity::Planned)) => (3, "information_source"),
    };
    let document = json!({
        "topic": topic,
        "title": message.subject(),
        "message": text,
        "priority": priority,
        "tags": [tag],
        "click": message.url(),
    });
    (server, document)
}

/// PagerDuty, "Events API v2: send an alert event". An incident is one alert, by its `dedup_key`.
fn pagerduty(message: &NoticeMessage, key: &str) -> Value {
    let site = &message.site;
    let Some(MessageItem { kind, incident: of, .. }) = message.items.first() else {
        let dedup_key = format!("unoc-{}-test", site.id);
        if matches!(message.occasion, MessageOccasion::DrillEnd) {
            return json!({"routing_key": key, "event_action": "resolve", "dedup_key": dedup_key});
        }
        return json!({
            "routing_key": key,
            "event_action": "trigger",
            "dedup_key": dedup_key,
            "payload": {"summary": message.subject(), "source": site.name, "severity": "info"},
        });
    };
    let dedup_key = format!("unoc-{}-{}", site.id, of.id);
    if *kind == NoticeKind::Closed {
        return json!({"routing_key": key, "event_action": "resolve", "dedup_key": dedup_key});
    }
    json!({
        "routing_key": key,
        "event_action": "trigger",
        "dedup_key": dedup_key,
        "client": "UNOC",
        "client_url": site.incident_url(of.id),
        "payload": {
            "summary": message.subject(),
            "source": site.name,
            "severity": pagerduty_severity(of.severity),
            "timestamp": Time(of.first_seen),
            "component": of.key,
            "class": of.source.as_str(),
            "custom_details": incident(message, of),
        },
    })
}

fn pagerduty_severity(severity: Severity) -> &'static str {
    match severity {
        Severity::Critical => "critical",
        Severity::Major => "error",
        Severity::Minor => "warning",
        Severity::Planned => "info",
    }
}

/// Prometheus Alertmanager, "Alerts API": `POST /api/v2/alerts`. The severity is one of the labels, which
/// identify an alert: those with the other severities are over.
fn alertmanager(message: &NoticeMessage) -> Value {
    let now = message.now;
    let expiry = Timestamp(now.0.saturating_add(ALERT_EXPIRY_US));
    if message.is_test() {
        let labels =
            json!({"alertname": "UnocTest", "severity": "info", "site": message.site.name});
        let summary = json!({"summary": message.subject()});
        // It is over at once, so that it stays in nobody's list.
        return json!([{"labels": labels, "annotations": summary, "startsAt": Time(now), "endsAt": Time(now)}]);
    }
    let alert = |item: &MessageItem, severity: Severity, ends_at: Timestamp| {
        let of = &item.incident;
        json!({
            "labels": {
                "alertname": "UnocIncident",
                "incident": of.id.to_string(),
                "key": of.key,
                "source": of.source.as_str(),
                "severity": severity.as_str(),
                "site": message.site.name,
            },
            "annotations": {
                "summary": of.title,
                "description": of.detail,
                "remedy": remedy(of),
                "customer_count": of.customer_count.to_string(),
            },
            "startsAt": Time(of.first_seen),
            "endsAt": Time(ends_at),
            "generatorURL": message.site.incident_url(of.id),
        })
    };
    let mut alerts = Vec::new();
    for item in &message.items {
        let is_over = item.incident.closure.is_some();
        alerts.push(alert(item, item.incident.severity, if is_over { now } else { expiry }));
        if item.kind == NoticeKind::Worsened {
            let others = [Severity::Critical, Severity::Major, Severity::Minor].into_iter();
            let others = others.filter(|other| *other != item.incident.severity);
            alerts.extend(others.map(|other| alert(item, other, now)));
        }
    }
    Value::Array(alerts)
}
