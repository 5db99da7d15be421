//! The OpenAPI document, read once into what the pages show.

use std::collections::BTreeMap;

use serde_json::Value;

use super::{
    super::views::api_docs::FieldRow,
    curl::Request,
    prose::{Block, blocks},
    schema::Schemas,
};

/// The whole reference.
#[derive(Debug, Clone, Default)]
pub struct Reference {
    pub sections: Vec<Section>,
}

/// Operations on one thing.
#[derive(Debug, Clone, Default)]
pub struct Section {
    /// The last part of its address.
    pub slug: String,
    pub title: String,
    pub text: Vec<Block>,
    pub operations: Vec<Operation>,
}

/// One operation, under however many addresses.
#[derive(Debug, Clone, Default)]
pub struct Operation {
    pub id: String,
    pub method: String,
    pub summary: String,
    pub text: Vec<Block>,
    pub addresses: Vec<Address>,
    /// The right that a key needs.
    pub scope: Option<String>,
    /// Whether a key is needed at all.
    pub signed: bool,
    /// Parameters in path, query and headers.
    pub parameters: Vec<Parameter>,
    pub body: Option<Body>,
    pub answers: Vec<Answer>,
    /// Statuses of refusals.
    pub refusals: Vec<Refusal>,
    pub request: Request,
    /// All that a search looks at, in lower case.
    pub words: String,
}

/// One of the addresses of an operation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Address {
    pub path: String,
    /// Whose account it is about, where the operation has several addresses.
    pub target: &'static str,
}

/// A parameter beside the body.
#[derive(Debug, Clone)]
pub struct Parameter {
    /// "path", "query" or "header".
    pub place: String,
    pub row: FieldRow,
}

/// What is sent.
#[derive(Debug, Clone, Default)]
pub struct Body {
    pub media_type: String,
    pub required: bool,
    pub rows: Vec<FieldRow>,
}

/// What comes back from a success.
#[derive(Debug, Clone, Default)]
pub struct Answer {
    pub status: String,
    pub text: Vec<Block>,
    pub headers: Vec<FieldRow>,
    pub media_type: String,
    pub rows: Vec<FieldRow>,
    pub example: Option<String>,
}

/// What a refusal means.
#[derive(Debug, Clone, Default)]
pub struct Refusal {
    pub status: String,
    pub text: Vec<Block>,
}

const METHODS: [&str; 5] = ["get", "post", "put", "patch", "delete"];

/// The beginnings of addresses of the same thing in different accounts (`domain.md` 6.4),
/// with the accounts they are about.
const FAMILIES: [(&str, &str); 3] = [
    ("/v1/sub-accounts/{sub_account_id}/", "one of the organization’s sub-accounts"),
    ("/v1/organization/", "the organization’s own account"),
    ("/v1/", "the account of the sub-account’s or workspace’s key"),
];

/// A path without the beginning that names its account, and that beginning's place above.
fn in_family(path: &str) -> (usize, &str) {
    let found =
        FAMILIES.iter().enumerate().find_map(|(at, (start, _))| Some((at, path.strip_prefix(start)?)));
    found.filter(|(_, rest)| !rest.is_empty()).unwrap_or((FAMILIES.len(), path))
}

impl Reference {
    /// Reads a document.
    pub fn read(document: &Value) -> Self {
        let mut sections: Vec<Section> = Vec::new();
        for tag in document.get("tags").and_then(Value::as_array).into_iter().flatten() {
            let text = |name: &str| tag.get(name).and_then(Value::as_str).unwrap_or_default();
            sections.push(section(text("name"), blocks(text("description"))));
        }
        for (tag, operation) in operations(document) {
            let at = sections.iter().position(|section| section.title == tag).unwrap_or_else(|| {
                sections.push(section(&tag, Vec::new()));
                sections.len() - 1
            });
            sections[at].operations.push(operation);
        }
        sections.retain(|section| !section.operations.is_empty());
        Self { sections }
    }

    /// The section at this address.
    pub fn section(&self, slug: &str) -> Option<&Section> {
        self.sections.iter().find(|section| section.slug == slug)
    }
}

fn section(title: &str, text: Vec<Block>) -> Section {
    let slug: String =
        title.to_lowercase().chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '-' }).collect();
    Section { slug, title: title.to_owned(), text, operations: Vec::new() }
}

