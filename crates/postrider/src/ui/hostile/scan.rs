//! Reads HTML of the kind that maud writes: every tag closed, every value in double quotes. Anything else is no HTML of
//! ours, and an error.

/// What stands in a text of HTML.
pub(super) struct Scanned {
    /// Opening tags.
    pub(super) tags: Vec<Tag>,
    /// What is read: text between tags, and values of attributes, as a browser decodes them.
    pub(super) texts: Vec<String>,
}

/// An opening tag.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Tag {
    pub(super) name: String,
    /// In their order, decoded.
    pub(super) attributes: Vec<(String, String)>,
}

pub(super) fn scan(html: &str) -> Result<Scanned, String> {
    let mut scanned = Scanned { tags: Vec::new(), texts: Vec::new() };
    let mut rest = html;
    while let Some((text, tail)) = rest.split_once('<') {
        scanned.texts.push(decode(text)?);
        rest = match tail.strip_prefix('/') {
            Some(closing) => closed(closing)?,
            None => opened(tail, &mut scanned)?,
        };
    }
    scanned.texts.push(decode(rest)?);
    Ok(scanned)
}

/// What follows a closing tag.
fn closed(tail: &str) -> Result<&str, String> {
    let (name, rest) = split_name(tail)?;
    rest.strip_prefix('>').ok_or_else(|| format!("no end of </{name}"))
}

/// What follows an opening tag, which is added.
fn opened<'h>(tail: &'h str, scanned: &mut Scanned) -> Result<&'h str, String> {
    let (name, mut rest) = split_name(tail)?;
    let mut attributes = Vec::new();
    loop {
        if let Some(rest) = rest.strip_prefix('>') {
            scanned.tags.push(Tag { name: name.to_owned(), attributes });
            return Ok(rest);
        }
        let spaced = rest.strip_prefix(' ').ok_or_else(|| format!("no blank in <{name}"))?;
        let (attribute, tail) = split_name(spaced)?;
        let (value, tail) = match tail.strip_prefix("=\"") {
            Some(tail) => tail.split_once('"').ok_or_else(|| format!("no end of {attribute}"))?,
            None => ("", tail),
        };
        let value = decode(value)?;
        // A field shows what was typed into it and sends that on, so it has no room for marks.
        if attribute != "value" {
            scanned.texts.push(value.clone());
        }
        attributes.push((attribute.to_owned(), value));
        rest = tail;
    }
}

fn split_name(text: &str) -> Result<(&str, &str), String> {
    let is_part = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | ':' | '.');
    let end = text.find(|c| !is_part(c)).unwrap_or(text.len());
    if end == 0 { Err("no name after a < or in a tag".to_owned()) } else { Ok(text.split_at(end)) }
}

/// With what maud escapes put back; an escape that it does not write, or something that it would escape, is an error.
fn decode(text: &str) -> Result<String, String> {
    if text.contains(['<', '>', '"']) {
        return Err("text that is not escaped".to_owned());
    }
    let mut decoded = String::with_capacity(text.len());
    let mut parts = text.split('&');
    decoded.push_str(parts.next().unwrap_or_default());
    for part in parts {
        let (name, rest) = part.split_once(';').ok_or("an & that is not escaped")?;
        decoded.push(match name {
            "lt" => '<',
            "gt" => '>',
            "amp" => '&',
            "quot" => '"',
            _ => return Err(format!("an escape {name}")),
        });
        decoded.push_str(rest);
    }
    Ok(decoded)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tags_and_texts_are_told_apart() {
        let scanned = scan(r#"<p class="a b" hidden>x &lt;b&gt; <br>y</p><hr>"#).unwrap();
        let names: Vec<_> = scanned.tags.iter().map(|tag| tag.name.as_str()).collect();
        assert_eq!(names, ["p", "br", "hr"]);
        let pair = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        assert_eq!(scanned.tags[0].attributes, [pair("class", "a b"), pair("hidden", "")]);
        assert!(scanned.texts.contains(&"x <b> ".to_owned()), "{:?}", scanned.texts);
    }

    #[test]
    fn what_maud_does_not_write_is_an_error() {
        for html in
            ["<p", "< p>", "<p a='b'>", "<p  a>", "<p a=b>", "a > b", "a & b", "<!-- a -->", "<p a=\"b>"]
        {
            assert!(scan(html).is_err(), "{html}");
        }
    }
}
