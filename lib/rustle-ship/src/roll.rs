//! Deployments as a whole: made, written down, taken back. Shared by `rustle-ship` and `rustle-deploy`.

use crate::deployment::{Deployment, History, Part};
use crate::{HostVars, ShipError, Shipping, Supply};
use rustle_stream::record::Shipment;

/// Which deployment a roll-back is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wanted<'a> {
    /// The newest one is taken back.
    Newest,
    /// This one's state is brought back.
    State(&'a str),
}

/// Ships to the hosts and writes the deployment down, before (so that one that dies half-way can be taken back) and
/// after. Returns what became of each host, and what a person should know. A deployment that concerns no host but this
/// machine is none, and not written down.
pub fn out(
    shipping: &Shipping,
    hosts: &[HostVars],
    supply: &dyn Supply,
    deployment: &mut Deployment,
    history: Option<&History>,
    keep: u32,
) -> (Vec<Shipment>, Vec<String>) {
    let pending = |h: &HostVars| Part { host: h.0.clone(), user: shipping.user(h), outcome: "pending".into(), ..Part::default() };
    deployment.hosts = hosts.iter().map(pending).collect();
    let mut warnings = Vec::new();
    let mut save = |d: &Deployment| {
        if let Some(Err(e)) = history.map(|h| h.save(d)) {
            warnings.push(format!("the deployment is not remembered: {e}"));
        }
    };
    save(deployment);
    let shipments = shipping.ship(hosts, supply, deployment, keep);
    if deployment.hosts.is_empty() {
        history.inspect(|h| h.forget(&deployment.id));
    } else {
        save(deployment);
    }
    warnings.dedup();
    (shipments, warnings)
}

/// Takes a deployment back wherever it is in force, and writes that down.
pub fn undo(shipping: &Shipping, hosts: &[HostVars], history: Option<&History>, deployment: &mut Deployment) -> Vec<Shipment> {
    let shipments = shipping.undo(hosts, deployment);
    // What happened on the hosts counts, also where it cannot be written down.
    _ = history.map(|h| h.save(deployment));
    shipments
}

/// `--rollback [ID]`. Hosts that the deployment was not for are left alone. Returns the deployment, too.
///
/// # Errors
/// It is not known on this controller, or none of the hosts has to do with it.
pub fn back(shipping: &Shipping, hosts: &[HostVars], history: &History, wanted: &Wanted) -> Result<(Deployment, Vec<Shipment>), ShipError> {
    let mut deployment = match wanted {
        Wanted::Newest => history.newest()?,
        Wanted::State(id) => history.load(id)?,
    };
    let concerned: Vec<HostVars> = hosts.iter().filter(|(h, _)| deployment.hosts.iter().any(|p| p.host == *h)).cloned().collect();
    if concerned.is_empty() {
        return Err(ShipError::History(format!("none of these hosts has to do with the deployment {}", deployment.id)));
    }
    let shipments = match wanted {
        Wanted::Newest => undo(shipping, &concerned, Some(history), &mut deployment),
        Wanted::State(_) => {
            let mut all = history.all();
            let before = all.clone();
            let shipments = shipping.return_to(&concerned, &deployment, &mut all);
            for (d, b) in all.iter().zip(&before) {
                if d != b {
                    history.save(d)?;
                }
            }
            shipments
        }
    };
    Ok((deployment, shipments))
}

/// The arguments that name a deployment's inventory and its hosts again, for a line that a person can copy.
pub fn words(deployment: &Deployment) -> String {
    let quote = |word: &str| {
        let simple = !word.is_empty() && word.chars().all(|c| c.is_ascii_alphanumeric() || "-_=.,/:@+".contains(c));
        if simple { word.to_owned() } else { format!("'{}'", word.replace('\'', r"'\''")) }
    };
    let mut words: Vec<String> = deployment.inventory.iter().map(|i| format!("-i {}", quote(i))).collect();
    let hosts: Vec<&str> = deployment.hosts.iter().filter(|p| p.in_force()).map(|p| p.host.as_str()).collect();
    words.push(format!("--limit {}", quote(&hosts.join(","))));
    words.join(" ")
}
