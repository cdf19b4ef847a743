//! Who shops: latent taste, and the profile features that go with it.

use super::catalogue::{Catalogue, ProductTypeId};
use super::factors::{self, Person, Thing, liking, quick_liking};
use super::hidden::{Audience, Hidden, TypeTruth};
use super::history::{PageDevice, Profile};
use super::product::STYLE_DIMENSIONS;
use super::random::{Purpose, Random, key, noise};
use super::table::{Ownership, People};

/// Hidden side of a shopper.
#[derive(Clone, Debug, PartialEq)]
pub struct Taste {
    /// Number of the shopper.
    pub shopper: u32,
    /// Profile features.
    pub profile: Profile,
    /// The few factors that tastes come from.
    pub(crate) person: Person,
    /// Seed of the market, which says how things load on the factors.
    seed: u64,
    /// Interest in each product type: a logit around 0.
    pub types: Vec<f32>,
    /// Liking of each brand, near a standard normal.
    pub brands: Vec<f32>,
    /// Liking of each colour, near a standard normal.
    pub colours: Vec<f32>,
    /// Direction of taste on the axes of style.
    pub style: [f32; STYLE_DIMENSIONS],
    /// Place in a type's price range that feels normal, -1 to 1.
    pub budget: f32,
    /// How much a price above budget holds from buying.
    pub price_sensitivity: f32,
    /// How much things above budget are looked at.
    pub aspiration: f32,
    /// Page views a day: most people are in the shop now and then, a few all the time.
    pub activity: f32,
    /// First day on which the shop was used: some have come lately.
    pub since: i32,
    /// Web searches a day for something that is wished for.
    pub searching: f32,
    /// Share of visits on a phone.
    pub phone: f32,
    /// Hour of the day around which most visits fall.
    pub hour: f32,
    /// Bit set of `Ownership`.
    pub owns: u16,
}

impl Taste {
    /// Draws the shopper with this number.
    pub(crate) fn draw(hidden: &Hidden, catalogue: &Catalogue, shopper: u32) -> Self {
        let mut random = Random::new(hidden.seed, Purpose::Taste, u64::from(shopper));
        let profile = draw_profile(&mut random);
        let owns = draw_ownership(&mut random, &profile);
        let power = f32::from(profile.purchase_power) - 2.0;
        let person = factors::person(&mut random);
        let seed = hidden.seed;
        let own = |thing: Thing, number: u64| {
            noise(key(seed ^ 0x07e5 ^ (thing as u64) << 48, u64::from(shopper) << 24 | number))
        };
        let departments: Vec<f32> = (0..catalogue.departments.len() as u64)
            .map(|number| {
                0.75 * liking(&person, seed, Thing::Department, number)
                    + 0.35 * own(Thing::Department, number)
            })
            .collect();
        let types = catalogue
            .product_types
            .iter()
            .zip(&hidden.types)
            .zip(0..)
            .map(|((row, truth), number)| {
                departments[usize::from(row.department)]
                    + 0.85 * liking(&person, seed, Thing::Type, number)
                    + 0.45 * own(Thing::Type, number)
                    + fit(truth, &profile, owns)
            })
            .collect();
        // Age and town lean style a little, so that a profile says something about taste.
        let lean = [
            0.25 * (f32::from(profile.age_band) - 2.5),
            0.3 * (f32::from(profile.town) - 1.5),
            0.0,
            0.0,
        ];
        let style: [f32; STYLE_DIMENSIONS] =
            std::array::from_fn(|axis| lean[axis] + 0.65 * person[axis] + 0.3 * random.normal());
        let brands = hidden.brand_tiers.iter().zip(0..).map(|(tier, number)| {
            0.75 * liking(&person, seed, Thing::Brand, number)
                + 0.45 * own(Thing::Brand, number)
                + 0.22 * tier * power
        });
        let colours = (0..catalogue.colours.len() as u64).map(|number| {
            0.8 * liking(&person, seed, Thing::Colour, number) + 0.45 * own(Thing::Colour, number)
        });
        Self {
            shopper,
            profile,
            seed,
            types,
            brands: brands.collect(),
            colours: colours.collect(),
            style,
            budget: (0.2 * power + 0.12 * person[4] + 0.16 * random.normal()).clamp(-0.9, 0.9),
            price_sensitivity: (1.5 - 0.3 * power + 0.4 * random.normal()).max(0.2),
            aspiration: random.between(0.2, 1.6),
            activity: random.log_normal(0.72, 0.95).clamp(0.1, 14.0),
            since: if profile.member_years == 0 {
                -(random.uniform() * 385.0) as i32 + 20
            } else {
                i32::MIN
            },
            searching: random.log_normal(-1.15, 0.8).clamp(0.03, 3.0),
            phone: random.uniform().clamp(0.15, 0.9),
            hour: if random.chance(0.35) { 12.5 } else { 20.0 } + 1.5 * random.normal(),
            owns,
            person,
        }
    }

