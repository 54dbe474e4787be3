//! The fields of an event type, for a new one and for one that is there.

use maud::{Markup, html};
use postrider_core::event_type::EventType;

use crate::service::event_types::Changes;
use crate::service::fields::{Checks, InvalidFields};
use crate::ui::dashboard::filled::Filled;
use crate::ui::dashboard::typed;
use crate::ui::form::Form;

/// The fields.
pub(super) const FIELDS: [&str; 6] =
    ["name", "description", "schemas", "groupName", "featureFlags", "retrySchedule"];

/// What stands in them of an event type.
pub(super) fn filled(event_type: &EventType) -> Filled {
    let deprecated = if event_type.deprecated { "yes" } else { "" };
    Filled::with([
        ("description", event_type.description.clone()),
        ("schemas", event_type.schemas.clone().unwrap_or_default()),
        ("groupName", event_type.group_name.clone().unwrap_or_default()),
        ("featureFlags", event_type.feature_flags.join(" ")),
        ("retrySchedule", typed::of_schedule(event_type.retry_schedule.as_ref())),
        ("deprecated", deprecated.to_owned()),
    ])
}

/// What was typed into them: an empty field clears a setting.
pub(super) fn changes(form: &Form) -> Result<Changes, InvalidFields> {
    let mut checks = Checks::default();
    let retry_schedule = checks.check("retrySchedule", typed::schedule(form.get("retrySchedule")));
    let schemas = checks.check("schemas", typed::json(form.get("schemas")));
    checks.finish()?;
    Ok(Changes {
        description: Some(typed::lines(form.get("description"))),
        archived: None,
        deprecated: Some(form.has("deprecated")),
        schemas,
        group_name: Some(typed::text(form.get("groupName"))),
        feature_flags: Some(typed::words(form.get("featureFlags"))),
        retry_schedule,
    })
}

/// The fields.
pub(super) fn fields(filled: &Filled) -> Markup {
    html! {
        (filled.lines("description", "Description", "What it means, and when it happens, for people.", 3))
        (filled.lines("schemas", "Schemas", r#"A JSON object with a JSON Schema for each version, such as {"1": {"type": "object", "properties": {…}}}. The newest is the one with the highest number."#, 14))
        (filled.line("groupName", "Group", "The heading that lists put it under."))
        (filled.line("featureFlags", "Feature flags", "Flags that hide it from portal sessions without one of them."))
        (filled.line("retrySchedule", "Attempts", "Waits before each attempt, the first included, such as 0s 5s 5m 30m 2h. Left empty, as the environment says."))
        (filled.tick("deprecated", "Deprecated: it is still sent, and nothing new should rely on it"))
    }
}
