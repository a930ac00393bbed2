//! Runs one module from the shell, for trying things out: a request's JSON on stdin, the result's JSON on stdout.
//!
//! `echo '{"module": "stat", "args": {"path": "/tmp"}}' | cargo run --example module`

use std::io::{Read, Write};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut text = String::new();
    std::io::stdin().read_to_string(&mut text)?;
    let request = serde_json::from_str(&text)?;
    let result = rustle_modules::run(&request);
    writeln!(std::io::stdout(), "{}", serde_json::to_string(&result)?)?;
    Ok(())
}
