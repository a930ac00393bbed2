//! Rules, chains and policies of the kernel's packet filter, in memory.
//!
//! Rules are not kept across restarts; that is another program's business.

use crate::{Ctx, Failure, Module, Outcome, Params, Rule, Scope, Support, params};
use std::path::Path;

params! {
    /// Which flags of TCP a rule looks at.
    pub struct TcpFlags {
        /// The flags that are examined.
        flags: Option<Vec<String>>;
        /// Those of them that must be set.
        flags_set: Option<Vec<String>>;
    }
}

params! {
    /// Options of `iptables`.
    pub struct Args {
        /// The table.
        table: String => default("filter"), choices(&["filter", "nat", "mangle", "raw", "security"]);
        /// Whether the rule is there.
        state: String => default("present"), choices(&["absent", "present"]);
        /// Whether a new rule comes last or first.
        action: String => default("append"), choices(&["append", "insert"]);
        /// The new rule's number, with `insert`.
        rule_num: Option<String>;
        /// The version of IP.
        ip_version: String => default("ipv4"), choices(&["ipv4", "ipv6", "both"]);
        /// The chain.
        chain: Option<String>;
        /// The protocol. Here and in what follows, `!` in front means: any other.
        protocol: Option<String>;
        /// The source's address.
        source: Option<String>;
        /// The destination's address.
        destination: Option<String>;
        /// Flags of TCP.
        tcp_flags: Option<TcpFlags>;
        /// Extensions that the rule uses; those that its options need are added.
        r#match: Vec<String> => name("match"), default("");
        /// Where packets go that match.
        jump: Option<String>;
        /// With `TEE`, the host that gets a copy.
        gateway: Option<String>;
        /// With `LOG`, the text before each entry.
        log_prefix: Option<String>;
        /// With `LOG`, the entries' level.
        log_level: Option<String> => choices(&[
            "0", "1", "2", "3", "4", "5", "6", "7", "emerg", "alert", "crit", "error", "warning", "notice", "info", "debug"
        ]);
        /// The chain that goes on with packets that match, without a return here.
        goto: Option<String>;
        /// The interface that packets come in by.
        in_interface: Option<String>;
        /// The interface that they go out by.
        out_interface: Option<String>;
        /// Fragments behind the first.
        fragment: Option<String>;
        /// What a new rule's counters begin with.
        set_counters: Option<String>;
        /// The source's port, or a range.
        source_port: Option<String>;
        /// The destination's port, or a range.
        destination_port: Option<String>;
        /// Several ports and ranges of the destination.
        destination_ports: Vec<String> => default("");
        /// The port that takes the destination's place.
        to_ports: Option<String>;
        /// The address that takes the destination's place.
        to_destination: Option<String>;
        /// The address that takes the source's place.
        to_source: Option<String>;
        /// Packets that open a connection: `match` them, or all others (`negate`).
        syn: String => default("ignore"), choices(&["ignore", "match", "negate"]);
        /// The DSCP mark that packets get.
        set_dscp_mark: Option<String>;
        /// The class of DSCP that packets get.
        set_dscp_mark_class: Option<String>;
        /// A comment.
        comment: Option<String>;
        /// States of the connection.
        ctstate: Vec<String> => default("");
        /// A range of sources.
        src_range: Option<String>;
        /// A range of destinations.
        dst_range: Option<String>;
        /// A set of addresses that ipset keeps.
        match_set: Option<String>;
        /// Which addresses are looked up in it.
        match_set_flags: Option<String> => choices(&["src", "dst", "src,dst", "dst,src", "src,src", "dst,dst"]);
        /// How often the rule may match on average.
        limit: Option<String>;
        /// How often before that counts.
        limit_burst: Option<String>;
        /// The user whose process sends.
        uid_owner: Option<String>;
        /// The group whose process sends.
        gid_owner: Option<String>;
        /// The error that the sender gets; means `jump: REJECT`.
        reject_with: Option<String>;
        /// The type of ICMP.
        icmp_type: Option<String>;
        /// Whether all rules of the chain, or of the table, are removed.
        flush: bool => default("no");
        /// What becomes of packets that no rule of the chain matches.
        policy: Option<String> => choices(&["ACCEPT", "DROP", "QUEUE", "RETURN"]);
        /// How many seconds to wait for others that change rules.
        wait: Option<String>;
        /// Whether the chain itself is made or removed.
        chain_management: bool => default("no");
        /// Whether addresses are not looked up when rules are listed.
        numeric: bool => default("no");
    }
}

const EXAMPLES: &str = "
- name: The web server is reached
  ansible.builtin.iptables:
    chain: INPUT
    protocol: tcp
    destination_ports: ['80', '443']
    ctstate: NEW
    jump: ACCEPT
    comment: web

- name: Nothing else is
  ansible.builtin.iptables:
    chain: INPUT
    policy: DROP
";

