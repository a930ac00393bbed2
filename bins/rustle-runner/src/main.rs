//! The runner: see the `rustle-runner` library.

fn main() -> std::process::ExitCode {
    rustle_runner::main()
}
