//! How many incidents may be open at once, and which ones.

use unoc::domain::{Severity, Timestamp};
use unoc::incidents::{
    IncidentBook, IncidentError, IncidentSource, NETWORK_INCIDENTS_MAX, ProblemReport,
};

use super::book::cut;

#[test]
fn what_is_minor_never_takes_the_place_of_what_is_critical() {
    let of = |id, severity| ProblemReport { severity, ..cut(id) };
    let full = NETWORK_INCIDENTS_MAX as u64;
    let mut book = IncidentBook::default();
    let now = Timestamp(0);
    let minor = (1..=full).map(|id| of(id, Severity::Minor)).collect();
    assert!(book.reconcile_network(minor, 0, now).is_empty());
    let observe = |book: &mut IncidentBook, report| book.observe(report, now);
    let is_refused = |result| matches!(result, Err(IncidentError::Full { refused: 1 }));
    assert!(is_refused(observe(&mut book, of(full + 1, Severity::Minor))));
    observe(&mut book, of(full + 2, Severity::Major)).expect("it is worse than all of them");
    observe(&mut book, of(full + 3, Severity::Critical)).expect("room");
    observe(&mut book, of(1, Severity::Critical)).expect("it has an incident already");
    // One that was closed takes a place when it comes again.
    book.clear("network:link:2", now);
    assert!(is_refused(observe(&mut book, of(2, Severity::Minor))), "two others are worse");
    for id in [3, 4, 5] {
        book.clear(&format!("network:link:{id}"), now);
    }
    observe(&mut book, of(2, Severity::Minor)).expect("there is room again");
    let again = book.open().find(|one| one.key == "network:link:2").expect("it is open");
    assert_eq!((again.id, again.count), (2, 2));

    // What is eased does not make room without end.
    let mut book = IncidentBook::default();
    for batch in 0..4 {
        let ids = batch * full + 1..=(batch + 1) * full;
        for id in ids.clone() {
            let is_full = observe(&mut book, of(id, Severity::Critical)).is_err();
            assert_eq!(is_full, batch == 3, "{id}");
        }
        for id in ids.filter(|_| batch < 3) {
            observe(&mut book, of(id, Severity::Minor)).expect("it is open");
        }
    }
    assert_eq!(book.open().count(), 3 * NETWORK_INCIDENTS_MAX);
}

#[test]
fn the_network_and_the_appliance_do_not_take_each_others_places() {
    let check = |number: u64| {
        let (source, key) = (IncidentSource::Check, format!("check:{number}"));
        ProblemReport::lasting(source, key, Severity::Minor, "A check failed", "")
    };
    let mut book = IncidentBook::default();
    let now = Timestamp(0);
    let network = (1..=NETWORK_INCIDENTS_MAX as u64).map(cut).collect();
    assert!(book.reconcile_network(network, 0, now).is_empty());
    let checks = (1..=210).map(check).collect();
    let refused = book.reconcile("check:", checks, now);
    assert_eq!(refused.len(), 10, "the network has taken none of their places");
    assert!(refused.contains("check:210"));
    assert!(book.observe(check(211), now).is_err());
    assert_eq!(book.reconcile_network(vec![cut(1)], 5, now).len(), 0);
    assert!(book.has_open("service:overflow"), "the service is never refused");
}
