//! Numbers over time: a table, which a script draws.

use maud::{Markup, html};
use postrider_core::time::Timestamp;

use super::exact;

/// How the numbers of a chart are read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Unit {
    /// How many.
    Count,
    /// A part of one.
    Share,
    /// Milliseconds.
    Millis,
}

/// Numbers over time.
pub(crate) struct Chart<'a> {
    /// An id for the page, unique on it.
    pub(crate) id: &'a str,
    /// What is shown.
    pub(crate) title: &'a str,
    /// How its numbers are read.
    pub(crate) unit: Unit,
    /// Bars, the later lines in front of the earlier; or lines.
    pub(crate) is_bars: bool,
    /// When, for each point.
    pub(crate) times: Vec<Timestamp>,
    /// The lines.
    pub(crate) lines: Vec<Drawn>,
    /// The list that a selected span leads to: its `since` and `until` are set in the search.
    pub(crate) brush: Option<String>,
    /// How high it is, in pixels, where it is not of the usual height.
    pub(crate) height: Option<u16>,
}

/// A line of a chart.
pub(crate) struct Drawn {
    /// Its name.
    pub(crate) name: String,
    /// The token of its colour.
    pub(crate) colour: &'static str,
    /// A number for each time, or nothing.
    pub(crate) values: Vec<Option<f64>>,
}

impl<'a> Chart<'a> {
    /// The chart, lower: for what stands over a list.
    pub(crate) fn low(self) -> Self {
        Self { height: Some(120), ..self }
    }

    /// The chart with another title.
    pub(crate) fn titled(self, title: &'a str) -> Self {
        Self { title, ..self }
    }

    /// The chart with its table.
    pub(crate) fn markup(&self) -> Markup {
        let table = format!("{}-table", self.id);
        let (unit, kind) = (self.unit.name(), if self.is_bars { "bars" } else { "lines" });
        html! {
            figure.plot {
                figcaption { (self.title) }
                time-chart #(self.id) for=(table) data-unit=(unit) data-kind=(kind) data-brush=[self.brush.as_deref()] data-height=[self.height]
                    tabindex="0" role="img" aria-label={ (self.title) ". The table below has its numbers." } hidden {}
                details.as-table {
                    summary { "View as table" }
                    div.scroll tabindex="0" role="group" aria-label=(self.title) { (self.table(&table)) }
                }
            }
        }
    }

    fn table(&self, id: &str) -> Markup {
        html! {
            table.numbers #(id) {
                thead { tr {
                    th scope="col" { "From" }
                    @for line in &self.lines { th scope="col" data-colour=(line.colour) { (line.name) } }
                } }
                tbody {
                    @for (at, time) in self.times.iter().enumerate() {
                        tr {
                            th scope="row" { (exact(*time)) }
                            @for line in &self.lines {
                                @let value = line.values.get(at).copied().flatten();
                                td data-value=[value] { (self.unit.text(value)) }
                            }
                        }
                    }
                }
            }
        }
    }
}

impl Unit {
    const fn name(self) -> &'static str {
        match self {
            Self::Count => "",
            Self::Share => "%",
            Self::Millis => "ms",
        }
    }

    fn text(self, value: Option<f64>) -> String {
        let Some(value) = value else { return "–".to_owned() };
        match self {
            Self::Count => format!("{value:.0}"),
            Self::Share => format!("{:.1} %", value * 100.0),
            Self::Millis => format!("{value:.0} ms"),
        }
    }
}
