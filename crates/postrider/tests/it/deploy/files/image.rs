//! The Dockerfile.

/// A Dockerfile: what its stages are made from, and the instructions of the last one.
pub(crate) struct Image {
    /// The images of the stages, in order.
    pub(crate) bases: Vec<String>,
    /// All of it, with continued lines joined and comments dropped.
    pub(crate) lines: Vec<String>,
    last_stage: usize,
}

impl Image {
    /// The one that we have.
    pub(crate) fn read() -> Self {
        let mut lines = vec![String::new()];
        for line in super::text("docker/Dockerfile").lines().map(str::trim) {
            if line.starts_with('#') || line.is_empty() {
                continue;
            }
            let open = lines.last_mut().unwrap();
            if let Some(part) = line.strip_suffix('\\') {
                open.push_str(part);
            } else {
                open.push_str(line);
                lines.push(String::new());
            }
        }
        assert_eq!(lines.pop().as_deref(), Some(""), "the last line is not continued");
        let bases = lines.iter().filter_map(|line| line.strip_prefix("FROM "));
        let bases = bases.map(|base| base.split(' ').next().unwrap().to_owned()).collect();
        let last_stage = lines.iter().rposition(|line| line.starts_with("FROM ")).unwrap();
        Self { bases, lines, last_stage }
    }

    /// What the last stage says after `instruction`, which must stand there once.
    pub(crate) fn says(&self, instruction: &str) -> &str {
        let mut found = self.lines[self.last_stage..]
            .iter()
            .filter_map(|line| line.strip_prefix(instruction)?.strip_prefix(' '));
        let said = found.next().unwrap_or_else(|| panic!("there is no {instruction}"));
        assert!(found.next().is_none(), "{instruction} stands there twice");
        said
    }

    /// The same, as the words of a command that needs no shell, which an empty image has not.
    pub(crate) fn command(&self, instruction: &str) -> Vec<String> {
        let said = self.says(instruction);
        let list = &said[said.find('[').unwrap_or_else(|| panic!("{instruction} is for a shell"))..];
        serde_json::from_str(list).unwrap()
    }

    /// The variables that containers start with.
    pub(crate) fn environment(&self) -> Vec<(String, String)> {
        let pairs = self.says("ENV").split_whitespace().map(|pair| pair.split_once('=').unwrap());
        pairs.map(|(name, value)| (name.to_owned(), value.trim_matches('"').to_owned())).collect()
    }
}
