//! File systems: their lines in fstab, and whether they are mounted.

use crate::{Ctx, Failure, Module, Outcome, Output, Params, Rule, Support, Value, params};
use std::fs;
use std::path::Path;

params! {
    /// Options of `mount`.
    pub struct Args {
        /// The mount point.
        path: crate::PathArg => required(), aliases(&["name"]);
        /// What is mounted.
        src: Option<crate::PathArg>;
        /// The type of the file system.
        fstype: Option<String>;
        /// Options.
        opts: Option<String>;
        /// Whether the options are kept out of logs.
        opts_no_log: bool => default("no");
        /// The field for dump.
        dump: Option<String>;
        /// The field for fsck.
        passno: Option<String>;
        /// What should be.
        state: String => required(), choices(&["absent", "absent_from_fstab", "mounted", "present", "unmounted", "remounted", "ephemeral"]);
        /// Whether it is mounted at each start.
        boot: bool => default("yes");
        /// The table's file.
        fstab: Option<String>;
        /// Whether to keep a copy of the table.
        backup: bool => default("no");
    }
}

const EXAMPLES: &str = "
- name: The data disk
  ansible.posix.mount:
    path: /srv
    src: UUID=b3e48f45-f933-4c8e-a700-22a159ec9077
    fstype: ext4
    opts: noatime
    state: mounted
";

pub static MODULE: Module = Module {
    aliases: &["ansible.builtin.mount"],
    check: Support::Full,
    rules: &[
        Rule::RequiredIf { param: "state", is: "mounted", needs: &["src", "fstype"] },
        Rule::RequiredIf { param: "state", is: "present", needs: &["src", "fstype"] },
        Rule::RequiredIf { param: "state", is: "ephemeral", needs: &["src", "fstype"] },
    ],
    ..Module::new::<Args>("ansible.posix.mount", "Mounts file systems", EXAMPLES, |ctx, v| run(ctx, Args::read(v)?))
};

/// Blanks and the like, as fstab writes them.
fn escape(text: &str) -> String {
    text.replace('\\', "\\134").replace(' ', "\\040").replace('\t', "\\011")
}

fn unescape(text: &str) -> String {
    text.replace("\\040", " ").replace("\\011", "\t").replace("\\134", "\\")
}

/// The six fields of one entry.
#[derive(Clone, Debug, PartialEq)]
struct Entry {
    src: String,
    path: String,
    fstype: String,
    opts: String,
    dump: String,
    passno: String,
}

impl Entry {
    fn render(&self) -> String {
        format!("{} {} {} {} {} {}", escape(&self.src), escape(&self.path), self.fstype, self.opts, self.dump, self.passno)
    }
    fn parse(line: &str) -> Option<Entry> {
        let line = line.trim();
        if line.starts_with('#') {
            return None;
        }
        let f: Vec<&str> = line.split_whitespace().collect();
        let [src, path, fstype, opts, rest @ ..] = &f[..] else { return None };
        let get = |i: usize| rest.get(i).map_or("0".to_owned(), |s| (*s).to_owned());
        Some(Entry { src: unescape(src), path: unescape(path), fstype: (*fstype).into(), opts: (*opts).into(), dump: get(0), passno: get(1) })
    }
    fn is_swap(&self) -> bool {
        self.fstype == "swap"
    }
}

/// Sources that are mounted on the path, the last one on top.
fn mounted_on(path: &str) -> Vec<(String, String)> {
    let real = fs::canonicalize(path).map_or_else(|_| path.to_owned(), |p| p.to_string_lossy().into_owned());
    let table = fs::read_to_string("/proc/self/mounts").unwrap_or_default();
    let lines = table.lines().filter_map(Entry::parse);
    lines.filter(|e| e.path == real || e.path == path.trim_end_matches('/')).map(|e| (e.src, e.fstype)).collect()
}

struct Job<'a> {
    a: &'a Args,
    fstab: String,
    entry: Entry,
    backup: Option<String>,
}

