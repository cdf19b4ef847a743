//! Reads the product types, brands, words and colours that the shop is made of from the text
//! files in `data/`.
//!
//! A department's file starts with keys that hold for the whole of it; a line in brackets starts
//! a product type, and every key that is not one of the known ones is an attribute whose values
//! titles choose from: `material = Velvet, Leather*1.6` says that leather costs 1.6 times as much.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::catalogue::ProductTypeId;

/// The department files, in the order of the shop.
const DEPARTMENTS: &[&str] = &[
    include_str!("data/01_furniture.txt"),
    include_str!("data/02_bed_bath.txt"),
    include_str!("data/03_decor.txt"),
    include_str!("data/04_kitchen.txt"),
    include_str!("data/05_appliances.txt"),
    include_str!("data/06_computing.txt"),
    include_str!("data/07_electronics.txt"),
    include_str!("data/08_toys.txt"),
    include_str!("data/09_clothing.txt"),
    include_str!("data/10_shoes_bags.txt"),
    include_str!("data/11_beauty.txt"),
    include_str!("data/12_groceries.txt"),
    include_str!("data/13_household.txt"),
    include_str!("data/14_baby.txt"),
    include_str!("data/15_sports.txt"),
    include_str!("data/16_diy.txt"),
    include_str!("data/17_garden.txt"),
    include_str!("data/18_pets.txt"),
    include_str!("data/19_books_office.txt"),
    include_str!("data/20_music.txt"),
    include_str!("data/21_health.txt"),
    include_str!("data/22_car.txt"),
];
const COLOURS: &str = include_str!("data/colours.txt");

/// What stands between two files in a text of all.
const BETWEEN: &str = "\u{c}\n";

/// Types bought again within this many days are bought by habit.
pub(crate) const HABIT_DAYS: f32 = 60.0;

/// Name of the attribute that holds the titles of books: a work has one publisher, and is asked
/// for by its own name.
pub(crate) const WORK: &str = "work";

/// What is wrong with a table, and in which line of which section.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("in [{section}]: {problem}")]
pub struct TableError {
    section: String,
    problem: String,
}

/// Everything the shop is made of.
#[derive(Clone, Debug)]
pub(crate) struct Table {
    pub departments: Vec<DepartmentRow>,
    pub types: Vec<TypeRow>,
    pub groups: Vec<BrandGroup>,
    /// Name and `#rrggbb`.
    pub colours: Vec<(String, String)>,
    pub broad: Vec<Broad>,
}

/// A department and the shops that sell in it.
#[derive(Clone, Debug)]
pub(crate) struct DepartmentRow {
    pub name: String,
    pub shops: Vec<String>,
}

/// Brands that make the same kind of thing, and the names of their model lines.
#[derive(Clone, Debug, Default)]
pub(crate) struct BrandGroup {
    pub name: String,
    pub brands: Vec<BrandRow>,
    pub lines: Vec<String>,
    /// Shops that sell these brands, where not all of the department do.
    pub shops: Vec<String>,
}

/// A brand in a group.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct BrandRow {
    pub name: String,
    /// -1 budget, 0 middle, 1 premium.
    pub tier: i8,
}

impl BrandRow {
    /// Reads a name with the mark of its tier: "Alpenhof", "Weidenhof+", "Goodwell-".
    fn read(text: &str) -> Self {
        let (name, tier) = match text.as_bytes().last() {
            Some(b'+') => (&text[..text.len() - 1], 1),
            Some(b'-') => (&text[..text.len() - 1], -1),
            _ => (text, 0),
        };
        Self { name: name.into(), tier }
    }
}

/// A query that means several product types.
#[derive(Clone, Debug)]
pub(crate) struct Broad {
    pub text: String,
    pub types: Vec<ProductTypeId>,
}

/// A product type.
#[derive(Clone, Debug)]
pub(crate) struct TypeRow {
    pub name: String,
    pub department: u16,
    pub icon: String,
    /// Price range in whole currency units.
    pub price: (f32, f32),
    pub repurchase_days: f32,
    /// Share of the catalogue and of demand, relative to other types.
    pub share: f32,
    /// Index in [`Table::groups`].
    pub group: usize,
    pub title: String,
    /// The words for it in titles.
    pub noun: String,
    /// Words for it that queries use and titles do not, and how natural they are, 0 to 1.
    pub asked: Vec<(String, f32)>,
    pub attributes: Vec<Attribute>,
    /// Indices in [`Table::colours`].
    pub colours: Vec<u8>,
    /// Types that are needed after it was bought.
    pub then: Vec<ProductTypeId>,
    /// Only households that own one of these need it often.
    pub owners: Vec<Ownership>,
    /// Groups of people that need it more often, and how many times.
    pub people: Vec<(People, f32)>,
}

