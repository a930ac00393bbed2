//! Makes a temporary file or folder with a unique name.

use crate::{Ctx, Failure, Module, Outcome, Params, PathArg, Support, params};
use std::fs;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::Path;

params! {
    /// Options of `tempfile`.
    pub struct Args {
        /// Whether to make a file or a folder.
        state: String => default("file"), choices(&["file", "directory"]);
        /// The folder in which it is made; the system's folder for temporary files otherwise.
        path: Option<PathArg>;
        /// What the name begins with.
        prefix: String => default("ansible.");
        /// What the name ends with.
        suffix: String => default("");
    }
}

const EXAMPLES: &str = "
- name: A temporary folder for a build
  ansible.builtin.tempfile:
    state: directory
    suffix: build
  register: build
";

pub static MODULE: Module = Module {
    check: Support::None,
    ..Module::new::<Args>("ansible.builtin.tempfile", "Makes temporary files and folders", EXAMPLES, |ctx, v| run(ctx, Args::read(v)?))
};

fn run(ctx: &mut Ctx, args: Args) -> Result<Outcome, Failure> {
    for (name, value) in [("prefix", &args.prefix), ("suffix", &args.suffix)] {
        if value.contains('/') {
            return Err(Failure::new(format!("{name} must be a valid file name component, got '{value}'")));
        }
    }
    let dir = args.path.map_or_else(|| ctx.env("TMPDIR").unwrap_or_else(|| "/tmp".into()), |p| p.0);
    for _ in 0..100 {
        let path = Path::new(&dir).join(format!("{}{}{}", args.prefix, random_name(), args.suffix));
        let made = if args.state == "directory" {
            fs::DirBuilder::new().mode(0o700).create(&path)
        } else {
            fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(&path).map(drop)
        };
        match made {
            Ok(()) => return Ok(Outcome::changed(true).with("path", path.to_string_lossy().into_owned())),
            Err(e) if e.kind() == std::io::ErrorKind::AlreadyExists => {}
            Err(e) => return Err(Failure::os(&e, &path.to_string_lossy())),
        }
    }
    Err(Failure::new(format!("No usable temporary name found in {dir}")))
}

/// Eight letters and digits.
fn random_name() -> String {
    use std::hash::{BuildHasher, Hasher};
    const SET: &[u8] = b"abcdefghijklmnopqrstuvwxyz0123456789_";
    let mut n = std::collections::hash_map::RandomState::new().build_hasher().finish();
    (0..8)
        .map(|_| {
            let c = SET[(n % SET.len() as u64) as usize];
            n /= SET.len() as u64;
            c as char
        })
        .collect()
}