/// All operations with their tags, by address. What stands under several addresses of one
/// family is one operation, read at the first of them.
fn operations(document: &Value) -> Vec<(String, Operation)> {
    let mut places: BTreeMap<(&str, usize), Vec<(usize, &str)>> = BTreeMap::new();
    for (path, item) in document.get("paths").and_then(Value::as_object).into_iter().flatten() {
        let (family, rest) = in_family(path);
        for (method, _) in METHODS.iter().enumerate().filter(|(_, method)| item.get(**method).is_some()) {
            places.entry((rest, method)).or_default().push((family, path));
        }
    }
    let mut found: Vec<(usize, Vec<(usize, &str)>)> =
        places.into_iter().map(|((_, method), places)| (method, places)).collect();
    for (_, places) in &mut found {
        // The address that names no account is the shortest.
        places.sort_by_key(|(family, _)| std::cmp::Reverse(*family));
    }
    found.sort_by_key(|(method, places)| (places[0].1, *method));
    let read = found.into_iter().map(|(method, places)| {
        let (method, first) = (METHODS[method], places[0].1);
        let several = places.len() > 1;
        let target = |family| FAMILIES.get(family).filter(|_| several).map_or("", |(_, target)| *target);
        let addresses = places
            .iter()
            .map(|(family, path)| Address { path: (*path).to_owned(), target: target(*family) })
            .collect();
        let item = &document["paths"][first];
        let tag = item[method]["tags"][0].as_str().unwrap_or("Other").to_owned();
        let reader = Reader { document, schemas: Schemas::of(document) };
        let mut operation = reader.operation(method, first, item, addresses);
        // What is told of one address alone is told beside the address.
        for (_, other) in &places[1..] {
            let other = blocks(document["paths"][*other][method]["description"].as_str().unwrap_or_default());
            operation.text.retain(|block| other.contains(block));
        }
        (tag, operation)
    });
    read.collect()
}

struct Reader<'d> {
    document: &'d Value,
    schemas: Schemas<'d>,
}

impl<'d> Reader<'d> {
    fn operation(&self, method: &str, path: &str, item: &'d Value, addresses: Vec<Address>) -> Operation {
        let told = &item[method];
        let text = |name: &str| told.get(name).and_then(Value::as_str).unwrap_or_default();
        let parameters: Vec<&Value> = [item.get("parameters"), told.get("parameters")]
            .into_iter()
            .flatten()
            .filter_map(Value::as_array)
            .flatten()
            .map(|parameter| self.schemas.resolve(parameter))
            .collect();
        let security =
            told.get("security").or_else(|| self.document.get("security")).and_then(Value::as_array);
        let needed = security.and_then(|ways| ways.iter().find_map(Value::as_object)?.values().next());
        let scope = told.get("x-required-scope").or_else(|| needed?.get(0)).and_then(Value::as_str);
        let body = told.get("requestBody").map(|body| self.schemas.resolve(body));
        let (answers, refusals) = self.answers(told);
        let request = Request {
            method: method.to_uppercase(),
            path: path.to_owned(),
            query: self.examples(&parameters, "query"),
            headers: self.examples(&parameters, "header"),
            signed: needed.is_some(),
            body: body.and_then(|body| self.content(body)).and_then(|(_, content)| self.example(content)),
        };
        let mut operation = Operation {
            id: text("operationId").to_owned(),
            method: method.to_uppercase(),
            summary: text("summary").trim_end_matches('.').to_owned(),
            text: blocks(text("description")),
            addresses,
            scope: scope.map(str::to_owned),
            signed: needed.is_some(),
            parameters: parameters.into_iter().map(|parameter| self.parameter(parameter)).collect(),
            body: body.map(|body| self.body(body)),
            answers,
            refusals,
            request,
            words: String::new(),
        };
        operation.words = operation.words_to_search(text("description"));
        operation
    }

    fn parameter(&self, parameter: &'d Value) -> Parameter {
        let schema = parameter.get("schema").unwrap_or(&Value::Null);
        let required = parameter.get("required") == Some(&Value::Bool(true));
        let mut row = self.schemas.row("", parameter["name"].as_str().unwrap_or_default(), required, schema);
        if let Some(text) = parameter.get("description").and_then(Value::as_str) {
            row.text = blocks(text);
        }
        Parameter { place: parameter["in"].as_str().unwrap_or_default().to_owned(), row }
    }

    /// Examples of the parameters of one place that must be sent.
    fn examples(&self, parameters: &[&'d Value], place: &str) -> Vec<(String, String)> {
        let needed = parameters.iter().filter(|parameter| {
            parameter["in"] == place && parameter.get("required") == Some(&Value::Bool(true))
        });
        let example = |parameter: &&&'d Value| {
            let schema = parameter.get("schema").unwrap_or(&Value::Null);
            let value = parameter.get("example").cloned().unwrap_or_else(|| self.schemas.sample(schema));
            let value = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
            (parameter["name"].as_str().unwrap_or_default().to_owned(), value)
        };
        needed.map(|parameter| example(&parameter)).collect()
    }

    /// The media type and content of a body; JSON before others.
    fn content(&self, body: &'d Value) -> Option<(&'d str, &'d Value)> {
        let contents = body.get("content")?.as_object()?;
        let json = contents.get_key_value("application/json");
        json.or_else(|| contents.iter().next()).map(|(media_type, content)| (media_type.as_str(), content))
    }

    /// The example of a content: its own, the first of several, or one after its schema.
    fn example(&self, content: &'d Value) -> Option<Value> {
        let first = || Some(self.schemas.resolve(content.get("examples")?.as_object()?.values().next()?));
        let own = content.get("example").or_else(|| first()?.get("value"));
        own.cloned().or_else(|| Some(self.schemas.sample(content.get("schema")?)))
    }

