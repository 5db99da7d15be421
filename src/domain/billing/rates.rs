//! What a started minute costs, and what a client is charged for it (`domain.md` 4.4).
//!
//! The platform's rates are those of its [standard card](STANDARD), unless an organization, or one
//! of its sub-accounts, has others. They have a validity; a call keeps those it started with. The
//! parent may charge its client a price of its own instead of the cost.

use std::collections::HashMap;

use diesel::{dsl::now, prelude::*, sql_types::Timestamptz};
use serde_json::json;
use time::OffsetDateTime;
use uuid::Uuid;

use crate::{
    access::{Change, Event, OperatorTx, Tx, permission::Permission},
    error::Error,
    schema::control::{prices, rates},
    values::{BillingMode, PriceId, RateId, words},
};

words! {
    /// What a call is charged for.
    Component {
        /// The line.
        Telephony = "telephony" / "Telephony",
        /// The language model.
        Llm = "llm" / "Language model",
        /// Hearing, where the model takes text.
        Transcriber = "transcriber" / "Transcriber",
        /// Speaking, where the model gives text.
        Voice = "voice" / "Voice",
    }
}

/// The platform's standard rates in paise per started minute; an empty item stands for all that
/// are not named.
pub const STANDARD: &[(Component, &str, i64)] = &[
    (Component::Telephony, "", 60),
    (Component::Transcriber, "", 45),
    (Component::Voice, "", 110),
    (Component::Llm, "", 85),
    (Component::Llm, "llm_gpt_4_1", 240),
    (Component::Llm, "llm_gpt_4o", 260),
    (Component::Llm, "llm_gpt_4o_mini", 60),
    (Component::Llm, "llm_gemini_2_5_flash_lite", 45),
    (Component::Llm, "llm_claude_haiku_4_5", 140),
    (Component::Llm, "llm_claude_sonnet_4_5", 320),
    (Component::Llm, "llm_llama_3_3_70b", 70),
    (Component::Llm, "llm_sarvam_m", 40),
    (Component::Llm, "llm_gpt_realtime", 690),
    (Component::Llm, "llm_gpt_realtime_mini", 290),
    (Component::Llm, "llm_gemini_live", 330),
];

/// What of the catalogues speaks in a call, by its ids. `None`: it has no part in it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Speaking {
    /// The language model.
    pub llm: Option<String>,
    /// The transcriber.
    pub transcriber: Option<String>,
    /// The voice.
    pub voice: Option<String>,
}

/// What a started minute costs, by what it is made of, in minor units.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Breakdown {
    /// The parts.
    pub lines: Vec<(Component, i64)>,
    /// Their sum.
    pub total: i64,
}

/// The rates that are valid in an account.
#[derive(Debug, Clone)]
pub struct Card {
    /// Those of the account alone, those of its organization, and the platform's.
    layers: [HashMap<(Component, String), i64>; 3],
}

impl Card {
    /// The platform's own.
    pub fn standard() -> Self {
        let standard = STANDARD.iter().map(|(component, item, minor)| ((*component, (*item).into()), *minor));
        Self { layers: [HashMap::new(), HashMap::new(), standard.collect()] }
    }

    /// The platform's own, but for these rates of an organization and of one of its accounts.
    fn with(organization: Uuid, rates: impl IntoIterator<Item = Rate>) -> Self {
        let mut card = Self::standard();
        for (account, component, item, minor) in rates {
            let layer = usize::from(account == organization);
            card.layers[layer].insert((component, item), minor);
        }
        card
    }

    /// What a started minute of one item costs, in minor units: by the nearest rate there is.
    pub fn rate(&self, component: Component, item: &str) -> i64 {
        let named = |item: &str| (component, item.to_owned());
        let found = self.layers.iter().find_map(|rates| rates.get(&named(item)).or(rates.get(&named(""))));
        found.copied().unwrap_or(0)
    }

    /// What a started minute of a call costs.
    pub fn cost(&self, speaking: &Speaking) -> Breakdown {
        let line = |component, item: &str| (component, self.rate(component, item));
        let parts = [
            (Component::Llm, &speaking.llm),
            (Component::Transcriber, &speaking.transcriber),
            (Component::Voice, &speaking.voice),
        ];
        let parts = parts.iter().filter_map(|(component, item)| Some(line(*component, item.as_deref()?)));
        let lines: Vec<_> = std::iter::once(line(Component::Telephony, "")).chain(parts).collect();
        Breakdown { total: lines.iter().map(|(_, minor)| minor).sum(), lines }
    }
}

