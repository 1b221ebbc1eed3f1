//! The gauges by name.

/// A gauge with its labels; the order is that of the page.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Family {
    DurationSeconds,
    ObjectCount,
    Success,
    RateLimitWaitSeconds,
    CpuMax,
    CpuMedian,
    CpuAverage,
    MemoryMax,
    MemoryMedian,
    MemoryAverage,
    LatencyMax,
    LatencyMedian,
    LatencyAverage,
    ResponseSizeTotal,
    ResponseSizeAverage,
    ResponseSizeMedian,
}

impl Family {
    pub(super) const ALL: [Self; 16] = [
        Self::DurationSeconds,
        Self::ObjectCount,
        Self::Success,
        Self::RateLimitWaitSeconds,
        Self::CpuMax,
        Self::CpuMedian,
        Self::CpuAverage,
        Self::MemoryMax,
        Self::MemoryMedian,
        Self::MemoryAverage,
        Self::LatencyMax,
        Self::LatencyMedian,
        Self::LatencyAverage,
        Self::ResponseSizeTotal,
        Self::ResponseSizeAverage,
        Self::ResponseSizeMedian,
    ];

    /// Name and meaning.
    pub(super) const fn describe(self) -> (&'static str, &'static str) {
        match self {
            Self::DurationSeconds => ("duration_seconds", "Time that a phase took"),
            Self::ObjectCount => ("object_count", "Objects and entities by what became of them"),
            Self::Success => ("success", "1 where a phase ended complete, else 0"),
            Self::RateLimitWaitSeconds => ("rate_limit_wait_seconds", "Time spent waiting for rate limits"),
            Self::CpuMax => ("cpu_max_percent", "Highest use of processors, 100 for one"),
            Self::CpuMedian => ("cpu_median_percent", "Median use of processors, 100 for one"),
            Self::CpuAverage => ("cpu_avg_percent", "Average use of processors, 100 for one"),
            Self::MemoryMax => ("memory_max_bytes", "Highest resident memory"),
            Self::MemoryMedian => ("memory_median_bytes", "Median resident memory"),
            Self::MemoryAverage => ("memory_avg_bytes", "Average resident memory"),
            Self::LatencyMax => ("event_loop_latency_max_ms", "Longest delay of the event loop"),
            Self::LatencyMedian => ("event_loop_latency_median_ms", "Median delay of the event loop"),
            Self::LatencyAverage => ("event_loop_latency_avg_ms", "Average delay of the event loop"),
            Self::ResponseSizeTotal => ("response_size_total_bytes", "Bytes of all responses"),
            Self::ResponseSizeAverage => ("response_size_avg_bytes", "Average bytes of a response"),
            Self::ResponseSizeMedian => ("response_size_median_bytes", "Median bytes of a response"),
        }
    }
}
