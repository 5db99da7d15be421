//! The settings of payments into wallets.

use clap::Args;
use url::Url;

use crate::{
    payment_providers::{PaymentSettings, RazorpaySettings, StripeSettings},
    values::Secret,
};

/// What says by whom wallets can be paid into. The file names these settings too.
#[derive(Args, Debug)]
#[command(next_help_heading = "Payments into wallets")]
pub(super) struct PaymentTexts {
    /// Where Stripe’s API is
    #[arg(long, global = true, env = "DIALNEXA_STRIPE_URL", value_name = "URL")]
    #[arg(default_value = "https://api.stripe.com")]
    stripe_url: String,
    /// The secret key that asks Stripe [default: Stripe is not offered]
    #[arg(long, global = true, env = "DIALNEXA_STRIPE_SECRET_KEY", default_value = "", value_name = "KEY")]
    #[arg(hide_env_values = true, hide_default_value = true)]
    stripe_secret_key: String,
    /// What signs Stripe’s webhooks, which it sends to <public URL>/payments/stripe
    #[arg(long, global = true, env = "DIALNEXA_STRIPE_WEBHOOK_SECRET", default_value = "")]
    #[arg(value_name = "SECRET", hide_env_values = true, hide_default_value = true)]
    stripe_webhook_secret: String,
    /// Where Razorpay’s API is
    #[arg(long, global = true, env = "DIALNEXA_RAZORPAY_URL", value_name = "URL")]
    #[arg(default_value = "https://api.razorpay.com")]
    razorpay_url: String,
    /// The id of the key that asks Razorpay [default: Razorpay is not offered]
    #[arg(long, global = true, env = "DIALNEXA_RAZORPAY_KEY_ID", default_value = "", value_name = "ID")]
    #[arg(hide_default_value = true)]
    razorpay_key_id: String,
    /// The secret of that key
    #[arg(long, global = true, env = "DIALNEXA_RAZORPAY_KEY_SECRET", default_value = "")]
    #[arg(value_name = "SECRET", hide_env_values = true, hide_default_value = true)]
    razorpay_key_secret: String,
    /// What signs Razorpay’s webhooks, which it sends to <public URL>/payments/razorpay
    #[arg(long, global = true, env = "DIALNEXA_RAZORPAY_WEBHOOK_SECRET", default_value = "")]
    #[arg(value_name = "SECRET", hide_env_values = true, hide_default_value = true)]
    razorpay_webhook_secret: String,
    /// Where bank transfers go, in lines for people [default: they are not offered]
    #[arg(long, global = true, env = "DIALNEXA_BANK_DETAILS", default_value = "", value_name = "TEXT")]
    #[arg(hide_default_value = true)]
    bank_details: String,
}

impl PaymentTexts {
    /// The settings, with what is wrong noted, named as in the environment.
    pub(super) fn check(&self, wrong: &mut Vec<String>) -> PaymentSettings {
        let mut address = |name: &str, text: &str| {
            let url = Url::parse(text).ok();
            let url = url.filter(|url| matches!(url.scheme(), "http" | "https") && url.query().is_none());
            if url.is_none() {
                wrong
                    .push(format!("DIALNEXA_{name}: {text:?} is not an address such as https://api.example"));
            }
            url
        };
        let stripe = address("STRIPE_URL", &self.stripe_url);
        let razorpay = address("RAZORPAY_URL", &self.razorpay_url);
        let mut all_or_none = |what: &str, texts: &[&str]| {
            let given = texts.iter().filter(|text| !text.is_empty()).count();
            if given != 0 && given != texts.len() {
                wrong.push(format!("DIALNEXA_{what}: keys and the webhook secret are given together"));
            }
            given == texts.len()
        };
        let secret = |text: &str| Secret::presented(text);
        let stripe =
            all_or_none("STRIPE_SECRET_KEY", &[&self.stripe_secret_key, &self.stripe_webhook_secret])
                .then_some(stripe)
                .flatten()
                .map(|url| StripeSettings {
                    url,
                    secret_key: secret(&self.stripe_secret_key),
                    webhook_secret: secret(&self.stripe_webhook_secret),
                });
        let keys = [&*self.razorpay_key_id, &self.razorpay_key_secret, &self.razorpay_webhook_secret];
        let razorpay =
            all_or_none("RAZORPAY_KEY_ID", &keys).then_some(razorpay).flatten().map(|url| RazorpaySettings {
                url,
                key_id: self.razorpay_key_id.clone(),
                key_secret: secret(&self.razorpay_key_secret),
                webhook_secret: secret(&self.razorpay_webhook_secret),
            });
        let bank_details = self.bank_details.trim();
        PaymentSettings {
            stripe,
            razorpay,
            bank_details: (!bank_details.is_empty()).then(|| bank_details.to_owned()),
        }
    }
}
