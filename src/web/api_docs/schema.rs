//! What a JSON Schema of the OpenAPI document says: as rows of a table, and as an example.

use serde_json::{Map, Value, json};

use super::{
    super::views::api_docs::FieldRow,
    prose::{Span, blocks, spans},
};

/// How deep a schema is followed. Deeper fields are named by their type alone.
const DEEPEST: usize = 6;

/// The schemas of a document.
#[derive(Debug, Clone, Copy)]
pub struct Schemas<'d> {
    document: &'d Value,
}

impl<'d> Schemas<'d> {
    /// Those that `document` names.
    pub fn of(document: &'d Value) -> Self {
        Self { document }
    }

    /// What a reference leads to; anything else is itself.
    pub fn resolve(self, value: &'d Value) -> &'d Value {
        let target =
            value.get("$ref").and_then(Value::as_str).and_then(|reference| reference.strip_prefix('#'));
        match target.and_then(|pointer| self.document.pointer(pointer)) {
            Some(target) if target != value => self.resolve(target),
            _ => value,
        }
    }

    /// The kinds of value that a schema admits, without null, and whether it admits null.
    fn kinds(self, schema: &'d Value) -> (Vec<&'d Value>, bool) {
        let schema = self.resolve(schema);
        let choices = ["oneOf", "anyOf"].iter().find_map(|word| schema.get(*word)?.as_array());
        let Some(choices) = choices else {
            let nullable = match schema.get("type") {
                Some(Value::Array(types)) => types.iter().any(|kind| kind == "null"),
                _ => schema.get("nullable") == Some(&Value::Bool(true)),
            };
            return (vec![schema], nullable);
        };
        let (mut kinds, mut nullable) = (Vec::new(), false);
        for choice in choices {
            let choice = self.resolve(choice);
            if choice.get("type") == Some(&Value::from("null")) {
                nullable = true;
                continue;
            }
            let (within, null_within) = self.kinds(choice);
            kinds.extend(within);
            nullable |= null_within;
        }
        (kinds, nullable)
    }

    /// The fields of an object with those of all that it is made of, and which it must have.
    fn fields(self, schema: &'d Value) -> (Map<String, Value>, Vec<&'d str>) {
        let schema = self.resolve(schema);
        let mut fields = schema.get("properties").and_then(Value::as_object).cloned().unwrap_or_default();
        let mut required: Vec<&str> = strings(schema.get("required")).collect();
        for part in schema.get("allOf").and_then(Value::as_array).into_iter().flatten() {
            let (more, needed) = self.fields(part);
            fields.extend(more);
            required.extend(needed);
        }
        (fields, required)
    }

    /// What a value is called: "string", "list of integers", "object or null".
    pub fn kind(self, schema: &'d Value) -> String {
        let (kinds, nullable) = self.kinds(schema);
        let mut names: Vec<String> = Vec::new();
        for kind in kinds {
            let name = self.kind_of_one(kind);
            if !names.contains(&name) {
                names.push(name);
            }
        }
        if nullable {
            names.push("null".to_owned());
        }
        names.join(" or ")
    }

    fn kind_of_one(self, schema: &'d Value) -> String {
        let word = match schema.get("type") {
            Some(Value::String(word)) => word.as_str(),
            Some(Value::Array(words)) => {
                let mut words = words.iter().filter_map(Value::as_str).filter(|word| *word != "null");
                words.next().unwrap_or("any value")
            }
            _ if schema.get("properties").is_some() || schema.get("allOf").is_some() => "object",
            _ if schema.get("enum").is_some() => "string",
            _ => "any value",
        };
        match (word, schema.get("items"), schema.get("format").and_then(Value::as_str)) {
            ("array", Some(items), _) => format!("list of {}", self.kind(items)),
            ("array", None, _) => "list".to_owned(),
            ("string", _, Some("date-time")) => "moment (RFC 3339, UTC)".to_owned(),
            ("string", _, Some("date")) => "day (YYYY-MM-DD)".to_owned(),
            ("string", _, Some("uri" | "url")) => "address (URL)".to_owned(),
            ("string", _, Some("email")) => "e-mail address".to_owned(),
            ("object", ..) if self.of_any_name(schema).is_some() => {
                let values = self.of_any_name(schema).map(|values| self.kind(values)).unwrap_or_default();
                format!("object of {values} by name")
            }
            (word, ..) => word.to_owned(),
        }
    }

    /// The schema of the values of an object whose names are free.
    fn of_any_name(self, schema: &'d Value) -> Option<&'d Value> {
        schema.get("additionalProperties").filter(|values| values.as_object().is_some_and(|o| !o.is_empty()))
    }

    /// The fields beneath a schema, each with its way from the top.
    pub fn rows(self, schema: &'d Value) -> Vec<FieldRow> {
        let mut rows = Vec::new();
        self.add_rows(schema, "", 0, &mut rows);
        rows
    }

    fn add_rows(self, schema: &'d Value, within: &str, depth: usize, rows: &mut Vec<FieldRow>) {
        if depth > DEEPEST {
            return;
        }
        for kind in self.kinds(schema).0 {
            if let Some(items) = kind.get("items") {
                let within = format!("{}[].", within.trim_end_matches('.'));
                self.add_rows(items, &within, depth + 1, rows);
            } else if let Some(values) = self.of_any_name(kind) {
                self.add_rows(values, &format!("{within}*."), depth + 1, rows);
            }
            for (name, required, field) in self.fields_in_order(kind) {
                // Of a value of several shapes the same field is told once.
                if rows.iter().any(|row| row.within == within && row.name == name) {
                    continue;
                }
                rows.push(self.row(within, name, required, field));
                self.add_rows(field, &format!("{within}{name}."), depth + 1, rows);
            }
        }
    }

    /// The fields of an object: those that it must have first.
    fn fields_in_order(self, schema: &'d Value) -> Vec<(&'d str, bool, &'d Value)> {
        let mut fields = Vec::new();
        self.collect_fields(schema, &mut fields);
        fields.sort_by_key(|(_, required, _)| !required);
        fields
    }

    fn collect_fields(self, schema: &'d Value, fields: &mut Vec<(&'d str, bool, &'d Value)>) {
        let schema = self.resolve(schema);
        let required: Vec<&str> = strings(schema.get("required")).collect();
        for (name, field) in schema.get("properties").and_then(Value::as_object).into_iter().flatten() {
            fields.push((name, required.contains(&name.as_str()), field));
        }
        for part in schema.get("allOf").and_then(Value::as_array).into_iter().flatten() {
            self.collect_fields(part, fields);
        }
    }

    /// A row for a field, a parameter or a header of this schema.
    pub fn row(self, within: &str, name: &str, required: bool, schema: &'d Value) -> FieldRow {
        let (kinds, _) = self.kinds(schema);
        let target = self.resolve(schema);
        let said = schema.get("description").or_else(|| target.get("description"));
        let said = said.or_else(|| kinds.first()?.get("description"));
        let mut choices = Vec::new();
        let mut rules = Vec::new();
        for kind in kinds {
            let one = kind.get("items").map_or(kind, |items| self.resolve(items));
            choices
                .extend(one.get("enum").and_then(Value::as_array).into_iter().flatten().filter_map(in_words));
            for rule in rules_of(kind) {
                let rule = spans(&rule);
                if !rules.contains(&rule) {
                    rules.push(rule);
                }
            }
        }
        if let Some(usual) = schema.get("default").filter(|usual| !usual.is_null()) {
            rules.push(code("default ", usual));
        }
        FieldRow {
            within: within.to_owned(),
            name: name.to_owned(),
            kind: self.kind(schema),
            required,
            rules,
            choices,
            text: blocks(said.and_then(Value::as_str).unwrap_or_default()),
        }
    }

    /// An example of a value: the schema's own, or one made of those of its fields.
    pub fn sample(self, schema: &'d Value) -> Value {
        self.sample_at(schema, 0)
    }

    fn sample_at(self, schema: &'d Value, depth: usize) -> Value {
        if let Some(own) = own_example(schema) {
            return own;
        }
        let schema = self.kinds(schema).0.first().copied().unwrap_or(schema);
        if let Some(own) = own_example(schema) {
            return own;
        }
        if depth > DEEPEST {
            return Value::Null;
        }
        let (fields, _) = self.fields(schema);
        if !fields.is_empty() {
            let samples = self.fields_in_order(schema).into_iter();
            return samples
                .map(|(name, _, field)| (name.to_owned(), self.sample_at(field, depth + 1)))
                .collect();
        }
        let text = |name: &str| schema.get(name).and_then(Value::as_str);
        match (self.kind_of_one(schema).split(' ').next().unwrap_or_default(), text("format")) {
            ("list", _) => {
                schema.get("items").map_or(json!([]), |items| json!([self.sample_at(items, depth + 1)]))
            }
            ("integer" | "number", _) => schema.get("minimum").cloned().unwrap_or(json!(1)),
            ("boolean", _) => json!(true),
            ("moment", _) => json!("2026-11-24T10:22:00Z"),
            ("day", _) => json!("2026-11-24"),
            ("address", _) => json!("https://example.com/hook"),
            ("e-mail", _) => json!("asha@example.com"),
            ("object", _) => json!({}),
            ("string", _) => json!("text"),
            _ => Value::Null,
        }
    }
}

fn own_example(schema: &Value) -> Option<Value> {
    let first = |list: &str| schema.get(list)?.as_array()?.first();
    let own = schema.get("example").or_else(|| first("examples")).or_else(|| schema.get("default"));
    own.or_else(|| schema.get("const")).or_else(|| first("enum")).filter(|own| !own.is_null()).cloned()
}

fn strings(list: Option<&Value>) -> impl Iterator<Item = &str> {
    list.and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str)
}

/// A value as text, a word without its quotes.
fn in_words(value: &Value) -> Option<String> {
    match value {
        Value::Null => None,
        Value::String(text) => Some(text.clone()),
        other => Some(other.to_string()),
    }
}

fn code(before: &str, value: &Value) -> Vec<Span> {
    let value = Span { code: true, text: in_words(value).unwrap_or_default() };
    vec![Span { code: false, text: before.to_owned() }, value]
}

/// What a value must keep to, one rule each, with code in backquotes.
fn rules_of(schema: &Value) -> Vec<String> {
    let mut rules = Vec::new();
    let number = |name: &str| schema.get(name).filter(|number| number.is_number());
    let mut range = |least: Option<&Value>, most: Option<&Value>, unit: &str| {
        rules.extend(match (least.filter(|least| !(unit.len() > 1 && **least == 0)), most) {
            (Some(least), Some(most)) if least == most => Some(format!("exactly {least}{unit}")),
            (Some(least), Some(most)) => Some(format!("{least} to {most}{unit}")),
            (Some(least), None) => Some(format!("at least {least}{unit}")),
            (None, Some(most)) => Some(format!("at most {most}{unit}")),
            (None, None) => None,
        });
    };
    range(number("minLength"), number("maxLength"), " characters");
    range(number("minItems"), number("maxItems"), " entries");
    range(number("minProperties"), number("maxProperties"), " fields");
    range(number("minimum"), number("maximum"), "");
    let worded = [("exclusiveMinimum", "more than "), ("exclusiveMaximum", "less than ")];
    rules.extend(worded.iter().filter_map(|(name, words)| Some(format!("{words}{}", number(name)?))));
    rules.extend(number("multipleOf").map(|step| format!("in steps of {step}")));
    if schema.get("uniqueItems") == Some(&Value::Bool(true)) {
        rules.push("none twice".to_owned());
    }
    if let Some(pattern) = schema.get("pattern").and_then(Value::as_str) {
        rules.push(format!("matches `{pattern}`"));
    }
    if let Some(only) = schema.get("const").and_then(in_words) {
        rules.push(format!("always `{only}`"));
    }
    rules
}

#[cfg(test)]
mod tests {
    use super::*;

