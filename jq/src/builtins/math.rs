//! Builtins on numbers.

use jaq_core::native::Fun;

use super::table::Engine;
use crate::value::{Error, Value, ValueResult, error};

/// Functions of C's mathematics library that jq has under the same name, as the engine's library provides them.
const FUNCTIONS: &[&str] = &[
    "acos",
    "acosh",
    "asin",
    "asinh",
    "atan",
    "atanh",
    "atan2",
    "cbrt",
    "copysign",
    "cos",
    "cosh",
    "erf",
    "erfc",
    "exp",
    "exp10",
    "exp2",
    "expm1",
    "fdim",
    "fma",
    "fmax",
    "fmin",
    "fmod",
    "frexp",
    "hypot",
    "ilogb",
    "j0",
    "j1",
    "jn",
    "ldexp",
    "lgamma",
    "log",
    "log10",
    "log1p",
    "log2",
    "modf",
    "nextafter",
    "pow",
    "remainder",
    "scalbln",
    "sin",
    "sinh",
    "sqrt",
    "tan",
    "tanh",
    "tgamma",
    "y0",
    "y1",
    "yn",
];

pub(super) fn natives() -> impl Iterator<Item = Fun<Engine>> {
    jaq_std::extra_funs::<Engine>().filter(|(name, _, _)| FUNCTIONS.contains(name))
}

fn number(value: &Value) -> Result<f64, Error> {
    value.as_f64().ok_or_else(|| error(format!("{} number required", value.described())))
}

pub(super) fn round(value: &Value, round: fn(f64) -> f64) -> ValueResult {
    number(value).map(|number| Value::float(round(number)))
}

/// What is below 0 is negated, which fails for null; all else passes through.
pub(super) fn abs(value: Value) -> ValueResult {
    if value < Value::int(0) { -value } else { Ok(value) }
}

/// The logarithm of the absolute value of the gamma function, and its sign.
pub(super) fn lgamma_r(value: Value) -> ValueResult {
    let number = number(&value)?;
    let (logarithm, sign) = libm::lgamma_r(number);
    Ok([Value::float(logarithm), Value::float(f64::from(sign))].into_iter().collect())
}
