//! Event types as people read about them: the parts of the public catalogue, which the dashboard and the portal show too.
//!
//! In reading order: a schema becomes an `outline`, an outline a `table`, two of them a list of `changes`, all of them
//! `versions`; `example` and `sample` are what an endpoint gets; `tree` is how the names are arranged.
//!
//! All of it takes what a customer of ours wrote, and shows it to strangers. Nothing is fetched, everything is bounded.

mod changes;
mod example;
mod outline;
mod sample;
mod table;
mod tree;
mod versions;

pub(crate) use changes::{change_list, changes};
pub(crate) use example::{example, smallest};
pub(crate) use outline::{Outline, Row};
pub(crate) use sample::{SECRET, Sample, curl, header_names, quoted, sample_request};
pub(crate) use table::{outline_table, schema_table};
pub(crate) use tree::Tree;
pub(crate) use versions::{version_tables, versions};
