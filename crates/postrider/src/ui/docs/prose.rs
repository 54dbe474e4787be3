//! Descriptions as markup: paragraphs, lists, and the few marks that people write in plain text.
//!
//! Of Markdown there is what our own texts use: `code`, **strong**, lists, headings, fenced blocks. Deliberately absent
//! are links and images, since descriptions come from outside.

use maud::{Markup, html};

use crate::ui::text::visible;

/// A description of some paragraphs.
pub(super) fn prose(text: &str) -> Markup {
    html! { @for block in blocks(text) { (block_markup(&block)) } }
}

/// A description within a line.
pub(super) fn inline(text: &str) -> Markup {
    html! {
        @for (index, part) in text.split('`').enumerate() {
            @if index % 2 == 1 && index < text.matches('`').count() { code { (visible(part, false)) } }
            @else if index % 2 == 1 { "`" (strong(part)) }
            @else { (strong(part)) }
        }
    }
}

fn strong(text: &str) -> Markup {
    let marks = text.matches("**").count();
    html! {
        @for (index, part) in text.split("**").enumerate() {
            @if index % 2 == 1 && index < marks { strong { (visible(part, true)) } }
            @else if index % 2 == 1 { "**" (visible(part, true)) }
            @else { (visible(part, true)) }
        }
    }
}

/// Paragraphs, each of some lines; what is between fences stays together.
fn blocks(text: &str) -> Vec<Vec<&str>> {
    let (mut blocks, mut block, mut is_fenced) = (Vec::new(), Vec::new(), false);
    for line in text.lines() {
        let is_fence = line.trim_start().starts_with("```");
        if !is_fenced && (line.trim().is_empty() || is_fence) {
            blocks.push(std::mem::take(&mut block));
        }
        if is_fenced || is_fence || !line.trim().is_empty() {
            block.push(line);
        }
        if is_fenced && is_fence {
            blocks.push(std::mem::take(&mut block));
        }
        is_fenced ^= is_fence;
    }
    blocks.push(block);
    blocks.retain(|block| !block.is_empty());
    blocks
}

fn block_markup(lines: &[&str]) -> Markup {
    let item = |line: &str| line.strip_prefix("- ").or_else(|| line.strip_prefix("* ")).map(str::to_owned);
    let first = lines.first().copied().unwrap_or_default();
    if first.trim_start().starts_with("```") {
        let inner: Vec<_> =
            lines[1..].iter().filter(|line| !line.trim_start().starts_with("```")).copied().collect();
        return html! { pre tabindex="0" { (visible(&inner.join("\n"), true)) } };
    }
    if let Some(heading) = first.strip_prefix('#') {
        let rest = lines[1..].join("\n");
        return html! { h3 { (inline(heading.trim_start_matches('#').trim())) } @if !rest.is_empty() { p { (inline(&rest)) } } };
    }
    if item(first).is_none() {
        return html! { p { (inline(&lines.join("\n"))) } };
    }
    let mut items: Vec<String> = Vec::new();
    for line in lines {
        match (item(line), items.last_mut()) {
            (None, Some(last)) => *last = format!("{last} {}", line.trim()),
            (begun, _) => items.extend(begun),
        }
    }
    html! { ul { @for item in &items { li { (inline(item)) } } } }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_marks_become_markup_and_everything_else_stays_text() {
        for (text, expected) in [
            ("one\ntwo\n\nthree", "<p>one\ntwo</p><p>three</p>"),
            ("a `<b>` and **c**", "<p>a <code>&lt;b&gt;</code> and <strong>c</strong></p>"),
            ("- one\n  more\n- two", "<ul><li>one more</li><li>two</li></ul>"),
            ("## Title\ntext", "<h3>Title</h3><p>text</p>"),
            ("```json\n{\n\n}\n```\nafter", "<pre tabindex=\"0\">{\n\n}</pre><p>after</p>"),
            ("a ` b", "<p>a ` b</p>"),
            ("2 ** 3", "<p>2 ** 3</p>"),
            ("[x](javascript:alert(1)) <script>", "<p>[x](javascript:alert(1)) &lt;script&gt;</p>"),
            ("", ""),
        ] {
            assert_eq!(prose(text).into_string(), expected, "{text:?}");
        }
    }
}
