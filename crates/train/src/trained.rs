//! A trained network in floats, and what the model of it computes with.

use std::ops::RangeInclusive;

use veilcast_card::{InputBits, Quantization};
use veilcast_model::search::{Goal, HeldOut, SearchError};
use veilcast_model::{
    Blueprint, BuildError, DenseLayer, FloatMap, FloatNetwork, HiddenActivation, Model, Network,
    QuantizationSearch, Scheme, ShapeError,
};

/// A trained network, and its mean loss over the last pass.
pub(crate) struct Trained {
    pub(crate) network: Layers,
    pub(crate) final_loss: f64,
}

/// Dense layers in floats, first to last, and what is between them.
pub(crate) enum Layers {
    /// Nothing: they are one affine map.
    Affine(Network),
    /// Squares.
    Squares(FloatNetwork),
}

impl Layers {
    /// Chains layers, first to last.
    pub(crate) fn new(
        layers: Vec<DenseLayer>,
        activation: HiddenActivation,
    ) -> Result<Self, ShapeError> {
        Ok(match activation {
            HiddenActivation::Identity => Self::Affine(Network::new(layers)?),
            HiddenActivation::Square => Self::Squares(FloatNetwork::new(layers)?),
        })
    }

    /// The network with some of its layers changed.
    pub(crate) fn changed(
        &self,
        change: impl FnOnce(&mut Vec<DenseLayer>) -> Result<(), ShapeError>,
    ) -> Result<Self, ShapeError> {
        let (layers, activation) = match self {
            Self::Affine(network) => (network.layers(), HiddenActivation::Identity),
            Self::Squares(network) => (network.parts(), HiddenActivation::Square),
        };
        let mut layers = layers.to_vec();
        change(&mut layers)?;
        Self::new(layers, activation)
    }

    /// Number of features.
    pub(crate) fn inputs(&self) -> usize {
        match self {
            Self::Affine(network) => network.layers().first().map_or(0, FloatMap::inputs),
            Self::Squares(network) => network.inputs(),
        }
    }

    /// Number of scores.
    pub(crate) fn outputs(&self) -> usize {
        match self {
            Self::Affine(network) => network.layers().last().map_or(0, FloatMap::outputs),
            Self::Squares(network) => network.outputs(),
        }
    }

    /// Computes the scores of one record, layer by layer.
    pub(crate) fn evaluate(&self, features: &[f64]) -> Result<Vec<f64>, ShapeError> {
        match self {
            Self::Affine(network) => network.evaluate(features),
            Self::Squares(network) => network.evaluate(features),
        }
    }

    /// The network in as few affine maps as there can be.
    ///
    /// Those of several scores with softmax are `centred`: it stays the same, and the integers become smaller.
    pub(crate) fn collapse(&self, centred: bool) -> Result<Self, ShapeError> {
        let collapsed = match self {
            Self::Affine(network) => Self::Affine(Network::new(vec![network.collapse()?])?),
            Self::Squares(network) => Self::Squares(network.clone()),
        };
        collapsed.changed(|layers| {
            if let Some(last) = layers.last_mut().filter(|_| centred) {
                *last = last.centred()?;
            }
            Ok(())
        })
    }
}

/// How the rounding of a network is searched for.
pub(crate) struct RoundingSearch<'a> {
    /// The numbers of bits of an input to choose from.
    pub(crate) input_bits: RangeInclusive<InputBits>,
    /// Largest magnitude of an integer weight; searched for, if not given.
    pub(crate) max_weight: Option<u32>,
    /// The records to measure with.
    pub(crate) held_out: HeldOut<'a>,
    /// How much of the results must be kept, of quantities in units of their deviation.
    pub(crate) goal: Goal,
}

/// Finds the rounding of a [collapsed](Layers::collapse) network, and builds the model.
///
/// `deviation` is that of a quantity, which the search's goal is in units of.
///
/// # Errors
/// [`BuildError`] if no rounding is found, or the model can't be built.
pub(crate) fn build(
    blueprint: Blueprint,
    collapsed: &Layers,
    quantization: &dyn Fn(InputBits) -> Quantization,
    search: Option<RoundingSearch<'_>>,
    deviation: Option<f64>,
    scheme: &dyn Scheme,
) -> Result<Model, BuildError> {
    let compared = match deviation {
        None => collapsed.changed(|_| Ok(())),
        Some(deviation) => collapsed.changed(|layers| {
            if let Some(last) = layers.last_mut() {
                *last = scaled(last, deviation.recip(), 0.0)?;
            }
            Ok(())
        }),
    };
    match (collapsed, &compared.map_err(SearchError::from)?) {
        (Layers::Squares(network), Layers::Squares(compared)) => {
            let search = search.map(|search| search.with(compared));
            blueprint.finish_network(network.clone(), quantization, search.as_ref())
        }
        (Layers::Affine(network), Layers::Affine(compared)) => {
            let map = network.collapse().map_err(SearchError::from)?;
            let compared = compared.collapse().map_err(SearchError::from)?;
            let search = search.map(|search| search.with(&compared));
            blueprint.finish(map, quantization, search.as_ref(), scheme)
        }
        _ => unreachable!("a change of layers doesn't change what is between them"),
    }
}

impl<'a> RoundingSearch<'a> {
    fn with<M>(self, map: &'a M) -> QuantizationSearch<'a, M> {
        QuantizationSearch {
            map,
            input_bits: self.input_bits,
            max_weight: self.max_weight,
            held_out: self.held_out,
            goal: self.goal,
        }
    }
}

/// The map whose scores are `factor` times a map's scores, plus `shift`.
pub(crate) fn scaled(map: &FloatMap, factor: f64, shift: f64) -> Result<FloatMap, ShapeError> {
    let weights = map.weights().iter().map(|weight| factor * weight);
    let biases = map.biases().iter().map(|bias| factor * bias + shift);
    FloatMap::new(
        map.inputs(),
        map.outputs(),
        weights.collect(),
        biases.collect(),
    )
}
