//! Builtins on numbers.

use jaq_core::Native;
use jaq_core::native::{Fun, bome, v};

use super::table::Engine;
use crate::value::{Error, Value, ValueResult, error};

/// A function of C's mathematics library that jq has under the same name. Those that the standard library has are that
/// library's own, to the last digit.
macro_rules! function {
    ($name:literal, |$x:ident| $run:expr) => {
        ($name, v(0), Native::new(|cv| bome(number(&cv.1).map(|$x| Value::float($run)))))
    };
    ($name:literal, |$x:ident, $y:ident| $run:expr) => {
        (
            $name,
            v(2),
            Native::new(|mut cv| {
                let (second, first) = (cv.0.pop_var(), cv.0.pop_var());
                bome(number(&first).and_then(|$x| number(&second).map(|$y| Value::float($run))))
            }),
        )
    };
}

pub(super) fn natives() -> impl Iterator<Item = Fun<Engine>> {
    unary().into_iter().chain(binary()).chain(others())
}

fn unary() -> [Fun<Engine>; 35] {
    [
        function!("acos", |x| x.acos()),
        function!("acosh", |x| libm::acosh(x)),
        function!("asin", |x| x.asin()),
        function!("asinh", |x| libm::asinh(x)),
        function!("atan", |x| x.atan()),
        function!("atanh", |x| libm::atanh(x)),
        function!("cbrt", |x| x.cbrt()),
        function!("cos", |x| x.cos()),
        function!("cosh", |x| x.cosh()),
        function!("erf", |x| libm::erf(x)),
        function!("erfc", |x| libm::erfc(x)),
        function!("exp", |x| x.exp()),
        function!("exp10", |x| libm::exp10(x)),
        function!("exp2", |x| x.exp2()),
        function!("expm1", |x| x.exp_m1()),
        function!("gamma", |x| libm::lgamma(x)),
        function!("j0", |x| libm::j0(x)),
        function!("j1", |x| libm::j1(x)),
        function!("lgamma", |x| libm::lgamma(x)),
        function!("log", |x| x.ln()),
        function!("log10", |x| x.log10()),
        function!("log1p", |x| x.ln_1p()),
        function!("log2", |x| x.log2()),
        function!("logb", |x| logb(x)),
        function!("pow10", |x| libm::exp10(x)),
        function!("significand", |x| significand(x)),
        function!("sin", |x| x.sin()),
        function!("sinh", |x| x.sinh()),
        function!("sqrt", |x| x.sqrt()),
        function!("tan", |x| x.tan()),
        function!("tanh", |x| x.tanh()),
        function!("tgamma", |x| libm::tgamma(x)),
        function!("y0", |x| libm::y0(x)),
        function!("y1", |x| libm::y1(x)),
        function!("ilogb", |x| f64::from(libm::ilogb(x))),
    ]
}

fn binary() -> [Fun<Engine>; 17] {
    [
        function!("atan2", |x, y| x.atan2(y)),
        function!("copysign", |x, y| x.copysign(y)),
        function!("drem", |x, y| libm::remainder(x, y)),
        function!("fdim", |x, y| libm::fdim(x, y)),
        function!("fmax", |x, y| libm::fmax(x, y)),
        function!("fmin", |x, y| libm::fmin(x, y)),
        function!("fmod", |x, y| x % y),
        function!("hypot", |x, y| x.hypot(y)),
        function!("jn", |x, y| bessel(libm::jn, x, y)),
        function!("ldexp", |x, y| libm::ldexp(x, int(y))),
        function!("nextafter", |x, y| libm::nextafter(x, y)),
        function!("nexttoward", |x, y| libm::nextafter(x, y)),
        function!("pow", |x, y| x.powf(y)),
        function!("remainder", |x, y| libm::remainder(x, y)),
        function!("scalb", |x, y| scalb(x, y)),
        function!("scalbln", |x, y| libm::scalbn(x, clamped(long(y)))),
        function!("yn", |x, y| bessel(libm::yn, x, y)),
    ]
}

fn others() -> [Fun<Engine>; 3] {
    [
        ("frexp", v(0), Native::new(|cv| bome(frexp(&cv.1)))),
        ("modf", v(0), Native::new(|cv| bome(modf(&cv.1)))),
        (
            "fma",
            v(3),
            Native::new(|mut cv| {
                let (third, second, first) = (cv.0.pop_var(), cv.0.pop_var(), cv.0.pop_var());
                bome(fma(&first, &second, &third))
            }),
        ),
    ]
}

fn pair(first: f64, second: f64) -> Value {
    [Value::float(first), Value::float(second)].into_iter().collect()
}

fn frexp(value: &Value) -> ValueResult {
    let number = number(value)?;
    let (fraction, exponent) = if number.is_finite() { libm::frexp(number) } else { (number, 0) };
    Ok(pair(fraction, f64::from(exponent)))
}

fn modf(value: &Value) -> ValueResult {
    let number = number(value)?;
    let whole = number.trunc();
    let fraction = if number.is_infinite() { 0.0_f64.copysign(number) } else { number - whole };
    Ok(pair(fraction, whole))
}

fn fma(first: &Value, second: &Value, third: &Value) -> ValueResult {
    Ok(Value::float(number(first)?.mul_add(number(second)?, number(third)?)))
}

/// A double as C's `int`: what does not fit becomes the least one.
fn int(value: f64) -> i32 {
    #[expect(clippy::cast_possible_truncation, reason = "checked to be in range")]
    if value > -2_147_483_649.0 && value < 2_147_483_648.0 { value as i32 } else { i32::MIN }
}

/// A double as C's `long`: what does not fit becomes the least one.
fn long(value: f64) -> i64 {
    #[expect(clippy::cast_possible_truncation, reason = "checked to be in range")]
    if value.abs() < 9_223_372_036_854_775_808.0 { value as i64 } else { i64::MIN }
}

fn clamped(value: i64) -> i32 {
    i32::try_from(value).unwrap_or(if value < 0 { i32::MIN } else { i32::MAX })
}

/// Work in proportion to the order: too high a one ends the evaluation.
fn bessel(function: fn(i32, f64) -> f64, order: f64, value: f64) -> f64 {
    let order = int(order);
    let steps = usize::try_from(order.unsigned_abs()).unwrap_or(usize::MAX);
    if crate::budget::spend(steps).is_err() { f64::NAN } else { function(order, value) }
}

fn scalb(value: f64, exponent: f64) -> f64 {
    match exponent {
        _ if value.is_nan() || exponent.is_nan() => f64::NAN,
        _ if exponent == f64::INFINITY => value * exponent,
        _ if exponent == f64::NEG_INFINITY => value / -exponent,
        _ if exponent.fract() != 0.0 => f64::NAN,
        _ => libm::scalbn(value, int(exponent.clamp(-65_000.0, 65_000.0))),
    }
}

fn logb(value: f64) -> f64 {
    if value == 0.0 {
        f64::NEG_INFINITY
    } else if value.is_infinite() {
        f64::INFINITY
    } else if value.is_nan() {
        value
    } else {
        f64::from(libm::ilogb(value))
    }
}

fn significand(value: f64) -> f64 {
    if value == 0.0 || !value.is_finite() { value } else { libm::scalbn(value, -libm::ilogb(value)) }
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
