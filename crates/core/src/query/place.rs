//! A place in the results of a search.

use std::fmt;
use std::str::FromStr;

/// A place in a list of deliveries or messages, which is ordered by message and then by endpoint: by the
/// [rows](crate::id::Id::row) of both. Shown and read as 32 hexadecimal digits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Place {
    /// The message's row.
    pub message: i64,
    /// The endpoint's row.
    pub endpoint: i64,
}

/// Text that names no place.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a place in a list of results: expected 32 hexadecimal digits")]
pub struct ParsePlaceError;

impl Place {
    /// Before everything of a message, in the order of rows.
    #[must_use]
    pub const fn before_message(message: i64) -> Self {
        Self { message, endpoint: i64::MIN }
    }

    /// Behind everything of a message, in the order of rows.
    #[must_use]
    pub const fn behind_message(message: i64) -> Self {
        Self { message, endpoint: i64::MAX }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:016x}{:016x}", self.message, self.endpoint)
    }
}

impl FromStr for Place {
    type Err = ParsePlaceError;

    fn from_str(text: &str) -> Result<Self, ParsePlaceError> {
        let is_digit = |byte: u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte);
        if text.len() != 32 || !text.bytes().all(is_digit) {
            return Err(ParsePlaceError);
        }
        let row = |digits| u64::from_str_radix(digits, 16).map(u64::cast_signed).map_err(|_| ParsePlaceError);
        Ok(Self { message: row(&text[..16])?, endpoint: row(&text[16..])? })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_read_back_and_nothing_else_does() {
        for place in [Place { message: 7, endpoint: -1 }, Place::before_message(i64::MAX)] {
            assert_eq!(place.to_string().parse(), Ok(place));
        }
        for bad in ["", "7", &"g".repeat(32), &"A".repeat(32), &"0".repeat(33), &"é".repeat(16)] {
            assert_eq!(bad.parse::<Place>(), Err(ParsePlaceError), "{bad:?}");
        }
    }
}
