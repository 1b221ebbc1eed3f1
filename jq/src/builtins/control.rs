//! Natives that yield several values or none, that work on paths, or that end the evaluation.

use jaq_core::box_iter::{BoxIter, box_once};
use jaq_core::native::{Fun, v};
use jaq_core::{Exn, Native, ValX};

use super::table::Engine;
use crate::budget::{self, MAX_VALUE_DEPTH};
use crate::value::{Error, Value, error, exceeded, index};

/// Exit code of the exception that ends an evaluation at a limit. `halt` uses 0.
const LIMIT: i32 = 1;

fn end<'a>() -> Exn<'a, Value> {
    Exn::halt(LIMIT)
}

pub(super) fn natives() -> impl Iterator<Item = Fun<Engine>> {
    constants().into_iter().chain(ticks()).chain(others())
}

fn constants() -> [Fun<Engine>; 5] {
    [
        ("true", v(0), Native::new(|_| box_once(Ok(Value::Bool(true))))),
        ("false", v(0), Native::new(|_| box_once(Ok(Value::Bool(false))))),
        ("null", v(0), Native::new(|_| box_once(Ok(Value::Null))).with_paths(|cv| box_once(Ok((Value::Null, cv.1.1))))),
        ("not", v(0), Native::new(|cv| box_once(Ok(Value::Bool(!cv.1.is_true()))))),
        ("empty", v(0), Native::new(|_| Box::new(std::iter::empty())).with_paths(|_| Box::new(std::iter::empty()))),
    ]
}

/// `__tick` stands at the start of recursive definitions, `__closure` in those that pass filters on, `__step` before
/// generators and now and then in deeply nested terms. All yield their input, as a path too.
fn ticks() -> [Fun<Engine>; 3] {
    macro_rules! tick {
        ($name:literal, $count:expr) => {
            (
                $name,
                v(0),
                Native::new(|cv| box_once($count.map(|()| cv.1).map_err(|_| end()))).with_paths(|cv| {
                    let (value, path) = cv.1;
                    // A longer path fits into no value; dropping it would take stack.
                    let levels = if path.skip(MAX_VALUE_DEPTH as usize).head().is_some() { u32::MAX } else { 0 };
                    let count = $count.and_then(|()| budget::depth(levels));
                    box_once(count.map(|()| (value, path)).map_err(|_| end()))
                }),
            )
        };
    }
    [
        tick!("__tick", budget::call()),
        tick!("__closure", budget::call().and_then(|()| budget::closure())),
        tick!("__step", budget::stack().and_then(|()| budget::spend(1))),
    ]
}

fn others() -> [Fun<Engine>; 8] {
    [
        (
            "error",
            v(0),
            Native::new(|cv| box_once(Err(Exn::from(Error::new(cv.1)))))
                .with_paths(|cv| box_once(Err(Exn::from(Error::new(cv.1.0))))),
        ),
        (
            "error",
            v(1),
            Native::new(|mut cv| box_once(Err(Exn::from(Error::new(cv.0.pop_var())))))
                .with_paths(|mut cv| box_once(Err(Exn::from(Error::new(cv.0.pop_var()))))),
        ),
        (
            "getpath",
            v(1),
            Native::new(|mut cv| {
                let path = cv.0.pop_var();
                box_once(get_path(cv.1, &path, |_| ()).map_err(Exn::from))
            })
            .with_paths(|mut cv| {
                let path = cv.0.pop_var();
                let (value, mut before) = cv.1;
                let value = get_path(value, &path, |key| before = std::mem::take(&mut before).cons(key.clone()));
                box_once(value.map(|value| (value, before)).map_err(Exn::from))
            }),
        ),
        (
            "__range",
            v(3),
            Native::new(|mut cv| {
                let by = cv.0.pop_var();
                let upto = cv.0.pop_var();
                let from = cv.0.pop_var();
                range(&from, &upto, &by)
            }),
        ),
        ("halt", v(0), Native::new(|_| box_once(Err(Exn::halt(0))))),
        ("halt_error", v(0), Native::new(|_| box_once(Err(Exn::halt(0))))),
        ("halt_error", v(1), Native::new(|_| box_once(Err(Exn::halt(0))))),
        ("debug", v(0), identity()),
    ]
}

fn identity() -> Native<Engine> {
    Native::new(|cv| box_once(Ok(cv.1))).with_paths(|cv| box_once(Ok(cv.1)))
}

/// The value at a path.
fn get_path(value: Value, path: &Value, mut visit: impl FnMut(&Value)) -> Result<Value, Error> {
    let keys = path.as_items().ok_or_else(|| error("Path must be specified as an array"))?;
    budget::spend(keys.len()).map_err(exceeded)?;
    if keys.len() > MAX_VALUE_DEPTH as usize {
        return budget::depth(u32::MAX).map(|()| Value::Null).map_err(exceeded);
    }
    let mut value = value;
    for key in keys {
        visit(key);
        value = index(&value, key)?;
    }
    Ok(value)
}

/// The numbers from the first bound up to, but not including, the second.
fn range<'a>(from: &Value, upto: &Value, by: &Value) -> BoxIter<'a, ValX<'a, Value>> {
    let (Some(from), Some(upto), Some(by)) = (from.as_f64(), upto.as_f64(), by.as_f64()) else {
        return box_once(Err(Exn::from(error("Range bounds must be numeric"))));
    };
    let mut next = from;
    Box::new(std::iter::from_fn(move || {
        // NaN is below every number.
        let more = if by > 0.0 { next < upto } else { (by < 0.0 || by.is_nan()) && next > upto };
        if !more {
            return None;
        }
        let value = Value::float(next);
        next += by;
        if budget::spend(1).is_err() {
            next = upto;
            return Some(Err(end()));
        }
        Some(Ok(value))
    }))
}
