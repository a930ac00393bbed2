//! The harness from outside: a stage that appends a `warning`, and what goes wrong around it.

use super::*;
use rustle_stream::record::{Record, Warning};
use std::io::Cursor;

struct Append;
impl Stage for Append {
    const READS: &'static [&'static str] = &["host"];
    const WRITES: &'static [&'static str] = &["warning"];
    fn command() -> Command {
        Command::new("rustle-append").about("Appends a warning").arg(Arg::new("panic").long("panic").action(ArgAction::SetTrue))
    }
    fn run(args: &ArgMatches, io: &mut StageIo) -> Result<u8, StageError> {
        let input = io.read_all()?;
        for line in &input.lines {
            io.pass(line)?;
        }
        assert!(!args.get_flag("panic"), "told to");
        io.write(&Record::from(Warning { text: format!("{} hosts", input.records().filter(|r| r.tag() == "host").count()), origin: None }))?;
        Ok(0)
    }
}

struct Closed;
impl Write for Closed {
    fn write(&mut self, _: &[u8]) -> std::io::Result<usize> {
        Err(std::io::ErrorKind::BrokenPipe.into())
    }
    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

fn run(args: &[&str], input: &str) -> (u8, String, String) {
    run_captured::<Append>("rustle-append", args, input)
}

const HEAD: &str = "{\"type\":\"stream\",\"v\":1,\"producer\":\"x\",\"run\":\"r\"}\n";

#[test]
fn foreign_lines_pass_byte_for_byte() {
    let input = format!("{HEAD}{{ \"type\" : \"tomorrow\",\"v\":7, \"é\":1 }}\n{{\"v\":1,  \"type\":\"host\",\"name\":\"a\",\"vars\":{{}},\"implicit\":false}}\n");
    let (code, out, err) = run(&[], &input);
    assert_eq!((code, err.as_str()), (0, ""));
    assert_eq!(out, format!("{input}{{\"type\":\"warning\",\"v\":1,\"text\":\"1 hosts\"}}\n"));
}

#[test]
fn bad_input_names_its_place_and_nothing_goes_out() {
    for (input, want) in [
        ("", "stdin: empty"),
        ("{\"type\":\"host\",\"v\":1,\"name\":\"a\"}\n", "line 1: /type: a stream begins with a 'stream' record"),
        (&format!("{HEAD}{{\"type\":\"host\",\"v\":1,\"name\":3}}\n"), "line 2: /name: 3 is not of type"),
        (&format!("{HEAD}{{\"type\":\"host\",\"v\":1,\"na"), "line 2: the stream was cut off"),
        (&format!("{HEAD}{{\"type\":\"host\",\"v\":2}}\n"), "line 2: record format version 2, this program speaks 1"),
        (&format!("{HEAD}nonsense\n"), "line 2: not JSON"),
    ] {
        let (code, out, err) = run(&[], input);
        assert_eq!((code, out.as_str()), (65, ""), "{input}");
        assert!(err.starts_with(&format!("rustle-append: error: {want}")), "{err}");
    }
}

#[test]
fn diagnostics_as_records() {
    let (code, _, err) = run(&["--log-format", "json"], &format!("{HEAD}{{\"type\":\"host\",\"v\":1,\"name\":3}}\n"));
    let Ok(Some(Record::Diagnostic(d))) = rustle_stream::schema::read_line(err.trim_end(), 1) else { panic!("{err}") };
    assert_eq!((code, d.exit, d.line, d.pointer.as_deref()), (65, 65, Some(2), Some("/name")));
}

#[test]
fn wrong_arguments_and_panics_are_diagnostics() {
    let (code, _, err) = run(&["--frobnicate"], "");
    assert_eq!(code, 64);
    assert!(err.starts_with("rustle-append: error: unexpected argument '--frobnicate' found\n"), "{err}");
    let (code, out, err) = run(&["--panic"], HEAD);
    assert_eq!((code, out.as_str()), (70, ""));
    assert!(err.starts_with("rustle-append: error: internal error: told to ("), "{err}");
}

#[test]
fn schemas_help_and_broken_pipes() {
    let (code, out, _) = run(&["--schema"], "");
    // What it reads, what it writes, and `sealed`, in which what it reads may be.
    assert_eq!((code, out.lines().count()), (0, 3));
    assert!(run(&["--help"], "").1.contains("Reads records: host"));
    assert_eq!(run(&["--version"], "").1, format!("rustle-append {}\n", env!("CARGO_PKG_VERSION")));
    let err = Captured::default();
    let io = StageIo::new("rustle-append", Box::new(Cursor::new(HEAD)), false, Box::new(Closed), Box::new(err.clone()));
    assert_eq!(run_with::<Append>(["rustle-append".into()], io), exit::BROKEN_PIPE);
    assert_eq!(err.text(), "");
}

#[test]
fn a_terminal_is_no_input() {
    let err = Captured::default();
    let io = StageIo::new("rustle-append", Box::new(Cursor::new("")), true, Box::new(Captured::default()), Box::new(err.clone()));
    assert_eq!(run_with::<Append>(["rustle-append".into()], io), exit::USAGE);
    assert!(err.text().contains("stdin is a terminal"));
}
