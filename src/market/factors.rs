//! The few factors of a person that all tastes come from, and how things load on them: so that
//! one taste tells another, and a long history says something of what was never seen (Yandex 4.3).

use super::random::{Random, key, mix, noise};

/// Factors of a person.
pub(crate) const FACTORS: usize = 6;

/// A person's place on each factor; standard normal.
pub(crate) type Person = [f32; FACTORS];

/// What has a loading on the factors.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Thing {
    /// A brand, by number.
    Brand = 1,
    /// A colour, by number.
    Colour = 2,
    /// A product type, by number.
    Type = 3,
    /// A department, by number.
    Department = 4,
    /// A value of an attribute of a type.
    Make = 5,
}

/// Draws a person.
pub(crate) fn person(random: &mut Random) -> Person {
    std::array::from_fn(|_| random.normal())
}

/// How a thing loads on each factor; near standard normal.
pub(crate) fn loadings(seed: u64, thing: Thing, number: u64) -> Person {
    let of = key(seed ^ (thing as u64) << 56, number);
    std::array::from_fn(|factor| noise(key(of, factor as u64)))
}

/// What the factors of a person make of a thing; near a standard normal over things and persons.
pub(crate) fn liking(person: &Person, seed: u64, thing: Thing, number: u64) -> f32 {
    let loadings = loadings(seed, thing, number);
    let sum: f32 = person.iter().zip(loadings).map(|(own, loading)| own * loading).sum();
    sum * 0.408_248_3
}

/// The same where it must be quick: the thing loads on two of the factors alone.
pub(crate) fn quick_liking(person: &Person, seed: u64, thing: Thing, number: u64) -> f32 {
    let bits = mix(key(seed ^ (thing as u64) << 56, number));
    let factor = |bits: u64| (bits % FACTORS as u64) as usize;
    let (one, other) = (factor(bits & 0xffff), factor(bits >> 16 & 0xffff));
    let sign = |place: u32| if bits >> place & 1 == 0 { 1.0 } else { -1.0 };
    core::f32::consts::FRAC_1_SQRT_2 * (sign(40) * person[one] + sign(41) * person[other])
}
