//! Schedules in the manner of cron: when something is due, by minutes of the calendar, in UTC.
//!
//! Five fields: minute, hour, day of the month, month, day of the week. A field is `*`, a number, a range `a-b`, each of
//! these with a step `/n`, or a list of them; months and days of the week may be given by their first three letters, and
//! Sunday is 0 or 7. As in cron, where both days are restricted either is enough. `@hourly`, `@daily`, `@weekly`,
//! `@monthly` and `@yearly` stand for what they say.
//!
//! Deliberately absent: seconds, time zones, and words such as `L` or `#` that one cron knows and another does not.

use std::str::FromStr;

use jiff::civil::Date;

use crate::time::Timestamp;

const MINUTE_MICROS: i64 = 60_000_000;
const DAY_MINUTES: i64 = 24 * 60;
/// Days that are looked at: between two leap days there may be eight years.
const DAYS_MAX: i64 = 8 * 366;
/// Characters of the longest schedule.
const CHARS_MAX: usize = 256;

const MONTHS: [&str; 12] =
    ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];
const WEEKDAYS: [&str; 7] = ["sun", "mon", "tue", "wed", "thu", "fri", "sat"];

/// A schedule. It is due at the beginning of each minute that all its fields name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Schedule {
    // A bit for each number.
    minutes: u64,
    hours: u64,
    days: u64,
    months: u64,
    weekdays: u64,
    /// Whether a day need only be one of the two.
    either_day: bool,
}

/// Text that is no schedule.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InvalidSchedule {
    /// Too few or too many fields.
    #[error("must have five fields: minute, hour, day of the month, month, day of the week")]
    Fields,
    /// A field that cannot be read.
    #[error("the {0} must be `*`, a number, a range, a step or a list, such as `*/5` or `1-5,10`")]
    Field(&'static str),
    /// A number that the field does not have.
    #[error("the {name} must be from {low} to {high}")]
    Range {
        /// The field.
        name: &'static str,
        /// Its first number.
        low: u32,
        /// Its last one.
        high: u32,
    },
    /// A day that no month has.
    #[error("is never due")]
    Never,
}

/// What a field may have.
struct Field {
    name: &'static str,
    low: u32,
    high: u32,
    words: &'static [&'static str],
}

const FIELDS: [Field; 5] = [
    Field { name: "minute", low: 0, high: 59, words: &[] },
    Field { name: "hour", low: 0, high: 23, words: &[] },
    Field { name: "day of the month", low: 1, high: 31, words: &[] },
    Field { name: "month", low: 1, high: 12, words: &MONTHS },
    Field { name: "day of the week", low: 0, high: 7, words: &WEEKDAYS },
];

impl Field {
    fn all(&self, text: &str) -> Result<u64, InvalidSchedule> {
        text.split(',').try_fold(0, |bits, part| Ok(bits | self.part(part)?))
    }

    fn part(&self, text: &str) -> Result<u64, InvalidSchedule> {
        let (range, step) = match text.split_once('/') {
            Some((range, step)) => (range, Some(self.digits(step)?)),
            None => (text, None),
        };
        let (low, high) = match range.split_once('-') {
            _ if range == "*" => (self.low, self.high),
            Some((low, high)) => (self.number(low)?, self.number(high)?),
            // A step from a number goes on to the end.
            None => {
                let low = self.number(range)?;
                (low, if step.is_some() { self.high } else { low })
            }
        };
        let step = step.unwrap_or(1);
        if low > high || step == 0 {
            return Err(InvalidSchedule::Field(self.name));
        }
        Ok((low..=high).step_by(step as usize).fold(0, |bits, number| bits | 1 << number))
    }

    fn number(&self, text: &str) -> Result<u32, InvalidSchedule> {
        let word = self.words.iter().position(|word| word.eq_ignore_ascii_case(text));
        let number = match word {
            Some(place) => place as u32 + self.low,
            None => self.digits(text)?,
        };
        if (self.low..=self.high).contains(&number) {
            Ok(number)
        } else {
            Err(InvalidSchedule::Range { name: self.name, low: self.low, high: self.high })
        }
    }

    fn digits(&self, text: &str) -> Result<u32, InvalidSchedule> {
        let plain = !text.is_empty() && text.len() <= 4 && text.bytes().all(|byte| byte.is_ascii_digit());
        plain.then(|| text.parse().ok()).flatten().ok_or(InvalidSchedule::Field(self.name))
    }
}

impl FromStr for Schedule {
    type Err = InvalidSchedule;

    fn from_str(text: &str) -> Result<Self, InvalidSchedule> {
        if text.len() > CHARS_MAX {
            return Err(InvalidSchedule::Fields);
        }
        let text = match text.trim() {
            "@hourly" => "0 * * * *",
            "@daily" => "0 0 * * *",
            "@weekly" => "0 0 * * 0",
            "@monthly" => "0 0 1 * *",
            "@yearly" => "0 0 1 1 *",
            text => text,
        };
        let parts: Vec<_> = text.split_ascii_whitespace().collect();
        let parts: [&str; 5] = parts.try_into().map_err(|_| InvalidSchedule::Fields)?;
        let mut bits = [0; 5];
        for ((bits, field), part) in bits.iter_mut().zip(&FIELDS).zip(parts) {
            *bits = field.all(part)?;
        }
        let [minutes, hours, days, months, weekdays] = bits;
        let schedule = Self {
            minutes,
            hours,
            days,
            months,
            // Sunday has two numbers.
            weekdays: weekdays | (weekdays >> 7 & 1),
            either_day: !parts[2].starts_with('*') && !parts[4].starts_with('*'),
        };
        schedule.next_after(Timestamp::default()).map(|_| schedule).ok_or(InvalidSchedule::Never)
    }
}

