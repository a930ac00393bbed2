//! Answers to the questions of Debian packages.

use crate::{Ctx, Failure, Module, Outcome, Params, Rule, Support, Value, params};
use rustle_value::{Dict, dict, py_str};

params! {
    /// Options of `debconf`.
    pub struct Args {
        /// The package.
        name: String => required(), aliases(&["pkg"]);
        /// The question.
        question: Option<String> => aliases(&["selection", "setting"]);
        /// The kind of answer.
        vtype: Option<String> => choices(&["boolean", "error", "multiselect", "note", "password", "seen", "select", "string", "text", "title"]);
        /// The answer.
        value: Value => aliases(&["answer"]);
        /// Whether the question stays one that was not seen.
        unseen: bool => default("no");
    }
}

const EXAMPLES: &str = "
- name: Answer in advance
  ansible.builtin.debconf:
    name: tzdata
    question: tzdata/Areas
    vtype: select
    value: Etc
";

pub static MODULE: Module = Module {
    check: Support::Full,
    diff: Support::Full,
    rules: &[Rule::RequiredTogether(&["question", "vtype", "value"])],
    ..Module::new::<Args>("ansible.builtin.debconf", "Answers questions of Debian packages", EXAMPLES, |ctx, v| run(ctx, Args::read(v)?))
};

/// What `debconf-show` says.
fn answers(ctx: &Ctx, package: &str) -> Result<Dict, Failure> {
    let program = ctx.need_program("debconf-show")?;
    let out = ctx.command([program.as_os_str()]).arg(package).c_locale().run()?;
    if out.rc != 0 {
        return Err(Failure::new(out.err()));
    }
    let mut d = Dict::new();
    for line in out.out().lines() {
        if let Some((key, value)) = line.split_once(':') {
            d.insert(key.trim_matches(['*', ' ']), value.trim());
        }
    }
    Ok(d)
}

fn run(ctx: &mut Ctx, a: Args) -> Result<Outcome, Failure> {
    let before = answers(ctx, &a.name)?;
    let mut o = Outcome::ok().with("msg", "");
    let (Some(question), Some(kind)) = (&a.question, &a.vtype) else { return Ok(o.with("current", before)) };
    let text = match (&a.value, kind.as_str()) {
        (Value::Bool(b), _) => b.to_string(),
        (Value::List(l), "multiselect") => l.iter().map(py_str).collect::<Vec<_>>().join(", "),
        (v, "boolean") => py_str(v).to_lowercase(),
        (v, _) => py_str(v),
    };
    if kind == "password" {
        ctx.secret(text.clone());
    }
    let current = if kind == "password" {
        // debconf-show hides passwords.
        let out = ctx.command(["debconf-get-selections"]).run().map(|o| o.out()).unwrap_or_default();
        let f = out.lines().map(|l| l.split('\t').collect::<Vec<_>>()).find(|f| f.len() > 3 && f[0] == a.name && f[1] == *question);
        f.map(|f| f[3].to_owned())
    } else {
        before.get(question).map(py_str)
    };
    let same = if kind == "multiselect" {
        let set = |t: &str| t.split(',').map(|s| s.trim().to_owned()).collect::<std::collections::BTreeSet<_>>();
        current.as_deref().map(set) == Some(set(&text))
    } else {
        current.as_deref() == Some(text.as_str())
    };
    if same {
        return Ok(o.with("current", before));
    }
    if !ctx.check_mode {
        let program = ctx.need_program("debconf-set-selections")?;
        let mut cmd = ctx.command([program.as_os_str()]);
        if a.unseen {
            cmd = cmd.arg("-u");
        }
        let out = cmd.stdin(format!("{} {question} {kind} {text}", a.name)).run()?;
        if out.rc != 0 {
            return Err(Failure::new(out.err()));
        }
    }
    let mut previous = before.clone();
    if !previous.contains_key(question) {
        previous.insert(question.as_str(), "");
    }
    let old = previous.get(question).cloned().unwrap_or_default();
    let shown = if kind == "password" { "password".to_owned() } else { text };
    let mut current = Dict::new();
    current.insert(question.as_str(), shown.as_str());
    o.set("changed", true);
    o.set("current", current.clone());
    o.set("previous", previous);
    let diff = if ctx.diff {
        let mut b = Dict::new();
        b.insert(question.as_str(), old);
        dict! { "before" => b, "after" => current }
    } else {
        dict! {}
    };
    o.set("diff", diff);
    Ok(o)
}
