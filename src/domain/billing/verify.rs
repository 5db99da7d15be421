//! The proof that all money adds up (`domain.md` 4.6, `trust.md` R1).
