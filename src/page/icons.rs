//! Which drawing stands for a product. The drawings are the symbols of `www/icons.svg`.

use market::catalogue::{Catalogue, ProductType};

/// Drawn where nothing better is.
const PARCEL: &str = "parcel";

/// Product types that share the drawing of another, closer than the icon they name.
const ALIKE: &[(&str, &str)] = &[
    ("baked beans", "tin"),
    ("beanie", "hat"),
    ("body lotion", "pump-bottle"),
    ("cookbook", "book"),
    ("desktop PC", "computer"),
    ("fabric softener", "laundry-detergent"),
    ("hand soap", "pump-bottle"),
    ("lemonade", "beer"),
    ("LED bulb", "bulb"),
    ("red wine", "wine"),
    ("sports bra", "bra"),
    ("swim shorts", "shorts"),
    ("tinned tuna", "tin"),
    ("wall print", "frame"),
];

/// The drawing for a product of this type: its own, that of one alike, the icon it names, one of
/// its department, or a parcel.
pub fn drawing(catalogue: &Catalogue, product_type: &ProductType) -> &'static str {
    let alike = ALIKE.iter().find(|(name, _)| *name == product_type.name).map(|(_, icon)| *icon);
    drawn(&slug(&product_type.name))
        .or(alike)
        .or_else(|| drawn(&product_type.icon))
        .or_else(|| {
            let department = catalogue.product_types.iter();
            department
                .filter(|other| other.department == product_type.department)
                .find_map(|other| drawn(&other.icon))
        })
        .unwrap_or(PARCEL)
}

/// The drawing of this name, if there is one.
fn drawn(name: &str) -> Option<&'static str> {
    DRAWN.binary_search(&name).ok().map(|at| DRAWN[at])
}

/// A product type's name as an id: "children's book" becomes `childrens-book`.
fn slug(name: &str) -> String {
    name.chars()
        .filter(|c| *c != '\'')
        .map(|c| if c.is_alphanumeric() { c.to_ascii_lowercase() } else { '-' })
        .collect()
}

/// Every drawing, in order.
#[rustfmt::skip]
const DRAWN: &[&str] = &[
    "air-fryer", "air-purifier", "armchair", "baby-bottle", "baby-carrier", "baby-monitor",
    "backpack", "baking-tray", "ball", "bar-stool", "basket", "bath-towel", "bathrobe",
    "bathroom-scale", "batteries", "beard-trimmer", "bed", "bedding", "bedside-table", "beer",
    "belt", "bicycle", "bike-light", "bike-lock", "bin-bags", "bird-food", "biscuits", "blender",
    "blocks", "blood-pressure-monitor", "bone", "book", "boot", "bottle", "bra", "bread",
    "breakfast-cereal", "brush-heads", "bulb", "butter", "camera", "camping-stove", "candle",
    "car", "car-phone-holder", "card-game", "carton", "case", "casserole", "cat-litter",
    "cat-tree", "chair", "charger", "charging-cable", "cheese", "child-car-seat", "childrens-book",
    "chocolate", "chopping-board", "cleaning-cloths", "coat", "coffee-beans", "coffee-machine",
    "coloured-pencils", "computer", "cot", "curtains", "cushion", "dash-cam", "desk", "desk-lamp",
    "dice", "dishwasher", "dishwasher-tablets", "dog-bed", "dog-lead", "doll", "drawers", "dress",
    "drill", "dumbbell", "e-reader", "earbuds", "earrings", "eggs", "engine-oil", "exercise-bike",
    "external-drive", "eyeshadow-palette", "face-serum", "fan", "floor-lamp", "flower-seeds",
    "food-container", "foundation", "fountain-pen", "frame", "fridge", "frozen-pizza",
    "game-console", "gamepad", "garden-hose", "grill", "guitar", "hair-dryer", "hair-straightener",
    "hammer", "handbag", "hat", "head-torch", "headphones", "heater", "heel", "helmet", "hoodie",
    "iron", "jacket", "jar", "jewellery", "jigsaw-puzzle", "kettle", "keyboard", "knife", "ladder",
    "lamp", "laptop", "laptop-sleeve", "laundry-detergent", "lipstick", "mascara", "mattress",
    "memory-card", "microwave", "mirror", "mixed-nuts", "mixing-bowl", "monitor", "mop", "mouse",
    "mouse-pad", "mower", "mug", "nail-polish", "nappies", "notebook", "office-chair", "olive-oil",
    "orange-juice", "oven", "packet", "paint", "paint-roller", "pan", "parasol", "parcel", "pasta",
    "pen", "pendant-light", "perfume", "pet-bowl", "pet-toy", "phone", "piano", "pillow", "pills",
    "planner", "plant", "plasters", "plate", "play-kitchen", "potting-soil", "power-bank", "pram",
    "printer", "printer-paper", "projector", "pruning-shears", "pump-bottle", "razor",
    "resistance-bands", "robot-vacuum", "router", "rug", "sandal", "saucepan", "scale", "scarf",
    "screen-protector", "screwdriver", "shelf", "shirt", "shorts", "skirt", "sleeping-bag",
    "slippers", "smartwatch", "sneaker", "socks", "sofa", "sofa-bed", "soundbar", "spatula-set",
    "speaker", "spray", "stand-mixer", "storage-box", "string-lights", "suit", "suitcase",
    "sunglasses", "sweater", "swimming-goggles", "swimsuit", "table", "tablet", "tea", "teddy",
    "television", "tennis-racket", "tent", "thermometer", "throw", "tin", "tissues", "toaster",
    "toilet-roll", "toolbox", "tools", "toothbrush", "torch", "tote-bag", "toy-car", "train-set",
    "tripod", "trousers", "tshirt", "tube", "tv-stand", "tyre-inflator", "underwear", "usb-c-hub",
    "usb-stick", "utensils", "vacuum", "vase", "wall-clock", "wallet", "wardrobe", "washer",
    "watch", "webcam", "wellies", "windscreen-wipers", "wine", "wine-glass", "work-gloves",
    "yoga-mat",
];

