//! DMT as it serves: loaded from its file, for one catalogue.
//!
//! A request costs three steps, each kept by the caller for as long as what it reads stays the
//! same: [`Ranker::encode`] reads the history, [`Ranker::rank`] the candidates, [`Ranker::bias`]
//! the order in which they are shown. Nothing here reads the device: only tensors go out.

use burn::tensor::{Device, Tensor, TensorData};
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};

use super::input::{Place, behaviours};
use super::{Candidates, Dmt, DmtConfig, Encoded, Items, Output, SEQUENCES, Sequence};
use crate::models::vocabulary::Vocabulary;
use crate::models::weights::{Weights, WeightsError};
use crate::nn::bias::Places;
use market::catalogue::{Catalogue, ProductId};
use market::features::places::NEIGHBOURS;
use market::features::{Moment, dense};
use systems::dmt::{BiasFeatures, MultiTask};

/// What its files say they hold.
pub const MODEL: &str = "dmt";

/// Sets of neighbours that are drawn to tell what those of a page do.
const DRAWS: usize = 32;

/// Name of the file that holds the weights of a variant, for example
/// "dmt-mmoe-position-neighbours.safetensors".
pub fn file_name(multi_task: MultiTask, bias: BiasFeatures) -> String {
    let multi_task = match multi_task {
        MultiTask::Mmoe => "mmoe",
        MultiTask::SharedBottom => "shared-bottom",
        MultiTask::SingleTask => "single-task",
    };
    let features =
        [(bias.position, "position"), (bias.page, "page"), (bias.neighbours, "neighbours")];
    let mut read: Vec<&str> =
        features.into_iter().filter(|(read, _)| *read).map(|(_, name)| name).collect();
    if read.is_empty() {
        read.push("unbiased");
    }
    format!("dmt-{multi_task}-{}.safetensors", read.join("-"))
}

/// A model, its settings and where it computes.
#[derive(Clone, Debug)]
pub struct Ranker {
    config: DmtConfig,
    model: Dmt,
    device: Device,
}

/// The insides for one candidate.
#[derive(Clone, Debug)]
pub struct Detail {
    /// Decoder attention over each sequence, averaged over heads, newest behaviour first, `[T]`;
    /// the columns after the last behaviour are padding. Empty without transformers.
    pub attention: Vec<Tensor<1>>,
    /// What each expert adds to each utility, `[K, E]`; none without gates.
    pub expert_contributions: Option<Tensor<2>>,
    /// Dense features after z-scoring, `[F]`.
    pub dense: Tensor<1>,
}

impl Ranker {
    /// Reads a file of weights.
    ///
    /// # Errors
    /// Where the file is damaged, of another version or model, or trained on another catalogue.
    pub fn load(file: &[u8], catalogue: &Catalogue, device: &Device) -> Result<Self, WeightsError> {
        let weights = Weights::from_bytes(file, MODEL)?;
        let config: DmtConfig = weights.config()?;
        let found = (weights.about.market_seed, config.vocabulary, config.dense);
        let expected = (catalogue.seed, Vocabulary::of(catalogue), dense::COUNT);
        if found != expected {
            let (found, expected) = (format!("{found:?}"), format!("{expected:?}"));
            return Err(WeightsError::Catalogue { found, expected });
        }
        config.check().map_err(|fault| WeightsError::Damaged(fault.into()))?;
        let mut model = weights.apply(config.init(device))?;
        if catalogue.newcomers > 0 {
            model.meet_newcomers();
        }
        Ok(Self::new(config, model, device))
    }

    /// A ranker around a model in memory, which is on `device`.
    pub fn new(config: DmtConfig, model: Dmt, device: &Device) -> Self {
        Self { config, model, device: device.clone() }
    }

    /// The model.
    pub fn model(&self) -> &Dmt {
        &self.model
    }

    /// Settings of the model.
    pub fn config(&self) -> &DmtConfig {
        &self.config
    }