/// Values of which a title takes one.
#[derive(Clone, Debug)]
pub(crate) struct Attribute {
    pub name: String,
    pub values: Vec<AttributeValue>,
}

/// A value of an attribute.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct AttributeValue {
    pub text: String,
    /// Factor on the price.
    pub factor: f32,
}

/// What a household can own that makes it need certain types.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum Ownership {
    Cat,
    Dog,
    Baby,
    Child,
    Car,
    Bike,
    Garden,
    Gamer,
    Musician,
}

impl Ownership {
    pub const ALL: [(Self, &str); 9] = [
        (Self::Cat, "cat"),
        (Self::Dog, "dog"),
        (Self::Baby, "baby"),
        (Self::Child, "child"),
        (Self::Car, "car"),
        (Self::Bike, "bike"),
        (Self::Garden, "garden"),
        (Self::Gamer, "gamer"),
        (Self::Musician, "musician"),
    ];
}

/// A group of people, by profile.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum People {
    Women,
    Men,
    Young,
    Old,
}

impl People {
    pub const ALL: [(Self, &str); 4] =
        [(Self::Women, "women"), (Self::Men, "men"), (Self::Young, "young"), (Self::Old, "old")];
}

/// A bracketed section, or the head of a file: keys with their values, in order.
struct Section<'a> {
    name: &'a str,
    keys: Vec<(&'a str, &'a str)>,
}

impl<'a> Section<'a> {
    fn error(&self, problem: impl Into<String>) -> TableError {
        TableError { section: self.name.into(), problem: problem.into() }
    }

    fn get(&self, key: &str) -> Option<&'a str> {
        self.keys.iter().find(|(name, _)| *name == key).map(|(_, value)| *value)
    }

    fn need(&self, key: &str) -> Result<&'a str, TableError> {
        self.get(key).ok_or_else(|| self.error(format!("{key} is missing")))
    }

    fn number(&self, text: &str) -> Result<f32, TableError> {
        text.trim().parse().map_err(|_| self.error(format!("{text:?} is not a number")))
    }
}

fn sections(text: &str) -> Result<Vec<Section<'_>>, TableError> {
    let mut sections = vec![Section { name: "head", keys: Vec::new() }];
    for line in text.lines().map(str::trim).filter(|l| !l.is_empty() && !l.starts_with('#')) {
        if let Some(name) = line.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
            sections.push(Section { name, keys: Vec::new() });
        } else if let Some(section) = sections.last_mut() {
            let (key, value) = line
                .split_once(" = ")
                .ok_or_else(|| section.error(format!("{line:?} has no =")))?;
            section.keys.push((key.trim(), value.trim()));
        }
    }
    Ok(sections)
}

fn list(text: &str) -> impl Iterator<Item = &str> {
    text.split(',').map(str::trim).filter(|item| !item.is_empty())
}

/// "item*2.5" as ("item", 2.5); no factor is a factor of one.
fn factored<'a>(section: &Section<'_>, item: &'a str) -> Result<(&'a str, f32), TableError> {
    match item.rsplit_once('*') {
        Some((text, factor)) => Ok((text.trim(), section.number(factor)?)),
        None => Ok((item, 1.0)),
    }
}

/// Keys of a product type that are not attributes.
const KNOWN: &[&str] = &[
    "icon", "price", "again", "share", "brands", "title", "noun", "asked", "colours", "then",
    "owners", "people",
];

impl Table {
    /// The table that the project carries.
    ///
    /// # Errors
    /// When a file in `data/` breaks the format; a test keeps that from happening.
    pub fn embedded() -> Result<Self, TableError> {
        Self::parse(DEPARTMENTS, COLOURS)
    }

    /// The same as one text, for a file that [`Self::read`] reads where the project's own are not at hand.
    pub fn text() -> String {
        [&[COLOURS], DEPARTMENTS].concat().join(BETWEEN)
    }

