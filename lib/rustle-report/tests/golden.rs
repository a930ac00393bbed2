//! Recorded runs of ansible-playbook: the same events must print the same text. See `record/record.sh`.
//!
//! A case's times are those of the recording, and compared by their shape: every digit of one is a 0.
//!
//! A case's `options` is the environment and the flags of the recording; what this reads of them must be in [`options`].

use rustle_report::callbacks::{self, Callback, Given};
use rustle_report::{Options, Palette, create};
use rustle_stream::Record;
use std::cell::{Cell, RefCell};
use std::fs;
use std::io::Write;
use std::path::Path;
use std::rc::Rc;
use std::time::Duration;

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

fn options(words: &str) -> (Options, &str, Vec<(&'static Callback, Given)>) {
    let mut o = Options::default();
    let mut format = "default";
    let mut found: Vec<&'static Callback> = Vec::new();
    let mut given = Given::default();
    for word in words.split_whitespace() {
        let (name, value) = word.split_once('=').unwrap_or((word, ""));
        match word {
            _ if name == "ANSIBLE_STDOUT_CALLBACK" => format = value,
            _ if name == "ANSIBLE_CALLBACKS_ENABLED" => {
                for c in value.split(',').map(|n| callbacks::find(n).unwrap()) {
                    if !found.iter().any(|f| f.name == c.name) {
                        found.push(c);
                    }
                }
            }
            // Each setting is of one callback.
            _ if let Some(s) = found.iter().flat_map(|c| c.settings).find(|s| s.env == name) => {
                given.0.insert(s.env, value.to_owned());
            }
            "-v" => o.verbosity = 1,
            "-vv" => o.verbosity = 2,
            "-C" => o.check = true,
            "-D" => {}
            "ANSIBLE_CALLBACK_RESULT_FORMAT=yaml" => o.yaml = true,
            "ANSIBLE_SHOW_CUSTOM_STATS=1" => o.custom_stats = true,
            "ANSIBLE_FORCE_COLOR=1" => o.palette = Some(Palette::default()),
            "ANSIBLE_DISPLAY_OK_HOSTS=0" => o.ok_hosts = false,
            "ANSIBLE_DISPLAY_SKIPPED_HOSTS=0" => o.skipped_hosts = false,
            "ANSIBLE_CHECK_MODE_MARKERS=1" => o.check_markers = true,
            "ANSIBLE_DISPLAY_FAILED_STDERR=1" => o.failed_to_stderr = true,
            other => panic!("unknown option {other}"),
        }
    }
    let own = |c: &Callback| Given(c.settings.iter().filter_map(|s| Some((s.key, given.0.get(s.env)?.clone()))).collect());
    (o, format, found.into_iter().map(|c| (c, own(c))).collect())
}

/// Lines of callbacks with other times, and other days.
fn timeless(text: &str) -> String {
    let timed = |l: &str| l.contains("--- ") || l.starts_with("Playbook run took ") || (l.contains(" (0:0") && l.ends_with("* "));
    let zeros = |l: &str| l.chars().map(|c| if c.is_ascii_digit() { '0' } else { c }).collect::<String>() + "\n";
    text.lines().map(|l| if timed(l) { zeros(l) } else { format!("{l}\n") }).collect()
}

/// A JSON document without times, ids, and what rustle does not know of.
fn comparable_json(text: &str) -> String {
    fn scrub(v: &mut serde_json::Value) {
        if let Some(o) = v.as_object_mut() {
            o.retain(|k, _| !(k.starts_with("_ansible_") || ["exception", "id"].contains(&k.as_str())));
            if let Some(d) = o.get_mut("duration").and_then(|d| d.as_object_mut()) {
                d.values_mut().for_each(|t| *t = t.as_str().unwrap().replace(|c: char| c.is_ascii_digit(), "0").into());
            }
            if let Some(p) = o.get_mut("play").and_then(|p| p.as_object_mut()) {
                p.remove("path");
            }
            o.values_mut().for_each(scrub);
        }
        v.as_array_mut().into_iter().flatten().for_each(scrub);
    }
    let mut v = serde_json::from_str(text).unwrap();
    scrub(&mut v);
    format!("{v:#}")
}

/// When an event was recorded.
fn at(line: &str) -> Duration {
    let v: serde_json::Value = serde_json::from_str(line).unwrap();
    Duration::from_secs_f64(v["at"].as_f64().unwrap_or_default())
}

/// What ansible-playbook says before the first play, and while it works, is not the report's.
fn comparable(text: &str) -> String {
    let start = text.find("\nPLAYBOOK: ").or_else(|| text.find("\nDRY RUN")).or_else(|| text.find("\nPLAY ")).or_else(|| text.find("\nTASKS RECAP"));
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
        let words = read("options");
        let (options, format, beside) = options(&words);
        let mut report = create(format, options.clone(), Box::new(out.clone()), Box::new(err.clone())).unwrap();
        let timed = !beside.is_empty();
        let now = Rc::new(Cell::new(Duration::ZERO));
        if timed {
            let clock = now.clone();
            now.set(at(read("events.ndjson").lines().next().unwrap()));
            report = callbacks::accompany(report, beside, options, Box::new(out.clone()), Box::new(move || clock.get()));
        }
        let plays = read("events.ndjson").matches("play_start").count();
        report.playbook(&case.join("site.yml").display().to_string(), plays);
        for line in read("events.ndjson").lines() {
            let Some(Ok(Record::Event(event))) = Record::decode("event", line) else { panic!("{name}: {line}") };
            now.set(at(line));
            report.event(&event);
        }
        report.finish().unwrap();
        drop(report);
        for (stream, got) in [("stdout", out.text()), ("stderr", err.text())] {
            let want = read(stream);
            let data = format == "json" && stream == "stdout";
            let want = if data { want } else if stream == "stdout" { comparable(&want) } else { without_setup(&want) };
            let (got, want) = if data { (comparable_json(&got), comparable_json(&want)) } else { (got, want) };
            let (got, want) = if timed { (timeless(&got), timeless(&want)) } else { (got, want) };
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
