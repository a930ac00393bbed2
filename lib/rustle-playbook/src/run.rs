//! A run as parsed, whole: what `rustle-parse` writes and what later stages read.

use crate::loader::Parsed;
use rustle_stream::Record;
use rustle_stream::model::{Fragment, Node, Play};
use rustle_stream::record::{ExtraVars, Group, Host, Options, Stream, Warning};
use std::collections::HashSet;

/// Everything that a run was told: the same whether it came through a pipe or from the loader itself.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ParsedRun {
    pub stream: Stream,
    pub options: Options,
    pub extra_vars: ExtraVars,
    pub groups: Vec<Group>,
    pub hosts: Vec<Host>,
    pub plays: Vec<Play>,
    /// Blocks, tasks and roles of all plays.
    pub fragment: Fragment,
    pub warnings: Vec<Warning>,
}

impl ParsedRun {
    /// Takes what the loader found.
    pub fn take(&mut self, parsed: Parsed) {
        self.plays.extend(parsed.plays);
        self.fragment.tasks.extend(parsed.fragment.tasks);
        self.fragment.blocks.extend(parsed.fragment.blocks);
        self.fragment.roles.extend(parsed.fragment.roles);
        self.warnings.extend(parsed.warnings);
    }

    /// Collects the records of a run; those of other kinds are left out.
    pub fn from_records<'a>(records: impl IntoIterator<Item = &'a Record>) -> ParsedRun {
        let mut run = ParsedRun::default();
        for record in records {
            match record {
                Record::Stream(x) => run.stream = x.clone(),
                Record::Options(x) => run.options = x.clone(),
                Record::ExtraVars(x) => run.extra_vars = x.clone(),
                Record::Group(x) => run.groups.push(x.clone()),
                Record::Host(x) => run.hosts.push(x.clone()),
                Record::Play(x) => run.plays.push(x.clone()),
                Record::Role(x) => run.fragment.roles.push(x.clone()),
                Record::Block(x) => run.fragment.blocks.push(x.clone()),
                Record::Task(x) => run.fragment.tasks.push(x.clone()),
                Record::Warning(x) => run.warnings.push(x.clone()),
                _ => {}
            }
        }
        run
    }

    /// Whether everything that is referred to is there, once: a stream may have lost lines on its way.
    ///
    /// # Errors
    /// What is missing or there twice.
    pub fn check(&self) -> Result<(), String> {
        fn ids<T: std::hash::Hash + Eq + Copy>(what: &str, all: impl Iterator<Item = T>, number: impl Fn(T) -> u32) -> Result<HashSet<T>, String> {
            let mut seen = HashSet::new();
            for id in all {
                if !seen.insert(id) {
                    return Err(format!("{what} {} is there twice", number(id)));
                }
            }
            Ok(seen)
        }
        let f = &self.fragment;
        _ = ids("play", self.plays.iter().map(|p| p.id), |i| i.0)?;
        let tasks = ids("task", f.tasks.iter().map(|t| t.id), |i| i.0)?;
        let blocks = ids("block", f.blocks.iter().map(|b| b.id), |i| i.0)?;
        let roles = ids("role", f.roles.iter().map(|r| r.id), |i| i.0)?;
        let of_plays = self.plays.iter().flat_map(|p| [&p.pre_tasks, &p.roles, &p.tasks, &p.post_tasks, &p.handlers]);
        let of_blocks = f.blocks.iter().flat_map(|b| [&b.body, &b.rescue, &b.always]);
        for node in of_plays.chain(of_blocks).flatten() {
            match node {
                Node::Task(id) if !tasks.contains(id) => return Err(format!("task {} has no record", id.0)),
                Node::Block(id) if !blocks.contains(id) => return Err(format!("block {} has no record", id.0)),
                _ => {}
            }
        }
        let parents = f.tasks.iter().filter_map(|t| t.parent).chain(f.blocks.iter().filter_map(|b| b.parent));
        if let Some(id) = parents.into_iter().find(|id| !blocks.contains(id)) {
            return Err(format!("block {} has no record", id.0));
        }
        let named = f.tasks.iter().filter_map(|t| t.role).chain(f.blocks.iter().filter_map(|b| b.role));
        if let Some(id) = named.chain(f.roles.iter().flat_map(|r| r.parents.iter().chain(&r.dependencies).copied())).find(|id| !roles.contains(id)) {
            return Err(format!("role {} has no record", id.0));
        }
        Ok(())
    }

    /// The records, in the order in which a stream has them, without the first (`stream`).
    pub fn to_records(&self) -> Vec<Record> {
        let mut out: Vec<Record> = vec![self.options.clone().into(), self.extra_vars.clone().into()];
        out.extend(self.groups.iter().cloned().map(Record::from));
        out.extend(self.hosts.iter().cloned().map(Record::from));
        out.extend(self.warnings.iter().cloned().map(Record::from));
        out.extend(self.plays.iter().cloned().map(Record::from));
        out.extend(self.fragment.roles.iter().cloned().map(Record::from));
        out.extend(self.fragment.blocks.iter().cloned().map(Record::from));
        out.extend(self.fragment.tasks.iter().cloned().map(Record::from));
        out
    }
}
