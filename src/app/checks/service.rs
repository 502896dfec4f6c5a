//! The service as its clients see it: answers, events, the delay of the event loop, and whether it runs as it is
//! configured.

use std::time::Duration;

use tokio::time::{Instant, sleep};

use super::super::loopback::OwnAnswer;
use super::events;
use super::measure::{float, milliseconds, percent};
use super::parts::CheckedParts;
use crate::health::{CheckReading, ProbeTable};

/// The delay is the longest of so many short sleeps: one alone misses most stalls.
const SLEEPS: u32 = 5;
const SLEEP: Duration = Duration::from_millis(40);
/// Fewer clients than this may leave at once: the tabs of one person whose shift ends.
const CLIENTS_MIN: u64 = 10;

/// What an operator asks first, and what the page does.
const ASKED: [&str; 2] = ["/health/live", "/api/devices?limit=1"];

pub(super) fn add(probes: &mut ProbeTable, parts: &CheckedParts) {
    probes.add("loop.lag", || async {
        let mut longest = Duration::ZERO;
        for _ in 0..SLEEPS {
            let due = Instant::now() + SLEEP;
            sleep(SLEEP).await;
            longest = longest.max(due.elapsed());
        }
        Ok(CheckReading::of(milliseconds(longest)))
    });
    let server = parts.own_server.clone();
    events::add(probes, &server, parts);
    probes.add("http.response", move || {
        let server = server.clone();
        async move {
            let begun = Instant::now();
            for path in ASKED {
                match server.request("GET", path, "").await {
                    Ok(answer) if answer.status == 200 => {}
                    Ok(OwnAnswer { status, .. }) => {
                        let what = format!("GET {path} was answered with the status {status}");
                        return Ok(CheckReading::broken(what));
                    }
                    Err(error) => {
                        let what = format!("{} does not answer: {error}", server.url());
                        return Ok(CheckReading::broken(what));
                    }
                }
            }
            Ok(CheckReading::of(milliseconds(begun.elapsed())))
        }
    });
    let applied = parts.applied_config.clone();
    probes.add("configuration.applied", move || {
        let reading = match applied.difference() {
            Some(what) => CheckReading::yes_no(false).with(what),
            None => CheckReading::yes_no(true),
        };
        async move { Ok(reading) }
    });
    let sockets = parts.sockets.clone();
    probes.add("clients.count", move || {
        let count = float(sockets.client_count() as u64);
        async move { Ok(CheckReading::of(count)) }
    });
    let sockets = parts.sockets.clone();
    let mut before = 0;
    probes.add("clients.drop", move || {
        let now = sockets.client_count() as u64;
        let lost = lost(std::mem::replace(&mut before, now), now);
        async move { Ok(lost) }
    });
}

/// How many of the clients were lost, if there were some.
fn lost(before: u64, now: u64) -> CheckReading {
    if before < CLIENTS_MIN || now >= before {
        return CheckReading::of(0.0);
    }
    let message = format!("{now} of {before} clients are left");
    CheckReading::of(percent(before - now, before)).with(message)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clients_are_lost_if_there_were_some() {
        for (before, now, expected) in
            [(0, 0, 0.0), (9, 0, 0.0), (12, 3, 75.0), (12, 13, 0.0), (10, 5, 50.0), (18, 18, 0.0)]
        {
            let reading = lost(before, now);
            assert_eq!(reading.value.map(f64::to_bits), Some(f64::to_bits(expected)), "{before}");
            assert_eq!(reading.message.is_some(), expected > 0.0);
        }
    }
}
