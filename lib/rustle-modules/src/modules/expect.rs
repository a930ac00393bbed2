//! A command that asks questions on its terminal, with answers.
//!
//! Needs no library of Python's, so that a host without pexpect is no mistake. Bytes of the output that are not UTF-8 are
//! replaced, as with `command`.

use crate::command::{first_word, split};
use crate::execute::{delta, exists, local_time};
use crate::pty::{Heard, Terminal};
use crate::{Ctx, Dict, Failure, Module, Outcome, Params, PathArg, Scope, Value, params};
use fancy_regex::Regex;
use rustle_value::{py_repr, py_str};
use std::process::Command;
use std::time::{Duration, Instant, SystemTime};

params! {
    /// Options of `expect`.
    pub struct Args {
        /// The command; no shell reads it.
        command: String => required();
        /// A file or pattern: where it is there, the command does not run.
        creates: Option<PathArg>;
        /// A file or pattern: where it is not there, the command does not run.
        removes: Option<PathArg>;
        /// The folder in which to run it.
        chdir: Option<PathArg>;
        /// Patterns of questions, and the answer to each; a list has one for each time.
        responses: Dict => required();
        /// How many seconds to wait for a question or the end; for ever where it is null.
        timeout: Value => default("30");
        /// Whether answers are part of the output.
        echo: bool => default("no");
    }
}

const EXAMPLES: &str = "
- name: A password that is asked for twice
  ansible.builtin.expect:
    command: passwd joe
    responses:
      (?i)password: '{{ joes_password }}'
  no_log: true
";

pub static MODULE: Module = Module {
    scope: Scope::World,
    ..Module::new::<Args>("ansible.builtin.expect", "Answers a command's questions", EXAMPLES, |ctx, v| run(ctx, Args::read(v)?))
};

/// A question and its answers.
struct Question {
    text: String,
    pattern: Regex,
    answers: Answers,
}

enum Answers {
    Always(Vec<u8>),
    InTurn(std::vec::IntoIter<Vec<u8>>),
}

fn run(ctx: &mut Ctx, a: Args) -> Result<Outcome, Failure> {
    let mut questions = questions(&a.responses)?;
    let timeout = seconds(ctx, &a.timeout)?;
    if a.command.trim().is_empty() {
        return Err(Failure::new("no command given").with("rc", 256));
    }
    let folder = a.chdir.as_ref().map(|d| d.0.clone());
    if let Some(d) = &folder {
        std::fs::read_dir(d).map_err(|e| {
            let words = crate::errors::py_errno(&e);
            Failure::new(format!("Task failed: Module failed: {words}: {}", rustle_value::str_repr(d)))
        })?;
    }
    let skipped = |path: &str, why: &str| {
        let text = format!("skipped, since {path} {why}");
        Ok(Outcome::changed(false).with("cmd", a.command.as_str()).with("stdout", text).with("rc", 0))
    };
    if let Some(p) = a.creates.as_ref().filter(|p| exists(p, folder.as_deref())) {
        return skipped(p, "exists");
    }
    if let Some(p) = a.removes.as_ref().filter(|p| !exists(p, folder.as_deref())) {
        return skipped(p, "does not exist");
    }
    let words = split(&a.command).map_err(|e| Failure::new(format!("Task failed: Module failed: {e}")))?;
    let missing = || {
        let word = &a.command[..first_word(&a.command)];
        Failure::new(format!("The command was not found or was not executable: {word}."))
    };
    let program = words.first().and_then(|w| ctx.find_program(w)).ok_or_else(missing)?;
    let mut command = Command::new(program);
    command.args(&words[1..]).envs(ctx.environment.iter().map(|(k, v)| (k, v)));
    if let Some(d) = &folder {
        command.current_dir(d);
    }
    let (start, clock) = (SystemTime::now(), Instant::now());
    let terminal = Terminal::start(command, a.echo).map_err(|e| Failure::new(crate::errors::py_oserror(&e, &words[0])))?;
    let (heard, rc) = converse(terminal, &mut questions, timeout)?;
    let elapsed = clock.elapsed();
    let text = String::from_utf8_lossy(&heard).into_owned();
    let mut result = Outcome::changed(true)
        .with("cmd", a.command.as_str())
        .with("stdout", text.trim_end_matches(['\r', '\n']))
        .with("rc", rc.map_or(Value::Null, |c| Value::from(i64::from(c))));
    result.set("start", local_time(start));
    result.set("end", local_time(start + elapsed));
    result.set("delta", delta(elapsed));
    match rc {
        Some(0) => Ok(result),
        Some(_) => Err(Failure { msg: "non-zero return code".into(), result: result.result }),
        None => Err(Failure { msg: "command exceeded timeout".into(), result: result.result }),
    }
}

