//! What the operating system says about this process, where it has `/proc`.

use std::time::Duration;

/// Sets the gauges of the process.
pub(super) fn record(uptime: Duration) {
    metrics::gauge!("postrider_uptime_seconds").set(uptime.as_secs_f64());
    if let Some(bytes) = resident_bytes() {
        metrics::gauge!("process_resident_memory_bytes").set(bytes as f64);
    }
    if let Ok(open) = std::fs::read_dir("/proc/self/fd") {
        metrics::gauge!("process_open_fds").set(open.count() as f64);
    }
}

fn resident_bytes() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    let kibibytes: u64 = line.trim().strip_suffix(" kB")?.parse().ok()?;
    Some(kibibytes * 1024)
}

#[cfg(test)]
mod tests {
    #[test]
    #[cfg(target_os = "linux")]
    fn linux_tells_the_resident_memory() {
        assert!(super::resident_bytes().is_some_and(|bytes| bytes > 1024 * 1024));
    }
}
