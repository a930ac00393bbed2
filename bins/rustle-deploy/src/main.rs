//! `rustle-deploy`: see the library of that name.

fn main() -> std::process::ExitCode {
    rustle_deploy::main()
}
