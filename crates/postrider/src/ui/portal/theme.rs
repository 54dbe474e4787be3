//! The colours of the operator's product, as a stylesheet.
//!
//! A colour that was asked for is a wish: text in it, and text on it, must be readable on everything that the pages have.
//! What is too bright for the light theme gets darker until it is, what is too dark for the dark theme brighter.

use std::fmt::{self, Write as _};

use axum::Router;
use axum::extract::RawQuery;
use axum::response::{IntoResponse as _, Response};
use axum::routing::get;
use http::header;
use url::form_urlencoded::Serializer;

use super::look::Look;

/// Where the stylesheet is.
const PATH: &str = "/portal/theme.css";
/// The least contrast of text: what WCAG asks for at level AA.
const CONTRAST: f64 = 4.5;
/// The darkest ground of the light theme, and the brightest of the dark one (see `postrider.css`).
pub(super) const GROUNDS: [Colour; 2] = [Colour([0xf3, 0xf3, 0xf0]), Colour([0x1c, 0x1f, 0x23])];
/// The ends towards which a colour moves, and what then stands on it: white on dark, nearly black on bright.
const ENDS: [Colour; 2] = [Colour([0, 0, 0]), Colour([0xff, 0xff, 0xff])];
pub(super) const ON: [Colour; 2] = [Colour([0xff, 0xff, 0xff]), Colour([0x10, 0x12, 0x14])];
/// How much of a colour is in the ground of what is chosen.
const MARK: f64 = 0.1;
/// Steps from a colour to the end.
const STEPS: u32 = 50;

/// Typefaces that can be asked for. Nothing is loaded: each is what a system may have, and what it has instead.
pub(in crate::ui) const FONTS: [(&str, &str); 12] = [
    ("Arial", "Arial, Helvetica, sans-serif"),
    ("Courier New", "\"Courier New\", monospace"),
    ("Georgia", "Georgia, serif"),
    ("Helvetica", "Helvetica, Arial, sans-serif"),
    ("Inter", "Inter, system-ui, sans-serif"),
    ("Roboto", "Roboto, system-ui, sans-serif"),
    ("Segoe UI", "\"Segoe UI\", system-ui, sans-serif"),
    ("Tahoma", "Tahoma, Verdana, sans-serif"),
    ("Times New Roman", "\"Times New Roman\", serif"),
    ("Verdana", "Verdana, sans-serif"),
    ("monospace", "ui-monospace, monospace"),
    ("serif", "ui-serif, serif"),
];

/// A colour, as red, green and blue.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::ui) struct Colour([u8; 3]);

/// What can be asked for.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(in crate::ui) struct Colours {
    /// Of the light theme.
    pub(in crate::ui) light: Option<Colour>,
    /// Of the dark theme; that of the light one where there is none.
    pub(in crate::ui) dark: Option<Colour>,
    /// The name of a typeface.
    pub(in crate::ui) font: Option<&'static str>,
}

pub(super) fn router() -> Router {
    Router::new().route(PATH, get(serve))
}

/// The same address has the same answer for ever.
async fn serve(RawQuery(query): RawQuery) -> Response {
    let colours = Look::read(&query.unwrap_or_default()).colours;
    let headers = [
        (header::CONTENT_TYPE, "text/css; charset=utf-8"),
        (header::CACHE_CONTROL, "public, max-age=31536000, immutable"),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    ];
    (headers, colours.stylesheet()).into_response()
}

impl Colours {
    /// The path of their stylesheet, where anything was asked for.
    pub(super) fn path(&self) -> Option<String> {
        if *self == Self::default() {
            return None;
        }
        let mut query = Serializer::new(String::new());
        self.write(&mut query);
        Some(format!("{PATH}?{}", query.finish()))
    }

    /// Writes them as they are asked for.
    pub(super) fn write(&self, query: &mut Serializer<'_, String>) {
        for (name, colour) in [("primaryColorLight", self.light), ("primaryColorDark", self.dark)] {
            if let Some(colour) = colour {
                query.append_pair(name, &colour.to_string()[1..]);
            }
        }
        if let Some(font) = self.font {
            query.append_pair("fontFamily", font);
        }
    }

    fn stylesheet(&self) -> String {
        let mut css = String::from(":root {\n");
        if let Some(asked) = self.light.or(self.dark) {
            let light = asked.readable(0);
            let dark = self.dark.unwrap_or(asked).readable(1);
            let [paper, night] = GROUNDS;
            for (name, light, dark) in [
                ("accent", light, dark),
                ("on-accent", ON[0], ON[1]),
                ("mark", paper.towards(light, MARK), night.towards(dark, MARK)),
            ] {
                let _ = writeln!(css, "  --{name}: light-dark({light}, {dark});");
            }
        }
        if let Some((_, stack)) = self.font.and_then(font_stack) {
            let _ = writeln!(css, "  --text: {stack};");
        }
        css.push_str("}\n");
        css
    }
}

/// The typeface of this name in any case, with what is used where it is not there.
pub(super) fn font_stack(name: &str) -> Option<(&'static str, &'static str)> {
    FONTS.into_iter().find(|(known, _)| known.eq_ignore_ascii_case(name.trim()))
}

