//! The page.

fn main() {
    vitrine::app::mount();
}
