//! What is worth knowing before the first request. The texts stand in
//! `templates/api_docs/guides/`.

/// A guide.
#[derive(Debug)]
pub struct Guide {
    /// The last part of its address, and the name of its template.
    pub slug: &'static str,
    pub title: &'static str,
    /// What it answers.
    pub text: &'static str,
    /// A symbol of `static/icons.svg`.
    pub icon: &'static str,
}

const fn guide(slug: &'static str, title: &'static str, text: &'static str, icon: &'static str) -> Guide {
    Guide { slug, title, text, icon }
}

/// All guides, in the order in which they are best read.
pub const GUIDES: &[Guide] = &[
    guide(
        "authentication",
        "Authentication and keys",
        "How a key is sent, what it may do, and how it is replaced.",
        "lock",
    ),
    guide("targets", "Targets", "Which account a request is about: three families of addresses.", "switch"),
    guide("errors", "Errors", "What a refusal looks like, and what each status means.", "warning"),
    guide(
        "lists",
        "Lists and cursors",
        "Pages, cursors, filters, and asking whether anything changed.",
        "sort",
    ),
    guide(
        "etags",
        "ETags",
        "Reading only what has changed, and not writing over others' changes.",
        "refresh",
    ),
    guide("idempotency", "Idempotency", "Sending a request again without doing it twice.", "copy"),
    guide(
        "rate-limits",
        "Rate limits",
        "How often a key may ask, and what to do when it asked too often.",
        "clock",
    ),
    guide(
        "webhook-signatures",
        "Webhook signatures",
        "Making sure that a webhook comes from here and is not an old one.",
        "shield",
    ),
];
