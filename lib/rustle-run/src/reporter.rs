//! Which format shows a run, and what is printed beside it: `--output`, `stdout_callback`, `callbacks_enabled`.
//!
//! What a user names for this run alone must be there. A setting was written for Ansible, and may name callbacks in
//! Python: the run goes on without them, and a warning says so.

use rustle_cli::config::Config;
use rustle_report::callbacks::{self, Callback, Given};
use rustle_report::{Format, Options, Report, formats};
use std::io::Write;

/// What shows a run.
pub struct Reporter<'w> {
    pub report: Box<dyn Report + 'w>,
    pub format: &'static Format,
    /// What a person should be told first.
    pub warnings: Vec<String>,
}

/// The format `asked` for, or else that of the settings, with the callbacks of the settings. Each writes to an `out`.
/// `None` where there is no format of the name that was asked for.
pub fn reporter<'w>(config: &Config, asked: Option<&str>, options: Options, out: &dyn Fn() -> Box<dyn Write + 'w>) -> Option<Reporter<'w>> {
    let mut warnings = Vec::new();
    let format = match asked {
        Some(name) => formats::find(name)?,
        None => configured(config, &mut warnings)?,
    };
    let mut report = (format.create)(options.clone(), out(), Box::new(std::io::stderr()));
    // A program that reads the output expects nothing else in it.
    let enabled = if format.for_programs { Vec::new() } else { enabled(config, &mut warnings) };
    if !enabled.is_empty() {
        report = callbacks::accompany(report, enabled, options, out(), callbacks::clock());
    }
    Some(Reporter { report, format, warnings })
}

/// The format that the settings name; `default` where that is a callback in Python.
fn configured(config: &Config, warnings: &mut Vec<String>) -> Option<&'static Format> {
    let name = config.text("DEFAULT_STDOUT_CALLBACK").unwrap_or_else(|| "default".into());
    formats::find(&name).or_else(|| {
        warnings.push(format!(
            "Could not load '{name}' callback plugin: rustle runs no callback plugins in Python, so 'default' shows the run. Native are: {}.",
            formats::list()
        ));
        formats::find("default")
    })
}

/// The callbacks that the settings enable, each once, in their order.
fn enabled(config: &Config, warnings: &mut Vec<String>) -> Vec<(&'static Callback, Given)> {
    let mut found: Vec<(&'static Callback, Given)> = Vec::new();
    for name in config.list("CALLBACKS_ENABLED") {
        match callbacks::find(&name) {
            Some(c) if found.iter().any(|(f, _)| f.name == c.name) => {}
            Some(c) => {
                let given = given(config, c);
                match c.check(&given) {
                    Ok(()) => found.push((c, given)),
                    Err(e) => warnings.push(format!("Failed to load callback plugin '{name}': {e}")),
                }
            }
            // Not enabled, but chosen: Ansible passes over these, too.
            None if formats::find(&name).is_some() => {}
            None => warnings.push(format!("Skipping callback plugin '{name}', unable to load: rustle runs no callback plugins in Python")),
        }
    }
    found
}

/// A callback's settings, as the environment and `ansible.cfg` have them.
fn given(config: &Config, callback: &Callback) -> Given {
    let value = |s: &callbacks::Setting| {
        std::env::var(s.env).ok().or_else(|| config.raw.get(&format!("{}.{}", s.section, s.ini)).filter(|_| !s.ini.is_empty()).map(rustle_value::py_str))
    };
    Given(callback.settings.iter().filter_map(|s| Some((s.key, value(s)?))).collect())
}
