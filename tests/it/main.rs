//! The one test binary. It needs a PostgreSQL in `DIALNEXA_DATABASE_URL`: `make test` starts one.

mod architecture;
mod private_cluster;
mod program;
mod provision;
