//! Descriptions as they are written in the code: paragraphs, lists, and words of code.

/// A run of text, set as code or not.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Span {
    pub code: bool,
    pub text: String,
}

/// A paragraph or a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Block {
    Text(Vec<Span>),
    List(Vec<Vec<Span>>),
}

/// Words, with what stands in backquotes as code. The brackets around a name of the code
/// are those of its own documentation.
pub fn spans(text: &str) -> Vec<Span> {
    let text = text.replace("[`", "`").replace("`]", "`").replace("**", "");
    let parts = text.split('`').enumerate();
    parts
        .filter(|(_, part)| !part.is_empty())
        .map(|(at, part)| Span { code: at % 2 == 1, text: part.to_owned() })
        .collect()
}

/// A description.
pub fn blocks(text: &str) -> Vec<Block> {
    let mut blocks = Vec::new();
    for paragraph in text.split("\n\n").map(str::trim).filter(|paragraph| !paragraph.is_empty()) {
        let mut running: Vec<String> = Vec::new();
        let mut items: Vec<String> = Vec::new();
        for line in paragraph.lines().map(str::trim) {
            if let Some(item) = line.strip_prefix("- ").or_else(|| line.strip_prefix("* ")) {
                items.push(item.to_owned());
            } else if let Some(last) = items.last_mut() {
                last.push(' ');
                last.push_str(line);
            } else {
                running.push(line.to_owned());
            }
        }
        if !running.is_empty() {
            blocks.push(Block::Text(spans(&running.join(" "))));
        }
        if !items.is_empty() {
            blocks.push(Block::List(items.iter().map(|item| spans(item)).collect()));
        }
    }
    blocks
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plain(text: &str) -> Span {
        Span { code: false, text: text.into() }
    }

    #[test]
    fn paragraphs_lists_and_code_are_told_apart() {
        let read = blocks("One\nline of [`Amount`].\n\nFor:\n- the first,\n  continued\n- the second");
        let code = Span { code: true, text: "Amount".into() };
        assert_eq!(
            read,
            [
                Block::Text(vec![plain("One line of "), code, plain(".")]),
                Block::Text(vec![plain("For:")]),
                Block::List(vec![vec![plain("the first, continued")], vec![plain("the second")]]),
            ]
        );
    }
}