impl Schedule {
    /// When it is due next after `time`; `None` beyond the calendar.
    #[must_use]
    pub fn next_after(&self, time: Timestamp) -> Option<Timestamp> {
        let next_minute = time.as_micros().div_euclid(MINUTE_MICROS).checked_add(1)?;
        let (first_day, mut from) =
            (next_minute.div_euclid(DAY_MINUTES), next_minute.rem_euclid(DAY_MINUTES));
        for day in first_day..first_day.saturating_add(DAYS_MAX) {
            if self.has_day(date(day)?)
                && let Some(minute) = (from..DAY_MINUTES).find(|minute| self.has_minute(*minute))
            {
                return Some(Timestamp::from_micros((day * DAY_MINUTES + minute) * MINUTE_MICROS));
            }
            from = 0;
        }
        None
    }

    fn has_day(&self, date: Date) -> bool {
        let has = |bits: u64, number: i8| bits >> number & 1 == 1;
        let day = has(self.days, date.day());
        let weekday = has(self.weekdays, date.weekday().to_sunday_zero_offset());
        has(self.months, date.month()) && if self.either_day { day || weekday } else { day && weekday }
    }

    fn has_minute(&self, minute_of_day: i64) -> bool {
        self.hours >> (minute_of_day / 60) & 1 == 1 && self.minutes >> (minute_of_day % 60) & 1 == 1
    }
}

/// The date of a day, counted from 1970.
fn date(day: i64) -> Option<Date> {
    let time = jiff::Timestamp::from_second(day.checked_mul(DAY_MINUTES * 60)?).ok()?;
    Some(time.to_zoned(jiff::tz::TimeZone::UTC).date())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn after(schedule: &str, time: &str) -> String {
        let schedule: Schedule = schedule.parse().unwrap_or_else(|error| panic!("{schedule}: {error}"));
        schedule.next_after(time.parse().unwrap()).unwrap().to_string()
    }

    #[test]
    fn due_times_follow_the_calendar() {
        // 2026-01-31 is a Saturday.
        let time = "2026-01-31T12:34:56Z";
        for (schedule, expected) in [
            ("* * * * *", "2026-01-31T12:35:00"),
            ("*/15 * * * *", "2026-01-31T12:45:00"),
            ("5/20 * * * *", "2026-01-31T12:45:00"),
            ("34 12 * * *", "2026-02-01T12:34:00"),
            ("0 9-17/4 * * *", "2026-01-31T13:00:00"),
            ("0 0 31 * *", "2026-03-31T00:00:00"),
            ("0 0 29 2 *", "2028-02-29T00:00:00"),
            ("0 8 * * mon-fri", "2026-02-02T08:00:00"),
            ("0 8 * * 7", "2026-02-01T08:00:00"),
            ("0 8 * * 0", "2026-02-01T08:00:00"),
            ("0 8 13 * fri", "2026-02-06T08:00:00"),
            ("0 8 13 * *", "2026-02-13T08:00:00"),
            ("0 0 1 JAN,jul *", "2026-07-01T00:00:00"),
            ("@hourly", "2026-01-31T13:00:00"),
            ("@yearly", "2027-01-01T00:00:00"),
            (" 0  0 * * * ", "2026-02-01T00:00:00"),
        ] {
            assert_eq!(after(schedule, time), format!("{expected}.000000Z"), "{schedule}");
        }
        assert_eq!(
            after("* * * * *", "2026-01-31T12:35:00Z"),
            "2026-01-31T12:36:00.000000Z",
            "not the same one"
        );
        assert_eq!(after("0 0 29 2 *", "2096-03-01T00:00:00Z"), "2104-02-29T00:00:00.000000Z");
    }

    #[test]
    fn what_is_no_schedule_is_refused_with_its_field() {
        for (text, expected) in [
            ("", "must have five fields: minute, hour, day of the month, month, day of the week"),
            ("* * * *", "must have five fields: minute, hour, day of the month, month, day of the week"),
            ("60 * * * *", "the minute must be from 0 to 59"),
            ("* 24 * * *", "the hour must be from 0 to 23"),
            ("* * 0 * *", "the day of the month must be from 1 to 31"),
            ("* * * 13 *", "the month must be from 1 to 12"),
            ("* * * * 8", "the day of the week must be from 0 to 7"),
            ("0 0 31 2 *", "is never due"),
        ] {
            assert_eq!(text.parse::<Schedule>().unwrap_err().to_string(), expected, "{text}");
        }
        for text in [
            "x * * * *",
            "5-1 * * * *",
            "*/0 * * * *",
            "1,,2 * * * *",
            "-1 * * * *",
            "+1 * * * *",
            "1/ * * * *",
        ] {
            assert!(matches!(text.parse::<Schedule>(), Err(InvalidSchedule::Field("minute"))), "{text}");
        }
        assert!("* ".repeat(1_000).parse::<Schedule>().is_err());
    }

    #[test]
    fn the_end_of_the_calendar_is_no_panic() {
        let always: Schedule = "* * * * *".parse().unwrap();
        assert_eq!(always.next_after(Timestamp::from_micros(i64::MAX)), None);
        assert!(always.next_after(Timestamp::from_micros(-1)).is_some());
    }
}
