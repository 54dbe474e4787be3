//! The versions of an event type's schema.

use std::collections::BTreeMap;

use maud::{Markup, html};
use serde_json::Value;
use serde_json::value::RawValue;

use super::{Outline, change_list, changes, schema_table};
use crate::ui::json;
use crate::ui::text::visible;

/// Versions that are shown.
const VERSIONS: usize = 12;
/// Bytes of a schema as it is written.
const SHOWN: usize = 32 * 1024;

/// A version's name, and its schema as it is written.
pub(crate) type Version = (String, Box<RawValue>);

/// The versions in the schemas of an event type, newest first. Names that are numbers count as such.
pub(crate) fn versions(schemas: Option<&str>) -> Vec<Version> {
    let all: BTreeMap<String, Box<RawValue>> =
        schemas.and_then(|text| serde_json::from_str(text).ok()).unwrap_or_default();
    let mut all: Vec<_> = all.into_iter().collect();
    all.sort_by(|(one, _), (other, _)| {
        (other.parse::<u64>().ok(), other).cmp(&(one.parse::<u64>().ok(), one))
    });
    all
}

/// The newest version as a table and as it is written, and behind a fold each of those before it, with what has changed
/// since.
pub(crate) fn version_tables(versions: &[Version]) -> Markup {
    let schemas: Vec<Value> = versions
        .iter()
        .take(VERSIONS)
        .map(|(_, schema)| serde_json::from_str(schema.get()).unwrap_or_default())
        .collect();
    let outlines: Vec<_> = schemas.iter().map(|schema| Outline::of(schema, schema)).collect();
    html! {
        @if let (Some((name, text)), Some(schema)) = (versions.first(), schemas.first()) {
            @if versions.len() > 1 { p.hint { "Version " (visible(name, false)) ", the newest." } }
            (schema_table(schema))
            details.panel {
                summary { "The JSON Schema" }
                pre tabindex="0" { (json::pretty(text.get().as_bytes(), SHOWN)) }
            }
        }
        @for (index, pair) in outlines.windows(2).enumerate() {
            details.panel {
                summary { "Version " (visible(&versions[index + 1].0, false)) ", and what has changed since" }
                (change_list(&changes(&pair[1], &pair[0])))
                (schema_table(&schemas[index + 1]))
            }
        }
        @if versions.len() > VERSIONS { p.hint { "… " (versions.len() - VERSIONS) " older versions are not shown." } }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_count_as_numbers_where_they_are_some() {
        let names = |schemas| versions(Some(schemas)).into_iter().map(|(name, _)| name).collect::<Vec<_>>();
        assert_eq!(names(r#"{"1":{},"10":{},"9":{},"draft":{}}"#), ["10", "9", "1", "draft"]);
        assert!(names("[]").is_empty() && versions(None).is_empty());
    }

    #[test]
    fn each_version_tells_what_came_after_it() {
        let shown = version_tables(&versions(Some(
            r#"{"1":{"properties":{"a":{}}},"2":{"properties":{"b":{}}},"3":{"properties":{"b":{},"c":{}}}}"#,
        )))
        .into_string();
        let parts: Vec<_> = shown.split("<summary>").collect();
        assert!(parts[0].contains("Version 3, the newest") && parts[0].contains("title=\"c\""), "{shown}");
        assert!(parts[2].starts_with("Version 2") && parts[2].contains("<code>c</code> is new"), "{shown}");
        assert!(parts[3].starts_with("Version 1") && parts[3].contains("<code>a</code> is gone"), "{shown}");
    }
}
