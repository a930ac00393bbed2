//! `rustle-plan`: where each task runs, and why. The work is in `rustle-plan`.

fn main() -> std::process::ExitCode {
    rustle_cli::stage::main::<rustle_plan::PlanStage>()
}
