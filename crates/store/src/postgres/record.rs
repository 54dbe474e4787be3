//! Reads a row's columns one after another into the types of the domain. What makes no sense is an
//! [`Error::Corrupt`] that names its place.

use std::str::FromStr;

use bytes::Bytes;
use postrider_core::time::Timestamp;
use serde::de::DeserializeOwned;
use tokio_postgres::Row;
use tokio_postgres::types::FromSql;

use crate::Error;
use crate::failure::corrupt;

/// A row being read, from a column on.
pub(super) struct Record<'r> {
    row: &'r Row,
    table: &'static str,
    key: i64,
    at: usize,
}

impl<'r> Record<'r> {
    /// The columns of `row` from `at` on, which belong to the row `key` of `table`.
    pub(super) const fn new(row: &'r Row, table: &'static str, key: i64, at: usize) -> Self {
        Self { row, table, key, at }
    }

    /// The next column as `T`, which may be an `Option`.
    pub(super) fn get<T: FromSql<'r>>(&mut self, column: &'static str) -> Result<T, Error> {
        let value = self.row.try_get(self.at);
        self.at += 1;
        value.map_err(|error| corrupt(self.table, column, self.key, &error))
    }

    /// Text that is read as `T`.
    pub(super) fn parsed<T>(&mut self, column: &'static str) -> Result<T, Error>
    where
        T: FromStr<Err: ToString>,
    {
        let text: String = self.get(column)?;
        text.parse().map_err(|error| corrupt(self.table, column, self.key, &error))
    }

    /// An id's 20 bytes.
    pub(super) fn id(&mut self, column: &'static str) -> Result<[u8; 20], Error> {
        self.id_or_none(column)?.ok_or_else(|| corrupt(self.table, column, self.key, &"is NULL"))
    }

    /// An id's 20 bytes, or `None` for NULL.
    pub(super) fn id_or_none(&mut self, column: &'static str) -> Result<Option<[u8; 20]>, Error> {
        let Some(bytes) = self.get::<Option<&[u8]>>(column)? else { return Ok(None) };
        let id = <[u8; 20]>::try_from(bytes);
        id.map(Some).map_err(|error| corrupt(self.table, column, self.key, &error))
    }

    pub(super) fn time(&mut self, column: &'static str) -> Result<Timestamp, Error> {
        Ok(Timestamp::from_micros(self.get(column)?))
    }

    pub(super) fn time_or_none(&mut self, column: &'static str) -> Result<Option<Timestamp>, Error> {
        Ok(self.get::<Option<i64>>(column)?.map(Timestamp::from_micros))
    }

    pub(super) fn bytes(&mut self, column: &'static str) -> Result<Bytes, Error> {
        self.get::<&[u8]>(column).map(Bytes::copy_from_slice)
    }

    pub(super) fn bytes_or_none(&mut self, column: &'static str) -> Result<Option<Bytes>, Error> {
        Ok(self.get::<Option<&[u8]>>(column)?.map(Bytes::copy_from_slice))
    }

    /// A count that is stored as `integer`, where PostgreSQL has no unsigned numbers.
    pub(super) fn count(&mut self, column: &'static str) -> Result<u32, Error> {
        let number: i32 = self.get(column)?;
        u32::try_from(number).map_err(|error| corrupt(self.table, column, self.key, &error))
    }

    /// The same, or `None` for NULL.
    pub(super) fn count_or_none(&mut self, column: &'static str) -> Result<Option<u32>, Error> {
        let Some(number) = self.get::<Option<i32>>(column)? else { return Ok(None) };
        u32::try_from(number).map(Some).map_err(|error| corrupt(self.table, column, self.key, &error))
    }

    /// A `smallint` that stands for one of the few values of a type.
    pub(super) fn number<T>(
        &mut self,
        column: &'static str,
        of: impl FnOnce(i64) -> Option<T>,
    ) -> Result<T, Error> {
        self.number_or_none(column, of)?.ok_or_else(|| corrupt(self.table, column, self.key, &"is NULL"))
    }

    /// The same, or `None` for NULL.
    pub(super) fn number_or_none<T>(
        &mut self,
        column: &'static str,
        of: impl FnOnce(i64) -> Option<T>,
    ) -> Result<Option<T>, Error> {
        let Some(number) = self.get::<Option<i16>>(column)? else { return Ok(None) };
        let value = of(number.into());
        value.map(Some).ok_or_else(|| corrupt(self.table, column, self.key, &format!("is {number}")))
    }

    /// JSON, or `None` for NULL.
    pub(super) fn json_or_none<T: DeserializeOwned>(
        &mut self,
        column: &'static str,
    ) -> Result<Option<T>, Error> {
        let Some(text) = self.get::<Option<&str>>(column)? else { return Ok(None) };
        serde_json::from_str(text).map(Some).map_err(|error| corrupt(self.table, column, self.key, &error))
    }

    /// JSON, or the empty value for NULL.
    pub(super) fn json<T: DeserializeOwned + Default>(&mut self, column: &'static str) -> Result<T, Error> {
        Ok(self.json_or_none(column)?.unwrap_or_default())
    }
}

/// A list or map as it is stored: JSON, NULL when `empty`.
pub(super) fn json_unless_empty<T: serde::Serialize>(value: &T, empty: bool) -> Option<String> {
    (!empty).then(|| json(value))
}

/// A value as JSON.
pub(super) fn json<T: serde::Serialize>(value: &T) -> String {
    serde_json::to_string(value).expect("lists, maps and settings have string keys and finite numbers")
}

/// A number that is stored as `integer`; larger ones are held at the end of the type.
pub(super) fn integer(number: u32) -> i32 {
    i32::try_from(number).unwrap_or(i32::MAX)
}

/// Whether PostgreSQL can hold this text: it knows no NUL. What it cannot hold names nothing, and must not be asked for.
pub(super) fn is_text(text: &str) -> bool {
    !text.contains('\0')
}
