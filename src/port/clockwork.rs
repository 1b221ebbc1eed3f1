//! Time shared by all calls: until when Port wants to be left alone, and what time it is there.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use http::HeaderMap;
use time::OffsetDateTime;

use super::answer::date;
use crate::http::{Clock, Moment};

/// Until when nobody may send, because Port asked one of us to wait.
#[derive(Debug, Default)]
pub(crate) struct Hold(Mutex<Option<Moment>>);

impl Hold {
    /// Nobody sends before `moment`.
    pub(crate) fn until(&self, moment: Moment) {
        let mut held = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        *held = held.map_or(Some(moment), |held| Some(held.max(moment)));
    }

    /// How long to wait still; `None` if not at all.
    pub(crate) fn wait(&self, now: Moment) -> Option<Duration> {
        let held = *self.0.lock().unwrap_or_else(PoisonError::into_inner);
        held.map(|moment| moment.since(now)).filter(|wait| !wait.is_zero())
    }
}

/// The time at Port, as its answers tell.
#[derive(Debug, Default)]
pub(crate) struct ServiceTime(Mutex<Option<(OffsetDateTime, Moment)>>);

impl ServiceTime {
    /// Takes the time of an answer that arrived just now.
    pub(crate) fn learn(&self, headers: &HeaderMap, clock: &dyn Clock) {
        if let Some(there) = date(headers) {
            let here = clock.now();
            *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some((there.into(), here));
        }
    }

    /// The time at Port now: that of the last answer and what passed since on the local clock, which runs evenly
    /// whatever the system's time does.
    pub(crate) fn now(&self, clock: &dyn Clock) -> Option<OffsetDateTime> {
        let (there, here) = (*self.0.lock().unwrap_or_else(PoisonError::into_inner))?;
        let passed = time::Duration::try_from(clock.now().since(here)).ok()?;
        there.checked_add(passed)
    }
}

/// A time as Port's own runtime writes it: UTC with microseconds and `+00:00`.
pub(crate) fn iso(time: OffsetDateTime) -> String {
    let time = time.to_offset(time::UtcOffset::UTC);
    format!(
        "{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:06}+00:00",
        time.year(),
        u8::from(time.month()),
        time.day(),
        time.hour(),
        time.minute(),
        time.second(),
        time.microsecond()
    )
}

/// The same with `Z`, as records of the log have it.
pub(crate) fn iso_z(time: OffsetDateTime) -> String {
    iso(time).replace("+00:00", "Z")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::ManualClock;

    #[test]
    fn the_longest_hold_counts() {
        let hold = Hold::default();
        assert_eq!(hold.wait(Moment::from_millis(0)), None);
        hold.until(Moment::from_millis(500));
        hold.until(Moment::from_millis(200));
        assert_eq!(hold.wait(Moment::from_millis(100)), Some(Duration::from_millis(400)));
        assert_eq!(hold.wait(Moment::from_millis(500)), None);
    }

    #[test]
    fn the_time_at_port_goes_on_from_its_last_answer() {
        let clock = ManualClock::standing(Moment::from_millis(7));
        let service = ServiceTime::default();
        assert_eq!(service.now(&clock), None);
        let headers = HeaderMap::from_iter([(http::header::DATE, "Sun, 06 Nov 1994 08:49:37 GMT".parse().unwrap())]);
        service.learn(&headers, &clock);
        clock.advance(Duration::from_millis(1500));
        assert_eq!(service.now(&clock).map(iso).as_deref(), Some("1994-11-06T08:49:38.500000+00:00"));
    }
}
