//! What the controller itself sent: the only texts that it renders, or decrypts, because a host asks for it.
//!
//! Without this a host that lies could have any template rendered here, commands in `lookup('pipe', …)` among them.

use rustle_engine::{Engine, TaskContext};
use rustle_stream::model::{Keywords, Task};
use rustle_value::{Dict, Origin, Value};

/// What is looked for.
#[derive(Clone, Copy)]
pub enum Text<'a> {
    /// A template's source.
    Template(&'a str),
    /// A bare expression: plain strings of the task count, too (`debug: var=x`).
    Expression(&'a str),
    Vaulted(&'a str),
}

/// Where the text stands: `None` where it stands nowhere, an empty place where that is not known.
type Found = Option<Option<Origin>>;

fn in_value(v: &Value, text: Text<'_>, task: bool) -> Found {
    match (v, text) {
        (Value::Template(t), Text::Template(s) | Text::Expression(s)) => (*t.source == *s).then(|| t.origin.clone()),
        (Value::Str(x), Text::Expression(s)) => (task && **x == *s).then_some(None),
        (Value::Vaulted(x), Text::Vaulted(s)) => (*x.ciphertext == *s).then(|| x.origin.clone()),
        (Value::List(l) | Value::Tuple(l), _) => l.iter().find_map(|x| in_value(x, text, task)),
        (Value::Dict(d), _) => in_dict(d, text, task),
        _ => None,
    }
}

fn in_dict(d: &Dict, text: Text<'_>, task: bool) -> Found {
    d.iter().find_map(|(k, v)| in_value(v, text, task).or_else(|| in_value(k, text, task)))
}

fn in_list(l: &[Value], text: Text<'_>) -> Found {
    l.iter().find_map(|v| in_value(v, text, true))
}

fn in_keywords(k: &Keywords, text: Text<'_>) -> Found {
    let lists = || [&k.tags, &k.when, &k.environment, &k.module_defaults].into_iter().find_map(|l| in_list(l, text));
    in_dict(&k.vars, text, true).or_else(|| in_dict(&k.other, text, true)).or_else(lists)
}

fn in_task(t: &Task, text: Text<'_>) -> Found {
    in_dict(&t.args, text, true)
        .or_else(|| in_dict(&t.loop_control, text, true))
        .or_else(|| in_keywords(&t.keywords, text))
        .or_else(|| in_value(&t.repeat.as_ref()?.value, text, true))
        .or_else(|| [&t.changed_when, &t.failed_when, &t.until, &t.notify, &t.listen].into_iter().find_map(|l| in_list(l, text)))
        .or_else(|| [&t.name, &t.retries, &t.delay, &t.async_seconds, &t.poll].into_iter().flatten().find_map(|v| in_value(v, text, true)))
}

/// Where a source of this run has the text: the task, what it inherits, or a variable that the host sees.
pub fn find(engine: &Engine<'_>, cx: &TaskContext, text: Text<'_>) -> Found {
    let near = in_task(&cx.task, text).or_else(|| in_keywords(&engine.play.keywords, text)).or_else(|| in_dict(&engine.play.other, text, true));
    if near.is_some() {
        return near;
    }
    let mut parent = cx.task.parent;
    while let Some(block) = parent.and_then(|id| engine.program.block(id)) {
        let found = in_keywords(&block.keywords, text);
        if found.is_some() {
            return found;
        }
        parent = block.parent;
    }
    engine.scope(cx).layers.dicts().into_iter().find_map(|d| in_dict(d, text, false))
}
