//! What differs between two texts, as lines.

use maud::{Markup, html};

use crate::service::difference::{Line, Side};
use crate::ui::text::visible;

/// Lines that are shown.
const LINES: usize = 2_000;

/// The lines, each with a sign for where it is. A line of a name in `expected` differs as a matter of course, and is
/// shown quietly.
pub(crate) fn difference_but(lines: &[Line], expected: &[&str]) -> Markup {
    html! {
        pre.diff tabindex="0" {
            @for line in lines.iter().take(LINES) {
                @let (kind, sign) = match line.side {
                    Side::Both => ("both", "  "),
                    Side::First => ("first", "− "),
                    Side::Second => ("second", "+ "),
                    Side::Gap => ("gap", "⋯ "),
                };
                @let name = line.text.split(':').next().unwrap_or_default();
                @let kind = if expected.contains(&name) { "gap" } else { kind };
                span class=(kind) { (sign) (visible(&line.text, false)) "\n" }
            }
        }
        @if lines.len() > LINES { p.hint { (lines.len() - LINES) " more lines differ or stand around." } }
    }
}

/// The lines, each with a sign for where it is.
pub(crate) fn difference(lines: &[Line]) -> Markup {
    difference_but(lines, &[])
}
