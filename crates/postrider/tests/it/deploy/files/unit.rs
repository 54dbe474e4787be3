//! Units of systemd.

/// The settings of a unit and its drop-ins, in order.
pub(crate) struct Unit(Vec<(String, String)>);

impl Unit {
    /// The files of `deploy/systemd/`, read one after another.
    pub(crate) fn read(names: &[&str]) -> Self {
        let text: String = names.iter().map(|name| super::text(&format!("systemd/{name}"))).collect();
        let lines = text.lines().filter(|line| !line.starts_with(['#', '[']) && !line.is_empty());
        let pairs = lines.map(|line| line.split_once('=').unwrap_or_else(|| panic!("{line} sets nothing")));
        Self(pairs.map(|(key, value)| (key.to_owned(), value.to_owned())).collect())
    }

    /// All values of `key`.
    pub(crate) fn all<'a>(&'a self, key: &str) -> impl Iterator<Item = &'a str> {
        self.0.iter().filter(move |(name, _)| name == key).map(|(_, value)| value.as_str())
    }

    /// The value of `key`, which must stand there once.
    pub(crate) fn one(&self, key: &str) -> &str {
        let values: Vec<_> = self.all(key).collect();
        assert_eq!(values.len(), 1, "{key}: {values:?}");
        values[0]
    }

    /// The variables that the server starts with, with the specifiers of systemd filled in.
    pub(crate) fn environment(&self) -> Vec<(String, String)> {
        let pairs = self.all("Environment").map(|pair| pair.split_once('=').unwrap());
        pairs
            .map(|(name, value)| {
                (name.to_owned(), value.replace("%S", "/var/lib").replace("%d", "/run/credentials"))
            })
            .collect()
    }
}
