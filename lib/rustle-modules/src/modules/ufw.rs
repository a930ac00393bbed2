//! The firewall that Ubuntu calls uncomplicated.
//!
//! Limits: what ufw itself does not tell is not known, so that a default policy or the level of logging of an inactive
//! firewall counts as changed in check mode.

use crate::command::quote;
use crate::{Ctx, Failure, Module, Outcome, Output, Params, Rule, Scope, Support, params};
use std::net::{Ipv4Addr, Ipv6Addr};

params! {
    /// Options of `ufw`.
    pub struct Args {
        /// What becomes of the firewall as a whole.
        state: Option<String> => choices(&["disabled", "enabled", "reloaded", "reset"]);
        /// The policy where no rule matches.
        default: Option<String> => aliases(&["policy"]), choices(&["allow", "deny", "reject"]);
        /// The direction of the rule, or that the policy is about.
        direction: Option<String> => choices(&["in", "incoming", "out", "outgoing", "routed"]);
        /// How much is logged.
        logging: Option<String> => choices(&["full", "high", "low", "medium", "off", "on"]);
        /// The number that a new rule gets.
        insert: Option<i64>;
        /// What that number counts from.
        insert_relative_to: String => default("zero"), choices(&["zero", "first-ipv4", "last-ipv4", "first-ipv6", "last-ipv6"]);
        /// What becomes of packets that match.
        rule: Option<String> => choices(&["allow", "deny", "limit", "reject"]);
        /// Whether new connections that match are logged.
        log: bool => default("no");
        /// The source's address.
        from_ip: String => default("any"), aliases(&["from", "src"]);
        /// The source's port.
        from_port: Option<String>;
        /// The destination's address.
        to_ip: String => default("any"), aliases(&["dest", "to"]);
        /// The destination's port.
        to_port: Option<String> => aliases(&["port"]);
        /// The protocol.
        proto: Option<String> => aliases(&["protocol"]), choices(&["ah", "any", "esp", "ipv6", "tcp", "udp", "gre", "igmp", "vrrp"]);
        /// The profile of an application, in `/etc/ufw/applications.d`.
        name: Option<String> => aliases(&["app"]);
        /// Whether the rule is removed.
        delete: bool => default("no");
        /// The interface, in the direction that `direction` says.
        interface: Option<String> => aliases(&["if"]);
        /// The interface that packets come in by.
        interface_in: Option<String> => aliases(&["if_in"]);
        /// The interface that they go out by.
        interface_out: Option<String> => aliases(&["if_out"]);
        /// Whether the rule is about packets that are passed on.
        route: bool => default("no");
        /// A comment.
        comment: Option<String>;
    }
}

const EXAMPLES: &str = "
- name: SSH is reached
  community.general.ufw:
    rule: limit
    port: ssh
    proto: tcp

- name: Nothing else is
  community.general.ufw:
    state: enabled
    policy: deny
";

pub static MODULE: Module = Module {
    aliases: &["ansible.builtin.ufw"],
    check: Support::Full,
    scope: Scope::World,
    rules: &[
        Rule::MutuallyExclusive(&["name", "proto", "logging"]),
        Rule::MutuallyExclusive(&["direction", "interface_in"]),
        Rule::MutuallyExclusive(&["direction", "interface_out"]),
        Rule::RequiredOneOf(&["state", "default", "rule", "logging"]),
        Rule::RequiredBy("interface", &["direction"]),
    ],
    ..Module::new::<Args>("community.general.ufw", "Manages the firewall of Ubuntu", EXAMPLES, |ctx, v| run(ctx, Args::read(v)?))
};

/// Where ufw keeps its rules, in the versions that there were.
const RULES: &[&str] = &[
    "/lib/ufw/user.rules", "/lib/ufw/user6.rules", "/etc/ufw/user.rules", "/etc/ufw/user6.rules", "/var/lib/ufw/user.rules",
    "/var/lib/ufw/user6.rules",
];

fn run(ctx: &mut Ctx, a: Args) -> Result<Outcome, Failure> {
    let program = ctx.need_program("ufw")?.to_string_lossy().into_owned();
    let grep = ctx.need_program("grep")?.to_string_lossy().into_owned();
    let mut fw = Ufw { ctx, a: &a, program, grep, commands: Vec::new(), changed: false };
    let before = (fw.status()?, fw.rules()?);
    if let Some(state) = &a.state {
        fw.state(state, &before.0)?;
    }
    if let Some(policy) = &a.default {
        fw.policy(policy, &before.0)?;
    }
    if let Some(rule) = &a.rule {
        fw.rule(rule, &before.1)?;
    }
    if let Some(level) = &a.logging {
        fw.logging(level, &before.0)?;
    }
    if fw.ctx.check_mode {
        return Ok(Outcome::changed(fw.changed).with("commands", fw.commands));
    }
    let status = fw.status()?;
    if !fw.changed {
        fw.changed = before != (status.clone(), fw.rules()?);
    }
    Ok(Outcome::changed(fw.changed).with("commands", fw.commands).with("msg", status.trim_end()))
}

