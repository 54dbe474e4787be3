//! The presets that are compiled in: a file for each family of schemes.

use std::collections::BTreeMap;
use std::sync::OnceLock;

use super::text;

/// Name and text of each file in `presets/`.
pub(super) const FILES: [(&str, &str); 9] = [
    ("asymmetric.toml", include_str!("../../../presets/asymmetric.toml")),
    ("base64.toml", include_str!("../../../presets/base64.toml")),
    ("body.toml", include_str!("../../../presets/body.toml")),
    ("context.toml", include_str!("../../../presets/context.toml")),
    ("fetched.toml", include_str!("../../../presets/fetched.toml")),
    ("hex.toml", include_str!("../../../presets/hex.toml")),
    ("hmac.toml", include_str!("../../../presets/hmac.toml")),
    ("timestamped.toml", include_str!("../../../presets/timestamped.toml")),
    ("token.toml", include_str!("../../../presets/token.toml")),
];

/// All tables of all files.
pub(super) fn tables() -> &'static BTreeMap<String, toml::Table> {
    static TABLES: OnceLock<BTreeMap<String, toml::Table>> = OnceLock::new();
    TABLES.get_or_init(|| {
        let read = |(_, text): &(&str, &str)| text::tables(text).expect("a test reads every file");
        FILES.iter().flat_map(read).collect()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_file_is_embedded_and_no_name_stands_twice() {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/presets");
        let mut files: Vec<_> = std::fs::read_dir(folder)
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        files.sort();
        assert_eq!(files, FILES.map(|(name, _)| name));
        let names: usize = FILES
            .iter()
            .map(|(name, text)| {
                text::tables(text).unwrap_or_else(|invalid| panic!("{name}: {invalid}")).len()
            })
            .sum();
        assert_eq!(names, tables().len());
    }

    #[test]
    fn every_preset_can_be_read() {
        for name in tables().keys() {
            if let Err(invalid) = text::read_all([name], tables()) {
                panic!("{invalid}");
            }
        }
    }
}
