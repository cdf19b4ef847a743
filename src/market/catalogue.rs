//! What the shop sells: departments, product types, brands, shops, colours, products.

use std::ops::Range;

use wire::message;

use super::random::{key, share};

/// Index of a product in [`Catalogue::products`].
pub type ProductId = u32;
/// Index of a product type (the "category" of the papers) in [`Catalogue::product_types`].
pub type ProductTypeId = u16;

/// Every icon name that a product type may have; the page has a drawing for each.
#[rustfmt::skip]
pub const ICONS: &[&str] = &[
    "armchair", "backpack", "ball", "basket", "bed", "bedding", "bicycle", "blender", "blocks",
    "bone", "book", "boot", "bottle", "bread", "bulb", "camera", "candle", "car", "carton",
    "case", "chair", "charger", "cheese", "coffee-machine", "computer", "curtains", "dice",
    "drawers", "dress", "drill", "dumbbell", "fan", "frame", "gamepad", "grill", "guitar",
    "hair-dryer", "handbag", "hat", "headphones", "heel", "helmet", "iron", "jacket", "jar",
    "jewellery", "kettle", "keyboard", "knife", "lamp", "laptop", "lipstick", "monitor",
    "mower", "mug", "notebook", "oven", "packet", "paint", "pan", "pen", "perfume", "pet-bowl",
    "phone", "piano", "pills", "plant", "plate", "pram", "printer", "razor", "router", "rug",
    "sandal", "scale", "shelf", "shirt", "sneaker", "sofa", "speaker", "spray", "suitcase",
    "sunglasses", "sweater", "table", "teddy", "tent", "toilet-roll", "tools", "toothbrush",
    "torch", "toy-car", "trousers", "tshirt", "tube", "underwear", "utensils", "vacuum", "vase",
    "washer", "watch", "wine",
];

message! {
    /// Everything that is or was on sale, and the words for it. Holds no hidden truth: this is what is shipped.
    #[derive(Clone, Debug, PartialEq)]
    pub struct Catalogue {
        /// Seed the market was generated with.
        pub seed: u64,
        /// Departments, for example "Home & Furniture".
        pub departments: Vec<Department>,
        /// Product types, for example "sofa": the papers' categories.
        pub product_types: Vec<ProductType>,
        /// Brands.
        pub brands: Vec<String>,
        /// Shops that sell on the platform.
        pub shops: Vec<String>,
        /// Colours with the tint used to draw products in them.
        pub colours: Vec<Colour>,
        /// Products, in id order.
        pub products: Vec<Product>,
        /// How many of them, the last, no log tells of: what a larger shop sells on top (see
        /// [`growth`](crate::growth)).
        #[serde(default)]
        pub newcomers: u32,
    }
}

/// Share of the products that come or go in the weeks around the logged days.
const PASSING: f32 = 0.3;
/// First day on which one of those may arrive.
const FIRST_ARRIVAL: i32 = -60;
/// Days over which they arrive, evenly.
const ARRIVALS: i32 = 88;
/// Days that they are on sale, from and up to.
const ON_SALE: Range<i32> = 15..200;

impl Catalogue {
    /// Number of the products that a log tells of: the first. Whatever is known of a product in relation to
    /// the others is known in relation to these, as when models were trained.
    pub fn logged(&self) -> usize {
        self.products.len().saturating_sub(self.newcomers as usize)
    }

    /// Row of a product in a table that has one for each product that a log tells of, and behind them one for
    /// all newcomers.
    pub fn row(&self, product: ProductId) -> usize {
        (product as usize).min(self.logged())
    }

    /// Titles of all products, in id order.
    pub fn titles(&self) -> impl Iterator<Item = &str> {
        self.products.iter().map(|product| product.title.as_str())
    }

    /// Days, from the market's first, on which a product is on sale: most are there all the time,
    /// others arrive on one day and sell out on another (Yandex 3.1).
    pub fn days_on_sale(&self, product: ProductId) -> Range<i32> {
        days_on_sale(self.seed, product)
    }

    /// The same of every product, in id order.
    pub fn sale_days(&self) -> Vec<Range<i32>> {
        let products = 0..self.products.len() as ProductId;
        products.map(|product| self.days_on_sale(product)).collect()
    }

    /// Whether a product can be bought on a day.
    pub fn is_on_sale(&self, product: ProductId, day: i32) -> bool {
        self.days_on_sale(product).contains(&day)
    }
}

/// See [`Catalogue::days_on_sale`].
pub(crate) fn days_on_sale(seed: u64, product: ProductId) -> Range<i32> {
    let number = |which: u64| share(key(seed ^ 0x5e11, which << 32 | u64::from(product)));
    if number(0) >= PASSING {
        return i32::MIN..i32::MAX;
    }
    let arrives = FIRST_ARRIVAL + (number(1) * ARRIVALS as f32) as i32;
    // Many sell out soon, some stay for half a year.
    let left = number(2) * number(2) * (ON_SALE.end - ON_SALE.start) as f32;
    arrives..arrives + ON_SALE.start + left as i32
}

message! {
    /// A department of the shop.
    #[derive(Clone, Debug, PartialEq)]
    pub struct Department {
        /// Name as shown, for example "Home & Furniture".
        pub name: String,
    }
}

message! {
    /// A product type: the unit of category filtering, neighbouring bias and repurchase.
    #[derive(Clone, Debug, PartialEq)]
    pub struct ProductType {
        /// Singular name as titles use it, for example "sofa".
        pub name: String,
        /// Index in [`Catalogue::departments`].
        pub department: u16,
        /// Name of the drawn icon, for example "sofa"; the page has a drawing for each name used.
        pub icon: String,
        /// Days after which a buyer buys again: 7 for milk, 1500 for a laptop.
        pub repurchase_days: f32,
    }
}

message! {
    /// A colour that products come in.
    #[derive(Clone, Debug, PartialEq)]
    pub struct Colour {
        /// Name as titles use it, for example "navy".
        pub name: String,
        /// Tint as `#rrggbb`.
        pub hex: String,
    }
}

message! {
    /// One product.
    #[derive(Clone, Debug, PartialEq)]
    pub struct Product {
        /// Title as a listing reads.
        pub title: String,
        /// Its product type.
        pub product_type: ProductTypeId,
        /// Index in [`Catalogue::brands`].
        pub brand: u16,
        /// Index in [`Catalogue::shops`].
        pub shop: u16,
        /// Index in [`Catalogue::colours`], if it has a colour.
        pub colour: Option<u8>,
        /// Price in cents.
        pub price_cents: u32,
        /// Mean review, 1 to 5.
        pub rating: f32,
        /// Number of reviews.
        pub reviews: u32,
    }
}
