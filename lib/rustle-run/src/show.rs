//! How results are shown, as flags, settings and the terminal have it.

use rustle_cli::config::Config;
use rustle_report::{Options, Palette};
use std::io::IsTerminal;

/// Width of the terminal on stdout, where it is one.
fn width() -> Option<usize> {
    if !std::io::stdout().is_terminal() {
        return None;
    }
    // SAFETY: winsize is plain data that the call fills or leaves alone.
    let columns = unsafe {
        let mut w: libc::winsize = std::mem::zeroed();
        if libc::ioctl(1, libc::TIOCGWINSZ, &mut w) == 0 { usize::from(w.ws_col) } else { 0 }
    };
    Some(if columns == 0 { 80 } else { columns })
}

/// The report's options.
pub fn options(config: &Config, verbosity: u8, check: bool, ansible: bool) -> Options {
    let color = |name: &str, default: String| config.text(name).unwrap_or(default);
    let d = Palette::default();
    let palette = Palette {
        ok: color("COLOR_OK", d.ok),
        changed: color("COLOR_CHANGED", d.changed),
        skip: color("COLOR_SKIP", d.skip),
        included: color("COLOR_INCLUDED", d.included),
        error: color("COLOR_ERROR", d.error),
        unreachable: color("COLOR_UNREACHABLE", d.unreachable),
        warn: color("COLOR_WARN", d.warn),
        deprecate: color("COLOR_DEPRECATE", d.deprecate),
        verbose: color("COLOR_VERBOSE", d.verbose),
        debug: color("COLOR_DEBUG", d.debug),
        diff_add: color("COLOR_DIFF_ADD", d.diff_add),
        diff_remove: color("COLOR_DIFF_REMOVE", d.diff_remove),
        diff_lines: color("COLOR_DIFF_LINES", d.diff_lines),
    };
    let forced = config.flag("ANSIBLE_FORCE_COLOR");
    let forbidden = config.flag("ANSIBLE_NOCOLOR") || std::env::var_os("NO_COLOR").is_some();
    let pretty = config.get("CALLBACK_FORMAT_PRETTY");
    Options {
        verbosity,
        palette: rustle_report::formats::palette(std::io::stdout().is_terminal(), forced, forbidden, palette),
        terminal_width: width(),
        check,
        skipped_hosts: config.flag("DISPLAY_SKIPPED_HOSTS"),
        ok_hosts: config.flag("DISPLAY_OK_HOSTS"),
        failed_to_stderr: config.flag("DISPLAY_FAILED_STDERR"),
        custom_stats: config.flag("SHOW_CUSTOM_STATS"),
        check_markers: config.flag("CHECK_MODE_MARKERS"),
        per_host_start: config.flag("SHOW_PER_HOST_START"),
        path_on_failure: config.flag("SHOW_TASK_PATH_ON_FAILURE"),
        args: config.flag("DISPLAY_ARGS_TO_STDOUT"),
        yaml: config.text("CALLBACK_RESULT_FORMAT").is_some_and(|f| f == "yaml"),
        pretty: if pretty.is_null() { None } else { Some(pretty.truthy()) },
        indent: config.get("CALLBACK_RESULT_INDENTATION").as_i64().and_then(|n| usize::try_from(n).ok()).unwrap_or(4),
        apart: false,
        diffs: true,
        action_warnings: config.flag("ACTION_WARNINGS"),
        deprecations: config.flag("DEPRECATION_WARNINGS"),
        say_methods: !ansible,
    }
}
