//! The one test binary. It needs a PostgreSQL in `DIALNEXA_DATABASE_URL`: `make test` starts one.

mod architecture;
mod browser;
mod chromium;
mod demo;
mod forms;
mod gate;
mod isolation;
mod journeys;
mod pages;
mod password_reset;
mod post_office;
mod private_cluster;
mod program;
mod provision;
mod world;
