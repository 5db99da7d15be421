//! The house keeps its shape: imports point one way, rooms have telling names, files
//! stay small enough to read.

use std::{
    fs,
    path::{Path, PathBuf},
};

/// For each layer, the layers it may import from; every layer may import from itself.
const MAY_IMPORT: &[(&str, &[&str])] = &[
    ("values", &[]),
    ("schema", &[]),
    ("error", &[]),
    ("spoken", &["values", "error"]),
    ("access", &["values", "schema", "error"]),
    ("domain", &["values", "schema", "error", "access", "spoken"]),
    ("playback", &["values", "error", "access", "domain"]),
    ("typeset", &["values", "error", "domain"]),
    ("invoice_file", &["error", "access", "domain", "typeset"]),
    ("payment_providers", &["values", "error"]),
    ("paying", &["values", "error", "access", "domain", "payment_providers"]),
    (
        "web",
        &["values", "error", "access", "domain", "paying", "payment_providers", "playback", "invoice_file"],
    ),
    ("work", &["values", "error", "access", "domain", "payment_providers", "invoice_file"]),
    ("json", &["values", "error", "access", "domain"]),
    ("v1", &["values", "error", "access", "domain", "json", "paying", "invoice_file", "playback"]),
    ("engine", &["values", "error", "access", "domain", "json"]),
    // It plays the telephony side of the world: it meets the product over HTTP alone.
    ("simulate", &["values", "error", "spoken"]),
];

/// Areas of the domain; each may call only those before it.
fn areas() -> Vec<String> {
    let list = fs::read_to_string(root().join("src/domain/mod.rs")).expect("the domain's list of areas");
    list.lines()
        .filter_map(|line| line.strip_prefix("//! 1. [`")?.split('`').next().map(str::to_owned))
        .collect()
}

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

fn rust_files(folder: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).expect("a folder of the sources") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            files.extend(rust_files(&path));
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            files.push(path);
        }
    }
    files
}

/// Each source file as its path below `src`, with its text.
fn sources() -> Vec<(String, String)> {
    let src = root().join("src");
    rust_files(&src)
        .into_iter()
        .map(|path| {
            let name = path.strip_prefix(&src).expect("below src").to_string_lossy().into_owned();
            (name, fs::read_to_string(&path).expect("a source file"))
        })
        .collect()
}

/// The first part of a path below `src`: its layer.
fn layer(file: &str) -> &str {
    file.split('/').next().unwrap_or(file).trim_end_matches(".rs")
}

/// The code without its comments and docs, which may name anything.
fn code(text: &str) -> String {
    text.lines().filter(|line| !line.trim_start().starts_with("//")).collect::<Vec<_>>().join("\n")
}

/// What a file takes from the crate: the words after `crate::`, and those listed in a
/// braced `use crate::{…}` at its first depth.
fn taken_from_crate(code: &str) -> Vec<String> {
    let mut taken = Vec::new();
    for (at, _) in code.match_indices("crate::") {
        let rest = &code[at + "crate::".len()..];
        if let Some(list) = rest.strip_prefix('{') {
            let (mut depth, mut word) = (1, String::new());
            for c in list.chars() {
                match c {
                    '{' => depth += 1,
                    '}' => depth -= 1,
                    _ => {}
                }
                if depth == 0 {
                    break;
                }
                if depth == 1 && (c.is_alphanumeric() || c == '_') {
                    word.push(c);
                } else if depth == 1 && c == ':' {
                    if !word.is_empty() {
                        taken.push(std::mem::take(&mut word));
                    }
                } else {
                    word.clear();
                }
            }
        } else {
            taken.push(rest.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect());
        }
    }
    taken
}

