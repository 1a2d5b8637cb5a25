//! The tool `add`: whole numbers are added exactly, others as `f64`.

use super::fault::Fault;

/// The sum of two numbers, from JSON text to JSON text.
pub(super) fn sum(a: &str, b: &str) -> Result<String, Fault> {
    let exact = a.parse::<i128>().ok().zip(b.parse::<i128>().ok());
    if let Some(sum) = exact.and_then(|(a, b)| a.checked_add(b)) {
        return Ok(sum.to_string());
    }
    let sum = float("a", a)? + float("b", b)?;
    if !sum.is_finite() {
        return Err(Fault::invalid_params("params.arguments: a + b is out of range"));
    }
    // 3, not 3.0: JSON knows only one kind of number, and so do its readers.
    if sum.fract() == 0.0 && sum.abs() < WHOLE_MAX {
        return Ok(format!("{sum:.0}"));
    }
    Ok(serde_json::Value::from(sum).to_string())
}

fn float(name: &'static str, json: &str) -> Result<f64, Fault> {
    json.parse()
        .ok()
        .filter(|number: &f64| number.is_finite())
        .ok_or_else(|| Fault::invalid_params(format!("params.arguments.{name} is out of range")))
}

/// Below this every whole `f64` is written with digits alone and means itself: 2^53.
const WHOLE_MAX: f64 = 9_007_199_254_740_992.0;
