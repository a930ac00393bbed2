//! What the data cases cannot show: secrets, the controller, static analysis, hostile input, speed of a long loop.

use rustle_jinja::{Args, Environment, Error, Interp, Scope, Syntax};
use rustle_value::{Dict, Value, Vaulted, dict, py_repr};
use std::sync::Arc;

struct Host(Dict);

impl Scope for Host {
    fn get(&self, name: &str) -> Option<Value> {
        self.0.get(name).cloned()
    }
    fn decrypt(&self, v: &Vaulted) -> Result<Value, Error> {
        Ok(Value::from(format!("clear-{}", v.ciphertext)))
    }
    fn lookup(&self, name: &str, _: &Args, _: &mut Interp<'_>) -> Option<Result<Value, Error>> {
        (name == "file").then(|| Err(Error::NeedsController { what: "lookup file".into() }))
    }
}

fn render(vars: Dict, t: &str) -> Result<Value, Error> {
    Environment::new().render_value(&Value::trusted(t, None), &Host(vars))
}

#[test]
fn vaulted_values_are_decrypted_when_read_and_only_then() {
    let v = Value::Vaulted(Arc::new(Vaulted { ciphertext: "x".into(), origin: None }));
    let vars = dict! { "v" => v.clone(), "d" => dict!{ "v" => v, "n" => 1 } };
    assert_eq!(py_repr(&render(vars.clone(), "{{ v }}").unwrap()), "'clear-x'");
    assert_eq!(py_repr(&render(vars.clone(), "{{ d.n }}").unwrap()), "1");
    assert_eq!(py_repr(&render(vars, "{{ d }}").unwrap()), "{'v': 'clear-x', 'n': 1}");
}

#[test]
fn needing_the_controller_passes_through_everything() {
    for t in [
        "{{ lookup('file', 'x') | default('D') }}",
        "{{ lookup('file', 'x') is defined }}",
        "{{ ['x'] | map('realpath') | list }}",
        "{% for i in [1] %}{{ lookup('file', 'x', errors='ignore') }}{% endfor %}",
        "{{ inner | default('D') }}",
        "{{ '/x' is exists }}",
        "{{ [{'p': '/x'}] | selectattr('p', 'exists') | list | default([]) }}",
    ] {
        let vars = dict! { "inner" => Value::trusted("{{ lookup('file', 'y') }}", None) };
        assert!(matches!(render(vars, t), Err(Error::NeedsController { .. })), "{t}");
    }
}

#[test]
fn uses_names_what_is_read() {
    let env = Environment::new();
    let u = env
        .uses(&"{% set a = b %}{% for x in xs %}{{ x.y + a + hostvars['h'].z }}{% endfor %}{{ lookup('file', p) }}{{ q('vars', 'vv') }}{{ l | map('upper') | select('match', 'x') }}{% include 'i.j2' %}".into())
        .unwrap();
    let set = |s: &[&str]| s.iter().map(ToString::to_string).collect::<std::collections::BTreeSet<_>>();
    assert_eq!(u.names, set(&["b", "hostvars", "l", "p", "vv", "xs"]));
    assert_eq!(u.lookups, set(&["file", "vars"]));
    assert_eq!(u.includes, set(&["i.j2"]));
    assert!(u.filters.contains("upper") && u.tests.contains("match") && !u.dynamic_lookup);
    assert!(u.attributes.contains(&("hostvars".into(), "h".into())));
    assert!(env.uses_expression(&"lookup(name) or q('items', z)".into()).unwrap().dynamic_lookup);
}

#[test]
fn hostile_input_is_an_error_or_an_answer_but_no_panic() {
    let pieces = ["{{", "}}", "{%", "%}", "{#", "#}", "(", ")", "[", "]", "{", "}", "'", "\"", "\\", "|", ".", ",", "a", "1", "**", "-", " is ", " in ", " not ", "if ", "for ", "endfor", "set ", "x", "=", "é", "\n", "raw", "endraw", "loop", "1e", "0x", "~", "%", "//", ":", "null", "0", "join", "default", "macro ", "endmacro", "else", "\u{2028}"];
    let mut seed = 12345u64;
    let mut next = |n: usize| {
        seed ^= seed << 13;
        seed ^= seed >> 7;
        seed ^= seed << 17;
        (seed % n as u64) as usize
    };
    let env = Environment::new();
    for _ in 0..20_000 {
        let n = 1 + next(12);
        let t: String = (0..n).map(|_| pieces[next(pieces.len())]).collect();
        _ = env.render_value(&Value::trusted(format!("{{{{ {t} }}}}"), None), &Host(dict! { "a" => "é", "x" => 1 }));
        _ = env.render_text(&t.as_str().into(), None, &Syntax::default(), &Host(dict! { "a" => vec!["é"], "x" => 1 }));
    }
    for (open, close) in [("(", ")"), ("[", "]"), ("{1:", "}"), ("not ", ""), ("-", ""), ("a[", "]"), ("1 if 1 else ", ""), ("1+", ""), ("a.", ""), ("a|", ""), ("x(", ")"), ("1 or ", ""), ("1~", ""), ("2**", "")] {
        let t = format!("{{{{ {}1{} }}}}", open.repeat(3000), close.repeat(3000));
        _ = render(dict! { "a" => "x" }, &t);
    }
    let t = format!("{}x{}", "{% if 1 %}".repeat(3000), "{% endif %}".repeat(3000));
    assert!(render(dict! {}, &t).is_err());
    assert!(render(dict! {}, "{% macro m() %}{{ m() }}{% endmacro %}{{ m() }}").is_err());
    // A chain of variables, each in the next, deeper than anybody writes.
    let mut vars = Dict::new();
    for i in 0..500 {
        vars.insert(format!("v{i}"), Value::trusted(format!("{{{{ v{} }}}}", i + 1), None));
    }
    assert!(render(vars, "{{ v0 }}").is_err());
}

#[test]
fn appending_in_a_long_loop_is_linear() {
    let t = "{% set r = [] %}{% set n = namespace(l=[]) %}{% for i in range(20000) %}{% set _ = r.append({'k': i}) %}{% endfor %}{{ r | length }}";
    let start = std::time::Instant::now();
    assert_eq!(py_repr(&render(dict! {}, t).unwrap()), "20000");
    assert!(start.elapsed().as_secs() < 5);
}
