//! What a file means to Ansible beyond YAML: trust, vaulted values, JSON first, bounded aliases.

use rustle_value::{Value, py_repr};
use rustle_yaml::{DuplicateKeys, Options, Trust, load, parse_nodes, parse_value};

#[test]
fn only_trusted_text_becomes_a_template() {
    let text = "a: '{{ x }}'\nb: !unsafe '{{ x }}'\nc: !unsafe [1, '{{ x }}']\nd: plain\n'{{ k }}': 1\n";
    let v = parse_value(text, "f.yml", Trust::Trusted).unwrap();
    let Some(Value::Template(t)) = v.get("a") else { panic!("not a template") };
    assert_eq!(t.origin.as_ref().unwrap().to_string(), "f.yml:1:4");
    assert!(matches!(v.get("b"), Some(Value::Str(_))));
    assert!(matches!(v.get("c").unwrap().as_list().unwrap()[1], Value::Str(_)));
    assert!(matches!(v.as_dict().unwrap().keys().last(), Some(Value::Template(_))));
    let v = parse_value("a: '{{ x }}'", "f.yml", Trust::Data).unwrap();
    assert!(matches!(v.get("a"), Some(Value::Str(_))));
    assert!(parse_value("a: !vault x", "f.yml", Trust::Data).is_err());
}

#[test]
fn vaulted_values_stay_vaulted() {
    let text = "a: !vault |\n  $ANSIBLE_VAULT;1.1;AES256\n  6162\n";
    let v = parse_value(text, "f.yml", Trust::Trusted).unwrap();
    let Some(Value::Vaulted(x)) = v.get("a") else { panic!("not vaulted") };
    assert_eq!(&*x.ciphertext, "$ANSIBLE_VAULT;1.1;AES256\n6162\n");
    let json = r#"{"a": {"__ansible_vault": "$ANSIBLE_VAULT;1.1;AES256\n6162"}, "b": {"__ansible_unsafe": "{{ x }}"}, "c": "{{ x }}"}"#;
    let v = load(json, "f.json", &Options::default()).unwrap().0.to_value(Trust::Trusted);
    assert!(matches!(v.get("a"), Some(Value::Vaulted(_))));
    assert!(matches!(v.get("b"), Some(Value::Str(_))));
    assert!(matches!(v.get("c"), Some(Value::Template(_))));
}

#[test]
fn files_are_json_first() {
    let read = |t: &str| py_repr(&load(t, "f", &Options::default()).unwrap().0.to_value(Trust::Trusted));
    assert_eq!(read("{\t\"a\": 1e3,\n\t\"b\": [12345678901234567890]}"), "{'a': '1e3', 'b': [12345678901234567890]}");
    assert_eq!(read("{\"a\": 1e3}"), "{'a': 1000.0}");
    assert_eq!(read("{a: 1e3}"), "{'a': '1e3'}");
    assert_eq!(read(""), "None");
    assert_eq!(read("\u{feff}a: 1"), "{'a': 1}");
}

#[test]
fn aliases_cannot_explode() {
    let mut text = String::from("a0: &a0 {k: v}\nm0: &m0 {k0: v}\n");
    for i in 1..60 {
        let p = i - 1;
        text += &format!("a{i}: &a{i} [*a{p}, *a{p}, *a{p}, *a{p}, *a{p}, *a{p}, *a{p}, *a{p}, *a{p}]\n");
        text += &format!("m{i}: &m{i} {{k{i}: v, <<: [*m{p}, *m{p}, *m{p}, *m{p}, *m{p}, *m{p}, *m{p}, *m{p}, *m{p}]}}\n");
    }
    let options = Options { duplicate_keys: DuplicateKeys::Ignore, ..Options::default() };
    let v = load(&text, "bomb.yml", &options).unwrap().0.to_value(Trust::Trusted);
    assert_eq!(v.get("m59").unwrap().as_dict().unwrap().len(), 60);
    let chain: String = (1..50_000).map(|i| format!("c{i}: &c{i} [*c{}]\n", i - 1)).collect();
    assert!(load(&format!("c0: &c0 [x]\n{chain}"), "chain.yml", &options).is_err());
    let deep = format!("{}{}", "[".repeat(190), "]".repeat(190));
    assert!(parse_value(&deep, "deep.yml", Trust::Trusted).is_ok());
    assert!(parse_nodes(&"[".repeat(100_000), "deep.yml").is_err());
    assert!(parse_nodes(&"- ".repeat(100_000), "deep.yml").is_err());
    assert!(parse_nodes(&"{a: ".repeat(100_000), "deep.yml").is_err());
}
