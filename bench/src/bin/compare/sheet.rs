//! The figures of one scenario: every run's value, their median, and ratios of medians.

use std::fmt;

use serde::Serialize;

/// What one scenario found.
#[derive(Debug, Serialize)]
pub(crate) struct Sheet {
    scenario: &'static str,
    figures: Vec<Figure>,
    ratios: Vec<Ratio>,
}

#[derive(Debug, Serialize)]
struct Figure {
    name: String,
    unit: &'static str,
    median: f64,
    runs: Vec<f64>,
}

#[derive(Debug, Serialize)]
struct Ratio {
    name: String,
    value: f64,
}

impl Sheet {
    pub(crate) fn new(scenario: &'static str) -> Self {
        Self { scenario, figures: Vec::new(), ratios: Vec::new() }
    }

    /// Adds the value of one more run to a figure.
    pub(crate) fn add(&mut self, name: &str, unit: &'static str, value: f64) {
        eprintln!("  {name}: {} {unit}", rounded(value));
        let found = self.figures.iter().position(|figure| figure.name == name);
        let index = found.unwrap_or_else(|| {
            self.figures.push(Figure { name: name.to_owned(), unit, median: 0.0, runs: Vec::new() });
            self.figures.len() - 1
        });
        let figure = &mut self.figures[index];
        figure.runs.push(value);
        figure.median = median(&figure.runs);
    }

    /// The median of a figure so far; `None` before its first value.
    pub(crate) fn median(&self, name: &str) -> Option<f64> {
        self.figures.iter().find(|figure| figure.name == name).map(|figure| figure.median)
    }

    /// Adds the ratio of two figures; nothing if one is missing or the lower is zero.
    pub(crate) fn ratio(&mut self, upper: &str, lower: &str) {
        if let (Some(above), Some(below)) = (self.median(upper), self.median(lower))
            && below > 0.0
        {
            self.ratios.push(Ratio { name: format!("{upper} / {lower}"), value: above / below });
        }
    }
}

impl fmt::Display for Sheet {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(out, "## {}\n\n| figure | median | unit | runs |\n|---|--:|---|---|", self.scenario)?;
        for Figure { name, unit, median, runs } in &self.figures {
            let runs: Vec<String> = runs.iter().map(|value| rounded(*value)).collect();
            writeln!(out, "| {name} | {} | {unit} | {} |", rounded(*median), runs.join(", "))?;
        }
        for Ratio { name, value } in &self.ratios {
            writeln!(out, "| {name} | {value:.2} | ratio | |")?;
        }
        Ok(())
    }
}

fn rounded(value: f64) -> String {
    if value.abs() >= 1000.0 { format!("{value:.0}") } else { format!("{value:.2}") }
}

fn median(values: &[f64]) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let middle = sorted.len() / 2;
    match sorted.len() {
        0 => 0.0,
        length if length % 2 == 1 => sorted[middle],
        _ => f64::midpoint(sorted[middle - 1], sorted[middle]),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_median_is_the_middle() {
        for (values, wanted) in
            [(&[] as &[f64], 0.0), (&[3.0], 3.0), (&[9.0, 1.0, 2.0], 2.0), (&[4.0, 1.0, 2.0, 3.0], 2.5)]
        {
            assert!((median(values) - wanted).abs() < 1e-9, "{values:?}");
        }
    }

    #[test]
    fn a_ratio_is_of_medians_and_needs_both() {
        let mut sheet = Sheet::new("test");
        for value in [10.0, 30.0, 20.0] {
            sheet.add("a", "1/s", value);
        }
        sheet.add("b", "1/s", 40.0);
        sheet.ratio("a", "b");
        sheet.ratio("a", "missing");
        let text = sheet.to_string();
        assert!(text.contains("| a | 20.00 | 1/s | 10.00, 30.00, 20.00 |"), "{text}");
        assert!(text.contains("| a / b | 0.50 | ratio | |"), "{text}");
        assert!(!text.contains("missing"));
    }
}
