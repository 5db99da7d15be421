//! A request as a command for a shell, ready to be pasted.

use serde_json::Value;

/// The names of the variables that hold the server's address and the key.
#[derive(Debug, Clone)]
pub struct Shell {
    pub url: String,
    pub key: String,
}

impl Shell {
    /// `NAME_URL` and `NAME_KEY`.
    pub fn new(name: &str) -> Self {
        Self { url: format!("{name}_URL"), key: format!("{name}_KEY") }
    }
}

/// What a command asks for.
#[derive(Debug, Clone, Default)]
pub struct Request {
    pub method: String,
    /// From the root, with the names of its parts in braces.
    pub path: String,
    /// Parameters that must be sent, with an example of each.
    pub query: Vec<(String, String)>,
    /// Headers that must be sent, with an example of each.
    pub headers: Vec<(String, String)>,
    /// Whether a key must be sent.
    pub signed: bool,
    pub body: Option<Value>,
}

/// The variables that stand for ids, by the prefix of the id.
const IDS: &[(&str, &str)] = &[
    ("org", "ORGANIZATION_ID"),
    ("sa", "SUB_ACCOUNT_ID"),
    ("ws", "WORKSPACE_ID"),
    ("usr", "USER_ID"),
    ("key", "API_KEY_ID"),
    ("agt", "AGENT_ID"),
    ("num", "NUMBER_ID"),
    ("call", "CALL_ID"),
];

/// Characters of an id after its prefix.
const ID_CHARACTERS: usize = 26;

impl Request {
    /// The command.
    pub fn command(&self, shell: &Shell) -> String {
        let mut lines = Vec::new();
        let method = if self.method == "GET" { String::new() } else { format!("-X {} ", self.method) };
        let query = match self.query() {
            query if query.is_empty() => query,
            query => format!("?{query}"),
        };
        lines.push(format!("curl {method}\"${}{}{query}\"", shell.url, with_variables(&self.path)));
        if self.signed {
            lines.push(format!("-H \"Authorization: Bearer ${}\"", shell.key));
        }
        for (name, value) in &self.headers {
            lines.push(format!("-H {}", quoted(&format!("{name}: {value}"))));
        }
        if let Some(body) = &self.body {
            lines.push("-H 'Content-Type: application/json'".to_owned());
            let text = serde_json::to_string_pretty(body).unwrap_or_default();
            lines.push(format!("-d {}", with_ids(&quoted(&text))));
        }
        lines.join(" \\\n  ")
    }

    /// The variables that must be set before the command is run, besides address and key.
    pub fn variables(&self) -> Vec<String> {
        let command = self.command(&Shell::new("")).replace("$_URL", "").replace("$_KEY", "");
        let mut names: Vec<String> = Vec::new();
        for after in command.split('$').skip(1) {
            let name: String = after.chars().take_while(|c| c.is_ascii_uppercase() || *c == '_').collect();
            if name.ends_with("_ID") && !names.contains(&name) {
                names.push(name);
            }
        }
        names
    }

    fn query(&self) -> String {
        url::form_urlencoded::Serializer::new(String::new()).extend_pairs(&self.query).finish()
    }
}

/// A text in single quotes, of which a shell leaves everything as it is.
fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', r"'\''"))
}

/// A quoted body, with variables in place of ids that only its reader has: the quotes are
/// closed before each and opened after it.
fn with_ids(quoted: &str) -> String {
    let parts = quoted.split('"').map(|part| match id_variable(part) {
        Some(variable) => format!("'\"${variable}\"'"),
        None => part.to_owned(),
    });
    parts.collect::<Vec<_>>().join("\"")
}

/// The variable for a text that is an id as a whole.
fn id_variable(text: &str) -> Option<&'static str> {
    let (prefix, rest) = text.split_once('_')?;
    let is_id = rest.len() == ID_CHARACTERS && rest.bytes().all(|b| b.is_ascii_alphanumeric());
    IDS.iter().find(|(known, _)| is_id && *known == prefix).map(|(_, variable)| *variable)
}

/// A path with variables in place of the names in braces: `{sub_account_id}` is
/// `$SUB_ACCOUNT_ID`, and the `{id}` of `/agents/{id}` is `$AGENT_ID`.
fn with_variables(path: &str) -> String {
    let mut before = "";
    let mut written = Vec::new();
    for part in path.split('/') {
        written.push(match part.strip_prefix('{').and_then(|part| part.strip_suffix('}')) {
            Some("id") => format!("${}_ID", shouted(before.strip_suffix('s').unwrap_or(before))),
            Some(name) => format!("${}", shouted(name)),
            None => part.to_owned(),
        });
        before = part;
    }
    written.join("/")
}

fn shouted(name: &str) -> String {
    name.replace('-', "_").to_uppercase()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_command_is_quoted_so_that_every_shell_sends_the_same() {
        let request = Request {
            method: "POST".into(),
            path: "/v1/sub-accounts/{sub_account_id}/api-keys/{id}".into(),
            query: vec![("from".into(), "a b".into())],
            headers: vec![],
            signed: true,
            body: Some(json!({"name": "Asha's", "workspace_id": "ws_01h455vb4pex5vsknk084sn02q"})),
        };
        assert_eq!(
            request.command(&Shell::new("DIALNEXA")),
            "curl -X POST \"$DIALNEXA_URL/v1/sub-accounts/$SUB_ACCOUNT_ID/api-keys/$API_KEY_ID?from=a+b\" \\\n  \
             -H \"Authorization: Bearer $DIALNEXA_KEY\" \\\n  -H 'Content-Type: application/json' \\\n  \
             -d '{\n  \"name\": \"Asha'\\''s\",\n  \"workspace_id\": \"'\"$WORKSPACE_ID\"'\"\n}'"
        );
        assert_eq!(request.variables(), ["SUB_ACCOUNT_ID", "API_KEY_ID", "WORKSPACE_ID"]);
    }
}