/// The rates that are valid in the account now.
pub fn card<P: Permission>(tx: &mut Tx<'_, P>) -> Result<Card, Error> {
    let (organization, own) = (tx.organization().uuid(), tx.tenant().uuid());
    let rows = rates::table
        .filter(rates::organization_id.eq(organization))
        .filter(rates::account_id.eq_any([organization, own]))
        .filter(rates::valid_from.le(now))
        .filter(
            rates::valid_until.is_null().or(rates::valid_until.gt(now.into_sql::<Timestamptz>().nullable())),
        )
        .select((rates::account_id, rates::component, rates::item, rates::minor_per_minute))
        .load::<Rate>(tx.connection())?;
    Ok(Card::with(organization, rows))
}

/// Whose a rate is, of what and for which item, and what a minute of it costs.
type Rate = (Uuid, Component, String, i64);

/// What is charged in the account from a moment on, as far as it is set.
#[derive(Debug, Clone)]
pub struct Outlook {
    organization: Uuid,
    /// Each with when it begins and ends.
    rates: Vec<(OffsetDateTime, Option<OffsetDateTime>, Rate)>,
    /// What the parent charges, each from its moment on; the earliest first.
    prices: Vec<(OffsetDateTime, Option<i64>)>,
}

/// What is charged in the account from `from` on.
pub fn outlook<P: Permission>(tx: &mut Tx<'_, P>, from: OffsetDateTime) -> Result<Outlook, Error> {
    let (organization, own) = (tx.organization().uuid(), tx.tenant().uuid());
    let rates = rates::table
        .filter(rates::organization_id.eq(organization))
        .filter(rates::account_id.eq_any([organization, own]))
        .filter(rates::valid_until.is_null().or(rates::valid_until.gt(from)))
        .select((
            rates::valid_from,
            rates::valid_until,
            (rates::account_id, rates::component, rates::item, rates::minor_per_minute),
        ))
        .load(tx.connection())?;
    let prices = prices::table
        .filter(prices::organization_id.eq(organization).and(prices::account_id.eq(own)))
        .order(prices::valid_from)
        .select((prices::valid_from, prices::minor_per_minute))
        .load(tx.connection())?;
    Ok(Outlook { organization, rates, prices })
}

impl Outlook {
    /// The rates that are valid at a moment.
    pub fn card(&self, at: OffsetDateTime) -> Card {
        let is_valid = |from: OffsetDateTime, until: Option<OffsetDateTime>| {
            from <= at && until.is_none_or(|until| until > at)
        };
        let valid = self.rates.iter().filter(|(from, until, _)| is_valid(*from, *until));
        Card::with(self.organization, valid.map(|(_, _, rate)| rate.clone()))
    }

    /// What the parent charges at a moment, in minor units; `None` where it has set no price.
    pub fn price(&self, at: OffsetDateTime) -> Option<i64> {
        self.prices.iter().rev().find(|(from, _)| *from <= at)?.1
    }

    /// When rates or prices change after a moment, the next time first.
    pub fn changes(&self, after: OffsetDateTime) -> Vec<OffsetDateTime> {
        let of_rates = self.rates.iter().flat_map(|(from, until, _)| std::iter::once(*from).chain(*until));
        let of_prices = self.prices.iter().map(|(from, _)| *from);
        let mut moments: Vec<_> = of_rates.chain(of_prices).filter(|moment| *moment > after).collect();
        moments.sort_unstable();
        moments.dedup();
        moments
    }
}

