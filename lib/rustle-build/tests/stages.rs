//! The stages `rustle-template` and `rustle-compile` from outside: records in, records and exit code out.

use rustle_build::{CompileStage, TemplateStage};
use rustle_cli::stage::{Stage, StageIo, run_with};
use std::io::{Cursor, Write};
use std::sync::{Arc, Mutex};

#[derive(Clone, Default)]
struct Sink(Arc<Mutex<Vec<u8>>>);
impl Write for Sink {
    fn write(&mut self, b: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(b);
        Ok(b.len())
    }
    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}
impl Sink {
    fn text(&self) -> String {
        String::from_utf8(self.0.lock().unwrap().clone()).unwrap()
    }
}

fn run<S: Stage>(args: &[&str], input: &str) -> (u8, String, String) {
    let (out, err) = (Sink::default(), Sink::default());
    let io = StageIo::new("stage", Box::new(Cursor::new(input.to_owned())), false, Box::new(out.clone()), Box::new(err.clone()));
    let code = run_with::<S>(std::iter::once("stage").chain(args.iter().copied()).map(Into::into), io);
    (code, out.text(), err.text())
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
