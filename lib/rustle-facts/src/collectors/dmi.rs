//! `ansible_product_*`, `_bios_*`, `_board_*`, `_chassis_*`, `_system_vendor`, `_form_factor`.

#![cfg(target_os = "linux")]

use crate::{Collector, Context, or_na};
use rustle_value::Dict;

pub static COLLECTOR: Collector =
    Collector { subset: "hardware", aliases: &[], minimal: false, requires: &["platform"], slow: true, gather };

/// Fact, file below `/sys/devices/virtual/dmi/id`, `dmidecode -s` keyword.
const FIELDS: &[(&str, &str, &str)] = &[
    ("bios_date", "bios_date", "bios-release-date"),
    ("bios_vendor", "bios_vendor", "bios-vendor"),
    ("bios_version", "bios_version", "bios-version"),
    ("board_asset_tag", "board_asset_tag", "baseboard-asset-tag"),
    ("board_name", "board_name", "baseboard-product-name"),
    ("board_serial", "board_serial", "baseboard-serial-number"),
    ("board_vendor", "board_vendor", "baseboard-manufacturer"),
    ("board_version", "board_version", "baseboard-version"),
    ("chassis_asset_tag", "chassis_asset_tag", "chassis-asset-tag"),
    ("chassis_serial", "chassis_serial", "chassis-serial-number"),
    ("chassis_vendor", "chassis_vendor", "chassis-manufacturer"),
    ("chassis_version", "chassis_version", "chassis-version"),
    ("form_factor", "chassis_type", "chassis-type"),
    ("product_name", "product_name", "system-product-name"),
    ("product_serial", "product_serial", "system-serial-number"),
    ("product_uuid", "product_uuid", "system-uuid"),
    ("product_version", "product_version", "system-version"),
    ("system_vendor", "sys_vendor", "system-manufacturer"),
];

/// Chassis types of the SMBIOS specification, by number.
const FORM_FACTORS: &[&str] = &[
    "Unknown", "Other", "Unknown", "Desktop", "Low Profile Desktop", "Pizza Box", "Mini Tower", "Tower", "Portable",
    "Laptop", "Notebook", "Hand Held", "Docking Station", "All In One", "Sub Notebook", "Space-saving", "Lunch Box",
    "Main Server Chassis", "Expansion Chassis", "Sub Chassis", "Bus Expansion Chassis", "Peripheral Chassis",
    "RAID Chassis", "Rack Mount Chassis", "Sealed-case PC", "Multi-system", "CompactPCI", "AdvancedTCA", "Blade",
    "Blade Enclosure", "Tablet", "Convertible", "Detachable", "IoT Gateway", "Embedded PC", "Mini PC", "Stick PC",
];

fn gather(ctx: &Context, out: &mut Dict) {
    const FOLDER: &str = "/sys/devices/virtual/dmi/id";
    let files = ctx.exists(&format!("{FOLDER}/product_name"));
    let decode = if files { None } else { ctx.which("dmidecode") };
    for (fact, file, keyword) in FIELDS {
        let value = if files {
            ctx.line(&format!("{FOLDER}/{file}"))
        } else {
            let output = decode.as_ref().and_then(|d| ctx.run(d, &["-s", keyword])).filter(|o| o.status == 0);
            output.map(|o| o.stdout.lines().filter(|l| !l.starts_with('#')).collect::<String>().trim().to_owned())
        };
        let value = match value {
            Some(v) if *fact == "form_factor" && files => Some(match v.parse::<usize>() {
                Ok(n) => FORM_FACTORS.get(n).map_or_else(|| format!("unknown ({v})"), |s| (*s).to_owned()),
                Err(_) => v,
            }),
            other => other,
        };
        out.insert(*fact, or_na(value));
    }
}
