//! Reads a row's columns one after another into the types of the domain. What makes no sense is an
//! [`Error::Corrupt`] that names its place.

use std::str::FromStr;

use bytes::Bytes;
use postrider_core::time::Timestamp;
use rusqlite::Row;
use rusqlite::types::{FromSql, ValueRef};
use serde::de::DeserializeOwned;

use crate::Error;
use crate::failure::corrupt;

/// A row being read, from its first column on.
pub(super) struct Record<'r> {
    row: &'r Row<'r>,
    table: &'static str,
    key: i64,
    at: usize,
}

impl<'r> Record<'r> {
    /// The columns of `row` from `at` on, which belong to the row `key` of `table`.
    pub(super) fn new(row: &'r Row<'r>, table: &'static str, key: i64, at: usize) -> Self {
        Self { row, table, key, at }
    }

    fn next(&mut self) -> Result<ValueRef<'r>, Error> {
        let value = self.row.get_ref(self.at)?;
        self.at += 1;
        Ok(value)
    }

    /// The next column as `T`, which may be an `Option`.
    pub(super) fn get<T: FromSql>(&mut self, column: &'static str) -> Result<T, Error> {
        let value = T::column_result(self.next()?);
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
        self.get(column)
    }

    /// An id's 20 bytes, or `None` for NULL.
    pub(super) fn id_or_none(&mut self, column: &'static str) -> Result<Option<[u8; 20]>, Error> {
        self.get(column)
    }

    pub(super) fn time(&mut self, column: &'static str) -> Result<Timestamp, Error> {
        Ok(Timestamp::from_micros(self.get(column)?))
    }

    pub(super) fn time_or_none(&mut self, column: &'static str) -> Result<Option<Timestamp>, Error> {
        Ok(self.get::<Option<i64>>(column)?.map(Timestamp::from_micros))
    }

    pub(super) fn bytes_or_none(&mut self, column: &'static str) -> Result<Option<Bytes>, Error> {
        match self.next()? {
            ValueRef::Null => Ok(None),
            ValueRef::Blob(bytes) => Ok(Some(Bytes::copy_from_slice(bytes))),
            other => Err(corrupt(self.table, column, self.key, &format!("is {}", other.data_type()))),
        }
    }

    pub(super) fn bytes(&mut self, column: &'static str) -> Result<Bytes, Error> {
        self.bytes_or_none(column)?.ok_or_else(|| corrupt(self.table, column, self.key, &"is NULL"))
    }

    /// A number that stands for one of the few values of a type.
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
        let Some(number) = self.get(column)? else { return Ok(None) };
        let value = of(number);
        value.map(Some).ok_or_else(|| corrupt(self.table, column, self.key, &format!("is {number}")))
    }

    /// JSON, or `None` for NULL.
    pub(super) fn json_or_none<T: DeserializeOwned>(
        &mut self,
        column: &'static str,
    ) -> Result<Option<T>, Error> {
        match self.next()? {
            ValueRef::Null => Ok(None),
            ValueRef::Text(text) => serde_json::from_slice(text)
                .map(Some)
                .map_err(|error| corrupt(self.table, column, self.key, &error)),
            other => Err(corrupt(self.table, column, self.key, &format!("is {}", other.data_type()))),
        }
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