fn questions(responses: &Dict) -> Result<Vec<Question>, Failure> {
    let line = |v: &Value| format!("{}\n", py_str(v)).into_bytes();
    let mut out = Vec::new();
    for (k, v) in responses.iter() {
        let text = py_str(k);
        out.push(Question {
            // A line end is a character like others.
            pattern: crate::pyre::compile(&latin(text.as_bytes()), "s", "responses")?,
            answers: match v.as_list() {
                Some(list) => Answers::InTurn(list.iter().map(line).collect::<Vec<_>>().into_iter()),
                None => Answers::Always(line(v)),
            },
            text,
        });
    }
    Ok(out)
}

/// Bytes as characters of the same numbers: what is heard may be anything.
fn latin(bytes: &[u8]) -> String {
    bytes.iter().map(|b| char::from(*b)).collect()
}

fn seconds(ctx: &Ctx, v: &Value) -> Result<Option<Duration>, Failure> {
    if v.is_null() {
        return Ok(None);
    }
    let number = crate::convert::convert(v, crate::Kind::Int, ctx).ok().and_then(|n| n.as_i64());
    let number = number.ok_or_else(|| {
        let kind = if v.is_string() { "str" } else { v.type_name() };
        let why = format!("\"{}\" cannot be converted to an int", py_repr(v));
        Failure::new(format!("argument 'timeout' is of type <class '{kind}'> and we were unable to convert to int: {why}"))
    })?;
    Ok(Some(Duration::from_secs(u64::try_from(number).unwrap_or(0))))
}

/// How much of what was heard is looked through for a question again.
const WINDOW: usize = 1 << 16;

/// Hears and answers until the end: all that was said, and the exit code. None where the time was up, or a signal ended
/// the command.
fn converse(mut terminal: Terminal, questions: &mut [Question], timeout: Option<Duration>) -> Result<(Vec<u8>, Option<i32>), Failure> {
    let fail = |e: std::io::Error| Failure::new(crate::errors::py_errno(&e));
    let mut all = Vec::new();
    // Where what no question has used up yet begins.
    let mut done = 0;
    let mut deadline = timeout.map(|t| Instant::now() + t);
    loop {
        match terminal.hear(deadline).map_err(fail)? {
            Heard::Bytes(b) => all.extend(b),
            Heard::End => break,
            Heard::Nothing => {
                terminal.hang_up();
                return Ok((all, None));
            }
        }
        while let Some((question, end)) = asked(&all[done.max(all.len().saturating_sub(WINDOW))..], questions) {
            let from = done;
            done = done.max(all.len().saturating_sub(WINDOW)) + end;
            let q = &mut questions[question];
            let answer = match &mut q.answers {
                Answers::Always(a) => Some(a.clone()),
                Answers::InTurn(list) => list.next(),
            };
            let Some(answer) = answer else {
                terminal.hang_up();
                let said = py_repr(&Value::Bytes(all[from..done].into()));
                return Err(Failure::new(format!("No remaining responses for '{}', output was '{said}'", q.text)));
            };
            // Programs that ask for passwords first ask, then turn the echo off and forget what was typed before.
            std::thread::sleep(Duration::from_millis(50));
            terminal.say(&answer).map_err(fail)?;
            deadline = timeout.map(|t| Instant::now() + t);
        }
    }
    let status = terminal.wait().map_err(fail)?;
    Ok((all, status.code()))
}

/// The question that comes first in a text, and where its words end.
fn asked(bytes: &[u8], questions: &[Question]) -> Option<(usize, usize)> {
    let text = latin(bytes);
    let found = questions.iter().enumerate().filter_map(|(n, q)| q.pattern.find(&text).ok().flatten().map(|m| (m.start(), n, m.end())));
    // A pattern that nothing satisfies would be answered for ever.
    let found = found.filter(|(start, _, end)| end > start);
    let (_, question, end) = found.min()?;
    // Places in the text are in its encoding; a byte is one character.
    Some((question, text[..end].chars().count()))
}
