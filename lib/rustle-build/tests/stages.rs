//! The stages `rustle-template` and `rustle-compile` from outside: records in, records and exit code out.

use rustle_build::{CompileStage, TemplateStage};
use rustle_cli::stage::{Stage, run_captured};

fn run<S: Stage>(args: &[&str], input: &str) -> (u8, String, String) {
    run_captured::<S>("stage", args, input)
}

const HEAD: &str = "{\"type\":\"stream\",\"v\":1,\"producer\":\"x\",\"run\":\"r\"}\n{ \"type\":\"later\", \"v\":9 }\n";
const HOST: &str = "{\"type\":\"host\",\"v\":1,\"name\":\"pi\",\"vars\":{\"rustle_target\":\"aarch64-linux-musl\"},\"implicit\":false}\n";

#[test]
fn a_template_per_platform() {
    let (code, out, err) = run::<TemplateStage>(&[], &format!("{HEAD}{HOST}"));
    assert_eq!((code, err.as_str()), (0, ""));
    assert!(out.starts_with(&format!("{HEAD}{HOST}")), "{out}");
    assert!(out.ends_with("\"path\":null}\n") && out.contains("{\"type\":\"template\",\"v\":1,\"triple\":\"aarch64-unknown-linux-musl\""), "{out}");
    // A second pass replaces its own record.
    let again = run::<TemplateStage>(&["--profile", "small"], &out).1;
    assert_eq!(again.matches("\"type\":\"template\"").count(), 1);
    assert!(again.contains("\"profile\":\"small\""));
    let (code, _, err) = run::<TemplateStage>(&["--target", "aarch64-linux-mussl"], "");
    assert_eq!((code, err.as_str()), (64, "stage: error: unknown platform 'aarch64-linux-mussl'; did you mean 'aarch64-unknown-linux-musl'?\n"));
}

#[test]
fn hosts_without_a_runner_are_told_and_fall_back() {
    let args = ["--no-build", "--no-prebuilt", "--refresh"];
    let (code, out, err) = run::<CompileStage>(&args, &format!("{HEAD}{HOST}"));
    assert_eq!(code, 0);
    assert_eq!(err, "stage: warning: no runner for aarch64-unknown-linux-musl (pi): nothing is built (--no-build)\n");
    let last = out.lines().last().unwrap();
    assert!(last.starts_with("{\"type\":\"artifact\"") && last.contains("\"hosts\":[\"pi\"]") && last.contains("\"failed\":\"nothing is built"), "{last}");
    // Who asks for one platform by name gets an error.
    let (code, ..) = run::<CompileStage>(&[&args[..], &["--target", "aarch64-linux-musl"]].concat(), "");
    assert_eq!(code, 69);
}

#[test]
fn a_plan_that_needs_its_controller_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    let args = ["--no-build", "--embed", dir.path().to_str().unwrap()];
    let task = "{\"type\":\"task\",\"v\":1,\"id\":4,\"name\":\"get it\",\"action\":\"ansible.builtin.fetch\",\"written\":\"fetch\",\"origin\":{\"file\":\"site.yml\",\"line\":3,\"column\":5}}\n";
    let decision = "{\"type\":\"decision\",\"v\":1,\"play\":0,\"task\":4,\"place\":\"controller\",\"reason\":\"it fetches\"}\n";
    let (code, out, err) = run::<CompileStage>(&args, &format!("{HEAD}{HOST}{task}{decision}"));
    assert_eq!((code, out.as_str()), (69, ""));
    assert_eq!(err, "stage: error: the plan needs its controller\n  hint: site.yml:3:5: task 'get it': it fetches\n");
    let (code, _, err) = run::<CompileStage>(&args, &format!("{HEAD}{HOST}"));
    assert_eq!((code, err.lines().next().unwrap()), (65, "stage: error: the stream has no plan to embed"));
    assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 0);
}