    fn body(&self, body: &'d Value) -> Body {
        let (media_type, content) = self.content(body).unwrap_or(("", &Value::Null));
        Body {
            media_type: media_type.to_owned(),
            required: body.get("required") == Some(&Value::Bool(true)),
            rows: content.get("schema").map(|schema| self.schemas.rows(schema)).unwrap_or_default(),
        }
    }

    fn answers(&self, told: &'d Value) -> (Vec<Answer>, Vec<Refusal>) {
        let (mut answers, mut refusals) = (Vec::new(), Vec::new());
        for (status, answer) in told.get("responses").and_then(Value::as_object).into_iter().flatten() {
            let answer = self.schemas.resolve(answer);
            let text = blocks(answer.get("description").and_then(Value::as_str).unwrap_or_default());
            if status.starts_with(['4', '5']) {
                refusals.push(Refusal { status: status.clone(), text });
                continue;
            }
            let headers = answer.get("headers").and_then(Value::as_object).into_iter().flatten();
            let headers = headers.map(|(name, header)| self.header(name, self.schemas.resolve(header)));
            let content = self.content(answer);
            let schema = content.and_then(|(_, content)| content.get("schema"));
            let example = content.and_then(|(_, content)| self.example(content));
            answers.push(Answer {
                status: status.clone(),
                text,
                headers: headers.collect(),
                media_type: content.map(|(media_type, _)| media_type.to_owned()).unwrap_or_default(),
                rows: schema.map(|schema| self.schemas.rows(schema)).unwrap_or_default(),
                example: example.map(|example| match example {
                    Value::String(text) => text,
                    other => serde_json::to_string_pretty(&other).unwrap_or_default(),
                }),
            });
        }
        (answers, refusals)
    }

    fn header(&self, name: &str, header: &'d Value) -> FieldRow {
        let mut row = self.schemas.row("", name, false, header.get("schema").unwrap_or(&Value::Null));
        if let Some(text) = header.get("description").and_then(Value::as_str) {
            row.text = blocks(text);
        }
        row
    }
}

impl Operation {
    /// The address that stands for all.
    pub fn path(&self) -> &str {
        self.addresses.first().map_or("", |address| &address.path)
    }

    fn words_to_search(&self, text: &str) -> String {
        let mut words = vec![self.method.as_str(), &self.summary, text, &self.id];
        words.extend(self.addresses.iter().map(|address| address.path.as_str()));
        words.extend(self.scope.as_deref());
        words.extend(self.parameters.iter().map(|parameter| parameter.row.name.as_str()));
        let rows = self.body.iter().flat_map(|body| &body.rows);
        let rows = rows.chain(self.answers.iter().flat_map(|answer| &answer.rows));
        words.extend(rows.map(|row| row.name.as_str()));
        words.join(" ").to_lowercase()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn document() -> Value {
        let agents = |id: &str| {
            json!({"get": {
                "tags": ["Agents"], "operationId": id, "summary": "Lists agents.",
                "security": [{"key": []}], "x-required-scope": "agents:read",
                "parameters": [{"name": "language", "in": "query", "required": true, "schema": {"type": "string"}, "example": "hi IN"}],
                "responses": {"200": {"description": "The agents."}, "404": {"description": "None."}},
            }})
        };
        json!({
            "tags": [{"name": "Sub-accounts", "description": "Beneath."}, {"name": "Agents"}],
            "paths": {
                "/v1/agents": agents("listAgents"),
                "/v1/organization/agents": agents("listAgentsOfOrganization"),
                "/v1/sub-accounts/{sub_account_id}/agents": agents("listAgentsOfSubAccount"),
                "/v1/sub-accounts/{sub_account_id}": {"delete": {
                    "tags": ["Sub-accounts"], "operationId": "deleteSubAccount", "responses": {},
                }},
            },
        })
    }

    #[test]
    fn what_stands_under_three_addresses_is_one_operation() {
        let reference = Reference::read(&document());
        let titles: Vec<_> = reference.sections.iter().map(|section| section.title.as_str()).collect();
        assert_eq!(titles, ["Sub-accounts", "Agents"]);
        let agents = &reference.section("agents").unwrap().operations;
        assert_eq!(agents.len(), 1);
        let paths: Vec<_> = agents[0].addresses.iter().map(|address| address.path.as_str()).collect();
        let expected = ["/v1/agents", "/v1/organization/agents", "/v1/sub-accounts/{sub_account_id}/agents"];
        assert_eq!(paths, expected);
        assert_eq!((agents[0].id.as_str(), agents[0].scope.as_deref()), ("listAgents", Some("agents:read")));
        assert_eq!(agents[0].request.query, [("language".to_owned(), "hi IN".to_owned())]);
        assert_eq!((agents[0].answers.len(), agents[0].refusals.len()), (1, 1));
        let whole = &reference.section("sub-accounts").unwrap().operations;
        assert_eq!(whole[0].path(), "/v1/sub-accounts/{sub_account_id}");
        assert!(whole[0].addresses[0].target.is_empty() && !whole[0].signed);
    }
}
