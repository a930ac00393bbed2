//! temporary main
mod connector;
use connector::HostConnector;
use rustle_controller::{Secrets, Shared};
use rustle_inventory::{Inventory, LoadOptions, Order};
use rustle_playbook::{Loader, Options, ParsedRun};
use rustle_plan::{PlanOptions, Planner, HostSource};
use rustle_ship::Runner;
use std::sync::{Arc, Mutex, RwLock, mpsc};
struct Src<'a>(&'a RwLock<Inventory>, Option<String>);
impl HostSource for Src<'_> {
    fn hosts(&self, patterns: &[String], order: &str) -> Result<Vec<String>, String> {
        let l = self.1.as_ref().map(|l| Inventory::limit(l)).transpose().map_err(|e| e.to_string())?;
        let o = match order { "sorted" => Order::Sorted, _ => Order::Inventory };
        self.0.read().unwrap().hosts_for(&patterns.join(","), l.as_deref(), o).map_err(|e| e.to_string())
    }
}
#[allow(clippy::print_stdout)]
pub fn main() -> std::process::ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let mut inv = Vec::new(); let mut books = Vec::new(); let mut i = 0; let mut quiet = false;
    while i < args.len() { match args[i].as_str() { "-i" => { inv.push(args[i+1].clone()); i += 1; } "-q" => quiet = true, b => books.push(b.to_owned()) } i += 1; }
    let inventory = Inventory::load(&inv, &LoadOptions::default()).unwrap();
    let cwd = std::env::current_dir().unwrap().to_string_lossy().into_owned();
    let mut loader = Loader::new(Options { cwd: cwd.clone(), check_modules: false, ..Options::default() });
    let mut run = ParsedRun::default();
    match loader.load_playbooks(&books) { Ok(p) => run.take(p), Err(e) => { println!("{}", e.report()); return 4.into(); } }
    run.options.cwd = cwd; run.options.playbooks = books; run.options.inventory = inv;
    let own = Arc::new(Runner::load("x86_64-unknown-linux-gnu", std::env::current_exe().unwrap().with_file_name("rustle-runner")).unwrap());
    let o2 = own.clone();
    let connector = HostConnector { settings: Default::default(), own: Some(own), choose: Box::new(move |_| Ok(o2.clone())) };
    let (send, notes) = mpsc::channel();
    let shared = Arc::new(Shared {
        options: run.options.clone(), run_options: Default::default(), extra_vars: Default::default(),
        inventory: RwLock::new(inventory), loader: Mutex::new(loader), vars: Default::default(), sessions: Default::default(), users: Default::default(),
        current: Default::default(), connector: Box::new(connector), secrets: Secrets::default(), queue: Mutex::new(send), files: Default::default(), stats: Default::default(), connecting: Default::default(),
    });
    let planner = Planner::new(&run, PlanOptions::default());
    let s2 = shared.clone();
    let mut o = std::io::stdout(); let mut er = std::io::stderr(); let mut rep = rustle_report::create("default", rustle_report::Options { say_methods: true, ..Default::default() }, Box::new(&mut o), Box::new(&mut er)).unwrap();
    let code = rustle_controller::run(&shared, &mut |p| planner.play(p, &Src(&s2.inventory, None)).map_err(|e| e.to_string()), &run.plays, &run.fragment, &notes, &mut |e| if quiet { println!("{}", serde_json::to_string(&e).unwrap()) } else { rep.event(&e) });
    code.into()
}