pub static MODULE: Module = Module {
    check: Support::Full,
    scope: Scope::World,
    rules: &[
        Rule::MutuallyExclusive(&["set_dscp_mark", "set_dscp_mark_class"]),
        Rule::MutuallyExclusive(&["flush", "policy"]),
        Rule::RequiredIf { param: "jump", is: "TEE", needs: &["gateway"] },
        Rule::RequiredIf { param: "jump", is: "tee", needs: &["gateway"] },
        Rule::RequiredIf { param: "flush", is: "False", needs: &["chain"] },
        Rule::RequiredBy("set_dscp_mark", &["jump"]),
        Rule::RequiredBy("set_dscp_mark_class", &["jump"]),
        Rule::RequiredBy("match_set", &["match_set_flags"]),
    ],
    ..Module::new::<Args>("ansible.builtin.iptables", "Manages rules of the packet filter", EXAMPLES, |ctx, v| run(ctx, Args::read(v)?))
};

fn run(ctx: &mut Ctx, mut a: Args) -> Result<Outcome, Failure> {
    if a.tcp_flags.as_ref().is_some_and(|f| f.flags.is_none() || f.flags_set.is_none()) {
        return Err(Failure::new("tcp_flags needs both flags and flags_set"));
    }
    let versions: &[&str] = match a.ip_version.as_str() {
        "both" => &["ipv4", "ipv6"],
        "ipv6" => &["ipv6"],
        _ => &["ipv4"],
    };
    let mut programs = Vec::new();
    for v in versions {
        programs.push(ctx.need_program(if *v == "ipv4" { "iptables" } else { "ip6tables" })?);
    }
    // As the options say it: that they mean `LOG` is added below.
    let text = words(&a, versions[0]).join(" ");
    if a.log_prefix.is_some() || a.log_level.is_some() {
        match a.jump.as_deref() {
            None => a.jump = Some("LOG".into()),
            Some("LOG") => {}
            Some(_) => return Err(Failure::new("Logging options can only be used with the LOG jump target.")),
        }
    }
    let mut changed = false;
    for (version, program) in versions.iter().zip(&programs) {
        let filter = Filter::new(ctx, program, &a, version)?;
        changed |= filter.apply(ctx)?;
    }
    Ok(Outcome::changed(changed)
        .with("ip_version", a.ip_version)
        .with("table", a.table)
        .with("chain", a.chain)
        .with("flush", a.flush)
        .with("rule", text)
        .with("state", a.state)
        .with("chain_management", a.chain_management)
        .with("wait", a.wait))
}

