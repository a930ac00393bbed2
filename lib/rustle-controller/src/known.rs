//! What the controller itself sent: the only texts that it renders, or decrypts, because a host asks for it.
//!
//! Without this a host that lies could have any template rendered here, commands in `lookup('pipe', …)` among them.

use rustle_engine::{Engine, TaskContext};
use rustle_stream::model::{Keywords, Task};
use rustle_value::{Dict, Value};

/// What is looked for.
#[derive(Clone, Copy)]
pub enum Text<'a> {
    /// A template's source.
    Template(&'a str),
    /// A bare expression: plain strings of the task count, too (`debug: var=x`).
    Expression(&'a str),
    Vaulted(&'a str),
}

fn in_value(v: &Value, text: Text<'_>, task: bool) -> bool {
    match (v, text) {
        (Value::Template(t), Text::Template(s) | Text::Expression(s)) => *t.source == *s,
        (Value::Str(x), Text::Expression(s)) => task && **x == *s,
        (Value::Vaulted(x), Text::Vaulted(s)) => *x.ciphertext == *s,
        (Value::List(l) | Value::Tuple(l), _) => l.iter().any(|x| in_value(x, text, task)),
        (Value::Dict(d), _) => in_dict(d, text, task),
        _ => false,
    }
}

fn in_dict(d: &Dict, text: Text<'_>, task: bool) -> bool {
    d.iter().any(|(k, v)| in_value(v, text, task) || in_value(k, text, task))
}

fn in_list(l: &[Value], text: Text<'_>) -> bool {
    l.iter().any(|v| in_value(v, text, true))
}

fn in_keywords(k: &Keywords, text: Text<'_>) -> bool {
    in_dict(&k.vars, text, true) || in_dict(&k.other, text, true) || [&k.tags, &k.when, &k.environment, &k.module_defaults].iter().any(|l| in_list(l, text))
}

fn in_task(t: &Task, text: Text<'_>) -> bool {
    in_dict(&t.args, text, true)
        || in_dict(&t.loop_control, text, true)
        || in_keywords(&t.keywords, text)
        || t.repeat.as_ref().is_some_and(|r| in_value(&r.value, text, true))
        || [&t.changed_when, &t.failed_when, &t.until, &t.notify, &t.listen].iter().any(|l| in_list(l, text))
        || [&t.name, &t.retries, &t.delay, &t.async_seconds, &t.poll].into_iter().flatten().any(|v| in_value(v, text, true))
}

/// Whether a source of this run has the text: the task, what it inherits, or a variable that the host sees.
pub fn is_known(engine: &Engine<'_>, cx: &TaskContext, text: Text<'_>) -> bool {
    if in_task(&cx.task, text) || in_keywords(&engine.play.keywords, text) || in_dict(&engine.play.other, text, true) {
        return true;
    }
    let mut parent = cx.task.parent;
    while let Some(block) = parent.and_then(|id| engine.program.block(id)) {
        if in_keywords(&block.keywords, text) {
            return true;
        }
        parent = block.parent;
    }
    engine.scope(cx).layers.dicts().into_iter().any(|d| in_dict(d, text, false))
}
