//! The letter that stands for a name.

/// The first letter of a name, in upper case.
pub fn first_letter(name: &str) -> String {
    name.chars().find(|c| c.is_alphanumeric()).into_iter().flat_map(char::to_uppercase).collect()
}
