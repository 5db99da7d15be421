//! The HTML face.
//!
//! - [`frame`]: what stands around every page: who is signed in, where, under which banner.
//! - [`parts`]: view structs of the pieces that `templates/parts/` draws.
//! - [`filters`]: how money, numbers, durations and times are written.
//! - [`chart`]: charts as SVG, each with its numbers; [`cells`] of files that people take away.
//! - [`assets`]: the files under `/static`, embedded in the program.
//! - [`forms`]: what people send, open only to who it was shown to.
//! - [`page`]: who visits, and the frame around what they get; [`notices`] for what was done.
//! - [`site`]: the site's address, cookies and signatures; [`visitor`]: somebody not signed in.
//! - [`security`], [`errors`]: what surrounds every request, and the pages that say why not.
//! - [`sign_in`], [`password_reset`], [`sessions`], [`accounts`]: the gate; [`guesses`] and
//!   [`hashing`] keep it from being forced.
//! - [`api_docs`]: the documentation of the API, for anybody.
//! - [`account`], [`sub_accounts`], [`api_keys`], [`members`]: the pages of accounts; [`desk`]
//!   is at which of two places the latter two are asked for. [`invitation`]: how one becomes a member.
//! - [`live`]: numbers that change while one looks.
//! - [`views`]: one view struct per page and per fragment; handlers fill them and nothing else.

pub mod account;
pub mod accounts;
pub mod amounts;
pub mod api_docs;
pub mod api_keys;
pub mod assets;
pub mod cells;
pub mod chart;
pub mod csv_file;
pub mod desk;
pub mod errors;
pub mod filters;
pub mod forms;
pub mod frame;
pub mod guesses;
pub mod hashing;
pub mod health;
pub mod invitation;
mod known_devices;
pub mod live;
pub mod members;
pub mod notices;
pub mod page;
pub mod parts;
pub mod password_reset;
pub mod payment_events;
pub mod security;
pub mod sessions;
pub mod sign_in;
pub mod site;
pub mod sub_accounts;
pub mod uploads;
pub mod views;
pub mod visitor;
pub mod webhooks;
