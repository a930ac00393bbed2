//! Repositories of RPM packages, in files of `/etc/yum.repos.d`.
//!
//! Comments in a file go when it is written, as with Ansible. A section `[DEFAULT]` is one like others.

use crate::{Ctx, Failure, FileArgs, Module, Outcome, Params, PathArg, Rule, Support, Value, Values, params};
use rustle_value::{dict, str_repr};
use std::fs;
use std::path::Path;

params! {
    /// Options of `yum_repository`. All but a few are settings of the repository, under their own names.
    pub struct Args with { attributes: FileArgs } {
        /// Whether packages are fetched side by side; deprecated.
        r#async: Option<bool> => name("async");
        /// How many bytes a second there are.
        bandwidth: Option<String>;
        /// Addresses.
        baseurl: Option<Vec<String>>;
        /// How much it costs to take packages from here.
        cost: Option<String>;
        /// Whether the host is counted once a week.
        countme: Option<bool>;
        /// From which size on lists of differences are not fetched; deprecated.
        deltarpm_metadata_percentage: Option<String>;
        /// From which size on differences are not used.
        deltarpm_percentage: Option<String>;
        /// The repository's name for people.
        description: Option<String>;
        /// Whether it is used.
        enabled: Option<bool>;
        /// Whether it has groups of packages.
        enablegroups: Option<bool>;
        /// Packages that are not taken from it.
        exclude: Option<Vec<String>> => aliases(&["excludepkgs"]);
        /// The order in which addresses are tried.
        failovermethod: Option<String> => choices(&["roundrobin", "priority"]);
        /// The file's name, without `.repo`.
        file: Option<String>;
        /// The address of the authority's key; deprecated.
        gpgcakey: Option<String>;
        /// Whether packages' signatures are checked.
        gpgcheck: Option<bool>;
        /// Addresses of keys.
        gpgkey: Option<Vec<String>>;
        /// Whether packages are taken whatever the modules say.
        module_hotfixes: Option<bool>;
        /// What is cached on the way; deprecated.
        http_caching: Option<String> => choices(&["all", "packages", "none"]);
        /// Another file of settings.
        include: Option<String>;
        /// The only packages that are taken from it.
        includepkgs: Option<Vec<String>>;
        /// The version of IP.
        ip_resolve: Option<String> => choices(&["4", "6", "IPv4", "IPv6", "whatever"]);
        /// Whether a connection is used several times; deprecated.
        keepalive: Option<bool>;
        /// How long lists are good.
        metadata_expire: Option<String>;
        /// How new lists must be; deprecated.
        metadata_expire_filter: Option<String> => choices(&["never", "read-only:past", "read-only:present", "read-only:future"]);
        /// The address of a list of mirrors, as metalink.
        metalink: Option<String>;
        /// The address of a list of mirrors.
        mirrorlist: Option<String>;
        /// How long that list is good; deprecated.
        mirrorlist_expire: Option<String>;
        /// The repository's id: the section.
        name: String => required();
        /// The password.
        password: Option<String> => no_log();
        /// Its rank among repositories.
        priority: Option<String>;
        /// Whether its packages are kept from others; deprecated.
        protect: Option<bool>;
        /// A proxy.
        proxy: Option<String>;
        /// The proxy's password.
        proxy_password: Option<String> => no_log();
        /// The proxy's user.
        proxy_username: Option<String>;
        /// Whether the lists' signatures are checked.
        repo_gpgcheck: Option<bool>;
        /// The folder.
        reposdir: PathArg => default("/etc/yum.repos.d");
        /// How often to try.
        retries: Option<String>;
        /// Whether it lies in S3.
        s3_enabled: Option<bool>;
        /// Whether all goes on without it.
        skip_if_unavailable: Option<bool>;
        /// The authorities that are trusted.
        sslcacert: Option<String> => aliases(&["ca_cert"]);
        /// Whether certificates' permissions are looked at; deprecated.
        ssl_check_cert_permissions: Option<bool>;
        /// The certificate to show.
        sslclientcert: Option<String> => aliases(&["client_cert"]);
        /// Its key.
        sslclientkey: Option<String> => aliases(&["client_key"]);
        /// Whether certificates are checked.
        sslverify: Option<bool> => aliases(&["validate_certs"]);
        /// Whether it is there.
        state: String => default("present"), choices(&["present", "absent"]);
        /// How many bytes a second are used.
        throttle: Option<String>;
        /// How many seconds to wait.
        timeout: Option<String>;
        /// Variables that are shown with the id; deprecated.
        ui_repoid_vars: Option<String>;
        /// The user.
        username: Option<String>;
    }
}