    /// Reads [`Self::text`].
    ///
    /// # Errors
    /// Where the text breaks the format.
    pub fn read(text: &str) -> Result<Self, TableError> {
        let (colours, departments) = text.split_once(BETWEEN).unwrap_or((text, ""));
        let departments: Vec<&str> = departments.split(BETWEEN).collect();
        Self::parse(&departments, colours)
    }

    fn parse(departments: &[&str], colours: &str) -> Result<Self, TableError> {
        let mut table = Table {
            departments: Vec::new(),
            types: Vec::new(),
            groups: Vec::new(),
            colours: Vec::new(),
            broad: Vec::new(),
        };
        let palettes = table.read_colours(colours)?;
        let files: Vec<Vec<Section>> =
            departments.iter().map(|text| sections(text)).collect::<Result<_, _>>()?;
        // Brands first: a type may use the brands of another department.
        for file in &files {
            table.read_brands(&file[0])?;
        }
        let names: BTreeMap<&str, ProductTypeId> = files
            .iter()
            .flat_map(|file| &file[1..])
            .enumerate()
            .map(|(number, section)| (section.name, number as ProductTypeId))
            .collect();
        for file in &files {
            let head = &file[0];
            table.departments.push(DepartmentRow {
                name: head.need("department")?.into(),
                shops: list(head.need("shops")?).map(Into::into).collect(),
            });
            for section in &file[1..] {
                let row = table.read_type(head, section, &palettes, &names)?;
                table.types.push(row);
            }
            for (key, value) in &head.keys {
                if let Some(text) = key.strip_prefix("broad ") {
                    let types = types_named(head, value, &names)?;
                    table.broad.push(Broad { text: text.into(), types });
                }
            }
        }
        Ok(table)
    }

    fn read_colours(&mut self, text: &str) -> Result<BTreeMap<String, Vec<u8>>, TableError> {
        let mut palettes = BTreeMap::new();
        for section in sections(text)? {
            for (key, value) in &section.keys {
                match section.name {
                    "colours" => self.colours.push(((*key).into(), (*value).into())),
                    "palettes" => {
                        let indices = list(value)
                            .map(|name| self.colour(name).ok_or_else(|| section.error(name)))
                            .collect::<Result<_, _>>()?;
                        palettes.insert((*key).to_string(), indices);
                    }
                    _ => return Err(section.error("is neither colours nor palettes")),
                }
            }
        }
        Ok(palettes)
    }

    fn colour(&self, name: &str) -> Option<u8> {
        self.colours.iter().position(|(known, _)| known == name).map(|index| index as u8)
    }

    /// The brand group of this name, new where there is none yet.
    fn group(&mut self, name: &str) -> &mut BrandGroup {
        let known = self.groups.iter().position(|group| group.name == name);
        let place = known.unwrap_or_else(|| {
            self.groups.push(BrandGroup { name: name.into(), ..BrandGroup::default() });
            self.groups.len() - 1
        });
        &mut self.groups[place]
    }

    fn read_brands(&mut self, head: &Section<'_>) -> Result<(), TableError> {
        for (key, value) in &head.keys {
            let Some((what, name)) = key.split_once(' ') else {
                continue;
            };
            let names = || list(value).map(str::to_string).collect();
            match what {
                "brands" => {
                    let brands = list(value).map(BrandRow::read).collect();
                    let group = self.group(name);
                    group.brands = brands;
                }
                "lines" => self.group(name).lines = names(),
                "shops" => self.group(name).shops = names(),
                "broad" => {}
                _ => return Err(head.error(format!("{key} is no key"))),
            }
        }
        Ok(())
    }