fn requirement(modules: &str, open: &str) -> String {
    format!("{{\"type\":\"requirement\",\"v\":1,\"play\":0,\"modules\":[],\"python_modules\":[],\"runner_modules\":[{modules}],\"open\":[{open}]}}\n")
}

#[test]
fn only_the_modules_that_a_plan_uses() {
    let known = requirement("\"ansible.builtin.copy\",\"ansible.posix.mount\"", "");
    let (code, out, err) = run::<TemplateStage>(&["--modules", "used"], &format!("{HEAD}{HOST}{known}"));
    assert_eq!((code, err.as_str()), (0, ""));
    assert!(out.contains("\"features\":[\"module-copy\",\"module-mount\"],\"profile\":\"release\""), "{out}");
    let (_, out, _) = run::<TemplateStage>(&["--minimal"], &format!("{HEAD}{HOST}{known}"));
    assert!(out.contains("\"features\":[\"module-copy\",\"module-mount\"],\"profile\":\"small\""), "{out}");
    let (_, out, _) = run::<TemplateStage>(&["--modules", "used,apt"], &format!("{HEAD}{HOST}{known}"));
    assert!(out.contains("[\"module-apt\",\"module-copy\",\"module-mount\"]"), "{out}");

    // What comes during the run only may be anything.
    let open = requirement("\"ansible.builtin.copy\"", "\"site.yml:4:7: include_tasks brings tasks during the run\"");
    let (code, out, err) = run::<TemplateStage>(&["--modules", "used"], &format!("{HEAD}{HOST}{known}{open}"));
    assert_eq!((code, err.as_str()), (0, "stage: warning: the runner gets all modules: site.yml:4:7: include_tasks brings tasks during the run\n"));
    assert!(out.contains("\"features\":[],"), "{out}");
    let (code, _, err) = run::<TemplateStage>(&["--modules", "copy"], &format!("{HEAD}{HOST}{open}"));
    assert_eq!((code, err.as_str()), (0, "stage: warning: the runner may lack a module: site.yml:4:7: include_tasks brings tasks during the run\n"));

    let (code, _, err) = run::<TemplateStage>(&["--modules", "copy,file"], &format!("{HEAD}{HOST}{known}"));
    let first = err.lines().next().unwrap();
    assert_eq!((code, first), (64, "stage: error: --modules: the runner would have only copy, file, and the plan needs mount, too"));
    let (code, _, err) = run::<TemplateStage>(&["--modules", "used"], &format!("{HEAD}{HOST}"));
    assert_eq!((code, err.lines().next().unwrap()), (65, "stage: error: the stream has no plan, so which modules are used is not known"));
    let (code, _, err) = run::<TemplateStage>(&["--modules", "copi", "--target", "aarch64-linux-musl"], "");
    assert_eq!((code, err.as_str()), (64, "stage: error: unknown module 'copi'; did you mean 'copy'?\n"));
}

#[test]
fn profiles_have_other_names() {
    for (given, meant) in [("debug", "dev"), ("release-with-debug", "symbols"), ("min-size", "small"), ("release", "release")] {
        let (code, out, err) = run::<TemplateStage>(&["--profile", given, "--target", "aarch64-linux-musl"], "");
        assert_eq!((code, err.as_str()), (0, ""));
        assert!(out.contains(&format!("\"profile\":\"{meant}\"")), "{given}: {out}");
    }
}