    /// Whether the household owns this.
    pub(crate) fn owns(&self, what: Ownership) -> bool {
        self.owns & 1 << what as u16 != 0
    }

    /// Liking of a product's make: the values of its attributes. Audience is stronger than the
    /// rest: people mostly look at clothes for themselves, or for their children.
    pub(crate) fn make(
        &self,
        truth: &TypeTruth,
        product_type: ProductTypeId,
        values: &[u8],
    ) -> f32 {
        let mut liking = 0.0;
        for (number, value) in values.iter().enumerate() {
            if let Some((place, means)) = &truth.audience
                && usize::from(*place) == number
            {
                liking += self.audience(means[usize::from(*value)]);
            } else {
                let place =
                    u64::from(product_type) << 16 | (number as u64) << 8 | u64::from(*value);
                let shared = quick_liking(&self.person, self.seed, Thing::Make, place);
                liking += 0.25 * shared + 0.15 * noise(key(u64::from(self.shopper), place));
            }
        }
        liking
    }

    /// Liking of things made for this audience.
    pub(crate) fn audience(&self, audience: Audience) -> f32 {
        let child = self.owns(Ownership::Child) || self.owns(Ownership::Baby);
        match (audience, self.profile.gender) {
            (Audience::Women, 0) | (Audience::Men, 1) => 0.8,
            (Audience::Women, 1) | (Audience::Men, 0) => -1.2,
            (Audience::Kids, _) if child => 0.5,
            (Audience::Kids, _) => -1.6,
            _ => 0.0,
        }
    }

    /// Share of what is needed that is bought in this shop: little by those who seldom come.
    pub fn share_of_wallet(&self) -> f32 {
        (0.22 * self.activity).clamp(0.03, 0.8)
    }

    /// Device of a visit.
    pub(crate) fn device(&self, random: &mut Random) -> PageDevice {
        if random.chance(self.phone) { PageDevice::Phone } else { PageDevice::Desktop }
    }
}

fn draw_profile(random: &mut Random) -> Profile {
    let pick = |weights: &[f32], random: &mut Random| {
        random.weighted(weights.iter().copied()).unwrap_or(0) as u8
    };
    let age_band = pick(&[0.06, 0.24, 0.27, 0.2, 0.14, 0.09], random);
    let household = match age_band {
        0 => pick(&[0.3, 0.1, 0.1, 0.5], random),
        1 => pick(&[0.35, 0.25, 0.12, 0.28], random),
        2 | 3 => pick(&[0.2, 0.27, 0.48, 0.05], random),
        _ => pick(&[0.3, 0.55, 0.13, 0.02], random),
    };
    let power = 1.3 + 0.28 * f32::from(age_band) + random.normal();
    Profile {
        age_band,
        gender: pick(&[0.5, 0.42, 0.08], random),
        purchase_power: libm::roundf(power).clamp(0.0, 4.0) as u8,
        household,
        town: pick(&[0.2, 0.3, 0.3, 0.2], random),
        member_years: random.below(10) as u8,
    }
}

fn draw_ownership(random: &mut Random, profile: &Profile) -> u16 {
    let family = profile.household == 2;
    let mut owns = 0;
    for (what, _) in Ownership::ALL {
        let probability = match what {
            Ownership::Cat => 0.24,
            Ownership::Dog => 0.3 - 0.06 * f32::from(profile.town),
            Ownership::Baby if family => {
                [0.5, 0.5, 0.35, 0.08, 0.0, 0.0][usize::from(profile.age_band)]
            }
            Ownership::Baby => 0.0,
            Ownership::Child if family => 0.75,
            Ownership::Child => 0.03,
            Ownership::Car => 0.8 - 0.17 * f32::from(profile.town),
            Ownership::Bike => 0.35,
            Ownership::Garden => 0.65 - 0.17 * f32::from(profile.town),
            Ownership::Gamer => [0.6, 0.45, 0.25, 0.12, 0.05, 0.02][usize::from(profile.age_band)],
            Ownership::Musician => 0.09,
        };
        if random.chance(probability) {
            owns |= 1 << what as u16;
        }
    }
    owns
}

/// What profile and ownership add to the interest in a type, as a logit.
fn fit(row: &TypeTruth, profile: &Profile, owns: u16) -> f32 {
    let mut fit = 0.0;
    if row.owners != 0 {
        fit += if owns & row.owners != 0 { 0.8 } else { -2.6 };
    }
    for (people, factor) in &row.people {
        let among = match people {
            People::Women => profile.gender == 0,
            People::Men => profile.gender == 1,
            People::Young => profile.age_band <= 1,
            People::Old => profile.age_band >= 4,
        };
        let strength = libm::logf(*factor);
        fit += if among { 0.4 * strength } else { -0.6 * strength };
    }
    fit
}
