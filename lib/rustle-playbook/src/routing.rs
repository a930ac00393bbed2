//! Where names of modules lead: what installed collections say in their `meta/runtime.yml`, and which collections took
//! over the modules that once were Ansible's own.
//!
//! Limits: deprecations in `runtime.yml` are not reported.

use crate::error::{PlaybookError, Result};
use crate::loader::Loader;
use crate::paths;
use rustle_value::{Origin, Value};
use rustle_yaml::Trust;
use std::collections::HashMap;
use std::sync::Arc;

/// Collections that took over modules of Ansible's, in the order in which a name without a collection is looked for.
/// Ansible has a list of names instead; so a module that is younger than the collection is found here, and not there.
pub(crate) const HEIRS: &[&str] = &[
    "ansible.posix", "community.general", "ansible.windows", "community.windows", "community.docker", "community.mysql",
    "community.postgresql", "community.crypto", "community.libvirt", "community.rabbitmq", "community.mongodb",
    "community.proxysql", "community.zabbix", "community.grafana", "community.hashi_vault", "community.network",
    "kubernetes.core", "community.kubernetes", "containers.podman", "ansible.netcommon", "amazon.aws", "community.aws",
    "azure.azcollection", "google.cloud", "community.google", "openstack.cloud", "hetzner.hcloud", "community.vmware",
    "community.digitalocean", "ngine_io.cloudstack", "gluster.gluster", "vyos.vyos", "cisco.ios", "arista.eos",
    "junipernetworks.junos", "theforeman.foreman", "awx.awx", "ovirt.ovirt", "netapp.ontap", "community.routeros",
];

/// Modules that got another name when they left.
pub(crate) const RENAMED: &[(&str, &str)] = &[
    ("openssl_certificate", "community.crypto.x509_certificate"),
    ("openssl_certificate_info", "community.crypto.x509_certificate_info"),
    ("osx_say", "community.general.say"),
    ("gitlab_hooks", "community.general.gitlab_hook"),
];

/// One entry of `plugin_routing`.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Route {
    To(String),
    /// Gone; the sentence that says so, up to the name.
    Gone(String),
}

/// `plugin_routing` of a collection: of actions, then of modules.
#[derive(Debug, Default)]
pub(crate) struct Routing {
    kinds: [HashMap<String, Route>; 2],
}

const KINDS: [(&str, &str); 2] = [("action", "action plugin"), ("modules", "module")];

impl Routing {
    /// From the tree of a `runtime.yml`.
    fn of(tree: &Value, collection: &str) -> Self {
        let mut kinds: [HashMap<String, Route>; 2] = Default::default();
        for ((key, kind), out) in KINDS.into_iter().zip(&mut kinds) {
            let Some(entries) = tree.get("plugin_routing").and_then(|r| r.get(key)).and_then(Value::as_dict) else { continue };
            for (name, entry) in entries.iter() {
                let Some(name) = name.as_str() else { continue };
                if let Some(gone) = entry.get("tombstone") {
                    out.insert(name.to_owned(), Route::Gone(removed(gone, collection, name, kind)));
                } else if let Some(to) = entry.get("redirect").and_then(Value::as_str) {
                    out.insert(name.to_owned(), Route::To(to.to_owned()));
                }
            }
        }
        Routing { kinds }
    }

    fn get(&self, name: &str) -> Option<&Route> {
        self.kinds.iter().find_map(|k| k.get(name))
    }
}

fn removed(entry: &Value, collection: &str, name: &str, kind: &str) -> String {
    let text = |key: &str| entry.get(key).filter(|v| !v.is_null()).map(ToString::to_string);
    let words = text("warning_text").map(|t| format!(" {}", t.trim())).unwrap_or_default();
    let when = match (text("removal_date"), text("removal_version")) {
        (Some(date), _) => format!(" in a release after {date}"),
        (None, Some(version)) => format!(" version {version}"),
        _ => String::new(),
    };
    format!("The '{collection}.{name}' {kind} has been removed.{words} This feature was removed from collection '{collection}'{when}.")
}

impl Loader {
    /// What a collection's `runtime.yml` says; read once. A broken one says nothing.
    fn routing(&mut self, namespace: &str, name: &str) -> Arc<Routing> {
        let full = format!("{namespace}.{name}");
        if let Some(known) = self.routings.get(&full) {
            return known.clone();
        }
        let files = self.collection(namespace, name).into_iter().map(|f| paths::join(&f, "meta/runtime.yml"));
        let tree = files.into_iter().find(|f| paths::is_file(f)).and_then(|file| {
            let text = std::fs::read_to_string(&file).ok()?;
            Some(rustle_yaml::load(&text, &file, &rustle_yaml::Options::default()).ok()?.0.to_value(Trust::Data))
        });
        let routing = Arc::new(tree.map(|t| Routing::of(&t, &full)).unwrap_or_default());
        self.routings.insert(full, routing.clone());
        routing
    }

    /// The full name of what a collection's module leads to; `None` where the collection has none of that name.
    ///
    /// # Errors
    /// The collection says that the module is gone.
    pub(crate) fn routed(&mut self, collection: &str, module: &str, place: Option<&Origin>) -> Result<Option<Arc<str>>> {
        let (mut collection, mut module) = (collection.to_owned(), module.to_owned());
        // A chain of redirections that does not end leads nowhere.
        for _ in 0..10 {
            let Some((ns, name)) = collection.split_once('.').map(|(a, b)| (a.to_owned(), b.to_owned())) else { return Ok(None) };
            match self.routing(&ns, &name).get(&module) {
                Some(Route::Gone(message)) => return Err(PlaybookError::general(message.clone(), place)),
                Some(Route::To(full)) => {
                    let Some((ns, coll, rest)) = crate::resolve::collection_parts(full) else { return Ok(None) };
                    (collection, module) = (format!("{ns}.{coll}"), rest.to_owned());
                }
                None => {
                    let full = format!("{collection}.{module}");
                    let known = crate::resolve::is_builtin(&full) || self.options.known_modules.contains(&full);
                    return Ok((known || self.in_collection(&ns, &name, &module)).then(|| full.into()));
                }
            }
        }
        Ok(None)
    }
}
