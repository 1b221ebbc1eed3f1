//! The natives by name and number of arguments.

use jaq_core::native::{Fun, bome, v};
use jaq_core::{Bind, Native};

use super::{arrays, control, dates, formats, math, objects, paths, regex, strings};
use crate::value::Value;

/// The engine over our values.
pub(crate) type Engine = jaq_core::data::JustLut<Value>;

/// A native of no, one, two or three arguments that yields one value from its input and the arguments' values.
macro_rules! native {
    ($name:literal, 0, $run:expr) => {
        ($name, v(0), Native::new(|cv| bome($run(cv.1))))
    };
    ($name:literal, 1, $run:expr) => {
        (
            $name,
            v(1),
            Native::new(|mut cv| {
                let first = cv.0.pop_var();
                bome($run(cv.1, first))
            }),
        )
    };
    ($name:literal, 2, $run:expr) => {
        (
            $name,
            v(2),
            Native::new(|mut cv| {
                let second = cv.0.pop_var();
                let first = cv.0.pop_var();
                bome($run(cv.1, first, second))
            }),
        )
    };
    ($name:literal, 3, $run:expr) => {
        (
            $name,
            v(3),
            Native::new(|mut cv| {
                let third = cv.0.pop_var();
                let second = cv.0.pop_var();
                let first = cv.0.pop_var();
                bome($run(cv.1, first, second, third))
            }),
        )
    };
}

/// Whether a native of this name takes that many values. Such a call evaluates its last argument first.
pub(crate) fn is_native(name: &str, arguments: usize) -> bool {
    natives().any(|(native, binds, _)| {
        native == name && binds.len() == arguments && binds.iter().all(|bind| matches!(bind, Bind::Var(())))
    })
}

/// All natives.
pub(crate) fn natives() -> impl Iterator<Item = Fun<Engine>> {
    // The core's own generators work on values and on paths; the prelude wraps those that jq treats in another way.
    let core = jaq_core::funs::<Engine>().filter_map(|(name, binds, native)| {
        let name = match name {
            "path" | "first" | "last" => name,
            "limit" => "__limit",
            "skip" => "__skip",
            _ => return None,
        };
        Some((name, binds, native))
    });
    core.chain(control::natives()).chain(values()).chain(texts()).chain(numbers()).chain(math::natives())
}

fn values() -> impl Iterator<Item = Fun<Engine>> {
    [
        native!("length", 0, objects::length),
        native!("type", 0, |value: Value| Ok(Value::text(value.type_name()))),
        native!("keys", 0, objects::keys),
        native!("keys_unsorted", 0, objects::keys_unsorted),
        native!("__keys", 0, objects::entry_keys),
        native!("has", 1, objects::has),
        native!("contains", 1, objects::contains),
        native!("__like", 1, objects::like),
        native!("__entry_key", 0, objects::entry_key),
        native!("add", 0, arrays::add),
        native!("join", 1, arrays::join),
        native!("flatten", 0, |value| arrays::flatten(value, Value::float(f64::INFINITY))),
        native!("flatten", 1, arrays::flatten),
        native!("reverse", 0, arrays::reverse),
        native!("sort", 0, arrays::sort),
        native!("unique", 0, arrays::unique),
        native!("min", 0, arrays::min),
        native!("max", 0, arrays::max),
        native!("__sort_by", 1, arrays::sort_by),
        native!("__group_by", 1, arrays::group_by),
        native!("__min_by", 1, arrays::min_by),
        native!("__max_by", 1, arrays::max_by),
        native!("indices", 1, arrays::indices),
        native!("bsearch", 1, arrays::bsearch),
        native!("toarray", 0, arrays::toarray),
        native!("setpath", 2, paths::setpath),
        native!("delpaths", 1, paths::delpaths),
    ]
    .into_iter()
}

fn texts() -> impl Iterator<Item = Fun<Engine>> {
    [
        native!("tostring", 0, strings::tostring),
        native!("tojson", 0, strings::tojson),
        native!("fromjson", 0, strings::fromjson),
        native!("tonumber", 0, strings::tonumber),
        native!("toboolean", 0, strings::toboolean),
        native!("startswith", 1, strings::startswith),
        native!("endswith", 1, strings::endswith),
        native!("ltrimstr", 1, strings::ltrimstr),
        native!("rtrimstr", 1, strings::rtrimstr),
        native!("trimstr", 1, strings::trimstr),
        native!("trim", 0, strings::trim),
        native!("ltrim", 0, strings::ltrim),
        native!("rtrim", 0, strings::rtrim),
        native!("explode", 0, strings::explode),
        native!("implode", 0, strings::implode),
        native!("ascii_downcase", 0, strings::ascii_downcase),
        native!("ascii_upcase", 0, strings::ascii_upcase),
        native!("utf8bytelength", 0, strings::utf8bytelength),
        native!("split", 1, strings::split),
        native!("format", 1, formats::format),
        native!("@text", 0, strings::tostring),
        native!("@json", 0, strings::tojson),
        native!("@csv", 0, formats::csv),
        native!("@tsv", 0, formats::tsv),
        native!("@html", 0, formats::html),
        native!("@uri", 0, formats::uri),
        native!("@urid", 0, formats::urid),
        native!("@sh", 0, formats::sh),
        native!("@base64", 0, formats::base64),
        native!("@base64d", 0, formats::base64d),
        native!("@base32", 0, formats::base32),
        native!("@base32d", 0, formats::base32d),
        native!("__match", 1, |value, pattern| regex::unpacked(&pattern)
            .and_then(|(p, f)| regex::matches(value, p, f))),
        native!("__match", 2, regex::matches),
        native!("__test", 1, |value, pattern| regex::unpacked(&pattern).and_then(|(p, f)| regex::test(value, p, f))),
        native!("__test", 2, regex::test),
        native!("__split", 2, regex::split),
        native!("__captured", 0, regex::captured),
        native!("__splice", 3, regex::splice),
    ]
    .into_iter()
}

fn numbers() -> impl Iterator<Item = Fun<Engine>> {
    [
        native!("floor", 0, |value| math::round(&value, f64::floor)),
        native!("ceil", 0, |value| math::round(&value, f64::ceil)),
        native!("round", 0, |value| math::round(&value, f64::round)),
        native!("trunc", 0, |value| math::round(&value, f64::trunc)),
        native!("rint", 0, |value| math::round(&value, f64::round_ties_even)),
        native!("nearbyint", 0, |value| math::round(&value, f64::round_ties_even)),
        native!("abs", 0, math::abs),
        native!("fabs", 0, |value| math::round(&value, f64::abs)),
        native!("infinite", 0, |_| Ok(Value::float(f64::INFINITY))),
        native!("nan", 0, |_| Ok(Value::float(f64::NAN))),
        native!("isinfinite", 0, |value: Value| Ok(value.as_f64().is_some_and(f64::is_infinite).into())),
        native!("isnan", 0, |value: Value| Ok(value.as_f64().is_some_and(f64::is_nan).into())),
        native!("isnormal", 0, |value: Value| Ok(value.as_f64().is_some_and(f64::is_normal).into())),
        native!("lgamma_r", 0, math::lgamma_r),
        native!("now", 0, dates::now),
        native!("gmtime", 0, dates::gmtime),
        native!("localtime", 0, dates::gmtime),
        native!("mktime", 0, dates::mktime),
        native!("strftime", 1, dates::strftime),
        native!("strflocaltime", 1, dates::strflocaltime),
        native!("strptime", 1, dates::strptime),
    ]
    .into_iter()
}
