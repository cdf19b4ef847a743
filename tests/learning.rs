//! Learning in the tab, as far as it needs no tab.

use std::time::Instant;

use futures::executor::block_on;
use lab::native::Folder;
use link::State;
use link::recipe::{Recipe, SHOPPERS};
use trainer::run::{Ground, Run};

#[test]
fn speed() {
    let folder = Folder("assets".into());
    let t = Instant::now();
    let ground = block_on(Ground::fetch(&folder)).unwrap();
    println!("ground {:?}", t.elapsed());
    let mut recipe = Recipe::default();
    recipe.set(&SHOPPERS, 400.0);
    let t = Instant::now();
    let mut gathering = ground.gathering().unwrap();
    for (shopper, tested) in ground.people(&recipe) {
        gathering.add(shopper, tested).unwrap();
    }
    let data = gathering.data;
    println!("gathered {:?} {} {}", t.elapsed(), data.training.len(), data.test.len());
    let mut run =
        block_on(Run::new(1, (&State::default(), &recipe), &ground, &data, &folder)).unwrap();
    println!("{:?}", run.begun(&data));
    let t = Instant::now();
    let mut n = 0;
    while let (next, Some(loss)) = run.step(&ground, &data) {
        run = next;
        n += 1;
        if run.is_looked_at() {
            let l = Instant::now();
            let look = run.look(&ground, &data).unwrap();
            println!(
                "{} {loss:.4} {:?} {:?} {:.3} look {:?} after {:?}",
                run.step_number(),
                look.training,
                look.held_out,
                look.truth,
                l.elapsed(),
                t.elapsed()
            );
            if run.step_number() == run.steps() {
                println!(
                    "{:?}\n{:?}\n{:?} {}",
                    look.gates,
                    look.learned,
                    look.examination,
                    look.weights.len()
                );
                break;
            }
        }
    }
    println!("{n} steps {:?}", t.elapsed());
}