    fn read_type(
        &self,
        head: &Section<'_>,
        section: &Section<'_>,
        palettes: &BTreeMap<String, Vec<u8>>,
        names: &BTreeMap<&str, ProductTypeId>,
    ) -> Result<TypeRow, TableError> {
        let either = |key| section.get(key).or_else(|| head.get(key));
        let (low, high) = section
            .need("price")?
            .split_once(' ')
            .ok_or_else(|| section.error("price is not two numbers"))?;
        let group_name = either("brands")
            .or_else(|| head.keys.iter().find_map(|(key, _)| key.strip_prefix("brands ")));
        let group = group_name
            .and_then(|name| self.groups.iter().position(|group| group.name == name))
            .ok_or_else(|| section.error("its brands are unknown"))?;
        let colours = match section.get("colours") {
            None => Vec::new(),
            Some(name) => palettes
                .get(name)
                .cloned()
                .ok_or_else(|| section.error(format!("unknown palette {name}")))?,
        };
        let mut row = TypeRow {
            name: section.name.into(),
            department: self.departments.len() as u16 - 1,
            icon: section.need("icon")?.into(),
            price: (section.number(low)?, section.number(high)?),
            repurchase_days: section.number(section.need("again")?)?,
            share: section.get("share").map_or(Ok(1.0), |text| section.number(text))?,
            group,
            title: either("title").ok_or_else(|| section.error("title is missing"))?.into(),
            noun: section.need("noun")?.into(),
            asked: list(section.need("asked")?)
                .map(|item| factored(section, item).map(|(text, ease)| (text.into(), ease)))
                .collect::<Result<_, _>>()?,
            attributes: Vec::new(),
            colours,
            then: types_named(section, section.get("then").unwrap_or(""), names)?,
            owners: named(section, section.get("owners").unwrap_or(""), &Ownership::ALL)?
                .into_iter()
                .map(|(owner, _)| owner)
                .collect(),
            people: named(section, section.get("people").unwrap_or(""), &People::ALL)?,
        };
        for (key, value) in section.keys.iter().filter(|(key, _)| !KNOWN.contains(key)) {
            let values = list(value)
                .map(|item| {
                    let (text, factor) = factored(section, item)?;
                    Ok(AttributeValue { text: text.into(), factor })
                })
                .collect::<Result<_, _>>()?;
            row.attributes.push(Attribute { name: (*key).into(), values });
        }
        self.check_title(section, &row)?;
        Ok(row)
    }

    /// Every placeholder of the title must have something to fill it.
    fn check_title(&self, section: &Section<'_>, row: &TypeRow) -> Result<(), TableError> {
        for placeholder in row.title.split('{').skip(1) {
            let name = placeholder.split('}').next().unwrap_or("");
            let filled = match name {
                "brand" | "noun" => true,
                "colour" => !row.colours.is_empty(),
                "line" if !self.groups[row.group].lines.is_empty() => true,
                _ => row.attributes.iter().any(|attribute| attribute.name == name),
            };
            if !filled {
                return Err(section.error(format!("nothing fills {{{name}}}")));
            }
        }
        Ok(())
    }
}

fn types_named(
    section: &Section<'_>,
    value: &str,
    names: &BTreeMap<&str, ProductTypeId>,
) -> Result<Vec<ProductTypeId>, TableError> {
    list(value)
        .map(|name| {
            let found = names.get(name).copied();
            found.ok_or_else(|| section.error(format!("unknown product type {name:?}")))
        })
        .collect()
}

fn named<T: Copy>(
    section: &Section<'_>,
    value: &str,
    all: &[(T, &str)],
) -> Result<Vec<(T, f32)>, TableError> {
    list(value)
        .map(|item| {
            let (text, factor) = factored(section, item)?;
            let found = all.iter().find(|(_, name)| *name == text);
            let (known, _) = found.ok_or_else(|| section.error(format!("unknown {text:?}")))?;
            Ok((*known, factor))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalogue::ICONS;

    #[test]
    fn the_embedded_table_is_whole() {
        let table = Table::embedded().expect("the table reads");
        assert!(table.departments.len() >= 15);
        assert!(table.types.len() >= 210);
        for row in &table.types {
            assert!(ICONS.contains(&row.icon.as_str()), "{}: no icon {}", row.name, row.icon);
            assert!(row.price.0 > 0.0 && row.price.0 < row.price.1, "{}: prices", row.name);
            assert!(!row.asked.is_empty() && row.repurchase_days > 0.0, "{}", row.name);
            // A comma within a number would part it.
            let values = row.attributes.iter().flat_map(|attribute| &attribute.values);
            for AttributeValue { text, .. } in values {
                assert!(!text.starts_with("000"), "{}: {text}", row.name);
            }
        }
        for icon in ICONS {
            assert!(table.types.iter().any(|row| row.icon == *icon), "{icon} is not used");
        }
    }
}
