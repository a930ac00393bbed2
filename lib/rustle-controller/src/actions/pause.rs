//! `pause`: waits for a time, or for a person.

use super::{Action, failed, text};
use rustle_stream::event::TaskEvent;
use rustle_value::{Value, dict};
use std::io::{BufRead, IsTerminal, Write};
use std::time::{Duration, Instant};

const BOOLEANS: &[&str] = &["yes", "no", "on", "off", "true", "false", "t", "f", "y", "n", "1", "0", "1.0", "0.0"];

pub(crate) static ACTION: Action = Action {
    name: "pause",
    run: |world, cx, args| {
        let options = ["echo", "minutes", "prompt", "seconds"];
        let unknown: Vec<String> = args.iter().map(|(k, _)| rustle_value::py_str(k)).filter(|k| !k.starts_with('_') && !options.contains(&k.as_str())).collect();
        if !unknown.is_empty() {
            let (unknown, known) = (unknown.join(", "), options.join(", "));
            return failed(format!("Unsupported parameters for (pause) module: {unknown}. Supported parameters include: {known}."));
        }
        if let Some(echo) = text(args, "echo").filter(|e| !BOOLEANS.contains(&e.to_lowercase().as_str())) {
            return failed(format!("argument 'echo' is of type str and we were unable to convert to bool: The value '{echo}' is not a valid boolean."));
        }
        let number = |key: &str| text(args, key).map(|t| t.parse::<f64>().map(|n| n.trunc()));
        let seconds = match (number("minutes"), number("seconds")) {
            (Some(Ok(m)), None) => Some(m * 60.0),
            (None, Some(Ok(s))) => Some(s),
            (None, None) => None,
            (Some(_), Some(_)) => return failed("parameters are mutually exclusive: minutes|seconds"),
            (Some(Err(_)), _) => return failed(not_an_int("minutes", args)),
            (_, Some(Err(_))) => return failed(not_an_int("seconds", args)),
        };
        if let Some(echo) = args.get("echo").filter(|v| !v.is_null() && rustle_engine::to_bool(v).is_none()) {
            return failed(format!(
                "argument 'echo' is of type {} and we were unable to convert to bool: The value {} is not a valid boolean. Valid booleans include: 'n', 1, 0, 'off', 'no', 'y', 'f', 'false', 'yes', 't', '1', 'true', 'on', '0'",
                echo.type_name(),
                rustle_value::py_repr(echo)
            ));
        }
        let start = Instant::now();
        let begun = now();
        let mut typed = String::new();
        match seconds {
            Some(s) => {
                let text = format!("Pausing for {} seconds", s.max(1.0));
                let told = TaskEvent::Told { position: cx.place.position.clone(), verbosity: 0, text };
                rustle_engine::World::event(world, told);
                let limit = args.get("_timeout").and_then(Value::as_i64).map(|t| (t, t as f64));
                if let Some((period, limit)) = limit.filter(|(_, limit)| *limit < s.max(1.0)) {
                    std::thread::sleep(Duration::from_secs_f64(limit));
                    return Ok(dict! {
                        "failed" => true,
                        "changed" => false,
                        "msg" => format!("Timed out after {period} second(s)."),
                        "timedout" => dict! { "frame" => "Configure `DISPLAY_TRACEBACK` to see a traceback on timeout errors.", "period" => period },
                    });
                }
                std::thread::sleep(Duration::from_secs_f64(s.max(1.0)));
            }
            None => {
                let stdin = std::io::stdin();
                if stdin.is_terminal() {
                    let prompt = text(args, "prompt").unwrap_or_else(|| "Press enter to continue, Ctrl+C to interrupt".into());
                    let mut out = std::io::stderr();
                    _ = write!(out, "{prompt}:\n").and_then(|()| out.flush());
                    _ = stdin.lock().read_line(&mut typed);
                } else {
                    rustle_engine::World::warning(world, "Not waiting for response to prompt as stdin is not interactive".into());
                }
            }
        }
        let elapsed = start.elapsed().as_secs_f64();
        let (unit, amount) = if text(args, "minutes").is_some() || seconds.is_none() { ("minutes", elapsed / 60.0) } else { ("seconds", elapsed) };
        Ok(dict! {
            "changed" => false,
            "rc" => 0,
            "stderr" => "",
            "stdout" => format!("Paused for {} {unit}", rustle_value::py_str(&Value::from((amount * 100.0).round() / 100.0))),
            "start" => begun,
            "stop" => now(),
            "delta" => elapsed as i64,
            "echo" => args.get("echo").and_then(rustle_engine::to_bool).unwrap_or(true),
            "user_input" => typed.trim_end_matches('\n'),
        })
    },
};

/// The local time as Ansible prints it, in UTC.
fn now() -> String {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
    let (days, rest) = (since.as_secs() / 86400, since.as_secs() % 86400);
    // Days to a date: <https://howardhinnant.github.io/date_algorithms.html#civil_from_days>.
    let z = days as i64 + 719_468;
    let era = z.div_euclid(146_097);
    let doe = z.rem_euclid(146_097);
    let yoe = (doe - doe / 1460 + doe / 36524 - doe / 146_096) / 365;
    let doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
    let mp = (5 * doy + 2) / 153;
    let (d, m) = (doy - (153 * mp + 2) / 5 + 1, if mp < 10 { mp + 3 } else { mp - 9 });
    let y = yoe + era * 400 + i64::from(m <= 2);
    format!("{y:04}-{m:02}-{d:02} {:02}:{:02}:{:02}.{:06}", rest / 3600, rest / 60 % 60, rest % 60, since.subsec_micros())
}

fn not_an_int(key: &str, args: &rustle_value::Dict) -> String {
    let v = args.get(key).cloned().unwrap_or_default();
    format!("argument '{key}' is of type {} and we were unable to convert to int: invalid literal for int() with base 10: {}", v.type_name(), rustle_value::py_repr(&v))
}
