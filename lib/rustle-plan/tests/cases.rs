//! Cases as data: a folder with `site.yml`, and `plan`: batches and, for each task, its side (`controller`, `engine`
//! or `host`, natively or not) and why hosts wait before it, and what a runner must have. Hosts: h1 to h5 in every pattern but `one`.
//! `UPDATE=1` rewrites.

use rustle_plan::{HostSource, PlanOptions, plan};
use rustle_playbook::{Loader, Options, ParsedRun};
use rustle_stream::Record;
use rustle_stream::record::Place;
use std::collections::HashMap;
use std::fmt::Write;
use std::fs;
use std::path::Path;

struct Five;
impl HostSource for Five {
    fn hosts(&self, patterns: &[String], order: &str) -> Result<Vec<String>, String> {
        let n = if patterns == ["one"] { 1 } else { 5 };
        let mut hosts: Vec<String> = (1..=n).map(|i| format!("h{i}")).collect();
        if order == "reverse_sorted" {
            hosts.reverse();
        }
        Ok(hosts)
    }
}

fn text(folder: &Path) -> String {
    let options = Options { cwd: folder.to_string_lossy().into_owned(), check_modules: false, ..Options::default() };
    let parsed = match Loader::new(options).load_playbook("site.yml") {
        Ok(p) => p,
        Err(e) => return e.report(),
    };
    let mut run = ParsedRun::default();
    run.take(parsed);
    let again = ParsedRun::from_records(&run.to_records());
    assert_eq!(run, again, "records lose something");
    let records = match plan(&run, PlanOptions::default(), &Five) {
        Ok(r) => r,
        Err(e) => return format!("{e}\n"),
    };
    let names: HashMap<_, _> = run.fragment.tasks.iter().map(|t| (t.id, t.name.clone().unwrap_or_else(|| (*t.written).into()))).collect();
    let mut out = String::new();
    for r in &records {
        match r {
            Record::Batch(b) => _ = writeln!(out, "play {} batch {}: {} [{}: {}]", b.play.0, b.index, b.hosts.join(" "), b.barriers, b.reason),
            Record::Decision(d) => {
                let place = match d.place {
                    Place::Controller => "controller",
                    Place::Engine => "engine",
                    Place::Host | Place::Bridge => "host",
                };
                let why = if d.place == Place::Controller { format!(" ({})", d.reason) } else { String::new() };
                let wait = d.barrier.as_ref().map_or_else(String::new, |b| format!(" | wait: {b}"));
                _ = writeln!(out, "  {}: {place}{why}{wait}", names[&d.task]);
            }
            Record::Segment(s) => _ = writeln!(out, "  segment {} {:?}: {}", s.index, if s.place == Place::Controller { Place::Controller } else { Place::Host }, s.tasks.len()),
            Record::Requirement(r) => {
                let short: Vec<&str> = r.runner_modules.iter().map(|m| m.rsplit('.').next().unwrap()).collect();
                _ = writeln!(out, "  a runner needs: {}", if short.is_empty() { "nothing".to_owned() } else { short.join(" ") });
                let home = folder.to_string_lossy();
                r.open.iter().for_each(|why| _ = writeln!(out, "  more may come: {}", why.replace(&*home, "")));
            }
            _ => {}
        }
    }
    out
}

#[test]
fn every_case_gives_its_plan() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases");
    let mut wrong = Vec::new();
    let mut cases: Vec<_> = fs::read_dir(root).unwrap().flatten().map(|e| e.path()).collect();
    cases.sort();
    for case in cases {
        let found = text(&case);
        if std::env::var_os("UPDATE").is_some() {
            fs::write(case.join("plan"), &found).unwrap();
        }
        let expected = fs::read_to_string(case.join("plan")).unwrap_or_default();
        if found != expected {
            wrong.push(format!("== {}\nexpected:\n{expected}\nfound:\n{found}", case.display()));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
