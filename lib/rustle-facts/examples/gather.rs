//! Prints this machine's facts as JSON, for `scripts/compare-facts`: `gather [SUBSET,… [FILTER,…]]`; with TIME set,
//! prints the milliseconds of each of ten runs instead.

use rustle_facts::{GatherOptions, gather};
use rustle_value::{JsonStyle, Value, to_json_string};
use std::io::Write;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let list = |n: usize| std::env::args().nth(n).map(|s| s.split(',').map(str::to_owned).collect::<Vec<_>>());
    let options = GatherOptions {
        gather_subset: list(1).unwrap_or_else(|| vec!["all".into()]),
        filter: list(2).unwrap_or_default(),
        python: std::env::var("PYTHON").ok(),
        ..GatherOptions::default()
    };
    let mut out = std::io::stdout().lock();
    if std::env::var_os("TIME").is_some() {
        for _ in 0..10 {
            let start = std::time::Instant::now();
            gather(&options)?;
            writeln!(out, "{:.1}", start.elapsed().as_secs_f64() * 1000.0)?;
        }
        return Ok(());
    }
    writeln!(out, "{}", to_json_string(&Value::dict(gather(&options)?), &JsonStyle::pretty(2)))?;
    Ok(())
}
