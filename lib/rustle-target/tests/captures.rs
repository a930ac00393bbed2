//! Hosts' answers as they were captured, and what is read from them. One file per host in `tests/captures`: the
//! answer, with the expected triple, libc, version and processor's features in its first line.

use rustle_target::{PROBE, parse};

#[test]
fn captured_answers() {
    let dir = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/captures");
    let mut count = 0;
    for entry in std::fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        let text = std::fs::read_to_string(&path).unwrap();
        let (want, answer) = text.split_once('\n').unwrap();
        let got = match parse(answer) {
            Ok(p) => {
                let words = [p.triple.as_str(), p.libc.as_deref().unwrap_or("-"), p.libc_version.as_deref().unwrap_or("-")];
                words.into_iter().chain(p.features.iter().map(String::as_str)).collect::<Vec<_>>().join(" ")
            }
            Err(e) => format!("error: {e}"),
        };
        assert_eq!(got, want, "{}", path.display());
        count += 1;
    }
    assert!(count >= 26, "{count} captures");
}

#[test]
fn this_machine_answers() {
    let out = std::process::Command::new("sh").args(["-c", PROBE]).output().unwrap();
    let platform = parse(&String::from_utf8_lossy(&out.stdout)).unwrap();
    assert!(platform.triple.starts_with(std::env::consts::ARCH), "{platform:?}");
    assert!(out.status.success(), "the probe ends well");
    // busybox's tools, where busybox is installed.
    for shell in ["dash", "bash"] {
        if let Ok(o) = std::process::Command::new(shell).args(["-c", PROBE]).output() {
            assert_eq!(o.stdout, out.stdout, "{shell}");
        }
    }
}
