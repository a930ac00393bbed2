//! Dynamic includes: where files are found, what the new tasks inherit, and that ids stay unique.

use rustle_playbook::{IncludeContext, Loader, Options, RoleInclude};
use rustle_stream::model::{Fragment, Task};
use rustle_value::{Dict, Value, dict};
use std::fs;
use std::path::Path;

fn write(root: &Path, name: &str, text: &str) {
    let path = root.join(name);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, text).unwrap();
}

fn names(f: &Fragment) -> Vec<String> {
    f.tasks.iter().filter_map(|t| t.name.as_ref().map(ToString::to_string)).collect()
}

fn find<'a>(f: &'a Fragment, name: &str) -> &'a Task {
    f.tasks.iter().find(|t| t.name.as_ref().is_some_and(|n| n.to_string() == name)).unwrap()
}

#[test]
fn included_tasks_stand_where_the_include_does() {
    let dir = tempfile::tempdir().unwrap();
    let root = dir.path().canonicalize().unwrap();
    let task = |name: &str| format!("- {{name: {name}, ping: }}\n");
    write(&root, "site.yml", "- hosts: all\n  tasks:\n    - block:\n        - {name: inc, include_tasks: sub/a.yml}\n      become: true\n  roles: [r]\n");
    write(&root, "sub/a.yml", "- {name: inner, include_tasks: b.yml}\n- {name: up, include_tasks: c.yml}\n");
    write(&root, "sub/b.yml", &task("b beside"));
    write(&root, "b.yml", &task("b of the playbook"));
    write(&root, "c.yml", &task("c of the playbook"));
    write(&root, "roles/r/tasks/main.yml", "- {name: from role, include_tasks: x.yml}\n- {name: role in role, include_role: {name: s}}\n");
    write(&root, "roles/r/tasks/x.yml", "- {name: x, template: {src: a, dest: /a}}\n- import_tasks: deep/y.yml\n");
    write(&root, "roles/r/tasks/deep/y.yml", &task("y"));
    write(&root, "roles/s/tasks/main.yml", &task("s main"));
    write(&root, "roles/s/tasks/other.yml", &task("s other"));
    write(&root, "roles/s/handlers/main.yml", &task("s handler"));
    write(&root, "roles/s/defaults/main.yml", "d: \"{{ e }}\"\n");
    write(&root, "roles/s/meta/main.yml", "dependencies: [t]\n");
    write(&root, "roles/t/tasks/main.yml", &task("t main"));
    let options = Options { cwd: root.display().to_string(), ..Options::default() };
    let parsed = Loader::new(options.clone()).load_playbook("site.yml").unwrap();
    let play = &parsed.plays[0];
    // A loader that knows the run from its records only.
    let mut loader = Loader::resume(options, &parsed.plays, &parsed.fragment);
    let cx = |task| IncludeContext { play, task, collections: &[] };
    let none = Dict::new();

    let outer = find(&parsed.fragment, "inc");
    let apply = dict! { "tags" => "t1,t2", "become_user" => Value::trusted("{{ u }}", None) };
    let a = loader.load_include_tasks("sub/a.yml", &apply, &cx(outer)).unwrap();
    assert_eq!(names(&a), ["inner", "up"]);
    assert!(a.tasks.iter().all(|t| parsed.fragment.tasks.iter().all(|p| p.id != t.id)), "ids are fresh");
    let block = &a.blocks[0];
    assert_eq!((block.parent, block.implicit), (outer.parent, true));
    assert_eq!(block.keywords.tags, [Value::from("t1"), Value::from("t2")]);
    assert!(block.keywords.other.contains_key("become_user"));
    assert_eq!(a.tasks[0].parent, Some(block.id));
    let b = loader.load_include_tasks("b.yml", &none, &cx(find(&a, "inner"))).unwrap();
    assert_eq!(names(&b), ["b beside"]);
    assert_eq!(names(&loader.load_include_tasks("c.yml", &none, &cx(find(&a, "up"))).unwrap()), ["c of the playbook"]);
    let missing = loader.load_include_tasks("no.yml", &none, &cx(find(&a, "up"))).unwrap_err();
    assert!(missing.to_string().contains(&format!("'{}/no.yml'", root.display())), "{missing}");

    let from_role = find(&parsed.fragment, "from role");
    let x = loader.load_include_tasks("x.yml", &none, &cx(from_role)).unwrap();
    assert_eq!(names(&x), ["x", "y"]);
    assert_eq!(x.tasks[0].role, from_role.role);
    let role = format!("{}/roles/r", root.display());
    assert_eq!(find(&x, "x").search_path, [role.clone(), format!("{role}/tasks"), root.display().to_string()]);

    let include = find(&parsed.fragment, "role in role");
    let wanted = RoleInclude { name: "s".into(), ..RoleInclude::default() };
    let s = loader.load_include_role(&wanted, &cx(include)).unwrap();
    assert_eq!(names(&s), ["t main", "s main", "s handler"]);
    let known = s.roles.iter().find(|r| r.name == "s").unwrap();
    assert_eq!(known.parents, Vec::from_iter(include.role));
    assert!(!known.public && known.allow_duplicates && known.defaults.contains_key("d"));
    assert_eq!(known.dependencies.len(), 1);
    assert!(s.handlers.len() == 1 && find(&s, "s handler").handler);
    assert_eq!(find(&s, "s main").search_path[..2], [format!("{}/roles/s", root.display()), role]);
    let again = loader.load_include_role(&RoleInclude { tasks_from: Some("other".into()), ..wanted }, &cx(include)).unwrap();
    assert_eq!(names(&again), ["t main", "s other", "s handler"]);
    assert!(again.roles.iter().any(|r| r.name == "t"), "a fragment has the records of all its roles");
    assert_ne!(again.roles.last().map(|r| r.id), s.roles.last().map(|r| r.id));
    let no = RoleInclude { name: "nope".into(), ..RoleInclude::default() };
    assert!(loader.load_include_role(&no, &cx(include)).unwrap_err().to_string().starts_with("The role 'nope' was not found in: "));
}
