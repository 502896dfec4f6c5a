//! An appliance whose notices go to a receiver: a fault is followed from its check to the notice of its end.

use serde_json::{Value, json};

use super::causes::{incident, run_until};
use crate::harness::http::Http;
use crate::harness::receiver::WebhookReceiver;
use crate::harness::site::text_of;
use crate::harness::wait;

/// A receiver of notices.
pub(super) struct Watched {
    receiver: WebhookReceiver,
    contacts: String,
}

impl Watched {
    pub(super) fn new() -> Self {
        let receiver = WebhookReceiver::start();
        let contact = json!({"name": "on-call", "webhook": {"url": receiver.url("/told")}});
        Self { receiver, contacts: json!([contact]).to_string() }
    }

    /// The variables of an appliance that tells the receiver of each incident at once, and these.
    pub(super) fn environment<'a>(
        &'a self,
        more: &[(&'a str, &'a str)],
    ) -> Vec<(&'a str, &'a str)> {
        let own = [
            ("UNOC_CONTACTS", self.contacts.as_str()),
            ("UNOC_ESCALATION", "0s: on-call"),
            ("UNOC_DEV_FEATURES", "0"),
        ];
        [&own[..], more].concat()
    }

    /// Follows a fault that is there: its check, its incident, its notice. Returns the check.
    #[track_caller]
    pub(super) fn caused(&self, http: &Http, id: &str, state: &str) -> Value {
        let check = run_until(http, id, state);
        self.reported(http, id, state, &check);
        check
    }

    /// The same of a check that was seen in this state.
    #[track_caller]
    pub(super) fn reported(&self, http: &Http, id: &str, state: &str, check: &Value) {
        assert_eq!(check["state"], state, "{check}");
        let opened = incident(http, id, "open");
        assert!(since(check) <= text_of(&opened["first_seen_at"]), "{check} {opened}");
        self.told(id, "opened");
    }

    /// Follows the end of a fault: its check, its incident, its notice.
    #[track_caller]
    pub(super) fn recovered(&self, http: &Http, id: &str) {
        let check = run_until(http, id, "ok");
        assert_eq!(check["remedy"], Value::Null, "{check}");
        let closed = incident(http, id, "closed");
        assert!(since(&check) <= text_of(&closed["closed_at"]), "{check} {closed}");
        self.told(id, "closed");
    }

    #[track_caller]
    fn told(&self, id: &str, event: &str) {
        let key = format!("check:{id}");
        wait::until(&format!("the notice that {key} was {event}"), || {
            let all = self.receiver.all().into_iter();
            let mut notices = all.filter_map(|it| it.body["notices"].as_array().cloned()).flatten();
            notices.find(|it| it["event"] == event && it["incident"]["key"] == key).map(drop)
        });
    }
}

fn since(check: &Value) -> &str {
    text_of(&check["since"])
}
