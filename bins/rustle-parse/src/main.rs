//! `rustle-parse`: playbooks and inventories to records. The work is in `rustle-parse`.

fn main() -> std::process::ExitCode {
    rustle_cli::stage::main::<rustle_parse::ParseStage>()
}
