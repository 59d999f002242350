//! The 64 rounds of SHA-256 (FIPS 180-4, 6.2.2) over vectors, one message per lane.
//!
//! A module that calls `compress!` has a vector type and, for it, `splat`, `add`, `ch`, `maj`, the
//! four sums `big_0`, `big_1`, `small_0`, `small_1` of FIPS 180-4, 4.1.2, and `round_ends`. Sixteen
//! rounds are written out, with and without the schedule, not all 64: longer code is fetched more
//! slowly than it runs, and loses more than known words of a block would save.

/// Compresses one block per lane: `$state` and `$words` are mutable references to arrays of 8 and
/// 16 vectors. The words are used up.
macro_rules! compress {
    ($state:ident, $words:ident) => {{
        let [mut a, mut b, mut c, mut d, mut e, mut f, mut g, mut h] = *$state;
        let [earlier @ .., last] = &$crate::lanes::rounds::K;
        for k in earlier {
            $crate::lanes::rounds::rounds!(k, next, $words, a b c d e f g h);
        }
        $crate::lanes::rounds::rounds!(last, last, $words, a b c d e f g h);
        let [a0, b0, c0, d0, e0, f0, g0, h0] = *$state;
        *$state = [
            add(a, a0), add(b, b0), add(c, c0), add(d, d0),
            add(e, e0), add(f, f0), add(g, g0), add(h, h0),
        ];
    }};
}

/// Sixteen rounds: after eight of them every variable has its place again.
macro_rules! rounds {
    ($k:ident, $step:ident, $w:ident, $($v:ident)*) => {
        $crate::lanes::rounds::eight!($k, 0 1 2 3 4 5 6 7, $step, $w, $($v)*);
        $crate::lanes::rounds::eight!($k, 8 9 10 11 12 13 14 15, $step, $w, $($v)*);
    };
}

macro_rules! eight {
    (
        $k:ident,
        $i0:literal $i1:literal $i2:literal $i3:literal
        $i4:literal $i5:literal $i6:literal $i7:literal,
        $step:ident, $w:ident,
        $a:ident $b:ident $c:ident $d:ident $e:ident $f:ident $g:ident $h:ident
    ) => {
        $crate::lanes::rounds::round!($k, $i0, $step, $w, $a $b $c $d $e $f $g $h);
        $crate::lanes::rounds::round!($k, $i1, $step, $w, $h $a $b $c $d $e $f $g);
        $crate::lanes::rounds::round!($k, $i2, $step, $w, $g $h $a $b $c $d $e $f);
        $crate::lanes::rounds::round!($k, $i3, $step, $w, $f $g $h $a $b $c $d $e);
        $crate::lanes::rounds::round!($k, $i4, $step, $w, $e $f $g $h $a $b $c $d);
        $crate::lanes::rounds::round!($k, $i5, $step, $w, $d $e $f $g $h $a $b $c);
        $crate::lanes::rounds::round!($k, $i6, $step, $w, $c $d $e $f $g $h $a $b);
        $crate::lanes::rounds::round!($k, $i7, $step, $w, $b $c $d $e $f $g $h $a);
    };
}

macro_rules! round {
    (
        $k:ident, $i:literal, $step:ident, $w:ident,
        $a:ident $b:ident $c:ident $d:ident $e:ident $f:ident $g:ident $h:ident
    ) => {
        // The next round waits for the sums of `e` and of `a`, so these are added last.
        let word = add($h, add($w[$i], splat($k[$i])));
        let word = add(add(word, ch($e, $f, $g)), big_1($e));
        $d = add($d, word);
        $h = add(word, add(maj($a, $b, $c), big_0($a)));
        $crate::lanes::rounds::schedule!($step, $w, $i);
        round_ends(&$a);
    };
}

/// Replaces the word of a round by the one of 16 rounds later.
macro_rules! schedule {
    (last, $w:ident, $i:literal) => {};
    (next, $w:ident, $i:literal) => {
        $w[$i] = add(
            add(small_1($w[($i + 14) % 16]), $w[($i + 9) % 16]),
            add(small_0($w[($i + 1) % 16]), $w[$i]),
        );
    };
}

pub(super) use {compress, eight, round, rounds, schedule};

/// The constants of SHA-256 (FIPS 180-4, 4.2.2), 16 rounds a row.
pub(super) static K: [[u32; 16]; 4] = [
    [
        0x428a_2f98,
        0x7137_4491,
        0xb5c0_fbcf,
        0xe9b5_dba5,
        0x3956_c25b,
        0x59f1_11f1,
        0x923f_82a4,
        0xab1c_5ed5,
        0xd807_aa98,
        0x1283_5b01,
        0x2431_85be,
        0x550c_7dc3,
        0x72be_5d74,
        0x80de_b1fe,
        0x9bdc_06a7,
        0xc19b_f174,
    ],
    [
        0xe49b_69c1,
        0xefbe_4786,
        0x0fc1_9dc6,
        0x240c_a1cc,
        0x2de9_2c6f,
        0x4a74_84aa,
        0x5cb0_a9dc,
        0x76f9_88da,
        0x983e_5152,
        0xa831_c66d,
        0xb003_27c8,
        0xbf59_7fc7,
        0xc6e0_0bf3,
        0xd5a7_9147,
        0x06ca_6351,
        0x1429_2967,
    ],
    [
        0x27b7_0a85,
        0x2e1b_2138,
        0x4d2c_6dfc,
        0x5338_0d13,
        0x650a_7354,
        0x766a_0abb,
        0x81c2_c92e,
        0x9272_2c85,
        0xa2bf_e8a1,
        0xa81a_664b,
        0xc24b_8b70,
        0xc76c_51a3,
        0xd192_e819,
        0xd699_0624,
        0xf40e_3585,
        0x106a_a070,
    ],
    [
        0x19a4_c116,
        0x1e37_6c08,
        0x2748_774c,
        0x34b0_bcb5,
        0x391c_0cb3,
        0x4ed8_aa4a,
        0x5b9c_ca4f,
        0x682e_6ff3,
        0x748f_82ee,
        0x78a5_636f,
        0x84c8_7814,
        0x8cc7_0208,
        0x90be_fffa,
        0xa450_6ceb,
        0xbef9_a3f7,
        0xc671_78f2,
    ],
];

/// The number of blocks that a message of `len` bytes and its end take behind the key block.
pub(super) const fn blocks(len: usize) -> usize {
    (len + 9).div_ceil(64)
}

/// The number of bits of a message of `len` bytes and its key block, as the end of its last block.
#[expect(
    clippy::cast_possible_truncation,
    reason = "lanes take messages of less than a kilobyte"
)]
pub(super) const fn bits(len: usize) -> u32 {
    (64 + len as u32) * 8
}
