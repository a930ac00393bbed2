//! Reads the host's name service through its `getent`.

use crate::{Ctx, Failure, Module, Outcome, Params, Scope, Support, Value, params};
use rustle_value::Dict;

params! {
    /// Options of `getent`.
    pub struct Args {
        /// The data base: `passwd`, `group`, `hosts`, ….
        database: String => required();
        /// The entry; without it, all.
        key: Option<String>;
        /// The service to ask, where the system can choose.
        service: Option<String>;
        /// What separates the fields of a line.
        split: Option<String>;
        /// Whether a missing key is a failure.
        fail_key: bool => default("yes");
    }
}

const EXAMPLES: &str = "
- name: Root's entry
  ansible.builtin.getent:
    database: passwd
    key: root
";

pub static MODULE: Module = Module {
    check: Support::Full,
    scope: Scope::Looks,
    ..Module::new::<Args>("ansible.builtin.getent", "Reads the host's name service", EXAMPLES, |ctx, v| run(ctx, Args::read(v)?))
};

fn run(ctx: &mut Ctx, a: Args) -> Result<Outcome, Failure> {
    let program = ctx.need_program("getent")?;
    let mut cmd = ctx.command([program.as_os_str()]).arg(&a.database).args(a.key.as_ref());
    if let Some(s) = &a.service {
        cmd = cmd.arg("-s").arg(s);
    }
    let colons = ["passwd", "shadow", "group", "gshadow"];
    if a.split.as_deref() == Some("") {
        return Err(Failure::new("Invalid split value. The value must be a non-empty string"));
    }
    let separator = a.split.clone().or_else(|| colons.contains(&a.database.as_str()).then(|| ":".into()));
    let out = cmd.run()?;
    let fact = format!("getent_{}", a.database);
    let mut entries = Dict::new();
    match out.rc {
        0 => {
            let text = out.out();
            let mut seen: Vec<String> = Vec::new();
            for line in text.lines() {
                let fields: Vec<&str> = match &separator {
                    Some(s) => line.split(s.as_str()).collect(),
                    None => line.split_whitespace().collect(),
                };
                let Some((name, rest)) = fields.split_first() else { continue };
                let record = Value::from(rest.to_vec());
                // A name that is there again (services, hosts) gets a list of its records.
                if seen.iter().any(|s| s == name) {
                    let mut list = entries.get(name).and_then(Value::as_list).unwrap_or_default().to_vec();
                    if !list.first().is_some_and(|v| v.as_list().is_some()) {
                        list = vec![Value::list(list)];
                    }
                    list.push(record);
                    entries.insert(*name, list);
                } else {
                    seen.push((*name).to_owned());
                    entries.insert(*name, record);
                }
            }
        }
        1 => return Err(Failure::new("Missing arguments, or database unknown.")),
        2 if !a.fail_key => {
            entries.insert(a.key.clone().unwrap_or_default(), Value::Null);
            let mut facts = Dict::new();
            facts.insert(fact, entries);
            return Ok(Outcome::ok().with("ansible_facts", facts).with("msg", "One or more supplied key could not be found in the database."));
        }
        2 => return Err(Failure::new("One or more supplied key could not be found in the database.")),
        3 => return Err(Failure::new("Enumeration not supported on this database.")),
        _ => return Err(Failure::new("Unexpected failure!")),
    }
    let mut facts = Dict::new();
    facts.insert(fact, entries);
    Ok(Outcome::ok().with("ansible_facts", facts))
}
