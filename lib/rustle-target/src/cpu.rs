//! Features of a processor: what the kernel calls them, in rustc's words.
//!
//! Limits: those that code is compiled with; features that only kernels use are left out. FreeBSD's kernel tells none to
//! everybody.

/// Kernel's word and rustc's, for x86 (`flags` of /proc/cpuinfo; macOS's words differ in case and in a few).
const X86: &[(&str, &str)] = &[
    ("abm", "lzcnt"), ("adx", "adx"), ("aes", "aes"), ("avx", "avx"), ("avx1.0", "avx"), ("avx2", "avx2"),
    ("avx512bw", "avx512bw"), ("avx512cd", "avx512cd"), ("avx512dq", "avx512dq"), ("avx512f", "avx512f"), ("avx512vl", "avx512vl"),
    ("bmi1", "bmi1"), ("bmi2", "bmi2"), ("cx16", "cmpxchg16b"), ("f16c", "f16c"), ("fma", "fma"), ("fxsr", "fxsr"), ("gfni", "gfni"),
    ("lzcnt", "lzcnt"), ("movbe", "movbe"), ("pclmulqdq", "pclmulqdq"), ("pni", "sse3"), ("popcnt", "popcnt"), ("rdrand", "rdrand"),
    ("rdrnd", "rdrand"), ("rdseed", "rdseed"), ("sha_ni", "sha"), ("sse", "sse"), ("sse2", "sse2"), ("sse3", "sse3"),
    ("sse4.1", "sse4.1"), ("sse4.2", "sse4.2"), ("sse4_1", "sse4.1"), ("sse4_2", "sse4.2"), ("ssse3", "ssse3"), ("vaes", "vaes"),
    ("vpclmulqdq", "vpclmulqdq"), ("xsave", "xsave"), ("xsavec", "xsavec"), ("xsaveopt", "xsaveopt"), ("xsaves", "xsaves"),
];

/// The same for 64-bit ARM (`Features` of /proc/cpuinfo).
const ARM64: &[(&str, &str)] = &[
    ("aes", "aes"), ("asimd", "neon"), ("asimddp", "dotprod"), ("asimdrdm", "rdm"), ("atomics", "lse"), ("bf16", "bf16"), ("bti", "bti"),
    ("crc32", "crc"), ("dcpop", "dpb"), ("fcma", "fcma"), ("flagm", "flagm"), ("fphp", "fp16"), ("i8mm", "i8mm"), ("ilrcpc", "rcpc2"),
    ("jscvt", "jsconv"), ("lrcpc", "rcpc"), ("paca", "paca"), ("pacg", "pacg"), ("sb", "sb"), ("sha2", "sha2"), ("sha3", "sha3"), ("ssbs", "ssbs"),
    ("sve", "sve"), ("sve2", "sve2"),
];

/// The same for 32-bit ARM.
const ARM: &[(&str, &str)] = &[("crc32", "crc"), ("idiva", "hwdiv-arm"), ("neon", "neon"), ("vfpv3", "vfp3"), ("vfpv4", "vfp4")];

/// rustc's names of the features in a kernel's list, sorted, for a processor as triples call it.
pub(crate) fn features(arch: &str, list: &str) -> Vec<String> {
    if arch.starts_with("riscv64") {
        return riscv(list);
    }
    let table = match arch {
        "x86_64" | "i686" => X86,
        "aarch64" => ARM64,
        "arm" | "armv7" => ARM,
        _ => return Vec::new(),
    };
    let lower = list.to_ascii_lowercase();
    let known = |word: &str| table.iter().find(|(kernel, _)| *kernel == word).map(|(_, rust)| (*rust).to_owned());
    sorted(lower.split_whitespace().filter_map(known))
}

/// `rv64imafdc_zba_zbb`: a letter each, then names.
fn riscv(isa: &str) -> Vec<String> {
    let isa = isa.trim().to_ascii_lowercase();
    let mut parts = isa.split('_');
    let letters = parts.next().and_then(|p| p.strip_prefix("rv64")).unwrap_or_default();
    let single = letters.chars().filter(|c| "mafdcv".contains(*c)).map(String::from);
    // `g` stands for imafd.
    let general = if letters.contains('g') { "mafd" } else { "" }.chars().map(String::from);
    let named = parts.filter(|p| matches!(*p, "zba" | "zbb" | "zbc" | "zbs" | "zfh" | "zfhmin" | "zbkb" | "zbkc" | "zknd" | "zkne" | "zknh"));
    sorted(single.chain(general).chain(named.map(str::to_owned)).collect::<Vec<_>>())
}

fn sorted(all: impl IntoIterator<Item = String>) -> Vec<String> {
    all.into_iter().collect::<std::collections::BTreeSet<_>>().into_iter().collect()
}

/// The features that all of these hosts have.
///
/// # Errors
/// The name of a host whose processor is not known; an empty one where there is no host.
pub fn common<'a>(hosts: impl IntoIterator<Item = (&'a str, &'a [String])>) -> Result<Vec<String>, String> {
    let mut all: Option<Vec<String>> = None;
    for (host, features) in hosts {
        if features.is_empty() {
            return Err(host.to_owned());
        }
        match &mut all {
            None => all = Some(features.to_vec()),
            Some(list) => list.retain(|f| features.contains(f)),
        }
    }
    all.ok_or_else(String::new)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kernels_words() {
        for (arch, list, want) in [
            ("x86_64", "fpu vme sse sse2 pni ssse3 sse4_1 sse4_2 abm avx avx2 sha_ni hypervisor", "avx avx2 lzcnt sha sse sse2 sse3 sse4.1 sse4.2 ssse3"),
            ("x86_64", "FPU SSE3 SSE4.1 RDRAND AVX1.0", "avx rdrand sse3 sse4.1"),
            ("aarch64", "fp asimd evtstrm aes pmull sha1 sha2 crc32 atomics", "aes crc lse neon sha2"),
            ("armv7", "half thumb fastmult vfp edsp neon vfpv3 tls vfpv4 idiva", "hwdiv-arm neon vfp3 vfp4"),
            ("riscv64gc", "rv64imafdch_zicbom_zba_zbb", "a c d f m zba zbb"),
            ("s390x", "esan3 zarch", ""),
        ] {
            assert_eq!(features(arch, list).join(" "), want, "{list}");
        }
    }

    #[test]
    fn what_all_have() {
        let list = |words: &str| words.split(' ').map(str::to_owned).collect::<Vec<_>>();
        let (a, b) = (list("avx avx2 sse3"), list("avx sse3"));
        assert_eq!(common([("a", &a[..]), ("b", &b[..])]), Ok(list("avx sse3")));
        assert_eq!(common([("a", &a[..]), ("c", &[][..])]), Err("c".into()));
        assert_eq!(common([]), Err(String::new()));
    }
}
