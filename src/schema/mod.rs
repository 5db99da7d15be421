//! The tables as the migrations leave them.

pub mod control;
pub mod region;

/// A pattern of all that contains `text`, whatever signs are in it.
pub fn containing(text: &str) -> String {
    let escaped = text.replace('\\', "\\\\").replace('%', "\\%").replace('_', "\\_");
    format!("%{escaped}%")
}

diesel::define_sql_function! {
    /// A sum of bigints, which PostgreSQL gives as a numeric, as a bigint again.
    #[sql_name = "int8"]
    fn whole(
        number: diesel::sql_types::Nullable<diesel::sql_types::Numeric>,
    ) -> diesel::sql_types::Nullable<diesel::sql_types::BigInt>;
}
