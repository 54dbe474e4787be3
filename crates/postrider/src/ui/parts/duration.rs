//! Durations in words.

use std::time::Duration;

/// A measured time: three digits that matter, in the unit that suits it.
pub(crate) fn clock(took: Duration) -> String {
    let millis = took.as_secs_f64() * 1000.0;
    match millis {
        _ if millis < 9.95 => format!("{millis:.1} ms"),
        _ if millis < 999.5 => format!("{millis:.0} ms"),
        _ if millis < 99_500.0 => format!("{:.1} s", millis / 1000.0),
        _ => span(took),
    }
}

/// A planned or long time, in its two largest units: `4 min 10 s`, `2 h`.
pub(crate) fn span(time: Duration) -> String {
    const UNITS: [(&str, u64); 4] = [("d", 86_400), ("h", 3_600), ("min", 60), ("s", 1)];
    let seconds = time.as_secs();
    let Some(at) = UNITS.iter().position(|(_, size)| seconds >= *size) else { return "0 s".to_owned() };
    let (unit, size) = UNITS[at];
    let (whole, rest) = (seconds / size, seconds % size);
    match UNITS.get(at + 1) {
        Some((next, size)) if rest / size > 0 => format!("{whole} {unit} {} {next}", rest / size),
        _ => format!("{whole} {unit}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn measured_times_keep_the_digits_that_matter() {
        for (micros, text) in [
            (0, "0.0 ms"),
            (840, "0.8 ms"),
            (9_949, "9.9 ms"),
            (9_951, "10 ms"),
            (412_000, "412 ms"),
            (999_600, "1.0 s"),
            (15_020_000, "15.0 s"),
            (125_000_000, "2 min 5 s"),
        ] {
            assert_eq!(clock(Duration::from_micros(micros)), text, "{micros}");
        }
    }

    #[test]
    fn long_times_have_two_units_at_most() {
        for (seconds, text) in [
            (0, "0 s"),
            (59, "59 s"),
            (250, "4 min 10 s"),
            (7_200, "2 h"),
            (7_230, "2 h"),
            (100_000, "1 d 3 h"),
            (864_000, "10 d"),
        ] {
            assert_eq!(span(Duration::from_secs(seconds)), text, "{seconds}");
        }
    }
}
