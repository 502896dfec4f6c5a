//! The rules by which rows of v2 are corrected or left out: one table for the program, its report
//! and docs/DEPLOYMENT.md.

use std::fmt;
use std::fmt::Write as _;

/// Identifies a rule; the discriminant is its index in [`CORRECTION_RULES`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum CorrectionRuleId {
    BadId,
    UnknownType,
    BadName,
    NameTaken,
    BadParent,
    BadNumber,
    BadOverride,
    LongReason,
    NoDevice,
    UnknownPortType,
    NoPort,
    SelfLink,
    NotALinkEnd,
    NoLinkRule,
    PortTaken,
    Medium,
    LinkStatus,
    BadTime,
    LinkHeld,
}

/// What happens to the row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CorrectionOutcome {
    /// It is imported with another value.
    Corrected,
    /// It is left out.
    Skipped,
    /// It is imported unchanged, in another form.
    Kept,
    /// Its value is computed: v2's has no meaning.
    Computed,
}

impl CorrectionOutcome {
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Corrected => "mended",
            Self::Skipped => "skipped",
            Self::Kept => "kept",
            Self::Computed => "computed",
        }
    }
}

/// One rule.
#[derive(Clone, Copy, Debug)]
pub struct CorrectionRule {
    pub id: CorrectionRuleId,
    /// Its name in the report.
    pub name: &'static str,
    pub outcome: CorrectionOutcome,
    /// What v2 allowed.
    pub found: &'static str,
    /// What is done about it.
    pub done: &'static str,
}

const fn rule(
    id: CorrectionRuleId,
    name: &'static str,
    outcome: CorrectionOutcome,
    [found, done]: [&'static str; 2],
) -> CorrectionRule {
    CorrectionRule { id, name, outcome, found, done }
}

/// All rules; a rule's index is the discriminant of its id.
pub const CORRECTION_RULES: [CorrectionRule; 19] = {
    use CorrectionOutcome::{Computed, Corrected, Kept, Skipped};
    use CorrectionRuleId as R;
    [
        rule(
            R::BadId,
            "M01_BAD_ID",
            Skipped,
            ["a row's id is below 1, or an earlier row has the same", "the row is left out"],
        ),
        rule(
            R::UnknownType,
            "M02_UNKNOWN_TYPE",
            Skipped,
            [
                "a device's type is not one of the 14",
                "the device is left out; so are its interfaces (M09) and their links (M11)",
            ],
        ),
        rule(
            R::BadName,
            "M03_BAD_NAME",
            Corrected,
            [
                "a name is blank, longer than 128 characters, or holds control characters",
                "the name becomes `<TYPE>-<id>`",
            ],
        ),
        rule(
            R::NameTaken,
            "M04_NAME_TAKEN",
            Corrected,
            [
                "a device's name occurs twice, or an interface's twice on its device",
                "the lowest id keeps it; the others get `-2`, `-3` … appended",
            ],
        ),
        rule(
            R::BadParent,
            "M05_BAD_PARENT",
            Corrected,
            [
                "the parent does not exist or is not a container, or a container has one",
                "the device has no parent",
            ],
        ),
        rule(
            R::BadNumber,
            "M06_BAD_NUMBER",
            Corrected,
            [
                "a number is not finite, or a loss or length is negative",
                "the value is cleared; a position becomes 0",
            ],
        ),
        rule(
            R::BadOverride,
            "M07_BAD_OVERRIDE",
            Corrected,
            [
                "an override is not UP, DOWN or DEGRADED, or there is only a reason",
                "the override is cleared",
            ],
        ),
        rule(
            R::LongReason,
            "M08_LONG_REASON",
            Corrected,
            ["an override's reason is longer than 255 characters", "it is cut"],
        ),
        rule(
            R::NoDevice,
            "M09_NO_DEVICE",
            Skipped,
            ["an interface's device does not exist, or was left out", "the interface is left out"],
        ),
        rule(
            R::UnknownPortType,
            "M10_UNKNOWN_PORT_TYPE",
            Corrected,
            [
                "an interface's type is not ETHERNET, OPTICAL or LOOPBACK",
                "it becomes ETHERNET, as with v2's create-simple",
            ],
        ),
        rule(
            R::NoPort,
            "M11_NO_PORT",
            Skipped,
            ["an end of a link does not exist, or was left out", "the link is left out"],
        ),
        rule(
            R::SelfLink,
            "M12_SELF_LINK",
            Skipped,
            ["both ends of a link are on one device", "the link is left out"],
        ),
        rule(
            R::NotALinkEnd,
            "M13_NOT_A_LINK_END",
            Skipped,
            ["an end of a link is a management or loopback port", "the link is left out"],
        ),
        rule(
            R::NoLinkRule,
            "M14_NO_LINK_RULE",
            Skipped,
            ["none of the link rules L1 to L9 allows the link", "the link is left out"],
        ),
        rule(
            R::PortTaken,
            "M15_PORT_TAKEN",
            Corrected,
            [
                "a port carries several links",
                "the link with the lowest id stays there; each other one gets a new port `port<n>` on the same device",
            ],
        ),
        rule(
            R::Medium,
            "M16_MEDIUM",
            Corrected,
            [
                "a link's medium is not G652D, G657A1, G657A2, OM3 or OM4",
                "another spelling (`G.652.D`) is read; what is unknown is cleared",
            ],
        ),
        rule(
            R::LinkStatus,
            "M17_LINK_STATUS",
            Computed,
            [
                "a link's status is not UP: DOWN is what v2 gives to each new link, and it never computes another",
                "the status is computed; `--keep-link-status` holds it instead (M19)",
            ],
        ),
        rule(
            R::BadTime,
            "M18_BAD_TIME",
            Corrected,
            [
                "a time cannot be read (`infinity`, before Christ)",
                "it becomes the time of the import",
            ],
        ),
        rule(
            R::LinkHeld,
            "M19_LINK_HELD",
            Kept,
            [
                "a link is DOWN or DEGRADED, and `--keep-link-status` is given",
                "an override keeps that status; `DELETE /api/links/{id}/override` clears it",
            ],
        ),
    ]
};

impl CorrectionRuleId {
    pub const fn row(self) -> &'static CorrectionRule {
        const { &CORRECTION_RULES }
            .as_slice()
            .split_at(self as usize)
            .1
            .first()
            .expect("one row per rule")
    }
}

impl fmt::Display for CorrectionRuleId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.row().name)
    }
}

/// The rules as a Markdown table with a trailing newline; docs/DEPLOYMENT.md contains it.
pub fn markdown_table() -> String {
    let mut table = String::from("| Rule | What v2 allowed | What UNOC does |\n|---|---|---|\n");
    for CorrectionRule { name, found, done, .. } in CORRECTION_RULES {
        writeln!(table, "| `{name}` | {found} | {done} |")
            .expect("writing into a string does not fail");
    }
    table
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_index_of_each_rule_is_its_id() {
        for (index, rule) in CORRECTION_RULES.iter().enumerate() {
            assert_eq!(rule.id as usize, index);
            assert!(rule.name.starts_with(&format!("M{:02}_", index + 1)), "{}", rule.name);
        }
    }
}
