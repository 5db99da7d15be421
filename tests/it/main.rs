//! The one test binary. It needs a PostgreSQL in `DIALNEXA_DATABASE_URL`: `make test` starts one.

mod api;
mod api_isolation;
mod architecture;
mod audit;
mod browser;
mod calls;
mod chromium;
mod client;
mod demo;
mod forms;
mod gate;
mod invitations;
mod isolation;
mod journeys;
mod ledger;
mod members;
mod pages;
mod password_reset;
mod policies;
mod post_office;
mod private_cluster;
mod program;
mod provision;
mod refused;
mod sub_accounts;
mod world;