impl Job<'_> {
    fn lines(&self) -> Vec<String> {
        fs::read_to_string(&self.fstab).unwrap_or_default().lines().map(str::to_owned).collect()
    }
    fn mine(&self, line: &str) -> bool {
        Entry::parse(line).is_some_and(|e| {
            // Several swap entries have the same path.
            e.path == self.entry.path && (!e.is_swap() || !self.entry.is_swap() || e.src == self.entry.src)
        })
    }
    fn save(&mut self, ctx: &Ctx, lines: &[String]) -> Result<(), Failure> {
        if ctx.check_mode {
            return Ok(());
        }
        if self.a.backup {
            self.backup = ctx.backup(&self.fstab)?;
        }
        let text: String = lines.iter().map(|l| format!("{l}\n")).collect();
        if let Some(dir) = Path::new(&self.fstab).parent().filter(|d| !d.exists()) {
            fs::create_dir_all(dir).map_err(|e| Failure::os(&e, &self.fstab))?;
        }
        ctx.write_atomic(&self.fstab, text.as_bytes(), false)
    }
    /// Writes the entry; whether that changed anything.
    fn set(&mut self, ctx: &Ctx) -> Result<bool, Failure> {
        let mut lines = self.lines();
        let line = self.entry.render();
        let mut found = false;
        let mut changed = false;
        for l in &mut lines {
            if self.mine(l) {
                found = true;
                if Entry::parse(l).as_ref() != Some(&self.entry) {
                    *l = line.clone();
                    changed = true;
                }
            }
        }
        if !found {
            lines.push(line);
            changed = true;
        }
        if changed {
            self.save(ctx, &lines)?;
        }
        Ok(changed)
    }
    /// Removes the entry; whether it was there.
    fn unset(&mut self, ctx: &Ctx) -> Result<bool, Failure> {
        let mut lines = self.lines();
        let count = lines.len();
        lines.retain(|l| !self.mine(l));
        let changed = lines.len() != count;
        if changed {
            self.save(ctx, &lines)?;
        }
        Ok(changed)
    }
    fn mount(&self, ctx: &Ctx, remount: bool) -> Result<Output, Failure> {
        let program = ctx.need_program("mount")?;
        let mut cmd = ctx.command([program.as_os_str()]);
        if self.a.state == "ephemeral" {
            cmd = cmd.args(["-t", &self.entry.fstype, "-o", &self.entry.opts, &self.entry.src, &self.entry.path]);
            return cmd.run();
        }
        if remount {
            let opts = if self.a.opts.is_some() && self.entry.opts != "defaults" { format!("remount,{}", self.entry.opts) } else { "remount".into() };
            cmd = cmd.args(["-o", &opts]);
        } else if self.fstab != "/etc/fstab" {
            cmd = cmd.args(["-T", &self.fstab]);
        }
        cmd.arg(&self.entry.path).run()
    }
    fn umount(&self, ctx: &Ctx) -> Result<(), Failure> {
        let program = ctx.need_program("umount")?;
        let out = ctx.command([program.as_os_str()]).arg(&self.entry.path).run()?;
        if out.rc != 0 {
            return Err(Failure::new(format!("Error unmounting {}: {}{}", self.entry.path, out.out(), out.err())));
        }
        Ok(())
    }
}

