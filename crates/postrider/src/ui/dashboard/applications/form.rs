//! The fields of an application, for a new one and for one that is there.

use maud::{Markup, html};
use postrider_core::app::App;

use crate::service::apps::Changes;
use crate::service::fields::{Checks, InvalidFields};
use crate::ui::dashboard::filled::Filled;
use crate::ui::dashboard::typed;
use crate::ui::form::Form;

/// The fields.
pub(super) const FIELDS: [&str; 4] = ["name", "uid", "throttleRate", "metadata"];

/// What stands in them of an application.
pub(super) fn filled(app: &App) -> Filled {
    Filled::with([
        ("name", app.name.clone()),
        ("uid", app.uid.clone().unwrap_or_default()),
        ("throttleRate", typed::of_number(app.throttle_rate)),
        ("metadata", typed::of_metadata(&app.metadata)),
    ])
}

/// What was typed into them: an empty field clears a setting.
pub(super) fn changes(form: &Form) -> Result<Changes, InvalidFields> {
    let mut checks = Checks::default();
    let throttle_rate = checks.check("throttleRate", typed::number(form.get("throttleRate")));
    let metadata = checks.check("metadata", typed::metadata(form.get("metadata")));
    checks.finish()?;
    Ok(Changes {
        name: Some(form.get("name").trim().to_owned()),
        uid: Some(typed::text(form.get("uid"))),
        throttle_rate,
        metadata,
    })
}

/// The fields.
pub(super) fn fields(filled: &Filled) -> Markup {
    html! {
        (filled.line("name", "Name", "For people: your customer's."))
        (filled.line("uid", "uid", "Your own id for it, which your programs can use in place of ours."))
        (filled.line("throttleRate", "Rate limit", "Deliveries a second over all its endpoints, at most. Left empty, there is none."))
        (filled.lines("metadata", "Metadata", r#"Notes of yours, as a JSON object of texts, such as {"plan": "large"}."#, 3))
    }
}