struct Ufw<'a, 'r> {
    ctx: &'a Ctx<'r>,
    a: &'a Args,
    program: String,
    grep: String,
    /// What was run, as results show it.
    commands: Vec<String>,
    changed: bool,
}

impl Ufw<'_, '_> {
    fn execute(&mut self, words: Vec<String>) -> Result<Output, Failure> {
        self.commands.push(shown(&self.program, &words));
        let out = self.ctx.command([&self.program]).args(&words).c_locale().run()?;
        if out.success() {
            return Ok(out);
        }
        let said = if out.stderr.is_empty() { out.out() } else { out.err() };
        Err(Failure::new(said).with("commands", self.commands.clone()))
    }

    fn status(&mut self) -> Result<String, Failure> {
        Ok(self.execute(words(&["status", "verbose"]))?.out())
    }

    /// The lines that stand for rules in ufw's files.
    fn rules(&mut self) -> Result<String, Failure> {
        let mut line = vec![self.grep.clone(), "-h".into(), "^### tuple".into()];
        line.extend(words(RULES));
        self.commands.push(crate::command::join(&line));
        // It may find nothing, and not every file is there.
        Ok(self.ctx.command(line).c_locale().run()?.out())
    }

    fn state(&mut self, state: &str, status: &str) -> Result<(), Failure> {
        let active = status.contains(" active");
        let (command, changed) = match state {
            "enabled" => ("enable", !active),
            "disabled" => ("disable", active),
            "reloaded" => ("reload", true),
            _ => ("reset", true),
        };
        // Else what changed is seen afterwards.
        self.changed |= changed && (self.ctx.check_mode || matches!(command, "reload" | "reset"));
        if !self.ctx.check_mode {
            self.execute(words(&["-f", command]))?;
        }
        Ok(())
    }

    fn policy(&mut self, policy: &str, status: &str) -> Result<(), Failure> {
        let direction = self.a.direction.as_deref();
        if matches!(direction, Some("in" | "out")) {
            let msg = "For default, direction must be one of \"outgoing\", \"incoming\" and \"routed\", or direction must not be specified.";
            return Err(Failure::new(msg));
        }
        let field = format!(" ({})", direction.unwrap_or("incoming"));
        let line = status.lines().find_map(|l| l.strip_prefix("Default: "));
        let now = line.and_then(|l| l.split(", ").find_map(|p| p.strip_suffix(field.as_str())));
        // Where nothing is passed on, nothing more can be denied.
        let same = now.is_some_and(|n| n == policy || n == "disabled" && policy == "deny");
        if same {
            return Ok(());
        }
        if self.ctx.check_mode {
            self.changed = true;
            return Ok(());
        }
        let mut line = words(&["default", policy]);
        line.extend(direction.map(str::to_owned));
        self.execute(line).map(drop)
    }

    fn logging(&mut self, level: &str, status: &str) -> Result<(), Failure> {
        let now = status.lines().find_map(|l| l.strip_prefix("Logging: "));
        self.changed |= match now {
            None => true,
            // What changed is seen afterwards.
            Some(_) if !self.ctx.check_mode => false,
            Some("off") => level != "off",
            Some(_) if level == "on" => false,
            Some(on) => on != format!("on ({level})"),
        };
        if !self.ctx.check_mode {
            self.execute(words(&["logging", level]))?;
        }
        Ok(())
    }