#[test]
fn a_processor_of_the_users_choice_or_the_hosts() {
    let args = ["--target", "aarch64-linux-musl", "--cpu", "cortex-a72", "--cpu-features", "+crc,-sve"];
    let (code, out, err) = run::<TemplateStage>(&args, "");
    assert_eq!((code, err.as_str()), (0, ""));
    assert!(out.contains("\"rustflags\":[\"-Ctarget-cpu=cortex-a72\",\"-Ctarget-feature=+crc,-sve\"]"), "{out}");
    let (code, _, err) = run::<TemplateStage>(&["--target", "aarch64-linux-musl", "--cpu", "cortex-a27"], "");
    assert_eq!((code, err.as_str()), (64, "stage: error: unknown processor 'cortex-a27'; did you mean 'cortex-a57'?\n"));

    let host = |name: &str, features: &str| {
        format!("{{\"type\":\"host\",\"v\":1,\"name\":\"{name}\",\"vars\":{{\"rustle_target\":\"x86_64-linux-musl\",\"rustle_target_cpu_features\":[{features}]}},\"implicit\":false}}\n")
    };
    let (a, b) = (host("a", "\"avx2\",\"sse4.2\",\"avx\""), host("b", "\"sse4.2\",\"avx\""));
    let (code, out, err) = run::<TemplateStage>(&["--cpu", "native"], &format!("{HEAD}{a}{b}"));
    assert_eq!((code, err.as_str()), (0, ""));
    assert!(out.contains("\"rustflags\":[\"-Ctarget-feature=+avx,+sse4.2\"]"), "{out}");
    // Without the word no host's processor counts.
    assert!(run::<TemplateStage>(&[], &format!("{HEAD}{a}{b}")).1.contains("\"rustflags\":[],\"hash\""));
    let (code, _, err) = run::<TemplateStage>(&["--cpu", "native"], &format!("{HEAD}{a}{}", host("c", "")));
    assert!(code == 64 && err.starts_with("stage: error: the processor of 'c' is not known; let rustle-target ask"), "{err}");
}

#[test]
fn platforms_of_ones_own() {
    let dir = tempfile::tempdir().unwrap();
    let file = |name: &str, text: &str| {
        let path = dir.path().join(name);
        std::fs::write(&path, text).unwrap();
        path.to_str().unwrap().to_owned()
    };
    let board = file("board.toml", "base = \"aarch64-linux-musl\"\nrustflags = [\"-Ctarget-cpu=cortex-a53\"]\n");
    let (code, out, err) = run::<TemplateStage>(&["--target", &board], "");
    assert_eq!((code, err.as_str()), (0, ""));
    assert!(out.contains("\"triple\":\"aarch64-unknown-linux-musl\"") && out.contains("\"rustflags\":[\"-Ctarget-cpu=cortex-a53\"]"), "{out}");
    // Two makes of one platform are two templates, and two projects.
    let host = |name: &str, target: &str| format!("{{\"type\":\"host\",\"v\":1,\"name\":\"{name}\",\"vars\":{{\"rustle_target\":\"{target}\"}},\"implicit\":false}}\n");
    let projects = dir.path().join("out");
    let (code, out, err) = run::<TemplateStage>(&["--out", projects.to_str().unwrap()], &format!("{HEAD}{HOST}{}", host("board", &board)));
    assert_eq!((code, err.as_str(), out.matches("\"type\":\"template\"").count()), (0, "", 2), "{out}");
    assert_eq!(std::fs::read_dir(&projects).unwrap().count(), 2);

    let spec = "{\"llvm-target\":\"aarch64-unknown-linux-musl\",\"data-layout\":\"e\",\"arch\":\"aarch64\",\"target-pointer-width\":64,\"os\":\"linux\"}";
    let spec = file("aarch64-acme-linux-musl.json", spec);
    let (code, out, err) = run::<TemplateStage>(&["--target", &spec], "");
    assert_eq!((code, err.as_str()), (0, ""));
    assert!(out.contains("\"triple\":\"aarch64-acme-linux-musl\"") && out.contains("\"spec\":\"{\\\"llvm-target"), "{out}");
    let (code, _, err) = run::<CompileStage>(&["--no-build", "--target", &spec], "");
    assert_eq!((code, err.as_str()), (69, "stage: warning: no runner for aarch64-acme-linux-musl: nothing is built (--no-build)\n"));
}
