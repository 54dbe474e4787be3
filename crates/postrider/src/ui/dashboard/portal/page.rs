//! The page.

use maud::{Markup, html};
use postrider_core::app::App;
use postrider_core::rights::Right;
use postrider_core::role::Capability;

use super::snippet::{self, Snippet};
use super::{Asked, Shown};
use crate::ui::Page;
use crate::ui::dashboard::Shared;
use crate::ui::dashboard::applications::called;
use crate::ui::dashboard::filled::Filled;
use crate::ui::frame::{Frame, Place};
use crate::ui::parts::{Kind, pill};
use crate::ui::portal::{Contrast, FONTS, Look, Reading, readings};
use crate::ui::signed_in::SignedIn;
use crate::ui::text::visible;

/// What the choices of the look stand for.
const YES_NO: [(&str, &str); 2] = [("false", "yes"), ("true", "no")];
const THEMES: [(&str, &str); 3] =
    [("auto", "as the visitor's system is"), ("false", "light"), ("true", "dark")];
const WIDTHS: [(&str, &str); 2] = [("desktop", "as this page is wide"), ("mobile", "as a phone")];
/// The list of applications that the field offers.
const OFFERED: &str = "applications";

pub(super) fn of(visitor: &SignedIn, shared: &Shared, asked: &Asked, apps: &[App], shown: &Shown) -> Page {
    let base = shared.context.public_url();
    let app = if shown.app.is_empty() { apps.first().map(|app| app.id.to_string()) } else { None };
    let app = app.as_deref().unwrap_or(&shown.app);
    let content = html! {
        div.stack {
            section.card aria-labelledby="look" {
                h2 #look { "How it looks" }
                (look(&visitor.path(Place::Portal), asked))
                (contrasts(&readings(&asked.look.colours)))
            }
            section.card aria-labelledby="preview" {
                h2 #preview { "Preview" }
                @if visitor.identity().rights().has(Right::Manage) { (opener(visitor, asked, apps, app)) }
                @else { p.hint { "Your role may look, but not open the portal of a customer." } }
                @if let Some(frame) = &shown.frame {
                    iframe class=(if asked.is_narrow { "preview mobile" } else { "preview" }) src=(frame) title="The portal, as a customer sees it" {}
                    p.hint { "It is a session of an hour that may look and nothing more. It is in the audit log, and ends like every session. "
                        "In this browser it stands in for a portal that was opened before." }
                }
            }
            section.card aria-labelledby="link" {
                h2 #link { "Your server asks for a link" }
                p { "With a key of this environment, whenever somebody opens the page. The link works once, within 10 minutes; "
                    "answer with its " code { "url" } ", and keep the key on your server." }
                (snippets(&snippet::backend(base, &shown.app)))
            }
            section.card aria-labelledby="embed" {
                h2 #embed { "Your page shows it" }
                (snippets(&snippet::embedding(base, &asked.look)))
            }
            (origins(&shared.setting.origins))
            (capabilities())
        }
    };
    Frame::new(visitor, Place::Portal).with_frames().page(&content)
}

/// The look, to be chosen. It is sent as an address, so that it can be kept and sent to others.
fn look(path: &str, asked: &Asked) -> Markup {
    let Look { theme, colours, icon, is_bare, is_flush, .. } = &asked.look;
    let colour = |colour: Option<_>| colour.map(|colour| format!("{colour}")).unwrap_or_default();
    let yes = |is_so: bool| if is_so { "true" } else { "false" }.to_owned();
    let filled = Filled::with([
        ("primaryColorLight", colour(colours.light)),
        ("primaryColorDark", colour(colours.dark)),
        ("fontFamily", colours.font.unwrap_or_default().to_owned()),
        ("darkMode", theme.forced().map_or_else(|| "auto".to_owned(), |theme| yes(theme == "dark"))),
        ("icon", icon.clone().unwrap_or_default()),
        ("hideNavigation", yes(*is_bare)),
        ("noGutters", yes(*is_flush)),
        ("width", if asked.is_narrow { "mobile" } else { "desktop" }.to_owned()),
    ]);
    let fonts: Vec<_> =
        [("", "the portal's own")].into_iter().chain(FONTS.map(|(name, _)| (name, name))).collect();
    html! {
        form.stack method="get" action=(path) {
            div.halves {
                (filled.line("primaryColorLight", "Colour", "primaryColorLight: 28bb93, #28bb93 or rgb(40,187,147)"))
                (filled.line("primaryColorDark", "Colour of the dark theme", "primaryColorDark; the same without one"))
                (filled.choice("darkMode", "Theme", "darkMode", &THEMES))
                (filled.choice("fontFamily", "Typeface", "fontFamily; nothing is loaded, one like it stands in", &fonts))
                (filled.line("icon", "Picture", "icon: its URL, on one of the sites below"))
                (filled.choice("hideNavigation", "Bar on top", "hideNavigation", &YES_NO))
                (filled.choice("noGutters", "Room at the edges", "noGutters", &YES_NO))
                (filled.choice("width", "Preview", "", &WIDTHS))
            }
            p { button type="submit" { "Apply" } }
        }
    }
}

