//! The studio.

fn main() {
    studio::mount();
}
