//! When a job is due: five cron fields, read by croner, in the host's time zone.
//!
//! The day of the month and the day of the week mean what crontab(5) says: when both are given,
//! either suffices; when one begins with `*` (`*/2` too), both must match.
//!
//! croner tells whether a pattern matches; the search through the days and the changes of summer time
//! are done here. croner's own search knows only one of the hours that come twice (`*/10` would pause
//! for an hour, and the last due time could be after now), and leaves out a job with two fixed hours
//! when one of them does not exist.
//!
//! When clocks go forward, a time that does not exist is due as much later as the clocks went
//! (02:15 at 03:15). When they go back, a time that comes twice is due the first time; with an
//! hour that begins with `*` both times, because such a job goes by elapsed time.

use croner::Cron;
use croner::parser::{CronParser, Seconds, Year};
use jiff::Timestamp as Instant;
use jiff::civil::{Date, Time};
use jiff::tz::{AmbiguousOffset, TimeZone};

use super::error::ScheduleError;
use crate::domain::Timestamp;

/// Longer than any useful schedule.
const CHARS_MAX: usize = 100;
/// How many days are searched for the next or the last due time: 29 February comes after eight years
/// at the latest.
const DAYS_MAX: usize = 8 * 366;
/// A day after which every day that exists comes within [`DAYS_MAX`].
const ANY_DAY: Date = Date::constant(2026, 1, 1);

/// The nicknames of crontab(5), and their fields.
const NICKNAMES: [(&str, &str); 7] = [
    ("@yearly", "0 0 1 1 *"),
    ("@annually", "0 0 1 1 *"),
    ("@monthly", "0 0 1 * *"),
    ("@weekly", "0 0 * * 0"),
    ("@daily", "0 0 * * *"),
    ("@midnight", "0 0 * * *"),
    ("@hourly", "0 * * * *"),
];

const FIELDS: [&str; 5] = ["minute", "hour", "day of the month", "month", "day of the week"];

/// A valid schedule.
#[derive(Clone, Debug)]
pub struct Schedule {
    text: String,
    cron: Cron,
    /// Ascending; the same on each day that matches.
    times: Vec<Time>,
    /// Whether the hour field begins with `*`.
    is_hourly: bool,
}

impl Schedule {
    /// Reads five cron fields (minute, hour, day of the month, month, day of the week), or a
    /// nickname such as `@daily`.
    ///
    /// # Errors
    /// [`ScheduleError`], which names the field and what is wrong with it, or that no day matches.
    pub fn parse(text: &str) -> Result<Self, ScheduleError> {
        if text.chars().count() > CHARS_MAX {
            return Err(ScheduleError::TooLong { chars_max: CHARS_MAX });
        }
        let fields: Vec<&str> = expand_nickname(text.trim())?.split_whitespace().collect();
        if fields.len() != FIELDS.len() {
            return Err(ScheduleError::Fields { found: fields.len() });
        }
        let text = fields.join(" ");
        let cron = read(&text).map_err(|why| field_error(&fields, why))?;
        let times = times(&cron);
        let schedule = Self { text, cron, times, is_hourly: fields[1].starts_with('*') };
        if schedule.times.is_empty() || schedule.days_from(ANY_DAY).next().is_none() {
            return Err(ScheduleError::Never);
        }
        Ok(schedule)
    }

    /// The five fields.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Returns the last due time that is not after `now`.
    pub fn latest(&self, now: Timestamp, zone: &TimeZone) -> Option<Timestamp> {
        let now = instant(now)?;
        self.days_back(zone.to_datetime(now).date())
            .find_map(|day| self.due_times(day, zone).filter(|due| *due <= now).max())
            .map(|due| Timestamp(due.as_microsecond()))
    }

    /// Returns the first due time after `now`.
    pub fn next(&self, now: Timestamp, zone: &TimeZone) -> Option<Timestamp> {
        let now = instant(now)?;
        self.days_from(zone.to_datetime(now).date())
            .find_map(|day| self.due_times(day, zone).filter(|due| *due > now).min())
            .map(|due| Timestamp(due.as_microsecond()))
    }

