//! Rules out of JSON.

use std::cmp::Ordering;

use ipnet::IpNet;
use regex_lite::RegexBuilder;
use serde_json::{Map, Value};

use super::number::Number;
use super::test::Test;
use super::{BYTES, DEPTH, ENTRIES, MATCHES, Refused, Rule};
use crate::names::Invalid;

/// Characters of a regular expression.
const EXPRESSION_CHARS: usize = 512;
/// Bytes of its program, and levels of groups in it: what is looked at for each byte of a value.
const PROGRAM_BYTES: usize = 16 * 1024;
const EXPRESSION_DEPTH: u32 = 20;

const OPERATORS: &str = "equals, notEquals, in, matches, contains, startsWith, endsWith, exists, inNetworks, above, \
     atLeast, below or atMost";

/// The rule that `value` is.
pub(super) fn rule(value: &Value) -> Result<Rule, Refused> {
    if value.to_string().len() > BYTES {
        return Err(refused(Invalid::too_long(format!("must have at most {BYTES} bytes"))));
    }
    let mut matches = 0;
    read(value, 1, &mut matches)
}

fn read(value: &Value, depth: usize, matches: &mut usize) -> Result<Rule, Refused> {
    let object = value.as_object().ok_or_else(|| refused(kind("must be an object", "type_error.dict")))?;
    if depth > DEPTH {
        let message = format!("must not be nested deeper than {DEPTH} levels");
        return Err(refused(Invalid::too_long(message)));
    }
    let mut entries = object.iter();
    match (entries.next(), entries.next()) {
        (Some((name, rules)), None) if name == "all" => {
            list(rules, depth, matches).map(Rule::All).map_err(under("all"))
        }
        (Some((name, rules)), None) if name == "any" => {
            list(rules, depth, matches).map(Rule::Any).map_err(under("any"))
        }
        (Some((name, rule)), None) if name == "not" => {
            read(rule, depth + 1, matches).map(|rule| Rule::Not(Box::new(rule))).map_err(under("not"))
        }
        _ => {
            *matches += 1;
            if *matches > MATCHES {
                return Err(refused(Invalid::too_long(format!("must have at most {MATCHES} matches"))));
            }
            one_match(object)
        }
    }
}

fn list(value: &Value, depth: usize, matches: &mut usize) -> Result<Vec<Rule>, Refused> {
    let rules =
        value.as_array().ok_or_else(|| refused(kind("must be a list of rules", "type_error.list")))?;
    if rules.is_empty() {
        return Err(refused(Invalid::too_short("must have at least one rule")));
    }
    let read = |(index, rule): (usize, &Value)| {
        read(rule, depth + 1, matches).map_err(|refused| under(&index.to_string())(refused))
    };
    rules.iter().enumerate().map(read).collect()
}

fn one_match(object: &Map<String, Value>) -> Result<Rule, Refused> {
    let shape = || refused(Invalid::value("must have all, any or not, or else value and one operator"));
    let mut operators = object.iter().filter(|(name, _)| *name != "value");
    let (Some(value), Some((name, operand)), None) =
        (object.get("value"), operators.next(), operators.next())
    else {
        return Err(shape());
    };
    let value = value.as_str().ok_or_else(|| kind("must be a string", "type_error.str"));
    let fact = value.and_then(|text| {
        text.parse().map_err(|invalid: crate::facts::InvalidFact| Invalid::value(invalid.to_string()))
    });
    let fact = fact.map_err(|invalid| under("value")(refused(invalid)))?;
    let test = test(name, operand).map_err(|invalid| under(name)(refused(invalid)))?;
    Ok(Rule::Match { fact, test })
}

fn test(name: &str, operand: &Value) -> Result<Test, Invalid> {
    use Ordering::{Equal, Greater, Less};
    Ok(match name {
        "equals" => Test::OneOf(vec![scalar(operand)?]),
        "notEquals" => Test::NotEquals(scalar(operand)?),
        "in" => Test::OneOf(entries(operand)?.iter().map(scalar).collect::<Result<_, _>>()?),
        "matches" => Test::Matches(expression(text(operand)?)?),
        "contains" => Test::Contains(text(operand)?.to_owned()),
        "startsWith" => Test::StartsWith(text(operand)?.to_owned()),
        "endsWith" => Test::EndsWith(text(operand)?.to_owned()),
        "exists" => {
            Test::Exists(operand.as_bool().ok_or_else(|| kind("must be true or false", "type_error.bool"))?)
        }
        "inNetworks" => Test::InNetworks(entries(operand)?.iter().map(network).collect::<Result<_, _>>()?),
        "above" => Test::Ordered(&[Greater], number(operand)?),
        "atLeast" => Test::Ordered(&[Greater, Equal], number(operand)?),
        "below" => Test::Ordered(&[Less], number(operand)?),
        "atMost" => Test::Ordered(&[Less, Equal], number(operand)?),
        _ => {
            let message = format!("is no operator; there are {OPERATORS}");
            return Err(Invalid { message: message.into(), kind: "value_error.extra" });
        }
    })
}

/// A value as the text that values of requests are compared with.
fn scalar(value: &Value) -> Result<String, Invalid> {
    match value {
        Value::String(text) => Ok(text.clone()),
        Value::Number(number) => Ok(number.to_string()),
        Value::Bool(is) => Ok(is.to_string()),
        Value::Null | Value::Array(_) | Value::Object(_) => {
            Err(kind("must be a string, a number, true or false", "type_error.str"))
        }
    }
}

fn text(value: &Value) -> Result<&str, Invalid> {
    let text = value.as_str().ok_or_else(|| kind("must be a string", "type_error.str"))?;
    if text.is_empty() { Err(Invalid::too_short("must not be empty")) } else { Ok(text) }
}

fn entries(value: &Value) -> Result<&[Value], Invalid> {
    let entries = value.as_array().ok_or_else(|| kind("must be a list", "type_error.list"))?;
    match entries.len() {
        0 => Err(Invalid::too_short("must have at least one entry")),
        1..=ENTRIES => Ok(entries),
        _ => Err(Invalid::too_long(format!("must have at most {ENTRIES} entries"))),
    }
}

fn network(value: &Value) -> Result<IpNet, Invalid> {
    let text = text(value)?;
    let address = || text.parse::<std::net::IpAddr>().map(IpNet::from);
    text.parse().or_else(|_| address()).map_err(|_: std::net::AddrParseError| {
        Invalid::value("must have networks, such as 192.0.2.0/24, or addresses")
    })
}

fn number(value: &Value) -> Result<Number, Invalid> {
    let number = value.as_number().and_then(|number| Number::read(number.to_string().as_bytes()));
    number.ok_or_else(|| kind("must be a number", "type_error.float"))
}

fn expression(text: &str) -> Result<regex_lite::Regex, Invalid> {
    if text.chars().count() > EXPRESSION_CHARS {
        return Err(Invalid::too_long(format!("must have at most {EXPRESSION_CHARS} characters")));
    }
    let mut builder = RegexBuilder::new(text);
    builder.size_limit(PROGRAM_BYTES).nest_limit(EXPRESSION_DEPTH);
    builder
        .build()
        .map_err(|error| Invalid::pattern(format!("is no regular expression that can be used: {error}")))
}

fn kind(message: &'static str, kind: &'static str) -> Invalid {
    Invalid { message: message.into(), kind }
}

fn refused(invalid: Invalid) -> Refused {
    Refused { at: Vec::new(), invalid }
}

fn under(name: &str) -> impl Fn(Refused) -> Refused + '_ {
    move |mut refused| {
        refused.at.insert(0, name.to_owned());
        refused
    }
}