    /// Positions in `moment.events` of the behaviours in each of the sequences, newest first; none in one
    /// that is left out.
    pub fn behaviours(&self, moment: &Moment<'_>) -> [Vec<usize>; SEQUENCES] {
        let mut positions = behaviours(moment);
        let left_out = positions.iter_mut().zip(self.config.left_out).filter(|(_, is_out)| *is_out);
        left_out.for_each(|(positions, _)| positions.clear());
        positions
    }

    /// The part of a request that no candidate changes. The columns of each sequence are
    /// [`Self::behaviours`] of the moment.
    pub fn encode(&self, catalogue: &Catalogue, moment: &Moment<'_>) -> Encoded {
        self.model.encode(&self.sequences(catalogue, moment))
    }

    /// What [`Dmt::self_attention`] gives for the same part of a request.
    pub fn self_attention(&self, catalogue: &Catalogue, moment: &Moment<'_>) -> Vec<Tensor<4>> {
        self.model.self_attention(&self.sequences(catalogue, moment))
    }

    /// The request's sequences as the model reads them.
    fn sequences(&self, catalogue: &Catalogue, moment: &Moment<'_>) -> Vec<Sequence> {
        let positions = self.behaviours(moment);
        (0..SEQUENCES)
            .map(|sequence| {
                let history: Vec<ProductId> =
                    positions[sequence].iter().map(|&p| moment.events[p].product).collect();
                Sequence::new(catalogue, std::iter::once(history.as_slice()), &self.device)
            })
            .collect()
    }

    /// Scores and insides of `candidates`, at least one, for one encoded request.
    ///
    /// `dense` is what [`dense::DenseTables::request`] gives for them.
    pub fn rank(
        &self,
        catalogue: &Catalogue,
        encoded: &Encoded,
        candidates: &[ProductId],
        dense: &[f32],
        gate_temperature: f32,
    ) -> Output {
        let candidates = self.candidates(catalogue, candidates, dense);
        self.model.rank(encoded, &candidates, gate_temperature)
    }

    /// Candidates of one request as the model reads them; `dense` as for [`Self::rank`].
    pub fn candidates(
        &self,
        catalogue: &Catalogue,
        candidates: &[ProductId],
        dense: &[f32],
    ) -> Candidates {
        let shape = [1, candidates.len(), dense::COUNT];
        Candidates {
            items: Items::new(catalogue, candidates, 1, &self.device),
            dense: Tensor::from_data(TensorData::new(dense.to_vec(), shape), &self.device),
        }
    }

    /// Bias logit y_b of every product at its place, `[products]`, for products in the order in
    /// which pages of `page_size` show them. None without a bias network.
    pub fn bias(
        &self,
        catalogue: &Catalogue,
        order: &[ProductId],
        page_size: usize,
    ) -> Option<Tensor<1>> {
        self.bias_at(&places(catalogue, order, page_size))
    }

    /// Examination that the bias network learned, by index on the list from 0 to `indices`,
    /// relative to index 0: exp(y_b(index) - y_b(0)), the mean over the neighbourhoods of
    /// `order`'s products, `[indices]`. None where the network reads neither index nor page.
    pub fn examination(
        &self,
        catalogue: &Catalogue,
        order: &[ProductId],
        indices: usize,
        page_size: usize,
    ) -> Option<Tensor<1>> {
        self.examination_among(&places(catalogue, order, page_size), indices, page_size)
    }

    /// [`Ranker::examination`] over these neighbourhoods.
    pub fn examination_among(
        &self,
        neighbourhoods: &[Place],
        indices: usize,
        page_size: usize,
    ) -> Option<Tensor<1>> {
        let bias = self.config.bias;
        if !(bias.position || bias.page) || neighbourhoods.is_empty() || indices == 0 {
            return None;
        }
        // Without the neighbours every neighbourhood gives the same curve.
        let of = if bias.neighbours { neighbourhoods } else { &neighbourhoods[..1] };
        let grid: Vec<Place> = of
            .iter()
            .flat_map(|place| (0..indices).map(|index| place.moved(index, index / page_size)))
            .collect();
        let logits = self.bias_at(&grid)?.reshape([of.len(), indices]);
        let first = logits.clone().narrow(1, 0, 1);
        Some((logits - first).exp().mean_dim(0).reshape([indices]))
    }