/// What the platform charges instead of its standard, from `from` on, in the account that the
/// operator acts in: an organization with all its accounts, or one sub-account.
///
/// # Errors
/// [`Error::Invalid`] on `rate` for one that is below zero; [`Error::Conflict`] with code
/// `rate_overlaps` when another begins later.
pub fn set_rate(
    tx: &mut OperatorTx<'_>,
    component: Component,
    item: &str,
    minor_per_minute: i64,
    from: OffsetDateTime,
) -> Result<Change<()>, Error> {
    if !(0..=MOST_PER_MINUTE).contains(&minor_per_minute) {
        return Err(Error::invalid("rate", "A rate is from 0 to 10000 per minute."));
    }
    let same = rates::table
        .filter(rates::organization_id.eq(tx.organization()))
        .filter(rates::account_id.eq(tx.account().uuid()))
        .filter(rates::component.eq(component).and(rates::item.eq(item)));
    let is_later = same.filter(rates::valid_from.ge(from));
    if diesel::select(diesel::dsl::exists(is_later)).get_result(tx.connection())? {
        let message = "Another rate begins at that moment or later.".to_owned();
        return Err(Error::Conflict { code: "rate_overlaps", message });
    }
    diesel::update(same.filter(rates::valid_until.is_null().or(rates::valid_until.gt(from))))
        .set(rates::valid_until.eq(from))
        .execute(tx.connection())?;
    diesel::insert_into(rates::table)
        .values((
            rates::rate_id.eq(RateId::new()),
            rates::component.eq(component),
            rates::item.eq(item),
            rates::minor_per_minute.eq(minor_per_minute),
            rates::valid_from.eq(from),
        ))
        .execute(tx.connection())?;
    let event = Event {
        // What the platform charges is between it and the organization.
        account: tx.organization().into(),
        action: "rate.set",
        object: component.label().to_owned(),
        object_id: tx.account().to_string(),
        details: json!({ "item": item, "minor_per_minute": minor_per_minute, "from": from.unix_timestamp() }),
    };
    Ok(Change::new((), event))
}

/// The greatest rate and price, in minor units per minute.
pub const MOST_PER_MINUTE: i64 = 1_000_000;

/// What the parent charges the account per started minute, in minor units; `None` where it has set
/// no price.
pub fn price<P: Permission>(tx: &mut Tx<'_, P>) -> Result<Option<i64>, Error> {
    let latest = prices::table
        .filter(prices::organization_id.eq(tx.organization()))
        .filter(prices::account_id.eq(tx.tenant().uuid()))
        .filter(prices::valid_from.le(now))
        .order(prices::valid_from.desc())
        .select(prices::minor_per_minute)
        .first::<Option<i64>>(tx.connection())
        .optional()?;
    Ok(latest.flatten())
}

/// What an account is charged for a started minute that costs `cost`, all in minor units. Whoever pays
/// from a wallet of their own pays no less than the cost; where the organization pays and has set no
/// price, nothing.
pub fn charged(payer: BillingMode, cost: i64, price: Option<i64>) -> i64 {
    match payer {
        BillingMode::Isolated => price.unwrap_or(0).max(cost),
        BillingMode::Consolidated => price.unwrap_or(0),
    }
}

/// Sets what the parent charges the account from `valid_from` on; `None`: no price of its own.
///
/// # Errors
/// [`Error::Invalid`] on `price` or, where another price begins at that moment, on `valid_from`.
pub fn set_price<P: Permission>(
    tx: &mut Tx<'_, P>,
    minor_per_minute: Option<i64>,
    valid_from: OffsetDateTime,
) -> Result<(), Error> {
    if minor_per_minute.is_some_and(|minor| !(0..=MOST_PER_MINUTE).contains(&minor)) {
        return Err(Error::invalid("price", "A price is from 0 to 10,000 per minute."));
    }
    let set_by = tx.asker().principal.actor();
    let set = diesel::insert_into(prices::table)
        .values((
            prices::price_id.eq(PriceId::new()),
            prices::minor_per_minute.eq(minor_per_minute),
            prices::valid_from.eq(valid_from),
            prices::set_by.eq(set_by),
        ))
        .on_conflict_do_nothing()
        .execute(tx.connection())?;
    if set == 1 { Ok(()) } else { Err(Error::invalid("valid_from", "Another price begins at that moment.")) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_rate_counts() {
        let mut card = Card::standard();
        let all = Speaking {
            llm: Some("llm_gpt_4_1".into()),
            transcriber: Some("tr".into()),
            voice: Some("v".into()),
        };
        assert_eq!(card.cost(&all).total, 60 + 240 + 45 + 110);
        assert_eq!(
            card.cost(&Speaking { llm: Some("llm_gemini_live".into()), ..Speaking::default() }).total,
            390
        );
        card.layers[1].insert((Component::Llm, String::new()), 100);
        assert_eq!(card.rate(Component::Llm, "llm_gpt_4_1"), 100);
        card.layers[1].insert((Component::Llm, "llm_gpt_4_1".into()), 200);
        assert_eq!(card.rate(Component::Llm, "llm_gpt_4_1"), 200);
        card.layers[0].insert((Component::Llm, String::new()), 50);
        assert_eq!(card.rate(Component::Llm, "llm_gpt_4_1"), 50);
    }
}
