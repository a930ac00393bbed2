//! What builds took, for the cost model: it decides with that whether the next one pays.

use crate::{Cache, Progress};

/// Takes a build into the history of costs beside the cache, where `news` is that one is done. For builds that no run
/// asked for: what a run costs, its builds among that, is learnt at its end.
///
/// Nothing fails where the history cannot be written: later predictions are the worse for it.
pub fn learn(cache: &Cache, news: &Progress) {
    if let Progress::Built { triple, profile, took, .. } = news {
        _ = rustle_cost::update(&cache.root().join(rustle_cost::FILE), |history| history.seen.built(triple, profile, took.as_secs_f64()));
    }
}
