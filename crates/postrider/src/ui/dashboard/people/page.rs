//! What the pages of people consist of.

use maud::{Markup, html};
use postrider_core::person::{Environments, Person};
use postrider_core::role::Role;
use postrider_core::session::Session;

use super::form;
use crate::service::people::links::Issued;
use crate::ui::Page;
use crate::ui::frame::{Frame, Place};
use crate::ui::parts::{Kind, ago, copy, exact, pill};
use crate::ui::signed_in::SignedIn;
use crate::ui::text::visible;

/// What was filled in before something was wrong with it.
#[derive(Debug, Default)]
pub(super) struct Filled<'f> {
    /// The address.
    pub(super) email: &'f str,
    /// The name.
    pub(super) name: &'f str,
    /// The role.
    pub(super) role: Option<Role>,
    /// The environments.
    pub(super) environments: Environments,
    /// What is wrong.
    pub(super) wrong: Option<String>,
}

/// All people, and the form that invites one.
pub(super) fn list(
    visitor: &SignedIn,
    people: &[Person],
    filled: &Filled<'_>,
    made: Option<(&Person, &Issued)>,
) -> Page {
    let content = html! {
        @if let Some((person, issued)) = made { (link(person, issued)) }
        table.things {
            thead { tr { th { "Person" } th { "Role" } th { "Environments" } th { "Signs in with" } th { "State" } } }
            tbody { @for person in people { (row(visitor, person)) } }
        }
        section.card aria-labelledby="invite" {
            h2 #invite { "Invite somebody" }
            @if let Some(wrong) = &filled.wrong { p.alert role="alert" { (wrong) } }
            form.stack method="post" action=(visitor.path(Place::People)) {
                (token(visitor))
                div.field { label for="email" { "E-mail address" } input #email type="email" name="email" value=(filled.email) required; }
                div.field { label for="name" { "Name, if you want to give one" } input #name name="name" value=(filled.name); }
                (form::role(filled.role.unwrap_or(Role::Viewer)))
                (form::environments(visitor.environments(), &filled.environments))
                p { button.primary type="submit" { "Make a link for them" } }
            }
            p.hint { "No mail is sent: you get a link, which you hand on yourself. It works once, within a day." }
        }
    };
    Frame::new(visitor, Place::People).page(&content)
}

fn row(visitor: &SignedIn, person: &Person) -> Markup {
    html! {
        tr {
            td.wide {
                a.row href=(one_path(visitor, person)) { (visible(person.shown_name(), false)) }
                span.sub { (visible(person.email.as_str(), false)) @if person.id == visitor.user().id { " · you" } }
            }
            td.tight { (person.role.name()) }
            td.tight { (reach(visitor, &person.environments)) }
            td.tight { (proofs(person)) }
            td.tight { (state(person)) }
        }
    }
}

/// Where a person is.
pub(super) fn one_path(visitor: &SignedIn, person: &Person) -> String {
    format!("{}/{}", visitor.path(Place::People), person.id)
}

fn reach(visitor: &SignedIn, environments: &Environments) -> Markup {
    let name = |id| visitor.environments().iter().find(|environment| environment.id == id);
    html! {
        @match environments {
            Environments::All => "all",
            Environments::Only(some) => @for (at, id) in some.iter().enumerate() {
                @if at > 0 { ", " }
                @match name(*id) { Some(environment) => (visible(&environment.name, false)), None => (id) }
            },
        }
    }
}

fn proofs(person: &Person) -> &'static str {
    match (person.has_password, person.subject.is_some()) {
        (true, true) => "password, identity provider",
        (true, false) => "password",
        (false, true) => "identity provider",
        (false, false) => "nothing yet",
    }
}

fn state(person: &Person) -> Markup {
    match person.disabled_at {
        Some(_) => pill(Kind::Bad, "Disabled"),
        None if person.has_password || person.subject.is_some() => pill(Kind::Good, "Active"),
        None => pill(Kind::Waiting, "Invited"),
    }
}

/// A link that is shown once.
fn link(person: &Person, issued: &Issued) -> Markup {
    html! {
        section.card role="status" {
            h2 { "A link for " (visible(person.shown_name(), false)) }
            p { "Hand it on now: it is shown only here. It works once, until " (exact(issued.expires_at)) "." }
            p { code { (issued.url) } " " (copy(&issued.url, "Copy the link")) }
        }
    }
}

/// One person.
pub(super) fn one(visitor: &SignedIn, person: &Person, sessions: &[Session], made: Option<&Issued>) -> Page {
    let path = one_path(visitor, person);
    let content = html! {
        @if let Some(issued) = made { (link(person, issued)) }
        div.halves {
            section.card aria-labelledby="may" {
                h2 #may { "What they may do" }
                form.stack method="post" action=(path) {
                    (token(visitor))
                    div.field { label for="name" { "Name" } input #name name="name" value=(person.name) required; }
                    (form::role(person.role))
                    (form::environments(visitor.environments(), &person.environments))
                    p { button.primary type="submit" { "Save" } }
                }
            }
            div.stack {
                section.card aria-labelledby="in" {
                    h2 #in { "How they come in" }
                    dl.facts.aside {
                        div { dt { "Address" } dd { (visible(person.email.as_str(), false)) } }
                        div { dt { "Signs in with" } dd { (proofs(person)) } }
                        div { dt { "State" } dd { (state(person)) } }
                        div { dt { "Since" } dd { (exact(person.created_at)) } }
                    }
                    @if person.is_active() {
                        (button(visitor, &path, "reset", "Reset the password", "They are signed out everywhere, and their password is gone. You get a link for them."))
                        (button(visitor, &path, "disable", "Disable", "They are signed out everywhere, and cannot sign in."))
                    } @else {
                        (button(visitor, &path, "enable", "Enable", "They can sign in again as they did before."))
                    }
                }
                section.card aria-labelledby="sessions" {
                    h2 #sessions { "Where they are signed in" }
                    (sessions_table(sessions, None))
                    @if !sessions.is_empty() { (button(visitor, &path, "sign-out", "Sign out everywhere", "")) }
                }
            }
        }
    };
    let name = person.shown_name();
    Frame::new(visitor, Place::People).of(name, visible(name, false)).page(&content)
}

fn button(visitor: &SignedIn, path: &str, act: &str, word: &str, what: &str) -> Markup {
    html! {
        form method="post" action={ (path) "/" (act) } {
            (token(visitor))
            button.danger[act != "enable"] type="submit" { (word) }
            @if !what.is_empty() { p.hint { (what) } }
        }
    }
}

/// What every form of a signed-in visitor carries.
pub(in crate::ui::dashboard) fn token(visitor: &SignedIn) -> Markup {
    html! { input type="hidden" name="csrf" value=(visitor.csrf()); }
}

/// Sessions, the visitor's own one marked.
pub(in crate::ui::dashboard) fn sessions_table(
    sessions: &[Session],
    own: Option<(&Session, &SignedIn)>,
) -> Markup {
    html! {
        @if sessions.is_empty() { p.hint { "Nowhere." } }
        @else {
            table.things {
                thead { tr { th { "Browser" } th { "Network" } th { "Last seen" } @if own.is_some() { th { span.visually-hidden { "Sign out" } } } } }
                tbody {
                    @for session in sessions {
                        tr {
                            td.wide title=(session.agent) { (visible(&browser(&session.agent), false)) span.sub { "since " (exact(session.created_at)) } }
                            td.tight { @if session.network.is_empty() { "this machine" } @else { code { (visible(&session.network, false)) } } }
                            td.tight { (ago(session.seen_at)) }
                            @if let Some((current, visitor)) = own {
                                td.tight {
                                    @if session.id == current.id { (pill(Kind::Good, "This one")) }
                                    @else {
                                        form method="post" action={ (visitor.path(Place::Account)) "/sessions" } {
                                            (token(visitor))
                                            input type="hidden" name="session" value=(session.id);
                                            button type="submit" { "Sign out" }
                                        }
                                    }
                                }
                            }
                        }
                    }
                }
            }
        }
    }
}

/// The part of what a browser calls itself that people recognise.
fn browser(agent: &str) -> String {
    let known = [
        ("Edg/", "Edge"),
        ("OPR/", "Opera"),
        ("Firefox/", "Firefox"),
        ("Chrome/", "Chrome"),
        ("Safari/", "Safari"),
    ];
    let systems = [
        ("Android", "Android"),
        ("iPhone", "iPhone"),
        ("iPad", "iPad"),
        ("Windows", "Windows"),
        ("Mac OS X", "macOS"),
        ("Linux", "Linux"),
    ];
    let find = |names: &[(&str, &'static str)]| {
        names.iter().find(|(mark, _)| agent.contains(mark)).map(|(_, name)| *name)
    };
    match (find(&known), find(&systems)) {
        (Some(browser), Some(system)) => format!("{browser} on {system}"),
        (Some(browser), None) => browser.to_owned(),
        (None, _) if agent.is_empty() => "a browser without a name".to_owned(),
        (None, _) => agent.chars().take(60).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn browsers_have_short_names() {
        for (agent, expected) in [
            (
                "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/150.0 Safari/537.36",
                "Chrome on Linux",
            ),
            ("Mozilla/5.0 (Windows NT 10.0; rv:140.0) Gecko/20100101 Firefox/140.0", "Firefox on Windows"),
            (
                "Mozilla/5.0 (iPhone; CPU iPhone OS 20_0 like Mac OS X) Version/20.0 Safari/604.1",
                "Safari on iPhone",
            ),
            ("curl/8.5.0", "curl/8.5.0"),
            ("", "a browser without a name"),
        ] {
            assert_eq!(browser(agent), expected);
        }
    }
}
