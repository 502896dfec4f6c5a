//! How the service ended, in the words of systemd and in those for operators.

use crate::domain::Severity;

/// With what the place of such an end begins, where a panic has a file.
const PLACE_PREFIX: &str = "systemd:";

/// How the service ended (systemd.exec(5), "$SERVICE_RESULT").
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ServiceResult {
    Watchdog,
    OutOfMemory,
    Signal,
    Timeout,
    StartLimit,
    /// systemd does not start it again, whatever ended it the last time.
    NotRestarted,
    /// It could not be started, or broke the protocol with systemd.
    Other,
}

impl ServiceResult {
    const ALL: [Self; 7] = [
        Self::Watchdog,
        Self::OutOfMemory,
        Self::Signal,
        Self::Timeout,
        Self::StartLimit,
        Self::NotRestarted,
        Self::Other,
    ];

    /// Parses a result. `None` for an end that the process reports itself: a stop, or an exit.
    pub fn parse(text: &str) -> Option<Self> {
        match text {
            "" | "success" | "exit-code" | "exec-condition" => None,
            "watchdog" => Some(Self::Watchdog),
            "oom-kill" => Some(Self::OutOfMemory),
            "signal" | "core-dump" => Some(Self::Signal),
            "timeout" => Some(Self::Timeout),
            "start-limit-hit" => Some(Self::StartLimit),
            _ => Some(Self::Other),
        }
    }

    const fn word(self) -> &'static str {
        match self {
            Self::Watchdog => "watchdog",
            Self::OutOfMemory => "out-of-memory",
            Self::Signal => "signal",
            Self::Timeout => "timeout",
            Self::StartLimit => "start-limit",
            Self::NotRestarted => "not-restarted",
            Self::Other => "failure",
        }
    }

    /// Returns what stands where a panic has its place in the code.
    pub(super) fn place(self) -> String {
        format!("{PLACE_PREFIX}{}", self.word())
    }

    /// Returns the title and the severity of the incident.
    pub(super) const fn problem(self) -> (&'static str, Severity) {
        match self {
            Self::Watchdog => ("The service was stuck, and systemd ended it", Severity::Critical),
            Self::OutOfMemory => ("The service ran out of memory", Severity::Critical),
            Self::Signal => ("The service was killed", Severity::Major),
            Self::Timeout => {
                ("The service did not start or stop in time, and systemd ended it", Severity::Major)
            }
            Self::StartLimit => {
                ("The service failed too often, and systemd gave up", Severity::Critical)
            }
            Self::NotRestarted => {
                ("The service failed, and systemd did not start it again", Severity::Critical)
            }
            Self::Other => ("The service failed", Severity::Major),
        }
    }

    /// What happened, in one sentence, and what helps.
    pub(super) fn message(self, status: &str) -> String {
        let by = match status {
            "" => String::new(),
            status if status.starts_with(|c: char| c.is_ascii_digit()) => {
                format!(" with status {status}")
            }
            status => format!(" by SIG{status}"),
        };
        match self {
            Self::Watchdog => format!("it gave no sign of life, and systemd ended it{by}"),
            Self::OutOfMemory => format!(
                "it needed more memory than MemoryMax= of the unit or the host allows, and was ended{by}"
            ),
            Self::Signal => format!("it was ended{by}"),
            Self::Timeout => format!("it did not start or stop in time, and systemd ended it{by}"),
            Self::StartLimit => {
                format!("it ended{by} after it had been started too often; systemd gave up")
            }
            Self::NotRestarted => format!("it ended{by}, and systemd did not start it again"),
            Self::Other => format!("systemd could not run it; it ended{by}"),
        }
    }
}

/// Returns how the service ended, if this is the place of a report of such an end.
pub(super) fn result_at(place: &str) -> Option<ServiceResult> {
    let word = place.strip_prefix(PLACE_PREFIX)?;
    ServiceResult::ALL.into_iter().find(|result| result.word() == word)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_result_has_a_place_of_its_own() {
        for result in ServiceResult::ALL {
            assert_eq!(result_at(&result.place()), Some(result));
        }
        assert_eq!(result_at("src/engine/writer.rs:7"), None);
        for reported in ["success", "exit-code", ""] {
            assert_eq!(ServiceResult::parse(reported), None, "{reported}");
        }
        assert_eq!(ServiceResult::parse("core-dump"), Some(ServiceResult::Signal));
        assert_eq!(ServiceResult::parse("resources"), Some(ServiceResult::Other));
        assert_eq!(ServiceResult::Signal.message("KILL"), "it was ended by SIGKILL");
    }
}