/// How well the colours can be read.
fn contrasts(readings: &[Reading]) -> Markup {
    let told = |contrast: Contrast| {
        let kind = if contrast.is_fine() { Kind::Good } else { Kind::Bad };
        pill(kind, &contrast.to_string())
    };
    html! {
        @if !readings.is_empty() {
            table.things {
                thead { tr {
                    th scope="col" { "Theme" } th scope="col" { "As text" } th scope="col" { "Behind text" } th scope="col" { "The portal takes" }
                } }
                tbody { @for reading in readings {
                    tr {
                        th scope="row" { (reading.theme) }
                        td { (told(reading.as_text)) }
                        td { (told(reading.as_ground)) }
                        td {
                            @if reading.used == reading.asked { code { (reading.used) } " as it is" }
                            @else { code { (reading.used) } " instead of " code { (reading.asked) } ": the nearest that can be read" }
                        }
                    }
                } }
            }
        }
    }
}

/// What opens the preview.
fn opener(visitor: &SignedIn, asked: &Asked, apps: &[App], app: &str) -> Markup {
    let query = asked.look.written();
    let filled = Filled::with([("app", app.to_owned())]);
    html! {
        form method="post" action={ (visitor.path(Place::Portal)) "/preview" } {
            input type="hidden" name="csrf" value=(visitor.csrf());
            @for (name, value) in url::form_urlencoded::parse(query.as_bytes()) { input type="hidden" name=(name) value=(value); }
            @if asked.is_narrow { input type="hidden" name="width" value="mobile"; }
            div.stack {
                (filled.offered("app", "Application", "Whose portal is shown: an id or uid", OFFERED))
                datalist id=(OFFERED) { @for app in apps { option value=(app.id) label=(called(app)) {} } }
                p { button.primary type="submit" { "Show the preview" } }
            }
        }
    }
}

fn snippets(snippets: &[Snippet]) -> Markup {
    html! {
        @for snippet in snippets {
            h3 { (snippet.name) }
            div.copied {
                pre id=(snippet.id) tabindex="0" { (visible(&snippet.text, true)) }
                copy-text hidden from=(snippet.id) { button type="button" { "Copy" } }
            }
        }
    }
}

/// The sites that may show it, and how to change them.
fn origins(origins: &[String]) -> Markup {
    html! {
        section.card aria-labelledby="origins" {
            h2 #origins { "Sites that may show it" }
            @if origins.is_empty() { p { "None: browsers show the portal in a tab of its own only, and in the preview above." } }
            @else { ul.plain { @for origin in origins { li { code { (visible(origin, false)) } } } } }
            p { "They are in the configuration, and browsers enforce them:" }
            pre tabindex="0" { "[portal]\norigins = [\"https://app.example.com\"]" }
        }
    }
}

fn capabilities() -> Markup {
    html! {
        section.card aria-labelledby="capabilities" {
            h2 #capabilities { "What a session may do" }
            dl.facts {
                @for (name, what) in Capability::ALL.map(meaning) { div { dt { code { (name) } } dd { (what) } } }
            }
            p.hint { "Without " code { "capabilities" } " a session has all of them; " code { "\"readOnly\": true" } " leaves ViewBase alone. "
                "No session publishes, changes the application or gives access to others." }
        }
    }
}

/// Its name in the API, and what it allows.
const fn meaning(capability: Capability) -> (&'static str, &'static str) {
    match capability {
        Capability::ViewBase => ("ViewBase", "see endpoints, messages, deliveries and attempts"),
        Capability::ViewEndpointSecret => ("ViewEndpointSecret", "see signing keys"),
        Capability::ManageEndpointSecret => {
            ("ManageEndpointSecret", "replace signing keys, and bring one's own for a new endpoint")
        }
        Capability::ManageTransformations => ("ManageTransformations", "change transformations"),
        Capability::CreateAttempts => {
            ("CreateAttempts", "send examples, send again, recover, replay and skip")
        }
        Capability::ManageEndpoint => {
            ("ManageEndpoint", "make, change and delete endpoints and their headers")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ui::hostile::stays_text;

    #[test]
    fn what_is_typed_stays_text() {
        stays_text("the look", |text| {
            let look = Look { icon: Some(text.to_owned()), ..Look::default() };
            look_with(look)
        });
        stays_text("snippets", |text| {
            let look = Look { icon: Some(text.to_owned()), ..Look::default() };
            html! { (snippets(&snippet::backend("http://h.example", text))) (snippets(&snippet::embedding("http://h.example", &look))) }
        });
        stays_text("origins", |text| origins(&[text.to_owned()]));
    }

    fn look_with(chosen: Look) -> Markup {
        look("/dashboard/env/portal", &Asked { look: chosen, is_narrow: false })
    }
}