impl Colour {
    /// Reads `28bb93`, `#28bb93`, `#2b9` or `rgb(40, 187, 147)`.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let text = text.trim();
        if let Some(inner) = text.strip_prefix("rgb(").and_then(|rest| rest.strip_suffix(')')) {
            let parts: Vec<u8> = inner.split(',').map_while(|part| part.trim().parse().ok()).collect();
            return (inner.split(',').count() == 3).then(|| parts.try_into().ok().map(Self)).flatten();
        }
        let digits = text.strip_prefix('#').unwrap_or(text);
        let digit = |at: usize| {
            char::from(digits.as_bytes()[at]).to_digit(16).and_then(|digit| u8::try_from(digit).ok())
        };
        let pair = |high: usize, low: usize| Some(digit(high)? * 16 + digit(low)?);
        match digits.len() {
            3 => Some(Self([pair(0, 0)?, pair(1, 1)?, pair(2, 2)?])),
            6 => Some(Self([pair(0, 1)?, pair(2, 3)?, pair(4, 5)?])),
            _ => None,
        }
    }

    /// The nearest colour on the way to the end of a theme (0 is light, 1 dark) that can be read on its grounds, and on which
    /// text can be read.
    pub(super) fn readable(self, theme: usize) -> Self {
        let ground = GROUNDS[theme];
        let is_readable = |colour: &Self| {
            let mark = ground.towards(*colour, MARK);
            [ground, mark, ON[theme]].into_iter().all(|other| colour.contrast(other) >= CONTRAST)
        };
        let mut ways = (0..=STEPS).map(|step| self.towards(ENDS[theme], f64::from(step) / f64::from(STEPS)));
        ways.find(is_readable).unwrap_or(ENDS[theme])
    }

    /// The colour that has this share of `other`.
    fn towards(self, other: Self, share: f64) -> Self {
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "between two bytes")]
        let mix =
            |one: u8, other: u8| (f64::from(one) * (1.0 - share) + f64::from(other) * share).round() as u8;
        Self(std::array::from_fn(|at| mix(self.0[at], other.0[at])))
    }

    /// The contrast of two colours, from 1 to 21, as WCAG defines it.
    pub(super) fn contrast(self, other: Self) -> f64 {
        let (one, other) = (self.luminance(), other.luminance());
        (one.max(other) + 0.05) / (one.min(other) + 0.05)
    }

    fn luminance(self) -> f64 {
        let linear = self.0.map(|byte| {
            let value = f64::from(byte) / 255.0;
            if value <= 0.040_45 { value / 12.92 } else { ((value + 0.055) / 1.055).powf(2.4) }
        });
        0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
    }
}

impl fmt::Display for Colour {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [red, green, blue] = self.0;
        write!(f, "#{red:02x}{green:02x}{blue:02x}")
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn colours_are_read_in_their_usual_forms() {
        let green = Some(Colour([0x28, 0xbb, 0x93]));
        for text in ["28bb93", "#28BB93", "rgb(40,187,147)", " rgb(40, 187, 147) "] {
            assert_eq!(Colour::parse(text), green, "{text}");
        }
        assert_eq!(Colour::parse("#2b9"), Some(Colour([0x22, 0xbb, 0x99])));
        for text in [
            "",
            "#",
            "red",
            "#28bb9",
            "#28bb93ff",
            "rgb(1,2)",
            "rgb(1,2,3,4)",
            "rgb(1,2,256)",
            "ä8bb9",
            "#+8bb93",
        ] {
            assert_eq!(Colour::parse(text), None, "{text}");
        }
    }

    #[test]
    fn contrast_is_that_of_the_definition() {
        let (black, white) = (ENDS[0], ENDS[1]);
        assert!((black.contrast(white) - 21.0).abs() < 1e-9);
        assert!((Colour([0x76; 3]).contrast(white) - 4.54).abs() < 0.01);
    }

    #[test]
    fn a_stylesheet_has_nothing_but_what_was_checked() {
        let colours = Look::read("primaryColorLight=ffff00&fontFamily=segoe%20ui").colours;
        let css = colours.stylesheet();
        assert!(css.contains("--text: \"Segoe UI\", system-ui, sans-serif;"), "{css}");
        assert!(css.contains("--accent: light-dark(#") && !css.contains("light-dark(#ffff00"), "{css}");
        assert!(css.contains("#ffff00);"), "bright enough for the dark theme: {css}");
        assert_eq!(Colours::default().path(), None);
        assert_eq!(
            colours.path().as_deref(),
            Some("/portal/theme.css?primaryColorLight=ffff00&fontFamily=Segoe+UI")
        );
    }

    proptest! {
        #[test]
        fn every_colour_can_be_read(red: u8, green: u8, blue: u8) {
            for theme in 0..2 {
                let colour = Colour([red, green, blue]).readable(theme);
                for other in [GROUNDS[theme], GROUNDS[theme].towards(colour, MARK), ON[theme]] {
                    prop_assert!(colour.contrast(other) >= CONTRAST, "{colour} on {other}");
                }
            }
        }
    }
}