    fn days_from(&self, first: Date) -> impl Iterator<Item = Date> {
        let days = std::iter::successors(Some(first), |day| day.tomorrow().ok());
        days.take(DAYS_MAX).filter(|day| self.has_day(*day))
    }

    fn days_back(&self, last: Date) -> impl Iterator<Item = Date> {
        let days = std::iter::successors(Some(last), |day| day.yesterday().ok());
        days.take(DAYS_MAX).filter(|day| self.has_day(*day))
    }

    fn has_day(&self, day: Date) -> bool {
        let [month, date] = [day.month(), day.day()].map(|part| u32::from(part.unsigned_abs()));
        let pattern = &self.cron.pattern;
        // Neither is an error for a day that exists.
        pattern.month_match(month).unwrap_or(false)
            && pattern.day_match(i32::from(day.year()), month, date).unwrap_or(false)
    }

    /// The due times of a day, in no order.
    fn due_times(&self, day: Date, zone: &TimeZone) -> impl Iterator<Item = Instant> {
        self.times.iter().flat_map(move |time| {
            let local = zone.to_ambiguous_timestamp(day.to_datetime(*time));
            let second = match local.offset() {
                AmbiguousOffset::Fold { .. } if self.is_hourly => local.later().ok(),
                _ => None,
            };
            local.compatible().ok().into_iter().chain(second)
        })
    }
}

fn instant(time: Timestamp) -> Option<Instant> {
    Instant::from_microsecond(time.0).ok()
}

/// The fields of a nickname; any other text is returned as it is.
fn expand_nickname(text: &str) -> Result<&str, ScheduleError> {
    if !text.starts_with('@') {
        return Ok(text);
    }
    let known = NICKNAMES.iter().find(|(name, _)| name.eq_ignore_ascii_case(text));
    known.map(|(_, fields)| *fields).ok_or_else(|| ScheduleError::Nickname {
        text: text.to_owned(),
        known: NICKNAMES.map(|(name, _)| name).join(", "),
    })
}

fn read(text: &str) -> Result<Cron, String> {
    let has_day_star = [2, 4]
        .into_iter()
        .any(|place| text.split(' ').nth(place).is_some_and(|field| field.starts_with(['*', '?'])));
    let parser = CronParser::builder().seconds(Seconds::Disallowed).year(Year::Disallowed);
    let parser = parser.dom_and_dow(has_day_star).build();
    parser.parse(text).map_err(|error| {
        let why = error.to_string();
        why.strip_prefix("Component error: ").unwrap_or(&why).to_owned()
    })
}

/// Finds the field that is wrong: croner does not name it.
fn field_error(fields: &[&str], why: String) -> ScheduleError {
    let wrong = fields.iter().zip(FIELDS).enumerate().find_map(|(place, (text, field))| {
        let mut alone = ["*"; FIELDS.len()];
        alone[place] = text;
        let why = read(&alone.join(" ")).err()?;
        Some(ScheduleError::Field { field, text: (*text).to_owned(), why })
    });
    let text = fields.join(" ");
    wrong.unwrap_or(ScheduleError::Field { field: "schedule", text, why })
}

fn times(cron: &Cron) -> Vec<Time> {
    let minutes: Vec<i8> =
        (0..60).filter(|minute| minute_matches(cron, *minute).unwrap_or(false)).collect();
    let hours = (0..24).filter(|hour| hour_matches(cron, *hour).unwrap_or(false));
    let times = hours.flat_map(|hour| {
        minutes.iter().filter_map(move |minute| Time::new(hour, *minute, 0, 0).ok())
    });
    times.collect()
}

fn minute_matches(cron: &Cron, minute: i8) -> Option<bool> {
    cron.pattern.minute_match(u32::try_from(minute).ok()?).ok()
}

