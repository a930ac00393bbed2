//! `rustle-caps`: what this machine can build runners with. The work is in `rustle-setup`.

fn main() -> std::process::ExitCode {
    rustle_cli::stage::main::<rustle_setup::CapsStage>()
}