const EXAMPLES: &str = "
- name: Extra packages
  ansible.builtin.yum_repository:
    name: epel
    description: Extra packages for Enterprise Linux
    metalink: https://mirrors.fedoraproject.org/metalink?repo=epel-9&arch=x86_64
    gpgcheck: true
    gpgkey: https://dl.fedoraproject.org/pub/epel/RPM-GPG-KEY-EPEL-9
";

pub static MODULE: Module = Module {
    check: Support::Full,
    diff: Support::Full,
    rules: &[
        Rule::RequiredIfAny { param: "state", is: "present", needs: &["baseurl", "mirrorlist", "metalink"] },
        Rule::RequiredIf { param: "state", is: "present", needs: &["description"] },
    ],
    ..Module::new::<Args>("ansible.builtin.yum_repository", "Manages repositories of RPM packages", EXAMPLES, |ctx, v| run(ctx, Args::read(v)?, v))
};

/// Options that nothing uses any more.
const DEPRECATED: &[&str] = &[
    "deltarpm_metadata_percentage", "gpgcakey", "http_caching", "keepalive", "metadata_expire_filter", "mirrorlist_expire", "protect",
    "ssl_check_cert_permissions", "ui_repoid_vars",
];

/// Options that are no settings of the repository, or have another name there.
const OWN: &[&str] = &["name", "description", "file", "reposdir", "state"];

fn run(ctx: &mut Ctx, a: Args, v: &Values) -> Result<Outcome, Failure> {
    if !v.get("async").is_null() {
        ctx.deprecate("'async' parameter is deprecated as it has been removed on systems supported by ansible-core", Some("2.22"));
    }
    let mut names: Vec<&&str> = DEPRECATED.iter().filter(|n| !v.get(n).is_null()).collect();
    names.sort();
    for n in names {
        ctx.deprecate(&format!("'{n}' parameter is deprecated as it has no effect with dnf as an underlying package manager."), Some("2.22"));
    }
    if !Path::new(&*a.reposdir).is_dir() {
        return Err(Failure::new(format!("Repo directory '{}' does not exist.", a.reposdir)));
    }
    let path = crate::paths::join(&a.reposdir, &format!("{}.repo", a.file.as_ref().unwrap_or(&a.name)));
    let there = Path::new(&path).exists();
    let text = if there { fs::read_to_string(&path).map_err(|e| Failure::os(&e, &path))? } else { String::new() };
    let mut sections = parse(&text, &path).map_err(Failure::broke_off)?;
    let before = dump(&sections);
    let place = sections.iter().position(|s| s.name == a.name);
    if a.state == "present" {
        let new = Section { name: a.name.clone(), settings: settings(v) };
        match place {
            Some(n) => sections[n] = new,
            None => sections.push(new),
        }
    } else if let Some(n) = place {
        sections.remove(n);
    }
    let after = dump(&sections);
    let mut changed = before != after;
    if changed && !ctx.check_mode {
        if sections.is_empty() {
            fs::remove_file(&path).map_err(|e| {
                Failure::new(format!("Cannot remove empty repo file {path}.")).with("details", crate::errors::py_oserror(&e, &path))
            })?;
        } else {
            let text: String = sections.iter().map(Section::write).collect();
            ctx.write_atomic(&path, text.as_bytes(), a.attributes.unsafe_writes)?;
        }
    }
    if Path::new(&path).exists() {
        changed = ctx.set_file_attributes(&path, &a.attributes, changed, None)?;
    }
    let diff = dict! { "before_header" => path.as_str(), "before" => before, "after_header" => path.as_str(), "after" => after };
    Ok(Outcome::changed(changed).with("repo", a.name).with("state", a.state).with("diff", diff))
}

/// The repository's settings, by name.
fn settings(v: &Values) -> Vec<(String, String)> {
    let own = |name: &str| OWN.contains(&name) || FileArgs::PARAMS.iter().any(|p| p.name == name);
    let mut out: Vec<(String, String)> = Vec::new();
    for p in Args::PARAMS.iter().filter(|p| !own(p.name)) {
        let text = match v.get(p.name) {
            Value::Null => continue,
            Value::Bool(b) => if *b { "1" } else { "0" }.to_owned(),
            Value::List(l) => {
                let words: Vec<String> = l.iter().map(rustle_value::py_str).collect();
                words.join(if matches!(p.name, "baseurl" | "gpgkey") { "\n" } else { " " })
            }
            other => rustle_value::py_str(other),
        };
        out.push((p.name.to_owned(), text));
    }
    out.push(("name".to_owned(), v.get("description").as_str().unwrap_or_default().to_owned()));
    out.sort();
    out
}

