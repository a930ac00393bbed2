//! Which runners would run on a host, best first.

use rustle_stream::record::Target;

/// Triples of runners for this host, in the order in which they are tried: the exact one (which can use the host's
/// name services), then a static one of the same processor, then one of a compatible smaller processor. Empty where
/// the platform is unknown.
pub fn runner_for(target: &Target) -> Vec<String> {
    let exact = target.triple.as_str();
    if exact.is_empty() {
        return Vec::new();
    }
    let mut list = vec![exact.to_owned()];
    // What the user made for this host is what it gets.
    if target.spec.is_some() || !target.rustflags.is_empty() {
        return list;
    }
    let mut add = |t: String| {
        if !list.contains(&t) {
            list.push(t);
        }
    };
    if exact.contains("-linux-") && !exact.contains("android") {
        let gnu = exact.replace("-linux-musl", "-linux-gnu");
        let musl = exact.replace("-linux-gnu", "-linux-musl");
        add(musl.clone());
        if let Some(rest) = musl.strip_prefix("armv7-") {
            add(format!("arm-{rest}"));
        }
        // A *static* gnu binary runs beside musl, too. Whoever picks looks into the binary.
        add(gnu);
    }
    if exact == "x86_64-pc-windows-msvc" {
        add("x86_64-pc-windows-gnu".into());
    }
    if exact == "aarch64-apple-darwin" {
        // Rosetta, where it is installed.
        add("x86_64-apple-darwin".into());
    }
    list
}

/// The host's glibc as `(major, minor)`; `None` where it has another libc or its version is unknown.
pub fn min_glibc(target: &Target) -> Option<(u32, u32)> {
    if target.libc.as_deref() != Some("glibc") {
        return None;
    }
    let mut numbers = target.libc_version.as_deref()?.split(['.', '-']).map(|p| p.parse().ok());
    Some((numbers.next()??, numbers.next()??))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn candidates() {
        for (triple, want) in [
            ("x86_64-unknown-linux-gnu", "x86_64-unknown-linux-gnu x86_64-unknown-linux-musl"),
            ("x86_64-unknown-linux-musl", "x86_64-unknown-linux-musl x86_64-unknown-linux-gnu"),
            (
                "armv7-unknown-linux-gnueabihf",
                "armv7-unknown-linux-gnueabihf armv7-unknown-linux-musleabihf arm-unknown-linux-musleabihf",
            ),
            ("x86_64-unknown-freebsd", "x86_64-unknown-freebsd"),
            ("", ""),
        ] {
            let target = Target { triple: triple.into(), ..Target::default() };
            assert_eq!(runner_for(&target).join(" "), want);
        }
    }
}
