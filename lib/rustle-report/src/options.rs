//! What shapes the output. The caller fills it from flags, `ansible.cfg` and the environment.

use crate::color::Palette;

/// Choices of the user. The defaults are Ansible's.
#[derive(Clone, Debug)]
pub struct Options {
    /// How many `-v`.
    pub verbosity: u8,
    /// Colours, or none.
    pub palette: Option<Palette>,
    /// The terminal's width, where stdout is one. Banners are never narrower than 80.
    pub terminal_width: Option<usize>,
    /// `--check` was given.
    pub check: bool,
    /// `display_skipped_hosts`
    pub skipped_hosts: bool,
    /// `display_ok_hosts`
    pub ok_hosts: bool,
    /// `display_failed_stderr`
    pub failed_to_stderr: bool,
    /// `show_custom_stats`
    pub custom_stats: bool,
    /// `check_mode_markers`
    pub check_markers: bool,
    /// `show_per_host_start`
    pub per_host_start: bool,
    /// `show_task_path_on_failure`
    pub path_on_failure: bool,
    /// `display_args_to_stdout`
    pub args: bool,
    /// `callback_result_format: yaml`
    pub yaml: bool,
    /// `callback_format_pretty`: `None` where the user did not say.
    pub pretty: Option<bool>,
    /// `callback_result_indentation`
    pub indent: usize,
    /// What programs printed and messages stand below a result, as they are (the format `debug`).
    pub apart: bool,
    /// What `--diff` makes is shown.
    pub diffs: bool,
    /// `system_warnings`, `action_warnings`: warnings of modules are shown.
    pub action_warnings: bool,
    /// `deprecation_warnings`
    pub deprecations: bool,
    /// Whether to say, after the recap, how hosts were reached.
    pub say_methods: bool,
}

impl Default for Options {
    fn default() -> Self {
        Options {
            verbosity: 0,
            palette: None,
            terminal_width: None,
            check: false,
            skipped_hosts: true,
            ok_hosts: true,
            failed_to_stderr: false,
            custom_stats: false,
            check_markers: false,
            per_host_start: false,
            path_on_failure: false,
            args: false,
            yaml: false,
            pretty: None,
            indent: 4,
            apart: false,
            diffs: true,
            action_warnings: true,
            deprecations: true,
            say_methods: false,
        }
    }
}
