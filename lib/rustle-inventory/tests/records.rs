//! An inventory that went through records gives every host the same variables, and patterns the same hosts.

use rustle_inventory::{Inventory, LoadOptions};
use rustle_value::to_json_string;
use std::fs;
use std::path::Path;

#[test]
fn records_keep_what_hosts_see() {
    let dir = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| {
        let path = dir.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    };
    write("inv/hosts", "lone x=1\n[web]\nw[1:3] port=80\n[db]\nd1 a={{b}}\nw1\n[all:vars]\nv=all\n[site:children]\nweb\ndb\n[site:vars]\nansible_group_priority=5\ns=site\n");
    write("inv/group_vars/all.yml", "v: file\nall_file: 1\n");
    write("inv/group_vars/web/a.yml", "v: web\nw: '{{ v }}'\n");
    write("inv/host_vars/w1.yml", "mine: true\n");
    write("play/group_vars/db.yml", "v: playdb\n");
    write("play/host_vars/w1.yml", "mine: play\n");
    let play = dir.path().join("play");
    let one = Inventory::load(&[dir.path().join("inv").display().to_string()], &LoadOptions::default()).unwrap();
    _ = one.select("localhost").unwrap();
    let (groups, hosts) = one.to_records(&[&play]).unwrap();
    assert!(hosts.iter().any(|h| h.implicit && h.name == "localhost"));
    let two = Inventory::from_records(&groups, &hosts, LoadOptions::default());
    for pattern in ["all", "web:&db", "site:!w1", "w*", "web[1]", "ungrouped", "localhost"] {
        assert_eq!(one.select(pattern).unwrap(), two.select(pattern).unwrap(), "{pattern}");
    }
    let show = |i: &Inventory, host: &str, dir: &Path| {
        to_json_string(&i.vars_of(host, Some(dir)).unwrap().into(), &rustle_value::JsonStyle { sort_keys: true, ..Default::default() })
    };
    for host in one.select("all").unwrap().iter().chain([&"localhost".to_owned()]) {
        assert_eq!(show(&one, host, &play), show(&two, host, Path::new("/nowhere")), "{host}");
        assert_eq!(one.groups_of(host), two.groups_of(host));
    }
    assert_eq!(one.groups_dict(), two.groups_dict());
}
