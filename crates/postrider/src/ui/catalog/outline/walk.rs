//! From a schema to its rows.

use serde_json::Value;

use super::parts::{Parts, list};
use super::words::{kind, rules};
use super::{Inside, LEVELS, Outline, ROWS, Row};

/// Characters of a name, of a value, of a pattern and of an explanation.
const NAME: usize = 120;
const VALUE: usize = 80;
const PATTERN: usize = 160;
const ABOUT: usize = 1_000;
/// Values of an enumeration, and items of a tuple.
const VALUES: usize = 30;
const TUPLE: usize = 20;
/// Values that are looked into. What adds no row of its own would otherwise have no end: two ways that meet again,
/// and part again, double with each level.
const STEPS: usize = 4 * ROWS;

struct Walk<'s> {
    root: &'s Value,
    rows: Vec<Row>,
    is_cut: bool,
    steps: usize,
    /// What references have led to on the way from the top to here.
    open: Vec<&'s Value>,
}

/// Where a value is.
struct At<'p> {
    path: &'p str,
    name: &'p str,
    level: usize,
    is_required: bool,
    is_alternative: bool,
}

pub(super) fn walk(root: &Value, schema: &Value) -> Outline {
    let parts = Parts::of(root, schema);
    let mut top = describe(root, &parts);
    let mut walk = Walk { root, rows: Vec::new(), is_cut: false, steps: 0, open: vec![schema] };
    top.inside = walk.inside(&parts, "", 0);
    Outline { top, rows: walk.rows, is_cut: walk.is_cut }
}

impl<'s> Walk<'s> {
    /// Adds the row of a value, and those of what is in it.
    fn value(&mut self, schema: &'s Value, at: &At<'_>) {
        if self.rows.len() >= ROWS {
            self.is_cut = true;
            return;
        }
        let parts = Parts::of(self.root, schema);
        let row = Row {
            path: at.path.to_owned(),
            name: at.name.to_owned(),
            level: at.level,
            is_required: at.is_required,
            is_alternative: at.is_alternative,
            ..describe(self.root, &parts)
        };
        let index = self.rows.len();
        self.rows.push(row);
        let inside = self.inside(&parts, at.path, at.level + 1);
        self.rows[index].inside = inside;
    }

    /// Adds the rows of what is in a value.
    fn inside(&mut self, parts: &Parts<'s>, path: &str, level: usize) -> Inside {
        if !parts.has_inside() {
            return Inside::Follows;
        }
        let is_open = |target: &&Value| self.open.iter().any(|open| std::ptr::eq(*open, *target));
        if parts.targets.iter().any(is_open) {
            return Inside::Above;
        }
        if level >= LEVELS {
            return Inside::TooDeep;
        }
        self.steps += 1;
        if self.steps > STEPS {
            self.is_cut = true;
            return Inside::TooDeep;
        }
        let before = self.open.len();
        self.open.extend(&parts.targets);
        self.members(parts, path, level);
        let of_items = self.items(parts, path, level);
        let of_alternatives = self.alternatives(parts, path, level);
        self.open.truncate(before);
        if of_items == Inside::Follows { of_alternatives } else { of_items }
    }

    fn members(&mut self, parts: &Parts<'s>, path: &str, level: usize) {
        let mut members: Vec<_> = parts.members("properties");
        // A reader wants to know first what is always there.
        members.sort_by_key(|(name, _)| !parts.requires(name));
        for (name, schema) in members {
            let is_required = parts.requires(name);
            let name = short(name, NAME);
            self.member(schema, path, &name, level, is_required);
            if self.is_cut {
                return;
            }
        }
        for (pattern, schema) in parts.members("patternProperties") {
            self.member(schema, path, &format!("/{}/", short(pattern, NAME)), level, false);
        }
        if let Some(schema @ Value::Object(map)) = parts.first("additionalProperties")
            && !map.is_empty()
        {
            self.member(schema, path, "*", level, false);
        }
    }

    fn member(&mut self, schema: &'s Value, path: &str, name: &str, level: usize, is_required: bool) {
        let path = if path.is_empty() { name.to_owned() } else { format!("{path}.{name}") };
        self.value(schema, &At { path: &path, name, level, is_required, is_alternative: false });
    }

    /// What is in the items of a list stands right below the list.
    fn items(&mut self, parts: &Parts<'s>, path: &str, level: usize) -> Inside {
        for (index, schema) in list(parts.first("prefixItems")).take(TUPLE).enumerate() {
            let name = format!("[{index}]");
            let at = At {
                path: &format!("{path}{name}"),
                name: &name,
                level,
                is_required: false,
                is_alternative: false,
            };
            self.value(schema, &at);
        }
        match parts.first("items") {
            Some(items) if !self.is_cut => {
                let items = Parts::of(self.root, items);
                // A list of lists of lists needs no row of its own, and yet must end.
                if path.len() > NAME * LEVELS {
                    Inside::TooDeep
                } else {
                    self.inside(&items, &format!("{path}[]"), level)
                }
            }
            _ => Inside::Follows,
        }
    }

    /// Where one alternative alone has something in it, that stands right below the value.
    fn alternatives(&mut self, parts: &Parts<'s>, path: &str, level: usize) -> Inside {
        let mut all: Vec<_> =
            parts.alternatives().into_iter().map(|schema| (schema, Parts::of(self.root, schema))).collect();
        if all.iter().filter(|(_, parts)| parts.has_inside()).count() <= 1 {
            all.retain(|(_, parts)| parts.has_inside());
            return all.first().map_or(Inside::Follows, |(_, parts)| self.inside(parts, path, level));
        }
        for (index, (schema, alternative)) in all.iter().enumerate() {
            let name = alternative
                .text("title")
                .map_or_else(|| format!("form {}", index + 1), |title| short(title, NAME));
            self.value(schema, &At { path, name: &name, level, is_required: false, is_alternative: true });
        }
        Inside::Follows
    }
}

fn describe(root: &Value, parts: &Parts<'_>) -> Row {
    let items = parts.first("items").map(|items| Parts::of(root, items));
    let fixed = |parts: &Parts<'_>| {
        let values: Vec<_> = parts.first("const").into_iter().chain(list(parts.first("enum"))).collect();
        let texts: Vec<_> =
            values.iter().take(VALUES).map(|value| short(&value.to_string(), VALUE)).collect();
        (values.len() - texts.len(), texts)
    };
    let (values_left_out, values) = match (fixed(parts), &items) {
        ((_, own), Some(items)) if own.is_empty() => fixed(items),
        (own, _) => own,
    };
    let format = parts.text("format").or_else(|| items.as_ref()?.text("format"));
    Row {
        kind: kind(root, parts),
        is_deprecated: parts.is("deprecated"),
        format: format.map(|format| short(format, NAME)),
        values,
        values_left_out,
        default: parts.first("default").map(|value| short(&value.to_string(), VALUE)),
        pattern: parts.text("pattern").map(|pattern| short(pattern, PATTERN)),
        rules: rules(parts),
        about: short(parts.text("description").or_else(|| parts.text("title")).unwrap_or_default(), ABOUT),
        ..Row::default()
    }
}

/// Text of at most `most` characters.
fn short(text: &str, most: usize) -> String {
    match text.char_indices().nth(most) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}
