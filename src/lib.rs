//! Sub-accounts for DialNexa.
//!
//! The map, in the order a request travels:
//!
//! - [`start`]: why the program cannot start, and whether it is asked to stop.
//! - [`config`]: settings from flags, environment and file.
//! - [`private_postgres`]: a PostgreSQL of our own, for those who give no database.
//! - [`provision`]: databases created, migrated, and safe by the roles that use them.
//! - [`admin`]: the operator's commands.
//! - [`object_stores`]: where recordings lie, by URL.
//! - [`app`]: the server.
//! - [`routes`]: the whole URL table.
//! - [`values`]: ids, regions, money, dates: types that know nobody.
//! - [`error`]: what can go wrong, without HTTP in it.
//! - [`schema`]: the tables as the migrations leave them.
//! - [`spoken`]: made-up conversations.
//! - [`access`]: who asks, where, may they; the only door to the databases.
//! - [`domain`]: the operations.
//! - [`json`]: how the JSON faces read and answer.
//! - [`playback`]: the sound of a call as an answer, for both faces.
//! - [`typeset`]: what is printed, as PDF.
//! - [`invoice_file`]: an invoice as a file, for both faces and for mail.
//! - [`v1`]: the JSON face: the API.
//! - [`engine`]: the face for telephony engines.
//! - [`payment_providers`]: those who take money for wallets, over HTTP.
//! - [`paying`]: asking one of them to take a payment, for both faces.
//! - [`web`]: the HTML face: pages, parts and assets.
//! - [`work`]: what goes on in the background.
//! - [`simulate`]: a telephony engine that is played, over HTTP, by a process of its own.

pub mod access;
pub mod admin;
pub mod app;
pub mod config;
pub mod domain;
pub mod engine;
pub mod error;
pub mod invoice_file;
pub mod json;
pub mod object_stores;
pub mod paying;
pub mod payment_providers;
pub mod playback;
pub mod private_postgres;
pub mod provision;
pub mod routes;
pub mod schema;
pub mod simulate;
pub mod spoken;
pub mod start;
pub mod typeset;
pub mod v1;
pub mod values;
pub mod web;
pub mod work;
