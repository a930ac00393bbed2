//! zig's names of platforms.

/// The glibc to link against: an old one, for every host that lives. RISC-V came later.
pub fn glibc(triple: &str) -> &'static str {
    if triple.starts_with("riscv64") { "2.27" } else { "2.17" }
}

/// What zig calls a platform; `None` where it has none.
pub fn target(triple: &str) -> Option<String> {
    let (arch, rest) = triple.split_once('-')?;
    let arch = match arch {
        "armv7" | "arm" => "arm",
        "i686" => "x86",
        "riscv64gc" => "riscv64",
        "x86_64" | "aarch64" | "powerpc64le" | "s390x" | "loongarch64" => arch,
        _ => return None,
    };
    let system = match rest {
        "apple-darwin" => "macos".to_owned(),
        "pc-windows-gnu" => "windows-gnu".to_owned(),
        "unknown-freebsd" => "freebsd".to_owned(),
        "unknown-netbsd" => "netbsd".to_owned(),
        _ => {
            let env = rest.strip_prefix("unknown-linux-")?;
            if env.starts_with("gnu") { format!("linux-{env}.{}", glibc(triple)) } else { format!("linux-{env}") }
        }
    };
    Some(format!("{arch}-{system}"))
}

#[cfg(test)]
mod tests {
    use super::target;

    #[test]
    fn names() {
        for (triple, want) in [
            ("x86_64-unknown-linux-gnu", Some("x86_64-linux-gnu.2.17")),
            ("riscv64gc-unknown-linux-gnu", Some("riscv64-linux-gnu.2.27")),
            ("armv7-unknown-linux-musleabihf", Some("arm-linux-musleabihf")),
            ("i686-unknown-linux-musl", Some("x86-linux-musl")),
            ("aarch64-apple-darwin", Some("aarch64-macos")),
            ("x86_64-pc-windows-gnu", Some("x86_64-windows-gnu")),
            ("x86_64-pc-windows-msvc", None),
        ] {
            assert_eq!(target(triple).as_deref(), want);
        }
    }
}
