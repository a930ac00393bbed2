//! What things have cost so far, and what is assumed where nothing was seen.
//!
//! Assumptions are for an ordinary machine and network, rather too slow than too fast. A round trip is known after the
//! first connection, so those of the steps that wait for the network follow from it until they were seen themselves.

use crate::Series;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Platforms and profiles whose builds are remembered.
const BUILDS: usize = 40;

/// A number, and whether it comes from what was seen.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Estimate {
    pub value: f64,
    /// False: assumed.
    pub seen: bool,
}

/// Coefficients of the model.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Seen {
    /// Seconds of one task by a runner.
    pub native_task: Series,
    /// Seconds of one task over SSH with the host's Python.
    pub ssh_task: Series,
    /// Seconds from nothing to an open connection.
    pub connect: Series,
    /// Seconds until a runner that is on the host speaks.
    pub native_start: Series,
    /// Seconds until the first task can go over SSH.
    pub ssh_start: Series,
    /// Seconds of a round trip.
    pub round_trip: Series,
    /// Bytes a second of uploads.
    pub bandwidth: Series,
    /// Bytes of a runner on the wire.
    pub packed: Series,
    /// Seconds of builds by platform and profile, `TRIPLE PROFILE`.
    pub builds: BTreeMap<String, Series>,
}

fn or(series: &Series, assumed: f64) -> Estimate {
    series.median().map_or(Estimate { value: assumed, seen: false }, |value| Estimate { value, seen: true })
}

impl Seen {
    fn trips(&self, count: f64) -> f64 {
        self.round_trip.median().unwrap_or(0.02) * count
    }
    /// See the field.
    pub fn native_task(&self) -> Estimate {
        or(&self.native_task, 0.01)
    }
    /// See the field. A Python's start, and four round trips.
    pub fn ssh_task(&self) -> Estimate {
        or(&self.ssh_task, 0.3 + self.trips(4.0))
    }
    /// See the field. TCP, keys, log-in: about ten round trips.
    pub fn connect(&self) -> Estimate {
        or(&self.connect, 0.05 + self.trips(10.0))
    }
    /// See the field.
    pub fn native_start(&self) -> Estimate {
        or(&self.native_start, 0.02 + self.trips(3.0))
    }
    /// See the field. A helper with ansible-core has to start here, too.
    pub fn ssh_start(&self) -> Estimate {
        or(&self.ssh_start, 0.8 + self.trips(6.0))
    }
    /// See the field.
    pub fn bandwidth(&self) -> Estimate {
        let e = or(&self.bandwidth, 2e7);
        Estimate { value: e.value.max(1.0), ..e }
    }
    /// See the field.
    pub fn packed(&self) -> Estimate {
        or(&self.packed, 3e6)
    }
    /// Seconds of a build: of this platform, else of any, else assumed. Only the first counts as seen.
    pub fn build(&self, triple: &str, profile: &str) -> Estimate {
        match self.builds.get(&key(triple, profile)).and_then(Series::median) {
            Some(value) => Estimate { value, seen: true },
            None => {
                let mut all = Series::default();
                self.builds.values().filter_map(Series::median).for_each(|m| all.push(m));
                Estimate { value: all.median().unwrap_or(180.0), seen: false }
            }
        }
    }
    /// Takes in how long a build took. The platform with the fewest builds goes where there are too many.
    pub fn built(&mut self, triple: &str, profile: &str, took: f64) {
        let key = key(triple, profile);
        self.builds.entry(key.clone()).or_default().push(took);
        while self.builds.len() > BUILDS {
            let rarest = self.builds.iter().filter(|(k, _)| **k != key).min_by_key(|(_, s)| s.len()).map(|(k, _)| k.clone());
            match rarest {
                Some(k) => _ = self.builds.remove(&k),
                None => break,
            }
        }
    }
    /// Whether it could have been written by this program.
    pub(crate) fn sound(&self) -> bool {
        let own = [
            &self.native_task, &self.ssh_task, &self.connect, &self.native_start, &self.ssh_start, &self.round_trip, &self.bandwidth, &self.packed,
        ];
        own.into_iter().chain(self.builds.values()).all(Series::sound) && self.builds.len() <= BUILDS
    }
}

fn key(triple: &str, profile: &str) -> String {
    format!("{triple} {profile}")
}
