//! Runs requests from stdin, one JSON object a line (`module`, `args`, `check`, `diff`), and prints a result a line:
//! what `scripts/compare-modules` drives.

use rustle_stream::protocol::ModuleRequest;
use rustle_value::{Dict, JsonStyle, Value, from_json, to_json_string};
use std::io::{BufRead, Write};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut out = std::io::stdout().lock();
    for line in std::io::stdin().lock().lines() {
        let request = from_json(serde_json::from_str(&line?)?);
        let flag = |k: &str| request.get(k).is_some_and(Value::truthy);
        let dict = |k: &str| request.get(k).and_then(Value::as_dict).cloned().unwrap_or_default();
        let result: Dict = rustle_modules::run(&ModuleRequest {
            module: request.get("module").map(Value::to_string).unwrap_or_default().into(),
            args: dict("args"),
            check: flag("check"),
            diff: flag("diff"),
            environment: dict("environment"),
            hints: dict("hints"),
            ..ModuleRequest::default()
        });
        writeln!(out, "{}", to_json_string(&Value::dict(result), &JsonStyle::default()))?;
        out.flush()?;
    }
    Ok(())
}
