//! What a section of the configuration is made of.
//!
//! A section is declared once, by [`section!`]: the doc comment of a field is what the reference and the code's
//! documentation say, its initialiser is the default, and its type decides what may be written.

use super::value::Value;

/// One key of a section.
#[derive(Debug, Clone, Copy)]
pub(super) struct Key {
    /// Its name inside the section.
    pub name: &'static str,
    /// What it does, for operators; Markdown.
    pub about: &'static str,
    /// How a value is written, such as `duration`.
    pub form: &'static str,
    /// Whether its value must never be shown, and may be given in a file of its own.
    pub secret: bool,
}

/// A group of keys with a common prefix.
pub(super) trait Section {
    /// What the keys begin with, without the dot; empty at the top level.
    fn prefix(&self) -> &'static str;
    /// What the section is for, for operators; Markdown.
    fn about(&self) -> &'static str;
    /// Its keys, in the order of the reference.
    fn keys(&self) -> &'static [Key];
    /// Sets the key at `index`. The error is a sentence without the key's name.
    fn set(&mut self, index: usize, value: &Value) -> Result<(), String>;
    /// The value of the key at `index`, as it would be written; secrets are not shown.
    fn show(&self, index: usize) -> String;
}

/// Declares a section: a struct with defaults whose fields are configuration keys.
macro_rules! section {
    (
        $(#[doc = $about:literal])+
        $name:ident at $prefix:literal {
            $( $(#[doc = $doc:literal])+ $field:ident: $type:ty = $default:expr, )+
        }
    ) => {
        $(#[doc = $about])+
        #[derive(Debug, Clone, PartialEq)]
        pub struct $name {
            $( $(#[doc = $doc])+ pub $field: $type, )+
        }

        impl Default for $name {
            fn default() -> Self {
                Self { $( $field: $default, )+ }
            }
        }

        impl $crate::config::section::Section for $name {
            fn prefix(&self) -> &'static str {
                $prefix
            }

            fn about(&self) -> &'static str {
                concat!($($about),+)
            }

            fn keys(&self) -> &'static [$crate::config::section::Key] {
                use $crate::config::value::Setting;
                &[$(
                    $crate::config::section::Key {
                        name: stringify!($field),
                        about: concat!($($doc),+),
                        form: <$type as Setting>::FORM,
                        secret: <$type as Setting>::SECRET,
                    },
                )+]
            }

            fn set(&mut self, index: usize, value: &$crate::config::value::Value) -> Result<(), String> {
                use $crate::config::value::Setting;
                let setters: &[fn(&mut Self, &$crate::config::value::Value) -> Result<(), String>] = &[$(
                    |section, value| <$type as Setting>::read(value).map(|read| section.$field = read),
                )+];
                setters[index](self, value)
            }

            fn show(&self, index: usize) -> String {
                use $crate::config::value::Setting;
                let getters: &[fn(&Self) -> String] = &[$( |section| Setting::show(&section.$field), )+];
                getters[index](self)
            }
        }
    };
}

pub(super) use section;
