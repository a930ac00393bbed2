//! Recorded runs of ansible-playbook: the same events must print the same text. See `record/record.sh`.
//!
//! A case's `options` is the environment and the flags of the recording; what this reads of them must be in [`options`].

use rustle_report::{Options, Palette, create};
use rustle_stream::Record;
use std::cell::RefCell;
use std::fs;
use std::io::Write;
use std::path::Path;
use std::rc::Rc;

#[derive(Clone, Default)]
struct Sink(Rc<RefCell<Vec<u8>>>);
impl Write for Sink {
    fn write(&mut self, b: &[u8]) -> std::io::Result<usize> {
        self.0.borrow_mut().extend_from_slice(b);
        Ok(b.len())
    }
    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}
impl Sink {
    fn text(&self) -> String {
        String::from_utf8(self.0.borrow().clone()).unwrap()
    }
}

fn options(words: &str) -> (Options, &'static str) {
    let mut o = Options::default();
    let mut format = "default";
    for word in words.split_whitespace() {
        match word {
            "-v" => o.verbosity = 1,
            "-vv" => o.verbosity = 2,
            "-C" => o.check = true,
            "-D" => {}
            "ANSIBLE_CALLBACK_RESULT_FORMAT=yaml" => o.yaml = true,
            "ANSIBLE_FORCE_COLOR=1" => o.palette = Some(Palette::default()),
            "ANSIBLE_DISPLAY_OK_HOSTS=0" => o.ok_hosts = false,
            "ANSIBLE_DISPLAY_SKIPPED_HOSTS=0" => o.skipped_hosts = false,
            "ANSIBLE_CHECK_MODE_MARKERS=1" => o.check_markers = true,
            "ANSIBLE_DISPLAY_FAILED_STDERR=1" => o.failed_to_stderr = true,
            "ANSIBLE_STDOUT_CALLBACK=minimal" => format = "minimal",
            "ANSIBLE_STDOUT_CALLBACK=oneline" => format = "oneline",
            other => panic!("unknown option {other}"),
        }
    }
    (o, format)
}

/// What ansible-playbook says before the first play, and while it works, is not the report's.
fn comparable(text: &str) -> String {
    let start = text.find("\nPLAYBOOK: ").or_else(|| text.find("\nDRY RUN")).or_else(|| text.find("\nPLAY "));
    text[start.unwrap_or(0)..]
        .lines()
        .filter(|l| !l.contains("NOTIFIED HANDLER") && !l.contains("Notification for handler"))
        .map(|l| format!("{l}\n"))
        .collect()
}

#[test]
fn prints_as_recorded() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases");
    let mut wrong = Vec::new();
    let mut cases: Vec<_> = fs::read_dir(&root).unwrap().map(|e| e.unwrap().path()).collect();
    cases.sort();
    for case in cases {
        let name = case.file_name().unwrap().to_string_lossy().into_owned();
        let here = case.display().to_string();
        let read = |f: &str| fs::read_to_string(case.join(f)).map(|t| t.replace("@CASE@", &here)).unwrap_or_default();
        let (out, err) = (Sink::default(), Sink::default());
        let (options, format) = options(&read("options"));
        let mut report = create(format, options, Box::new(out.clone()), Box::new(err.clone())).unwrap();
        let plays = read("events.ndjson").matches("play_start").count();
        report.playbook(&case.join("site.yml").display().to_string(), plays);
        for line in read("events.ndjson").lines() {
            let Some(Ok(Record::Event(event))) = Record::decode("event", line) else { panic!("{name}: {line}") };
            report.event(&event);
        }
        report.finish().unwrap();
        drop(report);
        for (stream, got) in [("stdout", out.text()), ("stderr", err.text())] {
            let want = read(stream);
            let want = if stream == "stdout" { comparable(&want) } else { without_setup(&want) };
            if got != want {
                let line = got.lines().zip(want.lines()).position(|(a, b)| a != b);
                let at = line.unwrap_or(got.lines().count().min(want.lines().count()));
                let show = |t: &str| t.lines().skip(at.saturating_sub(2)).take(6).collect::<Vec<_>>().join("\n    ");
                wrong.push(format!("{name}: {stream}, line {}:\n  got\n    {}\n  want\n    {}", at + 1, show(&got), show(&want)));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
}

/// Warnings about patterns and plugins come from elsewhere.
fn without_setup(text: &str) -> String {
    let mut text = text.to_owned();
    for (from, to) in [("[WARNING]: Could not match", "nobody\n"), ("\u{1b}[1;35m[WARNING]: Could not match", "nobody\u{1b}[0m\n")] {
        if let Some(a) = text.find(from) && let Some(b) = text[a..].find(to) {
            text.replace_range(a..a + b + to.len(), "");
        }
    }
    if let Some(i) = text.find("oneline\n\n") {
        text.replace_range(..i + 9, "");
    }
    text
}
