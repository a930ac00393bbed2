//! The list of modules, generated from the folder `src/modules` by `build.rs`.

include!(concat!(env!("OUT_DIR"), "/registry.rs"));