    fn document() -> Value {
        json!({"components": {"schemas": {
            "Mode": {"type": "string", "enum": ["isolated", "consolidated"], "description": "Who pays."},
            "Tree": {"type": "object", "properties": {"below": {"$ref": "#/components/schemas/Tree"}}},
            "New": {
                "type": "object",
                "required": ["name", "mode"],
                "properties": {
                    "limit": {"type": ["integer", "null"], "minimum": 0, "maximum": 500, "default": 10},
                    "mode": {"$ref": "#/components/schemas/Mode"},
                    "name": {"type": "string", "minLength": 1, "maxLength": 100, "example": "Acme Corp"},
                    "tags": {"type": "array", "maxItems": 5, "items": {"type": "object", "properties": {
                        "word": {"type": "string", "pattern": "^[a-z]+$"},
                    }}},
                    "owner": {"oneOf": [{"type": "null"}, {"$ref": "#/components/schemas/Mode"}]},
                },
            },
        }}})
    }

    #[test]
    fn a_schema_is_told_in_rows() {
        let document = document();
        let schema = json!({"$ref": "#/components/schemas/New"});
        let rows = Schemas::of(&document).rows(&schema);
        let told: Vec<_> = rows
            .iter()
            .map(|row| {
                let rules: Vec<String> = row
                    .rules
                    .iter()
                    .map(|rule| rule.iter().map(|span| span.text.as_str()).collect())
                    .collect();
                (format!("{}{}", row.within, row.name), row.kind.as_str(), row.required, rules.join(", "))
            })
            .collect();
        let expected = [
            ("mode", "string", true, ""),
            ("name", "string", true, "1 to 100 characters"),
            ("limit", "integer or null", false, "0 to 500, default 10"),
            ("owner", "string or null", false, ""),
            ("tags", "list of object", false, "at most 5 entries"),
            ("tags[].word", "string", false, "matches ^[a-z]+$"),
        ];
        let expected: Vec<_> = expected
            .iter()
            .map(|(name, kind, required, rules)| ((*name).to_owned(), *kind, *required, (*rules).to_owned()))
            .collect();
        assert_eq!(told, expected);
        assert_eq!(rows[0].choices, ["isolated", "consolidated"]);
    }

    #[test]
    fn an_example_is_made_of_those_of_its_fields() {
        let document = document();
        let schema = json!({"$ref": "#/components/schemas/New"});
        assert_eq!(
            Schemas::of(&document).sample(&schema),
            json!({"limit": 10, "mode": "isolated", "name": "Acme Corp", "owner": "isolated", "tags": [{"word": "text"}]})
        );
    }

    #[test]
    fn a_schema_within_itself_comes_to_an_end() {
        let document = document();
        let schema = json!({"$ref": "#/components/schemas/Tree"});
        assert_eq!(Schemas::of(&document).rows(&schema).len(), DEEPEST + 1);
        assert!(Schemas::of(&document).sample(&schema).is_object());
    }
}
