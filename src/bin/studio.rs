//! The studio.

fn main() {
    vitrine::studio::mount();
}
