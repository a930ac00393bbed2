//! `rustle-template`: the Cargo project of a runner. The work is in `rustle-build`.

fn main() -> std::process::ExitCode {
    rustle_cli::stage::main::<rustle_build::TemplateStage>()
}
