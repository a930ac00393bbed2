//! Payloads in what begins like an ELF file. Real executables of all formats: `rustle-build/tests/formats.rs`.

use super::*;

fn sample() -> Payload {
    let file = |text: &str| EmbeddedFile { mode: 0o644, data: text.into(), link: None };
    Payload {
        manifest: Manifest { producer: "test".into(), host: "h".into(), ..Manifest::default() },
        plan: "{\"type\":\"stream\"}\n{\"type\":\"task\"}\n".into(),
        programs: "{}".into(),
        files: [("/p/files/a", file("A")), ("/p/files/d/b", file("")), ("/p/filesystem", file("x"))]
            .map(|(k, v)| (k.to_owned(), v))
            .into(),
    }
}

fn on_disk(bytes: &[u8]) -> (tempfile::TempDir, std::path::PathBuf) {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("x");
    std::fs::write(&path, bytes).unwrap();
    (dir, path)
}

#[test]
fn what_goes_in_comes_out() {
    let runner = b"\x7fELF and so on";
    let binary = append(runner, &sample()).unwrap();
    let (_dir, path) = on_disk(&binary);
    let back = read(&path).unwrap().unwrap();
    assert_eq!((&back.plan, &back.programs, &back.files), (&sample().plan, &sample().programs, &sample().files));
    assert_eq!((back.manifest.plan_sha256, back.manifest.runner_sha256), (sha256(sample().plan.as_bytes()), sha256(runner)));
    let files: Vec<_> = back.manifest.files.iter().map(|f| (f.path.as_str(), f.size, f.sha256.as_str())).collect();
    assert_eq!((files.len(), files[0]), (3, ("/p/files/a", 1, sha256(b"A").as_str())));
    let below: Vec<_> = Payload { files: back.files, ..sample() }.below("/p/files").map(|(p, _)| p.to_owned()).collect();
    assert_eq!(below, ["a", "d/b"]);
    assert!(matches!(append(&binary, &sample()), Err(PayloadError::Already)));
    assert!(is_inside(&binary) && !is_inside(runner));
    assert_eq!((without(&binary).unwrap().unwrap(), without(runner).unwrap()), (runner.to_vec(), None));
    assert_eq!(read_self().unwrap(), None);
}

#[test]
fn every_damaged_byte_is_noticed() {
    let binary = append(b"\x7fELF and so on", &sample()).unwrap();
    for at in 0..binary.len() {
        let mut bad = binary.clone();
        bad[at] ^= 1 << (at % 8);
        let (_dir, path) = on_disk(&bad);
        assert!(read(&path).is_err(), "byte {at} went unnoticed");
    }
    for cut in (1..binary.len()).step_by(5) {
        let (_dir, path) = on_disk(&binary[..cut]);
        assert!(!matches!(read(&path), Ok(Some(_))), "cut off at {cut}");
    }
    for bytes in [b"short".to_vec(), vec![0; 500]] {
        let (_dir, path) = on_disk(&bytes);
        assert!(read(&path).unwrap().is_none());
    }
}

#[test]
fn what_takes_no_plan_says_why() {
    for (bytes, why) in [
        (&b"#!/bin/sh"[..], "it is neither ELF, nor Mach-O, nor a Windows program"),
        (b"\xcf\xfa\xed\xfe", "its load commands are damaged, or it is for several architectures"),
        (b"\xca\xfe\xba\xbe", "its load commands are damaged, or it is for several architectures"),
        (b"MZ and nothing else", "its headers are no Windows program's"),
    ] {
        let error = append(bytes, &sample()).unwrap_err().to_string();
        assert_eq!(error, format!("a plan cannot be embedded in this executable: {why}"));
    }
}
