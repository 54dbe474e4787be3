//! How one engine keeps a kind, where that is not just the kind's columns in a table of the kind's name; and the
//! statements that follow from it.

use super::kind::{Kind, Table};

/// See the module's documentation.
#[derive(Debug)]
pub(crate) struct Layout {
    /// Tables, the kind's own as `t`.
    pub(crate) from: &'static str,
    /// What rows belong to it.
    pub(crate) condition: &'static str,
    /// The columns that the engine can walk the rows by: unique together, and none of them NULL.
    pub(crate) key: &'static [&'static str],
    /// Columns that other tables give; here, none is written.
    pub(crate) joined: &'static [(&'static str, &'static str)],
    /// Columns that are read as something else than they hold.
    pub(crate) computed: &'static [(&'static str, &'static str)],
}

impl Layout {
    /// A kind that is a table with a key and nothing more.
    pub(crate) const fn plain(from: &'static str, key: &'static [&'static str]) -> Self {
        Self { from, condition: "true", key, joined: &[], computed: &[] }
    }

    /// What reads the canonical columns of all rows; with `after`, in the sequence of the key and only those behind the
    /// key in the parameters, which begin with `sign`.
    pub(crate) fn select(&self, kind: Kind, after: Option<char>, in_order: bool) -> String {
        let table = kind.table();
        let columns: Vec<_> = table.columns.iter().map(|column| self.expression(column.name)).collect();
        let Self { from, condition, .. } = self;
        let columns = columns.join(", ");
        let all =
            format!("-- transfer::read::{}\nSELECT {columns} FROM {from} WHERE {condition}", table.name);
        let key: Vec<_> = self.key.iter().map(|name| format!("t.{name}")).collect();
        let behind = after.map_or_else(String::new, |sign| {
            let places: Vec<_> = (1..=key.len()).map(|place| format!("{sign}{place}")).collect();
            format!(" AND ({}) > ({})", key.join(", "), places.join(", "))
        });
        let order = if in_order { format!(" ORDER BY {}", key.join(", ")) } else { String::new() };
        all + &behind + &order
    }

    /// What counts the rows.
    pub(crate) fn count(&self, kind: Kind) -> String {
        let Self { from, condition, .. } = self;
        format!("-- transfer::count::{}\nSELECT count(*) FROM {from} WHERE {condition}", kind.table().name)
    }

    /// The columns of the kind that are written, by their places.
    pub(crate) fn stored(&self, table: &Table) -> Vec<usize> {
        let is_joined = |name| self.joined.iter().any(|(joined, _)| *joined == name);
        let columns = table.columns.iter().enumerate();
        columns.filter(|(_, column)| !is_joined(column.name)).map(|(place, _)| place).collect()
    }

    fn expression(&self, name: &str) -> String {
        let given = self.joined.iter().chain(self.computed).find(|(given, _)| *given == name);
        given.map_or_else(|| format!("t.{name}"), |(_, expression)| (*expression).to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn statements_follow_from_the_layout() {
        let layout = Layout {
            condition: "t.row > 0",
            joined: &[("app_row", "m.app_row")],
            ..Layout::plain("x t JOIN m", &["row", "event_id"])
        };
        assert_eq!(
            layout.select(Kind::EventId, Some('$'), true),
            "-- transfer::read::message_event_id\nSELECT m.app_row, t.event_id, t.row FROM x t JOIN m WHERE t.row > 0 \
             AND (t.row, t.event_id) > ($1, $2) ORDER BY t.row, t.event_id"
        );
        assert!(layout.select(Kind::EventId, None, false).ends_with("WHERE t.row > 0"));
        assert_eq!(layout.stored(Kind::EventId.table()), [1, 2]);
    }
}