fn hour_matches(cron: &Cron, hour: i8) -> Option<bool> {
    cron.pattern.hour_match(u32::try_from(hour).ok()?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// As in Berlin, without asking the host for its time zones.
    fn berlin() -> TimeZone {
        TimeZone::posix("CET-1CEST,M3.5.0,M10.5.0/3").unwrap()
    }

    fn at(text: &str) -> Timestamp {
        Timestamp(text.parse::<Instant>().unwrap().as_microsecond())
    }

    fn shown(time: Option<Timestamp>) -> String {
        time.map_or("never".to_owned(), |time| instant(time).unwrap().to_string())
    }

    #[track_caller]
    fn check(schedule: &str, now: &str, latest: &str, next: &str) {
        let schedule = Schedule::parse(schedule).unwrap();
        let zone = berlin();
        let found = [schedule.latest(at(now), &zone), schedule.next(at(now), &zone)].map(shown);
        assert_eq!(found, [latest, next].map(str::to_owned), "{schedule:?} at {now}");
    }

    #[test]
    fn due_times_are_local() {
        check("15 2 * * *", "2026-11-25T12:00:00Z", "2026-11-25T01:15:00Z", "2026-11-26T01:15:00Z");
        check("15 2 * * *", "2026-07-01T00:15:00Z", "2026-07-01T00:15:00Z", "2026-07-02T00:15:00Z");
        check(
            "15 2 * * *",
            "2026-07-01T00:14:59.999999Z",
            "2026-06-30T00:15:00Z",
            "2026-07-01T00:15:00Z",
        );
        check("30 3 * * 0", "2026-11-25T12:00:00Z", "2026-11-22T02:30:00Z", "2026-11-29T02:30:00Z");
        check(
            "30 3 * * sun",
            "2026-11-25T12:00:00Z",
            "2026-11-22T02:30:00Z",
            "2026-11-29T02:30:00Z",
        );
        check("30 4 1 * *", "2026-11-25T12:00:00Z", "2026-11-01T03:30:00Z", "2026-12-01T03:30:00Z");
        check(
            "*/10 * * * *",
            "2026-11-25T12:05:00Z",
            "2026-11-25T12:00:00Z",
            "2026-11-25T12:10:00Z",
        );
        check("0 0 29 2 *", "2026-11-25T12:00:00Z", "2024-02-28T23:00:00Z", "2028-02-28T23:00:00Z");
        check("0 0 29 2 *", "2100-11-25T12:00:00Z", "2096-02-28T23:00:00Z", "2104-02-28T23:00:00Z");
        // Either day field suffices, as in cron: the 13th, and Fridays.
        check(
            "0 12 13 * 5",
            "2026-11-24T00:00:00Z",
            "2026-11-20T11:00:00Z",
            "2026-11-27T11:00:00Z",
        );
    }

    #[test]
    fn day_fields_mean_what_crontab_says() {
        let days = |schedule: &str| {
            let schedule = Schedule::parse(schedule).unwrap();
            let first = Date::constant(2026, 11, 1);
            schedule.days_from(first).take_while(|day| day.month() == 11).map(Date::day).collect()
        };
        let check = |schedule: &str, expected: &[i8]| {
            let found: Vec<i8> = days(schedule);
            assert_eq!(found, expected, "{schedule}");
        };
        // 1 November 2026 is a Sunday.
        check("0 0 * * 1", &[2, 9, 16, 23, 30]);
        check("0 0 13 * *", &[13]);
        check("0 0 13 * 1", &[2, 9, 13, 16, 23, 30]);
        check("0 0 */2 * 1", &[9, 23]);
        check("0 0 */10 * *", &[1, 11, 21]);
        check("0 0 1-10 * */2", &[1, 3, 5, 7, 8, 10]);
        check("0 0 ? * 1", &[2, 9, 16, 23, 30]);
        check("0 0 1-7 * 1", &[1, 2, 3, 4, 5, 6, 7, 9, 16, 23, 30]);
    }

    #[test]
    fn nicknames_are_their_fields() {
        for (nickname, fields) in NICKNAMES {
            assert_eq!(Schedule::parse(nickname).unwrap().as_str(), fields);
        }
        assert_eq!(Schedule::parse(" @Daily ").unwrap().as_str(), "0 0 * * *");
    }

    #[test]
    fn a_time_that_does_not_exist_is_due_once_that_day() {
        // 2026-03-29: 02:00 CET is 03:00 CEST, 01:00Z.
        check("15 2 * * *", "2026-03-29T00:59:59Z", "2026-03-28T01:15:00Z", "2026-03-29T01:15:00Z");
        check("15 2 * * *", "2026-03-29T01:14:59Z", "2026-03-28T01:15:00Z", "2026-03-29T01:15:00Z");
        check("15 2 * * *", "2026-03-29T01:15:00Z", "2026-03-29T01:15:00Z", "2026-03-30T00:15:00Z");
        check(
            "15 2,14 * * *",
            "2026-03-29T01:15:00Z",
            "2026-03-29T01:15:00Z",
            "2026-03-29T12:15:00Z",
        );
        check(
            "*/10 * * * *",
            "2026-03-29T01:05:00Z",
            "2026-03-29T01:00:00Z",
            "2026-03-29T01:10:00Z",
        );
    }

    #[test]
    fn a_time_that_comes_twice_is_due_once() {
        // 2026-10-25: 03:00 CEST is 02:00 CET, 01:00Z.
        check("15 2 * * *", "2026-10-25T00:14:59Z", "2026-10-24T00:15:00Z", "2026-10-25T00:15:00Z");
        check("15 2 * * *", "2026-10-25T00:15:00Z", "2026-10-25T00:15:00Z", "2026-10-26T01:15:00Z");
        check("15 2 * * *", "2026-10-25T01:15:00Z", "2026-10-25T00:15:00Z", "2026-10-26T01:15:00Z");
        check("45 2 * * *", "2026-10-25T01:30:00Z", "2026-10-25T00:45:00Z", "2026-10-26T01:45:00Z");
        // What goes by elapsed time goes on through both hours.
        check(
            "*/10 * * * *",
            "2026-10-25T00:55:00Z",
            "2026-10-25T00:50:00Z",
            "2026-10-25T01:00:00Z",
        );
        check(
            "*/10 * * * *",
            "2026-10-25T01:05:00Z",
            "2026-10-25T01:00:00Z",
            "2026-10-25T01:10:00Z",
        );
    }

    #[test]
    fn an_error_names_its_field() {
        let check = |text: &str, expected: &str| {
            let error = Schedule::parse(text).unwrap_err().to_string();
            assert!(error.contains(expected), "{text}: {error}");
        };
        check("", "five fields");
        check("15 2 * *", "not 4");
        check("0 15 2 * * *", "not 6");
        check(
            "@reboot",
            "@reboot is not understood: a schedule has five fields, or is one of @yearly",
        );
        check("@daily 5", "@daily 5 is not understood");
        check("60 2 * * *", "the minute \"60\"");
        check("15 24 * * *", "the hour \"24\"");
        check("15 2 32 * *", "the day of the month \"32\"");
        check("15 2 * JAM *", "the month \"JAM\"");
        check("15 2 * * 8", "the day of the week \"8\"");
        check("15 2-1 * * *", "the hour \"2-1\"");
        check("0 0 31 2 *", "no such day");
        check(&"1,".repeat(60), "at most 100");
    }

    proptest::proptest! {
        /// Whatever the moment: due times are those that `next` walks through, and `latest`
        /// finds the same ones.
        #[test]
        fn latest_and_next_agree(
            now_s in 1_767_225_600_i64..1_798_761_600,
            text in proptest::sample::select(vec![
                "15 2 * * *", "45 2,14 * * *", "*/10 * * * *", "0 */2 * * *", "30 3 * * 0",
                "0 0 1 * *", "59 23 28-31 * *", "0 12 13 * 5",
            ]),
        ) {
            let (schedule, zone) = (Schedule::parse(text).unwrap(), berlin());
            let now = Timestamp(now_s * 1_000_000);
            let latest = schedule.latest(now, &zone).unwrap();
            let next = schedule.next(now, &zone).unwrap();
            proptest::prop_assert!(latest <= now && now < next);
            proptest::prop_assert_eq!(schedule.next(latest, &zone), Some(next));
            proptest::prop_assert_eq!(schedule.latest(next, &zone), Some(next));
            let before = Timestamp(next.0 - 1);
            proptest::prop_assert_eq!(schedule.latest(before, &zone), Some(latest));
        }
    }
}