    /// What the neighbours of each product of an order do to its logit: y_b less its mean over
    /// some times as many neighbours drawn from the catalogue, `[products]`. None where the
    /// network reads no neighbours, and of an empty order.
    pub fn neighbours(
        &self,
        catalogue: &Catalogue,
        order: &[ProductId],
        page_size: usize,
    ) -> Option<Tensor<1>> {
        if !self.config.bias.neighbours || order.is_empty() {
            return None;
        }
        let mut random = ChaCha8Rng::seed_from_u64(1);
        let mut drawn = || {
            let product = random.next_u32() as usize % catalogue.products.len();
            catalogue.products[product].product_type
        };
        let draws: Vec<[u16; NEIGHBOURS]> =
            (0..DRAWS).map(|_| std::array::from_fn(|_| drawn())).collect();
        let places = places(catalogue, order, page_size);
        let among = |place: &Place, draw: &[u16; NEIGHBOURS]| {
            let mut place = *place;
            for (slot, drawn) in place.types[1..].iter_mut().zip(draw) {
                // Where there is no neighbour none is drawn.
                *slot = slot.and(Some(*drawn));
            }
            place
        };
        let grid: Vec<Place> = places
            .iter()
            .flat_map(|place| draws.iter().map(move |draw| among(place, draw)))
            .collect();
        let others = self.bias_at(&grid)?.reshape([places.len(), DRAWS]).mean_dim(1);
        Some(self.bias_at(&places)? - others.reshape([places.len()]))
    }

    /// What each feature of the bias network does to the logit of the product at `place` of
    /// `order`: y_b less its mean over the values that the feature takes on the product's page,
    /// `[1]` each. Features that the network does not read are left out.
    pub fn bias_terms(
        &self,
        catalogue: &Catalogue,
        order: &[ProductId],
        place: usize,
        page_size: usize,
    ) -> Vec<(&'static str, Tensor<1>)> {
        let places = places(catalogue, order, page_size);
        let Some(&own) = places.get(place) else { return Vec::new() };
        let start = place / page_size * page_size;
        let page = &places[start..(start + page_size).min(places.len())];
        let last_page = order.len().div_ceil(page_size);
        let bias = self.config.bias;
        let mut terms = Vec::new();
        let mut term = |name, others: Vec<Place>| {
            if let (Some(own), Some(others)) = (self.bias_at(&[own]), self.bias_at(&others)) {
                terms.push((name, own - others.mean()));
            }
        };
        if bias.position {
            term("position", page.iter().map(|p| own.moved(p.index, own.page)).collect());
        }
        if bias.page {
            term("page", (0..last_page).map(|page| own.moved(own.index, page)).collect());
        }
        if bias.neighbours {
            term("neighbours", page.iter().map(|p| own.among(p)).collect());
        }
        terms
    }

    /// The insides for the candidate with this number in `output`.
    pub fn detail(&self, output: &Output, candidate: usize) -> Detail {
        let attention = output
            .attention
            .iter()
            .map(|attention| {
                let [_, _, _, keys] = attention.dims();
                attention.clone().narrow(2, candidate, 1).mean_dim(1).reshape([keys])
            })
            .collect();
        let expert_contributions = self.model.expert_contributions(output).map(|all| {
            let [_, tasks, experts] = all.dims();
            all.narrow(0, candidate, 1).reshape([tasks, experts])
        });
        let [_, _, features] = output.dense.dims();
        let dense = output.dense.clone().narrow(1, candidate, 1).reshape([features]);
        Detail { attention, expert_contributions, dense }
    }

