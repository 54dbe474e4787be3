//! How the portal is to look: what its address asks for, under names that embedders already use.
//!
//! A look is read leniently, since a page in the wrong colour is better than none: what is not known is left out. It comes
//! with the address of the door, and then from page to page in a cookie, or in a header where there are none.

use std::fmt::Write as _;

use http::HeaderMap;

use super::theme::{Colour, Colours, font_stack};
use crate::ui::theme::Theme;
use crate::ui::visitor;

/// The cookie of the look. It is no secret.
pub(super) const COOKIE: &str = "postrider-portal-look";
/// The header of the look.
const HEADER: &str = "x-portal-look";
/// The longest address of an icon.
const ICON_BYTES: usize = 512;

/// See the module's documentation.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(in crate::ui) struct Look {
    /// Light, dark, or what the system has.
    pub(in crate::ui) theme: Theme,
    /// The colours that were asked for, and the typeface.
    pub(in crate::ui) colours: Colours,
    /// A picture beside the name.
    pub(in crate::ui) icon: Option<String>,
    /// Whether the navigation is left out.
    pub(in crate::ui) is_bare: bool,
    /// Whether nothing stands between the content and the edges.
    pub(in crate::ui) is_flush: bool,
    /// Whether the dashboard shows it, which only then may: see [`Embedders`](super::embedders::Embedders).
    pub(in crate::ui) is_preview: bool,
    /// The origin of the page around this one, where it may be told things.
    pub(in crate::ui) host: Option<String>,
}

impl Look {
    /// Reads what the query of an address asks for.
    pub(in crate::ui) fn read(query: &str) -> Self {
        let mut look = Self::default();
        for (name, value) in url::form_urlencoded::parse(query.as_bytes()) {
            match &*name {
                "darkMode" => look.theme = theme(&value),
                "primaryColorLight" => look.colours.light = Colour::parse(&value),
                "primaryColorDark" => look.colours.dark = Colour::parse(&value),
                "fontFamily" => look.colours.font = font_stack(&value).map(|(name, _)| name),
                "icon" => look.icon = Some(value.into_owned()).filter(|icon| is_icon(icon)),
                "hideNavigation" => look.is_bare = is_true(&value),
                "noGutters" => look.is_flush = is_true(&value),
                "preview" => look.is_preview = is_true(&value),
                _ => {}
            }
        }
        look
    }

    /// The look that a request brings.
    pub(super) fn of(headers: &HeaderMap) -> Self {
        let sent = headers.get(HEADER).map(|sent| sent.to_str().unwrap_or_default());
        let text = sent.or_else(|| visitor::cookie(headers, COOKIE)).unwrap_or_default();
        let mut look = Self::read(text);
        let mut pairs = url::form_urlencoded::parse(text.as_bytes());
        look.host = pairs.find(|(name, _)| name == "host").map(|(_, host)| host.into_owned());
        look.host
            .take_if(|host| !host.starts_with("http") || !host.bytes().all(|byte| byte.is_ascii_graphic()));
        look
    }

    /// It, to be read again: with nothing in it that a cookie or a header may not have.
    pub(in crate::ui) fn written(&self) -> String {
        let mut text = url::form_urlencoded::Serializer::new(String::new());
        if let Some(theme) = self.theme.forced() {
            text.append_pair("darkMode", if theme == "dark" { "true" } else { "false" });
        }
        self.colours.write(&mut text);
        let flags =
            [("hideNavigation", self.is_bare), ("noGutters", self.is_flush), ("preview", self.is_preview)];
        for (name, is_so) in flags {
            if is_so {
                text.append_pair(name, "true");
            }
        }
        for (name, value) in [("icon", &self.icon), ("host", &self.host)] {
            if let Some(value) = value {
                text.append_pair(name, value);
            }
        }
        text.finish()
    }

    /// Classes of the page.
    pub(super) fn classes(&self) -> String {
        let mut classes = "portal".to_owned();
        for (class, is_so) in [("bare", self.is_bare), ("flush", self.is_flush)] {
            if is_so {
                let _ = write!(classes, " {class}");
            }
        }
        classes
    }
}

fn theme(value: &str) -> Theme {
    match value {
        "true" => Theme::Dark,
        "false" => Theme::Light,
        _ => Theme::System,
    }
}

fn is_true(value: &str) -> bool {
    matches!(value, "true" | "1" | "")
}

/// Whether it can be the address of a picture. From where pictures are loaded is the policy's business.
fn is_icon(text: &str) -> bool {
    let is_url = |url: &url::Url| matches!(url.scheme(), "https" | "http");
    text.len() <= ICON_BYTES && text.parse::<url::Url>().is_ok_and(|url| is_url(&url))
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    const ASKED: &str = "primaryColorLight=28bb93&primaryColorDark=%2328bb93&darkMode=true&hideNavigation=true\
        &noGutters=true&fontFamily=Georgia&icon=https%3A%2F%2Fa.example%2Fb%3Bc.png&next=/endpoints&key=x";

    #[test]
    fn a_look_is_read_and_read_again() {
        let look = Look::read(ASKED);
        assert_eq!(look.theme, Theme::Dark);
        assert_eq!(look.colours.light, look.colours.dark);
        assert_eq!(look.classes(), "portal bare flush");
        let look = Look { host: Some("https://app.example".to_owned()), ..look };
        let written = look.written();
        assert!(
            written.bytes().all(|byte| byte.is_ascii_graphic() && !b";,\"\\".contains(&byte)),
            "{written}"
        );
        let cookie = HeaderValue::try_from(format!("a=b; {COOKIE}={written}")).unwrap();
        assert_eq!(Look::of(&[(http::header::COOKIE, cookie)].into_iter().collect()), look);
    }

    #[test]
    fn what_is_not_known_is_left_out() {
        for query in [
            "",
            "primaryColorLight=red",
            "primaryColorLight=28bb93;}*{}",
            "primaryColorDark=url(x)",
            "fontFamily=Comic%20Sans",
            "icon=javascript:alert(1)",
            "icon=data:image/png,x",
            "darkMode=auto",
            "hideNavigation=false",
            "host=https://evil.example",
        ] {
            assert_eq!(Look::read(query), Look::default(), "{query}");
        }
    }
}
