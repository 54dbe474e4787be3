//! Durations and sizes. Both need a unit: nobody has to remember which one a key counts in.

use std::fmt::Write as _;
use std::time::Duration;

use super::value::{Setting, Value, text};

/// A number of bytes: `64KiB`, `1MiB`, `2GiB`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Size(u64);

impl Size {
    /// This many mebibytes.
    #[must_use]
    pub const fn mebibytes(count: u64) -> Self {
        Self(count * 1024 * 1024)
    }

    /// This many kibibytes.
    #[must_use]
    pub const fn kibibytes(count: u64) -> Self {
        Self(count * 1024)
    }

    /// In bytes.
    #[must_use]
    pub const fn bytes(self) -> u64 {
        self.0
    }

    /// In bytes, for lengths in memory.
    #[must_use]
    pub fn len(self) -> usize {
        usize::try_from(self.0).unwrap_or(usize::MAX)
    }

    /// Whether it is nothing.
    #[must_use]
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }
}

impl Setting for Duration {
    const FORM: &'static str = "duration";

    fn read(value: &Value) -> Result<Self, String> {
        let text = text(value)?;
        duration(text)
            .ok_or_else(|| format!("{text:?} is not a duration, such as 500ms, 30s, 15m, 12h or 1h30m"))
    }

    fn show(&self) -> String {
        let units = [("d", 86_400_000), ("h", 3_600_000), ("m", 60_000), ("s", 1000), ("ms", 1)];
        let mut left = u64::try_from(self.as_millis()).unwrap_or(u64::MAX);
        let mut shown = String::new();
        for (unit, millis) in units {
            if left >= millis {
                write!(shown, "{}{unit}", left / millis).expect("a string takes every write");
                left %= millis;
            }
        }
        if shown.is_empty() { "0s".to_owned() } else { shown }
    }
}

/// A sum of numbers with units, such as `1h30m`; `None` for anything else.
#[must_use]
pub fn duration(text: &str) -> Option<Duration> {
    let mut rest = text;
    let mut millis = 0_u64;
    while !rest.is_empty() {
        let (number, tail) = rest.split_at(rest.find(|c: char| !c.is_ascii_digit())?);
        let (unit, tail) = tail.split_at(tail.find(|c: char| c.is_ascii_digit()).unwrap_or(tail.len()));
        let unit = match unit {
            "ms" => 1,
            "s" => 1000,
            "m" => 60_000,
            "h" => 3_600_000,
            "d" => 86_400_000,
            _ => return None,
        };
        millis = millis.checked_add(number.parse::<u64>().ok()?.checked_mul(unit)?)?;
        rest = tail;
    }
    (!text.is_empty()).then_some(Duration::from_millis(millis))
}

impl Setting for Size {
    const FORM: &'static str = "size";

    fn read(value: &Value) -> Result<Self, String> {
        let text = text(value)?;
        let (number, unit) = text.split_at(text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len()));
        let unit = match unit {
            "B" => Some(1),
            "KiB" => Some(1 << 10),
            "MiB" => Some(1 << 20),
            "GiB" => Some(1 << 30),
            "TiB" => Some(1 << 40),
            // Nought needs no unit, and is how a limit is switched off.
            "" if number == "0" => Some(1),
            _ => None,
        };
        number
            .parse::<u64>()
            .ok()
            .and_then(|number| number.checked_mul(unit?))
            .map(Self)
            .ok_or_else(|| format!("{text:?} is not a size, such as 512KiB, 64MiB or 2GiB"))
    }

    fn show(&self) -> String {
        let units = [("TiB", 40), ("GiB", 30), ("MiB", 20), ("KiB", 10)];
        let exact = units.into_iter().find(|(_, shift)| self.0 != 0 && self.0.trailing_zeros() >= *shift);
        exact.map_or_else(|| format!("{}B", self.0), |(unit, shift)| format!("{}{unit}", self.0 >> shift))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read<T: Setting>(text: &str) -> Option<T> {
        T::read(&Value::Text(text.to_owned())).ok()
    }

    #[test]
    fn durations_need_a_unit_and_survive_being_shown() {
        let cases = [
            ("500ms", 500),
            ("30s", 30_000),
            ("15m", 900_000),
            ("1h30m", 5_400_000),
            ("30d", 2_592_000_000),
            ("0s", 0),
        ];
        for (text, millis) in cases {
            let duration = read::<Duration>(text).expect(text);
            assert_eq!(duration, Duration::from_millis(millis), "{text}");
            assert_eq!(duration.show(), text);
        }
        for text in ["", "5", "s", "5 s", "-5s", "1.5s", "5y", "99999999999999999999s", "999999999999999999d"]
        {
            assert_eq!(read::<Duration>(text), None, "{text}");
        }
    }

    #[test]
    fn sizes_need_a_unit_and_survive_being_shown() {
        let cases = [("1MiB", 1 << 20), ("1536KiB", 1536 << 10), ("7B", 7), ("2GiB", 2 << 30), ("0B", 0)];
        for (text, bytes) in cases {
            let size = read::<Size>(text).expect(text);
            assert_eq!(size.bytes(), bytes, "{text}");
            assert_eq!(size.show(), text);
        }
        assert_eq!(read::<Size>("0"), Some(Size(0)));
        for text in ["", "64", "64MB", "MiB", "-1MiB", "1.5MiB", "99999999TiB"] {
            assert_eq!(read::<Size>(text), None, "{text}");
        }
    }
}
