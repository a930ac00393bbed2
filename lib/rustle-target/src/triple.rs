//! Names of platforms: what users write, corrected to the names that rustc knows.

use crate::TargetError;
use std::str::FromStr;
use target_lexicon::Triple;

/// Platforms that runners are made for, or could be. The first of each processor is the usual one.
pub const KNOWN: &[&str] = &[
    "x86_64-unknown-linux-gnu",
    "x86_64-unknown-linux-musl",
    "aarch64-unknown-linux-gnu",
    "aarch64-unknown-linux-musl",
    "aarch64-linux-android",
    "armv7-unknown-linux-gnueabihf",
    "armv7-unknown-linux-musleabihf",
    "arm-unknown-linux-gnueabihf",
    "arm-unknown-linux-musleabihf",
    "arm-unknown-linux-gnueabi",
    "arm-unknown-linux-musleabi",
    "i686-unknown-linux-gnu",
    "i686-unknown-linux-musl",
    "riscv64gc-unknown-linux-gnu",
    "riscv64gc-unknown-linux-musl",
    "powerpc64le-unknown-linux-gnu",
    "powerpc64le-unknown-linux-musl",
    "s390x-unknown-linux-gnu",
    "loongarch64-unknown-linux-gnu",
    "loongarch64-unknown-linux-musl",
    "x86_64-unknown-freebsd",
    "aarch64-unknown-freebsd",
    "x86_64-unknown-netbsd",
    "x86_64-unknown-openbsd",
    "x86_64-unknown-illumos",
    "x86_64-apple-darwin",
    "aarch64-apple-darwin",
    "x86_64-pc-windows-gnu",
    "x86_64-pc-windows-msvc",
    "aarch64-pc-windows-msvc",
];

/// The name that rustc uses for what a user wrote: `x86_64-linux-musl`, `arm64-apple-darwin`.
///
/// # Errors
/// [`TargetError::UnknownTriple`], with the nearest known name.
pub fn normalise(name: &str) -> Result<String, TargetError> {
    let name = name.trim();
    let bare = match name.rsplit_once('-') {
        Some((_, last)) if versioned(last) => name.split_once('.').map_or(name, |(n, _)| n),
        _ => name,
    };
    if KNOWN.contains(&bare) {
        return Ok(bare.to_owned());
    }
    let wanted = Triple::from_str(bare).ok().map(essence);
    if let Some(same) = wanted.and_then(|w| KNOWN.iter().find(|k| Triple::from_str(k).ok().map(essence).as_ref() == Some(&w))) {
        return Ok((*same).to_owned());
    }
    Err(TargetError::UnknownTriple { name: name.to_owned(), nearest: nearest(bare) })
}

/// Whether the last part of a name ends in a version: zig's way to say which glibc (`x86_64-unknown-linux-gnu.2.17`), a
/// system's release (`arm64-apple-darwin23.1.0`).
fn versioned(last: &str) -> bool {
    let Some((system, version)) = last.split_once('.') else { return false };
    let some = ["gnu", "darwin", "macos"].iter().any(|s| system.starts_with(s));
    some && version.split('.').all(|n| n.parse::<u32>().is_ok())
}

/// What makes two spellings the same platform. The vendor says nothing that matters here.
fn essence(t: Triple) -> (String, String, String) {
    let arch = match t.architecture.to_string().as_str() {
        "arm64" => "aarch64".to_owned(),
        "amd64" => "x86_64".to_owned(),
        "riscv64" => "riscv64gc".to_owned(),
        "i386" | "i586" => "i686".to_owned(),
        other => other.to_owned(),
    };
    let env = t.environment.to_string();
    let system = match t.operating_system.to_string().as_str() {
        os if os.starts_with("darwin") || os.starts_with("macosx") || os.starts_with("macos") => "darwin".to_owned(),
        os => os.to_owned(),
    };
    let env = if env == "unknown" && system == "linux" { "gnu".to_owned() } else { env };
    (arch, system, env)
}

/// The known name that takes the fewest changes to write, if it takes few.
pub fn nearest(name: &str) -> Option<String> {
    // Many write the name without its vendor.
    let far = |k: &str| distance(name, k).min(distance(name, &k.replace("-unknown", "")));
    let (best, far) = KNOWN.iter().map(|k| (k, far(k))).min_by_key(|(_, d)| *d)?;
    (far <= name.len() / 2).then(|| (*best).to_owned())
}

/// How many characters differ: to be put in, taken out or replaced.
pub fn distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.chars().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, y) in b.iter().enumerate() {
            let cost = (diagonal + usize::from(x != *y)).min(row[j] + 1).min(row[j + 1] + 1);
            diagonal = std::mem::replace(&mut row[j + 1], cost);
        }
    }
    row[b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spellings() {
        for (given, want) in [
            ("x86_64-unknown-linux-musl", "x86_64-unknown-linux-musl"),
            ("x86_64-linux-musl", "x86_64-unknown-linux-musl"),
            ("x86_64-unknown-linux-gnu.2.17", "x86_64-unknown-linux-gnu"),
            ("x86_64-pc-linux-gnu", "x86_64-unknown-linux-gnu"),
            ("arm64-apple-darwin", "aarch64-apple-darwin"),
            ("arm64-apple-darwin23.1.0", "aarch64-apple-darwin"),
            ("i386-linux-gnu.2.28", "i686-unknown-linux-gnu"),
            ("armv7-linux-musleabihf", "armv7-unknown-linux-musleabihf"),
            ("x86_64-w64-windows-gnu", "x86_64-pc-windows-gnu"),
            ("riscv64-linux-gnu", "riscv64gc-unknown-linux-gnu"),
        ] {
            assert_eq!(normalise(given).as_deref(), Ok(want), "{given}");
        }
    }

    #[test]
    fn unknown_names_get_the_nearest() {
        let text = |n: &str| normalise(n).unwrap_err().to_string();
        assert_eq!(text("x86_64-unknown-linux-mussl"), "unknown platform 'x86_64-unknown-linux-mussl'; did you mean 'x86_64-unknown-linux-musl'?");
        assert_eq!(text("aarch6-unknown-linux-gnu"), "unknown platform 'aarch6-unknown-linux-gnu'; did you mean 'aarch64-unknown-linux-gnu'?");
        assert!(text("aarch64-linux-mussl").ends_with("did you mean 'aarch64-unknown-linux-musl'?"));
        assert_eq!(text("x86_64-linux-musl.1"), "unknown platform 'x86_64-linux-musl.1'; did you mean 'x86_64-unknown-linux-musl'?");
        assert_eq!(text("x86_64-linux-gnu.new"), "unknown platform 'x86_64-linux-gnu.new'; did you mean 'x86_64-unknown-linux-gnu'?");
        assert_eq!(text("toaster"), "unknown platform 'toaster'");
    }

    #[test]
    fn every_known_name_is_a_triple() {
        for k in KNOWN {
            assert!(Triple::from_str(k).is_ok(), "{k}");
            assert_eq!(normalise(k).as_deref(), Ok(*k));
        }
    }
}