#[cfg(test)]
#[allow(clippy::disallowed_methods, reason = "tests run natively, where there are files")]
mod tests {
    use super::*;
    use market::catalogue::Department;

    fn symbols() -> Vec<String> {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../www/icons.svg");
        let svg = std::fs::read_to_string(path).expect("the drawings");
        let id = |part: &str| part.split('"').next().map(String::from);
        svg.split("<symbol id=\"").skip(1).filter_map(id).collect()
    }

    fn product_type(name: &str, icon: &str, department: u16) -> ProductType {
        ProductType { name: name.into(), department, icon: icon.into(), repurchase_days: 1.0 }
    }

    #[test]
    fn the_list_is_what_is_drawn() {
        let pictures: Vec<_> = symbols().into_iter().filter(|id| !id.starts_with("ui-")).collect();
        let mut sorted = DRAWN.to_vec();
        sorted.sort_unstable();
        assert_eq!(DRAWN, sorted, "searched by halving");
        assert_eq!(pictures.len(), DRAWN.len());
        assert!(pictures.iter().all(|id| drawn(id).is_some()));
        assert!(ALIKE.iter().all(|(_, icon)| drawn(icon).is_some()));
    }

    #[test]
    fn every_icon_of_the_market_is_drawn() {
        let data = concat!(env!("CARGO_MANIFEST_DIR"), "/../../src/market/data");
        let mut named = 0;
        for file in std::fs::read_dir(data).expect("the market's tables") {
            let text = std::fs::read_to_string(file.expect("a file").path()).expect("a table");
            for icon in text.lines().filter_map(|line| line.strip_prefix("icon = ")) {
                assert!(drawn(icon.trim()).is_some(), "{icon} is not drawn");
                named += 1;
            }
        }
        assert!(named >= 200, "{named}");
    }

    #[test]
    fn a_type_without_a_drawing_gets_the_nearest() {
        let catalogue = Catalogue {
            seed: 0,
            departments: vec![Department { name: "Tea & Books".into() }],
            product_types: vec![
                product_type("samovar", "samovar", 0),
                product_type("novel", "book", 0),
            ],
            brands: vec![],
            shops: vec![],
            colours: vec![],
            products: vec![],
            newcomers: 0,
        };
        let of =
            |name, icon, department| drawing(&catalogue, &product_type(name, icon, department));
        assert_eq!(of("children's book", "book", 0), "childrens-book");
        assert_eq!(of("fabric softener", "spray", 0), "laundry-detergent");
        assert_eq!(of("novel", "book", 0), "book");
        assert_eq!(of("samovar", "samovar", 0), "book");
        assert_eq!(of("samovar", "samovar", 9), "parcel");
    }
}