/// The words of a rule.
fn words(a: &Args, version: &str) -> Vec<String> {
    let mut w = Words(Vec::new());
    let using = |m: &str| a.r#match.iter().any(|x| x == m);
    w.option("-p", &a.protocol);
    w.option("-s", &a.source);
    w.option("-d", &a.destination);
    for m in &a.r#match {
        w.text("-m", m);
    }
    if let Some(f) = &a.tcp_flags {
        let join = |l: &Option<Vec<String>>| l.as_ref().map_or(String::new(), |l| l.join(","));
        w.0.extend(["--tcp-flags".to_owned(), join(&f.flags), join(&f.flags_set)]);
    }
    let jump = a.jump.as_deref().unwrap_or_default();
    w.option("-j", &a.jump);
    if jump.eq_ignore_ascii_case("tee") {
        w.option("--gateway", &a.gateway);
    }
    w.option("--log-prefix", &a.log_prefix);
    w.option("--log-level", &a.log_level);
    w.option("--to-destination", &a.to_destination);
    w.extension("multiport", &a.r#match, !a.destination_ports.is_empty());
    w.list("--dports", &a.destination_ports);
    w.option("--to-source", &a.to_source);
    w.option("-g", &a.goto);
    w.option("-i", &a.in_interface);
    w.option("-o", &a.out_interface);
    w.option("-f", &a.fragment);
    w.option("-c", &a.set_counters);
    w.option("--source-port", &a.source_port);
    w.option("--destination-port", &a.destination_port);
    w.option("--to-ports", &a.to_ports);
    w.option("--set-dscp", &a.set_dscp_mark);
    w.option("--set-dscp-class", &a.set_dscp_mark_class);
    if (a.set_dscp_mark.is_some() || a.set_dscp_mark_class.is_some()) && !jump.eq_ignore_ascii_case("dscp") {
        w.text("-j", "DSCP");
    }
    match a.syn.as_str() {
        "match" => w.0.push("--syn".into()),
        "negate" => w.0.extend(["!".into(), "--syn".into()]),
        _ => {}
    }
    if using("state") && !using("conntrack") {
        w.list("--state", &a.ctstate);
    } else {
        w.extension("conntrack", &a.r#match, !a.ctstate.is_empty());
        w.list("--ctstate", &a.ctstate);
    }
    w.extension("iprange", &a.r#match, a.src_range.is_some() || a.dst_range.is_some());
    w.option("--src-range", &a.src_range);
    w.option("--dst-range", &a.dst_range);
    if a.match_set.is_some() {
        w.extension("set", &a.r#match, true);
        w.option("--match-set", &a.match_set);
        w.0.extend(a.match_set_flags.clone());
    }
    w.extension("limit", &a.r#match, a.limit.is_some() || a.limit_burst.is_some());
    w.option("--limit", &a.limit);
    w.option("--limit-burst", &a.limit_burst);
    w.extension("owner", &a.r#match, a.uid_owner.is_some() || a.gid_owner.is_some());
    w.option("--uid-owner", &a.uid_owner);
    w.option("--gid-owner", &a.gid_owner);
    if a.reject_with.is_some() && a.jump.is_none() {
        w.text("-j", "REJECT");
    }
    w.option("--reject-with", &a.reject_with);
    w.option(if version == "ipv4" { "--icmp-type" } else { "--icmpv6-type" }, &a.icmp_type);
    w.extension("comment", &a.r#match, a.comment.as_ref().is_some_and(|c| !c.is_empty()));
    w.option("--comment", &a.comment);
    w.0
}

/// Words of a command while they are gathered.
struct Words(Vec<String>);

impl Words {
    fn option(&mut self, name: &str, value: &Option<String>) {
        if let Some(v) = value.as_deref().filter(|v| !v.is_empty()) {
            self.text(name, v);
        }
    }
    /// `!` in front of the value goes in front of the option.
    fn text(&mut self, name: &str, value: &str) {
        match value.strip_prefix('!') {
            Some(v) => self.0.extend(["!".to_owned(), name.to_owned(), v.trim_start().to_owned()]),
            None => self.0.extend([name.to_owned(), value.to_owned()]),
        }
    }
    fn list(&mut self, name: &str, values: &[String]) {
        if !values.is_empty() {
            self.text(name, &values.join(","));
        }
    }
    /// The extension that options need, unless the user names it.
    fn extension(&mut self, name: &str, named: &[String], needed: bool) {
        if needed && !named.iter().any(|m| m == name) {
            self.text("-m", name);
        }
    }
}

/// One version of IP's packet filter.
struct Filter<'a> {
    program: &'a Path,
    a: &'a Args,
    wait: Option<&'a str>,
    rule: Vec<String>,
}

impl<'a> Filter<'a> {
    fn new(ctx: &Ctx, program: &'a Path, a: &'a Args, version: &str) -> Result<Filter<'a>, Failure> {
        let mut wait = a.wait.as_deref().filter(|w| !w.is_empty());
        if wait.is_some() {
            let out = ctx.command([program.as_os_str(), "--version".as_ref()]).c_locale().run()?.check()?.out();
            let number = crate::convert::version_numbers(out.split_once('v').map_or("", |(_, r)| r));
            // Older ones can't wait for a number of seconds.
            if number.as_slice() < [1, 6].as_slice() {
                wait = None;
            }
        }
        Ok(Filter { program, a, wait, rule: words(a, version) })
    }

    /// Brings it to the wanted state; whether something changed, or would.
    fn apply(&self, ctx: &Ctx) -> Result<bool, Failure> {
        let a = self.a;
        let present = a.state == "present";
        if a.flush {
            self.change(ctx, "-F", &[])?;
            return Ok(true);
        }
        if let Some(policy) = &a.policy {
            let text = self.list(ctx)?.check()?.out();
            let now = text.lines().find_map(|l| l.split_once("(policy ")).map(|(_, r)| r.split([' ', ')']).next().unwrap_or_default());
            let Some(now) = now else { return Err(Failure::new("Can't detect current policy")) };
            if now != policy {
                self.change(ctx, "-P", std::slice::from_ref(policy))?;
            }
            return Ok(now != policy);
        }
        if self.rule.is_empty() {
            let there = self.list(ctx)?.success();
            if there != present && a.chain_management {
                self.change(ctx, if present { "-N" } else { "-X" }, &[])?;
            }
            return Ok(there != present);
        }
        let there = ctx.command(self.words("-C", &self.rule)).c_locale().run()?.success();
        if there == present {
            return Ok(false);
        }
        let command = match (present, a.action.as_str()) {
            (false, _) => "-D",
            (true, "insert") => "-I",
            _ => "-A",
        };
        self.change(ctx, command, &self.rule)?;
        Ok(true)
    }

    fn words(&self, command: &str, rest: &[String]) -> Vec<String> {
        let mut out = vec![self.program.to_string_lossy().into_owned(), "-t".into(), self.a.table.clone(), command.to_owned()];
        out.extend(self.a.chain.clone());
        if command == "-I" {
            out.extend(self.a.rule_num.clone());
        }
        if let Some(w) = self.wait {
            out.extend(["-w".to_owned(), w.to_owned()]);
        }
        out.extend(rest.iter().cloned());
        out
    }

    fn list(&self, ctx: &Ctx) -> Result<crate::Output, Failure> {
        let mut words = self.words("-L", &[]);
        words.extend(self.a.numeric.then(|| "--numeric".to_owned()));
        ctx.command(words).c_locale().run()
    }

    fn change(&self, ctx: &Ctx, command: &str, rest: &[String]) -> Result<(), Failure> {
        if ctx.check_mode {
            return Ok(());
        }
        ctx.command(self.words(command, rest)).c_locale().run()?.check().map(drop)
    }
}
