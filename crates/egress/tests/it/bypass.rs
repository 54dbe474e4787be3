//! Spellings that lead inside. Each must be refused by the parser's rules or at the dial, and no socket touched.
//!
//! Every name resolves to loopback here, where a listener waits on the port of the URL. A URL that would get
//! past the parser under a policy that opens everything is also sent through a strict client, which must stop it
//! by itself.

use postrider_egress::{Failure, Policy, Refused, Target};

use crate::support::{GOOD, PATIENT, Script, Tripwire, allowing, client, send};

/// `{port}` stands for the port of the listener.
async fn refuse(url: &str, canonical_host: Option<&str>) {
    let (tripwire, port) = Tripwire::on_loopback();
    let url = url.replace("{port}", &port.to_string());
    let strict = client(Policy::strict(), Script::always([GOOD]));
    let open = allowing(&["0.0.0.0/0", "::/0"]);

    let parsed_open = Target::parse(&url, &open);
    if let Some(host) = canonical_host {
        assert_eq!(parsed_open.as_ref().map(Target::host).as_deref(), Ok(host), "{url:?}");
    }
    for target in [Target::parse(&url, &Policy::strict()), parsed_open].into_iter().flatten() {
        let exchange = send(&strict, &target, PATIENT).await;
        assert!(matches!(exchange.result, Err(Failure::Blocked(_))), "{url:?}: {exchange:?}");
        assert_eq!(exchange.remote, None);
    }
    assert_eq!(tripwire.touched(), None, "{url:?}");
}

/// The listener of the cases does notice who gets through.
#[tokio::test]
async fn control_an_opened_address_is_reached() {
    for host in ["127.0.0.1", "127.1", "[::ffff:127.0.0.1]", "name.example"] {
        let (tripwire, port) = Tripwire::on_loopback();
        let policy = Policy::with_loopback();
        let target = Target::parse(&format!("http://{host}:{port}/"), &policy).unwrap();
        let client = client(policy, Script::always([GOOD]));
        // Nobody accepts, so nobody answers.
        send(&client, &target, std::time::Duration::from_millis(100)).await.result.unwrap_err();
        assert!(tripwire.touched().is_some(), "{host}");
    }
}

macro_rules! bypass {
    ($($name:ident: $url:literal $(=> $host:literal)?;)*) => {$(
        #[tokio::test]
        async fn $name() {
            refuse($url, None$(.or(Some($host)))?).await;
        }
    )*};
}