fn run(ctx: &mut Ctx, a: Args) -> Result<Outcome, Failure> {
    if a.dump.as_deref().is_some_and(|d| d.parse::<u32>().is_err()) || a.passno.as_deref().is_some_and(|d| d.parse::<u32>().is_err()) {
        return Err(Failure::new("dump and passno must be numbers"));
    }
    if a.state == "ephemeral" && a.fstab.is_some() {
        return Err(Failure::new("'ephemeral' state is incompatible with the 'fstab' option"));
    }
    let mut opts = a.opts.clone().unwrap_or_else(|| "defaults".into());
    if !a.boot && !opts.split(',').any(|o| o == "noauto") {
        opts += ",noauto";
    }
    let path = match a.path.trim_end_matches('/') {
        "" => "/".to_owned(),
        p => p.to_owned(),
    };
    let entry = Entry {
        src: a.src.as_ref().map(|s| s.0.clone()).unwrap_or_default(),
        path,
        fstype: a.fstype.clone().unwrap_or_default(),
        opts,
        dump: a.dump.clone().unwrap_or_else(|| "0".into()),
        passno: a.passno.clone().unwrap_or_else(|| "0".into()),
    };
    let mut job = Job { fstab: a.fstab.clone().unwrap_or_else(|| "/etc/fstab".into()), a: &a, entry, backup: None };
    let on = mounted_on(&job.entry.path);
    let mut changed = false;
    match a.state.as_str() {
        "absent_from_fstab" => changed = job.unset(ctx)?,
        "absent" => {
            changed = job.unset(ctx)?;
            if !ctx.check_mode && !on.is_empty() {
                job.umount(ctx)?;
            }
            changed |= !on.is_empty();
            if Path::new(&job.entry.path).is_dir() {
                changed = true;
                if !ctx.check_mode {
                    fs::remove_dir(&job.entry.path)
                        .map_err(|e| Failure::new(format!("Error rmdir {}: {}", job.entry.path, crate::errors::py_oserror(&e, &job.entry.path))))?;
                }
            }
        }
        "unmounted" => {
            if !on.is_empty() {
                changed = true;
                if !ctx.check_mode {
                    job.umount(ctx)?;
                }
            }
        }
        "present" => changed = job.set(ctx)?,
        "remounted" => {
            changed = true;
            if !ctx.check_mode {
                if on.is_empty() {
                    return Err(Failure::new(format!("Error remounting {}: it is not mounted", job.entry.path)));
                }
                let out = job.mount(ctx, true)?;
                if out.rc != 0 {
                    return Err(Failure::new(format!("Error remounting {}: {}{}", job.entry.path, out.out(), out.err())));
                }
            }
        }
        state => {
            let made = !Path::new(&job.entry.path).exists();
            if made && !ctx.check_mode {
                fs::create_dir_all(&job.entry.path)
                    .map_err(|e| Failure::new(format!("Error making dir {}: {}", job.entry.path, crate::errors::py_oserror(&e, &job.entry.path))))?;
            }
            let ephemeral = state == "ephemeral";
            let before = fs::read_to_string(&job.fstab).ok();
            let written = if ephemeral { false } else { job.set(ctx)? };
            changed |= written || made && ctx.check_mode;
            let mut result = None;
            if !on.is_empty() {
                let same = on.last().is_some_and(|(src, _)| *src == job.entry.src);
                if ephemeral && !same {
                    return Err(Failure::new(format!(
                        "Ephemeral mount point is already mounted with a different source than specified. Failing in order to prevent an unwanted unmount or override operation. Try replacing this command with a \"state: unmounted\" followed by a \"state: ephemeral\", or use a different destination path."
                    )));
                }
                if (written || ephemeral) && !ctx.check_mode {
                    changed = true;
                    result = Some(job.mount(ctx, true)?);
                    // Some options cannot change while it is mounted.
                    if result.as_ref().is_some_and(|o| o.rc != 0) && !ephemeral {
                        job.umount(ctx)?;
                        result = Some(job.mount(ctx, false)?);
                    }
                }
            } else {
                changed = true;
                if !ctx.check_mode {
                    result = Some(job.mount(ctx, false)?);
                }
            }
            if let Some(out) = result.filter(|o| o.rc != 0) {
                // The table goes back to what it was.
                if written {
                    if let Some(text) = before {
                        ctx.write_atomic(&job.fstab, text.as_bytes(), false)?;
                    }
                }
                if made {
                    let _ = fs::remove_dir(&job.entry.path);
                }
                return Err(Failure::new(format!("Error mounting {}: {}{}", job.entry.path, out.out(), out.err())));
            }
        }
    }
    let opts = if a.opts_no_log { Value::from("VALUE_SPECIFIED_IN_NO_LOG_PARAMETER") } else { Value::from(job.entry.opts.as_str()) };
    let mut o = Outcome::changed(changed)
        .with("name", job.entry.path.as_str())
        .with("fstab", job.fstab.as_str())
        .with("opts", opts)
        .with("dump", job.entry.dump.as_str())
        .with("passno", job.entry.passno.as_str())
        .with("boot", if a.boot { "yes" } else { "no" })
        .with("backup_file", job.backup.clone().unwrap_or_default());
    if let Some(s) = a.src {
        o.set("src", s);
    }
    if let Some(t) = a.fstype {
        o.set("fstype", t);
    }
    Ok(o)
}
