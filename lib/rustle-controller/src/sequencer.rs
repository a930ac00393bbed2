//! temporary
use rustle_stream::event::{Counts, RunEvent, Status, TaskEvent};
use rustle_stream::model::{PlayId, TaskId};
use std::collections::HashMap;
pub struct Sequencer { play: PlayId, cur: HashMap<String, TaskId>, counts: Vec<(String, Counts)>, last: Option<TaskId> }
impl Sequencer {
    pub fn new() -> Self { Sequencer { play: PlayId(0), cur: HashMap::new(), counts: Vec::new(), last: None } }
    pub fn play(&mut self, id: PlayId, _free: bool) -> Vec<RunEvent> { self.play = id; self.last=None; Vec::new() }
    pub fn batch(&mut self, _hosts: &[String]) -> Vec<RunEvent> { Vec::new() }
    fn count(&mut self, h: &str) -> &mut Counts { if !self.counts.iter().any(|(n,_)| n==h) { self.counts.push((h.into(), Counts::default())); } &mut self.counts.iter_mut().find(|(n,_)| n==h).unwrap().1 }
    pub fn push(&mut self, host: &str, e: TaskEvent) -> Vec<RunEvent> {
        let mut out = Vec::new();
        match &e {
            TaskEvent::Start{header} => { self.cur.insert(host.into(), header.task); if self.last != Some(header.task) { self.last = Some(header.task); out.push(RunEvent::TaskStart{play:self.play, header: header.clone()}); } return out; }
            TaskEvent::Result{status,..} => { let c = self.count(host); match status { Status::Ok=>c.ok+=1, Status::Changed=>{c.ok+=1;c.changed+=1}, Status::Skipped=>c.skipped+=1, Status::Failed=>c.failed+=1, Status::Ignored=>{c.ok+=1;c.ignored+=1}, Status::Unreachable=>c.unreachable+=1, Status::Rescued=>{} } }
            _ => {}
        }
        out.push(RunEvent::Host{play:self.play, host: host.into(), event: Box::new(e)});
        out
    }
    pub fn host_done(&mut self, _h: &str) -> Vec<RunEvent> { Vec::new() }
    pub fn unreachable(&mut self, h: &str, why: &str) -> Vec<RunEvent> { self.count(h).unreachable += 1; vec![RunEvent::Unreachable{play:self.play, host:h.into(), message: why.into()}] }
    pub fn finish_batch(&mut self) -> Vec<RunEvent> { Vec::new() }
    pub fn current_task(&self, h: &str) -> Option<TaskId> { self.cur.get(h).copied() }
    pub fn stats(&self) -> Vec<(String, Counts)> { self.counts.clone() }
}
