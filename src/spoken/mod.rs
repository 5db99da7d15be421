//! Made-up conversations: what is said in them and how that sounds. For the demo
//! organization, and for the engine that is played by `dialnexa simulate`.

pub mod scripts;
pub mod voice;
