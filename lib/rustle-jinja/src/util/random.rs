//! Random numbers: Python's Mersenne Twister where a seed makes results repeatable, the system's entropy otherwise.

use std::hash::{BuildHasher, Hasher};

/// A generator (MT19937, seeded as Python's `random.seed` does).
pub(crate) struct Random {
    state: [u32; 624],
    at: usize,
}

impl Random {
    /// Seeded from the process's entropy. Not for secrets.
    pub(crate) fn fresh() -> Random {
        let hash = || std::collections::hash_map::RandomState::new().build_hasher().finish();
        let (a, b) = (hash(), hash());
        Random::from_key(&[a as u32, (a >> 32) as u32, b as u32, (b >> 32) as u32])
    }

    fn from_seed(s: u32) -> Random {
        let mut state = [0u32; 624];
        state[0] = s;
        for i in 1..624 {
            state[i] = 1_812_433_253u32.wrapping_mul(state[i - 1] ^ (state[i - 1] >> 30)).wrapping_add(i as u32);
        }
        Random { state, at: 624 }
    }

    /// `init_by_array` of the reference generator.
    pub(crate) fn from_key(key: &[u32]) -> Random {
        let mut r = Random::from_seed(19_650_218);
        let (mut i, mut j) = (1usize, 0usize);
        for _ in 0..624.max(key.len()) {
            let prev = r.state[i - 1];
            r.state[i] = (r.state[i] ^ (prev ^ (prev >> 30)).wrapping_mul(1_664_525)).wrapping_add(key[j]).wrapping_add(j as u32);
            i += 1;
            j = (j + 1) % key.len();
            if i >= 624 {
                r.state[0] = r.state[623];
                i = 1;
            }
        }
        for _ in 0..623 {
            let prev = r.state[i - 1];
            r.state[i] = (r.state[i] ^ (prev ^ (prev >> 30)).wrapping_mul(1_566_083_941)).wrapping_sub(i as u32);
            i += 1;
            if i >= 624 {
                r.state[0] = r.state[623];
                i = 1;
            }
        }
        r.state[0] = 0x8000_0000;
        r
    }

    fn next_u32(&mut self) -> u32 {
        if self.at >= 624 {
            for i in 0..624 {
                let y = (self.state[i] & 0x8000_0000) | (self.state[(i + 1) % 624] & 0x7fff_ffff);
                self.state[i] = self.state[(i + 397) % 624] ^ (y >> 1) ^ if y & 1 == 1 { 0x9908_b0df } else { 0 };
            }
            self.at = 0;
        }
        let mut y = self.state[self.at];
        self.at += 1;
        y ^= y >> 11;
        y ^= (y << 7) & 0x9d2c_5680;
        y ^= (y << 15) & 0xefc6_0000;
        y ^ (y >> 18)
    }

    fn bits(&mut self, k: u32) -> u64 {
        if k <= 32 {
            return u64::from(self.next_u32() >> (32 - k));
        }
        let low = u64::from(self.next_u32());
        low | (u64::from(self.next_u32() >> (64 - k)) << 32)
    }

    /// `_randbelow(n)`.
    pub(crate) fn below(&mut self, n: u64) -> u64 {
        if n == 0 {
            return 0;
        }
        let k = 64 - n.leading_zeros();
        loop {
            let r = self.bits(k);
            if r < n {
                return r;
            }
        }
    }
}
