//! The time at Port, which a test may put forward.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use time::OffsetDateTime;
use time::macros::format_description;

/// The machine's clock with an offset.
#[derive(Debug, Default)]
pub(crate) struct Clock(Mutex<Duration>);

impl Clock {
    pub(crate) fn now(&self) -> OffsetDateTime {
        OffsetDateTime::now_utc() + *self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn advance(&self, by: Duration) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) += by;
    }
}

/// As in bodies: `2024-05-06T07:08:09.123Z`.
pub(crate) fn iso(time: OffsetDateTime) -> String {
    let form = format_description!("[year]-[month]-[day]T[hour]:[minute]:[second].[subsecond digits:3]Z");
    time.format(form).unwrap_or_default()
}

/// As in the `Date` header: `Mon, 06 May 2024 07:08:09 GMT`.
pub(crate) fn http_date(time: OffsetDateTime) -> String {
    let form =
        format_description!("[weekday repr:short], [day] [month repr:short] [year] [hour]:[minute]:[second] GMT");
    time.format(form).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use time::macros::datetime;

    #[test]
    fn forms() {
        let time = datetime!(2024-05-06 07:08:09.123456 UTC);
        assert_eq!(super::iso(time), "2024-05-06T07:08:09.123Z");
        assert_eq!(super::http_date(time), "Mon, 06 May 2024 07:08:09 GMT");
    }
}
