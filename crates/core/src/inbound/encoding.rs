//! Text forms of bytes, as strict as senders are: what is not whole decodes to nothing.

use base64::Engine as _;
use base64::alphabet;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};

const LENIENT: GeneralPurposeConfig =
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent);
const STANDARD: GeneralPurpose = GeneralPurpose::new(&alphabet::STANDARD, LENIENT);
const URL_SAFE: GeneralPurpose = GeneralPurpose::new(&alphabet::URL_SAFE, LENIENT);
const URL_SAFE_BARE: GeneralPurpose =
    GeneralPurpose::new(&alphabet::URL_SAFE, LENIENT.with_encode_padding(false));

/// Base64 in the standard or the URL alphabet (never both at once), padded or not.
pub(super) fn base64(text: &[u8]) -> Option<Vec<u8>> {
    let url = text.iter().any(|byte| matches!(byte, b'-' | b'_'));
    if url { URL_SAFE.decode(text) } else { STANDARD.decode(text) }.ok()
}

/// Standard base64 with padding.
pub(super) fn to_base64(bytes: &[u8]) -> String {
    STANDARD.encode(bytes)
}

/// Base64 in the URL alphabet without padding, as JSON Web Tokens have it.
pub(super) fn to_base64_url(bytes: &[u8]) -> String {
    URL_SAFE_BARE.encode(bytes)
}

/// Hexadecimal digits in either case.
pub(super) fn hex(text: &[u8]) -> Option<Vec<u8>> {
    let digit = |byte: &u8| (*byte as char).to_digit(16).map(|digit| digit as u8);
    if !text.len().is_multiple_of(2) {
        return None;
    }
    text.chunks_exact(2).map(|pair| Some(digit(&pair[0])? << 4 | digit(&pair[1])?)).collect()
}

/// Hexadecimal digits in lower case.
pub(super) fn to_hex(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let digit = |nibble: u8| DIGITS[usize::from(nibble & 15)] as char;
    bytes.iter().flat_map(|byte| [digit(byte >> 4), digit(*byte)]).collect()
}

/// The bytes between the lines of the first PEM block with this label.
pub(super) fn pem(text: &str, label: &str) -> Option<Vec<u8>> {
    let (_, rest) = text.split_once(&format!("-----BEGIN {label}-----"))?;
    let (inside, _) = rest.split_once(&format!("-----END {label}-----"))?;
    let digits: Vec<u8> = inside.bytes().filter(|byte| !byte.is_ascii_whitespace()).collect();
    base64(&digits)
}

/// The text that HTML character references stand for: the five names, and numbers.
pub(super) fn html_unescape(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('&') {
        plain.push_str(&rest[..at]);
        rest = &rest[at..];
        let reference = rest[1..].split_once(';').filter(|(name, _)| name.len() <= 8);
        let (character, after) = match reference.map(|(name, after)| (html_reference(name), after)) {
            Some((Some(character), after)) => (character, after),
            _ => ('&', &rest[1..]),
        };
        plain.push(character);
        rest = after;
    }
    plain.push_str(rest);
    plain
}

fn html_reference(name: &str) -> Option<char> {
    match name {
        "amp" => Some('&'),
        "lt" => Some('<'),
        "gt" => Some('>'),
        "quot" => Some('"'),
        "apos" => Some('\''),
        _ => {
            let number = name.strip_prefix('#')?;
            match number.strip_prefix(['x', 'X']) {
                Some(digits) => char::from_u32(u32::from_str_radix(digits, 16).ok()?),
                None => char::from_u32(number.parse().ok()?),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base64_is_read_in_both_alphabets_but_never_loosely() {
        for (text, bytes) in [
            ("+/8=", Some(vec![0xfb, 0xff])),
            ("+/8", Some(vec![0xfb, 0xff])),
            ("-_8", Some(vec![0xfb, 0xff])),
            ("-/8=", None),
            ("+/9=", None),
            ("+/8=A", None),
            (" +/8=", None),
            ("", Some(vec![])),
        ] {
            assert_eq!(base64(text.as_bytes()), bytes, "{text}");
        }
    }

    #[test]
    fn hex_is_read_in_either_case() {
        assert_eq!(hex(b"00fFAa"), Some(vec![0, 0xff, 0xaa]));
        for text in ["0", "0g", "+1", " 0", "0x00"] {
            assert_eq!(hex(text.as_bytes()), None, "{text}");
        }
        assert_eq!(to_hex(&[0, 0x9f, 0xff]), "009fff");
    }

    #[test]
    fn character_references_are_replaced_once() {
        for (escaped, plain) in [
            ("a&amp;b&lt;&gt;&quot;&#039;&#x27;&apos;", "a&b<>\"'''"),
            ("&amp;amp;", "&amp;"),
            ("&nbsp;&", "&nbsp;&"),
            ("&#xd800;&;", "&#xd800;&;"),
            ("ü&ü;", "ü&ü;"),
        ] {
            assert_eq!(html_unescape(escaped), plain);
        }
    }

    #[test]
    fn pem_is_found_between_its_lines() {
        let text = "before\n-----BEGIN PUBLIC KEY-----\nAAEC\nAw==\n-----END PUBLIC KEY-----\n";
        assert_eq!(pem(text, "PUBLIC KEY").unwrap(), [0, 1, 2, 3]);
        assert_eq!(pem(text, "CERTIFICATE"), None);
    }
}