bypass! {
    bypass_01_loopback: "http://127.0.0.1:{port}/" => "127.0.0.1";
    bypass_02_two_parts: "http://127.1:{port}/" => "127.0.0.1";
    bypass_03_three_parts: "http://127.0.1:{port}/" => "127.0.0.1";
    bypass_04_decimal: "http://2130706433:{port}/" => "127.0.0.1";
    bypass_05_hexadecimal: "http://0x7f000001:{port}/" => "127.0.0.1";
    bypass_06_hexadecimal_part: "http://0x7f.1:{port}/" => "127.0.0.1";
    bypass_07_octal_part: "http://0177.0.0.1:{port}/" => "127.0.0.1";
    bypass_08_octal: "http://017700000001:{port}/" => "127.0.0.1";
    bypass_09_leading_zeros: "http://127.000.000.001:{port}/" => "127.0.0.1";
    bypass_10_zero: "http://0:{port}/" => "0.0.0.0";
    bypass_11_unspecified: "http://0.0.0.0:{port}/" => "0.0.0.0";
    bypass_12_end_of_loopback: "http://127.255.255.254:{port}/" => "127.255.255.254";
    bypass_13_unspecified_v6: "http://[::]:{port}/" => "::";
    bypass_14_loopback_v6: "http://[::1]:{port}/" => "::1";
    bypass_15_loopback_v6_in_full: "http://[0:0:0:0:0:0:0:1]:{port}/" => "::1";
    bypass_16_mapped_loopback: "http://[::ffff:127.0.0.1]:{port}/" => "::ffff:127.0.0.1";
    bypass_17_mapped_unspecified: "http://[::ffff:0.0.0.0]:{port}/" => "::ffff:0.0.0.0";
    bypass_18_v4_compatible: "http://[::127.0.0.1]:{port}/" => "::7f00:1";
    bypass_19_siit: "http://[::ffff:0:127.0.0.1]:{port}/" => "::ffff:0:7f00:1";
    bypass_20_nat64_loopback: "http://[64:ff9b::127.0.0.1]:{port}/" => "64:ff9b::7f00:1";
    bypass_21_6to4_loopback: "http://[2002:7f00:1::]:{port}/" => "2002:7f00:1::";
    bypass_22_isatap: "http://[::5efe:7f00:1]:{port}/" => "::5efe:7f00:1";
    bypass_22_isatap_below_a_public_prefix: "http://[2600:1::200:5efe:7f00:1]:{port}/";
    bypass_23_circled_digits: "http://①②⑦.⓪.⓪.①:{port}/" => "127.0.0.1";
    bypass_24_full_width_digits: "http://１２７.０.０.１:{port}/" => "127.0.0.1";
    bypass_25_ideographic_full_stops: "http://127。0。0。1:{port}/" => "127.0.0.1";
    bypass_26_full_width_localhost: "http://ｌｏｃａｌｈｏｓｔ:{port}/" => "localhost";
    bypass_27_upper_case_localhost: "http://LOCALHOST:{port}/" => "localhost";
    bypass_28_localhost_with_dot: "http://localhost.:{port}/" => "localhost";
    bypass_29_address_with_dot: "http://127.0.0.1.:{port}/" => "127.0.0.1";
    bypass_30_below_localhost: "http://foo.localhost:{port}/" => "foo.localhost";
    bypass_31_punycode_that_folds: "http://xn--example-.org:{port}/";
    bypass_32_cyrillic_letter: "http://ex\u{430}mple.com:{port}/" => "xn--exmple-4nf.com";
    bypass_33_metadata: "http://169.254.169.254/latest/meta-data/";
    bypass_34_metadata_mixed_bases: "http://0251.254.0xa9.254/";
    bypass_35_metadata_decimal: "http://2852039166/";
    bypass_36_metadata_mapped: "http://[::ffff:a9fe:a9fe]/";
    bypass_37_metadata_nat64: "http://[64:ff9b::a9fe:a9fe]/";
    bypass_38_metadata_local_nat64: "http://[64:ff9b:1::a9fe:a9fe]/";
    bypass_39_metadata_6to4: "http://[2002:a9fe:a9fe::]/";
    bypass_40_metadata_teredo: "http://[2001:0:a9fe:a9fe::1]/";
    bypass_41_metadata_aws_v6: "http://[fd00:ec2::254]/";
    bypass_42_metadata_google_v6: "http://[fd20:ce::254]/";
    bypass_43_metadata_openstack_v6: "http://[fe80::a9fe:a9fe]/";
    bypass_44_container_credentials: "http://169.254.170.2/v2/credentials/";
    bypass_45_metadata_alibaba: "http://100.100.100.200/";
    bypass_46_metadata_oracle: "http://192.0.0.192/";
    bypass_47_wire_server: "http://168.63.129.16/";
    bypass_48_metadata_name: "http://metadata.google.internal:{port}/" => "metadata.google.internal";
    bypass_49_address_in_a_public_name: "http://169.254.169.254.nip.io:{port}/" => "169.254.169.254.nip.io";
    bypass_50_private_10: "http://10.0.0.1/" => "10.0.0.1";
    bypass_51_private_172: "http://172.31.255.255/" => "172.31.255.255";
    bypass_52_private_192: "http://192.168.0.1/" => "192.168.0.1";
    bypass_53_carrier_grade_nat: "http://100.64.0.1/" => "100.64.0.1";
    bypass_54_benchmarking: "http://198.18.0.1/" => "198.18.0.1";
    bypass_55_class_e: "http://240.0.0.1/" => "240.0.0.1";
    bypass_56_broadcast: "http://0xffffffff/" => "255.255.255.255";
    bypass_57_site_local: "http://[fec0::1]/" => "fec0::1";
    bypass_58_unique_local: "http://[fc00::1]/" => "fc00::1";
    bypass_59_multicast_v6: "http://[ff02::1]/" => "ff02::1";
    bypass_60_segment_routing: "http://[5f00::1]/" => "5f00::1";
    bypass_61_discard_only: "http://[100::1]/" => "100::1";
    bypass_62_host_as_user: "http://example.com@169.254.169.254/";
    bypass_63_backslash_before_at: "http://127.0.0.1:{port}\\@example.com/" => "127.0.0.1";
    bypass_64_host_and_port_as_user: "http://example.com:80@127.0.0.1:{port}/";
    bypass_65_no_slashes: "http:127.0.0.1:{port}/" => "127.0.0.1";
    bypass_66_three_slashes: "http:///127.0.0.1:{port}/" => "127.0.0.1";
    bypass_67_newline_in_scheme: "ht\ntp://127.0.0.1:{port}/";
    bypass_68_spaces_and_two_ats: "http://1.1.1.1 &@127.0.0.1:{port}# @3.3.3.3/";
    bypass_69_fragment_as_host: "http://127.0.0.1:{port}#.example.com/" => "127.0.0.1";
    bypass_70_backslashes: "http:\\\\127.0.0.1:{port}\\" => "127.0.0.1";
    bypass_71_gopher: "gopher://127.0.0.1:{port}/_x";
    bypass_71_file: "file:///etc/passwd";
    bypass_71_ftp: "ftp://127.0.0.1:{port}/";
    bypass_71_jar: "jar:http://127.0.0.1:{port}!/";
    bypass_71_upper_case_scheme: "HTTPS://127.0.0.1:{port}/" => "127.0.0.1";
    bypass_71_mixed_case_scheme: "hTtP://127.0.0.1:{port}/" => "127.0.0.1";
    bypass_72_port_0: "http://example.com:0/";
    bypass_72_port_22: "http://example.com:22/";
    bypass_72_port_25: "http://example.com:25/";
    bypass_72_port_6379: "http://example.com:6379/";
    bypass_73_backend: "http://backend:{port}/" => "backend";
    bypass_73_redis: "http://redis:{port}/" => "redis";
    bypass_73_cluster_service: "http://kubernetes.default.svc:{port}/" => "kubernetes.default.svc";
    bypass_73_internal_name: "http://postgres.internal:{port}/" => "postgres.internal";
}

macro_rules! malformed {
    ($($name:ident: $url:literal;)*) => {$(
        #[test]
        fn $name() {
            let refused = Target::parse($url, &allowing(&["0.0.0.0/0", "::/0"])).unwrap_err();
            assert!(matches!(refused, Refused::Malformed(_)), "{refused:?}");
        }
    )*};
}

malformed! {
    malformed_zone_id: "http://[fe80::1%25eth0]/";
    malformed_v4_in_brackets: "http://[127.0.0.1]/";
    malformed_v6_without_brackets: "http://::1/";
    malformed_escaped_nul: "http://127.0.0.1%00.example.com/";
    malformed_part_too_large: "http://256.256.256.256/";
    malformed_number_too_large: "http://4294967296/";
    malformed_port_too_large: "http://x:99999/";
    malformed_escaped_at: "http://example.com%40127.0.0.1/";
}

/// The schemes are matched without regard to case, so they do not merely fail.
#[test]
fn upper_case_schemes_are_accepted() {
    for url in ["HTTPS://example.com/", "hTtP://example.com/"] {
        Target::parse(url, &Policy::strict()).unwrap();
    }
}