/// A repository as its file has it.
struct Section {
    name: String,
    settings: Vec<(String, String)>,
}

impl Section {
    /// For the file: lines of a value behind the first are indented.
    fn write(&self) -> String {
        let lines: String = self.settings.iter().map(|(k, v)| format!("{k} = {}\n", v.replace('\n', "\n\t"))).collect();
        format!("[{}]\n{lines}\n", self.name)
    }
}

/// All sections for people, in the order of names.
fn dump(sections: &[Section]) -> String {
    let mut sorted: Vec<&Section> = sections.iter().collect();
    sorted.sort_by(|a, b| a.name.cmp(&b.name));
    let mut out = String::new();
    for s in sorted {
        let mut settings = s.settings.clone();
        settings.sort();
        out += &format!("[{}]\n", s.name);
        out.extend(settings.iter().map(|(k, v)| format!("{k} = {v}\n")));
        out.push('\n');
    }
    out
}

/// Reads a file as Python's parser of such files does. The error is what it would say.
fn parse(text: &str, path: &str) -> Result<Vec<Section>, String> {
    let mut out: Vec<Section> = Vec::new();
    // The indentation of the last option, which deeper lines go on with.
    let mut depth = None;
    let mut wrong = String::new();
    for (n, line) in text.lines().enumerate() {
        let n = n + 1;
        let word = line.trim();
        if word.starts_with(['#', ';']) {
            continue;
        }
        let last = out.last_mut().and_then(|s| s.settings.last_mut());
        if word.is_empty() {
            // It may be within a value.
            if let (Some((_, v)), Some(_)) = (last, depth) {
                v.push('\n');
            }
            continue;
        }
        let indent = line.len() - line.trim_start().len();
        if let (Some((_, v)), Some(d)) = (last, depth) {
            if indent > d {
                v.push('\n');
                *v += word;
                continue;
            }
        }
        depth = None;
        if let Some(name) = word.strip_prefix('[').and_then(|w| w.rfind(']').map(|end| &w[..end])) {
            if out.iter().any(|s| s.name == name) {
                return Err(format!("While reading from {} [line {n:2}]: section {} already exists", str_repr(path), str_repr(name)));
            }
            out.push(Section { name: name.to_owned(), settings: Vec::new() });
            continue;
        }
        let Some(section) = out.last_mut() else {
            return Err(format!("File contains no section headers.\nfile: {}, line: {n}\n{}", str_repr(path), str_repr(&format!("{line}\n"))));
        };
        let Some((key, value)) = word.split_once(['=', ':']) else {
            wrong += &format!("\n\t[line {n:2}]: {}", str_repr(&format!("{line}\n")));
            continue;
        };
        let key = key.trim_end().to_lowercase();
        if section.settings.iter().any(|(k, _)| *k == key) {
            let (file, section) = (str_repr(path), str_repr(&section.name));
            return Err(format!("While reading from {file} [line {n:2}]: option {} in section {section} already exists", str_repr(&key)));
        }
        section.settings.push((key, value.trim().to_owned()));
        depth = Some(indent);
    }
    if !wrong.is_empty() {
        return Err(format!("Source contains parsing errors: {}{wrong}", str_repr(path)));
    }
    for (_, v) in out.iter_mut().flat_map(|s| &mut s.settings) {
        v.truncate(v.trim_end_matches('\n').len());
    }
    Ok(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_and_writes() {
        let text = "# c\n[x]\na=1\n\n  b\n\nQ : r = s\n\n[y]\n";
        let sections = parse(text, "f").unwrap();
        assert_eq!(sections.iter().map(Section::write).collect::<String>(), "[x]\na = 1\n\t\n\tb\nq = r = s\n\n[y]\n\n");
        assert!(parse("a=1\n", "f").is_err_and(|e| e.starts_with("File contains no section headers.")));
        assert!(parse("[x]\n[x]\n", "f").is_err_and(|e| e.ends_with("section 'x' already exists")));
    }
}