    /// y_b at each of these places, `[places]`. None without a bias network.
    pub fn bias_at(&self, places: &[Place]) -> Option<Tensor<1>> {
        let tensors = Places::new(places, self.config.vocabulary.product_types, &self.device);
        Some(self.model.bias(&tensors)?.reshape([places.len()]))
    }
}

/// Places of products over pages of `page_size`, the neighbours on the same page.
fn places(catalogue: &Catalogue, order: &[ProductId], page_size: usize) -> Vec<Place> {
    order
        .chunks(page_size)
        .enumerate()
        .flat_map(|(page, products)| Place::of_page(catalogue, products, page * page_size, page))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::super::example::{about, catalogue, randomised};
    use super::*;
    use crate::models::weights::Precision;
    use market::features::dense::DenseTables;
    use market::features::statistics::Statistics;
    use market::history::{DAY, Event, EventKind, PageDevice, Profile};

    const PROFILE: Profile = Profile {
        age_band: 2,
        gender: 0,
        purchase_power: 4,
        household: 0,
        town: 1,
        member_years: 3,
    };

    const ALL: BiasFeatures = BiasFeatures { position: true, page: true, neighbours: true };

    fn config(catalogue: &Catalogue) -> DmtConfig {
        let vocabulary = Vocabulary::of(catalogue);
        DmtConfig { bias: ALL, ..DmtConfig::playground(vocabulary, dense::COUNT) }
    }

    fn file(config: &DmtConfig, precision: Precision) -> Vec<u8> {
        Weights::of(&randomised(config, 1), about(config)).unwrap().to_bytes(precision).unwrap()
    }

    fn ranker(catalogue: &Catalogue) -> Ranker {
        let file = file(&config(catalogue), Precision::F16);
        Ranker::load(&file, catalogue, &Device::flex()).unwrap()
    }

    fn numbers<const D: usize>(tensor: Tensor<D>) -> Vec<f32> {
        tensor.try_into_vec_as::<f32>().unwrap()
    }

    fn rank(ranker: &Ranker, catalogue: &Catalogue, candidates: &[ProductId]) -> Output {
        let events: Vec<Event> = (0..20)
            .map(|n| Event {
                kind: if n % 3 == 0 { EventKind::Cart } else { EventKind::Click },
                product: n as ProductId,
                time: n * 60,
            })
            .collect();
        let moment = Moment {
            profile: &PROFILE,
            events: &events,
            query: None,
            now: DAY,
            device: PageDevice::Phone,
        };
        let tables = DenseTables::new(catalogue, &Statistics::new(catalogue.products.len()));
        let dense = tables.request(catalogue, &moment, Default::default(), candidates);
        let encoded = ranker.encode(catalogue, &moment);
        ranker.rank(catalogue, &encoded, candidates, &dense, 1.0)
    }

    #[test]
    fn file_names_tell_variants_apart() {
        let none = BiasFeatures::default();
        assert_eq!(file_name(MultiTask::Mmoe, none), "dmt-mmoe-unbiased.safetensors");
        assert_eq!(
            file_name(MultiTask::SharedBottom, ALL),
            "dmt-shared-bottom-position-page-neighbours.safetensors"
        );
    }

    #[test]
    fn a_file_gives_back_the_model() {
        let catalogue = catalogue(30, 7);
        let config = config(&catalogue);
        let written = Ranker::new(config.clone(), randomised(&config, 1), &Device::flex());
        let read = Ranker::load(&file(&config, Precision::F32), &catalogue, &Device::flex());
        let scores = |ranker: &Ranker| numbers(rank(ranker, &catalogue, &[3, 8, 29, 0]).utilities);
        assert_eq!(scores(&written), scores(&read.unwrap()));
    }

    #[test]
    fn files_of_other_catalogues_and_unsound_settings_are_refused() {
        let (catalogue, other) = (catalogue(30, 7), catalogue(31, 7));
        let load = |file: &[u8], catalogue| Ranker::load(file, catalogue, &Device::flex());
        let whole = file(&config(&catalogue), Precision::F16);
        assert!(matches!(load(&whole, &other), Err(WeightsError::Catalogue { .. })));
        for change in [
            |config: &mut DmtConfig| config.heads = 0,
            |config: &mut DmtConfig| config.heads = 5,
            |config: &mut DmtConfig| config.experts = 0,
            |config: &mut DmtConfig| config.expert.clear(),
        ] {
            let sound = config(&catalogue);
            let mut unsound = sound.clone();
            change(&mut unsound);
            let weights = Weights::of(&randomised(&sound, 1), about(&unsound)).unwrap();
            let file = weights.to_bytes(Precision::F16).unwrap();
            assert!(matches!(load(&file, &catalogue), Err(WeightsError::Damaged(_))));
        }
    }

    #[test]
    fn the_detail_of_a_candidate_is_its_row() {
        let catalogue = catalogue(30, 7);
        let ranker = ranker(&catalogue);
        let both = rank(&ranker, &catalogue, &[4, 11]);
        for (number, product) in [4, 11].into_iter().enumerate() {
            let alone = rank(&ranker, &catalogue, &[product]);
            let (one, other) = (ranker.detail(&both, number), ranker.detail(&alone, 0));
            for (one, other) in one.attention.into_iter().zip(other.attention) {
                let (one, other) = (numbers(one), numbers(other));
                assert!(one.iter().zip(&other).all(|(a, b)| (a - b).abs() < 1e-6));
                let sum: f32 = one.iter().sum();
                // There are no orders: that sequence is empty.
                assert!((sum - 1.0).abs() < 1e-5 || one == [0.0]);
            }
            let of = |detail: Option<Tensor<2>>| numbers(detail.unwrap());
            let (one, other) = (of(one.expert_contributions), of(other.expert_contributions));
            assert!(one.iter().zip(&other).all(|(a, b)| (a - b).abs() < 1e-5));
        }
    }

    #[test]
    fn examination_is_relative_to_the_first_place() {
        let catalogue = catalogue(30, 7);
        let ranker = ranker(&catalogue);
        let order: Vec<ProductId> = (0..12).collect();
        let curve = numbers(ranker.examination(&catalogue, &order, 25, 10).unwrap());
        assert_eq!(curve.len(), 25);
        assert!((curve[0] - 1.0).abs() < 1e-6);
        assert!(curve.iter().all(|&value| value > 0.0));
        assert!(ranker.examination(&catalogue, &[], 25, 10).is_none());
    }

    #[test]
    fn bias_terms_are_differences_from_the_mean_over_the_page() {
        let catalogue = catalogue(30, 7);
        let ranker = ranker(&catalogue);
        let order: Vec<ProductId> = (0..20).collect();
        let at = |place: usize| {
            let terms = ranker.bias_terms(&catalogue, &order, place, 10);
            terms.into_iter().map(|(name, term)| (name, numbers(term)[0])).collect::<Vec<_>>()
        };
        let names: Vec<&str> = at(3).into_iter().map(|(name, _)| name).collect();
        assert_eq!(names, ["position", "page", "neighbours"]);
        // All else as at place 13, the index terms over its page cancel out.
        let places = places(&catalogue, &order, 10);
        let own = places[13];
        let moved: Vec<Place> = (10..20).map(|index| own.moved(index, 1)).collect();
        let logits = numbers(ranker.bias_at(&moved).unwrap());
        let mean = logits.iter().sum::<f32>() / 10.0;
        assert!((at(13)[0].1 - (logits[3] - mean)).abs() < 1e-5);
        assert!(at(20).is_empty());
    }

    #[test]
    fn places_follow_the_order_shown() {
        let catalogue = catalogue(30, 7);
        let ranker = ranker(&catalogue);
        let order: Vec<ProductId> = vec![5, 9, 2, 7, 1, 0, 8];
        let whole = numbers(ranker.bias(&catalogue, &order, 4).unwrap());
        let page = Place::of_page(&catalogue, &order[4..], 4, 1);
        assert_eq!(whole[4..], numbers(ranker.bias_at(&page).unwrap()));
    }
}
