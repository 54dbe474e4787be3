//! Licence expressions: SPDX, and the older form in which `/` stands for `OR`.

/// Brackets in brackets, beyond which an expression is refused.
const DEPTH_MAX: usize = 16;

/// Whether someone who accepts only the licences for which `allowed` holds may use what is licensed by
/// `expression`. A licence with an exception is one licence: `Apache-2.0 WITH LLVM-exception`. `None` when it is not an
/// expression.
pub(super) fn permits(expression: &str, allowed: impl Fn(&str) -> bool) -> Option<bool> {
    let spaced = ["(", ")", "/"]
        .iter()
        .fold(expression.to_owned(), |text, sign| text.replace(sign, &format!(" {sign} ")));
    let words: Vec<&str> = spaced.split_whitespace().collect();
    let mut reader = Reader { words: &words, allowed };
    let permitted = reader.any(0)?;
    reader.words.is_empty().then_some(permitted)
}

/// Reads and judges in one go. Both sides of an operator are always read, so that nonsense is found everywhere.
struct Reader<'w, A> {
    words: &'w [&'w str],
    allowed: A,
}

impl<'w, A: Fn(&str) -> bool> Reader<'w, A> {
    fn any(&mut self, depth: usize) -> Option<bool> {
        let mut permitted = self.all(depth)?;
        while self.skip("OR") || self.skip("/") {
            permitted |= self.all(depth)?;
        }
        Some(permitted)
    }

    fn all(&mut self, depth: usize) -> Option<bool> {
        let mut permitted = self.one(depth)?;
        while self.skip("AND") {
            permitted &= self.one(depth)?;
        }
        Some(permitted)
    }

    fn one(&mut self, depth: usize) -> Option<bool> {
        if self.skip("(") {
            let permitted = if depth < DEPTH_MAX { self.any(depth + 1)? } else { return None };
            return self.skip(")").then_some(permitted);
        }
        let licence = self.name()?;
        if self.skip("WITH") {
            let exception = self.name()?;
            return Some((self.allowed)(&format!("{licence} WITH {exception}")));
        }
        Some((self.allowed)(licence))
    }

    fn name(&mut self) -> Option<&'w str> {
        let (name, rest) = self.words.split_first()?;
        let is_name = !["AND", "OR", "WITH", "(", ")", "/"].contains(name);
        self.words = rest;
        is_name.then_some(*name)
    }

    fn skip(&mut self, word: &str) -> bool {
        match self.words.split_first() {
            Some((first, rest)) if *first == word => {
                self.words = rest;
                true
            }
            _ => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn expressions_are_judged_by_their_operators() {
        let allowed = |id: &str| ["MIT", "Apache-2.0", "Zlib WITH Some-exception"].contains(&id);
        let table = [
            ("MIT", Some(true)),
            ("GPL-3.0", Some(false)),
            ("MIT OR GPL-3.0", Some(true)),
            ("GPL-3.0 OR MIT", Some(true)),
            ("GPL-3.0/MIT", Some(true)),
            ("GPL-3.0 / LGPL-2.1", Some(false)),
            ("MIT AND GPL-3.0", Some(false)),
            ("MIT AND Apache-2.0", Some(true)),
            ("GPL-3.0 AND MIT OR Apache-2.0", Some(true)),
            ("GPL-3.0 AND (MIT OR Apache-2.0)", Some(false)),
            ("(MIT OR GPL-3.0) AND Apache-2.0", Some(true)),
            ("((MIT))", Some(true)),
            ("Zlib WITH Some-exception", Some(true)),
            ("MIT WITH Some-exception", Some(false)),
            ("Zlib", Some(false)),
            ("", None),
            ("MIT OR", None),
            ("OR MIT", None),
            ("MIT Apache-2.0", None),
            ("(MIT", None),
            ("MIT)", None),
            ("MIT WITH", None),
            ("GPL-3.0 AND AND", None),
        ];
        for (expression, verdict) in table {
            assert_eq!(permits(expression, allowed), verdict, "{expression}");
        }
        let deep = format!("{}MIT{}", "(".repeat(10_000), ")".repeat(10_000));
        assert_eq!(permits(&deep, allowed), None);
    }
}
