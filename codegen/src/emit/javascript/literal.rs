//! JavaScript values as a tree of text that is already escaped, and how they are laid out.
//!
//! Invariant: a value that fits on its line stays on it; nothing about it depends on anything but its text.

/// How wide a line may become.
const WIDTH: usize = 120;

/// A value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Literal {
    /// Text of one token or more that is printed as it is.
    Text(String),
    /// `[…]`
    Array(Vec<Literal>),
    /// `{…}`, each key already escaped.
    Object(Vec<(String, Literal)>),
}

impl Literal {
    /// A token: a string literal, a number, `true`.
    pub fn text(text: impl Into<String>) -> Literal {
        Literal::Text(text.into())
    }

    /// The value of a piece of JSON.
    pub fn from_json(value: &serde_json::Value) -> Literal {
        use serde_json::Value;
        match value {
            Value::String(text) => Literal::Text(super::escape::string(text)),
            Value::Array(items) => Literal::Array(items.iter().map(Literal::from_json).collect()),
            Value::Object(entries) => Literal::Object(
                entries
                    .iter()
                    .map(|(key, value)| (super::escape::key(key), Literal::from_json(value)))
                    .collect(),
            ),
            plain => Literal::Text(plain.to_string()),
        }
    }

    /// As text that begins at column `column` of a line indented by `indent`; `behind` more characters follow it there.
    pub fn print(&self, indent: usize, column: usize, behind: usize) -> String {
        let line = self.one_line();
        if column + line.chars().count() + behind <= WIDTH {
            return line;
        }
        let inner = indent + 2;
        let (open, close, entries): (_, _, Vec<String>) = match self {
            Literal::Text(text) => return text.clone(),
            Literal::Array(items) => {
                let items = items.iter().map(|item| item.print(inner, inner, 1));
                ("[", "]", items.collect())
            }
            Literal::Object(entries) => {
                let entries = entries.iter().map(|(key, value)| {
                    let column = inner + key.chars().count() + 2;
                    format!("{key}: {}", value.print(inner, column, 1))
                });
                ("{", "}", entries.collect())
            }
        };
        let space = " ".repeat(inner);
        let body = entries.join(&format!(",\n{space}"));
        format!("{open}\n{space}{body}\n{}{close}", " ".repeat(indent))
    }

    fn one_line(&self) -> String {
        match self {
            Literal::Text(text) => text.clone(),
            Literal::Array(items) => {
                let items: Vec<String> = items.iter().map(Literal::one_line).collect();
                format!("[{}]", items.join(", "))
            }
            Literal::Object(entries) => {
                let entries: Vec<String> = entries
                    .iter()
                    .map(|(key, value)| format!("{key}: {}", value.one_line()))
                    .collect();
                format!("{{{}}}", entries.join(", "))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Literal;
    use serde_json::json;

    #[test]
    fn what_fits_stays_on_its_line() {
        let short = Literal::from_json(&json!({"a": [1, "x", null], "__proto__": {}}));
        assert_eq!(
            short.print(0, 0, 0),
            "{['__proto__']: {}, a: [1, 'x', null]}"
        );
    }

    #[test]
    fn what_does_not_fit_is_broken_at_the_outside_first() {
        let long =
            Literal::from_json(&json!({"a": ["x".repeat(100)], "b": 1, "c": "y".repeat(20)}));
        let expected = format!(
            "{{\n  a: ['{}'],\n  b: 1,\n  c: '{}'\n}}",
            "x".repeat(100),
            "y".repeat(20)
        );
        assert_eq!(long.print(0, 0, 0), expected);
    }
}
