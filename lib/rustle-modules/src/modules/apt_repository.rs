//! One-line sources of Debian packages, in `/etc/apt/sources.list` and `sources.list.d`.
//!
//! Limit: `ppa:` addresses are refused, as their key would have to be asked of Launchpad.

use crate::execute::glob;
use crate::{Ctx, Failure, Module, Outcome, Params, Support, Value, params};
use rustle_value::dict;
use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::PermissionsExt;

params! {
    /// Options of `apt_repository`.
    pub struct Args {
        /// The source's line.
        repo: String => required();
        /// Whether it is there.
        state: String => default("present"), choices(&["absent", "present"]);
        /// The mode of a new file.
        mode: Value;
        /// Whether the lists are fetched after a change.
        update_cache: bool => default("yes"), aliases(&["update-cache"]);
        /// How often to try that.
        update_cache_retries: i64 => default("5");
        /// The longest pause between two tries, in seconds.
        update_cache_retry_max_delay: i64 => default("12");
        /// The file's name, without `.list`.
        filename: Option<String>;
        /// Whether Python's apt bindings would be installed: not needed here.
        install_python_apt: bool => default("yes");
        /// Whether certificates are checked when a PPA is looked up.
        validate_certs: bool => default("yes");
        /// The release's name for a PPA.
        codename: Option<String>;
    }
}

const EXAMPLES: &str = "
- name: Backports
  ansible.builtin.apt_repository:
    repo: deb http://mirror.example.org/debian bookworm-backports main
";

pub static MODULE: Module = Module {
    check: Support::Full,
    diff: Support::Full,
    ..Module::new::<Args>("ansible.builtin.apt_repository", "Manages sources of Debian packages", EXAMPLES, |ctx, v| run(ctx, Args::read(v)?))
};

/// A line of a file: the source in it, where there is one.
struct Line {
    raw: String,
    enabled: bool,
    source: Option<String>,
    comment: String,
}

fn parse(raw: &str) -> Line {
    let mut text = raw.trim();
    let enabled = !text.starts_with('#');
    if !enabled {
        text = text.trim_start_matches('#').trim_start();
    }
    let (body, comment) = text.split_once('#').map_or((text, ""), |(b, c)| (b.trim_end(), c.trim()));
    let words: Vec<&str> = body.split_whitespace().collect();
    let valid = words.len() > 2 && matches!(words[0], "deb" | "deb-src");
    Line { raw: raw.to_owned(), enabled, source: valid.then(|| words.join(" ")), comment: comment.to_owned() }
}

fn render(lines: &[Line]) -> String {
    lines.iter().map(|l| format!("{}\n", l.raw)).collect()
}

/// `deb_example_org_debian` of a line.
fn suggested_name(source: &str) -> String {
    let mut text = source.to_owned();
    while let (Some(a), Some(b)) = (text.find('['), text.find(']')) {
        if b < a {
            break;
        }
        text.replace_range(a..=b, " ");
    }
    let address = text.split_whitespace().find(|w| !matches!(*w, "deb" | "deb-src")).unwrap_or_default().to_owned();
    let rest = address.split_once("://").map_or(address.as_str(), |(_, r)| r);
    // Names and passwords do not belong into file names.
    let rest = match rest.split_once('/') {
        Some((host, path)) => format!("{}/{path}", host.rsplit('@').next().unwrap_or(host)),
        None => rest.rsplit('@').next().unwrap_or(rest).to_owned(),
    };
    rest.split(|c: char| !c.is_ascii_alphanumeric()).filter(|p| !p.is_empty()).collect::<Vec<_>>().join("_")
}

