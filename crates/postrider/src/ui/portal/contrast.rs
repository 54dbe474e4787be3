//! How well a colour that was asked for can be read: what the dashboard says of it before customers see it.

use std::fmt;

use super::theme::{Colour, Colours, GROUNDS, ON};

/// The contrast of two colours, from 1 to 21, as WCAG defines it, with a word on it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(in crate::ui) struct Contrast(f64);

/// How a colour that was asked for does in one theme.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(in crate::ui) struct Reading {
    /// `light` or `dark`.
    pub(in crate::ui) theme: &'static str,
    /// What was asked for.
    pub(in crate::ui) asked: Colour,
    /// As text on the ground of the pages.
    pub(in crate::ui) as_text: Contrast,
    /// As the ground of a button's text.
    pub(in crate::ui) as_ground: Contrast,
    /// What the portal takes: the same where it can be read, and the nearest that can be otherwise.
    pub(in crate::ui) used: Colour,
}

impl Contrast {
    pub(in crate::ui) fn of(one: Colour, other: Colour) -> Self {
        Self(one.contrast(other))
    }

    /// Whether text of any size is as readable as WCAG asks at level AA.
    pub(in crate::ui) fn is_fine(self) -> bool {
        self.0 >= 4.5
    }

    const fn word(self) -> &'static str {
        match self.0 {
            7.0.. => "fine for any text",
            4.5.. => "fine for text",
            3.0.. => "only for large text and signs",
            _ => "too faint to read",
        }
    }
}

impl fmt::Display for Contrast {
    /// Such as `4.6:1, fine for text`. Never rounded up: 4.49 is not 4.5.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:.1}:1, {}", (self.0 * 10.0).floor() / 10.0, self.word())
    }
}

/// How the colours do in the two themes: nothing where none was asked for.
pub(in crate::ui) fn readings(colours: &Colours) -> Vec<Reading> {
    let asked = [colours.light.or(colours.dark), colours.dark.or(colours.light)];
    let of = |(theme, (name, asked)): (usize, (&'static str, Option<Colour>))| {
        let asked = asked?;
        Some(Reading {
            theme: name,
            asked,
            as_text: Contrast::of(asked, GROUNDS[theme]),
            as_ground: Contrast::of(asked, ON[theme]),
            used: asked.readable(theme),
        })
    };
    ["light", "dark"].into_iter().zip(asked).enumerate().filter_map(of).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_ratio_has_a_word() {
        for (one, other, expected) in [
            ("000000", "ffffff", "21.0:1, fine for any text"),
            ("595959", "ffffff", "7.0:1, fine for any text"),
            ("767676", "ffffff", "4.5:1, fine for text"),
            ("777777", "ffffff", "4.4:1, only for large text and signs"),
            ("949494", "ffffff", "3.0:1, only for large text and signs"),
            ("959595", "ffffff", "2.9:1, too faint to read"),
            ("ffff00", "ffffff", "1.0:1, too faint to read"),
            ("0b5cad", "0b5cad", "1.0:1, too faint to read"),
        ] {
            let (one, other) = (Colour::parse(one).unwrap(), Colour::parse(other).unwrap());
            assert_eq!(Contrast::of(one, other).to_string(), expected, "{one} on {other}");
            assert_eq!(Contrast::of(other, one), Contrast::of(one, other));
        }
    }

    #[test]
    fn one_colour_is_read_in_both_themes_and_kept_where_it_can_be() {
        assert_eq!(readings(&Colours::default()), []);
        let yellow = Colour::parse("ffff00");
        let [light, dark] = readings(&Colours { light: yellow, ..Colours::default() })[..] else {
            panic!("two themes")
        };
        assert!((light.theme, dark.theme) == ("light", "dark") && Some(light.asked) == yellow);
        assert!(!light.as_text.is_fine() && light.used != light.asked, "too bright: {light:?}");
        assert!(dark.as_text.is_fine() && dark.used == dark.asked, "{dark:?}");
    }
}
