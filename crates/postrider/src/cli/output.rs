//! Data to stdout, as a table for people or JSON for programs.

use std::io::{self, Write as _};

use clap::ValueEnum;
use serde::Serialize;

/// How data is printed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub(super) enum Output {
    // Their names say it; with documentation, each would take four lines in every `--help`.
    #[default]
    Table,
    Json,
}

/// Prints text to stdout. A reader that has gone away, as `head` does, is no failure.
pub(super) fn print(text: &str) -> io::Result<()> {
    match io::stdout().lock().write_all(text.as_bytes()).and_then(|()| io::stdout().flush()) {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        done => done,
    }
}

/// Prints a value as JSON.
pub(super) fn json(value: &impl Serialize) -> anyhow::Result<()> {
    let mut text = serde_json::to_string_pretty(value)?;
    text.push('\n');
    Ok(print(&text)?)
}

/// Columns as wide as their widest cell.
#[must_use]
pub(super) fn table<const N: usize>(head: [&str; N], rows: &[[String; N]]) -> String {
    let rows: Vec<[String; N]> = rows.iter().map(|row| row.each_ref().map(|cell| plain(cell))).collect();
    let width = |column: usize| {
        let cells = rows.iter().map(|row| row[column].chars().count());
        cells.chain([head[column].chars().count()]).max().unwrap_or(0)
    };
    let widths: [usize; N] = std::array::from_fn(width);
    let mut text = String::new();
    let mut line = |cells: [&str; N]| {
        let mut padded = String::new();
        for (cell, width) in cells.iter().zip(widths) {
            padded.push_str(cell);
            padded.push_str(&" ".repeat(width + 2 - cell.chars().count()));
        }
        text.push_str(padded.trim_end());
        text.push('\n');
    };
    line(head);
    for row in &rows {
        line(row.each_ref().map(String::as_str));
    }
    text
}

/// A cell in which nothing steers the terminal or turns the direction of what follows: that is shown as its escape.
pub(super) fn plain(cell: &str) -> String {
    let turns = |char| matches!(char, '\u{61c}' | '\u{200e}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    let mut text = String::with_capacity(cell.len());
    for char in cell.chars() {
        if char.is_control() || turns(char) {
            text.extend(char.escape_default());
        } else {
            text.push(char);
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_cannot_forge_lines_or_steer_the_terminal() {
        let rows = [["a\r\nroot\u{1b}[2K\u{202e}x".to_owned()]];
        assert_eq!(table(["NAME"], &rows), "NAME\na\\r\\nroot\\u{1b}[2K\\u{202e}x\n");
    }

    #[test]
    fn columns_line_up_without_trailing_space() {
        let rows = [["a".to_owned(), "b".to_owned()], ["längere".to_owned(), String::new()]];
        assert_eq!(table(["NAME", "ID"], &rows), "NAME     ID\na        b\nlängere\n");
    }
}