fn run(ctx: &mut Ctx, a: Args) -> Result<Outcome, Failure> {
    let repo = a.repo.trim();
    if repo.is_empty() {
        return Err(Failure::new("Please set argument 'repo' to a non-empty value"));
    }
    if repo.starts_with("ppa:") {
        return Err(Failure::new(format!("apt_repository: '{repo}' has to be looked up at Launchpad, which is not supported: give the line and its key")));
    }
    let parsed = parse(repo);
    let Some(source) = parsed.source.filter(|_| parsed.enabled) else {
        return Err(Failure::new(format!("Invalid repository string: {repo}")));
    };
    let present = a.state == "present";
    let mut files: BTreeMap<String, Vec<Line>> = BTreeMap::new();
    let paths = [vec!["/etc/apt/sources.list".to_owned()], glob("/etc/apt/sources.list.d/*.list")].concat();
    for p in paths {
        if let Ok(text) = fs::read_to_string(&p) {
            files.insert(p, text.lines().map(parse).collect());
        }
    }
    let before: BTreeMap<String, String> = files.iter().map(|(p, l)| (p.clone(), render(l))).collect();
    if present {
        let mut found = false;
        for line in files.values_mut().flatten().filter(|l| l.source.as_deref() == Some(source.as_str())) {
            found = true;
            if !line.enabled {
                // One that was commented out is used again.
                let comment = if line.comment.is_empty() { String::new() } else { format!(" # {}", line.comment) };
                line.raw = format!("{source}{comment}");
            }
        }
        if !found {
            let name = a.filename.clone().unwrap_or_else(|| suggested_name(&source));
            let path = if name.starts_with('/') { name } else { format!("/etc/apt/sources.list.d/{name}.list") };
            let comment = if parsed.comment.is_empty() { String::new() } else { format!(" # {}", parsed.comment) };
            files.entry(path).or_default().push(parse(&format!("{source}{comment}")));
        }
    } else {
        for lines in files.values_mut() {
            lines.retain(|l| !(l.enabled && l.source.as_deref() == Some(source.as_str())));
        }
    }
    let after: BTreeMap<String, String> = files.iter().map(|(p, l)| (p.clone(), render(l))).collect();
    let changed: Vec<String> = after.iter().filter(|(p, t)| before.get(*p) != Some(t)).map(|(p, _)| p.clone()).collect();
    let added: Vec<String> = changed.iter().filter(|p| !before.contains_key(*p)).cloned().collect();
    let removed: Vec<String> = changed.iter().filter(|p| after.get(*p).is_some_and(String::is_empty)).cloned().collect();
    let mut diff: Vec<Value> = Vec::new();
    if ctx.diff {
        for p in &changed {
            let header = |there: bool| if there { p.as_str() } else { "/dev/null" };
            diff.push(Value::dict(dict! {
                "before" => before.get(p).cloned().unwrap_or_default(), "after" => after.get(p).cloned().unwrap_or_default(),
                "before_header" => header(before.contains_key(p)), "after_header" => header(!removed.contains(p)),
            }));
        }
    }
    if !changed.is_empty() && !ctx.check_mode {
        for p in &changed {
            if removed.contains(p) {
                fs::remove_file(p).map_err(|e| Failure::os(&e, p))?;
                continue;
            }
            ctx.write_atomic(p, after.get(p).map_or("", String::as_str).as_bytes(), false)?;
            if added.contains(p) {
                let mode = crate::mode::Mode::from_value(&a.mode).and_then(|m| m.resolve(0o644, false).ok()).unwrap_or(0o644);
                fs::set_permissions(p, fs::Permissions::from_mode(mode)).map_err(|e| Failure::os(&e, p))?;
            }
        }
        if a.update_cache {
            update(ctx, &a).inspect_err(|_| revert(&changed, &before))?;
        }
    }
    Ok(Outcome::changed(!changed.is_empty())
        .with("repo", a.repo.as_str())
        .with("sources_added", added)
        .with("sources_removed", removed)
        .with("state", a.state)
        .with("diff", diff))
}

/// Puts everything back: a source that cannot be fetched would break every later update.
fn revert(changed: &[String], before: &BTreeMap<String, String>) {
    for p in changed {
        let _ = match before.get(p) {
            Some(text) => fs::write(p, text),
            None => fs::remove_file(p),
        };
    }
}

fn update(ctx: &Ctx, a: &Args) -> Result<(), Failure> {
    let mut said = String::new();
    let mut pause = 1u64;
    for attempt in 0..a.update_cache_retries.max(1) {
        let out = ctx.command(["apt-get", "-q", "-o", "APT::Update::Error-Mode=any", "update"]).c_locale().run()?;
        if out.rc == 0 {
            return Ok(());
        }
        said = out.err();
        if attempt + 1 < a.update_cache_retries {
            let longest = u64::try_from(a.update_cache_retry_max_delay).unwrap_or(12);
            std::thread::sleep(std::time::Duration::from_secs(pause.min(longest)));
            pause *= 2;
        }
    }
    Err(Failure::new(format!("Failed to update apt cache after {} retries: {}", a.update_cache_retries, said.trim())))
}
