//! URLs that lead inside, in the spellings that have got past somebody's check before.
//!
//! `{port}` stands for the port of a listener on loopback. Every name resolves to loopback here.

/// What becomes of a URL when an endpoint is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum AtWrite {
    /// Refused while only public addresses are open. An operator may open its network.
    Refused,
    /// Refused whatever an operator opens.
    AlwaysRefused,
    /// A public name: what it resolves to is looked at when something is sent.
    Taken,
}
use AtWrite::{AlwaysRefused, Refused, Taken};

/// The number in the list of known bypasses (0 for what is malformed), the URL, and what becomes of it.
pub(super) const URLS: &[(u8, &str, AtWrite)] = &[
    // Loopback.
    (1, "http://127.0.0.1:{port}/", Refused),
    (2, "http://127.1:{port}/", Refused),
    (3, "http://127.0.1:{port}/", Refused),
    (4, "http://2130706433:{port}/", Refused),
    (5, "http://0x7f000001:{port}/", Refused),
    (6, "http://0x7f.1:{port}/", Refused),
    (7, "http://0177.0.0.1:{port}/", Refused),
    (8, "http://017700000001:{port}/", Refused),
    (9, "http://127.000.000.001:{port}/", Refused),
    (10, "http://0:{port}/", Refused),
    (11, "http://0.0.0.0:{port}/", Refused),
    (12, "http://127.255.255.254:{port}/", Refused),
    (13, "http://[::]:{port}/", Refused),
    (14, "http://[::1]:{port}/", Refused),
    (15, "http://[0:0:0:0:0:0:0:1]:{port}/", Refused),
    (16, "http://[::ffff:127.0.0.1]:{port}/", Refused),
    (17, "http://[::ffff:0.0.0.0]:{port}/", Refused),
    (18, "http://[::127.0.0.1]:{port}/", Refused),
    (19, "http://[::ffff:0:127.0.0.1]:{port}/", Refused),
    (20, "http://[64:ff9b::127.0.0.1]:{port}/", Refused),
    (21, "http://[2002:7f00:1::]:{port}/", Refused),
    (22, "http://[::5efe:7f00:1]:{port}/", Refused),
    (22, "http://[2600:1::200:5efe:7f00:1]:{port}/", Refused),
    // Unicode.
    (23, "http://①②⑦.⓪.⓪.①:{port}/", Refused),
    (24, "http://１２７.０.０.１:{port}/", Refused),
    (25, "http://127。0。0。1:{port}/", Refused),
    (26, "http://ｌｏｃａｌｈｏｓｔ:{port}/", Refused),
    (27, "http://LOCALHOST:{port}/", Refused),
    (28, "http://localhost.:{port}/", Refused),
    (29, "http://127.0.0.1.:{port}/", Refused),
    (30, "http://foo.localhost:{port}/", Refused),
    (31, "http://xn--example-.org:{port}/", AlwaysRefused),
    (32, "http://ex\u{430}mple.com:{port}/", Taken),
    // Metadata services.
    (33, "http://169.254.169.254/latest/meta-data/", Refused),
    (34, "http://0251.254.0xa9.254/", Refused),
    (35, "http://2852039166/", Refused),
    (36, "http://[::ffff:a9fe:a9fe]/", Refused),
    (37, "http://[64:ff9b::a9fe:a9fe]/", Refused),
    (38, "http://[64:ff9b:1::a9fe:a9fe]/", Refused),
    (39, "http://[2002:a9fe:a9fe::]/", Refused),
    (40, "http://[2001:0:a9fe:a9fe::1]/", Refused),
    (41, "http://[fd00:ec2::254]/", Refused),
    (42, "http://[fd20:ce::254]/", Refused),
    (43, "http://[fe80::a9fe:a9fe]/", Refused),
    (44, "http://169.254.170.2/v2/credentials/", Refused),
    (45, "http://100.100.100.200/", Refused),
    (46, "http://192.0.0.192/", Refused),
    (47, "http://168.63.129.16/", Refused),
    (48, "http://metadata.google.internal:{port}/", Refused),
    (49, "http://169.254.169.254.nip.io:{port}/", Taken),
    // Private and special.
    (50, "http://10.0.0.1/", Refused),
    (51, "http://172.31.255.255/", Refused),
    (52, "http://192.168.0.1/", Refused),
    (53, "http://100.64.0.1/", Refused),
    (54, "http://198.18.0.1/", Refused),
    (55, "http://240.0.0.1/", Refused),
    (56, "http://0xffffffff/", Refused),
    (57, "http://[fec0::1]/", Refused),
    (58, "http://[fc00::1]/", Refused),
    (59, "http://[ff02::1]/", Refused),
    (60, "http://[5f00::1]/", Refused),
    (61, "http://[100::1]/", Refused),
    // Confusion about where the host is.
    (62, "http://example.com@169.254.169.254/", AlwaysRefused),
    (63, "http://127.0.0.1:{port}\\@example.com/", Refused),
    (64, "http://example.com:80@127.0.0.1:{port}/", AlwaysRefused),
    (65, "http:127.0.0.1:{port}/", Refused),
    (66, "http:///127.0.0.1:{port}/", Refused),
    (67, "ht\ntp://127.0.0.1:{port}/", AlwaysRefused),
    (68, "http://1.1.1.1 &@127.0.0.1:{port}# @3.3.3.3/", AlwaysRefused),
    (69, "http://127.0.0.1:{port}#.example.com/", Refused),
    (70, "http:\\\\127.0.0.1:{port}\\", Refused),
    // Schemes and ports.
    (71, "gopher://127.0.0.1:{port}/_x", AlwaysRefused),
    (71, "file:///etc/passwd", AlwaysRefused),
    (71, "ftp://127.0.0.1:{port}/", AlwaysRefused),
    (71, "jar:http://127.0.0.1:{port}!/", AlwaysRefused),
    (71, "HTTPS://127.0.0.1:{port}/", Refused),
    (71, "hTtP://127.0.0.1:{port}/", Refused),
    (72, "http://example.com:0/", AlwaysRefused),
    (72, "http://example.com:22/", AlwaysRefused),
    (72, "http://example.com:25/", AlwaysRefused),
    (72, "http://example.com:6379/", AlwaysRefused),
    // Names that only a search domain completes, and names of a cluster.
    (73, "http://backend:{port}/", Refused),
    (73, "http://redis:{port}/", Refused),
    (73, "http://kubernetes.default.svc:{port}/", Refused),
    (73, "http://postgres.internal:{port}/", Refused),
    // Malformed.
    (0, "http://[fe80::1%25eth0]/", AlwaysRefused),
    (0, "http://[127.0.0.1]/", AlwaysRefused),
    (0, "http://::1/", AlwaysRefused),
    (0, "http://127.0.0.1%00.example.com/", AlwaysRefused),
    (0, "http://256.256.256.256/", AlwaysRefused),
    (0, "http://4294967296/", AlwaysRefused),
    (0, "http://x:99999/", AlwaysRefused),
    (0, "http://example.com%40127.0.0.1/", AlwaysRefused),
];

/// All URLs with the listener's port.
pub(super) fn with_port(port: u16) -> impl Iterator<Item = (String, AtWrite)> {
    URLS.iter().map(move |(_, url, at_write)| (url.replace("{port}", &port.to_string()), *at_write))
}

/// Nobody shortened the list.
#[test]
fn the_list_is_whole() {
    for number in 0..=73 {
        assert!(URLS.iter().any(|(own, ..)| *own == number), "{number}");
    }
}
