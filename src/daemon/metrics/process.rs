//! Memory and processor time of this process, as Linux tells them; elsewhere nothing is shown.

use std::time::Duration;

/// What the process used so far.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Usage {
    /// Resident memory in bytes.
    pub(super) memory: u64,
    /// Processor time since the start.
    pub(super) processor: Duration,
}

/// Reads the usage; takes some microseconds.
pub(super) fn usage() -> Option<Usage> {
    let memory = resident(&std::fs::read_to_string("/proc/self/status").ok()?)?;
    let processor = processor_time(&std::fs::read_to_string("/proc/self/stat").ok()?)?;
    Some(Usage { memory, processor })
}

/// `VmRSS:   1234 kB`
fn resident(status: &str) -> Option<u64> {
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    line.trim().strip_suffix("kB")?.trim().parse::<u64>().ok()?.checked_mul(1024)
}

/// User and system time are the 14th and 15th field, in hundredths of a second on all Linux systems. The second
/// field, the name in brackets, may hold blanks.
fn processor_time(stat: &str) -> Option<Duration> {
    let (_, after_name) = stat.rsplit_once(')')?;
    let mut fields = after_name.split_ascii_whitespace().skip(11);
    let (user, system) = (fields.next()?.parse::<u64>().ok()?, fields.next()?.parse::<u64>().ok()?);
    Some(Duration::from_millis(user.checked_add(system)?.checked_mul(10)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_linux_writes_is_read() {
        assert_eq!(resident("Name:\tx\nVmRSS:\t    2048 kB\nThreads:\t3\n"), Some(2 << 20));
        let stat = "7 (a ) b) S 1 7 7 0 -1 4194560 1800 0 3 0 250 50 0 0 20 0 4 0 100 1000 200";
        assert_eq!(processor_time(stat), Some(Duration::from_secs(3)));
        for broken in ["", "7 (a)", "7 (a) S 1", "VmRSS:", "VmRSS: x kB"] {
            assert_eq!((resident(broken), processor_time(broken)), (None, None));
        }
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn this_process_uses_memory() {
        assert!(usage().unwrap().memory > 100_000);
    }
}
