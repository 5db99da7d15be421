//! What was said in calls, and finding calls by it.
//!
//! Words are told apart as Unicode does (UAX #29), in any script, in lower case and in one
//! form (NFKC). A search is for calls in which all of its words were said; the last one may
//! be the beginning of a longer one.

use std::collections::BTreeSet;

use diesel::{
    prelude::*,
    sql_types::{Array, Bool, Integer, Text, Uuid as SqlUuid},
    upsert::excluded,
};
use serde_json::json;
use unicode_normalization::UnicodeNormalization;
use unicode_segmentation::UnicodeSegmentation;
use uuid::Uuid;

use crate::{
    access::{
        RegionTx,
        permission::{Includes, RecordCalls, View},
    },
    error::Error,
    schema::region::{Tsvector, calls, transcript_words, transcripts},
    values::{AccountId, CallId},
};

use super::Turn;

diesel::define_sql_function! {
    /// PostgreSQL's words of a document.
    fn array_to_tsvector(words: Array<Text>) -> Tsvector;
}

diesel::define_sql_function! {
    /// Calls of the current account in which something was said; see its migration.
    fn calls_saying(wanted: Text, after: SqlUuid, before: SqlUuid, newest_first: Bool, most: Integer) -> Array<SqlUuid>;
}

/// The longest word that is told from others, in characters.
const LONGEST_WORD: usize = 60;
/// As many different words of one call as can be found.
const MOST_WORDS: usize = 20_000;

/// The words of a text, as they are compared: lower-case, in one form, without the signs
/// between them.
pub fn words(text: &str) -> Vec<String> {
    // An apostrophe is typed as one and printed as the other.
    let text: String = text.nfkc().collect::<String>().to_lowercase().replace('’', "'");
    text.unicode_words().map(|word| word.chars().take(LONGEST_WORD).collect()).collect()
}

/// What stands for an account among the words of its calls: no word begins so.
fn mark(account: AccountId) -> String {
    format!("@{}", account.uuid())
}

/// The words of a conversation.
fn said(account: AccountId, turns: &[Turn]) -> Vec<String> {
    let all: BTreeSet<String> = turns.iter().flat_map(|turn| words(&turn.text)).collect();
    all.into_iter().take(MOST_WORDS).chain([mark(account)]).collect()
}

/// Keeps what was said in calls, in place of what was kept before.
pub(super) fn enter(tx: &mut RegionTx<'_, RecordCalls>, said_in: &[(CallId, &[Turn])]) -> Result<(), Error> {
    let account = tx.account().id;
    let rows: Vec<_> = said_in
        .iter()
        .map(|(call, turns)| (transcripts::call_id.eq(*call), transcripts::turns.eq(json!(turns))))
        .collect();
    diesel::insert_into(transcripts::table)
        .values(rows)
        .on_conflict((transcripts::organization_id, transcripts::account_id, transcripts::call_id))
        .do_update()
        .set(transcripts::turns.eq(excluded(transcripts::turns)))
        .execute(tx.connection())?;
    let rows: Vec<_> = said_in
        .iter()
        .map(|(call, turns)| {
            let words = array_to_tsvector(said(account, turns));
            (transcript_words::call_id.eq(*call), transcript_words::words.eq(words))
        })
        .collect();
    diesel::insert_into(transcript_words::table)
        .values(rows)
        .on_conflict((
            transcript_words::organization_id,
            transcript_words::account_id,
            transcript_words::call_id,
        ))
        .do_update()
        .set(transcript_words::words.eq(excluded(transcript_words::words)))
        .execute(tx.connection())?;
    Ok(())
}

/// Keeps what was said in a call, in place of what was kept before.
///
/// # Errors
/// [`Error::NotFound`] for a call that is not there, or no longer.
pub fn keep(tx: &mut RegionTx<'_, RecordCalls>, id: CallId, turns: &[Turn]) -> Result<(), Error> {
    // The call stays while its transcript is written.
    let call = calls::table.filter(calls::call_id.eq(id)).select(calls::call_id);
    call.for_share().first::<CallId>(tx.connection())?;
    enter(tx, &[(id, turns)])
}

/// What somebody searches for, as the database is asked for it; `None` for a text without a
/// word.
fn query(text: &str) -> Option<String> {
    let words = words(text);
    let (last, others) = words.split_last()?;
    // Letters, digits and what joins them: quotes are all there is to be escaped.
    let quoted = |word: &str| format!("'{}'", word.replace('\\', "\\\\").replace('\'', "''"));
    let mut parts: Vec<String> = others.iter().map(|word| quoted(word)).collect();
    parts.push(format!("{}:*", quoted(last)));
    Some(parts.join(" & "))
}

/// Calls in which `text` was said, between two, `most` of those that come first.
pub(super) fn saying<P: Includes<View>>(
    tx: &mut RegionTx<'_, P>,
    text: &str,
    (after, before): (Option<CallId>, Option<CallId>),
    newest_first: bool,
    most: i32,
) -> Result<Vec<CallId>, Error> {
    let Some(query) = query(text) else { return Ok(Vec::new()) };
    let after = after.map_or(Uuid::nil(), CallId::uuid);
    let before = before.map_or(Uuid::max(), CallId::uuid);
    let found = diesel::select(calls_saying(query, after, before, newest_first, most));
    Ok(found.get_result(tx.connection())?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_told_apart_in_english_and_hindi() {
        assert_eq!(words("Hello, REFUND-status? don’t"), ["hello", "refund", "status", "don't"]);
        assert_eq!(words("मेरा रिफ़ंड कब आएगा। धन्यवाद!"), words("मेरा रिफ़ंड कब आएगा धन्यवाद"));
        assert_eq!(words("नमस्ते।"), ["नमस्ते"]);
        assert_eq!(words("①"), ["1"]);
        assert!(words("?! — …").is_empty());
    }

    #[test]
    fn what_is_searched_for_cannot_become_part_of_the_question() {
        assert_eq!(query("refund order").unwrap(), "'refund' & 'order':*");
        assert_eq!(query("a'b:* | !c").unwrap(), "'a''b' & 'c':*");
        assert_eq!(query(" | & ! "), None);
    }
}
