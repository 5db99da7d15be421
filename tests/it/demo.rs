//! The demo world: loaded once, whole, and apart from the others.

use dialnexa::domain::demo::{self, Size};

use crate::world::{World, WorldOptions};

#[actix_web::test]
async fn the_demo_world_loads() {
    let world = World::with(WorldOptions { empty: true, ..WorldOptions::default() }).await;
    let begin = std::time::Instant::now();
    let size = if std::env::var("FULL").is_ok() { Size::FULL } else { Size::SMALL };
    let first = demo::load_sized(&world.access, &[7; 32], size).await.unwrap();
    eprintln!("{first} {:?}", begin.elapsed());
}
