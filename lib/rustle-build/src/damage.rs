//! Whether a failed build is the fault of the folder that it was built in: left half-written by a full disk, a crash
//! or another compiler. Then a build in an empty folder may succeed; for a mistake in the code it is no use.

/// The disk is full, perhaps of what lies in the folder from earlier builds.
pub(crate) const FULL: &str = "no space is left";

/// What cargo's and rustc's output says of the folder, in words for a person; `None` where the folder is not to blame.
pub(crate) fn of_output(text: &str) -> Option<&'static str> {
    if text.contains("No space left on device") || text.contains("Disk quota exceeded") {
        return Some(FULL);
    }
    text.lines().map(str::trim).find_map(line)
}

fn line(line: &str) -> Option<&'static str> {
    let has = |part: &str| line.contains(part);
    // The standard library is not in this folder.
    let own_crate = |name: &str| !["core", "std", "alloc", "proc_macro", "test", "panic_abort", "panic_unwind", "compiler_builtins"].contains(&name);
    if let Some(rest) = line.split_once("can't find crate for `").map(|p| p.1) {
        return rest.split('`').next().is_some_and(own_crate).then_some("a compiled crate is missing");
    }
    if has("found invalid metadata") || has("invalid metadata files") || has("corrupt metadata") || has("failed to mmap") {
        return Some("a compiled crate is damaged");
    }
    if has("incompatible version of rustc") || has("possibly newer version of crate") || has("can't find crate with matching") {
        return Some("a crate was compiled by another compiler");
    }
    if has("incremental compilation") && (line.starts_with("error") || has("failed")) || has("dep graph") && has("failed") {
        return Some("its incremental state is damaged");
    }
    let linker = ["file format not recognized", "file not recognized", "file truncated", "malformed archive", "truncated or malformed", "unknown file type", "not an object file", "is not a valid archive"];
    let object = has(".rlib") || has(".o)") || has(".o:");
    if linker.iter().any(|l| has(l)) || has("failed to load bitcode") || object && (has("corrupt") || has("malformed") || has("): invalid ")) || has("corrupt rlib") {
        return Some("an object file is damaged");
    }
    if has("internal compiler error") || line.starts_with("thread 'rustc'") && has("panicked") {
        return Some("the compiler itself failed");
    }
    // Its own files: cargo's notes, libraries, objects.
    let below = has("/target/") || has("`target/");
    let lost = has("No such file or directory") || has("Input/output error") || has("failed to read") || has("failed to open") || has("failed to parse") || has("failed to create directory");
    (below && lost).then_some("a file of an earlier build is missing or cannot be read")
}

#[cfg(test)]
mod tests {
    use super::of_output;

    #[test]
    fn folders_that_are_to_blame() {
        for (text, damage) in [
            ("error[E0463]: can't find crate for `serde`\n", Some("a compiled crate is missing")),
            ("error[E0463]: can't find crate for `core`\n", None),
            ("error[E0786]: found invalid metadata files for crate `libc`\n", Some("a compiled crate is damaged")),
            ("error[E0514]: found crate `libc` compiled by an incompatible version of rustc\n", Some("a crate was compiled by another compiler")),
            ("error: linking with `cc` failed: exit status: 1\n  = note: /b/target/x/liba.rlib: file format not recognized; treating as linker script\n", Some("an object file is damaged")),
            ("  error: couldn't create a temp file: No space left on device (os error 28)\n", Some("no space is left")),
            ("error: failed to read `/b/target/x/release/.fingerprint/a/invoked.timestamp`\n", Some("a file of an earlier build is missing or cannot be read")),
            ("  = note: rust-lld: error: /b/target/x/deps/liba-1.rlib: Archive::children failed: truncated or malformed archive (offset to next)\n", Some("an object file is damaged")),
            ("  = note: rust-lld: error: /b/target/x/deps/liba-1.rlib(a-1.rcgu.o): invalid sh_type for string table section [index 1]\n", Some("an object file is damaged")),
            ("error: failed to load bitcode of module `a.rcgu.o`: Malformed block\n", Some("an object file is damaged")),
            ("thread 'rustc' (25287) panicked at compiler/rustc_codegen_llvm/src/back/lto.rs:110:48:\ncorrupt rlib: Error()\n", Some("the compiler itself failed")),
            ("error: couldn't prepare build directories\n  failed to create directory `/b/target/release/deps`\n  File exists (os error 17)\n", Some("a file of an earlier build is missing or cannot be read")),
            ("error[E0308]: mismatched types\nerror: aborting due to 1 previous error\n", None),
            ("error: linker `cc` not found\n  = note: No such file or directory (os error 2)\n", None),
            ("error: linking with `zig` failed: undefined symbol: getrandom\n", None),
        ] {
            assert_eq!(of_output(text), damage, "{text}");
        }
    }
}
