//! The dumper against PyYAML's: every case of `dump.jsonl` was written by `dump.py`.

use rustle_value::{Dict, Value};
use rustle_yaml::{DumpStyle, FlowStyle, dump};

fn decode(j: &serde_json::Value) -> Value {
    match j {
        serde_json::Value::Array(a) => Value::list(a.iter().map(decode).collect()),
        serde_json::Value::Object(o) => {
            if let Some(f) = o.get("f") {
                return Value::Float(f.as_str().unwrap().parse().unwrap());
            }
            if let Some(i) = o.get("i") {
                return Value::big(i.as_str().unwrap().parse().unwrap());
            }
            let mut d = Dict::new();
            for pair in o["d"].as_array().unwrap() {
                d.insert(decode(&pair[0]), decode(&pair[1]));
            }
            Value::dict(d)
        }
        other => rustle_value::from_json(other.clone()),
    }
}

fn style(j: &serde_json::Value) -> DumpStyle {
    let mut s = DumpStyle { flow: FlowStyle::Block, ..DumpStyle::default() };
    for (k, v) in j.as_object().unwrap() {
        match (k.as_str(), v) {
            ("default_flow_style", serde_json::Value::Null) => s.flow = FlowStyle::Leaves,
            ("default_flow_style", v) => s.flow = if v.as_bool().unwrap() { FlowStyle::Flow } else { FlowStyle::Block },
            ("indent", v) => s.indent = v.as_i64().unwrap(),
            ("width", v) => s.width = v.as_i64().unwrap(),
            ("sort_keys", v) => s.sort_keys = v.as_bool().unwrap(),
            ("allow_unicode", v) => s.allow_unicode = v.as_bool().unwrap(),
            ("explicit_start", v) => s.explicit_start = v.as_bool().unwrap(),
            ("explicit_end", v) => s.explicit_end = v.as_bool().unwrap(),
            ("default_style", v) => s.default_style = v.as_str().and_then(|s| s.chars().next()),
            other => panic!("{other:?}"),
        }
    }
    s
}

#[test]
fn writes_what_pyyaml_writes() {
    let (mut bad, mut n) = (Vec::new(), 0);
    for line in include_str!("dump.jsonl").lines() {
        let case: serde_json::Value = serde_json::from_str(line).unwrap();
        let got = dump(&decode(&case["value"]), &style(&case["style"]));
        let want = case["text"].as_str().unwrap();
        n += 1;
        if got != want {
            bad.push(format!("{} {}\n want {want:?}\n got  {got:?}", case["style"], case["value"]));
        }
    }
    assert!(bad.is_empty(), "{} of {n} differ:\n{}", bad.len(), bad[..bad.len().min(25)].join("\n\n"));
}