    fn rule(&mut self, rule: &str, before: &str) -> Result<(), Failure> {
        let a = self.a;
        if matches!(a.direction.as_deref(), Some("incoming" | "outgoing" | "routed")) {
            return Err(Failure::new("For rules, direction must be one of \"in\" and \"out\", or direction must not be specified."));
        }
        if !a.route && a.interface_in.is_some() && a.interface_out.is_some() {
            return Err(Failure::new("Only route rules can combine interface_in and interface_out"));
        }
        let mut line: Vec<String> = Vec::new();
        line.extend(self.ctx.check_mode.then(|| "--dry-run".to_owned()));
        line.extend(a.route.then(|| "route".to_owned()));
        if a.delete {
            line.push("delete".into());
        } else if let Some(n) = a.insert {
            if let Some(n) = self.number(n)? {
                line.extend(["insert".to_owned(), n.to_string()]);
            }
        }
        line.push(rule.to_owned());
        let mut add = |name: &str, value: &Option<String>| {
            if let Some(v) = value.as_ref().filter(|v| !v.is_empty()) {
                line.extend(name.split(' ').filter(|n| !n.is_empty()).map(str::to_owned));
                line.push(v.clone());
            }
        };
        add("", &a.direction);
        add("on", &a.interface);
        add("in on", &a.interface_in);
        add("out on", &a.interface_out);
        add("", &a.log.then(|| "log".to_owned()));
        add("from", &Some(a.from_ip.clone()));
        add("port", &a.from_port);
        add("to", &Some(a.to_ip.clone()));
        add("port", &a.to_port);
        add("proto", &a.proto);
        add("app", &a.name);
        if self.takes_comments()? {
            add("comment", &a.comment);
        }
        let text = self.execute(line)?.out();
        if self.ctx.check_mode && !["Skipping", "Could not delete non-existent"].iter().any(|w| text.contains(w)) {
            self.changed |= self.differs(before, &text);
        }
        Ok(())
    }

    /// Whether the rules that a dry run shows are others than those in the files. Of a rule for one version of IP only
    /// that version's are shown.
    fn differs(&self, before: &str, dry: &str) -> bool {
        let is = |f: fn(&str) -> bool| [&self.a.from_ip, &self.a.to_ip].iter().any(|ip| f(ip.split('/').next().unwrap_or_default()));
        let v4 = is(|s| s.parse::<Ipv4Addr>().is_ok());
        let v6 = is(|s| s.parse::<Ipv6Addr>().is_ok());
        let of = |text: &str| -> Vec<String> {
            let lines = text.lines().filter(|l| l.starts_with("### tuple"));
            lines.filter(|l| if v6 { is_v6(l) } else { !v4 || !is_v6(l) }).map(str::to_owned).collect()
        };
        of(before) != of(dry)
    }

    /// The number for a new rule; nothing where it comes last.
    fn number(&mut self, n: i64) -> Result<Option<i64>, Failure> {
        if self.a.insert_relative_to == "zero" {
            return Ok(Some(n));
        }
        let out = self.ctx.command([self.program.as_str(), "status", "numbered"]).c_locale().run()?.out();
        let rules: Vec<&str> = out.lines().filter(|l| l.starts_with('[')).collect();
        let total = rules.len() as i64;
        let v6 = rules.iter().filter(|l| l.contains("(v6)")).count() as i64;
        let v4 = total - v6;
        let base = match self.a.insert_relative_to.as_str() {
            "last-ipv4" if v4 > 0 => v4,
            "first-ipv4" | "last-ipv4" => 1,
            "last-ipv6" if v6 > 0 => total,
            _ => v4 + 1,
        };
        Ok(Some(base + n).filter(|n| *n <= total))
    }

    /// Comments came with version 0.35.
    fn takes_comments(&mut self) -> Result<bool, Failure> {
        let out = self.execute(words(&["--version"]))?.out();
        let fail = || Failure::new("Failed to get ufw version.").with("rc", 0).with("out", out.as_str());
        let line = out.lines().find(|l| l.starts_with("ufw")).ok_or_else(fail)?;
        let word = line.split_whitespace().find(|w| w.starts_with(|c: char| c.is_ascii_digit())).ok_or_else(fail)?;
        Ok(crate::convert::version_numbers(word).as_slice() >= [0, 35].as_slice())
    }
}

/// Whether one of a rule's addresses is of version 6: `### tuple ### allow tcp 22 ::/0 any ::/0 in`.
fn is_v6(tuple: &str) -> bool {
    tuple.split_whitespace().skip(6).step_by(2).take(2).any(|address| address.contains(':'))
}

fn words(list: &[&str]) -> Vec<String> {
    list.iter().map(|w| (*w).to_owned()).collect()
}

/// A command as results show it: names of profiles and comments in quotes.
fn shown(program: &str, words: &[String]) -> String {
    let mut out = program.to_owned();
    let mut last = "";
    for w in words {
        out.push(' ');
        if matches!(last, "app" | "comment") {
            out += &format!("'{}'", w.replace('\'', "'\"'\"'"));
        } else {
            out += &quote(w);
        }
        last = w;
    }
    out
}
