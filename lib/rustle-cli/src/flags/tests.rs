//! Command lines and what ansible-playbook says of them.

use super::*;

fn ansible(line: &str) -> Result<Parsed, String> {
    parse(Face::Ansible, line.split_whitespace().map(str::to_owned)).map_err(|e| e.0)
}

#[test]
fn complaints_are_those_of_ansible_playbook() {
    for (line, want) in [
        ("", "the following arguments are required: playbook"),
        ("--frob", "the following arguments are required: playbook"),
        ("--frob x site.yml --zap=3 -Z", "unrecognized arguments: --frob --zap=3 -Z"),
        ("-i", "argument -i/--inventory/--inventory-file: expected one argument"),
        ("-f x site.yml", "argument -f/--forks: invalid tag_value value: 'x'"),
        ("-k --conn-pass-file x site.yml", "argument --connection-password-file/--conn-pass-file: not allowed with argument -k/--ask-pass"),
        ("--become-p site.yml", "ambiguous option: --become-p could match --become-password-file, --become-pass-file"),
        ("--list-t site.yml", "ambiguous option: --list-t could match --list-tasks, --list-tags"),
        ("site.yml --tags", "argument -t/--tags: expected one argument"),
        ("-vfoo site.yml", "argument -f/--forks: invalid tag_value value: 'oo'"),
        ("site.yml --check=foo", "argument -C/--check: ignored explicit argument 'foo'"),
        ("-T 1.5 a", "argument -T/--timeout: invalid tag_value value: '1.5'"),
        ("-J --vault-pass-file=x a", "argument --vault-password-file/--vault-pass-file: not allowed with argument -J/--ask-vault-password/--ask-vault-pass"),
        ("-f 0 a", "The number of processes (--forks) must be >= 1"),
        ("--barriers none a", "unrecognized arguments: --barriers"),
    ] {
        assert_eq!(ansible(line).unwrap_err(), want, "{line}");
    }
}

#[test]
fn what_is_given_is_there() {
    let p = ansible("-vvCD a.yml -i x,y -ihosts --inventory=z b.yml -e a=1 -e @f -t one,two -t two --limit !h -f5 -- -c").unwrap();
    assert_eq!(p.playbooks, ["a.yml", "b.yml", "-c"]);
    assert_eq!((p.count("verbosity"), p.given("check"), p.given("diff"), p.given("become")), (2, true, true, false));
    assert_eq!(p.words("tags"), ["one", "two"]);
    assert_eq!(p.many("extra_vars"), ["a=1", "@f"]);
    assert_eq!((p.one("limit"), p.number("forks")), (Some("!h"), Some(5)));
    let own = parse(Face::Rustle, ["--barriers", "none", "a"].map(str::to_owned)).unwrap();
    assert_eq!(own.one("barriers"), Some("none"));
    assert!(parse(Face::Rustle, ["--barriers", "x", "a"].map(str::to_owned)).is_err());
}

#[test]
fn usage_line() {
    let text = complaint(Face::Ansible, &BadArguments("x".into()));
    assert!(text.starts_with("usage: ansible-playbook [-h] [--version] [-v] [--private-key PRIVATE_KEY_FILE]\n                        [-u REMOTE_USER]"), "{text}");
    assert!(text.contains("[-k |\n                        --connection-password-file CONNECTION_PASSWORD_FILE]\n"), "{text}");
    assert!(text.ends_with("playbook [playbook ...]\nansible-playbook: error: x\n"), "{text}");
    assert!(!help(Face::Ansible).contains("--barriers") && help(Face::Rustle).contains("--barriers"));
    command().debug_assert();
}

#[test]
fn extra_variables() {
    let read = |name: &str| match name {
        "f.yml" => Ok("a: [1, 2]\nb: '{{ c }}'\n".to_owned()),
        other => Err(format!("no {other}")),
    };
    let get = |given: &[&str]| {
        let given: Vec<String> = given.iter().map(|s| (*s).to_owned()).collect();
        extra_vars(&given, &read).map(|d| rustle_value::py_repr(&d.into())).map_err(|e| e.0)
    };
    assert_eq!(get(&["a=1 b='two words' c={{ x + y }} junk"]).unwrap(), "{'a': '1', 'b': 'two words', 'c': '{{ x + y }}'}");
    assert_eq!(get(&["{\"a\": 1, \"n\": null}", "a=2"]).unwrap(), "{'a': '2', 'n': None}");
    assert_eq!(get(&["@f.yml"]).unwrap(), "{'a': [1, 2], 'b': '{{ c }}'}");
    assert_eq!(get(&["@nofile"]).unwrap_err(), "no nofile");
    assert_eq!(get(&["[1]"]).unwrap_err(), "Invalid extra vars data supplied. '[1]' could not be made into a dictionary");
    assert!(get(&["a='1"]).unwrap_err().starts_with("failed at splitting"));
    assert!(get(&["/etc/x"]).unwrap_err().contains("with '@'"));
}