#[test]
fn imports_point_one_way() {
    let layers: Vec<&str> = MAY_IMPORT.iter().map(|(layer, _)| *layer).collect();
    for (file, text) in sources() {
        let here = layer(&file).to_owned();
        let Some((_, allowed)) = MAY_IMPORT.iter().find(|(layer, _)| *layer == here) else { continue };
        for taken in taken_from_crate(&code(&text)) {
            let known = layers.contains(&taken.as_str());
            assert!(
                !known || taken == here || allowed.contains(&taken.as_str()),
                "{file} imports from `{taken}`: {here} may import only from {allowed:?}"
            );
        }
    }
}

#[test]
fn faces_know_neither_diesel_nor_each_other_and_the_domain_knows_no_http() {
    for (file, text) in sources() {
        let code = code(&text);
        let forbidden: &[&str] = match layer(&file) {
            "web" | "work" | "json" | "v1" | "engine" => &["diesel::", "crate::schema", "sql_query"],
            "domain" => &["actix", "askama", "HttpRe"],
            "values" | "schema" | "error" => &["actix", "askama"],
            _ => &[],
        };
        for word in forbidden {
            assert!(!code.contains(word), "{file} must not know `{word}`");
        }
    }
}

#[test]
fn an_area_of_the_domain_calls_only_those_before_it() {
    let areas = areas();
    assert!(areas.len() > 5, "the list of areas is read from the domain's docs");
    for (file, text) in sources() {
        let Some(inside) = file.strip_prefix("domain/") else { continue };
        let here = inside.split('/').next().unwrap_or(inside).trim_end_matches(".rs");
        if here == "mod" {
            continue;
        }
        let at = areas.iter().position(|area| area == here);
        let at = at.unwrap_or_else(|| panic!("{here} is missing from the list of areas in domain/mod.rs"));
        let code = code(&text);
        for later in &areas[at + 1..] {
            for path in [format!("domain::{later}"), format!("super::{later}::"), format!("    {later}::{{")]
            {
                assert!(!code.contains(&path), "{file} calls `{later}`, which comes after `{here}`");
            }
        }
    }
}

#[test]
fn data_is_reached_through_access_alone() {
    for (file, text) in sources() {
        if matches!(layer(&file), "access" | "provision" | "private_postgres") {
            continue;
        }
        let code = code(&text);
        for word in ["r2d2", "PgConnection::establish", "set_config", "enter_tenant"] {
            assert!(!code.contains(word), "{file} reaches for the database past access: `{word}`");
        }
    }
}

#[test]
fn rooms_have_telling_names() {
    for (file, _) in sources() {
        for part in file.trim_end_matches(".rs").split('/') {
            for vague in ["util", "helper", "common", "service", "manager", "misc"] {
                assert!(!part.contains(vague), "{file}: `{part}` says nothing");
            }
        }
    }
}

#[test]
fn files_are_short_enough_to_read() {
    // A list of tables is looked up, not read.
    for (file, text) in sources().into_iter().filter(|(file, _)| !file.starts_with("schema/")) {
        let lines = text.lines().count();
        assert!(lines <= 500, "{file} has {lines} lines; split it by what it does");
    }
}

#[test]
fn templates_hold_no_script_no_style_and_no_unescaped_text() {
    fn walk(folder: &Path, found: &mut Vec<PathBuf>) {
        for entry in fs::read_dir(folder).expect("the templates") {
            let path = entry.expect("an entry").path();
            if path.is_dir() { walk(&path, found) } else { found.push(path) }
        }
    }
    let mut files = Vec::new();
    walk(&root().join("templates"), &mut files);
    for file in files {
        let text = fs::read_to_string(&file).expect("a template");
        for word in
            ["|safe", "| safe", "<style", " style=", "hx-on", "js:", "javascript:", "onclick=", "<script>"]
        {
            assert!(!text.contains(word), "{}: `{word}`", file.display());
        }
        assert!(
            !text.contains("hx-trigger=\"")
                || !text.split("hx-trigger=\"").skip(1).any(|t| t
                    .split('"')
                    .next()
                    .unwrap_or("")
                    .contains('[')),
            "{}: a trigger filter is evaluated as script",
            file.display()
        );
    }
}
